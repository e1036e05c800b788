package stream

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"
)

// ReaderState says how a reader stands.
type ReaderState struct {
	Index int
	Open  bool // source and sinks are open
	Done  bool // its source has ended
	// Turned is when it came back from its source last. It does that every Links.Stay, also when there is no message, unless
	// the source, a sink or the runner holds it up.
	Turned time.Time
	// Watermark is its own; zero: it has none yet.
	Watermark time.Time
}

// readerMark is what is known of a reader. Times are in milliseconds since 1970; 0: none.
type readerMark struct {
	open, done        atomic.Bool
	idle              atomic.Bool // no partition of it has messages
	turned, watermark atomic.Int64
}

func (m *readerMark) opened() {
	m.turned.Store(time.Now().UnixMilli())
	m.open.Store(true)
}

func (s *Stats) reader(id ReaderID) *readerMark {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.readers[id]
	if m == nil {
		m = &readerMark{}
		s.readers[id] = m
	}
	return m
}

// Readers gives the readers that the runner has begun in this process, by index.
func (s *Stats) Readers() []ReaderState {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]ReaderState, 0, len(s.readers))
	for id, m := range s.readers {
		out = append(out, ReaderState{
			Index: id.Index, Open: m.open.Load(), Done: m.done.Load(),
			Turned: timeOf(m.turned.Load()), Watermark: timeOf(m.watermark.Load()),
		})
	}
	slices.SortFunc(out, func(a, b ReaderState) int { return cmp.Compare(a.Index, b.Index) })
	return out
}

// timeOf is a time in milliseconds since 1970; 0 is the zero time.
func timeOf(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}
