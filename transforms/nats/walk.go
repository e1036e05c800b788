package nats

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// walk reads what a stream holds, up to the last message that there was when it began, and takes nothing away. Not safe for
// concurrent use.
type walk struct {
	link    *link
	stream  string
	filters []string // subjects; none: all
	bare    bool     // headers only
	next    uint64   // sequence number to go on with; 0 is the first
	within  time.Duration

	end    uint64 // the last one
	single bool   // one request a message: a consumer would take messages away, or is not allowed
	it     jetstream.MessagesContext
}

// stored is a message as a stream holds it.
type stored struct {
	seq     uint64
	subject string
	header  nats.Header
	data    []byte
	time    time.Time
}

// begin finds out where the walk ends.
func (w *walk) begin(ctx context.Context) (info *jetstream.StreamInfo, err error) {
	err = w.ask(ctx, func(ctx context.Context, c *conn) error {
		st, err := c.js.Stream(ctx, w.stream)
		if err != nil {
			return err
		}
		info = st.CachedInfo()
		w.single = info.Config.Retention != jetstream.LimitsPolicy
		return w.findEnd(ctx, st)
	})
	return info, err
}

func (w *walk) patterns() []string {
	if len(w.filters) == 0 {
		return []string{">"}
	}
	return w.filters
}

func (w *walk) findEnd(ctx context.Context, st jetstream.Stream) error {
	end := uint64(0)
	for _, f := range w.patterns() {
		m, err := st.GetLastMsgForSubject(ctx, f)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		end = max(end, m.Sequence)
	}
	if w.end == 0 || end < w.end { // what came later is not read; what was deleted never comes
		w.end = end
	}
	return nil
}

// ask asks a server, for so long as within says.
func (w *walk) ask(ctx context.Context, f func(context.Context, *conn) error) error {
	return w.link.asking(ctx, w.within, f)
}

// asking calls f with a connection until it succeeds, says something that does not pass, or the time is over.
func (l *link) asking(ctx context.Context, within time.Duration, f func(context.Context, *conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return l.patiently(ctx, func(ctx context.Context) error {
		c, err := l.wait(ctx)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, askWithin)
		defer cancel()
		return f(ctx, c)
	})
}

// read gives one message after the other, then io.EOF.
func (w *walk) read(ctx context.Context) (m stored, err error) {
	for {
		if w.end == 0 || w.next > w.end {
			w.stop()
			return m, io.EOF
		}
		if w.single {
			m, err = w.readOne(ctx)
		} else {
			m, err = w.readOn(ctx)
		}
		if err != nil {
			return m, err
		}
		if m.seq > 0 {
			if w.next = m.seq + 1; m.seq > w.end {
				continue
			}
			return m, nil
		}
	}
}

// readOne asks for the next message of each pattern and takes the first of them.
func (w *walk) readOne(ctx context.Context) (m stored, err error) {
	var first *jetstream.RawStreamMsg
	err = w.ask(ctx, func(ctx context.Context, c *conn) error {
		first = nil
		st, err := c.js.Stream(ctx, w.stream)
		if err != nil {
			return err
		}
		for _, f := range w.patterns() {
			raw, err := st.GetMsg(ctx, max(1, w.next), jetstream.WithGetMsgSubject(f))
			if errors.Is(err, jetstream.ErrMsgNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if first == nil || raw.Sequence < first.Sequence {
				first = raw
			}
		}
		return nil
	})
	if err != nil || first == nil {
		if err == nil {
			w.end = 0
		}
		return m, err
	}
	return stored{first.Sequence, first.Subject, first.Header, first.Data, first.Time}, nil
}

// Waiting for a message of a consumer: one that does not come may have been deleted.
const walkWaits = 2 * time.Second

// readOn takes the next message of a consumer that acknowledges nothing. A message without a number: look again.
func (w *walk) readOn(ctx context.Context) (m stored, err error) {
	if w.it == nil {
		if err := w.ask(ctx, w.consume); err != nil {
			return m, err
		}
	}
	wait, cancel := context.WithTimeout(ctx, walkWaits)
	defer cancel()
	msg, err := w.it.Next(jetstream.NextContext(wait))
	if ctx.Err() != nil {
		return m, context.Cause(ctx)
	}
	if err != nil {
		w.stop()
		w.link.t.Saw("reading", err)
		return m, w.ask(ctx, func(ctx context.Context, c *conn) error {
			st, err := c.js.Stream(ctx, w.stream)
			if err != nil {
				return err
			}
			return w.findEnd(ctx, st)
		})
	}
	meta, err := msg.Metadata()
	if err != nil {
		return m, err
	}
	return stored{meta.Sequence.Stream, msg.Subject(), nats.Header(msg.Headers()), msg.Data(), meta.Timestamp}, nil
}

func (w *walk) consume(ctx context.Context, c *conn) error {
	consumer, err := c.js.OrderedConsumer(ctx, w.stream, jetstream.OrderedConsumerConfig{
		FilterSubjects: w.filters, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: max(1, w.next), HeadersOnly: w.bare, InactiveThreshold: time.Minute,
	})
	if err != nil {
		return err
	}
	w.it, err = consumer.Messages(jetstream.PullMaxMessagesWithBytesLimit(1000, pullBytes))
	return err
}

// stop ends the consumer. The walk can go on.
func (w *walk) stop() {
	if w.it != nil {
		w.it.Stop()
		w.it = nil
	}
}
