package boundary

import (
	"math"

	"github.com/glulam/glulam/model/forest"
)

// numbers are special to floats: gaps, infinities, zeros, denormals of both widths, what LightGBM takes for zero, the ends of
// float32.
var numbers = signed([]float64{
	0, math.Inf(1), 5e-324, 1e-310, 2.225073858507201e-308, 2.2250738585072014e-308,
	0x1p-150, 0x1p-149, 0x1.8p-149, 1e-40, 0x1.fffffcp-127, 0x1p-126,
	1e-36, 1e-35, forest.ZeroThreshold, math.Nextafter(forest.ZeroThreshold, 1), math.Nextafter(forest.ZeroThreshold, 0), 1e-34,
	3e38, math.MaxFloat32, 0x1.ffffffp127, math.Nextafter(0x1.ffffffp127, 0), 3.5e38, 1e300, math.MaxFloat64, 0.5, 1,
})

// categories are special to categories: fractions, negative ones, those that do not fit into a float32, an int32, an int64, a
// byte.
var categories = signed([]float64{
	0.9999999999999999, 1.5, 2, 6.5, 6.999, 31, 32, 33, 63, 64, 127, 128, 254.5, 255, 256, 257, 300, 1000, 65535, 65536,
	1<<24 - 1, 1 << 24, 1<<24 + 1, 1<<31 - 2, 1<<31 - 1, 1<<31 - 0.5, 1 << 31, 1<<31 + 1, 1<<31 + 7, 3e9, 1<<32 - 1, 1 << 32, 1<<32 + 1,
	1<<32 + 2, 1 << 53, 1 << 62, 1 << 63, 1 << 64, 0x1.0000000000001p64,
})

func signed(values []float64) []float64 {
	out := make([]float64, 0, 2*len(values)+1)
	for _, v := range values {
		out = append(out, v, math.Copysign(v, -1))
	}
	return append(out, math.NaN())
}

// maxCategories is how many categories or texts of a column get rows of their own.
const maxCategories = 4096

// specials are the values that each column is tried with.
func (in *input) specials() []float64 {
	if in.text {
		n := min(len(in.pool), maxCategories)
		return append(in.pool[:n:n], math.NaN())
	}
	values := numbers
	if in.category {
		values = append(values[:len(values):len(values)], categories...)
		values = append(values, in.pool[:min(len(in.pool), maxCategories)]...)
		for c := range min(in.bound, maxCategories) + 4 {
			values = append(values, float64(c))
		}
		values = append(values, float64(in.bound)+0.5, float64(in.bound)+1000)
	}
	return distinct(values)
}

// edges gives up to most raw values at which a set begins or ends.
func (in *input) edges(f *forest.Forest, nd *forest.Node, most int) []float64 {
	var found []float64
	if in.text || in.number != nil || !in.direct[in.place[int(nd.Feature)]] {
		out := make([]float64, len(in.features))
		last := false
		for i, raw := range in.pool {
			side := goesLeft(f, nd, in.prepared(f, raw, int(nd.Feature), out))
			if i > 0 && side != last {
				found = append(found, in.pool[i-1], raw)
			}
			last = side
		}
	} else {
		last := false
		for c := range in.bound + 1 {
			side := goesLeft(f, nd, float64(c))
			if c > 0 && side != last {
				found = append(found, float64(c-1), float64(c), float64(c)+0.5)
			}
			last = side
		}
	}
	found = distinct(found)
	if len(found) <= most {
		return found
	}
	spread := make([]float64, most)
	for i := range spread {
		spread[i] = found[i*len(found)/most]
	}
	return spread
}
