package catboost

import (
	"math"
	"strconv"

	"github.com/glulam/glulam/model/forest"
)

// content is what both formats say before the trees.
type content struct {
	floats []floatFeature
	cats   []catFeature
	info   map[string]string // model_info: JSON values as JSON, texts as they are
	scale  float64
	bias   []float64
}

// position says which feature of the model a column is.
type position struct {
	index int // among the numeric, or among the categorical features
	flat  int // among all: the column
	name  string
}

type floatFeature struct {
	position
	borders []float32
	hasNaNs bool
	nan     treatment
}

type catFeature struct {
	position
	values []int32 // hashes that splits ask for
	hot    bool    // is among the one-hot features
}

// treatment is nan_value_treatment.
type treatment uint8

const (
	asIs treatment = iota
	asFalse
	asTrue
)

// bin is a question that splits refer to by number.
type bin struct {
	feature int32 // of the forest
	border  float32
	nanHigh bool  // NaN is above the border
	code    int32 // of a one-hot value; -1 for a border
	source  int32 // place of the feature in content.floats or content.cats
}

// node gives the forest's node for a bin, with the children for both answers.
func (b bin) node(no, yes int32) forest.Node {
	if b.code >= 0 {
		return forest.Node{Op: forest.InSet, Set: b.code, Feature: b.feature, Missing: forest.MissingNone, Left: yes, Right: no}
	}
	return forest.Node{Op: forest.LessEqual, Threshold: float64(b.border), Feature: b.feature, DefaultLeft: !b.nanHigh, Left: no, Right: yes}
}

// start makes the forest, but for its trees, and the bins in the order in which splits count them.
func (c *content) start() (*forest.Forest, []bin, error) {
	f := &forest.Forest{Format: "catboost", Input: forest.Float32}
	places, err := c.features(f)
	if err != nil {
		return nil, nil, err
	}
	var bins []bin
	for i := range c.floats {
		ff := &c.floats[i]
		at := "float_features[" + strconv.Itoa(i) + "]"
		for j, b := range ff.borders {
			// CatBoost counts the borders below x, which is another question if they do not ascend.
			if b != b || j > 0 && !(ff.borders[j-1] < b) {
				return nil, nil, corrupt(at, "border %d is %v after %v; borders ascend", j, b, ff.borders[max(0, j-1)])
			}
			bins = append(bins, bin{
				feature: places[ff.flat], border: b, code: -1, source: int32(i),
				nanHigh: ff.hasNaNs && ff.nan == asTrue && !math.IsInf(float64(b), 1), // it is replaced by +inf
			})
		}
	}
	return f, bins, nil
}

// hot makes bins of the one-hot features, in the order that is given, as places in cats.
func (c *content) hot(f *forest.Forest, bins []bin, order []int) ([]bin, error) {
	places := make(map[int]int32, len(f.Features))
	for i, flat := range c.flats() {
		places[flat] = int32(i)
	}
	most := 0
	for _, i := range order {
		cf := &c.cats[i]
		for code := range cf.values {
			bins = append(bins, bin{feature: places[cf.flat], code: int32(code), source: int32(i)})
		}
		most = max(most, len(cf.values))
	}
	addSets(f, most)
	return bins, nil
}

// addSets makes set c hold category c and nothing else. The sets share their words: each of the 32 words with one bit stands
// after as many empty words as any set needs.
func addSets(f *forest.Forest, n int) {
	if n == 0 {
		return
	}
	empty := (n - 1) / 32
	f.Words = make([]uint32, min(n, 32)*(empty+1))
	f.Sets = make([]forest.Set, n)
	for b := range min(n, 32) {
		f.Words[b*(empty+1)+empty] = 1 << b
	}
	for c := range f.Sets {
		word := c / 32
		f.Sets[c] = forest.Set{First: int32(c%32*(empty+1) + empty - word), Len: int32(word + 1), Known: -1}
	}
}

// outputs sets what depends on the number of margins.
func (c *content) outputs(f *forest.Forest, dim int) error {
	if dim < 1 || dim > forest.MaxOutputs {
		return tooLarge("dimension", "%d outputs; from 1 to %d are possible", dim, forest.MaxOutputs)
	}
	f.Outputs, f.LeafWidth = dim, dim
	if c.scale != 1 {
		f.Scale = c.scale
		if c.scale == 0 {
			return unsupported("scale", "set a scale with set_scale_and_bias", "the scale is 0: every margin would be the bias")
		}
	}
	for _, b := range c.bias {
		if b != 0 {
			f.Bias = c.bias
		}
	}
	if len(c.bias) != 0 && len(c.bias) != dim {
		return corrupt("bias", "%d values for %d outputs", len(c.bias), dim)
	}
	return c.describe(f)
}

// addOblivious appends an oblivious tree: the answer to split i is bit i of the leaf. values holds the leaves' and has as
// many as the splits make.
func addOblivious(f *forest.Forest, splits []bin, values []float64) error {
	depth := len(splits)
	t, err := addTree(f, 1<<depth-1, values)
	if err != nil {
		return err
	}
	// Level by level: the root has the highest bit, so that leaves count from left to right.
	for level := range depth {
		b := splits[depth-1-level]
		for i := range int32(1) << level {
			no, yes := ^(2 * i), ^(2*i + 1)
			if level < depth-1 {
				below := t.FirstNode + 1<<(level+1) - 1
				no, yes = below+2*i, below+2*i+1
			}
			f.Nodes = append(f.Nodes, b.node(no, yes))
		}
	}
	return nil
}

// addTree appends a tree without its nodes. values are those of nodes+1 leaves.
func addTree(f *forest.Forest, nodes int, values []float64) (forest.Tree, error) {
	if len(f.Trees) >= forest.MaxTrees || len(f.Nodes)+nodes > math.MaxInt32/2 || len(f.Leaves)+len(values) > math.MaxInt32 {
		return forest.Tree{}, tooLarge("trees", "%d trees with %d nodes are more than this build can index", len(f.Trees)+1, len(f.Nodes)+nodes)
	}
	t := forest.Tree{
		Root: ^0, FirstNode: int32(len(f.Nodes)), NumNodes: int32(nodes),
		FirstLeaf: int32(len(f.Leaves) / f.LeafWidth), NumLeaves: int32(nodes + 1),
	}
	if nodes > 0 {
		t.Root = t.FirstNode
	}
	f.Leaves = append(f.Leaves, values...)
	f.Trees = append(f.Trees, t)
	return t, nil
}

// finish completes a forest whose trees are there.
func finish(f *forest.Forest) error {
	f.Rounds = len(f.Trees)
	return f.Validate()
}
