package parquetdir

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"
)

// done is an ID.done that waits until everything it tells of is committed.
type done struct {
	id   string
	last int64 // micro-batch
}

// parts has the worker make parts of spools that nobody writes to any more.
func (s *sink) parts(ready []*spool) error {
	if len(ready) == 0 {
		return nil
	}
	return s.do(ready, func() error { return nil })
}

// do has the worker make parts, and then do something else.
func (s *sink) do(ready []*spool, then func() error) error {
	bytes := int64(0)
	for _, sp := range ready {
		bytes += sp.size
	}
	floor := s.floor()
	most := 4 * s.t.partSize
	if s.err = s.worker.add(bytes, most, func(ctx context.Context) error {
		if err := s.convertAll(ctx, ready, floor); err != nil {
			return err
		}
		return then()
	}); s.err != nil {
		return s.err
	}
	return nil
}

// convertAll makes parts. The worker calls it.
func (s *sink) convertAll(ctx context.Context, ready []*spool, floor int64) error {
	for _, sp := range ready {
		s.progress.expect(sp.window)
	}
	if err := s.progress.save(); err != nil { // while the spools still tell of the windows
		return err
	}
	stay, err := s.place.convert(ctx, ready, s.place.own, floor, s.after)
	s.dones = append(s.dones, stay...)
	if err != nil {
		return err
	}
	return s.dropDones(floor)
}

// dropDones removes what tells of rows that are committed.
func (s *sink) dropDones(floor int64) (err error) {
	s.dones = slices.DeleteFunc(s.dones, func(d done) bool {
		if err != nil || d.last >= floor {
			return false
		}
		err = remove(s.place.path(d.id, doneExt))
		return err == nil
	})
	return err
}

// tooMany takes out the spools that got rows longest ago, if there are too many: a tenth at once.
func (s *sink) tooMany() []*spool {
	if len(s.open) <= s.most {
		return nil
	}
	all := s.take(func(*spool) bool { return true })
	slices.SortFunc(all, func(a, b *spool) int {
		return cmp.Or(cmp.Compare(a.used, b.used), cmp.Compare(a.window.Start, b.window.Start))
	})
	n := len(all) - s.most*9/10
	for _, sp := range all[n:] {
		s.enter(sp)
	}
	return all[:n]
}

// take takes spools out of those that are open, in the order of their windows.
func (s *sink) take(which func(*spool) bool) []*spool {
	var out []*spool
	for _, sp := range s.open {
		if which(sp) {
			out = append(out, sp)
		}
	}
	for _, sp := range out {
		s.leave(sp)
	}
	slices.SortFunc(out, func(a, b *spool) int { return cmp.Compare(a.window.Start, b.window.Start) })
	return out
}

// Watermark implements stream.Watermarked.
func (s *sink) Watermark(_ context.Context, at int64) error {
	if err := s.failed(); err != nil {
		return err
	}
	var ready []*spool
	if s.late > 0 {
		now := s.now()
		ready = s.take(func(sp *spool) bool { return sp.late && now.Sub(sp.born) >= s.t.lateEvery })
	}
	if at <= s.mark || s.t.windowOf(at) == s.t.windowOf(s.mark) { // in no window that it was not in before
		s.mark = max(s.mark, at)
		if err := s.parts(ready); err != nil {
			return err
		}
		return s.lookAround()
	}
	s.mark = at
	if s.due <= at {
		ready = append(ready, s.take(func(sp *spool) bool { return !sp.late && sp.window.End <= at })...)
		s.due = math.MaxInt64
		for _, sp := range s.open {
			if !sp.late {
				s.due = min(s.due, sp.window.End)
			}
		}
	}
	return s.publish(ready, func(now *state) { now.Watermark = &at })
}

// publish makes parts, tells the other readers how far this one is, and marks the windows that all have passed.
func (s *sink) publish(ready []*spool, set func(*state)) error {
	return s.do(ready, func() error {
		set(&s.progress.now)
		if err := s.progress.save(); err != nil {
			return err
		}
		if err := s.progress.succeed(); err != nil {
			return err
		}
		return s.progress.save()
	})
}

// lookAround looks, now and then, whether other readers have passed the windows that this one waits for.
func (s *sink) lookAround() error {
	of := s.place.id.Of
	now := s.now()
	if of == 1 || now.Sub(s.looked) < max(time.Second, time.Duration(of)*10*time.Millisecond) {
		return nil
	}
	s.looked = now
	return s.do(nil, func() error {
		if len(s.progress.now.Windows) == 0 {
			return nil
		}
		if err := s.progress.succeed(); err != nil {
			return err
		}
		return s.progress.save()
	})
}

// End implements stream.Watermarked: everything becomes parts. Windows are complete only if the source has ended.
func (s *sink) End(_ context.Context, drained bool) error {
	if err := s.failed(); err != nil {
		return err
	}
	ready := s.take(func(*spool) bool { return true })
	s.due = math.MaxInt64
	if err := s.publish(ready, func(now *state) { now.Ended = !drained }); err != nil {
		return err
	}
	s.err = s.worker.wait()
	return s.err
}
