package stream

import (
	"math/bits"
	"sync/atomic"
)

// MaxSize is the largest bound of Sizes.
const MaxSize = 1 << 20

// Sizes counts numbers of things in buckets whose bounds are powers of two: at most 1, 2, 4 and so on to MaxSize, and what is
// more. The zero value is empty and ready. It is safe for concurrent use.
type Sizes struct {
	n   [22]atomic.Int64
	sum atomic.Int64
}

// Add counts a number; one below 1 as 1.
func (s *Sizes) Add(n int64) {
	n = max(1, n)
	s.n[min(bits.Len64(uint64(n-1)), len(s.n)-1)].Add(1)
	s.sum.Add(n)
}

// UpTo gives how many numbers are at most 1, 2, 4 and so on to MaxSize, last how many there are, and the sum of all. It is not
// atomic: sum may be ahead.
func (s *Sizes) UpTo() (counts []int64, sum int64) {
	counts = make([]int64, len(s.n))
	total := int64(0)
	for i := range s.n {
		total += s.n[i].Load()
		counts[i] = total
	}
	return counts, s.sum.Load()
}
