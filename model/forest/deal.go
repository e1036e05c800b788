package forest

import "math"

// deck is the rows of a block while they go down a tree.
type deck struct {
	rows  []uint16 // each node and leaf has a run of them
	spare []uint16 // those that go right, while a run is dealt out
	hands []hand   // runs that wait; they are disjoint and not empty, so that there are never more than rows
}

// hand is a run of rows, and the node (or leaf) that they have come to.
type hand struct {
	node       int32
	first, end int
}

func newDeck(rows int) deck {
	return deck{rows: make([]uint16, rows), spare: make([]uint16, rows), hands: make([]hand, 0, rows+1)}
}

// deal finds the leaf of n rows, at most a block, in each tree, one tree after another. It tells found of each leaf (counted
// over the whole forest) which rows end there.
func (r *Reference) deal(s *scratch, x []float64, n int, found func(t, leaf int, rows []uint16)) {
	r.fill(s, x, n)
	f, d := r.f, &s.deck
	for t := range f.Trees {
		tr := &f.Trees[t]
		for i := range n {
			d.rows[i] = uint16(i)
		}
		d.hands = append(d.hands[:0], hand{tr.Root, 0, n})
		for len(d.hands) > 0 {
			h := d.hands[len(d.hands)-1]
			d.hands = d.hands[:len(d.hands)-1]
			for h.node >= 0 && h.first < h.end {
				nd := &f.Nodes[h.node]
				column := int(r.place[nd.Feature]) * r.block
				middle := h.first + f.split(nd, s.columns[column:column+n], d.rows[h.first:h.end], d.spare)
				if middle < h.end {
					d.hands = append(d.hands, hand{nd.Right, middle, h.end})
				}
				h.node, h.end = nd.Left, middle
			}
			if h.first < h.end {
				found(t, int(tr.FirstLeaf+^h.node), d.rows[h.first:h.end])
			}
		}
	}
}

// fill puts the used features of n rows into columns, as the trees look at them.
func (r *Reference) fill(s *scratch, x []float64, n int) {
	width := len(r.f.Features)
	for i := range n {
		row := x[i*width : (i+1)*width]
		for j, feature := range r.used {
			s.columns[j*r.block+i] = r.f.Prepare(row[feature])
		}
	}
}

// dealtLinearValue is Forest.LinearValue for a row of the columns.
func (r *Reference) dealtLinearValue(s *scratch, leaf int, row uint16) float64 {
	l := r.f.Linear
	v := l.Const[leaf]
	for i := l.Start[leaf]; i < l.Start[leaf+1]; i++ {
		c := s.columns[int(r.place[l.Feature[i]])*r.block+int(row)]
		if c != c {
			return r.f.Leaves[leaf]
		}
		v += float64(l.Coeff[i] * c) // see LinearValue
	}
	return v
}

// split puts the rows that go left at a node before those that go right, keeps the order otherwise, and says how many go
// left. column holds the node's feature, row after row.
//
// The common questions have loops of their own, without a branch on the value.
func (f *Forest) split(nd *Node, column []float64, rows, spare []uint16) int {
	if t, nanLeft, ok := nd.atMost(); ok {
		if nanLeft {
			return splitNotAbove(t, column, rows, spare)
		}
		return splitAtMost(t, column, rows, spare)
	}
	if nd.Op == InSet && f.Sets[nd.Set].Known < 0 {
		return f.splitSet(nd, column, rows, spare)
	}
	left, right := 0, 0
	for _, row := range rows {
		if f.goesLeft(nd, column[row]) {
			rows[left] = row
			left++
		} else {
			spare[right] = row
			right++
		}
	}
	copy(rows[left:], spare[:right])
	return left
}

// atMost puts a node's question as "x <= t, or x is NaN and nanLeft", if it can be put so.
func (nd *Node) atMost() (t float64, nanLeft, ok bool) {
	t = nd.Threshold
	switch {
	case nd.Op > Less || nd.Missing == MissingZero:
		return 0, false, false
	case nd.Op == Less && t == math.Inf(-1):
		return 0, false, false // nothing is less
	case nd.Op == Less:
		t = math.Nextafter(t, math.Inf(-1))
	}
	if nd.Missing == MissingNone {
		return t, 0 <= t, true
	}
	return t, nd.DefaultLeft, true
}

func splitAtMost(t float64, column []float64, rows, spare []uint16) int {
	left, right := 0, 0
	spare = spare[:len(rows)]
	for _, row := range rows {
		goes := 0
		if column[row] <= t {
			goes = 1
		}
		rows[left], spare[right] = row, row
		left += goes
		right += 1 - goes
	}
	copy(rows[left:], spare[:right])
	return left
}

func splitNotAbove(t float64, column []float64, rows, spare []uint16) int {
	left, right := 0, 0
	spare = spare[:len(rows)]
	for _, row := range rows {
		above := 0
		if column[row] > t {
			above = 1
		}
		rows[left], spare[right] = row, row
		left += 1 - above
		right += above
	}
	copy(rows[left:], spare[:right])
	return left
}

// splitSet is for sets without a list of what is known.
func (f *Forest) splitSet(nd *Node, column []float64, rows, spare []uint16) int {
	s := &f.Sets[nd.Set]
	words := f.Words[s.First : s.First+s.Len]
	low := -1.0 // exclusive
	if s.Positive {
		low = -math.SmallestNonzeroFloat64
	}
	nan := 0
	if nd.Missing == MissingNaN && nd.DefaultLeft {
		nan = 1
	}
	left, right := 0, 0
	spare = spare[:len(rows)]
	for _, row := range rows {
		goes := 0
		if v := column[row]; v > low && v < 1<<31 {
			if c := uint32(v); c>>5 < uint32(len(words)) {
				goes = int(words[c>>5] >> (c & 31) & 1)
			}
		} else if v != v {
			goes = nan
		}
		rows[left], spare[right] = row, row
		left += goes
		right += 1 - goes
	}
	copy(rows[left:], spare[:right])
	return left
}
