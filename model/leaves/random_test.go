package leaves

import (
	"math"
	"slices"

	"pgregory.net/rapid"

	"github.com/glulam/glulam/model/forest"
)

// numbers that thresholds and rows are drawn from: where rounding, zero bands, categories and infinities change sides.
var edges = []float64{
	0, math.Copysign(0, -1), 1, -1, 0.1, float64(float32(0.1)), 2.5, -2.5, 3, 16777217, 1e10,
	1e-35, -1e-35, forest.ZeroThreshold, -forest.ZeroThreshold, 0.5, -0.5,
	0x1p-149, -0x1p-149, 0x1p-150, -0x1p-150, 0x1.8p-149, 5e-324, -5e-324, 0x1p-126, 0x1p-1022,
	math.MaxFloat32, -math.MaxFloat32, 0x1p128, -0x1p128, 0x1p128 - 0x1p103, -(0x1p128 - 0x1p103),
	math.MaxFloat64, -math.MaxFloat64, math.Inf(1), math.Inf(-1),
	31, 32, 63.9, 64, 100, 1 << 24, 1<<31 - 1, 1 << 31, -0.999, 1 << 32, 1 << 63, 1e300,
}

// number draws an edge, one of the given values, a neighbour of one of them, or anything.
func number(t *rapid.T, label string, given []float64) float64 {
	pool := edges
	if len(given) > 0 && rapid.Bool().Draw(t, label+" given") {
		pool = given
	}
	v := rapid.SampledFrom(pool).Draw(t, label)
	side := math.Inf(rapid.SampledFrom([]int{1, -1}).Draw(t, label+" side"))
	switch rapid.IntRange(0, 9).Draw(t, label+" near") {
	case 0, 1:
		return math.Nextafter(v, side)
	case 2:
		return float64(math.Nextafter32(float32(v), float32(side)))
	case 3: // about the midpoint of two float32s, where ties go to even
		m := (wide(float32(v)) + wide(math.Nextafter32(float32(v), float32(side)))) / 2
		return rapid.SampledFrom([]float64{m, math.Nextafter(m, side), math.Nextafter(m, -side)}).Draw(t, label+" middle")
	case 4:
		return float64(float32(v))
	case 5:
		return rapid.Float64().Draw(t, label+" any")
	default:
		return v
	}
}

func finiteNumber(t *rapid.T, label string) float64 {
	return rapid.OneOf(rapid.Float64Range(-10, 10), rapid.SampledFrom([]float64{0, 0.1, -0.1, 1e-40, 1e300, -1e300, 16777216})).Draw(t, label)
}

// randomForest draws a valid forest of everything that leaves can express.
func randomForest(t *rapid.T) *forest.Forest {
	f := &forest.Forest{
		Features: make([]forest.Feature, rapid.IntRange(1, 4).Draw(t, "features")),
		Outputs:  rapid.IntRange(1, 3).Draw(t, "outputs"),
		ZeroBand: rapid.SampledFrom([]float64{0, forest.ZeroThreshold, 1e-35, 0.5, 5e-324}).Draw(t, "zero band"),
		Input:    rapid.SampledFrom([]forest.Precision{forest.Float64, forest.Float32}).Draw(t, "input"),
		Sum:      rapid.SampledFrom([]forest.Precision{forest.Float64, forest.Float32}).Draw(t, "sum"),
		Average:  rapid.SampledFrom([]forest.Average{forest.AverageNone, forest.AveragePrediction, forest.AverageMargin}).Draw(t, "average"),
		Rounds:   rapid.IntRange(1, 7).Draw(t, "rounds"),
	}
	f.LeafWidth = rapid.SampledFrom([]int{1, f.Outputs}).Draw(t, "leaf width")
	if rapid.Bool().Draw(t, "has base") {
		for range f.Outputs {
			base := finiteNumber(t, "base")
			if f.Sum == forest.Float32 {
				base = float64(float32(math.Mod(base, 1e30)))
			}
			f.Base = append(f.Base, base)
		}
	}
	if rapid.Bool().Draw(t, "has scale and bias") {
		float32s := rapid.SampledFrom([]float64{-1, 0.5, float64(float32(0.1)), 16777216})
		f.Scale = float32s.Draw(t, "scale")
		f.Bias = rapid.SliceOfN(float32s, f.Outputs, f.Outputs).Draw(t, "bias")
	}
	randomSets(t, f)
	plain := rapid.Bool().Draw(t, "plain numbers only")
	for range rapid.IntRange(0, 5).Draw(t, "trees") {
		randomTree(t, f, plain)
	}
	if rapid.Bool().Draw(t, "has leaf ids") {
		for range len(f.Leaves) / f.LeafWidth {
			f.LeafIDs = append(f.LeafIDs, rapid.Int32Range(0, 1000).Draw(t, "id"))
		}
	}
	if f.LeafWidth == 1 && rapid.Bool().Draw(t, "linear") {
		randomLinear(t, f)
	}
	if err := f.Validate(); err != nil {
		t.Fatalf("the generator made an invalid forest: %v", err)
	}
	return f
}

