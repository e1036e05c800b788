package boundary

import (
	"math"
	"slices"

	"github.com/glulam/glulam/model/forest"
)

// around gives raw values at and next to a threshold: those at which the answer turns come first.
func (in *input) around(f *forest.Forest, th threshold) []float64 {
	if v, ok := in.known[th]; ok {
		return v
	}
	var values []float64
	if in.text {
		values = in.nearestTexts(f, th)
	} else {
		values = in.nearestNumbers(f, th)
	}
	values = distinct(values)
	in.known[th] = values
	return values
}

// prepared is the feature that a raw value becomes, as the trees look at it.
func (in *input) prepared(f *forest.Forest, raw float64, feature int, out []float64) float64 {
	in.forward(raw, out)
	return f.Prepare(out[in.place[feature]])
}

func (in *input) nearestNumbers(f *forest.Forest, th threshold) []float64 {
	out := make([]float64, len(in.features))
	least, most := -math.MaxFloat64, math.MaxFloat64
	if in.finite {
		least, most = -math.MaxFloat32, math.MaxFloat32
	}
	var values []float64
	for _, at := range []bool{true, false} {
		beyond := func(raw float64) bool { // NaN is not beyond
			v := in.prepared(f, raw, th.feature, out)
			return v > th.t || at && v == th.t
		}
		turns := 0
		ends := append([]float64{least}, append(in.points, most)...)
		for i := range len(ends) - 1 {
			if beyond(ends[i]) != beyond(ends[i+1]) {
				lo, hi := turn(ends[i], ends[i+1], beyond)
				values = append(values, hi, lo)
				turns++
			}
		}
		if turns > 0 {
			continue
		}
		// Not monotone: some value may still be on the other side.
		if other := slices.IndexFunc(in.pool, func(v float64) bool { return v == v && beyond(v) != beyond(least) }); other >= 0 {
			lo, hi := turn(least, in.pool[other], beyond)
			values = append(values, hi, lo, in.pool[other])
		}
	}
	if in.direct[in.place[th.feature]] {
		values = append([]float64{th.t}, values...)
	}
	if len(values) == 0 {
		return nil
	}
	for _, v := range values {
		if !in.forward(v, out) { // as a fraction is where steps want integers
			values = append(values, math.Floor(v), math.Ceil(v))
		}
	}
	t := values[0] // or what becomes t
	single := float32(t)
	values = append(values, math.Nextafter(t, math.Inf(1)), math.Nextafter(t, math.Inf(-1)), float64(single),
		float64(math.Nextafter32(single, float32(math.Inf(1)))), float64(math.Nextafter32(single, float32(math.Inf(-1)))))
	return values
}

// turn finds neighbours among the float64s between a and b, for which is differs as it does for a and b: that on a's side
// and that on b's.
func turn(a, b float64, is func(float64) bool) (atA, atB float64) {
	x, y, side := order(a), order(b), is(a)
	for {
		middle := x&y + (x^y)>>1        // rounded down, without overflow
		if middle == x || middle == y { // they are neighbours
			return unorder(x), unorder(y)
		}
		if is(unorder(middle)) == side {
			x = middle
		} else {
			y = middle
		}
	}
}

// order numbers the float64s in their order; 0 and -0 are one.
func order(v float64) int64 {
	bits := int64(math.Float64bits(v))
	if bits < 0 {
		return math.MinInt64 - bits
	}
	return bits
}

func unorder(n int64) float64 {
	if n < 0 {
		return math.Float64frombits(uint64(math.MinInt64 - n))
	}
	return math.Float64frombits(uint64(n))
}

// nearestTexts gives texts whose features are t, nearest below, and nearest above.
func (in *input) nearestTexts(f *forest.Forest, th threshold) []float64 {
	out := make([]float64, len(in.features))
	best := [3]float64{math.Inf(-1), th.t, math.Inf(1)}
	found := [3]float64{math.NaN(), math.NaN(), math.NaN()}
	for _, raw := range in.pool {
		v := in.prepared(f, raw, th.feature, out)
		switch {
		case v == th.t && found[1] != found[1]:
			found[1] = raw
		case v < th.t && v > best[0]:
			best[0], found[0] = v, raw
		case v > th.t && v < best[2]:
			best[2], found[2] = v, raw
		}
	}
	return slices.DeleteFunc([]float64{found[1], found[0], found[2]}, func(v float64) bool { return v != v })
}

// distinct drops values whose bits were there before; all NaN are one.
func distinct(values []float64) []float64 {
	seen := make(map[uint64]bool, len(values))
	return slices.DeleteFunc(values, func(v float64) bool {
		bits := math.Float64bits(v)
		if v != v {
			bits = math.Float64bits(math.NaN())
		}
		was := seen[bits]
		seen[bits] = true
		return was
	})
}
