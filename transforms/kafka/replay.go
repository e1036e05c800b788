package kafka

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/stream"
	"github.com/glulam/glulam/transforms/stream/replay"
)

func init() {
	replay.Register(Scheme, replay.Connector{Letters: openLetters, Target: openTarget})
}

// replaying names what replays have of their own: groups, transactional ids, metrics.
const replaying = "glulam-replay"

// letters are the dead letters of topics, from the first one that there is to the last one when they were opened.
type letters struct {
	c      *config
	client *kgo.Client
	t      *troubles
	ids    map[string]kadm.TopicID
	left   map[stream.Partition]int64 // of partitions that are not read to their end: that end
	queue  []replay.Item
}

func openLetters(ctx context.Context, e stream.Endpoint) (replay.Letters, error) {
	c, err := parse(e, stream.OfSource)
	if err != nil {
		return nil, err
	}
	r, err := openReader(c, stream.ReaderID{Run: replaying, Of: 1})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	l := &letters{c: c, t: r.t, ids: map[string]kadm.TopicID{}, left: map[stream.Partition]int64{}}
	var topics kadm.TopicDetails
	err = c.patient(ctx, r.t, "looking for the dead letters", func(ctx context.Context) (err error) {
		topics, err = c.find(ctx, r.adm)
		return err
	})
	if err != nil {
		return nil, c.explain(fault.Unreadable, "looking for the dead letters", err)
	}
	if !c.pattern {
		if err := c.mustBe(ctx, r.adm, topics, "is it the topic of --rejected?"); err != nil {
			return nil, err
		}
	}
	return l, l.begin(ctx, r, topics)
}

// begin finds out where the partitions begin and end, and begins to read them.
func (l *letters) begin(ctx context.Context, r *reader, topics kadm.TopicDetails) error {
	names := topics.Names()
	if len(names) == 0 { // of a pattern
		return nil
	}
	first, err := l.c.list(ctx, r.t, func(ctx context.Context) (kadm.ListedOffsets, error) { return r.adm.ListStartOffsets(ctx, names...) })
	if err != nil {
		return err
	}
	ends, err := l.c.list(ctx, r.t, func(ctx context.Context) (kadm.ListedOffsets, error) {
		return r.adm.ListCommittedOffsets(ctx, names...)
	})
	if err != nil {
		return err
	}
	at := map[string]map[int32]kgo.Offset{}
	for p, from := range first {
		l.ids[p.Topic] = topics[p.Topic].ID
		if from < ends[p] {
			l.left[p] = ends[p]
			offsetsOf(at, p, from)
		}
	}
	l.client, err = l.c.client(r.t, kgo.ConsumePartitions(at), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.KeepControlRecords(),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.FetchMaxBytes(l.c.fetchMax), kgo.FetchMaxPartitionBytes(l.c.partitionMax),
		kgo.BrokerMaxReadBytes(max(100<<20, 2*min(l.c.fetchMax, 1<<29))), kgo.FetchMaxWait(l.c.fetchWait), kgo.AlwaysRetryEOF())
	return err
}

// Next implements replay.Letters.
func (l *letters) Next(ctx context.Context) (replay.Item, error) {
	quiet := time.Now()
	for len(l.queue) == 0 {
		if len(l.left) == 0 {
			return replay.Item{}, io.EOF
		}
		if err := l.poll(ctx); err != nil {
			return replay.Item{}, err
		}
		if time.Since(quiet) > l.c.delivery {
			return replay.Item{}, fault.New(fault.Unreadable, l.c.name, "no broker gives the rest of the dead letters").WithHint("are the brokers up? Start again: nothing is sent twice")
		}
	}
	it := l.queue[0]
	l.queue = l.queue[1:]
	return it, nil
}

func (l *letters) poll(ctx context.Context) error {
	if err := context.Cause(l.t.refused); err != nil {
		return l.c.explain(fault.Unreadable, "reading dead letters", err)
	}
	wait, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	fetches := l.client.PollRecords(wait, 1000)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var failed error
	fetches.EachError(func(topic string, _ int32, err error) {
		if failed == nil && wait.Err() == nil && !passes(err) {
			failed = l.c.explain(fault.Unreadable, "reading dead letters of "+topic, err)
		}
	})
	fetches.EachRecord(func(r *kgo.Record) {
		p := stream.Partition{Topic: r.Topic, ID: r.Partition}
		end, ok := l.left[p]
		if !ok || r.Offset >= end {
			delete(l.left, p)
			return
		}
		if r.Offset+1 >= end {
			delete(l.left, p)
		}
		if r.Attrs.IsControl() {
			return
		}
		it := replay.Item{Part: fmt.Sprintf("kafka:%x/%d", l.ids[r.Topic], r.Partition), At: r.Offset, Where: fmt.Sprintf("%s@%d", nameOf(p), r.Offset), Data: r.Value}
		for _, h := range r.Headers {
			it.Headers = append(it.Headers, block.Header(h))
		}
		l.queue = append(l.queue, it)
	})
	return failed
}

