package nats

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// part is a partition that is read: the stream, or what a filter takes of it. Its goroutine is the pump; what pump and reader
// share is under mu.
type part struct {
	r        *reader
	c        *config
	link     *link
	filter   string // "": everything
	at       stream.Partition
	consumer string
	source   string // in dead letters

	token    string    // who reads: stands in the consumer's metadata
	attached bool      // since Start
	created  time.Time // the stream was, by its server's clock: tells streams of one name apart
	from     int64     // where the runner goes on; 0: it does not say
	began    int64     // the first position after Start
	waiting  int64     // messages behind it then
	dseq     uint64    // the last delivery that came; they have no gaps
	gapless  bool      // a gap in sequence numbers is a message that was deleted

	mu        sync.Mutex
	life      int    // of the consumer: acknowledgements of an earlier one are not known to it
	next      int64  // the next sequence number that was not seen
	committed int64  // everything before it is done with
	held      []held // messages that came and are not committed, in order
	acking    []held // messages that are committed; the server has not said yet that it knows
	confirm   chan error
}

// held is a message that is not acknowledged.
type held struct {
	seq   int64
	reply string
	life  int
}

// reset forgets what was before Start.
func (p *part) reset(from int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.attached, p.from, p.dseq = false, from, 0
	p.next, p.committed, p.held, p.acking, p.confirm = 0, 0, nil, nil, nil
}

// errGap says that deliveries were lost on the way. Those that came after them are out of order.
var errGap = errors.New("messages were lost on the way")

// pump reads until ctx ends or something does not pass.
func (p *part) pump(ctx context.Context, consumer jetstream.Consumer) {
	pause := 10 * time.Millisecond
	for ctx.Err() == nil {
		var err error
		if consumer == nil {
			consumer, err = p.attach(ctx)
		}
		if err == nil {
			var n int
			if n, err = p.read(ctx, consumer); n > 0 {
				pause = 10 * time.Millisecond
			}
		}
		consumer = nil
		switch {
		case ctx.Err() != nil:
			return
		case final(err):
			p.r.fail(p.c.explain(fault.Unreadable, "reading", err))
			return
		}
		p.link.t.Saw("reading", err)
		sleep(ctx, pause)
		pause = min(2*pause, time.Second)
	}
}

// Pull requests: how long one stands, and how often the server says that it does.
const (
	pullFor   = 30 * time.Second
	heartbeat = 5 * time.Second
	mostPull  = 10_000
	pullBytes = 32 << 20 // and the largest message: a smaller limit than that would never let it through
)

// pulling are the options of pull requests, within what a consumer of somebody else's making allows.
func (p *part) pulling(info *jetstream.ConsumerInfo) []jetstream.PullMessagesOpt {
	most, expiry := max(2, min(p.c.maxAckPending, mostPull)), pullFor
	if n := info.Config.MaxRequestBatch; n > 0 {
		most = min(most, n)
	}
	if d := info.Config.MaxRequestExpires; d > 0 {
		expiry = max(time.Second, min(expiry, d))
	}
	bytes := pullBytes
	if c, _ := p.link.current(); c != nil {
		bytes += int(c.MaxPayload()) + 1<<20
	}
	if n := info.Config.MaxRequestMaxBytes; n > 0 {
		bytes = min(bytes, n)
	}
	return []jetstream.PullMessagesOpt{jetstream.PullMaxMessagesWithBytesLimit(most, bytes), jetstream.PullExpiry(expiry), jetstream.PullHeartbeat(min(heartbeat, expiry/2))}
}

// read takes what the consumer delivers, until that ends. n is how many messages came.
func (p *part) read(ctx context.Context, consumer jetstream.Consumer) (n int, err error) {
	it, err := consumer.Messages(p.pulling(consumer.CachedInfo())...)
	if err != nil {
		return 0, err
	}
	defer it.Stop()
	for ; ; n++ {
		msg, err := it.Next(jetstream.NextContext(ctx))
		if err != nil {
			return n, err
		}
		meta, err := msg.Metadata()
		if err != nil {
			return n, err
		}
		if meta.Sequence.Consumer != p.dseq+1 {
			return n, errGap
		}
		p.dseq++
		i := item{p: p, pending: meta.NumPending}
		if i.m.Offset = int64(meta.Sequence.Stream); !p.came(i.m.Offset, msg.Reply()) {
			continue
		}
		p.c.key.read(&i.m, msg.Subject(), nats.Header(msg.Headers()), msg.Data(), meta.Timestamp.UnixMilli())
		i.size = len(msg.Data()) + roughly(&i.m)/8
		p.r.push(ctx, i)
	}
}

