package stream

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// TestReaders: a reader is open from its first call to a failure, and again after that, and done when its source ends.
func TestReaders(t *testing.T) {
	stateOf := func() ReaderState {
		t.Helper()
		all := StatsOf(t.Name()).Readers()
		if len(all) != 1 {
			t.Fatalf("readers %v", all)
		}
		return all[0]
	}
	r := newRig(t, false, message(1000, `{"x":1}`))
	if all := StatsOf(t.Name()).Readers(); len(all) != 0 {
		t.Errorf("before the first call: %v", all)
	}
	r.b.failFlush = errors.New("no")
	if _, err := r.call(); err == nil {
		t.Fatal("no error")
	}
	if s := stateOf(); s.Open || s.Done {
		t.Errorf("after a failure: %+v", s)
	}
	if _, err := r.call(); err != nil {
		t.Fatal(err)
	}
	s := stateOf()
	if !s.Open || s.Done || s.Turned.IsZero() || !s.Watermark.Equal(time.UnixMilli(1000)) {
		t.Errorf("after a call: %+v", s)
	}
	st := StatsOf(t.Name())
	if counts, sum := st.Batches.UpTo(); counts[0] != 1 || sum != 1 || st.Committed.Load() == 0 {
		t.Errorf("sizes %v, their sum %d, committed %d", counts, sum, st.Committed.Load())
	}
	r.b.mu.Lock()
	r.b.ends = true
	r.b.mu.Unlock()
	if more, err := r.call(); more || err != nil {
		t.Fatalf("the end: %t %v", more, err)
	}
	if s := stateOf(); !s.Done {
		t.Errorf("at the end: %+v", s)
	}
	if err := End(t.Name()); err != nil {
		t.Error(err)
	}
	if all := st.Readers(); all[0].Open {
		t.Errorf("ended: %+v", all)
	}
}

func TestSizes(t *testing.T) {
	var s Sizes
	for _, n := range []int64{-1, 0, 1, 2, 3, 4, 5, MaxSize, MaxSize + 1, 1 << 60} {
		s.Add(n)
	}
	counts, _ := s.UpTo()
	want := []int64{3, 4, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 10}
	if !slices.Equal(counts, want) {
		t.Errorf("%v, want %v", counts, want)
	}
}
