package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/stream"
)

// reader is a stream.Source: one reader's share of the partitions, with one client that fetches them.
type reader struct {
	c  *config
	id stream.ReaderID
	t  *troubles

	ctx    context.Context // until Close
	cancel context.CancelFunc
	admin  *kgo.Client // asks and commits
	adm    *kadm.Client
	group  group
	// fence stops processes of other layouts that committed these positions and may still live; nil: nobody can be stopped.
	fence func(context.Context, marks) error

	client   *kgo.Client // fetches; nil before Start
	watcher  *watcher
	parts    map[stream.Partition]*part
	announce []stream.Partition // to be named by the next Poll
	gone     []stream.Fetch     // likewise, of partitions that are not read any more
	commits  commits

	fetches  []stream.Fetch // of the last Poll
	messages []stream.Message
}

// part is a partition that is read.
type part struct {
	name      string // in dead letters
	next, end int64  // end -1: not known
	committed int64  // -1: nothing is
	// fresh: it started at the partition's first message, and nothing was read yet.
	fresh bool
}

// openReader makes a source. Nothing is read before Start.
func openReader(c *config, id stream.ReaderID) (*reader, error) {
	t := newTroubles(id, c.name)
	admin, err := c.client(t, asking)
	if err != nil {
		return nil, err
	}
	r := &reader{c: c, id: id, t: t, admin: admin, adm: kadm.NewClient(admin)}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.group = group{c: c, client: admin, name: c.groupOf(id), t: t}
	r.commits = commits{reader: r}
	return r, nil
}

// groupOf is the consumer group of a run.
func (c *config) groupOf(id stream.ReaderID) string {
	if c.group != "" {
		return c.group
	}
	return "glulam-" + id.Run
}

// Reads implements stream.Looped: topics' ids are not given twice, on any cluster.
func (r *reader) Reads(to stream.Sink) bool {
	w, ok := to.(*writer)
	if !ok { // transactions have looked already
		return false
	}
	id, reads := r.group.ids[w.c.topics[0]]
	return reads && id == w.c.id && id != kadm.TopicID{}
}

// Start implements stream.Source.
func (r *reader) Start(ctx context.Context, from []stream.Position) error {
	_, err := r.open(ctx, from, false)
	return err
}

// Rewind implements stream.Rewinder.
func (r *reader) Rewind(ctx context.Context, from []stream.Position) (done []stream.Position, err error) {
	return r.open(ctx, from, true)
}

// open looks for the topics and begins to read them. back: from counts also where more is committed, which is done.
func (r *reader) open(ctx context.Context, from []stream.Position, back bool) (done []stream.Position, err error) {
	r.stop()
	var topics kadm.TopicDetails
	err = r.c.patient(ctx, r.t, "looking for the topics", func(ctx context.Context) (err error) {
		topics, err = r.c.find(ctx, r.adm)
		return err
	})
	if err != nil {
		return nil, r.c.explain(fault.Unreadable, "looking for the topics", err)
	}
	if !r.c.pattern {
		if err := r.c.mustBe(ctx, r.adm, topics, "create it, or is it on another cluster?"); err != nil {
			return nil, err
		}
	}
	mine, all := r.c.share(topics, r.id)
	if len(mine) == 0 && !r.c.pattern {
		return nil, r.c.usage("of %d readers, reader %d would have none of the %d partitions", r.id.Of, r.id.Index, all).WithHint("take fewer readers")
	}
	r.group.ids = map[string]kadm.TopicID{}
	for _, name := range topicsOf(mine) {
		r.group.ids[name] = topics[name].ID
	}
	if done, err = r.place(ctx, mine, from, back); err != nil {
		return nil, err
	}
	return done, r.begin(mine)
}

func nameOf(p stream.Partition) string { return fmt.Sprintf("kafka://%s/%d", p.Topic, p.ID) }