// came notes a delivery and says whether the message is new.
func (p *part) came(seq int64, reply string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := held{seq, reply, p.life}
	switch {
	case seq < p.committed: // it was done with before the server could know
		p.ack(h.reply)
		return false
	case seq < p.next:
		if i, ok := slices.BinarySearchFunc(p.held, seq, func(h held, seq int64) int { return cmp.Compare(h.seq, seq) }); ok {
			p.held[i] = h
		}
		return false
	}
	if p.gapless && seq > p.next {
		p.link.t.Stats.Lost.Add(seq - p.next)
	}
	p.next = seq + 1
	p.held = append(p.held, h)
	return true
}

var acknowledged = []byte("+ACK")

// ack acknowledges without waiting. If that gets lost, the server sends the message again.
func (p *part) ack(reply string) {
	if c, err := p.link.current(); err == nil && c != nil {
		_ = c.Publish(reply, acknowledged)
	}
}

// commit acknowledges everything before a position. The last one is asked to be confirmed.
func (p *part) commit(next int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.committed = max(p.committed, next)
	n := 0
	for n < len(p.held) && p.held[n].seq < next {
		n++
	}
	if n == 0 {
		return
	}
	p.acking = append(p.acking, p.held[:n]...)
	p.held = p.held[n:]
	p.sendAcks()
}

// confirmWithin is how long the server has to confirm an acknowledgement before it is asked for its state.
const confirmWithin = 2 * time.Second

// sendAcks acknowledges what is to be. The server takes acknowledgements in order, so one confirmation is for all of them.
func (p *part) sendAcks() {
	confirm := make(chan error, 1)
	p.confirm = confirm
	c, err := p.link.current()
	last := &p.acking[len(p.acking)-1]
	if err != nil || c == nil || p.acking[0].life != p.life || last.life != p.life {
		confirm <- errors.Join(err, errUnconfirmed)
		if c == nil {
			return
		}
	}
	for i := range p.acking[:len(p.acking)-1] {
		if h := &p.acking[i]; h.life == p.life {
			_ = c.Publish(h.reply, acknowledged)
		}
	}
	if len(confirm) > 0 {
		if last.life == p.life {
			_ = c.Publish(last.reply, acknowledged)
		}
		return
	}
	reply := last.reply
	go func() {
		_, err := c.Request(reply, acknowledged, confirmWithin)
		confirm <- err
	}()
}

var errUnconfirmed = errors.New("no answer")

// settled waits until the server knows what was committed.
func (p *part) settled(ctx context.Context) error {
	p.mu.Lock()
	confirm := p.confirm
	p.mu.Unlock()
	if confirm == nil {
		return nil
	}
	hurries := false
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		var err error
		select {
		case err = <-confirm:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err != nil {
			if !hurries { // what was sent again may have to be acknowledged first
				hurries = true
				p.r.hurries(1)
				defer p.r.hurries(-1)
			}
			p.link.t.Saw("acknowledging", err)
			err = p.known(ctx)
		}
		p.mu.Lock()
		if err == nil {
			p.acking, p.confirm = p.acking[:0], nil
			p.mu.Unlock()
			return nil
		}
		p.mu.Unlock()
		if err := p.r.failure(); err != nil {
			return err
		}
		if final(err) {
			return err
		}
		sleep(ctx, pause)
		p.mu.Lock()
		p.sendAcks()
		confirm = p.confirm
		p.mu.Unlock()
	}
}

// known asks the server whether everything that was committed is acknowledged.
func (p *part) known(ctx context.Context) error {
	c, err := p.link.wait(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	consumer, err := c.js.Consumer(ctx, p.c.stream, p.consumer)
	if err != nil {
		return err
	}
	info := consumer.CachedInfo()
	p.mu.Lock()
	defer p.mu.Unlock()
	if want := p.acking[len(p.acking)-1].seq; int64(info.AckFloor.Stream) < want {
		return fmt.Errorf("acknowledged up to %d, not yet up to %d", info.AckFloor.Stream, want)
	}
	return nil
}
