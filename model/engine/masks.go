package engine

import (
	"math/bits"

	"github.com/glulam/glulam/model/forest"
)

// A row by itself and a small program have another way yet, QuickScorer's (Lucchese et al., SIGIR 2015) without its loops over
// nodes. A tree is a word with a bit a leaf, from left to right. A node that sends a row right takes the leaves on its left
// away, and the leftmost one that is left is the row's. What all nodes of a column take away depends on the row's class in
// the column only, so each class has the words of all trees, and a row is the and of one such vector for each column.

// masks are those vectors.
type masks struct {
	trees   int      // in a vector: those of the forest, and ones that have all leaves up to a multiple of 32
	words   []uint32 // vector after vector
	ordered []int32  // by ordered column: its first vector, which is that of missing values
	classes []int32  // by column of classes: that of class 0
	last    []uint32 // by tree and bit: the leaf's question, as walks have it
}

const (
	maskLeaves = 32      // of a tree: a bit each
	maxMasks   = 1 << 17 // words: half a second-level cache
)

// newMasks makes the vectors; nil if the program is too large for them.
func newMasks(p *program, all []question, asks []int32) *masks {
	f := p.f
	vectors := 0
	m := &masks{trees: (len(f.Trees) + 31) / 32 * 32}
	for i := range p.ordered {
		m.ordered = append(m.ordered, int32(vectors))
		vectors += p.ordered[i].cuts + 2
	}
	for _, c := range p.classes {
		m.classes = append(m.classes, int32(vectors))
		vectors += c.count
	}
	if vectors == 0 || vectors*m.trees > maxMasks || len(f.Trees) == 0 {
		return nil
	}
	for t := range f.Trees {
		if f.Trees[t].NumLeaves > maskLeaves {
			return nil
		}
	}
	m.words = make([]uint32, vectors*m.trees)
	for i := range m.words {
		m.words[i] = ^uint32(0)
	}
	m.last = make([]uint32, maskLeaves*len(f.Trees))
	answers := p.classAnswers(m)
	for t := range f.Trees {
		l := lining{f: f, last: m.last[maskLeaves*t:], zeros: p.walk.zeros}
		l.visit(f.Trees[t].Root, func(node int32, left uint32) {
			for _, vector := range answers[all[asks[node]].plane] {
				m.words[int(vector)*m.trees+t] &^= left
			}
		})
	}
	return m
}

// classAnswers lists, by plane of a question, the vectors of the classes that go right.
func (p *program) classAnswers(m *masks) map[int32][]int32 {
	answers := map[int32][]int32{}
	right := func(plane, vector int32) { answers[plane] = append(answers[plane], vector) }
	for i := range p.ordered {
		c := &p.ordered[i]
		for place, r := range c.ranks {
			for cut := range r.cuts {
				right(c.first+2+int32(cut), m.ordered[i]+int32(place))
			}
			for n := range r.copies {
				right(c.copies[n].to, m.ordered[i]+int32(place))
			}
		}
	}
	for i, c := range p.classes {
		for class := range c.count {
			for n := range c.asked {
				if c.answers[class*c.words+n/64]>>(n%64)&1 == 1 {
					right(c.first+int32(c.count+n), m.classes[i]+int32(class))
				}
			}
		}
	}
	return answers
}

// lining numbers the leaves of a tree from left to right.
type lining struct {
	f     *forest.Forest
	last  []uint32 // by number: see masks
	zeros uint32
	next  int
}

// visit calls do for each node, with the leaves on its left. A tree has few leaves, so that it is not deep.
func (l *lining) visit(child int32, do func(node int32, left uint32)) {
	if child < 0 {
		l.last[l.next] = l.zeros + uint32(^child)
		l.next++
		return
	}
	nd := &l.f.Nodes[child]
	first := l.next
	l.visit(nd.Left, do)
	do(child, uint32(1)<<l.next-uint32(1)<<first)
	l.visit(nd.Right, do)
}

// sound says whether every place and class has a vector, and every bit of a leaf is one's of its tree.
func (m *masks) sound(p *program) bool {
	if len(m.ordered) != len(p.ordered) || len(m.classes) != len(p.classes) || m.trees%32 > 0 || m.trees < len(p.f.Trees) || len(m.last) != maskLeaves*len(p.f.Trees) {
		return false
	}
	within := func(first int32, n int) bool { return first >= 0 && (int(first)+n)*m.trees <= len(m.words) }
	for i, first := range m.ordered {
		if !within(first, p.ordered[i].cuts+2) {
			return false
		}
	}
	for i, first := range m.classes {
		if !within(first, p.classes[i].count) {
			return false
		}
	}
	for i, last := range m.last {
		if last != 0 && (last < p.walk.zeros || last-p.walk.zeros >= uint32(p.f.Trees[i/maskLeaves].NumLeaves)) {
			return false
		}
	}
	return true
}

// mask finds the leaf of each tree for a row of t, by slot: see walkTree.
func (b *block) mask(t table, row int) {
	p := b.p
	m := p.masks
	find := places
	if p.plain {
		find = b.kernel.places
	}
	find(b.walker.places, p.ordered, t, row)
	for i, first := range m.ordered {
		b.walker.vectors[i] = (first + int32(b.walker.places[i])) * int32(m.trees)
	}
	for i, first := range m.classes {
		c := p.classes[i]
		class := c.of.class(c.f.Prepare(t.x[c.feature*t.feature+row*t.row]))
		b.walker.vectors[len(m.ordered)+i] = (first + class) * int32(m.trees)
	}
	b.kernel.and(b.walker.masked, m.words, b.walker.vectors)
	for i, w := range p.walk.trees {
		b.walker.last[w.slot] = m.last[maskLeaves*i+bits.TrailingZeros32(b.walker.masked[i])&(maskLeaves-1)]
	}
}

// places finds, for a row of t, the place of its bit among the planes of each column.
func places(to []uint32, columns []ordered, t table, row int) {
	for i := range columns {
		c := &columns[i]
		to[i] = c.placeOf(t.x[c.feature*t.feature+row*t.row])
	}
}

// and makes each word of to the and of those words at the same place behind each of vectors.
func and(to, words []uint32, vectors []int32) {
	copy(to, words[vectors[0]:])
	for _, first := range vectors[1:] {
		of := words[first:][:len(to)]
		for i, w := range of {
			to[i] &= w
		}
	}
}
