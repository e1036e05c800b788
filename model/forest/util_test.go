package forest_test

import (
	"math"

	"github.com/glulam/glulam/model/forest"
)

var (
	nan = math.NaN()
	inf = math.Inf(1)
)

// stump is a valid forest of one feature and one tree that asks nd.
func stump(nd forest.Node) *forest.Forest {
	nd.Left, nd.Right = ^0, ^1
	return &forest.Forest{
		Features: make([]forest.Feature, 1), Outputs: 1, LeafWidth: 1,
		Trees:  []forest.Tree{{NumNodes: 1, NumLeaves: 2}},
		Nodes:  []forest.Node{nd},
		Leaves: []float64{10, 20},
	}
}

// small is a valid forest with something of everything: two features, two trees of two splits and three leaves, a third
// tree that is a leaf, a categorical set, linear leaves.
func small() *forest.Forest {
	return &forest.Forest{
		Features: []forest.Feature{{Name: "a"}, {Name: "b", Kind: forest.Categorical}},
		Outputs:  1, LeafWidth: 1, Rounds: 3,
		Trees: []forest.Tree{
			{Root: 0, FirstNode: 0, NumNodes: 2, FirstLeaf: 0, NumLeaves: 3},
			{Root: 3, FirstNode: 2, NumNodes: 2, FirstLeaf: 3, NumLeaves: 3},
			{Root: -1, FirstNode: 4, FirstLeaf: 6, NumLeaves: 1},
		},
		Nodes: []forest.Node{
			{Feature: 0, Threshold: 1, Left: 1, Right: ^0},
			{Feature: 1, Op: forest.InSet, Set: 0, Left: ^1, Right: ^2},
			{Feature: 0, Op: forest.Equal, Threshold: 2, Left: ^1, Right: ^0},
			{Feature: 0, Op: forest.Less, Threshold: 3, Missing: forest.MissingZero, Left: ^2, Right: 2},
		},
		Leaves:  []float64{1, 2, 4, 8, 16, 32, 64},
		LeafIDs: []int32{10, 11, 12, 13, 14, 15, 16},
		Linear: &forest.Linear{
			Const: []float64{1, 2, 4, 8, 16, 32, 64}, Start: []int32{0, 0, 0, 0, 0, 2, 2, 2}, Feature: []int32{0, 1}, Coeff: []float64{0.5, 2},
		},
		Sets: []forest.Set{{Len: 1, Known: 1}, {First: 1, Len: 1, Known: -1}}, Words: []uint32{5, 7},
		ZeroBand: forest.ZeroThreshold, Base: []float64{0.25},
	}
}

// sameBits says whether two results are the same: any NaN is as good as another.
func sameBits(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b
}
