package leaves

import (
	"math"

	"github.com/glulam/glulam/model/forest"
)

// upperEnd gives the T for which a node's question about a present value x, "prepare(x) <= t" or "prepare(x) < t", is
// x <= T for every float64 x. It exists because prepare never decreases, so that the values that go left are all those
// up to some largest one. T is NaN, and x <= T never true, when no value goes left. t is not NaN.
//
// For t = 0.1 and Input Float32, for example, float32(x) < 0.1f asks for the largest float64 that rounds to the float32
// below 0.1f: not for the float64 below 0.1f, which rounds up to 0.1f.
func upperEnd(f *forest.Forest, op forest.Op, t float64) float64 {
	if op == forest.Less {
		t = below(t) // prepare(x) is a float64 in any case
	}
	if f.Input == forest.Float32 {
		t = roundsUpTo(t)
	}
	// The band's values count as 0: they go left together or not at all.
	if math.Abs(t) <= f.ZeroBand {
		if t >= 0 {
			return f.ZeroBand
		}
		return below(-f.ZeroBand)
	}
	return t
}

// below is the next float64 below t; NaN below -Inf.
func below(t float64) float64 {
	if math.IsInf(t, -1) {
		return math.NaN()
	}
	return math.Nextafter(t, math.Inf(-1))
}

// roundsUpTo gives the largest float64 x with float32(x) <= t; NaN for NaN.
//
// With b the largest float32 that is <= t and n the float32 after it, the values up to their midpoint round to b or below
// (IEEE 754, to nearest), and the midpoint itself goes to whichever of the two has an even significand.
func roundsUpTo(t float64) float64 {
	b := float32(t)
	if float64(b) > t {
		b = math.Nextafter32(b, float32(math.Inf(-1)))
	}
	if b != b || math.IsInf(float64(b), 1) {
		return float64(b)
	}
	lo, hi := wide(b), wide(math.Nextafter32(b, float32(math.Inf(1))))
	middle := (lo + hi) / 2 // exact: 25 bits at most
	if math.Float32bits(b)&1 == 0 {
		return middle
	}
	return below(middle)
}

// wide is b as a float64, with the infinities where rounding has them: at the float32 that would follow the largest.
func wide(b float32) float64 {
	if math.IsInf(float64(b), 0) {
		return math.Copysign(0x1p128, float64(b))
	}
	return float64(b)
}