// Sum implements replay.Letters: what stands in a partition does not change.
func (l *letters) Sum(context.Context, string, int64) (string, error) { return "", nil }

// Close implements replay.Letters.
func (l *letters) Close() error {
	if l.client != nil {
		l.client.Close()
	}
	return nil
}

// target is a topic that letters are sent to in transactions. Marks are committed offsets of its partition 0, each of a group of
// its own; what their letters are is written beside it.
type target struct {
	limit
	tx   *transaction
	back bool
}

// openTarget opens a topic. One process at a time: a later one shuts the earlier one out.
func openTarget(ctx context.Context, e stream.Endpoint, o replay.TargetOptions) (_ replay.Target, err error) {
	as := stream.OfSink
	if o.Back {
		as = stream.OfSource
	}
	c, err := parse(e, as)
	if err != nil {
		return nil, err
	}
	switch {
	case c.pattern || len(c.topics) > 1:
		return nil, c.usage("dead letters go back to one topic at a time").WithHint("name one of the topics; letters of the others stay")
	case c.acks != kgo.AllISRAcks():
		return nil, c.usage("a transaction needs acks=all")
	}
	id := stream.ReaderID{Run: replaying, Of: 1}
	r, err := openReader(c, id)
	if err != nil {
		return nil, err
	}
	tx := &transaction{c: c, reader: r, outcome: outcome{t: newTroubles(id, c.name)}}
	defer func() {
		if err != nil {
			tx.Close()
		}
	}()
	most, err := c.target(ctx, r.adm, tx.t)
	if err != nil {
		return nil, err
	}
	if err := r.identify(ctx); err != nil {
		return nil, err
	}
	t := &target{limit{c.topics[0], int(most)}, tx, o.Back}
	if o.Looking {
		return t, nil
	}
	if tx.implicit, err = tx.version2(ctx); err != nil {
		return nil, err
	}
	tx.limits = map[string]int32{c.topics[0]: most}
	if tx.turns[0], err = tx.producer(ctx, replaying+"-"+c.topics[0], tx.limits); err != nil {
		return nil, err
	}
	return t, nil
}

// identify finds the ids of the topics out.
func (r *reader) identify(ctx context.Context) error {
	var topics kadm.TopicDetails
	err := r.c.patient(ctx, r.t, "looking for the topic", func(ctx context.Context) (err error) {
		topics, err = r.c.find(ctx, r.adm)
		return err
	})
	r.group.ids = map[string]kadm.TopicID{}
	for name, d := range topics {
		r.group.ids[name] = d.ID
	}
	return r.c.explain(fault.Unreadable, "looking for the topic", err)
}

// Takes implements replay.Target.
func (t *target) Takes(source string) bool {
	return !t.back || strings.HasPrefix(source, Scheme+"://"+t.topic+"/")
}

// Refuses implements replay.Target.
func (t *target) Refuses(l *fault.Letter, m *stream.Message) error {
	if l.Row > 0 && !strings.HasPrefix(strings.TrimLeft(string(l.Raw), " \t\r\n"), "{") {
		return fmt.Errorf("it is a row of a CSV file; --to csv:FILE writes those")
	}
	return t.TooLarge(m)
}

// groupOf is where a mark is kept. It is the topic's own: one that is made anew has no marks.
func (t *target) groupOf(b replay.Book) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%x %q %q", t.tx.reader.group.ids[t.topic], b.Part, b.Kind))
	return fmt.Sprintf("%s-%s-%x", replaying, t.topic, sum[:10])
}

// Mark implements replay.Target.
func (t *target) Mark(ctx context.Context, b replay.Book) (replay.Mark, error) {
	g := t.tx.reader.group
	g.name = t.groupOf(b)
	p := stream.Partition{Topic: t.topic}
	at, err := g.committed(ctx, []stream.Partition{p}, true)
	return replay.Mark{Next: at[p].next, Sum: at[p].by}, err
}

// Send implements replay.Target.
func (t *target) Send(ctx context.Context, messages []stream.Message, marks map[replay.Book]replay.Mark) error {
	p := &t.tx.turns[0]
	if err := t.tx.begin(p); err != nil {
		return err
	}
	if err := t.tx.write(ctx, p, t.topic, messages); err != nil {
		return err
	}
	if err := t.tx.flush(ctx, t.tx.c, p.client); err != nil {
		return err
	}
	for b, m := range marks {
		t.tx.reader.group.name, t.tx.reader.group.by = t.groupOf(b), m.Sum
		if err := t.tx.positions(ctx, p, []stream.Position{{Partition: stream.Partition{Topic: t.topic}, Next: m.Next}}); err != nil {
			return t.tx.c.explain(fault.Unwritable, "adding marks to the transaction", err)
		}
	}
	return t.tx.commit(ctx, p)
}

// Finish implements replay.Target: every transaction is one already.
func (t *target) Finish(context.Context) error { return nil }

// Close implements replay.Target.
func (t *target) Close() error { return t.tx.Close() }
