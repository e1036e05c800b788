package nats

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
	"github.com/glulam/glulam/transforms/stream/replay"
)

func init() {
	replay.Register(Scheme, replay.Connector{Letters: openLetters, Target: openTarget})
}

// letters are the dead letters of a stream, from the first one that there is to the last one when they were opened. Those of one
// subject are a part: a replay that reads some subjects leaves the others as they are.
type letters struct {
	c    *config
	link *link
	walk walk
	info *jetstream.StreamInfo
}

// replaying names what replays have of their own: the stream of ledgers, metrics.
const replaying = "glulam-replay"

func openLetters(ctx context.Context, e stream.Endpoint) (replay.Letters, error) {
	c, err := parse(e, stream.OfSource)
	if err != nil {
		return nil, err
	}
	l := &letters{c: c, link: newLink(c, stream.ReaderID{Run: replaying, Of: 1})}
	l.walk = walk{link: l.link, stream: c.stream, filters: c.filters, within: c.patience}
	if l.info, err = l.walk.begin(ctx); err != nil {
		l.link.close()
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			return nil, fault.New(fault.NotFound, c.name, "there is no stream %s", c.stream).WithHint("is it the one that takes the subject of --rejected? nats stream find --subject SUBJECT names it")
		}
		return nil, c.explain(fault.Unreadable, "looking for the dead letters", err)
	}
	l.walk.within = c.delivery
	return l, nil
}

// Next implements replay.Letters.
func (l *letters) Next(ctx context.Context) (replay.Item, error) {
	m, err := l.walk.read(ctx)
	if err == io.EOF {
		return replay.Item{}, err
	}
	if err != nil {
		return replay.Item{}, l.c.explain(fault.Unreadable, "reading dead letters", err)
	}
	it := replay.Item{Part: fmt.Sprintf("nats:%x/%s/%s", l.info.Created.UnixNano(), l.c.stream, m.subject), At: int64(m.seq), Where: fmt.Sprintf("%s://%s@%d", Scheme, l.c.stream, m.seq)}
	var message stream.Message
	l.c.key.read(&message, m.subject, m.header, m.data, m.time.UnixMilli())
	it.Data, it.Headers = message.Value, message.Headers
	return it, nil
}

// Sum implements replay.Letters: what stands in a stream does not change.
func (l *letters) Sum(context.Context, string, int64) (string, error) { return "", nil }

// Reads implements replay.Looped.
func (l *letters) Reads(to replay.Target) bool {
	t, ok := to.(*target)
	if !ok || t.stream != l.c.stream || !t.info.Created.Equal(l.info.Created) {
		return false
	}
	theirs := t.c.filters
	if t.c.subject != "" {
		theirs = []string{t.c.subject}
	}
	if len(theirs) == 0 || len(l.c.filters) == 0 {
		return t.c.subject == "" || len(l.c.filters) == 0
	}
	return slices.ContainsFunc(theirs, func(a string) bool {
		return slices.ContainsFunc(l.c.filters, func(b string) bool { return overlap(a, b) })
	})
}

// Close implements replay.Letters.
func (l *letters) Close() error {
	l.walk.stop()
	l.link.close()
	return nil
}
