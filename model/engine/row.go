package engine

import (
	"encoding/binary"
	"math/bits"
	"unsafe"

	"github.com/glulam/glulam/model/forest"
)

// A few rows are walked down the trees, one row after another. The row's answers to all questions are bytes, 1: right, by plane; a
// step is
//
//	last[tree] = node.question
//	node += node.left + answer[node.question]
//
// with no comparison and no branch. A leaf is a node, too: its question's answer is always 0, and what is on its left is the next
// tree. So a walk goes through tree after tree, however deep each is, and the last question that it saw in one is its leaf's. A
// step waits for two loads, so that eight walks go side by side, each through its lane of the trees. Behind a lane's trees is a node
// that leads to itself.

// walk is what is there for few rows.
type walk struct {
	groups  []walkGroup
	trees   []walkTree // of the forest
	zeros   uint32     // leaf n of a tree asks question zeros+n
	answers int        // how many bytes
	slots   int        // in last: the trees', and one for each lane's end
}

// walkGroup are trees of like size.
type walkGroup struct {
	// nodes are 1<<shift to a tree, and to a lane's end: how far the left child is, the right one being next to it, <<16 | the
	// question. A tree begins with its second node, and so does an end.
	nodes []uint32
	shift uint64
	slot  int // of the first tree
	lanes [abreast]lane
}

// lane are a walk's first node and its end.
type lane struct{ from, to uint32 }

// walkTree is where a tree's leaf is found: its number, counted over the whole forest, is leaf + last[slot].
type walkTree struct {
	slot uint32
	leaf int32
}

const (
	// abreast is how many walks go side by side, and atATime how many steps they make until it is looked whether they are done.
	abreast = 8
	atATime = 8
	// maxAnswerable is how many questions can be numbered with 16 bits.
	maxAnswerable = 1 << 16
	// lineNodes is how many nodes are in a line of the processor's cache.
	lineNodes = 16
	treeRoot  = 1
)

// newWalk lays out the trees; nil if they ask too much. all and asks are as ask gave them.
func newWalk(f *forest.Forest, all []question, asks []int32, planes int) *walk {
	w := &walk{trees: make([]walkTree, len(f.Trees)), zeros: uint32(planes + spare)}
	most := int32(1)
	byShift := map[uint64][]int32{}
	for t := range f.Trees {
		tr := &f.Trees[t]
		most = max(most, tr.NumLeaves)
		shift := uint64(bits.Len32(uint32(tr.NumNodes + tr.NumLeaves)))
		byShift[shift] = append(byShift[shift], int32(t))
	}
	if w.answers = int(w.zeros) + int(most); w.answers > maxAnswerable {
		return nil
	}
	l := layout{f: f, all: all, asks: asks, zeros: w.zeros}
	for shift := uint64(1); len(byShift) > 0; shift++ {
		if trees := byShift[shift]; len(trees) > 0 {
			w.groups = append(w.groups, w.newGroup(&l, trees, shift))
		}
		delete(byShift, shift)
	}
	return w
}

// newGroup lays out trees, in lanes of about the same number of steps.
func (w *walk) newGroup(l *layout, trees []int32, shift uint64) walkGroup {
	g := walkGroup{nodes: make([]uint32, (len(trees)+abreast)<<shift), shift: shift, slot: w.slots}
	w.slots += len(trees) + abreast
	laid, steps, all := make([]uint32, len(trees)<<shift), make([]int, len(trees)), 0
	for i, t := range trees {
		tr := &l.f.Trees[t]
		l.nodes, l.steps = laid[i<<shift:(i+1)<<shift], 0
		l.lay(tr.Root)
		steps[i] = l.steps/int(tr.NumLeaves) + 1
		all += steps[i]
	}
	tree, done := 0, 0
	for n := range g.lanes {
		lane := &g.lanes[n]
		lane.from = uint32((tree+n)<<shift + treeRoot)
		for ; tree < len(trees) && (2*done+steps[tree])*abreast <= 2*all*(n+1); tree++ {
			slot := tree + n
			copy(g.nodes[slot<<shift:], laid[tree<<shift:(tree+1)<<shift])
			w.trees[trees[tree]] = walkTree{uint32(g.slot + slot), l.f.Trees[trees[tree]].FirstLeaf - int32(w.zeros)}
			done += steps[tree]
		}
		lane.to = uint32((tree+n)<<shift + treeRoot)
	}
	return g
}

// layout lays out the nodes of a tree: pairs of children, and those that a walk comes to one after the other in one line of the
// cache, as far as they fit.
type layout struct {
	f          *forest.Forest
	all        []question
	asks       []int32
	zeros      uint32
	nodes      []uint32
	steps      int     // to all leaves
	open, next []below // pairs of this line, and of later ones
}

