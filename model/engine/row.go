package engine

import (
	"cmp"
	"encoding/binary"
	"slices"
	"unsafe"

	"github.com/glulam/glulam/model/forest"
)

// A few rows are walked down the trees, one after another. The row's answers to all questions are bytes, 1: right, by plane; a step
// is
//
//	at += node[at].left + answer[node[at].question]
//
// with no comparison and no branch: a leaf is a node that leads to itself. Trees of like depth are walked together, because a
// step waits for two loads, and as many steps as the deepest of them needs.

// walk is what is there for few rows.
type walk struct {
	nodes   []uint32 // of all trees: how far the left child is, the right one being next to it, <<16 | the question's plane
	leaf    []uint16 // by node: the number of the leaf in its tree
	groups  []walkGroup
	answers int // how many bytes
}

// walkGroup are trees that are walked together. They are in the order of their depths; what is missing in the last group is
// the first node of a tree that is there.
type walkGroup struct {
	first [abreast]uint32 // node
	tree  [abreast]uint32 // the number in the forest
	depth uint64          // of the deepest
}

// abreast is how many trees are walked together.
const abreast = 8

// maxAnswerable is how many planes can be numbered with 16 bits.
const maxAnswerable = 1 << 16

// newWalk lays out the trees. all and asks are as ask gave them.
func newWalk(f *forest.Forest, all []question, asks []int32, planes int) *walk {
	w := &walk{answers: planes}
	w.nodes = make([]uint32, 0, len(f.Nodes)+len(f.Leaves)/f.LeafWidth)
	w.leaf = make([]uint16, 0, cap(w.nodes))
	type place struct{ child, depth int32 }
	type tree struct{ first, depth, number int32 }
	var queue []place
	var trees []tree
	for t := range f.Trees {
		tr := &f.Trees[t]
		first := len(w.nodes)
		deepest := int32(0)
		queue = append(queue[:0], place{tr.Root, 0})
		for at := 0; at < len(queue); at++ {
			p := queue[at]
			if p.child < 0 {
				w.nodes = append(w.nodes, zeros)
				w.leaf = append(w.leaf, uint16(^p.child))
				deepest = max(deepest, p.depth)
				continue
			}
			nd := &f.Nodes[p.child]
			w.nodes = append(w.nodes, uint32(len(queue)-at)<<16|uint32(all[asks[p.child]].plane))
			w.leaf = append(w.leaf, 0)
			queue = append(queue, place{nd.Left, p.depth + 1}, place{nd.Right, p.depth + 1})
		}
		trees = append(trees, tree{int32(first), deepest, int32(t)})
	}
	slices.SortStableFunc(trees, func(a, b tree) int { return cmp.Compare(a.depth, b.depth) })
	for len(trees) > 0 {
		var g walkGroup
		n := min(abreast, len(trees))
		for i := range g.first {
			t := trees[min(i, n-1)]
			g.first[i], g.tree[i], g.depth = uint32(t.first), uint32(t.number), uint64(t.depth)
		}
		w.groups = append(w.groups, g)
		trees = trees[n:]
	}
	return w
}

// sound says whether every node leads to nodes of its tree, and asks a question that there is.
func (w *walk) sound(trees int) bool {
	var ends []int // where trees begin
	for _, g := range w.groups {
		for i, first := range g.first {
			if int(first) >= len(w.nodes) || int(g.tree[i]) >= trees {
				return false
			}
			ends = append(ends, int(first))
		}
	}
	slices.Sort(ends)
	ends = append(slices.Compact(ends), len(w.nodes))
	for i, end := range ends[1:] {
		for at := ends[i]; at < end; at++ {
			left, question := int(w.nodes[at]>>16), int(w.nodes[at]&0xffff)
			if question >= w.answers || question == zeros && left != 0 || question != zeros && at+left+1 >= end {
				return false
			}
		}
	}
	return len(w.leaf) == len(w.nodes)
}

// walker is the memory of walks.
type walker struct {
	answers []byte   // by plane, and spare
	at      []uint32 // by tree: the node of the leaf
	// Of masks: the place in each ordered column, the vector of each column, the leaves that are left of each tree.
	places  []uint32
	vectors []int32
	masked  []uint32
}

// spare is how many bytes after a column's planes answers may be spoiled: they are those of a column that is answered later.
const spare = 32

// answer answers all questions about a row.
func (b *block) answer(t table, row int) {
	p := b.p
	if p.plain {
		b.kernel.answer(b.walker.answers, p.ordered, t, row)
	} else {
		answerOrdered(b.walker.answers, p.ordered, t, row)
	}
	for _, c := range p.classes {
		c.answer(b.walker.answers, t.x[c.feature*t.feature+row*t.row])
	}
}

func answerOrdered(answers []byte, columns []ordered, t table, row int) {
	for i := range columns {
		c := &columns[i]
		r := c.ranks[c.placeOf(t.x[c.feature*t.feature+row*t.row])]
		first := int(c.first) + 2
		fillOnes(answers[first:], c.cuts, int(r.cuts))
		fillOnes(answers[first+c.cuts:], len(c.copies), int(r.copies))
	}
}

