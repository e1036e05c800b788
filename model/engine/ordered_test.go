package engine

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/internal/forestgen"
)

// sortedCuts are up to most different cuts.
func sortedCuts(r *rand.Rand, most int) []float64 {
	cuts := forestgen.Cuts(r, most)
	for i, c := range cuts {
		cuts[i] = c + 0 // no -0: it is the same cut as 0
	}
	slices.Sort(cuts)
	return slices.Compact(cuts)
}

// valueAbout is a value at or beside a cut, between cuts, or anything.
func valueAbout(r *rand.Rand, cuts []float64) float64 {
	v := cuts[r.IntN(len(cuts))]
	switch r.IntN(8) {
	case 0:
		return math.Nextafter(v, math.Inf(1))
	case 1:
		return math.Nextafter(v, math.Inf(-1))
	case 2:
		return math.NaN()
	case 3:
		return math.Float64frombits(r.Uint64())
	case 4:
		return []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), 5e-324, -5e-324, math.MaxFloat64, -math.MaxFloat64}[r.IntN(8)]
	case 5:
		return v + r.Float64()*(cuts[r.IntN(len(cuts))]-v)
	}
	return v
}

// classOf is the plane of a value.
func classOf(cuts []float64, none uint32, v float64) uint32 {
	if v != v {
		return none
	}
	n := uint32(1)
	for _, c := range cuts {
		if c < v {
			n++
		}
	}
	return n
}

// TestBucket: every line that a search may take maps larger values to the same bucket or to a later one.
func TestBucket(t *testing.T) {
	r := source(1)
	lines := 0
	for range rounds(150) {
		cuts := sortedCuts(r, []int{1, 2, 5, 40, 1200}[r.IntN(5)])
		values := slices.Clone(cuts)
		for range 300 {
			values = append(values, valueAbout(r, cuts), math.Ldexp(r.NormFloat64(), r.IntN(2100)-1075))
		}
		values = append(values, math.Inf(1), math.Inf(-1), 0, 5e-324, -5e-324)
		values = slices.DeleteFunc(values, func(v float64) bool { return v != v })
		slices.Sort(values)
		for _, tail := range []int{0, len(cuts) / 100, len(cuts) / 16, (len(cuts) - 1) / 2} {
			for _, buckets := range []int{1, 4, 16, 256, mostBuckets} {
				s, ok := newLine(cuts, tail, buckets)
				if !ok {
					continue
				}
				lines++
				last := 0
				for _, v := range values {
					b := s.bucket(v)
					if b < last || b >= buckets {
						t.Fatalf("%v is in bucket %d of %d, a smaller value in %d; cuts %v", v, b, buckets, last, cuts)
					}
					last = b
				}
				if b := s.bucket(math.NaN()); b < 0 || b >= buckets {
					t.Fatalf("NaN is in bucket %d of %d", b, buckets)
				}
			}
		}
	}
	if lines < 100 && !testing.Short() {
		t.Errorf("only %d lines", lines)
	}
}

// TestSearch: the class of a value is one more than the cuts below it.
func TestSearch(t *testing.T) {
	r := source(2)
	halves := map[int]int{}
	for range rounds(300) {
		cuts := sortedCuts(r, []int{1, 2, 3, 30, 255, 256, 1200}[r.IntN(7)])
		s := newSearch(cuts)
		s.none = uint32(r.IntN(len(cuts) + 2))
		halves[s.half]++
		if len(s.start) > mostBuckets || len(s.start) > max(1, 8*len(cuts)) || len(s.sorted) != len(cuts)+s.half {
			t.Fatalf("%d cuts: %d buckets, %d sorted, half %d", len(cuts), len(s.start), len(s.sorted), s.half)
		}
		rows := 1 + r.IntN(blockRows)
		x := make([]float64, rows)
		for i := range x {
			x[i] = valueAbout(r, cuts)
		}
		var class [blockRows]uint32
		for i := range class {
			class[i] = 1 << 30
		}
		s.classes(x, &class)
		for i, got := range class {
			want := uint32(1 << 30)
			if i < rows {
				want = classOf(cuts, s.none, x[i])
			}
			if got != want {
				t.Fatalf("row %d of %d has class %d, want %d", i, rows, got, want)
			}
		}
	}
	if halves[1] == 0 || len(halves) < 3 && !testing.Short() {
		t.Errorf("buckets of few sizes: %v", halves)
	}
}

