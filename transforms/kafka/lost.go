package kafka

import (
	"log/slog"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// outOfRange deals with a position that a partition's log has not: what was there was deleted before it was read, or the log
// is not the one that it was.
func (r *reader) outOfRange(p stream.Partition, st *part) error {
	logs, err := r.c.logs(r.ctx, r.adm, r.t, []string{p.Topic})
	if err != nil {
		return err
	}
	log, ok := logs[p]
	if !ok || isBetween(st.next, log) { // a moment of brokers that do not agree yet
		r.t.Saw("fetching "+p.Topic, kerr.OffsetOutOfRange)
		return nil
	}
	if st.next > log.last {
		return r.cut(p, st.next, log.last)
	}
	to, lost := log.first, log.first-st.next
	if !st.fresh {
		switch r.c.onLost {
		case "fail":
			return fault.New(fault.Changed, st.name, "offsets %d to %d were deleted before they were read", st.next, log.first-1).
				WithHint("with the option on-lost=earliest reading goes on at offset %d, with on-lost=latest at %d; either is counted and logged", log.first, log.last)
		case "latest":
			to, lost = log.last, log.last-st.next
		}
		r.t.Stats.Lost.Add(lost)
		slog.Error("kafka: messages were deleted before they were read", "topic", p.Topic, "partition", p.ID, "from", st.next, "to", to, "lost", lost, "on-lost", r.c.onLost)
	}
	st.next = to
	at := map[string]map[int32]kgo.Offset{}
	offsetsOf(at, p, to)
	r.client.RemoveConsumePartitions(map[string][]int32{p.Topic: {p.ID}})
	r.client.AddConsumePartitions(at)
	return nil
}

func isBetween(next int64, log bounds) bool { return next >= log.first && next <= log.last }

// cut is the error of a log that ends before a position that was read up to.
func (r *reader) cut(p stream.Partition, next, end int64) error {
	return fault.New(fault.Changed, nameOf(p), "it was read up to offset %d, and its log ends at %d: the topic was created anew, or the cluster has lost messages", next, end).
		WithHint("another name of the run, or another group, begins anew")
}
