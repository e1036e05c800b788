package nats

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"sync"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// reader is a stream.Source: one reader's share of a stream's partitions, each with a consumer of its own.
type reader struct {
	c    *config
	id   stream.ReaderID
	link *link

	parts    map[stream.Partition]*part
	mine     []*part
	announce bool // the next Poll names the partitions
	cancel   context.CancelFunc
	pumps    sync.WaitGroup

	mu     sync.Mutex
	queue  []item
	queued int           // bytes in the queue
	room   chan struct{} // closed when there is room again, or hurry
	hurry  int           // how many wait for what the pumps have to do: the queue has no limit meanwhile
	failed error
	some   chan struct{} // holds a token when there is something in the queue, or an error

	batch    []item
	fetches  []stream.Fetch
	messages []stream.Message
}

// item is a message that came.
type item struct {
	p *part
	m stream.Message
	// pending is how many messages the consumer has behind it.
	pending uint64
	size    int // in bytes, about
}

func openReader(c *config, id stream.ReaderID) (*reader, error) {
	if n := max(1, len(c.filters)); id.Of > n {
		return nil, c.usage("of %d readers, reader %d would have none of the %d partitions", id.Of, id.Index, n).
			WithHint("a reader takes whole subjects, so that their order is kept: name one pattern for each with subjects=a.*,b.*, or take one reader")
	}
	r := &reader{c: c, id: id, link: newLink(c, id), some: make(chan struct{}, 1), room: make(chan struct{})}
	filters := c.filters
	if len(filters) == 0 {
		filters = []string{""}
	}
	r.parts = map[stream.Partition]*part{}
	for i, filter := range filters {
		if i%max(1, id.Of) != id.Index {
			continue
		}
		p := &part{r: r, c: c, link: r.link, filter: filter, at: stream.Partition{Topic: c.stream, ID: int32(i)}, consumer: c.consumerOf(id.Run, filter), source: Scheme + "://" + c.stream}
		if filter != "" {
			p.source += "/" + filter
		}
		r.parts[p.at] = p
		r.mine = append(r.mine, p)
	}
	return r, nil
}

// consumerOf names a partition's consumer. Each filter has its own, so that the readers' number may change.
func (c *config) consumerOf(run, filter string) string {
	name := c.consumer
	if name == "" {
		name = "glulam-" + strings.Map(func(r rune) rune {
			if isName(string(r)) {
				return r
			}
			return '_'
		}, run)
		if name != "glulam-"+run || len(name) > 200 {
			name = fmt.Sprintf("%.200s-%s", name, short(run))
		}
	}
	if filter != "" {
		name += "-" + short(filter)
	}
	return name
}

func short(s string) string {
	h := fnv.New32a()
	h.Write([]byte(s))
	return fmt.Sprintf("%08x", h.Sum32())
}

// Reads implements stream.Looped.
func (r *reader) Reads(to stream.Sink) bool {
	w, ok := to.(*writer)
	return ok && slices.ContainsFunc(r.mine, func(p *part) bool {
		return p.c.stream == w.into && p.created.Equal(w.created) && (p.filter == "" || overlap(p.filter, w.c.subject))
	})
}

// Start implements stream.Source.
func (r *reader) Start(ctx context.Context, from []stream.Position) error {
	r.stop()
	r.queue, r.queued, r.failed = nil, 0, nil
	at := map[stream.Partition]int64{}
	for _, p := range from {
		at[p.Partition] = p.Next
	}
	ctx, cancel := context.WithTimeout(ctx, r.c.patience)
	defer cancel()
	consumers := make([]jetstream.Consumer, len(r.mine))
	for i, p := range r.mine {
		p.reset(at[p.at])
		err := r.link.patiently(ctx, func(ctx context.Context) (err error) {
			consumers[i], err = p.attach(ctx)
			return err
		})
		if err != nil {
			return r.c.explain(fault.Unreadable, "looking for the stream and its consumer", err)
		}
	}
	running, cancel := context.WithCancel(context.Background())
	r.cancel, r.announce = cancel, true
	for i, p := range r.mine {
		r.pumps.Add(1)
		go func() {
			defer r.pumps.Done()
			p.pump(running, consumers[i])
		}()
	}
	return nil
}

