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

// TestIdleReader: a reader without a partition, or with none that has messages, follows the others and holds no window back.
func TestIdleReader(t *testing.T) {
	st := StatsOf(t.Name())
	links := &Links{Idle: time.Second}
	busy, without := st.watermark(ReaderID{t.Name(), 0, 2}, links), st.watermark(ReaderID{t.Name(), 1, 2}, links)
	now := time.Now()
	at := func(w *watermark, want int64) {
		t.Helper()
		if got, _ := w.advance(now); got != want {
			t.Errorf("at %d, want %d", got, want)
		}
	}
	part := busy.of(&Fetch{Partition: Partition{"t", 0}})
	saw := func(event int64) {
		part.saw(event)
		part.seen = now
	}
	saw(5000)
	at(busy, 5000)
	at(without, noWatermark) // it may get a partition yet
	now = now.Add(2 * time.Second)
	saw(6000)
	at(busy, 6000)
	at(without, 6000)
	if got := st.Watermark.Load(); got != 6000 {
		t.Errorf("the run's is %d", got)
	}
	now = now.Add(2 * time.Second)
	at(busy, 6000) // all are idle: the watermark stands still
	at(without, 6000)
	mine := without.of(&Fetch{Partition: Partition{"t", 1}})
	mine.saw(5500)
	mine.seen = now
	saw(9000)
	at(busy, 9000)
	at(without, 6000) // what comes now is late, and the watermark does not go back
	if got := st.Watermark.Load(); got != 6000 {
		t.Errorf("the run's is %d", got)
	}
	st.reader(ReaderID{t.Name(), 1, 2}).done.Store(true)
	saw(9500)
	at(busy, 9500)
	if got := st.Watermark.Load(); got != 9500 {
		t.Errorf("the run's is %d, a reader that has ended counts no more", got)
	}
}
