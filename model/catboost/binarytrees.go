package catboost

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/glulam/glulam/model/forest"
)

// binaryTrees makes the forest of a .cbm.
func (c *content) binaryTrees(t table) (*forest.Forest, error) {
	order, err := c.readHot(t)
	if err != nil {
		return nil, err
	}
	f, bins, err := c.start()
	if err != nil {
		return nil, err
	}
	if bins, err = c.hot(f, bins, order); err != nil {
		return nil, err
	}
	if err := c.outputs(f, t.i32(approxDimension, 0)); err != nil {
		return nil, err
	}
	b := &binaryForest{f: f, bins: bins, splits: t.i32s(treeSplits), sizes: t.i32s(treeSizes), values: t.f64s(leafValues)}
	b.steps, _, _ = t.vector(stepNodes, 4)
	b.leafIDs, _, _ = t.vector(nodeToLeaf, 4)
	starts := t.i32s(treeStartOffsets)
	if t.f.err != nil {
		return nil, t.f.err
	}
	if len(starts) != len(b.sizes) {
		return nil, corrupt("TreeStartOffsets", "%d starts of %d trees", len(starts), len(b.sizes))
	}
	add := b.oblivious
	if len(b.steps) > 0 || len(b.leafIDs) > 0 {
		if len(b.steps) != 4*len(b.splits) || len(b.leafIDs) != 4*len(b.splits) {
			return nil, corrupt("NonSymmetricStepNodes", "%d nodes and %d leaves for %d splits", len(b.steps)/4, len(b.leafIDs)/4, len(b.splits))
		}
		add = b.nonSymmetric
	}
	for i, size := range b.sizes {
		if int(starts[i]) != b.split || size < 0 || int(size) > len(b.splits)-b.split {
			return nil, corrupt(fmt.Sprintf("TreeSizes[%d]", i), "%d splits from %d, after %d, of %d", size, starts[i], b.split, len(b.splits))
		}
		if err := add(i, int(size)); err != nil {
			return nil, err
		}
		b.split += int(size)
	}
	if b.split != len(b.splits) || b.value != len(b.values) {
		return nil, corrupt("TreeSizes", "%d splits and %d leaf values belong to no tree", len(b.splits)-b.split, len(b.values)-b.value)
	}
	return f, finish(f)
}

// readHot reads the one-hot features and gives their places in cats, in order.
func (c *content) readHot(t table) (order []int, err error) {
	at := make(map[int]int, len(c.cats))
	for i := range c.cats {
		at[c.cats[i].index] = i
	}
	t.each(oneHotFeatures, hotFields, func(ft table) {
		i, ok := at[ft.i32(0, -1)]
		if !ok || c.cats[i].hot {
			ft.f.fail(ft.name+"Index", "%d is no categorical feature, or is there twice", ft.i32(0, -1))
			return
		}
		c.cats[i].hot, c.cats[i].values = true, ft.i32s(1)
		order = append(order, i)
	})
	return order, t.f.err
}

// binaryForest adds the trees of a .cbm, one after another.
type binaryForest struct {
	f              *forest.Forest
	bins           []bin
	splits, sizes  []int32
	steps, leafIDs []byte // of non-symmetric trees: two uint16 and one uint32 a split
	values         []float64

	split, value int // where the tree at hand starts
	questions    []bin
	places       []int32 // of the nodes of the tree at hand, in the forest
}

func (b *binaryForest) question(at int) (bin, error) {
	i := b.splits[at]
	if i < 0 || int(i) >= len(b.bins) {
		return bin{}, corrupt(fmt.Sprintf("TreeSplits[%d]", at), "%d of %d borders and values", i, len(b.bins))
	}
	return b.bins[i], nil
}

// take gives the values of the next n leaves.
func (b *binaryForest) take(tree, n int) ([]float64, error) {
	if n > (len(b.values)-b.value)/b.f.LeafWidth {
		return nil, corrupt("LeafValues", "%d values left for the %d leaves of tree %d", len(b.values)-b.value, n, tree)
	}
	v := b.values[b.value : b.value+n*b.f.LeafWidth]
	b.value += len(v)
	return v, nil
}

func (b *binaryForest) oblivious(tree, size int) error {
	if size > 30 {
		return corrupt(fmt.Sprintf("TreeSizes[%d]", tree), "an oblivious tree of %d splits", size)
	}
	b.questions = b.questions[:0]
	for i := range size {
		q, err := b.question(b.split + i)
		if err != nil {
			return err
		}
		b.questions = append(b.questions, q)
	}
	values, err := b.take(tree, 1<<size)
	if err != nil {
		return err
	}
	return addOblivious(b.f, b.questions, values)
}

// step gives how far on a node's children are; 0: the answer ends at a leaf, that of the node itself.
func (b *binaryForest) step(at int) (no, yes int) {
	return int(binary.LittleEndian.Uint16(b.steps[4*at:])), int(binary.LittleEndian.Uint16(b.steps[4*at+2:]))
}

// nonSymmetric adds a tree of size nodes, of which those with neither child are leaves.
func (b *binaryForest) nonSymmetric(tree, size int) error {
	b.places = b.places[:0]
	first, leaves, nodes := int64(math.MaxUint32), 0, 0
	for i := range size {
		no, yes := b.step(b.split + i)
		place := int32(-1)
		if no != 0 || yes != 0 {
			place = int32(len(b.f.Nodes) + nodes)
			nodes++
		}
		b.places = append(b.places, place)
		if no == 0 || yes == 0 {
			leaves++
			first = min(first, int64(binary.LittleEndian.Uint32(b.leafIDs[4*(b.split+i):])))
		}
	}
	at := fmt.Sprintf("tree %d", tree)
	if leaves != nodes+1 || first != int64(b.value) {
		return corrupt(at, "%d splits and %d leaves from %d; %d values belong to the trees before", nodes, leaves, first, b.value)
	}
	values, err := b.take(tree, leaves)
	if err != nil {
		return err
	}
	t, err := addTree(b.f, nodes, values)
	if err != nil {
		return err
	}
	for i := range size {
		if b.places[i] < 0 {
			continue
		}
		q, err := b.question(b.split + i)
		if err != nil {
			return err
		}
		no, yes := b.step(b.split + i)
		left, ok := b.child(i, no, first)
		right, okRight := b.child(i, yes, first)
		if !ok || !okRight {
			return corrupt(at, "node %d has children beyond the tree, or a leaf that is none of its %d", i, t.NumLeaves)
		}
		b.f.Nodes = append(b.f.Nodes, q.node(left, right))
	}
	if size > 0 && b.places[0] < 0 && nodes > 0 {
		return corrupt(at, "the root is a leaf")
	}
	return nil
}

// child gives the child of the tree's node i that is step further on: a node of the forest or ^leaf. first is the place of
// the tree's first leaf value.
func (b *binaryForest) child(i, step int, first int64) (int32, bool) {
	i += step
	if i >= len(b.places) {
		return 0, false
	}
	if step != 0 && b.places[i] >= 0 {
		return b.places[i], true
	}
	width := int64(b.f.LeafWidth)
	id := int64(binary.LittleEndian.Uint32(b.leafIDs[4*(b.split+i):])) - first
	if id%width != 0 || id < 0 || id/width > math.MaxInt32 {
		return 0, false
	}
	return ^int32(id / width), true
}
