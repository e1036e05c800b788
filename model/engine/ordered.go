package engine

import (
	"math"
	"math/bits"
	"slices"

	"github.com/glulam/glulam/model/forest"
)

// ordered answers all the questions "value <= cut" about a feature that agree on what is missing.
//
// A row's class is the number of cuts below its value. The row's bit is set in the plane of its class; then each plane
// takes over the bits of the one above it, so that plane k has the rows with more than k cuts below them: those that cut k
// sends right. Missing rows have a plane of their own, which is added where they go right.
//
// The planes, from first: the missing rows; class 0, which is never read; the cuts; copies of some cuts with the missing
// rows on their right.
type ordered struct {
	feature int
	place   int   // of the feature among those in use
	first   int32 // plane
	cuts    int
	right   bool      // missing rows go right, at all cuts
	copies  []derived // of cuts that are also asked with missing rows on their right
	ranks   []rank    // by the plane of a row's bit
	missing forest.Missing
	zero    [2]float64 // of MissingZero: values above the first, up to the second, are missing
	search
}

// rank says how many cuts, and how many of the copies, send a row right. They are the first ones.
type rank struct{ cuts, copies uint32 }

// derived is a plane to be made of another, and of the missing rows.
type derived struct{ from, to int32 }

func (p *program) newOrdered(k columnKey, asked []*question) ordered {
	slices.SortFunc(asked, func(a, b *question) int {
		switch {
		case a.cut < b.cut:
			return -1
		case a.cut > b.cut:
			return 1
		}
		return 0
	})
	c := ordered{feature: int(k.feature), place: len(p.used) - 1, first: int32(p.planes), missing: k.missing, right: k.missing != forest.MissingNone}
	cuts := make([]float64, 0, len(asked))
	for _, q := range asked {
		if len(cuts) == 0 || cuts[len(cuts)-1] != q.cut {
			cuts = append(cuts, q.cut)
		}
		q.plane = c.first + 1 + int32(len(cuts))
		c.right = c.right && !q.key.left
	}
	c.cuts = len(cuts)
	c.search = newSearch(cuts)
	if k.missing == forest.MissingNone {
		n, _ := slices.BinarySearch(cuts, 0) // NaN is compared as 0
		c.none = uint32(1 + n)
	}
	p.planes += 2 + c.cuts
	if k.missing == forest.MissingZero {
		c.zero[0], c.zero[1] = zeroBand(p.f)
	}
	if !c.right && k.missing != forest.MissingNone {
		p.copyCuts(&c, asked)
	}
	c.rank()
	return c
}

// zeroBand gives the values between which MissingZero takes a value for missing: above low, up to high.
func zeroBand(f *forest.Forest) (low, high float64) {
	low, _ = largest(func(v float64) bool { return f.Prepare(v) < -forest.ZeroThreshold }, -forest.ZeroThreshold)
	high, _ = largest(func(v float64) bool { return f.Prepare(v) <= forest.ZeroThreshold }, forest.ZeroThreshold)
	return low, high
}

// copyCuts gives those questions that send missing rows right planes of their own.
func (p *program) copyCuts(c *ordered, asked []*question) {
	for _, q := range asked {
		if q.key.left {
			continue
		}
		from := q.plane
		if n := len(c.copies); n == 0 || c.copies[n-1].from != from {
			c.copies = append(c.copies, derived{from, int32(p.planes)})
			p.planes++
		}
		q.plane = c.copies[len(c.copies)-1].to
	}
}

func (c *ordered) rank() {
	c.ranks = make([]rank, c.cuts+2)
	c.ranks[0].copies = uint32(len(c.copies)) // missing
	if c.right {
		c.ranks[0].cuts = uint32(c.cuts)
	}
	copies := c.copies
	for above := range c.cuts + 1 {
		for len(copies) > 0 && int(copies[0].from-c.first) < above+2 {
			copies = copies[1:]
		}
		c.ranks[above+1] = rank{uint32(above), uint32(len(c.copies) - len(copies))}
	}
}

// fill makes the column's planes. x holds the feature's values.
func (c *ordered) fill(b *block, x []float64) {
	if c.missing == forest.MissingZero {
		for i := range b.rows {
			v := x[i]
			if v > c.zero[0] && v <= c.zero[1] {
				v = nan
			}
			b.column[i] = v
		}
		x = b.column[:]
	}
	planes := b.planes[int(c.first)*b.words : (int(c.first)+2+c.cuts)*b.words]
	b.kernel.order(b.kernel, planes, b.words, c, x, b.rows)
	c.copy(b)
}

// copy makes the planes of the copies.
func (c *ordered) copy(b *block) {
	missing := b.plane(c.first)
	if b.words == 1 {
		for _, d := range c.copies {
			b.planes[d.to] = b.planes[d.from] | missing[0]
		}
		return
	}
	m := (*[wideWords]uint64)(missing)
	for _, d := range c.copies {
		from, to := (*[wideWords]uint64)(b.planes[int(d.from)*wideWords:]), (*[wideWords]uint64)(b.planes[int(d.to)*wideWords:])
		to[0] = from[0] | m[0]
		to[1] = from[1] | m[1]
		to[2] = from[2] | m[2]
		to[3] = from[3] | m[3]
		to[4] = from[4] | m[4]
		to[5] = from[5] | m[5]
		to[6] = from[6] | m[6]
		to[7] = from[7] | m[7]
	}
}

