package onnx

import (
	"math"
	"slices"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
)

// builder makes the trees of a forest from an ensemble.
type builder struct {
	p        *parser
	e        *ensemble
	f        *forest.Forest
	width    int // values a leaf
	seen     []bool
	seenLeaf []bool
	stack    []reference
	sets     []memberSet
}

// reference is where a child hangs: on a side of a node of the forest, or nowhere, if it is a root.
type reference struct {
	child int32
	node  int32 // -1: a root
	left  bool
}

// shape is what must be known of the weights before the trees can be made.
type shape struct {
	output    []int32 // of each tree's leaves; -1: there are several
	certain   []bool  // outputs that every row has a weight for
	symmetric bool    // each leaf has two weights, w and -w
}

func (p *parser) weightShape(e *ensemble) (*shape, error) {
	s := &shape{output: make([]int32, len(e.roots)), certain: make([]bool, e.targets), symmetric: e.targets == 2}
	lister := &leafLister{p: p, e: e}
	count := make([]int32, e.targets)
	last := make([]int32, e.targets) // the leaf, from 1, that had a weight for the output last: no output may occur twice in a leaf
	for t := range e.roots {
		leaves, err := lister.leaves(t)
		if err != nil {
			return nil, err
		}
		s.output[t] = -2
		for _, l := range leaves {
			from, to := e.firstWeight[l], e.firstWeight[l+1]
			for i := from; i < to; i++ {
				k := e.target[i]
				if last[k] == l+1 {
					return nil, p.unsupported(e.place, "a leaf has two weights for output %d", k)
				}
				last[k] = l + 1
				count[k]++
				if s.output[t] == -2 {
					s.output[t] = k
				} else if s.output[t] != k {
					s.output[t] = -1
				}
			}
			if to-from != 2 || e.weight[from] != -e.weight[from+1] {
				s.symmetric = false
			}
			if to == from && e.targets == 1 {
				return nil, p.unsupported(e.place, "a leaf has no weight; ONNX Runtime makes one up")
			}
		}
		for _, l := range leaves {
			for i := e.firstWeight[l]; i < e.firstWeight[l+1]; i++ {
				k := e.target[i]
				s.certain[k] = s.certain[k] || int(count[k]) == len(leaves)
			}
		}
		for _, l := range leaves {
			for i := e.firstWeight[l]; i < e.firstWeight[l+1]; i++ {
				count[e.target[i]], last[e.target[i]] = 0, 0
			}
		}
	}
	return s, nil
}

// leafLister lists the leaves of trees.
type leafLister struct {
	p     *parser
	e     *ensemble
	next  int32
	list  []int32
	stack []int32
	node  []bool  // nodes that a tree has had
	leaf  []int32 // the tree, from 1, that had a leaf last
}

// leaves gives the leaves of tree t, each once. The slice is used again by the next call.
func (l *leafLister) leaves(t int) ([]int32, error) {
	l.list = l.list[:0]
	if l.e.trees != nil { // they are numbered tree after tree
		for range l.e.trees[t].leaves {
			l.list = append(l.list, l.next)
			l.next++
		}
		return l.list, nil
	}
	if l.node == nil {
		l.node, l.leaf = make([]bool, len(l.e.nodes)), make([]int32, len(l.e.firstWeight)-1)
	}
	l.stack = append(l.stack[:0], l.e.roots[t])
	for len(l.stack) > 0 {
		c := l.stack[len(l.stack)-1]
		l.stack = l.stack[:len(l.stack)-1]
		if c >= 0 {
			if l.node[c] {
				return nil, l.p.unsupported(l.e.place, "tree %d is not a tree: node %d has two parents", t, c)
			}
			l.node[c] = true
			l.stack = append(l.stack, l.e.nodes[c].yes, l.e.nodes[c].no)
		} else if l.leaf[^c] != int32(t+1) {
			l.leaf[^c] = int32(t + 1)
			l.list = append(l.list, ^c)
		}
	}
	return l.list, nil
}

// build makes the trees.
func (b *builder) build(outputs int, s *shape) error {
	f, e := b.f, b.e
	b.width = 1
	if outputs > 1 && slices.Contains(s.output, -1) {
		b.width = outputs
	}
	// Vector leaves of hostile files could be many times their weights.
	leaves := len(e.firstWeight) - 1
	if b.width > 1 && leaves*b.width > 16*len(e.weight)+1<<16 {
		return b.p.refuse(fault.TooLarge, e.place, "%d leaves of %d outputs, nearly all without weights", leaves, outputs).WithHint(smaller)
	}
	f.LeafWidth = b.width
	f.Trees = make([]forest.Tree, 0, len(e.roots))
	f.Nodes = make([]forest.Node, 0, len(e.nodes))
	f.Leaves = make([]float64, 0, leaves*b.width)
	b.seen, b.seenLeaf = make([]bool, len(e.nodes)), make([]bool, leaves)
	for t, root := range e.roots {
		if err := b.tree(t, root, s.output[t]); err != nil {
			return err
		}
	}
	if i := slices.Index(b.seen, false); i >= 0 && e.trees == nil && !b.isLeafNode(i) {
		return b.p.corrupt(e.place, "node %d belongs to no tree", i)
	}
	return nil
}

// isLeafNode says whether a node of TreeEnsemble stands for a tree that is one leaf.
func (b *builder) isLeafNode(i int) bool {
	nd := &b.e.nodes[i]
	return nd.yes == nd.no && nd.yes < 0
}

