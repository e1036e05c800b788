package forestgen

import (
	"math"

	"pgregory.net/rapid"

	"github.com/glulam/glulam/model/forest"
)

var (
	nan = math.NaN()
	inf = math.Inf(1)
)

// edges are numbers where something changes sides: rounding, zero bands, categories, infinities.
var edges = []float64{
	0, math.Copysign(0, -1), 1, -1, 0.1, -2.5, 3, 16777217, 1e10, 1e-35, -1e-35, forest.ZeroThreshold, -forest.ZeroThreshold,
	math.Nextafter(forest.ZeroThreshold, 1), 0.5, -0.5, 0x1p-149, 0x1p-150, 5e-324, -5e-324, math.MaxFloat32, 0x1p128,
	math.MaxFloat64, -math.MaxFloat64, inf, -inf, 31, 32, 63.9, 64, 1<<31 - 1, 1 << 31, -0.999, 1 << 63, 1e300,
}

// number draws an edge or one of the given values, a neighbour of it, or anything but NaN.
func number(t *rapid.T, label string, given []float64) float64 {
	v := rapid.SampledFrom(append(given[:len(given):len(given)], edges...)).Draw(t, label)
	switch rapid.IntRange(0, 5).Draw(t, label+" near") {
	case 0:
		return math.Nextafter(v, inf)
	case 1:
		return math.Nextafter(v, -inf)
	case 2:
		return float64(float32(v))
	case 3:
		return rapid.Float64().Draw(t, label+" any")
	}
	return v
}

// finite draws a number for leaves, bases and coefficients.
func finite(t *rapid.T, label string) float64 {
	return rapid.OneOf(rapid.Float64Range(-10, 10), rapid.SampledFrom([]float64{0, 0.1, -0.1, 1e-40, 1e300, -1e300, 16777216})).Draw(t, label)
}

// float32s are numbers that are the same in both precisions.
var float32s = []float64{-1, 0.5, float64(float32(0.1)), 16777216}

// SameBits says whether two results are the same: any NaN is as good as another.
func SameBits(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b
}
