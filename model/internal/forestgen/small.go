package forestgen

import (
	"pgregory.net/rapid"

	"github.com/glulam/glulam/model/forest"
)

// Small draws a forest of everything that a Forest can say, of up to ten trees of up to seven leaves. It is valid, but not
// validated.
func Small(t *rapid.T) *forest.Forest {
	f := head(t, rapid.IntRange(1, 4).Draw(t, "features"), rapid.IntRange(1, 3).Draw(t, "outputs"))
	smallSets(t, f)
	// Forests of one kind of node, too: evaluators may have ways of their own for them.
	plain := rapid.Bool().Draw(t, "plain numbers only")
	for range rapid.IntRange(0, 10).Draw(t, "trees") {
		smallTree(t, f, plain)
	}
	if rapid.Bool().Draw(t, "has leaf ids") {
		f.LeafIDs = rapid.SliceOfN(rapid.Int32(), len(f.Leaves)/f.LeafWidth, len(f.Leaves)/f.LeafWidth).Draw(t, "ids")
	}
	if f.LeafWidth == 1 && rapid.Bool().Draw(t, "linear") {
		smallLinear(t, f)
	}
	if rapid.IntRange(0, 3).Draw(t, "linear terms") == 3 {
		smallTerms(t, f)
	}
	return f
}

// head draws all of a forest but its sets and trees.
func head(t *rapid.T, features, outputs int) *forest.Forest {
	f := &forest.Forest{
		Features: make([]forest.Feature, features),
		Outputs:  outputs,
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
		of := rapid.SampledFrom(float32s)
		f.Scale = of.Draw(t, "scale")
		f.Bias = rapid.SliceOfN(of, f.Outputs, f.Outputs).Draw(t, "bias")
	}
	return f
}

func smallSets(t *rapid.T, f *forest.Forest) {
	n := rapid.IntRange(0, 3).Draw(t, "sets")
	for range n {
		words := rapid.SliceOfN(rapid.SampledFrom([]uint32{0, 1, 9, 1 << 31, 0xf0f0f0f0}), 0, 3).Draw(t, "words")
		f.Sets = append(f.Sets, forest.Set{
			First: int32(len(f.Words)), Len: int32(len(words)), Known: int32(rapid.IntRange(-1, n-1).Draw(t, "known")),
			Positive: rapid.Bool().Draw(t, "positive"),
		})
		f.Words = append(f.Words, words...)
	}
}

// smallTree splits random leaves, starting from one, and shuffles the nodes: the root need not come first.
func smallTree(t *rapid.T, f *forest.Forest, plain bool) {
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
		nodes[at] = smallNode(t, f, plain)
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

func smallNode(t *rapid.T, f *forest.Forest, plain bool) forest.Node {
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

func smallLinear(t *rapid.T, f *forest.Forest) {
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

func smallTerms(t *rapid.T, f *forest.Forest) {
	n := len(f.Features) * f.Outputs
	f.Terms = &forest.Terms{Coeff: rapid.SliceOfN(rapid.SampledFrom(append([]float64{0, 0}, float32s...)), n, n).Draw(t, "terms")}
}

// Rows draws up to twelve rows that sit on and beside the forest's thresholds, and categories of all kinds.
func Rows(t *rapid.T, f *forest.Forest) (x []float64, rows int) {
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
