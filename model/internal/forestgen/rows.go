package forestgen

import (
	"math"
	"math/rand/v2"

	"pgregory.net/rapid"

	"github.com/glulam/glulam/model/forest"
)

// Counts are numbers of rows at which evaluators take other ways.
var Counts = []int{0, 1, 2, 5, 12, 13, 15, 24, 33, 63, 64, 65, 127, 128, 129, 160, 191, 192, 193, 200, 448, 511, 512, 513, 577, 1024, 1100}

// Many draws one of counts and makes as many rows of a seed: values on and beside the thresholds that the forest has for
// their feature, categories, and edges.
func Many(t *rapid.T, f *forest.Forest, counts []int) (x []float64, rows int) {
	rows = rapid.SampledFrom(counts).Draw(t, "rows")
	return Bulk(f, rows, rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "rows' seed"), 2))), rows
}

// Bulk makes rows rows.
func Bulk(f *forest.Forest, rows int, r *rand.Rand) []float64 {
	given := make([][]float64, len(f.Features))
	for i := range f.Nodes {
		if nd := &f.Nodes[i]; nd.Op != forest.InSet && nd.Threshold == nd.Threshold {
			given[nd.Feature] = append(given[nd.Feature], nd.Threshold)
		}
	}
	x := make([]float64, rows*len(f.Features))
	for j := range f.Features {
		way := r.IntN(8) // some columns are all of one kind
		for i := range rows {
			w := way
			if w > 5 {
				w = r.IntN(6)
			}
			x[i*len(f.Features)+j] = value(w, given[j], r)
		}
	}
	return x
}

func value(way int, given []float64, r *rand.Rand) float64 {
	switch {
	case way == 0:
		return float64(r.IntN(600)-40) + []float64{0, 0, 0.5, -0.5}[r.IntN(4)]
	case way == 1 && r.IntN(2) == 0:
		return nan
	case way == 2:
		return edges[r.IntN(len(edges))]
	case len(given) == 0:
		return r.NormFloat64()
	}
	v := given[r.IntN(len(given))]
	switch way {
	case 3:
		return math.Nextafter(v, inf)
	case 4:
		return math.Nextafter(v, -inf)
	case 5:
		return near(v, given[r.IntN(len(given))], r)
	}
	return v
}

// near is a value about v: rounded, or anywhere on the way to another.
func near(v, other float64, r *rand.Rand) float64 {
	switch r.IntN(4) {
	case 0:
		return float64(float32(v))
	case 1:
		return float64(math.Nextafter32(float32(v), float32(math.Inf(r.IntN(2)*2-1))))
	case 2:
		return math.Copysign(0, float64(r.IntN(2))-0.5)
	}
	if w := v + r.Float64()*(other-v); w == w {
		return w
	}
	return v
}

// Columns turns rows into columns: all values of a feature, then those of the next. Those of features that are not Used are
// spoiled, because nobody may look at them.
func Columns(f *forest.Forest, x []float64, rows int) []float64 {
	width := len(f.Features)
	columns := make([]float64, len(x))
	for j := range f.Features {
		for i := range rows {
			v := x[i*width+j]
			if !f.Features[j].Used {
				v = []float64{inf, nan, 1e300}[i%3]
			}
			columns[j*rows+i] = v
		}
	}
	return columns
}
