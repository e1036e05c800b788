package monitor

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// numbersGen makes numbers of all kinds: large, tiny, negative, 0, not finite.
func numbersGen() *rapid.Generator[[]float64] {
	return rapid.SliceOfN(rapid.OneOf(
		rapid.Float64Range(0, 1),
		rapid.Float64Range(-1e6, 1e6),
		rapid.Float64(),
		rapid.Just(0.0), rapid.Just(math.Copysign(0, -1)), rapid.Just(math.Inf(1)), rapid.Just(math.Inf(-1)), rapid.Just(math.NaN()),
		rapid.Just(math.SmallestNonzeroFloat64), rapid.Float64Range(0.9*math.MaxFloat64, math.MaxFloat64),
	), 1, 200)
}

func finite(values []float64) (out []float64) {
	for _, v := range values {
		if v-v == 0 {
			out = append(out, v)
		}
	}
	return out
}

// TestDist: what is said of numbers is true of them.
func TestDist(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		values := numbersGen().Draw(r, "values")
		var d dist
		d.addAll(values)
		s, good := d.summary(), finite(values)
		if s.NotFinite != int64(len(values)-len(good)) || s.Count != int64(len(good)) {
			r.Fatalf("%d finite, %d not; want %d of %d", s.Count, s.NotFinite, len(good), len(values))
		}
		if len(good) == 0 {
			if s != (Distribution{NotFinite: s.NotFinite}) {
				r.Fatalf("%+v of no finite values", s)
			}
			return
		}
		slices.Sort(good)
		if s.Min != good[0] || s.Max != good[len(good)-1] || s.Mean < s.Min || s.Mean > s.Max {
			r.Fatalf("%g to %g, mean %g; want %g to %g", s.Min, s.Max, s.Mean, good[0], good[len(good)-1])
		}
		q := s.Quantiles
		for at, got := range map[float64]float64{0.01: q.Q01, 0.05: q.Q05, 0.25: q.Q25, 0.5: q.Q50, 0.75: q.Q75, 0.95: q.Q95, 0.99: q.Q99} {
			want := good[int(at*float64(len(good)-1))]
			off := Accuracy
			if math.Abs(want) > 0.98*math.MaxFloat64 {
				off = 0.02
			}
			if math.Abs(got-want) > off*math.Abs(want)*(1+1e-9)+leastIndexable {
				r.Fatalf("quantile %g is %g, want %g", at, got, want)
			}
		}
	})
}

// TestDistAddTimes: adding a value n times is adding it n times.
func TestDistAddTimes(t *testing.T) {
	var a, b dist
	for v, n := range map[float64]int64{-3: 4, 0: 2, 1e300: 3, 7: 1, math.Inf(1): 5, 0x1p1000: 2} {
		a.add(v, n)
		for range n {
			b.add(v, 1)
		}
	}
	if x, y := a.summary(), b.summary(); x != y {
		t.Errorf("%+v, want %+v", x, y)
	}
}

// TestMean: no sum overflows, and what cancels does so exactly.
func TestMean(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{math.MaxFloat64, math.MaxFloat64, math.MaxFloat64}, math.MaxFloat64},
		{[]float64{math.MaxFloat64, -math.MaxFloat64, 6}, 2},
		{[]float64{1e100, 1, -1e100, 3}, 1},
		{[]float64{1, 2, 4}, 7.0 / 3},
	} {
		var d dist
		for _, v := range c.values {
			d.add(v, 1)
		}
		if got := d.summary().Mean; got != c.want {
			t.Errorf("mean of %v is %g, want %g", c.values, got, c.want)
		}
	}
}

// TestDistMerges: parts put together in any order and grouping are the whole, bin by bin.
func TestDistMerges(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		values := numbersGen().Draw(r, "values")
		var whole dist
		whole.addAll(values)
		parts := make([]dist, rapid.IntRange(1, 6).Draw(r, "parts"))
		for _, v := range values {
			parts[rapid.IntRange(0, len(parts)-1).Draw(r, "part")].add(v, 1)
		}
		for len(parts) > 1 { // any two of them, either into the other
			i := rapid.IntRange(0, len(parts)-1).Draw(r, "to")
			j := rapid.IntRange(0, len(parts)-2).Draw(r, "from")
			if j >= i {
				j++
			}
			parts[i].merge(&parts[j])
			parts = slices.Delete(parts, j, j+1)
		}
		got, want := parts[0].summary(), whole.summary()
		scale := max(math.Abs(want.Min), math.Abs(want.Max))
		if math.Abs(got.Mean-want.Mean) > 1e-13*scale {
			r.Fatalf("mean %g, want %g", got.Mean, want.Mean)
		}
		got.Mean = want.Mean
		if got != want {
			r.Fatalf("%+v, want %+v", got, want)
		}
	})
}
