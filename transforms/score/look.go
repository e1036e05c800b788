package score

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model"
)

// looker looks at a model's files. It belongs to the refresher's goroutine.
type looker struct {
	*slot
	known   model.Stamp // of what was loaded or refused last
	badSum  string      // of what was refused last; "" if it serves
	pending *model.Stamp
	problem string // why the files could not be looked at
	told    bool   // of problem
}

// look looks once. It says whether it has seen something that it wants to look at again soon.
func (l *looker) look(ctx context.Context) (again bool) {
	l.mu.Lock()
	l.state.Looked = time.Now()
	l.mu.Unlock()
	now, err := model.Look(l.options.Model)
	if err != nil {
		return l.gone(err)
	}
	l.problem, l.told = "", false
	if now.Equal(l.known) {
		l.pending = nil
		return false
	}
	if l.pending == nil || !now.Equal(*l.pending) { // somebody may still be writing
		l.pending = &now
		l.wanted.Store(true)
		return true
	}
	return l.try(ctx, now)
}

// gone is look for files that cannot be looked at. They may be there again in a moment: it is told of at the second look.
func (l *looker) gone(err error) (again bool) {
	l.pending, l.known = nil, model.Stamp{} // when they are there again, they are looked into
	if err.Error() != l.problem {
		l.problem, l.told = err.Error(), false
		return true
	}
	if !l.told {
		l.told = true
		l.refuse(err)
	}
	return false
}

// try loads the model of a stamp, and lets it serve if it can.
func (l *looker) try(ctx context.Context, now model.Stamp) (again bool) {
	sum, err := now.Sum(ctx)
	if err == nil && sum == l.badSum { // touched, not changed
		l.known, l.pending = now, nil
		return false
	}
	started := time.Now()
	m, err := l.load(ctx, now.Path)
	took := time.Since(started)
	if ctx.Err() != nil {
		return false
	}
	if after, aerr := model.Look(l.options.Model); aerr != nil || !after.Equal(now) { // it changed under our hands
		l.pending = nil
		return true
	}
	l.known, l.pending, l.badSum = now, nil, ""
	if err == nil && m.Digest() == l.serving().Digest() {
		l.settled()
		return false
	}
	if err == nil && l.options.MaxLoad > 0 && took > l.options.MaxLoad {
		err = fault.New(fault.TooLarge, l.options.Model, "loading %s took %s, more than %s", m, took.Round(time.Millisecond), l.options.MaxLoad).WithHint("raise --max-load")
	}
	if err == nil {
		err = guard(func() error { return l.check(m) })
	}
	if err != nil {
		l.badSum = sum
		l.refuse(err)
		return false
	}
	l.swap(m)
	return false
}

func (l *looker) load(ctx context.Context, path string) (m *model.Model, err error) {
	if l.options.MaxLoad > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, l.options.MaxLoad,
			fault.New(fault.TooLarge, l.options.Model, "loading it took more than %s", l.options.MaxLoad).WithHint("raise --max-load"))
		defer cancel()
	}
	err = guard(func() error {
		m, err = model.Load(ctx, path, l.options.loading())
		return err
	})
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err == nil {
		models.loads.Add(1)
		l.loads.Add(1)
	}
	return m, err
}

// guard makes errors of panics: the refresher must not take its process down.
func guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fault.New(fault.Internal, "", "panic: %v", r)
		}
	}()
	return f()
}

// check says whether m can take the place of the model that serves.
func (s *slot) check(m *model.Model) error {
	if err := s.options.Check(m); err != nil {
		return err
	}
	old, schema := s.serving(), s.schema.Load()
	if schema == nil { // no block has come by yet: what is read is known from the model that serves
		if err := s.checkInputs(old, m); err != nil {
			return err
		}
		return s.same(s.options.Fields(old), s.options.Fields(m))
	}
	was, err := bind(&s.options, s.rules, old, schema)
	if err != nil {
		return err
	}
	will, err := bind(&s.options, s.rules, m, schema)
	if err != nil {
		return fault.New(fault.Schema, s.options.Model, "%s does not fit what the running pipeline reads: %w", m, err).
			WithHint("start the run again with this model")
	}
	if err := s.same(was.plan.schema.Fields(), will.plan.schema.Fields()); err != nil {
		return err
	}
	return s.checkSpeed(was, will)
}

func (s *slot) checkInputs(old, m *model.Model) error {
	have, err := s.options.Inputs(old, nil)
	if err != nil {
		return err
	}
	want, err := s.options.Inputs(m, nil)
	if err != nil {
		return err
	}
	for _, in := range want {
		if !slices.ContainsFunc(have, func(h model.Input) bool { return h.Column == in.Column && h.Text == in.Text }) {
			return fault.New(fault.Schema, s.options.Model, "%s wants the column %q, which the running pipeline does not read as that", m, in.Column).
				WithHint("start the run again with this model")
		}
	}
	return nil
}

// same says whether a new model's columns are the old one's.
func (s *slot) same(was, will []arrow.Field) error {
	names := func(fields []arrow.Field) []string {
		var all []string
		for _, f := range fields {
			all = append(all, fmt.Sprintf("%s %s", f.Name, f.Type))
		}
		return all
	}
	a, b := names(was), names(will)
	if slices.Equal(a, b) {
		return nil
	}
	gone := slices.DeleteFunc(slices.Clone(a), func(n string) bool { return slices.Contains(b, n) })
	more := slices.DeleteFunc(slices.Clone(b), func(n string) bool { return slices.Contains(a, n) })
	return fault.New(fault.Schema, s.options.Model, "its outputs are not those of the running pipeline: without %.200q, but with %.200q", gone, more).
		WithHint("start the run again with this model")
}