// placeOf is the place of the bit of a row with this value, among the column's planes.
func (c *ordered) placeOf(v float64) uint32 {
	if c.missing == forest.MissingZero && v > c.zero[0] && v <= c.zero[1] {
		v = nan
	}
	if v != v {
		return c.none
	}
	place := c.start[c.bucket(v)]
	for half := uint32(c.half); half > 0; half >>= 1 {
		place += half & -one(c.sorted[place+half-1] < v)
	}
	return place + 1
}

// fillOnes writes ones 1s and then 0s, n in all or up to seven more.
func fillOnes(to []byte, n, ones int) {
	for i := 0; i < n; i += 8 {
		k := min(8, max(0, ones-i))
		binary.LittleEndian.PutUint64(to[i:], 0x0101010101010101&(1<<(8*k)-1))
	}
}

// answer writes the bytes of the column's questions.
func (c *classes) answer(answers []byte, v float64) {
	class := int(c.of.class(c.f.Prepare(v)))
	bits := c.answers[class*c.words : (class+1)*c.words]
	first := int(c.first) + c.count
	for i := range c.asked {
		answers[first+i] = byte(bits[i/64] >> (i % 64) & 1)
	}
}

// walkTrees finds the leaf of each tree; at gets its node, by tree.
func walkTrees(at []uint32, w *walk, answers []byte) {
	nodes := unsafe.Pointer(unsafe.SliceData(w.nodes))
	a := unsafe.Pointer(unsafe.SliceData(answers))
	for i := range w.groups {
		g := &w.groups[i]
		for j := 0; j < abreast; j += 4 {
			n0, n1 := unsafe.Add(nodes, 4*g.first[j]), unsafe.Add(nodes, 4*g.first[j+1])
			n2, n3 := unsafe.Add(nodes, 4*g.first[j+2]), unsafe.Add(nodes, 4*g.first[j+3])
			for range g.depth {
				n0, n1, n2, n3 = step(n0, a), step(n1, a), step(n2, a), step(n3, a)
			}
			at[g.tree[j]] = uint32((uintptr(n0) - uintptr(nodes)) / 4)
			at[g.tree[j+1]] = uint32((uintptr(n1) - uintptr(nodes)) / 4)
			at[g.tree[j+2]] = uint32((uintptr(n2) - uintptr(nodes)) / 4)
			at[g.tree[j+3]] = uint32((uintptr(n3) - uintptr(nodes)) / 4)
		}
	}
}

// step goes from a node to the next. check has looked at all that it may meet.
func step(node, answers unsafe.Pointer) unsafe.Pointer {
	n := *(*uint32)(node)
	right := *(*byte)(unsafe.Add(answers, uintptr(uint16(n))))
	return unsafe.Add(node, 4*(uintptr(n>>16)+uintptr(right)))
}

// find finds the leaf of each tree for a row of t: walker.at gets its node, by tree.
func (b *block) find(t table, row int) {
	if b.p.masks != nil && b.kernel.masks {
		b.mask(t, row)
		return
	}
	b.answer(t, row)
	b.kernel.walk(b.walker.at, b.p.walk, b.walker.answers)
}

// rowMargins evaluates one row.
func (b *block) rowMargins(t table, row int, out []float64) {
	p := b.p
	f := p.f
	if len(p.rowOf) > 0 {
		b.fetch(t, row)
	}
	f.StartSums(out, b.row)
	b.find(t, row)
	leaf := p.walk.leaf
	at := b.walker.at
	switch {
	case f.LeafWidth > 1 || f.Linear != nil:
		for _, j := range p.rowOf {
			b.row[j] = f.Prepare(b.row[j])
		}
		for t := range f.Trees {
			f.AddLeaf(out, t, int(f.Trees[t].FirstLeaf)+int(leaf[at[t]]), b.row)
		}
	case f.Outputs == 1 && f.Sum == forest.Float64:
		sum := out[0]
		for t := range f.Trees {
			sum += f.Leaves[f.Trees[t].FirstLeaf+int32(leaf[at[t]])]
		}
		out[0] = sum
	case f.Sum == forest.Float64:
		for t := range f.Trees {
			tr := &f.Trees[t]
			out[tr.Output] += f.Leaves[tr.FirstLeaf+int32(leaf[at[t]])]
		}
	default:
		for t := range f.Trees {
			tr := &f.Trees[t]
			out[tr.Output] = float64(float32(out[tr.Output]) + float32(f.Leaves[tr.FirstLeaf+int32(leaf[at[t]])]))
		}
	}
	f.EndSums(out)
}

// rowLeaves writes the leaves of one row.
func (b *block) rowLeaves(t table, row int, out []int32) {
	b.find(t, row)
	f := b.p.f
	for t, at := range b.walker.at {
		leaf := b.p.walk.leaf[at]
		out[t] = int32(leaf)
		if f.LeafIDs != nil {
			out[t] = f.LeafIDs[f.Trees[t].FirstLeaf+int32(leaf)]
		}
	}
}
