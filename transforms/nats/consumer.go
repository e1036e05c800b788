package nats

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/glulam/glulam/fault"
)

// metaToken names the reader in the metadata of its consumer.
const metaToken = "glulam-reader"

// askWithin is how long the server has to answer what is asked while attaching.
const askWithin = 5 * time.Second

// attach makes the consumer stand where everything before is acknowledged and nothing behind it is on its way, so that
// messages come in order. A consumer with messages on their way is made anew: the server would send them again only after
// ack-wait, behind later ones. Until that is done a second consumer, the guard, keeps the position.
func (p *part) attach(ctx context.Context) (jetstream.Consumer, error) {
	c, err := p.link.wait(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	st, err := c.js.Stream(ctx, p.c.stream)
	if err != nil {
		return nil, p.noStream(ctx, c, err)
	}
	consumer, guard, err := p.look(ctx, st)
	if err != nil {
		return nil, err
	}
	if consumer, err = p.place(ctx, st, consumer, guard); err != nil {
		return nil, err
	}
	return consumer, p.stand(st.CachedInfo(), consumer.CachedInfo())
}

func (p *part) guard() string { return p.consumer + "-position" }

// look gives the consumer and its guard, nil for what is not there. Another process may be making the consumer anew.
func (p *part) look(ctx context.Context, st jetstream.Stream) (consumer, guard jetstream.Consumer, err error) {
	if consumer, err = p.find(ctx, st, p.consumer); err != nil {
		return nil, nil, err
	}
	if guard, err = p.find(ctx, st, p.guard()); err != nil {
		return nil, nil, err
	}
	if consumer == nil && guard == nil {
		consumer, err = p.find(ctx, st, p.consumer)
	}
	for _, c := range []jetstream.Consumer{consumer, guard} {
		if c != nil && p.attached && c.CachedInfo().Config.Metadata[metaToken] != p.token {
			return nil, nil, fault.New(fault.Conflict, p.c.name, "another process reads with the consumer %s", p.consumer).
				WithHint("let one process of a run's name run, or give each its own name")
		}
	}
	return consumer, guard, err
}

// find gives a consumer, nil if there is none.
func (p *part) find(ctx context.Context, st jetstream.Stream, name string) (jetstream.Consumer, error) {
	c, err := st.Consumer(ctx, name)
	switch {
	case isAny(err, jetstream.ErrConsumerNotFound, jetstream.ErrConsumerDoesNotExist):
		return nil, nil
	case errors.Is(err, jetstream.ErrNotPullConsumer):
		return nil, p.unfit("it pushes")
	}
	return c, err
}

// noStream is the error of a stream that cannot be had.
func (p *part) noStream(ctx context.Context, c *conn, err error) error {
	if !errors.Is(err, jetstream.ErrStreamNotFound) {
		return err
	}
	if p.attached {
		return fault.New(fault.NotFound, p.c.name, "the stream %s was deleted while it was read", p.c.stream)
	}
	e := fault.New(fault.NotFound, p.c.name, "there is no stream %s", p.c.stream)
	if of, err := c.js.StreamNameBySubject(ctx, p.c.stream); err == nil {
		return e.WithHint("this is a subject of the stream %s: write nats://HOST:PORT/%s?subjects=%s", of, of, p.c.stream)
	}
	return e.WithHint("create it, or is it in another account or domain?")
}

// place gives the consumer, made, made anew or as it is.
func (p *part) place(ctx context.Context, st jetstream.Stream, consumer, guard jetstream.Consumer) (jetstream.Consumer, error) {
	workQueue := st.CachedInfo().Config.Retention == jetstream.WorkQueuePolicy
	switch {
	case consumer != nil:
		return p.existing(ctx, st, consumer.CachedInfo(), guard)
	case guard != nil: // a process ended between deleting the consumer and making it anew
		cfg := guard.CachedInfo().Config
		return p.restore(ctx, st, cfg, cfg.OptStartSeq)
	case p.attached && !workQueue:
		return nil, fault.New(fault.NotFound, p.c.name, "the consumer %s was deleted while it was read", p.consumer).
			WithHint("its position is gone with it: a new run begins where the option start says; start=seq:%d goes on here", p.position())
	case workQueue && p.c.start.at != startAll:
		return nil, p.c.usage("the stream %s is a work queue: whatever is in it is to be read", p.c.stream).WithHint("leave the option start away")
	}
	cfg := p.config()
	switch p.c.start.at {
	case startNew:
		cfg.DeliverPolicy = jetstream.DeliverNewPolicy
	case startLast:
		cfg.DeliverPolicy = jetstream.DeliverLastPolicy
	case startSequence:
		cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverByStartSequencePolicy, p.c.start.seq
	case startTime:
		cfg.DeliverPolicy, cfg.OptStartTime = jetstream.DeliverByStartTimePolicy, &p.c.start.time
	}
	return p.create(ctx, st, cfg)
}

// existing takes over a consumer that is there.
func (p *part) existing(ctx context.Context, st jetstream.Stream, info *jetstream.ConsumerInfo, guard jetstream.Consumer) (jetstream.Consumer, error) {
	if err := p.fits(&info.Config); err != nil {
		return nil, err
	}
	if guard != nil { // left over: the consumer itself is there
		if err := remove(ctx, st, p.guard()); err != nil {
			return nil, err
		}
	}
	if info.NumAckPending > 0 && !(p.attached && info.Delivered.Consumer == p.dseq) {
		return p.rewind(ctx, st, info)
	}
	p.dseq = info.Delivered.Consumer
	return st.UpdateConsumer(ctx, p.signed(info.Config))
}

// position is where reading goes on after what was committed.
func (p *part) position() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.committed
}

