package engine

import (
	"math"
	"slices"
)

const (
	// blockRows is how many rows a block has at most: with a bit a row, a plane is a cache line.
	blockRows = 512
	wideWords = blockRows / 64
	// columnApart is from column to column of a block: rows would all be in one set of a cache if it were a power of two.
	columnApart = blockRows + 8
	// together is how many trees' leaves are added up in one go, each sum being read and written once.
	together = 8
)

// block is the memory of one call, and the rows at hand.
type block struct {
	p        *program
	kernel   *kernel
	rows     int
	words    int // of a plane: wideWords, or 1 for up to 64 rows
	planes   []uint64
	class    [blockRows]uint32
	column   [blockRows]float64
	columns  []float64 // of the features in use, if they come in rows, and one of what is not in use
	turns    []turning // nil if columns are made value by value
	matrices [256]uint64
	buffer   [blockRows]uint64
	low      [together][blockRows]byte // the codes, by tree
	high     [together][blockRows]byte
	wide     [together][blockRows]uint16 // both, put together
	single   *sums[float32]
	double   *sums[float64]
	walker   walker
	laner    *laner    // nil if rows do not go by lanes
	row      []float64 // one row, for linear leaves and terms
}

// table is what the rows are in: the value of feature j in row i is x[j*feature+i*row].
type table struct {
	x            []float64
	feature, row int
}

func newBlock(p *program, k *kernel) *block {
	b := &block{p: p, kernel: k, planes: make([]uint64, p.planes*wideWords)}
	b.single, b.double = newSums[float32](p.atOnce(p.values32 != nil)), newSums[float64](p.atOnce(p.values != nil))
	if p.walk != nil {
		b.walker = newWalker(p)
	}
	if p.lanes != nil && k.laned > 0 {
		b.laner = newLaner(p.lanes)
	}
	if len(p.rowOf) > 0 || p.walk == nil {
		b.row = make([]float64, len(p.f.Features))
	}
	return b
}

// plane n.
func (b *block) plane(n int32) []uint64 { return b.planes[int(n)*b.words : (int(n)+1)*b.words] }

// start answers all questions about rows of t, from first on.
func (b *block) start(t table, first, rows int) {
	b.rows, b.words = rows, wideWords
	if rows <= 64 {
		b.words = 1
	}
	clear(b.plane(zeros))
	for i := range b.plane(ones) {
		b.plane(ones)[i] = ^uint64(0)
	}
	p := b.p
	if t.row > 1 && len(p.used) > 0 {
		b.turn(t, first)
	}
	column := func(feature, place int) []float64 {
		if t.row > 1 {
			return b.columns[place*columnApart:]
		}
		return t.x[feature*t.feature+first:]
	}
	for i := range p.ordered {
		c := &p.ordered[i]
		c.fill(b, column(c.feature, c.place))
	}
	for _, c := range p.classes {
		c.fill(b, column(c.feature, c.place))
	}
}

// turning are eight features that are made columns together.
type turning struct {
	first int
	to    [8]int32 // bytes: see kernel.turn
}

// newTurns makes them for all features in use. The last ones begin early enough to have eight.
func newTurns(p *program) []turning {
	features := len(p.f.Features)
	if features < 8 || (len(p.used)+1)*columnApart*8 > math.MaxInt32 {
		return nil
	}
	var turns []turning
	used := p.used
	for first := 0; len(used) > 0; first += 8 {
		t := turning{first: min(first, features-8)}
		for i := range t.to {
			place, ok := slices.BinarySearch(p.used, int32(t.first+i))
			if !ok {
				place = len(p.used)
			}
			t.to[i] = int32(place * columnApart * 8)
		}
		n := 0
		for n < len(used) && int(used[n]) < t.first+8 {
			n++
		}
		if n > 0 {
			turns = append(turns, t)
		}
		used = used[n:]
	}
	return turns
}

// turn makes columns of rows, which is one way through them, and not one for each feature.
func (b *block) turn(t table, first int) {
	if b.columns == nil {
		b.columns = make([]float64, (len(b.p.used)+1)*columnApart)
		if b.kernel.turn != nil {
			b.turns = newTurns(b.p)
		}
	}
	rows := 0
	if b.turns != nil && b.rows >= 8 {
		rows = b.rows &^ 7
		for i := range b.turns {
			n := &b.turns[i]
			b.kernel.turn(b.columns, &n.to, t.x[first*t.row+n.first:], t.row, rows)
		}
	}
	for i := rows; i < b.rows; i++ {
		row := t.x[(first+i)*t.row:]
		to := b.columns[i:]
		for place, j := range b.p.used {
			to[place*columnApart] = row[j]
		}
	}
}