// begin makes the client that fetches, and has topics and partitions looked up from time to time.
func (r *reader) begin(mine []stream.Partition) error {
	isolation := kgo.ReadCommitted()
	if r.c.isolation == "read_uncommitted" {
		isolation = kgo.ReadUncommitted()
	}
	at := map[string]map[int32]kgo.Offset{}
	for _, p := range mine {
		offsetsOf(at, p, r.parts[p].next)
	}
	client, err := r.c.client(r.t, kgo.ConsumePartitions(at), kgo.ConsumeResetOffset(kgo.NoResetOffset()), kgo.KeepRetryableFetchErrors(), kgo.KeepControlRecords(), kgo.AlwaysRetryEOF(),
		kgo.FetchIsolationLevel(isolation), kgo.FetchMinBytes(r.c.fetchMin), kgo.FetchMaxBytes(r.c.fetchMax), kgo.FetchMaxPartitionBytes(r.c.partitionMax),
		kgo.FetchMaxWait(r.c.fetchWait), kgo.BrokerMaxReadBytes(max(100<<20, 2*min(r.c.fetchMax, 1<<29))), kgo.Rack(r.c.rack))
	if err != nil {
		return err
	}
	r.client, r.announce = client, mine
	r.watcher = watch(r, mine)
	return nil
}

func offsetsOf(at map[string]map[int32]kgo.Offset, p stream.Partition, next int64) {
	if at[p.Topic] == nil {
		at[p.Topic] = map[int32]kgo.Offset{}
	}
	at[p.Topic][p.ID] = kgo.NewOffset().At(next)
}

// Poll implements stream.Source.
func (r *reader) Poll(ctx context.Context, most int) ([]stream.Fetch, error) {
	if err := context.Cause(r.t.refused); err != nil {
		return nil, r.c.explain(fault.Unreadable, "reading", err)
	}
	if err := r.commits.refresh(); err != nil {
		return nil, err
	}
	if err := r.news(); err != nil {
		return nil, err
	}
	r.fetches, r.messages = r.fetches[:0], r.messages[:0]
	if len(r.announce)+len(r.gone) > 0 {
		r.fetches, r.gone = append(r.fetches, r.gone...), r.gone[:0]
		for _, p := range r.announce {
			if st := r.parts[p]; st != nil {
				r.fetches = append(r.fetches, stream.Fetch{Source: st.name, Partition: p, End: st.end, Next: st.next})
			}
		}
		r.announce = r.announce[:0]
		return r.fetches, nil
	}
	// The messages must not move once there are fetches of them.
	polled := r.client.PollRecords(ctx, most)
	r.messages = slices.Grow(r.messages, polled.NumRecords())
	var failed error
	again := false
	polled.EachPartition(func(f kgo.FetchTopicPartition) {
		p := stream.Partition{Topic: f.Topic, ID: f.Partition}
		if f.Err != nil {
			retry, err := r.failure(p, f.Err)
			if again = again || retry; err != nil && failed == nil {
				failed = err
			}
		}
		if st := r.parts[p]; st != nil && len(f.Records) > 0 {
			r.take(p, st, &f.FetchPartition)
		}
	})
	if failed != nil {
		return nil, failed
	}
	if again && len(r.fetches) == 0 {
		pause(ctx, retryPause)
	}
	return r.fetches, nil
}

// retryPause is how long nothing is asked after an answer that was nothing but errors.
const retryPause = 50 * time.Millisecond

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// take makes a fetch of what came of a partition.
func (r *reader) take(p stream.Partition, st *part, f *kgo.FetchPartition) {
	from := len(r.messages)
	all := 0
	for _, rec := range f.Records {
		all += len(rec.Headers)
	}
	headers := make([]block.Header, 0, all) // new: they are kept until the outputs are written
	for _, rec := range f.Records {
		st.next = rec.Offset + 1
		if rec.Attrs.IsControl() { // the end of a transaction: an offset, but no message
			continue
		}
		m := stream.Message{Value: rec.Value, Offset: rec.Offset, Envelope: block.Envelope{Key: rec.Key, Time: rec.Timestamp.UnixMilli()}}
		if len(rec.Headers) > 0 {
			from := len(headers)
			for _, h := range rec.Headers {
				headers = append(headers, block.Header(h))
			}
			m.Headers = headers[from:len(headers):len(headers)]
		}
		r.messages = append(r.messages, m)
	}
	st.end, st.fresh = max(f.HighWatermark, st.next), false
	r.fetches = append(r.fetches, stream.Fetch{Source: st.name, Partition: p, Messages: r.messages[from:len(r.messages):len(r.messages)], End: st.end, Next: st.next})
}

