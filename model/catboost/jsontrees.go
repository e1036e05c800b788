package catboost

import (
	"math"
	"math/bits"

	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/internal/jsonread"
)

// jsonTrees reads the trees of a JSON file into a forest.
type jsonTrees struct {
	c    *content
	f    *forest.Forest
	bins []bin
	r    *jsonread.Reader

	splits []bin     // of the tree at hand
	values []float64 // of its leaves, one leaf after another
	nodes  []forest.Node
}

// oblivious reads a tree of oblivious_trees.
func (t *jsonTrees) oblivious() error {
	r := t.r
	t.splits, t.values = t.splits[:0], t.values[:0]
	err := r.Object(func(key string) (err error) {
		switch key {
		case "splits":
			return r.Array(func(int) error {
				b, err := t.split()
				t.splits = append(t.splits, b)
				return err
			})
		case "leaf_values":
			t.values, err = r.Numbers(t.values)
		case "leaf_weights":
			_, err = r.Value()
		default:
			return unsupported(r.Place(), unknown, "unknown key %s", quote(key))
		}
		return err
	})
	if err != nil {
		return err
	}
	depth := len(t.splits)
	leaves := 1 << min(depth, 31)
	if depth > 30 || len(t.values)%leaves != 0 || len(t.values) == 0 {
		return r.Corrupt("%d leaf values for %d splits", len(t.values), depth)
	}
	if err := t.outputs(len(t.values) / leaves); err != nil {
		return err
	}
	return addOblivious(t.f, t.splits, t.values)
}

// outputs takes note of how many values a leaf has.
func (t *jsonTrees) outputs(n int) error {
	if t.f.Outputs == 0 {
		return t.c.outputs(t.f, n)
	}
	if n != t.f.Outputs {
		return t.r.Corrupt("%d values a leaf, %d in the trees before", n, t.f.Outputs)
	}
	return nil
}

// split reads a split. CatBoost goes by split_index, a number over all borders and values of features_info; what else the
// split says has to agree.
func (t *jsonTrees) split() (bin, error) {
	r := t.r
	var kind string
	at, float, cat, value := -1, -1, -1, 0
	border := math.NaN()
	err := r.Object(func(key string) (err error) {
		switch key {
		case "split_type":
			kind, err = r.Text()
		case "split_index":
			at, err = r.Index()
		case "float_feature_index":
			float, err = r.Index()
		case "cat_feature_index":
			cat, err = r.Index()
		case "border":
			border, err = r.Number()
		case "value":
			value, err = r.Integer(math.MinInt32, math.MaxInt32)
		case "ctr_target_border_idx":
			_, err = r.Value()
		default:
			return unsupported(r.Place(), unknown, "unknown key %s", quote(key))
		}
		return err
	})
	if err != nil {
		return bin{}, err
	}
	if kind != "FloatFeature" && kind != "OneHotFeature" {
		return bin{}, unsupported(r.Place(), withoutTargets, "a split of type %s", quote(kind))
	}
	if at < 0 || at >= len(t.bins) {
		return bin{}, r.Corrupt("split_index %d of %d borders and values", at, len(t.bins))
	}
	b := t.bins[at]
	if b.code < 0 {
		if kind != "FloatFeature" || float != t.c.floats[b.source].index || float32(border) != b.border {
			return bin{}, r.Corrupt("split_index %d is the border %v of numeric feature %d", at, b.border, t.c.floats[b.source].index)
		}
		return b, nil
	}
	if of := &t.c.cats[b.source]; kind != "OneHotFeature" || cat != of.index || int32(value) != of.values[b.code] {
		return bin{}, r.Corrupt("split_index %d is the value %d of categorical feature %d", at, of.values[b.code], of.index)
	}
	return b, nil
}

// maxDepth limits how deep non-symmetric trees are. CatBoost's own are at most 16 deep.
const maxDepth = 512

// nonSymmetric reads a tree of trees. Its leaves count in the order of the file, which is how CatBoost counts when it has read
// such a file.
func (t *jsonTrees) nonSymmetric() error {
	t.values, t.nodes = t.values[:0], t.nodes[:0]
	root, err := t.node(0)
	if err != nil {
		return err
	}
	tree, err := addTree(t.f, len(t.nodes), t.values)
	if err != nil {
		return err
	}
	if len(t.values) != int(tree.NumLeaves)*t.f.Outputs {
		return t.r.Corrupt("%d leaf values for %d splits", len(t.values), len(t.nodes))
	}
	for _, n := range t.nodes {
		n.Left, n.Right = shift(n.Left, tree.FirstNode), shift(n.Right, tree.FirstNode)
		t.f.Nodes = append(t.f.Nodes, n)
	}
	t.f.Trees[len(t.f.Trees)-1].Root = shift(root, tree.FirstNode)
	return nil
}

// shift makes a node of a tree one of the forest; leaves stay.
func shift(child, first int32) int32 {
	if child < 0 {
		return child
	}
	return child + first
}

// node reads a node, or a leaf, and what is below it: a node's place in nodes, or ^leaf.
func (t *jsonTrees) node(depth int) (int32, error) {
	r := t.r
	if depth > maxDepth {
		return 0, tooLarge(r.Place(), "a tree is deeper than %d", maxDepth)
	}
	at := int32(len(t.nodes)) // if it is one
	leaf := int32(-1)
	var no, yes int32
	var question bin
	const split, left, right, value = 1, 2, 4, 8
	found := uint(0)
	err := r.Object(func(key string) (err error) {
		switch key {
		case "weight":
			_, err = r.Value()
		case "value":
			found |= value
			leaf, err = t.leaf()
		case "left", "right":
			if len(t.nodes) == int(at) {
				t.nodes = append(t.nodes, forest.Node{})
			}
			if key == "left" {
				found |= left
				no, err = t.node(depth + 1)
			} else {
				found |= right
				yes, err = t.node(depth + 1)
			}
		case "split":
			found |= split
			question, err = t.split()
		default:
			return unsupported(r.Place(), unknown, "unknown key %s", quote(key))
		}
		return err
	})
	switch {
	case err != nil:
		return 0, err
	case found == value:
		return ^leaf, nil
	case found == split|left|right:
		t.nodes[at] = question.node(no, yes)
		return at, nil
	}
	return 0, r.Corrupt("a node has a value, or a split, left and right; %d of these are there", bits.OnesCount(found))
}

// leaf reads a leaf's value or values.
func (t *jsonTrees) leaf() (int32, error) {
	before := len(t.values)
	var err error
	if t.r.Kind() == '[' {
		t.values, err = t.r.Numbers(t.values)
	} else {
		var x float64
		x, err = t.r.Number()
		t.values = append(t.values, x)
	}
	if err != nil {
		return 0, err
	}
	if err := t.outputs(len(t.values) - before); err != nil {
		return 0, err
	}
	return int32(before / t.f.Outputs), nil
}
