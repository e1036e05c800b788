package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// refreshEvery is how often all positions are committed again, those too that stay where they are: brokers forget positions
// that nobody has committed for a week.
const refreshEvery = time.Hour

// commits are those of a reader: one is under way at a time.
type commits struct {
	reader *reader
	// done gives the outcome of what is under way; nil: nothing is.
	done chan error
	err  error // of an earlier one: nothing is committed after it
	all  time.Time
}

// begin starts committing the positions that are new. Those of partitions that are not this reader's are left out.
func (s *commits) begin(ctx context.Context, at []stream.Position) error {
	if err := s.settled(ctx); err != nil {
		return err
	}
	s.start(s.changed(at))
	return nil
}

// changed gives the positions that are not committed yet, or all of them when it is time to refresh them.
func (s *commits) changed(at []stream.Position) []stream.Position {
	var out []stream.Position
	for _, p := range at {
		if st := s.reader.parts[p.Partition]; st != nil && p.Next > st.committed {
			st.committed = p.Next
			out = append(out, p)
		}
	}
	if len(out) == 0 || time.Since(s.all) < refreshEvery {
		return out
	}
	return s.every()
}

// every gives all committed positions.
func (s *commits) every() []stream.Position {
	s.all = time.Now()
	var out []stream.Position
	for p, st := range s.reader.parts {
		if st.committed >= 0 {
			out = append(out, stream.Position{Partition: p, Next: st.committed})
		}
	}
	return out
}

// refresh commits all positions again if nothing was committed for long. Those of transactions are not: whether a newer process
// has taken over shows only when a transaction is.
func (s *commits) refresh() error {
	if s.reader.fence != nil || time.Since(s.all) < refreshEvery || s.done != nil {
		return s.err
	}
	s.start(s.every())
	return nil
}

func (s *commits) start(at []stream.Position) {
	if len(at) == 0 {
		return
	}
	done, g := make(chan error, 1), s.reader.group
	s.done = done
	go func() { done <- s.reader.commit(s.reader.ctx, g, at) }()
}

// settled waits for what is under way.
func (s *commits) settled(ctx context.Context) error {
	if s.done == nil {
		return s.err
	}
	select {
	case err := <-s.done:
		s.done, s.err = nil, err
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// wait waits for the end of what is under way, whatever it is. The reader's context has ended.
func (s *commits) wait() {
	if s.done != nil {
		<-s.done
		s.done = nil
	}
}

// now commits and waits.
func (s *commits) now(ctx context.Context, at []stream.Position) error {
	if s.err = nil; s.done != nil {
		s.wait()
	}
	s.all = time.Now()
	if len(at) == 0 {
		return nil
	}
	for _, p := range at {
		s.reader.parts[p.Partition].committed = p.Next
	}
	return s.reader.commit(ctx, s.reader.group, at)
}

// commit commits positions. While the brokers are gone it tries on, for as long as delivery.timeout.ms is by default: outputs
// are waited for as long. Positions of a topic that was deleted meanwhile are left out.
func (r *reader) commit(ctx context.Context, g group, at []stream.Position) error {
	c := *r.c
	c.patience = c.delivery
	unknown := time.Time{}
	err := c.patient(ctx, r.t, "committing positions", func(ctx context.Context) error {
		err := g.commit(ctx, at)
		if !isUnknown(err) {
			unknown = time.Time{}
			return err
		}
		if unknown.IsZero() {
			unknown = time.Now()
		}
		if time.Since(unknown) < c.deletedAfter {
			return err
		}
		left, lerr := g.without(ctx, r.adm, at)
		if lerr != nil || len(left) == len(at) {
			return err
		}
		if !c.pattern {
			return fault.New(fault.NotFound, c.name, "a topic was deleted while it was read")
		}
		if at = left; len(at) == 0 {
			return nil
		}
		return g.commit(ctx, at)
	})
	return r.c.explain(fault.Unreadable, "committing positions of the group "+g.name, err)
}

// without gives the positions of topics that there still are.
func (g *group) without(ctx context.Context, adm *kadm.Client, at []stream.Position) ([]stream.Position, error) {
	topics, err := g.c.find(ctx, adm)
	if err != nil {
		return nil, err
	}
	var left []stream.Position
	for _, p := range at {
		if d, ok := topics[p.Topic]; ok && d.Err == nil && d.ID == g.ids[p.Topic] {
			left = append(left, p)
		}
	}
	return left, nil
}