// failure says what is to be done about an error of a partition: nothing but asking again, or failing.
func (r *reader) failure(p stream.Partition, err error) (again bool, failed error) {
	st := r.parts[p]
	switch {
	case p.Topic == "" && isAny(err, context.DeadlineExceeded, context.Canceled):
		return false, nil // the poll's time is over
	case st == nil && p.ID >= 0 && p.Topic != "":
		return true, nil // not ours any more
	case errors.Is(err, kerr.OffsetOutOfRange):
		return true, r.outOfRange(p, st)
	case isUnknown(err):
		r.watcher.nudge()
		r.t.Saw("fetching "+p.Topic, err)
		return true, nil
	case passes(err):
		r.t.Saw("fetching "+p.Topic, err)
		return true, nil
	}
	if lost := (*kgo.ErrDataLoss)(nil); errors.As(err, &lost) {
		return false, r.cut(p, lost.ConsumedTo, lost.ResetTo)
	}
	where := "fetching"
	if st != nil {
		where = fmt.Sprintf("fetching partition %d of %s from offset %d", p.ID, p.Topic, st.next)
	}
	return false, r.c.explain(fault.Unreadable, where, err)
}

// Commit implements stream.Source.
func (r *reader) Commit(ctx context.Context, at []stream.Position) error {
	return r.commits.begin(ctx, at)
}

// Settled implements stream.Source.
func (r *reader) Settled(ctx context.Context) error { return r.commits.settled(ctx) }

// stop ends what Start began.
func (r *reader) stop() {
	if r.watcher != nil {
		r.watcher.stop()
		r.watcher = nil
	}
	if r.client != nil {
		r.client.Close()
		r.client = nil
	}
	r.parts, r.announce, r.gone = nil, nil, nil
}

// Close implements stream.Source. Positions that are being committed may be durable after it or not.
func (r *reader) Close() error {
	r.cancel()
	r.commits.wait()
	r.stop()
	r.admin.Close()
	return nil
}

// news takes over what the watcher found.
func (r *reader) news() error {
	for {
		select {
		case n := <-r.watcher.found:
			if err := r.adopt(n); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

func (r *reader) adopt(n news) error {
	if n.err != nil {
		return n.err
	}
	if len(n.ids) > 0 { // a new map: positions may just be being committed with the old one
		r.group.ids = maps.Clone(r.group.ids)
		maps.Copy(r.group.ids, n.ids)
	}
	at := map[string]map[int32]kgo.Offset{}
	for p, m := range n.came {
		r.parts[p] = &part{name: nameOf(p), next: m.next, end: -1, committed: -1, fresh: m.fresh}
		if !m.fresh {
			r.parts[p].committed = m.next
		}
		offsetsOf(at, p, m.next)
		r.announce = append(r.announce, p)
		slog.Info("kafka: reading a new partition", "topic", p.Topic, "partition", p.ID, "from", m.next)
	}
	r.client.AddConsumePartitions(at)
	if n.gone != "" {
		slog.Warn("kafka: a topic was deleted", "topic", n.gone)
		gone := map[string][]int32{}
		for p := range r.parts {
			if p.Topic == n.gone {
				gone[p.Topic] = append(gone[p.Topic], p.ID)
				r.gone = append(r.gone, stream.Fetch{Source: r.parts[p].name, Partition: p, Gone: true})
				delete(r.parts, p)
			}
		}
		r.client.RemoveConsumePartitions(gone)
		r.client.PurgeTopicsFromConsuming(n.gone)
	}
	for p, end := range n.ends {
		if st := r.parts[p]; st != nil && end > st.end {
			st.end = end
			r.announce = append(r.announce, p)
		}
	}
	return nil
}
