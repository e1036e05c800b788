package engine

import "math/bits"

// A tree is compiled into a circuit of multiplexers. It has a plane for each bit of a code; the code says which leaf a row
// is in.
//
// The leaves are parted in two, again and again. Each part is a tree of its own: one is what hangs on some node v, the other is what is
// left when v is cut off (its parent gone, its sibling in its parent's place). Whether a row gets to v, the and of the answers above it, is one bit of the
// code, and chooses between the codes of the parts, bit for bit. Where one part needs fewer bits than the other, its leaves
// have several codes: bits that nobody looked at.
//
// v is chosen so that codes are short and few answers have to be put together: the root's larger child, if its leaves fit
// into the codes, or else what is below it on the way of most leaves.

// A multiplexer makes a plane of three others: to = on ? one : zero, for every row. All are places of planes in the block's
// memory, as first words of planes of wideWords words.
type multiplexer struct{ on, zero, one, to uint32 }

// code of the leaves of a part.
type code struct {
	planes []uint32 // of each bit, the lowest first
	leaf   []int32  // by code
}

// a literal is a plane or its negation.
type literal struct {
	plane uint32
	not   bool
}

// planes that are there before all others.
const (
	zeros = 0
	ones  = 1
)

// temporary is added to the numbers of planes that a circuit makes for itself, until they have a place.
const temporary = 1 << 31

// circuits compiles tree after tree.
type circuits struct {
	loaded []cnode // the tree
	nodes  []cnode // what is left of it
	even   bool    // parts are to be as large as each other, whatever that costs
	memo   memo
	muxes  []multiplexer
	others []multiplexer // of the try before
	last   []int32       // by temporary: the last multiplexer that looks at it
	place  []uint32
	spare  []uint32
	placed uint32 // how many places there are
	path   []int32
	order  []int32
	codes  [2]codeMemory // of the codes of try, in turns

	most    int  // bits of a code
	tooLong bool // a code would have more
}

const (
	maxCode   = 16 // bits
	maxLeaves = 1 << 14
)

// codeMemory is what codes are made in.
type codeMemory struct {
	planes arena[uint32]
	leaf   arena[int32]
}

// cnode is a node of the tree while it is compiled. A child < 0 is leaf ^child.
type cnode struct {
	left, right int32
	leaves      int32
	plane       uint32 // of its question
}

// leaves that hang on n.
func (c *circuits) leaves(n int32) int32 {
	if n < 0 {
		return 1
	}
	return c.nodes[n].leaves
}

// compile gives the code of the tree with this root. Its multiplexers are in c.muxes; those planes of theirs that are
// temporary are numbered from 0 and are placed in the order of c.muxes: see allocate. The code is good until the next call.
func (c *circuits) compile(root int32) code {
	sum := c.try(root, maxCode)
	if c.tooLong || len(sum.planes) <= 8 {
		return sum
	}
	// Shorter codes are better than fewer multiplexers: a byte than two, and small tables of values than large ones.
	c.muxes, c.others = c.others, c.muxes
	c.even = true
	even := c.try(root, len(sum.planes)-1)
	c.even = false
	if !c.tooLong {
		return even
	}
	c.tooLong = false
	c.muxes, c.others = c.others, c.muxes
	return sum
}

// try compiles the tree into a code of up to most bits; if that is too few c.tooLong is set.
func (c *circuits) try(root int32, most int) code {
	c.most = most
	c.memo.reset()
	c.codes[0], c.codes[1] = c.codes[1], c.codes[0]
	c.codes[0].planes.reset()
	c.codes[0].leaf.reset()
	c.muxes = c.muxes[:0]
	c.nodes = append(c.nodes[:0], c.loaded...)
	return c.encode(root, bits.Len32(uint32(c.leaves(root)-1))+1)
}

// encode codes the part with this root, with that many bits if it goes well.
func (c *circuits) encode(root int32, budget int) code {
	if root < 0 || c.tooLong {
		return c.newCode(nil, ^root)
	}
	budget = max(budget, bits.Len32(uint32(c.leaves(root)-1)))
	reach, v, rest := c.cut(root, int32(1)<<(budget-1))
	a := c.encode(rest, budget-1)
	b := c.encode(v, budget-1)
	if reach.not {
		a, b = b, a
	}
	if len(a.planes) == 0 && len(b.planes) == 0 {
		planes := c.codes[0].planes.take(1)
		planes[0] = reach.plane
		return c.newCode(planes, a.leaf[0], b.leaf[0])
	}
	n := max(len(a.planes), len(b.planes))
	if n == c.most || c.tooLong {
		c.tooLong = true
		return c.newCode(nil, 0)
	}
	sum := code{planes: c.codes[0].planes.take(n + 1)[:0], leaf: c.codes[0].leaf.take(2 << n)}
	for i := range n {
		switch {
		case i >= len(a.planes):
			sum.planes = append(sum.planes, b.planes[i])
		case i >= len(b.planes):
			sum.planes = append(sum.planes, a.planes[i])
		default:
			sum.planes = append(sum.planes, c.mux(reach.plane, a.planes[i], b.planes[i]))
		}
	}
	sum.planes = append(sum.planes, reach.plane)
	repeat(sum.leaf[:1<<n], a.leaf)
	repeat(sum.leaf[1<<n:], b.leaf)
	return sum
}