// create makes the consumer.
func (p *part) create(ctx context.Context, st jetstream.Stream, cfg jetstream.ConsumerConfig) (jetstream.Consumer, error) {
	c, err := st.CreateConsumer(ctx, cfg)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.life++
	p.mu.Unlock()
	p.dseq = 0
	return c, nil
}

// remove deletes a consumer if it is there.
func remove(ctx context.Context, st jetstream.Stream, name string) error {
	if err := st.DeleteConsumer(ctx, name); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return err
	}
	return nil
}

// startingAt is a configuration with another name, which starts at a sequence number.
func startingAt(cfg jetstream.ConsumerConfig, name string, seq uint64) jetstream.ConsumerConfig {
	cfg.Name, cfg.Durable, cfg.InactiveThreshold = name, name, 0
	cfg.DeliverPolicy, cfg.OptStartSeq, cfg.OptStartTime = jetstream.DeliverByStartSequencePolicy, seq, nil
	return cfg
}

// rewind makes a consumer anew so that it starts behind what is acknowledged.
func (p *part) rewind(ctx context.Context, st jetstream.Stream, info *jetstream.ConsumerInfo) (jetstream.Consumer, error) {
	if st.CachedInfo().Config.Retention == jetstream.WorkQueuePolicy { // what is in it is not acknowledged: no position to lose
		if err := remove(ctx, st, p.consumer); err != nil {
			return nil, err
		}
		return p.create(ctx, st, p.signed(info.Config))
	}
	seq := info.AckFloor.Stream + 1
	if _, err := st.CreateConsumer(ctx, startingAt(p.signed(info.Config), p.guard(), seq)); err != nil {
		return nil, err
	}
	if err := remove(ctx, st, p.consumer); err != nil {
		return nil, err
	}
	return p.restore(ctx, st, info.Config, seq)
}

// restore makes the consumer that a guard stands for.
func (p *part) restore(ctx context.Context, st jetstream.Stream, cfg jetstream.ConsumerConfig, seq uint64) (jetstream.Consumer, error) {
	cfg = startingAt(p.signed(cfg), p.consumer, seq)
	c, err := p.create(ctx, st, cfg)
	if err != nil {
		return nil, err
	}
	return c, remove(ctx, st, p.guard())
}

// stand notes where the consumer stands when it is attached to for the first time since Start.
func (p *part) stand(st *jetstream.StreamInfo, info *jetstream.ConsumerInfo) error {
	p.gapless = p.filter == "" && st.Config.Retention == jetstream.LimitsPolicy && st.Config.MaxMsgsPerSubject <= 0
	if p.attached {
		return nil
	}
	p.attached, p.created = true, st.Created
	floor := int64(info.AckFloor.Stream)
	if last := int64(st.State.LastSeq); p.from > last+1 {
		return fault.New(fault.Changed, p.c.name, "the stream %s ends at %d, but it was read up to %d: it is another one", p.c.stream, last, p.from-1).
			WithHint("give the run another name")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.began = max(p.from, floor+1)
	p.next, p.committed = p.began, p.began
	p.waiting = int64(info.NumPending)
	return nil
}
