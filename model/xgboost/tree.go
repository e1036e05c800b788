package xgboost

import (
	"github.com/glulam/glulam/model/forest"
)

// Keys of a tree, in the order of treeKeys.
const (
	keyBaseWeights = iota
	keyCategories
	keyCategoryNodes
	keyCategorySegments
	keyCategorySizes
	keyDefaultLeft
	keyID
	keyLeafChildCounts
	keyLeafWeights
	keyLeft
	keyLossChanges
	keyParents
	keyRight
	keyConditions
	keySplitIndices
	keySplitType
	keySumHessian
	keyTreeParam
)

var treeKeys = []string{"base_weights", "categories", "categories_nodes", "categories_segments", "categories_sizes", "default_left", "id",
	"leaf_child_counts", "leaf_weights", "left_children", "loss_changes", "parents", "right_children", "split_conditions", "split_indices",
	"split_type", "sum_hessian", "tree_param"}

// tree is what a file says of one tree, a value for each node. Its memory is used again for the next.
type tree struct {
	nodes, vector        int64 // tree_param: num_nodes, size_leaf_vector
	left, right, feature []int32
	defaultLeft          []int32
	condition            []float32 // the threshold, or the value of a leaf
	leafWeights          []float32 // values of the leaves of a tree with vector leaves
	baseWeights          int       // where in the file base_weights are: only old trees with vector leaves need them
	counts               [len(countedKeys)]int

	splitType                   []int32
	categories, categoryNodes   []int32
	categorySegments, categoryN []int32

	place   []int32 // of each node in the forest: an index of a node or ^leaf
	reached []bool
	stack   []int32
	set     []int32 // of each node, its place in Forest.Sets or -1; only filled if there are categories
}

// countedKeys are arrays whose values say nothing about predictions. A tree that lacks values there is not one of XGBoost's.
var countedKeys = [...]int{keyBaseWeights, keyLossChanges, keyParents, keySumHessian, keyLeafChildCounts}

func (p *parser) readTree(index int) error {
	t := &p.tree
	t.splitType, t.categoryNodes = t.splitType[:0], t.categoryNodes[:0]
	t.categories, t.categorySegments, t.categoryN = t.categories[:0], t.categorySegments[:0], t.categoryN[:0]
	seen, err := p.object(treeKeys, func(k int) (err error) {
		switch k {
		case keyLeft:
			t.left, err = p.in.ints(t.left[:0])
		case keyRight:
			t.right, err = p.in.ints(t.right[:0])
		case keySplitIndices:
			t.feature, err = p.in.ints(t.feature[:0])
		case keyDefaultLeft:
			t.defaultLeft, err = p.in.ints(t.defaultLeft[:0])
		case keyConditions:
			t.condition, err = p.in.floats(t.condition[:0])
		case keyLeafWeights:
			t.leafWeights, err = p.in.floats(t.leafWeights[:0])
		case keySplitType:
			t.splitType, err = p.in.ints(t.splitType)
		case keyCategories:
			t.categories, err = p.in.ints(t.categories)
		case keyCategoryNodes:
			t.categoryNodes, err = p.in.ints(t.categoryNodes)
		case keyCategorySegments:
			t.categorySegments, err = p.in.ints(t.categorySegments)
		case keyCategorySizes:
			t.categoryN, err = p.in.ints(t.categoryN)
		case keyTreeParam:
			err = p.readTreeParam()
		case keyID:
			err = p.readID(index)
		default:
			err = p.countValues(k)
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := need(treeKeys, seen, keyBaseWeights, keyDefaultLeft, keyID, keyLeft, keyParents, keyRight, keyConditions, keySplitIndices, keyTreeParam); err != nil {
		return err
	}
	if t.vector <= 1 {
		err = need(treeKeys, seen, keyLossChanges, keySumHessian)
	}
	if err == nil {
		err = p.checkLengths(seen)
	}
	if err != nil {
		return err
	}
	return p.addTree(seen)
}

func (p *parser) countValues(k int) (err error) {
	if k == keyBaseWeights {
		p.tree.baseWeights = p.in.position()
	}
	for i, counted := range countedKeys {
		if counted == k {
			p.tree.counts[i], err = p.in.count()
		}
	}
	return err
}

// readID checks that the tree stands where its number says.
func (p *parser) readID(index int) error {
	id, err := p.in.integer()
	if err == nil && id != int64(index) {
		err = corrupt("tree %d where tree %d should be: a tree is missing, or they are out of order", id, index)
	}
	return err
}

var treeParamKeys = []string{"num_deleted", "num_feature", "num_nodes", "size_leaf_vector"}

func (p *parser) readTreeParam() error {
	t := &p.tree
	seen, err := p.object(treeParamKeys, func(k int) (err error) {
		switch k {
		case 2:
			t.nodes, err = p.number(1, int64(len(p.data)))
		case 3:
			t.vector, err = p.number(0, forest.MaxOutputs)
		default:
			_, err = p.in.text()
		}
		return err
	})
	if err != nil {
		return err
	}
	return need(treeParamKeys, seen, 2, 3)
}

// checkLengths makes sure that each array has a value for each node.
func (p *parser) checkLengths(seen uint32) error {
	t := &p.tree
	n := int(t.nodes)
	check := func(key, got int) error {
		if seen>>key&1 == 1 && got != n {
			return p.at(treeKeys[key], 0, func() error { return corrupt("%d values for %d nodes", got, n) })
		}
		return nil
	}
	for _, c := range []struct{ key, got int }{
		{keyLeft, len(t.left)}, {keyRight, len(t.right)}, {keySplitIndices, len(t.feature)}, {keyDefaultLeft, len(t.defaultLeft)},
		{keyConditions, len(t.condition)}, {keySplitType, len(t.splitType)},
	} {
		if err := check(c.key, c.got); err != nil {
			return err
		}
	}
	for i, key := range countedKeys {
		if t.vector > 1 && key == keyBaseWeights {
			continue // several values a node, and since 3.2 not as many as a leaf has
		}
		if err := check(key, t.counts[i]); err != nil {
			return err
		}
	}
	return nil
}

// addTree appends the tree to the forest.
func (p *parser) addTree(seen uint32) error {
	t, f := &p.tree, &p.forest
	width := int(max(1, t.vector))
	if p.vector != 0 && p.vector != width {
		return unsupported("train with one multi_strategy", "trees with %d and with %d values a leaf", p.vector, width)
	}
	p.vector = width
	first := forest.Tree{
		Root: ^0, FirstNode: int32(len(f.Nodes)), FirstLeaf: int32(len(f.LeafIDs)),
	}
	inner, err := p.numberNodes()
	if err != nil {
		return err
	}
	first.NumNodes, first.NumLeaves = inner, inner+1
	if inner > 0 {
		first.Root = first.FirstNode
	}
	if err := p.addSets(); err != nil {
		return err
	}
	if t.vector > 1 && seen>>keyLeafWeights&1 == 0 {
		if err := p.readBaseWeights(); err != nil {
			return err
		}
	}
	for i, place := range t.place {
		switch {
		case place >= 0:
			f.Nodes = append(f.Nodes, t.node(i))
		case place != nobody:
			f.LeafIDs = append(f.LeafIDs, int32(i))
			if err := p.addLeaf(i, seen); err != nil {
				return err
			}
		}
	}
	f.Trees = append(f.Trees, first)
	return nil
}