// TestBuckets: cuts that lie evenly, or but for a few of them, have buckets of their own.
func TestBuckets(t *testing.T) {
	even := make([]float64, 256)
	for i := range even {
		even[i] = float64(i) / 7
	}
	outliers := slices.Clone(even)
	outliers[255], outliers[254], outliers[0] = 1e30, math.MaxFloat64, -1e9
	for name, cuts := range map[string][]float64{"even": even, "outliers": outliers} {
		if s := newSearch(cuts); s.half > 2 {
			t.Errorf("%s: a search of %d steps in %d buckets", name, s.half, len(s.start))
		}
	}
}

// TestCutOf: "value <= cut" is the same question, whatever happens to a value before it is compared.
func TestCutOf(t *testing.T) {
	r := source(3)
	none := 0
	for range rounds(4000) {
		f := &forest.Forest{
			Input:    forest.Precision(r.IntN(2)),
			ZeroBand: []float64{0, forest.ZeroThreshold, 5e-324, 0.5, 1e300}[r.IntN(5)],
		}
		threshold := valueAbout(r, forestgen.Cuts(r, 3))
		if threshold != threshold {
			threshold = math.Inf(-1)
		}
		if r.IntN(4) == 0 {
			threshold = math.Copysign(f.ZeroBand, r.NormFloat64())
		}
		nd := &forest.Node{Op: forest.Op(r.IntN(2)), Threshold: threshold, Missing: forest.MissingNone}
		left := func(v float64) bool { return f.GoesLeft(nd, f.Prepare(v)) }
		cut, ok := cutOf(f, nd)
		if !ok {
			none++
			if left(math.Inf(-1)) || left(0) || left(threshold) {
				t.Fatalf("%+v of %+v has no cut", nd, f)
			}
			continue
		}
		if cut != cut || !left(cut) || cut != math.Inf(1) && left(math.Nextafter(cut, math.Inf(1))) {
			t.Fatalf("%+v with a band of %v and precision %d: cut %v", nd, f.ZeroBand, f.Input, cut)
		}
		for range 20 {
			if v := valueAbout(r, []float64{cut, threshold, f.ZeroBand, -f.ZeroBand}); v == v && left(v) != (v <= cut) {
				t.Fatalf("%+v with a band of %v and precision %d: cut %v, but %v goes left: %t", nd, f.ZeroBand, f.Input, cut, v, left(v))
			}
		}
	}
	if none == 0 {
		t.Error("no node without a cut")
	}
}

// TestLargest: the last value of all for which something holds, wherever the guess is.
func TestLargest(t *testing.T) {
	r := source(4)
	for range rounds(2000) {
		last := valueAbout(r, forestgen.Cuts(r, 3))
		if last != last {
			continue
		}
		near := valueAbout(r, []float64{last, 1, -1})
		if near != near {
			near = last
		}
		v, ok := largest(func(v float64) bool { return v <= last }, near)
		if !ok || v != last {
			t.Fatalf("largest value up to %v, guessed %v: %v, %t", last, near, v, ok)
		}
	}
	if _, ok := largest(func(float64) bool { return false }, 1); ok {
		t.Error("the largest of nothing")
	}
	if v, ok := largest(func(float64) bool { return true }, 1); !ok || v != math.Inf(1) {
		t.Error("the largest of all is", v)
	}
	if math.Signbit(ofOrdinal(ordinal(0))) || !math.Signbit(ofOrdinal(ordinal(0)-1)) {
		t.Error("0 does not follow on -0")
	}
}