// stop ends the pumps. What they brought and nobody took comes again after the next Start.
func (r *reader) stop() {
	if r.cancel != nil {
		r.cancel()
		r.pumps.Wait()
		r.cancel = nil
	}
}

// push puts a message into the queue, when it has room.
func (r *reader) push(ctx context.Context, i item) {
	r.mu.Lock()
	for r.queued > r.c.mostQueued && r.hurry == 0 && ctx.Err() == nil {
		room := r.room
		r.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
		}
		r.mu.Lock()
	}
	r.queue = append(r.queue, i)
	r.queued += i.size
	r.mu.Unlock()
	r.wake()
}

// hasRoom has those look again who wait for room. r.mu is held.
func (r *reader) hasRoom() {
	close(r.room)
	r.room = make(chan struct{})
}

// hurries says that somebody waits for the pumps (1), or does not any more (-1).
func (r *reader) hurries(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hurry += n
	r.hasRoom()
}

func (r *reader) fail(err error) {
	r.mu.Lock()
	if r.failed == nil {
		r.failed = err
	}
	r.mu.Unlock()
	r.wake()
}

func (r *reader) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

func (r *reader) wake() {
	select {
	case r.some <- struct{}{}:
	default:
	}
}

// Poll implements stream.Source.
func (r *reader) Poll(ctx context.Context, most int) ([]stream.Fetch, error) {
	r.fetches, r.messages = r.fetches[:0], r.messages[:0]
	if r.announce {
		r.announce = false
		for _, p := range r.mine {
			r.fetches = append(r.fetches, stream.Fetch{Source: p.source, Partition: p.at, Next: p.began, End: p.began + p.waiting})
		}
		return r.fetches, nil
	}
	for {
		if err := r.take(most); err != nil {
			return nil, err
		}
		if len(r.batch) > 0 {
			return r.group(), nil
		}
		select {
		case <-r.some:
		case <-ctx.Done():
			return nil, nil
		}
	}
}

// take moves messages from the queue to the batch. An error comes when all messages before it are taken.
func (r *reader) take(most int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := min(most, len(r.queue))
	r.batch = append(r.batch[:0], r.queue[:n]...)
	if n == 0 {
		return r.failed
	}
	if r.queue = r.queue[n:]; len(r.queue) == 0 {
		r.queue = nil
	}
	for i := range r.batch {
		r.queued -= r.batch[i].size
	}
	r.hasRoom()
	return nil
}

// group makes a fetch for each partition in the batch.
func (r *reader) group() []stream.Fetch {
	if cap(r.messages) < len(r.batch) {
		r.messages = make([]stream.Message, 0, 2*len(r.batch)) // must not move while there are fetches of it
	}
	for _, p := range r.mine {
		from := len(r.messages)
		f := stream.Fetch{Source: p.source, Partition: p.at}
		for i := range r.batch {
			if it := &r.batch[i]; it.p == p {
				r.messages = append(r.messages, it.m)
				f.Next = it.m.Offset + 1
				f.End = f.Next + int64(it.pending)
			}
		}
		if f.Messages = r.messages[from:len(r.messages):len(r.messages)]; len(f.Messages) > 0 {
			r.fetches = append(r.fetches, f)
		}
	}
	return r.fetches
}

// Commit implements stream.Source.
func (r *reader) Commit(_ context.Context, at []stream.Position) error {
	if err := r.failure(); err != nil {
		return err
	}
	for _, pos := range at {
		if p := r.parts[pos.Partition]; p != nil {
			p.commit(pos.Next)
		}
	}
	return nil
}

// Settled implements stream.Source.
func (r *reader) Settled(ctx context.Context) error {
	for _, p := range r.mine {
		if err := p.settled(ctx); err != nil {
			if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
				err = fmt.Errorf("the server has not confirmed that messages are done with: %w", err)
			}
			return r.c.explain(fault.Unreadable, "acknowledging messages", err)
		}
	}
	return nil
}

// Close implements stream.Source.
func (r *reader) Close() error {
	r.stop()
	r.link.close()
	return nil
}
