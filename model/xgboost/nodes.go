package xgboost

import (
	"math"
	"slices"

	"github.com/glulam/glulam/model/forest"
)

// nobody is the place of a node that is not in the forest.
const nobody = math.MinInt32

// numberNodes gives each node of the tree its place in the forest, in the order of XGBoost's numbers, and counts those that
// are no leaves. Nodes that the pruner deleted hang on no other; they get no place.
func (p *parser) numberNodes() (inner int32, err error) {
	t := &p.tree
	n := int(t.nodes)
	for _, l := range t.left {
		if l != -1 {
			inner++
		}
	}
	if all := 2*int(inner)+1 == n; all {
		t.reached = t.reached[:0]
	} else if err := p.reach(n); err != nil {
		return 0, err
	}
	t.place = slices.Grow(t.place[:0], n)[:n]
	node, leaf := int32(len(p.forest.Nodes)), int32(0)
	inner = 0
	for i, l := range t.left {
		switch {
		case len(t.reached) > 0 && !t.reached[i]:
			t.place[i] = nobody
		case l == -1:
			t.place[i] = ^leaf
			leaf++
		case l < 1 || int(l)+1 >= n:
			return 0, corrupt("node %d has child %d of %d nodes", i, l, n)
		case t.right[i] != l+1:
			return 0, unsupported("save the model again with XGBoost", "node %d has the children %d and %d; XGBoost takes the node after the left child for the right one", i, l, t.right[i])
		default:
			t.place[i] = node + inner
			inner++
		}
	}
	if leaf != inner+1 {
		return 0, corrupt("%d leaves and %d other nodes are no tree", leaf, inner)
	}
	return inner, nil
}

// reach marks the nodes that hang on the root.
func (p *parser) reach(n int) error {
	t := &p.tree
	t.reached = slices.Grow(t.reached[:0], n)[:n]
	clear(t.reached)
	t.stack = append(t.stack[:0], 0)
	for len(t.stack) > 0 {
		i := t.stack[len(t.stack)-1]
		t.stack = t.stack[:len(t.stack)-1]
		if i < 0 || int(i) >= n || t.reached[i] {
			return corrupt("is not a tree: node %d of %d has no or two parents", i, n)
		}
		t.reached[i] = true
		if t.left[i] != -1 {
			t.stack = append(t.stack, t.left[i], t.right[i])
		}
	}
	return nil
}

// node makes node i, which is no leaf. XGBoost sends x < threshold left; of categories, it sends those in the set right.
func (t *tree) node(i int) forest.Node {
	nd := forest.Node{
		Feature: t.feature[i],
		Left:    t.place[t.left[i]], Right: t.place[t.left[i]+1],
		Op: forest.Less, Threshold: float64(t.condition[i]),
		DefaultLeft: t.defaultLeft[i] != 0,
	}
	if len(t.set) > 0 && t.set[i] >= 0 {
		nd.Op, nd.Threshold, nd.Set = forest.InSet, 0, t.set[i]
		nd.Left, nd.Right, nd.DefaultLeft = nd.Right, nd.Left, !nd.DefaultLeft
	}
	return nd
}

// addLeaf appends the values of the leaf that is node i.
func (p *parser) addLeaf(i int, seen uint32) error {
	t, f := &p.tree, &p.forest
	if t.vector <= 1 {
		f.Leaves = append(f.Leaves, float64(t.condition[i]))
		return nil
	}
	// Since 3.2 the values of leaves stand by themselves, and a leaf's right child is its number.
	leaf, width := i, int(t.vector)
	if seen>>keyLeafWeights&1 == 1 {
		leaf = int(t.right[i])
	}
	if leaf < 0 || leaf >= len(t.leafWeights)/width {
		return corrupt("leaf %d of %d", leaf, len(t.leafWeights)/width)
	}
	for _, v := range t.leafWeights[leaf*width : (leaf+1)*width] {
		f.Leaves = append(f.Leaves, float64(v))
	}
	return nil
}

// readBaseWeights reads base_weights after all: up to 3.1 they hold the vector leaves.
func (p *parser) readBaseWeights() (err error) {
	t := &p.tree
	after := p.in.position()
	p.in.seek(t.baseWeights)
	err = p.at(treeKeys[keyBaseWeights], 0, func() error {
		if t.leafWeights, err = p.in.floats(t.leafWeights[:0]); err == nil && int64(len(t.leafWeights)) != t.nodes*t.vector {
			err = corrupt("%d values for %d nodes and %d outputs", len(t.leafWeights), t.nodes, t.vector)
		}
		return err
	})
	p.in.seek(after)
	return err
}

// Limits of categorical sets. A set takes a bit for each category up to its largest, so that a few bytes of a file can ask
// for 2 MB.
const (
	maxCategory = 1 << 24 // exclusive, as in XGBoost
	maxSetWords = 1 << 24 // of all sets, and one more for every 4 bytes of the file
)

// addSets adds the sets of the tree's categorical nodes to the forest and notes their places.
func (p *parser) addSets() error {
	t := &p.tree
	t.set = t.set[:0]
	if len(t.categorySegments) != len(t.categoryNodes) || len(t.categoryN) != len(t.categoryNodes) {
		return corrupt("%d segments and %d sizes for %d categorical nodes", len(t.categorySegments), len(t.categoryN), len(t.categoryNodes))
	}
	if len(t.splitType) > 0 {
		t.set = slices.Grow(t.set, int(t.nodes))[:t.nodes]
		for i := range t.set {
			t.set[i] = -1
		}
	}
	last := int32(-1)
	for j, node := range t.categoryNodes {
		if node <= last || int(node) >= len(t.set) || t.splitType[node] != 1 {
			return corrupt("categorical node %d of %d nodes is out of order, or not categorical", node, len(t.set))
		}
		last = node
		from, n := int(t.categorySegments[j]), int(t.categoryN[j])
		if from < 0 || n < 1 || from > len(t.categories) || n > len(t.categories)-from {
			return corrupt("node %d has the categories %d to %d of %d", node, from, from+n, len(t.categories))
		}
		if t.place[node] < 0 {
			continue // a leaf that was a split once
		}
		t.set[node] = int32(len(p.forest.Sets))
		if err := p.addSet(t.categories[from : from+n]); err != nil {
			return err
		}
	}
	for i, kind := range t.splitType {
		switch {
		case kind < 0 || kind > 1:
			return unsupported("use a newer glulam", "node %d has a split of unknown type %d", i, kind)
		case kind == 1 && t.place[i] >= 0 && t.set[i] < 0:
			return corrupt("node %d is categorical without categories", i)
		}
	}
	return nil
}

func (p *parser) addSet(categories []int32) error {
	f := &p.forest
	top := slices.Max(categories)
	if low := slices.Min(categories); low < 0 || top >= maxCategory {
		return corrupt("category %d; from 0 to %d are possible", max(-low, top), maxCategory-1)
	}
	s := forest.Set{First: int32(len(f.Words)), Len: top>>5 + 1, Known: -1, Positive: true}
	if len(f.Words)+int(s.Len) > maxSetWords+len(p.data)/4 {
		return tooLarge("sets of categories of more than %d MB", maxSetWords>>18)
	}
	f.Words = append(f.Words, make([]uint32, s.Len)...)
	for _, c := range categories {
		f.Words[s.First+c>>5] |= 1 << (c & 31)
	}
	f.Sets = append(f.Sets, s)
	return nil
}