func randomSets(t *rapid.T, f *forest.Forest) {
	n := rapid.IntRange(0, 4).Draw(t, "sets")
	for range n {
		words := rapid.SliceOfN(rapid.OneOf(rapid.Just(uint32(0)), rapid.Uint32(), rapid.SampledFrom([]uint32{1, 2, 1 << 31, 9})), 0, 4).Draw(t, "words")
		s := forest.Set{First: int32(len(f.Words)), Len: int32(len(words)), Known: -1}
		if rapid.Bool().Draw(t, "has known") {
			s.Known = int32(rapid.IntRange(0, n-1).Draw(t, "known"))
		}
		f.Sets = append(f.Sets, s)
		f.Words = append(f.Words, words...)
	}
}

// randomTree splits random leaves, starting from one, and shuffles the nodes: the root need not come first.
func randomTree(t *rapid.T, f *forest.Forest, plain bool) {
	n := rapid.IntRange(0, 6).Draw(t, "nodes")
	first := int32(len(f.Nodes))
	tr := forest.Tree{
		Root: -1, FirstNode: first, NumNodes: int32(n),
		FirstLeaf: int32(len(f.Leaves) / f.LeafWidth), NumLeaves: int32(n + 1),
	}
	if f.LeafWidth == 1 {
		tr.Output = int32(rapid.IntRange(0, f.Outputs-1).Draw(t, "output"))
	}
	order := make([]int32, n)
	for i := range order {
		order[i] = first + int32(i)
	}
	if n > 1 {
		order = rapid.Permutation(order).Draw(t, "order")
	}
	nodes := make([]forest.Node, n)
	slots := []*int32{&tr.Root} // where leaf 0, 1, ... hangs
	for i := range n {
		leaf := rapid.IntRange(0, len(slots)-1).Draw(t, "split leaf")
		nd := &nodes[order[i]-first]
		*nd = randomNode(t, f, plain)
		*slots[leaf] = order[i]
		slots[leaf] = &nd.Left
		slots = append(slots, &nd.Right)
	}
	for i, s := range slots {
		*s = ^int32(i)
	}
	f.Nodes = append(f.Nodes, nodes...)
	f.Trees = append(f.Trees, tr)
	for range (n + 1) * f.LeafWidth {
		f.Leaves = append(f.Leaves, finiteNumber(t, "leaf"))
	}
}

func randomNode(t *rapid.T, f *forest.Forest, plain bool) forest.Node {
	nd := forest.Node{
		Feature:     int32(rapid.IntRange(0, len(f.Features)-1).Draw(t, "feature")),
		Missing:     rapid.SampledFrom([]forest.Missing{forest.MissingNaN, forest.MissingNone, forest.MissingZero}).Draw(t, "missing"),
		DefaultLeft: rapid.Bool().Draw(t, "default left"),
	}
	ops := []forest.Op{forest.LessEqual, forest.Less, forest.InSet}
	if len(f.Sets) == 0 || plain {
		ops = ops[:2]
	}
	nd.Op = rapid.SampledFrom(ops).Draw(t, "op")
	if nd.Op == forest.InSet {
		nd.Set = int32(rapid.IntRange(0, len(f.Sets)-1).Draw(t, "set"))
	} else {
		for nd.Threshold = math.NaN(); math.IsNaN(nd.Threshold); {
			nd.Threshold = number(t, "threshold", nil)
		}
	}
	if nd.Missing == forest.MissingZero && (plain || nd.Op == forest.InSet) {
		nd.Missing = forest.MissingNaN
	}
	return nd
}

func randomLinear(t *rapid.T, f *forest.Forest) {
	l := &forest.Linear{Start: []int32{0}}
	for range f.Leaves {
		l.Const = append(l.Const, finiteNumber(t, "const"))
		for range rapid.IntRange(0, 3).Draw(t, "coefficients") {
			l.Feature = append(l.Feature, int32(rapid.IntRange(0, len(f.Features)-1).Draw(t, "linear feature")))
			l.Coeff = append(l.Coeff, finiteNumber(t, "coefficient"))
		}
		l.Start = append(l.Start, int32(len(l.Coeff)))
	}
	f.Linear = l
}

// randomRows draws rows that sit on and beside the forest's thresholds, and categories of all kinds.
func randomRows(t *rapid.T, f *forest.Forest) (x []float64, rows int) {
	given := []float64{math.NaN(), 0}
	for _, nd := range f.Nodes {
		if nd.Op != forest.InSet {
			given = append(given, nd.Threshold)
		}
	}
	slices.Sort(given)
	given = slices.Compact(given)
	category := rapid.Custom(func(t *rapid.T) float64 {
		return float64(rapid.IntRange(-2, 140).Draw(t, "category")) + rapid.SampledFrom([]float64{0, 0, 0.5, -0.5}).Draw(t, "fraction")
	})
	rows = rapid.IntRange(0, 40).Draw(t, "rows")
	for range rows * len(f.Features) {
		switch rapid.IntRange(0, 4).Draw(t, "kind of value") {
		case 0:
			x = append(x, category.Draw(t, "x"))
		case 1:
			x = append(x, math.NaN())
		default:
			x = append(x, number(t, "x", given))
		}
	}
	return x, rows
}