// repeat fills to with copies of of.
func repeat(to, of []int32) {
	for len(to) > 0 {
		to = to[copy(to, of):]
	}
}

func (c *circuits) newCode(planes []uint32, leaves ...int32) code {
	leaf := c.codes[0].leaf.take(len(leaves))
	copy(leaf, leaves)
	return code{planes, leaf}
}

// cut chooses v, at most `most` leaves if possible, cuts it off and gives the bit of the rows that reach it, v, and the
// root of what is left.
func (c *circuits) cut(root int32, most int32) (reach literal, v, rest int32) {
	c.choose(root, most)
	var at int32
	for i, n := range c.path {
		at = n
		nd := &c.nodes[at]
		answer := literal{nd.plane, !c.right(at)}
		v = c.larger(at)
		if i == 0 {
			reach = answer
		} else {
			reach = c.and(reach, answer)
		}
	}
	parent := &c.nodes[at]
	rest = parent.left + parent.right - v // its sibling
	if len(c.path) == 1 {
		return reach, v, rest
	}
	gone := c.leaves(v)
	for _, n := range c.path[:len(c.path)-1] {
		c.nodes[n].leaves -= gone
	}
	above := &c.nodes[c.path[len(c.path)-2]]
	if above.left == at {
		above.left = rest
	} else {
		above.right = rest
	}
	return reach, v, root
}

// choose makes c.path the nodes from root to the parent of v.
func (c *circuits) choose(root int32, most int32) {
	all := c.leaves(root)
	apart := func(n int32) int32 { return max(n, all-n) } // leaves of the larger part
	c.path = append(c.path[:0], root)
	at := root
	for {
		v := c.larger(at)
		n := c.leaves(v)
		if !c.even && n <= most {
			return
		}
		if c.even && n <= (all+1)/2 {
			if at != root && apart(c.leaves(at)) < apart(n) {
				c.path = c.path[:len(c.path)-1]
			}
			return
		}
		at = v
		c.path = append(c.path, at)
	}
}

// right says whether the right child of n is the larger one.
func (c *circuits) right(n int32) bool { return c.leaves(c.nodes[n].right) > c.leaves(c.nodes[n].left) }

// larger is the child of n with more leaves.
func (c *circuits) larger(n int32) int32 {
	if c.right(n) {
		return c.nodes[n].right
	}
	return c.nodes[n].left
}

// and of two literals.
func (c *circuits) and(a, b literal) literal {
	switch {
	case a.not && b.not:
		return literal{c.mux(a.plane, b.plane, ones), true}
	case a.not:
		return literal{c.mux(a.plane, b.plane, zeros), false}
	case b.not:
		return literal{c.mux(b.plane, a.plane, zeros), false}
	}
	return literal{c.mux(a.plane, zeros, b.plane), false}
}

// mux gives the plane of a multiplexer, which is made only if there is none like it.
func (c *circuits) mux(on, zero, one uint32) uint32 {
	if zero == one {
		return zero
	}
	if zero == zeros && one == ones {
		return on
	}
	next := temporary + uint32(len(c.muxes))
	m := c.memo.find(multiplexer{on: on, zero: zero, one: one, to: next})
	if m.to == next {
		c.muxes = append(c.muxes, m)
	}
	return m.to
}

// allocate gives the temporary planes places from first on, which are used again when nobody looks at them any more, and
// writes them into the multiplexers and the code. Afterwards c.placed places are needed for all circuits so far.
func (c *circuits) allocate(sum *code, first uint32) {
	c.last = append(c.last[:0], make([]int32, len(c.muxes))...)
	look := func(plane uint32, at int) {
		if plane >= temporary {
			c.last[plane-temporary] = int32(at)
		}
	}
	for i, m := range c.muxes {
		look(m.on, i)
		look(m.zero, i)
		look(m.one, i)
	}
	for _, p := range sum.planes {
		look(p, len(c.muxes))
	}
	c.place = append(c.place[:0], make([]uint32, len(c.muxes))...)
	c.spare = c.spare[:0]
	taken := uint32(0)
	placed := func(plane uint32) uint32 {
		if plane >= temporary {
			return first + c.place[plane-temporary]
		}
		return plane
	}
	for i := range c.muxes {
		m := &c.muxes[i]
		read := [3]uint32{m.on, m.zero, m.one}
		m.on, m.zero, m.one = placed(m.on), placed(m.zero), placed(m.one)
		for j, plane := range read {
			if plane >= temporary && c.last[plane-temporary] == int32(i) && plane != read[(j+1)%3] && plane != read[(j+2)%3] {
				c.spare = append(c.spare, c.place[plane-temporary])
			}
		}
		if n := len(c.spare); n > 0 {
			c.place[i], c.spare = c.spare[n-1], c.spare[:n-1]
		} else {
			c.place[i] = taken
			taken++
		}
		m.to = first + c.place[i]
	}
	for i, p := range sum.planes {
		sum.planes[i] = placed(p)
	}
	c.placed = max(c.placed, taken)
}
