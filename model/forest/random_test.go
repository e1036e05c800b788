package forest_test

import (
	"math"

	"pgregory.net/rapid"

	"github.com/glulam/glulam/model/forest"
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

// randomForest draws a forest of everything that a Forest can say. It is valid.
func randomForest(t *rapid.T) *forest.Forest {
	f := &forest.Forest{
		Features: make([]forest.Feature, rapid.IntRange(1, 4).Draw(t, "features")),
		Outputs:  rapid.IntRange(1, 3).Draw(t, "outputs"),
		ZeroBand: rapid.SampledFrom([]float64{0, forest.ZeroThreshold, 0.5}).Draw(t, "zero band"),
		Input:    forest.Precision(rapid.IntRange(0, 1).Draw(t, "input")),
		Sum:      forest.Precision(rapid.IntRange(0, 1).Draw(t, "sum")),
		Average:  forest.Average(rapid.IntRange(0, 2).Draw(t, "average")),
		Rounds:   rapid.IntRange(1, 7).Draw(t, "rounds"),
		Link:     forest.Link{Kind: forest.LinkKind(rapid.IntRange(0, 5).Draw(t, "link")), Param: 1.5},
	}
	f.LeafWidth = rapid.SampledFrom([]int{1, f.Outputs}).Draw(t, "leaf width")
	if rapid.Bool().Draw(t, "has base") {
		f.Base = make([]float64, f.Outputs)
		for i := range f.Base {
			f.Base[i] = finite(t, "base")
			if f.Sum == forest.Float32 {
				f.Base[i] = rapid.SampledFrom([]float64{0, 0.5, float64(float32(0.1)), -16777216}).Draw(t, "float32 base")
			}
		}
	}
	if rapid.Bool().Draw(t, "has scale and bias") {
		float32s := rapid.SampledFrom([]float64{-1, 0.5, float64(float32(0.1)), 16777216})
		f.Scale = float32s.Draw(t, "scale")
		f.Bias = rapid.SliceOfN(float32s, f.Outputs, f.Outputs).Draw(t, "bias")
	}
	randomSets(t, f)
	// Forests of one kind of node, too: evaluators may have ways of their own for them.
	plain := rapid.Bool().Draw(t, "plain numbers only")
	for range rapid.IntRange(0, 10).Draw(t, "trees") {
		randomTree(t, f, plain)
	}
	if rapid.Bool().Draw(t, "has leaf ids") {
		f.LeafIDs = rapid.SliceOfN(rapid.Int32(), len(f.Leaves)/f.LeafWidth, len(f.Leaves)/f.LeafWidth).Draw(t, "ids")
	}
	if f.LeafWidth == 1 && rapid.Bool().Draw(t, "linear") {
		randomLinear(t, f)
	}
	return f
}

func randomSets(t *rapid.T, f *forest.Forest) {
	n := rapid.IntRange(0, 3).Draw(t, "sets")
	for range n {
		words := rapid.SliceOfN(rapid.SampledFrom([]uint32{0, 1, 9, 1 << 31, 0xf0f0f0f0}), 0, 3).Draw(t, "words")
		f.Sets = append(f.Sets, forest.Set{
			First: int32(len(f.Words)), Len: int32(len(words)), Known: int32(rapid.IntRange(-1, n-1).Draw(t, "known")),
		})
		f.Words = append(f.Words, words...)
	}
}

// randomTree splits random leaves, starting from one, and shuffles the nodes: the root need not come first.
func randomTree(t *rapid.T, f *forest.Forest, plain bool) {
	n := rapid.IntRange(0, 6).Draw(t, "nodes")
	tr := forest.Tree{
		Root: -1, FirstNode: int32(len(f.Nodes)), NumNodes: int32(n),
		FirstLeaf: int32(len(f.Leaves) / f.LeafWidth), NumLeaves: int32(n + 1),
	}
	if f.LeafWidth == 1 {
		tr.Output = int32(rapid.IntRange(0, f.Outputs-1).Draw(t, "output"))
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	if n > 1 {
		order = rapid.Permutation(order).Draw(t, "order")
	}
	nodes := make([]forest.Node, n)
	slots := []*int32{&tr.Root} // where leaf 0, 1, ... hangs
	for _, at := range order {
		leaf := rapid.IntRange(0, len(slots)-1).Draw(t, "split leaf")
		nodes[at] = randomNode(t, f, plain)
		*slots[leaf] = tr.FirstNode + int32(at)
		slots[leaf] = &nodes[at].Left
		slots = append(slots, &nodes[at].Right)
	}
	for i, s := range slots {
		*s = ^int32(i)
	}
	f.Nodes = append(f.Nodes, nodes...)
	f.Trees = append(f.Trees, tr)
	for range (n + 1) * f.LeafWidth {
		f.Leaves = append(f.Leaves, finite(t, "leaf"))
	}
}

func randomNode(t *rapid.T, f *forest.Forest, plain bool) forest.Node {
	nd := forest.Node{
		Feature:     int32(rapid.IntRange(0, len(f.Features)-1).Draw(t, "feature")),
		Missing:     forest.Missing(rapid.IntRange(0, 2).Draw(t, "missing")),
		DefaultLeft: rapid.Bool().Draw(t, "default left"),
		Threshold:   number(t, "threshold", nil),
	}
	if nd.Threshold != nd.Threshold {
		nd.Threshold = 0
	}
	ops := []forest.Op{forest.LessEqual, forest.Less, forest.Equal, forest.InSet}
	switch {
	case plain:
		ops = ops[:2]
	case len(f.Sets) == 0:
		ops = ops[:3]
	}
	nd.Op = rapid.SampledFrom(ops).Draw(t, "op")
	if nd.Op == forest.InSet {
		nd.Set = int32(rapid.IntRange(0, len(f.Sets)-1).Draw(t, "set"))
		if nd.Missing == forest.MissingZero {
			nd.Missing = forest.MissingNaN
		}
	}
	return nd
}

func randomLinear(t *rapid.T, f *forest.Forest) {
	l := &forest.Linear{Start: []int32{0}}
	for range f.Leaves {
		l.Const = append(l.Const, finite(t, "const"))
		for range rapid.IntRange(0, 2).Draw(t, "coefficients") {
			l.Feature = append(l.Feature, int32(rapid.IntRange(0, len(f.Features)-1).Draw(t, "linear feature")))
			l.Coeff = append(l.Coeff, finite(t, "coefficient"))
		}
		l.Start = append(l.Start, int32(len(l.Coeff)))
	}
	f.Linear = l
}

// randomRows draws rows that sit on and beside the forest's thresholds, and categories of all kinds.
func randomRows(t *rapid.T, f *forest.Forest) (x []float64, rows int) {
	var given []float64
	for _, nd := range f.Nodes {
		if nd.Threshold == nd.Threshold {
			given = append(given, nd.Threshold)
		}
	}
	rows = rapid.IntRange(0, 12).Draw(t, "rows")
	for range rows * len(f.Features) {
		switch rapid.IntRange(0, 4).Draw(t, "kind of value") {
		case 0:
			x = append(x, float64(rapid.IntRange(-2, 100).Draw(t, "category"))+rapid.SampledFrom([]float64{0, 0, 0.5, -0.5}).Draw(t, "fraction"))
		case 1:
			x = append(x, nan)
		default:
			x = append(x, number(t, "x", given))
		}
	}
	return x, rows
}