// code writes the codes of the rows, in a tree, to the memory of the n-th tree.
func (b *block) code(t *tree, n int) {
	p := b.p
	muxes := p.muxes[t.firstMux : t.firstMux+t.muxes]
	low := (*[8]uint32)(p.codes[t.firstCode:])
	if b.words == 1 {
		multiplexWord(b.planes, muxes)
		spreadWord(b.low[n][:64], b.planes, low)
		if t.bits > 8 {
			spreadWord(b.high[n][:64], b.planes, (*[8]uint32)(p.codes[t.firstCode+8:]))
		}
		return
	}
	b.kernel.multiplex(b.planes, muxes)
	b.kernel.spread(&b.low[n], b.planes, low)
	if t.bits > 8 {
		b.kernel.spread(&b.high[n], b.planes, (*[8]uint32)(p.codes[t.firstCode+8:]))
	}
}

// leaf of row i, after code, in the n-th tree, counted over the whole forest.
func (b *block) leaf(t *tree, n, i int) int32 {
	code := int(b.low[n][i])
	if t.bits > 8 {
		code |= int(b.high[n][i]) << 8
	}
	return b.p.leaf[t.firstLeaf+code]
}

// margins evaluates rows that start was called for. out has theirs only.
func (b *block) margins(t table, first int, out []float64) {
	p := b.p
	f := p.f
	b.startSums(t, first, out)
	switch {
	case p.values32 != nil:
		sumTrees(b, b.single, p.values32, adders[float32]{b.kernel.add32, b.kernel.add32, b.kernel.addWide32}, out)
	case p.values != nil:
		sumTrees(b, b.double, p.values, adders[float64]{b.kernel.add64, b.kernel.addFew64, b.kernel.addWide64}, out)
	case f.LeafWidth > 1:
		b.vectors(out)
	default:
		b.linears(t, first, out)
	}
	f.EndSums(out)
}

// startSums writes what the sums of all rows start with.
func (b *block) startSums(t table, first int, out []float64) {
	f := b.p.f
	if f.Terms == nil && f.Base == nil {
		clear(out)
		return
	}
	for i := range b.rows {
		if f.Terms != nil {
			b.fetch(t, first+i)
		}
		f.StartSums(out[i*f.Outputs:(i+1)*f.Outputs], b.row)
	}
}

// gather gives a whole row; of features that no node looks at it may have what another row had.
func (b *block) gather(t table, row int) []float64 {
	for _, j := range b.p.used {
		b.row[j] = t.x[int(j)*t.feature+row*t.row]
	}
	b.fetch(t, row)
	return b.row
}

// fetch takes a row, as it comes, from t.
func (b *block) fetch(t table, row int) {
	for _, j := range b.p.rowOf {
		b.row[j] = t.x[int(j)*t.feature+row*t.row]
	}
}

// widen makes codes of two bytes of those of the n-th tree.
func (b *block) widen(t *tree, n int) {
	high := &b.high[n]
	if t.bits <= 8 {
		high = &noBytes
	}
	b.kernel.widen(&b.wide[n], &b.low[n], high)
}

var noBytes [blockRows]byte

// vectors adds up leaves of a value for every output, of very many.
func (b *block) vectors(out []float64) {
	k := b.p.f.Outputs
	for t := range b.p.trees {
		tr := &b.p.trees[t]
		b.code(tr, 0)
		for i := range b.rows {
			b.p.f.AddLeaf(out[i*k:(i+1)*k], tr.number, int(b.leaf(tr, 0, i)), nil)
		}
	}
}

// linears adds up leaves that have linear models.
func (b *block) linears(t table, first int, out []float64) {
	f := b.p.f
	for n := range b.p.trees {
		tr := &b.p.trees[n]
		b.code(tr, 0)
		for i := range b.rows {
			b.fetch(t, first+i)
			for _, j := range b.p.rowOf {
				b.row[j] = f.Prepare(b.row[j])
			}
			f.AddLeaf(out[i*f.Outputs:(i+1)*f.Outputs], tr.number, int(b.leaf(tr, 0, i)), b.row)
		}
	}
}

// leaves writes the leaf of every row and tree, row after row.
func (b *block) leaves(out []int32) {
	f := b.p.f
	n := len(f.Trees)
	for t := range b.p.trees {
		tr := &b.p.trees[t]
		b.code(tr, 0)
		for i := range b.rows {
			leaf := b.leaf(tr, 0, i)
			id := leaf - f.Trees[tr.number].FirstLeaf
			if f.LeafIDs != nil {
				id = f.LeafIDs[leaf]
			}
			out[i*n+tr.number] = id
		}
	}
}
