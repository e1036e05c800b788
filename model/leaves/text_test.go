package leaves

import (
	"io"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glulam/glulam/model/forest"
)

// TestWriteText shows the whole text of a small forest: a tree whose root is not its first node and a tree of one leaf.
func TestWriteText(t *testing.T) {
	f := &forest.Forest{
		Features: make([]forest.Feature, 3),
		Outputs:  1,
		Nodes: []forest.Node{
			{Feature: 0, Op: forest.Less, Threshold: 1, Missing: forest.MissingNone, Left: ^0, Right: ^1},
			{Feature: 2, Op: forest.InSet, Set: 0, DefaultLeft: true, Left: 2, Right: ^2}, // root
			{Feature: 0, Op: forest.LessEqual, Threshold: math.Inf(1), Missing: forest.MissingZero, DefaultLeft: true, Left: 3, Right: 0},
			{Feature: 2, Op: forest.InSet, Set: 1, Missing: forest.MissingNone, Left: ^3, Right: ^4},
		},
		Leaves:    []float64{0.5, -1, 2, 1e-300, 7, 0.1},
		LeafWidth: 1,
		Trees: []forest.Tree{
			{Root: 1, FirstNode: 0, NumNodes: 4, FirstLeaf: 0, NumLeaves: 5},
			{Root: -1, FirstNode: 4, NumNodes: 0, FirstLeaf: 5, NumLeaves: 1},
		},
		Sets:  []forest.Set{{First: 0, Len: 2, Known: -1}, {First: 2, Len: 0, Known: -1}},
		Words: []uint32{5, 1 << 31},
	}
	if err := f.Validate(); err != nil {
		t.Fatal(err)
	}
	// Category 63 is the largest, so that missing is 64: bit 0 of the third word. The empty set holds a code of no value.
	const want = `tree
version=v3
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=3
objective=regression
feature_names=Column_0 Column_1 Column_2 Column_3
feature_infos=none none none none
tree_sizes=250 58

Tree=0
num_leaves=5
num_cat=2
split_feature=3 0 1 2
threshold=0 0.9999999999999999 +Inf 1
decision_type=9 0 6 9
left_child=2 -1 3 -4
right_child=-3 -2 1 -5
cat_boundaries=0 3 4
cat_threshold=5 2147483648 1 2
leaf_value=0.5 -1 2 1e-300 7
shrinkage=1

Tree=1
num_leaves=1
num_cat=0
leaf_value=0.1
shrinkage=1

end of trees
`
	c, err := planColumns(f)
	if err != nil {
		t.Fatal(err)
	}
	r, err := writeText(f, c)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Error(diff)
	}
}