// below is a pair of children without a place yet, and their parent's place.
type below struct {
	node   int32
	parent int
	depth  int
}

func (l *layout) lay(root int32) {
	if root < 0 {
		l.leaf(treeRoot, root, 0)
		return
	}
	l.next = append(l.next[:0], below{root, treeRoot, 0})
	place := treeRoot + 1
	for len(l.next) > 0 {
		l.open = append(l.open[:0], l.next[0])
		l.next = l.next[1:]
		for i := 0; i < len(l.open); i++ {
			b := l.open[i]
			if i > 0 && place%lineNodes == 0 {
				l.next = append(l.next, l.open[i:]...)
				break
			}
			nd := &l.f.Nodes[b.node]
			l.nodes[b.parent] = uint32(place-b.parent)<<16 | uint32(l.all[l.asks[b.node]].plane)
			for _, child := range [2]int32{nd.Left, nd.Right} {
				if child < 0 {
					l.leaf(place, child, b.depth+1)
				} else {
					l.open = append(l.open, below{child, place, b.depth + 1})
				}
				place++
			}
		}
	}
}

func (l *layout) leaf(place int, child int32, depth int) {
	l.nodes[place] = uint32(len(l.nodes)+treeRoot-place)<<16 | l.zeros + uint32(^child)
	l.steps += depth
}

// sound says whether every walk ends, and meets nothing but nodes and questions that there are.
func (w *walk) sound(f *forest.Forest) bool {
	if len(w.trees) != len(f.Trees) || w.answers > maxAnswerable || int(w.zeros) > w.answers {
		return false
	}
	slots := 0
	leaves := make([]uint32, w.slots) // of the tree in each slot
	for t, at := range w.trees {
		if int(at.slot) >= len(leaves) || at.leaf != f.Trees[t].FirstLeaf-int32(w.zeros) {
			return false
		}
		leaves[at.slot] = uint32(f.Trees[t].NumLeaves)
	}
	for i := range w.groups {
		g := &w.groups[i]
		if g.shift < 1 || g.shift > 15 || g.slot != slots || len(g.nodes)&(1<<g.shift-1) != 0 {
			return false
		}
		first := slots
		if slots += len(g.nodes) >> g.shift; slots > w.slots || !g.sound(w, leaves[first:slots]) {
			return false
		}
	}
	return slots == w.slots
}

// sound looks at a group. leaves are those of the tree in each slot, 0 where there is none.
func (g *walkGroup) sound(w *walk, leaves []uint32) bool {
	slot := uint32(0)
	for _, lane := range g.lanes {
		end := lane.to >> g.shift
		if lane.from != slot<<g.shift+treeRoot || lane.to != end<<g.shift+treeRoot || int(end) >= len(leaves) || lane.to < lane.from {
			return false
		}
		for ; slot < end; slot++ {
			if leaves[slot] == 0 || !soundTree(g.nodes[slot<<g.shift:(slot+1)<<g.shift], w, leaves[slot]) {
				return false
			}
		}
		if leaves[slot] != 0 || g.nodes[lane.to] != zeros {
			return false
		}
		slot++
	}
	return int(slot) == len(leaves)
}

// soundTree says whether a walk from a tree's root comes to a leaf of it, and from there to what is next.
func soundTree(nodes []uint32, w *walk, leaves uint32) bool {
	if nodes[treeRoot] == 0 {
		return false
	}
	for at, n := range nodes {
		left, question := int(n>>16), n&0xffff
		switch {
		case n == 0: // nobody comes here
		case question >= w.zeros:
			if question-w.zeros >= leaves || int(question) >= w.answers || at+left != len(nodes)+treeRoot {
				return false
			}
		case left == 0 || at+left+1 >= len(nodes) || nodes[at+left] == 0 || nodes[at+left+1] == 0:
			return false
		}
	}
	return true
}

// walker is the memory of walks.
type walker struct {
	answers []byte   // by plane, and spare; and as many zeros as a tree has leaves
	last    []uint32 // by slot: the question that was met last
	// Of masks: the place in each ordered column, the vector of each column, the leaves that are left of each tree.
	places  []uint32
	vectors []int32
	masked  []uint32
}

func newWalker(p *program) walker {
	r := walker{answers: make([]byte, p.walk.answers), last: make([]uint32, p.walk.slots)}
	if m := p.masks; m != nil {
		r.places = make([]uint32, len(p.ordered))
		r.vectors = make([]int32, len(p.ordered)+len(p.classes))
		r.masked = make([]uint32, m.trees)
	}
	return r
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
	words := c.answers[class*c.words : (class+1)*c.words]
	to := answers[int(c.first)+c.count:][:len(c.asked)]
	for i := 0; len(to) >= 8; i++ { // eight at a time
		binary.LittleEndian.PutUint64(to, bytesOf[byte(words[i/8]>>(i%8*8))])
		to = to[8:]
	}
	for i := range to {
		n := len(c.asked) - len(to) + i
		to[i] = byte(words[n/64] >> (n % 64) & 1)
	}
}

