package kafka

import (
	"context"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// place finds out where each partition goes on, and commits that where nothing is committed yet: a process that comes after
// must not start somewhere else.
func (r *reader) place(ctx context.Context, mine []stream.Partition, from []stream.Position, back bool) (done []stream.Position, err error) {
	at, err := r.group.committed(ctx, mine, r.fence == nil)
	if err != nil {
		return nil, err
	}
	if r.fence != nil {
		if err := r.fence(ctx, at); err != nil {
			return nil, err
		}
		if at, err = r.group.committed(ctx, mine, true); err != nil {
			return nil, err
		}
	}
	restriction := map[stream.Partition]int64{}
	for _, p := range from {
		restriction[p.Partition] = max(restriction[p.Partition], p.Next)
	}
	begun := map[string]bool{} // topics of which we have read before
	var unknown []stream.Partition
	for _, p := range mine {
		_, restricted := restriction[p]
		_, committed := at[p]
		begun[p.Topic] = begun[p.Topic] || committed || restricted
		if !committed && !restricted {
			unknown = append(unknown, p)
		}
	}
	starts, err := r.startsOf(ctx, unknown, begun)
	if err != nil {
		return nil, err
	}
	r.parts = map[stream.Partition]*part{}
	var commit []stream.Position
	for _, p := range mine {
		st := &part{name: nameOf(p), end: -1, committed: -1}
		if m, ok := at[p]; ok {
			st.next, st.committed = m.next, m.next
		}
		if rest, ok := restriction[p]; ok && back && rest < st.next {
			done = append(done, stream.Position{Partition: p, Next: st.next})
			st.next = rest
		}
		st.next = max(st.next, restriction[p])
		if s, ok := starts[p]; ok {
			st.next, st.fresh = s, begun[p.Topic] || !r.c.start.latest && !r.c.start.timed
		}
		if m, ok := at[p]; !ok || m.by != r.group.by && r.group.by != "" {
			commit = append(commit, stream.Position{Partition: p, Next: st.next})
			if ok {
				commit[len(commit)-1].Next = m.next // ours from now on, but no further than it is done with
			}
		}
		r.parts[p] = st
	}
	return done, r.commits.now(ctx, commit)
}

// startsOf gives where partitions start that nothing is known of: where the options say, but those that came to a topic since
// it was first read start at their first message.
func (r *reader) startsOf(ctx context.Context, unknown []stream.Partition, begun map[string]bool) (map[stream.Partition]int64, error) {
	var first, came []stream.Partition
	for _, p := range unknown {
		if begun[p.Topic] {
			came = append(came, p)
		} else {
			first = append(first, p)
		}
	}
	out := map[stream.Partition]int64{}
	for _, s := range []struct {
		parts []stream.Partition
		start start
	}{{first, r.c.start}, {came, start{}}} {
		if len(s.parts) == 0 {
			continue
		}
		c := *r.c
		c.start = s.start
		at, err := c.starts(ctx, r.adm, r.t, topicsOf(s.parts))
		if err != nil {
			return nil, err
		}
		for _, p := range s.parts {
			next, ok := at[p]
			if !ok {
				return nil, fault.New(fault.Unreadable, r.c.name, "the brokers do not say where partition %d of %s begins", p.ID, p.Topic)
			}
			out[p] = next
		}
	}
	return out, nil
}