func (b *builder) tree(t int, root, output int32) error {
	f, e := b.f, b.e
	tr := forest.Tree{FirstNode: int32(len(f.Nodes)), FirstLeaf: int32(len(f.Leaves) / b.width), Root: -1}
	if b.width == 1 && output > 0 && f.Outputs > 1 {
		tr.Output = output
	}
	b.stack = append(b.stack[:0], reference{child: root, node: -1})
	for len(b.stack) > 0 {
		r := b.stack[len(b.stack)-1]
		b.stack = b.stack[:len(b.stack)-1]
		var at int32
		if r.child < 0 {
			at = ^(int32(len(f.Leaves)/b.width) - tr.FirstLeaf)
			if err := b.leaf(t, ^r.child); err != nil {
				return err
			}
		} else {
			at = int32(len(f.Nodes))
			if err := b.node(t, r.child); err != nil {
				return err
			}
		}
		switch {
		case r.node < 0:
			tr.Root = at
		case r.left:
			f.Nodes[r.node].Left = at
		default:
			f.Nodes[r.node].Right = at
		}
	}
	tr.NumNodes = int32(len(f.Nodes)) - tr.FirstNode
	tr.NumLeaves = int32(len(f.Leaves)/b.width) - tr.FirstLeaf
	if e.trees != nil && tr.NumLeaves != e.trees[t].leaves {
		return b.p.corrupt(e.place, "tree %d has %d leaves, its root leads to %d", t, e.trees[t].leaves, tr.NumLeaves)
	}
	f.Trees = append(f.Trees, tr)
	return nil
}

// leaf appends a leaf. Leaves of TreeEnsemble may be used more than once.
func (b *builder) leaf(t int, l int32) error {
	e := b.e
	if e.trees != nil && b.seenLeaf[l] {
		return b.p.unsupported(e.place, "tree %d is not a tree: a leaf has two parents", t)
	}
	b.seenLeaf[l] = true
	from, to := e.firstWeight[l], e.firstWeight[l+1]
	if b.width == 1 {
		w := 0.0
		if to > from {
			w = e.weight[from]
		}
		b.f.Leaves = append(b.f.Leaves, w)
		return nil
	}
	first := len(b.f.Leaves)
	for range b.width {
		b.f.Leaves = append(b.f.Leaves, 0)
	}
	for i := from; i < to; i++ {
		b.f.Leaves[first+int(e.target[i])] = e.weight[i]
	}
	return nil
}

// node appends a node and puts its children on the stack.
func (b *builder) node(t int, n int32) error {
	e := b.e
	if b.seen[n] {
		return b.p.unsupported(e.place, "tree %d is not a tree: a node has two parents", t)
	}
	b.seen[n] = true
	nd := &e.nodes[n]
	at := int32(len(b.f.Nodes))
	out := forest.Node{Feature: nd.feature, Threshold: nd.threshold, DefaultLeft: nd.missingYes}
	left, right := nd.yes, nd.no
	switch nd.mode {
	case modeLEQ:
		out.Op = forest.LessEqual
	case modeLT:
		out.Op = forest.Less
	case modeGTE, modeGT: // "x >= t" is "x < t" with the children swapped, but for NaN, which is neither
		out.Op = forest.Less
		if nd.mode == modeGT {
			out.Op = forest.LessEqual
		}
		left, right = right, left
		out.DefaultLeft = !nd.missingYes
	case modeNEQ: // NaN is unequal to everything
		out.Op = forest.Equal
		left, right = right, left
		out.DefaultLeft = false
	case modeEQ:
		out.Op = forest.Equal
		set := memberSet{node: at, feature: nd.feature}
		right = b.chain(nd, &out, &set)
		if len(set.values) > 1 {
			out.Op = forest.InSet
			b.sets = append(b.sets, set)
		}
	case modeMember:
		out.Op = forest.InSet
		set := memberSet{node: at, feature: nd.feature, values: e.members[nd.members]}
		if set.whole = !fewMembers(set.values); !set.whole && len(set.values) == 1 {
			out.Op, out.Threshold = forest.Equal, set.values[0]
			break
		}
		b.sets = append(b.sets, set)
	}
	b.f.Nodes = append(b.f.Nodes, out)
	b.stack = append(b.stack, reference{right, at, false}, reference{left, at, true})
	return nil
}

// chain follows nodes that ask whether a feature is one value after the other and all have the same child for yes, which
// is how LightGBM's categorical splits are written. It gives the child of the last one's no.
//
// ONNX Runtime makes one question of neighbours in a chain that ask for integers which fit into the bits of a threshold, and
// keeps only the first one's answer to missing values.
func (b *builder) chain(nd *node, out *forest.Node, set *memberSet) int32 {
	set.values = append(set.values, nd.threshold)
	no := nd.no
	for no >= 0 && !b.seen[no] {
		next := &b.e.nodes[no]
		if next.mode != modeEQ || next.feature != nd.feature || next.yes != nd.yes {
			break
		}
		b.seen[no] = true
		joined := b.fitsBits(set.values[len(set.values)-1]) && b.fitsBits(next.threshold)
		set.values = append(set.values, next.threshold)
		out.DefaultLeft = out.DefaultLeft || next.missingYes && !joined
		no = next.no
	}
	return no
}

func (b *builder) fitsBits(v float64) bool {
	bits := 32.0
	if b.e.double {
		bits = 64
	}
	return v >= 1 && v <= bits && v == math.Trunc(v)
}