// bytesOf has a byte for each bit of a byte.
var bytesOf = func() (t [256]uint64) {
	for n := range t {
		for bit := range 8 {
			t[n] |= uint64(n) >> bit & 1 << (8 * bit)
		}
	}
	return t
}()

// walkTrees walks through all trees; last gets, by slot, the question that was met last.
func walkTrees(last []uint32, w *walk, answers []byte) {
	a := unsafe.Pointer(unsafe.SliceData(answers))
	for i := range w.groups {
		g := &w.groups[i]
		nodes := unsafe.Pointer(unsafe.SliceData(g.nodes))
		to := unsafe.Pointer(unsafe.SliceData(last[g.slot:]))
		for j := 0; j < abreast; j += 4 {
			l0, l1, l2, l3 := &g.lanes[j], &g.lanes[j+1], &g.lanes[j+2], &g.lanes[j+3]
			n0, n1, n2, n3 := uintptr(l0.from), uintptr(l1.from), uintptr(l2.from), uintptr(l3.from)
			for n0 < uintptr(l0.to) || n1 < uintptr(l1.to) || n2 < uintptr(l2.to) || n3 < uintptr(l3.to) {
				for range atATime {
					n0, n1 = g.step(nodes, a, to, n0), g.step(nodes, a, to, n1)
					n2, n3 = g.step(nodes, a, to, n2), g.step(nodes, a, to, n3)
				}
			}
		}
	}
}

// step goes from a node to the next. check has looked at all that it may meet.
func (g *walkGroup) step(nodes, answers, last unsafe.Pointer, at uintptr) uintptr {
	n := *(*uint32)(unsafe.Add(nodes, 4*at))
	question := uintptr(uint16(n))
	*(*uint32)(unsafe.Add(last, 4*(at>>(g.shift&63)))) = uint32(question)
	return at + uintptr(n>>16) + uintptr(*(*byte)(unsafe.Add(answers, question)))
}

// find finds the leaf of each tree for a row of t, by slot: see walkTree.
func (b *block) find(t table, row int) {
	if b.laner != nil {
		b.findLanes(t, row)
		return
	}
	if b.p.masks != nil && b.kernel.masks {
		b.mask(t, row)
		return
	}
	b.answer(t, row)
	b.kernel.walk(b.walker.last, b.p.walk, b.walker.answers)
}

// rowMargins evaluates one row.
func (b *block) rowMargins(t table, row int, out []float64) {
	p := b.p
	f := p.f
	if len(p.rowOf) > 0 {
		b.fetch(t, row)
	}
	f.StartSums(out, b.row)
	if b.laner.addsUp() {
		out[0] = b.sumLanes(t, row, out[0])
		f.EndSums(out)
		return
	}
	b.find(t, row)
	last := b.walker.last
	switch {
	case f.LeafWidth > 1 || f.Linear != nil:
		for _, j := range p.rowOf {
			b.row[j] = f.Prepare(b.row[j])
		}
		for t, w := range p.walk.trees {
			f.AddLeaf(out, t, int(w.leafOf(last)), b.row)
		}
	case f.Outputs == 1 && f.Sum == forest.Float64:
		sum := out[0]
		for _, w := range p.walk.trees {
			sum += f.Leaves[w.leafOf(last)]
		}
		out[0] = sum
	case f.Sum == forest.Float64:
		for t, w := range p.walk.trees {
			out[f.Trees[t].Output] += f.Leaves[w.leafOf(last)]
		}
	default:
		for t, w := range p.walk.trees {
			sum := &out[f.Trees[t].Output]
			*sum = float64(float32(*sum) + float32(f.Leaves[w.leafOf(last)]))
		}
	}
	f.EndSums(out)
}

// leafOf is the tree's leaf, counted over the whole forest.
func (t walkTree) leafOf(last []uint32) int32 { return t.leaf + int32(last[t.slot]) }

// rowLeaves writes the leaves of one row.
func (b *block) rowLeaves(t table, row int, out []int32) {
	b.find(t, row)
	f := b.p.f
	for t, w := range b.p.walk.trees {
		leaf := w.leafOf(b.walker.last)
		if f.LeafIDs != nil {
			out[t] = f.LeafIDs[leaf]
		} else {
			out[t] = leaf - f.Trees[t].FirstLeaf
		}
	}
}
