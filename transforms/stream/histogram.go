package stream

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// Histogram counts durations in buckets whose bounds are 6% apart, from 1 microsecond to about an hour. The zero value is
// empty and ready. It is safe for concurrent use.
type Histogram struct {
	n   [512]atomic.Int64
	sum atomic.Int64 // microseconds
	max atomic.Int64
}

// Add counts a duration; one below 0 as 0.
func (h *Histogram) Add(d time.Duration) {
	us := max(0, d.Microseconds())
	h.n[bucket(us)].Add(1)
	h.sum.Add(us)
	for m := h.max.Load(); us > m && !h.max.CompareAndSwap(m, us); m = h.max.Load() {
	}
}

// bucket is the index of the bucket of a number of microseconds: 16 buckets between each two powers of two.
func bucket(us int64) int {
	if us < 16 {
		return int(us)
	}
	e := bits.Len64(uint64(us)) - 5
	return min((e+1)*16+int(us>>e)-16, 511)
}

// bound is the least number of microseconds that is in a bucket after i.
func bound(i int) int64 {
	if i < 16 {
		return int64(i) + 1
	}
	e := i/16 - 1
	return int64(16+i%16+1) << e
}

// Snapshot is a histogram at one moment.
type Snapshot struct {
	Count    int64
	Sum, Max time.Duration
	counts   [512]int64
}

// Snapshot copies the histogram. It is not atomic: values that are being added may be in parts of it.
func (h *Histogram) Snapshot() Snapshot {
	var s Snapshot
	for i := range h.n {
		s.counts[i] = h.n[i].Load()
		s.Count += s.counts[i]
	}
	s.Sum, s.Max = time.Duration(h.sum.Load())*time.Microsecond, time.Duration(h.max.Load())*time.Microsecond
	return s
}

// Since gives what came after an earlier snapshot of the same histogram. Max stays that of the whole.
func (s Snapshot) Since(before Snapshot) Snapshot {
	for i := range s.counts {
		s.counts[i] -= before.counts[i]
	}
	s.Count -= before.Count
	s.Sum -= before.Sum
	return s
}

// Quantile gives the duration that a share q of the values is not above, to 6%; 0 if there are none.
func (s *Snapshot) Quantile(q float64) time.Duration {
	rank, seen := int64(math.Ceil(q*float64(s.Count))), int64(0)
	for i, n := range s.counts {
		if seen += n; seen >= rank && n > 0 {
			return min(time.Duration(bound(i))*time.Microsecond, s.Max)
		}
	}
	return 0
}

// Below counts the values that are certainly not above d: those of buckets that end there.
func (s *Snapshot) Below(d time.Duration) (n int64) {
	for i, c := range s.counts {
		if time.Duration(bound(i))*time.Microsecond > d {
			break
		}
		n += c
	}
	return n
}