// compared is how many cuts a column has at most whose classes are bytes.
const compared = 254

func orderPlanes(k *kernel, planes []uint64, words int, c *ordered, x []float64, rows int) {
	clear(planes)
	k.scatter(planes, words, &c.search, x, rows)
	k.sweep(planes[2*words:], planes[:words], words, c.right)
}

// search counts the cuts below a value. A line maps values to buckets, and so does it with the cuts: those of lower buckets are below,
// those of higher ones are not, and the few of the value's own are compared with it. The map only has to be monotone for
// that, which rounding does not spoil.
type search struct {
	scale, offset float64
	start         []uint32  // by bucket: how many cuts lie in lower ones
	sorted        []float64 // the cuts, and +Inf as often as half of a bucket needs
	half          int       // a power of two: twice as many, less one, is the most that a bucket holds
	none          uint32    // the plane of NaN
}

const (
	mostBuckets = 4096
	integers    = 1 << 52 // a float64 of this size has no fraction
	first52     = 0x4330000000000000
)

func newSearch(cuts []float64) search {
	var best search
	for _, tail := range []int{0, len(cuts) / 100, len(cuts) / 16} {
		for buckets := 1; buckets <= mostBuckets && buckets <= 8*len(cuts); buckets *= 4 {
			s, ok := newLine(cuts, tail, buckets)
			if ok && (best.half == 0 || s.half < best.half) {
				best = s
			}
		}
	}
	for range best.half {
		best.sorted = append(best.sorted, math.Inf(1))
	}
	return best
}

// newLine maps what is between the cuts at tail from either end to that many buckets, and what is outside to the outermost.
func newLine(cuts []float64, tail, buckets int) (s search, ok bool) {
	low, high := cuts[tail], cuts[len(cuts)-1-tail]
	s.sorted = slices.Clone(cuts)
	s.start = make([]uint32, buckets)
	if buckets > 1 {
		s.scale = float64(buckets-1) / (high - low)
		s.offset = integers - float64(low*s.scale)
		if !(s.scale > 0) || math.IsInf(s.scale, 0) || math.IsInf(s.offset, 0) || math.Abs(low*s.scale) > integers/4 {
			return s, false
		}
	} else {
		s.offset = integers
	}
	most := 0
	count := make([]int, buckets)
	for _, c := range cuts {
		b := s.bucket(c)
		count[b]++
		most = max(most, count[b])
	}
	n := 0
	for b, c := range count {
		s.start[b] = uint32(n)
		n += c
	}
	s.half = 1 << (bits.Len(uint(most)) - 1)
	return s, true
}

// bucket of a value that is not NaN; of NaN, any.
func (s *search) bucket(v float64) int { return bucket(v, s.scale, s.offset, int64(len(s.start)-1)) }

// bucket takes the sum's bits for an integer, which grows with the sum as long as that is not negative, also far beyond the
// buckets.
func bucket(v, scale, offset float64, last int64) int {
	n := int64(math.Float64bits(float64(v*scale) + offset)) // the conversion keeps the compiler from fusing
	n &^= n >> 63                                           // max(n, 0)
	n -= first52
	n &^= n >> 63
	n -= last
	return int(last + n&(n>>63)) // min(n, last)
}

// scatter sets each row's bit in its plane: 1 + how many cuts are below its value, or none for NaN. Nothing branches on a
// value, because nobody could guess it.
func scatter(planes []uint64, words int, s *search, x []float64, rows int) {
	var class [blockRows]uint32
	s.classes(x[:rows], &class)
	if words == 1 {
		for i, c := range class[:rows] {
			planes[c] |= 1 << (i & 63)
		}
		return
	}
	// Bit after bit, and not word after word: rows with values alike do not wait for each other's words.
	for bit := range 64 {
		for word := 0; 64*word+bit < rows; word++ {
			planes[int(class[(64*word+bit)&(blockRows-1)])*wideWords+word] |= 1 << bit
		}
	}
}

// classes gives each value its plane.
func (s *search) classes(x []float64, class *[blockRows]uint32) {
	start, sorted := s.start, s.sorted
	scale, offset := s.scale, s.offset
	last := int64(len(start) - 1)
	none := s.none
	if s.half == 1 {
		for i, v := range x {
			plane := start[bucket(v, scale, offset, last)]
			plane += 1 + one(sorted[plane] < v)
			plane ^= (plane ^ none) & -one(v != v)
			class[i&(blockRows-1)] = plane
		}
		return
	}
	for i, v := range x {
		plane := start[bucket(v, scale, offset, last)]
		for half := uint32(s.half); half > 0; half >>= 1 {
			plane += half & -one(sorted[plane+half-1] < v)
		}
		plane++
		plane ^= (plane ^ none) & -one(v != v)
		class[i&(blockRows-1)] = plane
	}
}

func one(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}
