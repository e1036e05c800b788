package engine

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"github.com/glulam/glulam/model/forest"
)

// A row by itself goes down 64 trees at a time where a processor has registers of 64 bytes, each tree in a lane of a byte. All
// nodes of a tree are visited, in pre-order: no lane waits for another, and none branches. A lane has v, which is the leaf that
// the row would end in if it went left from now on, less the first leaf of the node at hand, modulo 256:
//
//	v -= node.delta                                  // how far on this node's first leaf is from the last node's
//	if bins[node.column] > node.cut { v = max(v, node.left) }
//
// If the row comes to the node, v is 0, and going right makes it the number of leaves on the left. If it has gone past the node, v is
// at least its number of leaves, and so much that the maximum leaves it alone; if it was done before, v has wrapped around, and is that
// much, too.
//
// Bins are bytes: how many cuts of a column are below the row's value. Questions that are not of order have no bin. The words of
// such a column's class say which lanes go right, step by step, and those of all columns are or-ed.

// lanes are a forest laid out so. Trees are in the forest's order, tree n in lane n%64 of group n/64.
type lanes struct {
	columns []laneColumns
	starts  []uint32  // of all columns' searches
	cuts    []float64 // likewise; the first is nobody's
	groups  []laneGroup
	steps   []laneStep // group after group
	classes []int32    // by column of classes: the vector of class 0
	rights  []uint64   // vector after vector, of words words; nil if there are no classes
	words   int        // those of the steps, up to a multiple of 8
	// first is where a tree's first leaf is in the tables below, up to a multiple of 8 trees: those that are none have a value that adds
	// nothing. Leaves are in their order from left to right.
	first    []uint32
	leaf     []int32 // counted over the whole forest
	values   []float64
	values32 []float32
}

const (
	laneTrees   = 64
	laneLeaves  = 256
	laneCuts    = 254 // of a column: below them all is one more, and 255 is to the right of them
	laneRight   = 255
	lanesAtOnce = 8
	// maxLaneBins is how many columns two registers have bytes for.
	maxLaneBins = 128
	// maxRights is how many words of classes there are at most: 4 MB.
	maxRights = 1 << 19
	// What a step of 64 lanes takes, and a step of a walk, in about the same unit.
	laneCost, walkCost = 5, 2
)

// laneColumns are the searches of eight columns: see search.
type laneColumns struct {
	feature             [lanesAtOnce]uint64
	scale, offset, last [lanesAtOnce]float64 // last: the last bucket, first52 and its number being the bits
	low, high           [lanesAtOnce]float64 // values above low, up to high, are missing, as NaN is
	start, sorted       [lanesAtOnce]uint32  // where the columns' parts of starts and cuts begin
	half, none          [lanesAtOnce]uint32  // none: the bin of what is missing
	turns               uint64               // of halves, of the column that has most
}

// laneGroup are 64 trees.
type laneGroup struct {
	steps uint64
	last  [laneTrees]byte // the first leaf of each tree's last node
}

// laneStep is a node of each of 64 trees, or nothing for those that have no more: a cut of laneRight.
type laneStep struct{ column, cut, delta, left [laneTrees]byte }

// laneKey says which questions are bins of one column.
type laneKey struct {
	feature int32
	missing forest.Missing
	left    bool
}

// newLanes lays a forest out; nil if it cannot be, or would not gain by it.
func newLanes(p *program, all []question, asks []int32) *lanes {
	l, depth := layLanes(p, all, asks)
	if l == nil || laneCost*len(l.steps) > walkCost*depth {
		return nil
	}
	return l
}

// layLanes lays a forest out; nil if it cannot be. depth is how many steps a walk takes.
func layLanes(p *program, all []question, asks []int32) (l *lanes, depth int) {
	f := p.f
	for t := range f.Trees {
		if f.Trees[t].NumLeaves > laneLeaves {
			return nil, 0
		}
	}
	l = &lanes{cuts: []float64{0}}
	places := l.bin(p, all)
	if places == nil || len(f.Trees) == 0 {
		return nil, 0
	}
	g := laneLayout{l: l, f: f, asks: asks, places: places}
	for first := 0; first < len(f.Trees); first += laneTrees {
		g.group(first, min(first+laneTrees, len(f.Trees)))
	}
	if len(p.classes) > 0 && !l.right(p, g.sets) {
		return nil, 0
	}
	l.table(f)
	return l, g.depth
}

// lanePlace is where a question is answered: by a bin and a cut of its column, or by a column of classes.
type lanePlace struct {
	column, cut byte
	class       int32 // -1: none
	asked       int32 // which question of that column
}

// bin makes the columns; nil if there are too many.
func (l *lanes) bin(p *program, all []question) []lanePlace {
	places := make([]lanePlace, len(all))
	byPlane := map[int32]lanePlace{}
	for i, c := range p.classes {
		for n := range c.asked {
			byPlane[c.asked[n].plane] = lanePlace{class: int32(i), asked: int32(n)}
		}
	}
	columns := map[laneKey][]int{}
	var keys []laneKey
	for i := range all {
		q := &all[i]
		if at, ok := byPlane[q.plane]; ok {
			at.cut = laneRight
			places[i] = at
			continue
		}
		k := laneKey{q.key.feature, q.key.missing, q.key.left}
		if len(columns[k]) == 0 {
			keys = append(keys, k)
		}
		columns[k] = append(columns[k], i)
	}
	n := 0
	for _, k := range keys {
		asked := columns[k]
		slices.SortFunc(asked, func(a, b int) int { return cmp.Compare(all[a].cut, all[b].cut) })
		for len(asked) > 0 {
			if n == maxLaneBins {
				return nil
			}
			var cuts []float64
			for len(asked) > 0 {
				cut := all[asked[0]].cut
				if m := len(cuts); m == 0 || cuts[m-1] != cut {
					if m == laneCuts {
						break
					}
					cuts = append(cuts, cut)
				}
				places[asked[0]] = lanePlace{column: byte(n), cut: byte(len(cuts) - 1), class: -1}
				asked = asked[1:]
			}
			l.column(p, n, k, cuts)
			n++
		}
	}
	for ; n%lanesAtOnce > 0; n++ { // whatever is at hand
		c := &l.columns[n/lanesAtOnce]
		c.copy(n%lanesAtOnce, n%lanesAtOnce-1)
	}
	return places
}

// column adds the n-th column.
func (l *lanes) column(p *program, n int, k laneKey, cuts []float64) {
	if n%lanesAtOnce == 0 {
		l.columns = append(l.columns, laneColumns{})
	}
	c, i := &l.columns[n/lanesAtOnce], n%lanesAtOnce
	s := newSearch(cuts)
	c.feature[i] = uint64(k.feature)
	c.scale[i], c.offset[i] = s.scale, s.offset
	c.last[i] = math.Float64frombits(first52 + uint64(len(s.start)-1))
	c.low[i], c.high[i] = math.Inf(1), math.Inf(-1)
	switch k.missing {
	case forest.MissingNone: // NaN is compared as 0
		below, _ := slices.BinarySearch(cuts, 0)
		c.none[i] = uint32(below)
	case forest.MissingZero:
		c.low[i], c.high[i] = zeroBand(p.f)
		fallthrough
	default:
		if !k.left {
			c.none[i] = laneRight
		}
	}
	c.start[i], c.sorted[i] = uint32(len(l.starts)), uint32(len(l.cuts))
	l.starts, l.cuts = append(l.starts, s.start...), append(l.cuts, s.sorted...)
	c.half[i] = uint32(s.half)
	c.turns = max(c.turns, uint64(bits.Len(uint(s.half))))
}

// copy makes column to another one like from.
func (c *laneColumns) copy(to, from int) {
	c.feature[to] = c.feature[from]
	c.scale[to], c.offset[to], c.last[to] = c.scale[from], c.offset[from], c.last[from]
	c.low[to], c.high[to] = c.low[from], c.high[from]
	c.start[to], c.sorted[to], c.half[to], c.none[to] = c.start[from], c.sorted[from], c.half[from], c.none[from]
}

// laneLayout lays groups out.
type laneLayout struct {
	l      *lanes
	f      *forest.Forest
	asks   []int32
	places []lanePlace
	depth  int // steps that a walk takes
	sets   []laneSet
	// Of the tree at hand.
	first, lane, step int
	leaves            []int32 // met so far
	at                int32   // the first leaf of the last node
}

// laneSet is a node whose question is one of classes.
type laneSet struct {
	step  int32
	lane  byte
	class int32
	asked int32
}

func (g *laneLayout) group(first, end int) {
	steps := 0
	for t := first; t < end; t++ {
		steps = max(steps, int(g.f.Trees[t].NumNodes))
	}
	l := g.l
	g.first = len(l.steps)
	l.steps = append(l.steps, make([]laneStep, steps)...)
	for i := range l.steps[g.first:] {
		l.steps[g.first+i].cut = noCuts
	}
	l.groups = append(l.groups, laneGroup{steps: uint64(steps)})
	for t := first; t < end; t++ {
		g.lane, g.step, g.at = t-first, g.first, 0
		l.first = append(l.first, uint32(len(l.leaf)))
		g.leaves = l.leaf
		depth := 0
		g.visit(g.f.Trees[t].Root, g.f.Trees[t].FirstLeaf, 0, &depth)
		l.leaf = g.leaves
		g.depth += depth/int(g.f.Trees[t].NumLeaves) + 1
		l.groups[len(l.groups)-1].last[g.lane] = byte(g.at)
	}
}

var noCuts = [laneTrees]byte(slices.Repeat([]byte{laneRight}, laneTrees))

// visit lays out what is below a child, which is the number of leaves that have been met then. A tree has few leaves, so that it is not
// deep.
func (g *laneLayout) visit(child, firstLeaf int32, depth int, all *int) {
	if child < 0 {
		g.leaves = append(g.leaves, firstLeaf+^child)
		*all += depth
		return
	}
	l := g.l
	met := func() int32 { return int32(len(g.leaves)) - int32(l.first[len(l.first)-1]) }
	nd := &g.f.Nodes[child]
	place := g.places[g.asks[child]]
	first, step := met(), g.step
	s := &l.steps[step]
	s.column[g.lane], s.cut[g.lane], s.delta[g.lane] = place.column, place.cut, byte(first-g.at)
	if place.class >= 0 {
		g.sets = append(g.sets, laneSet{int32(step), byte(g.lane), place.class, place.asked})
	}
	g.at = first
	g.step++
	g.visit(nd.Left, firstLeaf, depth+1, all)
	l.steps[step].left[g.lane] = byte(met() - first)
	g.visit(nd.Right, firstLeaf, depth+1, all)
}

// right makes the vectors of classes; false if they are too many.
func (l *lanes) right(p *program, sets []laneSet) bool {
	l.words = (len(l.steps) + 7) / 8 * 8
	vectors := 0
	for _, c := range p.classes {
		l.classes = append(l.classes, int32(vectors))
		vectors += c.count
	}
	if vectors*l.words > maxRights {
		return false
	}
	l.rights = make([]uint64, vectors*l.words)
	for _, s := range sets {
		c := p.classes[s.class]
		at := int(l.classes[s.class])*l.words + int(s.step)
		for class := range c.count {
			l.rights[at+class*l.words] |= c.answers[class*c.words+int(s.asked)/64] >> (s.asked % 64) & 1 << s.lane
		}
	}
	return true
}

// table puts the leaves' values in their order. Leaves of several values, and linear ones, have none.
func (l *lanes) table(f *forest.Forest) {
	none := uint32(len(l.leaf))
	for len(l.first)%lanesAtOnce > 0 {
		l.first = append(l.first, none)
	}
	if f.LeafWidth > 1 || f.Linear != nil || f.Outputs > 1 {
		return
	}
	nothing := math.Copysign(0, -1) // which changes no sum
	if f.Sum == forest.Float32 {
		l.values32 = laneValues[float32](f, l.leaf, nothing)
	} else {
		l.values = laneValues[float64](f, l.leaf, nothing)
	}
}

func laneValues[T float32 | float64](f *forest.Forest, leaf []int32, nothing float64) []T {
	values := make([]T, 0, len(leaf)+1)
	for _, n := range leaf {
		values = append(values, T(f.Leaves[n]))
	}
	return append(values, T(nothing))
}

// sound says whether nothing goes beyond its table, and every tree ends at one of its leaves.
func (l *lanes) sound(p *program) bool {
	f := p.f
	for i := range l.columns {
		if !l.columns[i].sound(l, len(f.Features)) {
			return false
		}
	}
	if len(l.groups) != (len(f.Trees)+laneTrees-1)/laneTrees || len(l.columns) > maxLaneBins/lanesAtOnce || len(l.cuts) == 0 {
		return false
	}
	steps := l.steps
	for i := range l.groups {
		g := &l.groups[i]
		if g.steps > uint64(len(steps)) || !g.sound(steps[:g.steps], f.Trees[i*laneTrees:]) {
			return false
		}
		steps = steps[g.steps:]
	}
	return len(steps) == 0 && l.soundRights(p) && l.soundLeaves(f)
}

// sound says whether a row's searches stay in their tables. That a search finds what it should is not looked at here.
func (c *laneColumns) sound(l *lanes, features int) bool {
	for i := range lanesAtOnce {
		last := math.Float64bits(c.last[i]) - first52
		half := uint64(c.half[i])
		if c.feature[i] >= uint64(features) || last >= mostBuckets || half == 0 || half&(half-1) != 0 || c.none[i] > laneRight ||
			c.turns > 32 || uint64(bits.Len64(half)) > c.turns || c.sorted[i] == 0 || uint64(c.start[i])+last >= uint64(len(l.starts)) {
			return false
		}
		if uint64(c.sorted[i]) > uint64(len(l.cuts)) {
			return false
		}
		// No search comes past +Inf.
		infinite := func(v float64) bool { return v == math.Inf(1) }
		cuts := l.cuts[c.sorted[i]:]
		n := slices.IndexFunc(cuts, infinite)
		if n < 0 || n > laneCuts || uint64(n)+half > uint64(len(cuts)) || slices.ContainsFunc(cuts[n:n+int(half)], func(v float64) bool { return !infinite(v) }) ||
			slices.ContainsFunc(l.starts[c.start[i]:][:last+1], func(at uint32) bool { return int(at) > n }) {
			return false
		}
	}
	return true
}

// sound says whether the lanes of trees come from 0 to the number of leaves and nowhere else: v is followed as far as it can be from left to
// right.
func (g *laneGroup) sound(steps []laneStep, trees []forest.Tree) bool {
	for lane := range laneTrees {
		leaves := 1
		if lane < len(trees) {
			leaves = int(trees[lane].NumLeaves)
		}
		at := 0
		for i := range steps {
			s := &steps[i]
			at += int(s.delta[lane])
			if s.column[lane] >= maxLaneBins || at+int(s.left[lane]) >= leaves {
				return false
			}
		}
		if at != int(g.last[lane]) {
			return false
		}
	}
	return true
}

func (l *lanes) soundRights(p *program) bool {
	if len(p.classes) == 0 {
		return l.rights == nil
	}
	if len(l.classes) != len(p.classes) || l.words < len(l.steps) || l.words%8 > 0 {
		return false
	}
	for i, first := range l.classes {
		if first < 0 || (int(first)+p.classes[i].count)*l.words > len(l.rights) {
			return false
		}
	}
	return true
}

func (l *lanes) soundLeaves(f *forest.Forest) bool {
	if len(l.first) != (len(f.Trees)+lanesAtOnce-1)/lanesAtOnce*lanesAtOnce ||
		l.values != nil && len(l.values) != len(l.leaf)+1 || l.values32 != nil && len(l.values32) != len(l.leaf)+1 {
		return false
	}
	for t, first := range l.first {
		if t >= len(f.Trees) {
			if int(first) != len(l.leaf) {
				return false
			}
			continue
		}
		src := &f.Trees[t]
		if !within(int(first), int(src.NumLeaves), len(l.leaf)) {
			return false
		}
		for _, leaf := range l.leaf[first:][:src.NumLeaves] {
			if leaf < src.FirstLeaf || leaf-src.FirstLeaf >= src.NumLeaves {
				return false
			}
		}
	}
	return true
}

// laner is the memory of a row in lanes, and what lanes are gone through with.
type laner struct {
	bins [maxLaneBins]byte
	//lint:ignore U1000 lanes_amd64.s has the values there that are about to be added
	eight    [lanesAtOnce]float64
	groups   []laneGroup
	steps    []laneStep
	first    []uint32
	values   []float64
	values32 []float32
	adds     laneAdds
	double   float64  // the sum, with addsDouble
	single   float32  // and with addsSingle
	binned   uint64   // how many bins there are
	rights   []uint64 // by step; none if there are no classes
	ends     []byte   // by tree: the leaf, from left to right
	vectors  []int32  // of each column of classes, the first word
}

// laneAdds says which sum the values of the leaves are added to.
type laneAdds uint64

const (
	addsNothing laneAdds = iota
	addsDouble
	addsSingle
)

func newLaner(l *lanes) *laner {
	return &laner{
		groups: l.groups, steps: l.steps, first: l.first, values: l.values, values32: l.values32,
		binned: uint64(len(l.columns)) * lanesAtOnce, rights: make([]uint64, l.words), ends: make([]byte, len(l.groups)*laneTrees), vectors: make([]int32, len(l.classes)),
	}
}

// goLanes goes through the lanes with a row of t.
func (b *block) goLanes(t table, row int) {
	l, r := b.p.lanes, b.laner
	if len(l.columns) > 0 {
		b.kernel.bin(&r.bins, l, t, row)
	}
	for i, first := range l.classes {
		c := b.p.classes[i]
		class := c.of.class(c.f.Prepare(t.x[c.feature*t.feature+row*t.row]))
		r.vectors[i] = (first + class) * int32(l.words)
	}
	if len(r.rights) > 0 {
		b.kernel.or(r.rights, l.rights, r.vectors)
	}
	b.kernel.lanes(r)
}

// addsUp says whether lanes can add up the leaves of a row by themselves.
func (r *laner) addsUp() bool { return r != nil && (r.values != nil || r.values32 != nil) }

// sumLanes adds the leaves of a row of t to a sum.
func (b *block) sumLanes(t table, row int, sum float64) float64 {
	r := b.laner
	if r.values != nil {
		r.adds, r.double = addsDouble, sum
		b.goLanes(t, row)
		return r.double
	}
	r.adds, r.single = addsSingle, float32(sum)
	b.goLanes(t, row)
	return float64(r.single)
}

// findLanes finds the leaf of each tree, as find does.
func (b *block) findLanes(t table, row int) {
	b.laner.adds = addsNothing
	b.goLanes(t, row)
	for i, w := range b.p.walk.trees {
		leaf := b.p.lanes.leaf[b.laner.first[i]+uint32(b.laner.ends[i])]
		b.walker.last[w.slot] = uint32(leaf - w.leaf)
	}
}

// binLanes finds the bins of a row of t.
func binLanes(bins *[maxLaneBins]byte, l *lanes, t table, row int) {
	for n := range l.columns {
		c := &l.columns[n]
		for i := range lanesAtOnce {
			v := t.x[int(c.feature[i])*t.feature+row*t.row]
			last := int64(math.Float64bits(c.last[i]) - first52)
			place := l.starts[int(c.start[i])+bucket(v, c.scale[i], c.offset[i], last)]
			for half := c.half[i]; half > 0; half >>= 1 {
				place += half & -one(l.cuts[c.sorted[i]+place+half-1] < v)
			}
			if v != v || v > c.low[i] && v <= c.high[i] {
				place = c.none[i]
			}
			bins[n*lanesAtOnce+i] = byte(place)
		}
	}
}

// orWords makes each word of to the or of those words at the same place behind each of vectors.
func orWords(to, words []uint64, vectors []int32) {
	copy(to, words[vectors[0]:])
	for _, first := range vectors[1:] {
		for i, w := range words[first:][:len(to)] {
			to[i] |= w
		}
	}
}

// walkLanes goes through all lanes, and adds up what they end with.
func walkLanes(r *laner) {
	step := 0
	for i := range r.groups {
		g := &r.groups[i]
		var v [laneTrees]byte
		for range g.steps {
			s := &r.steps[step]
			right := uint64(0)
			if len(r.rights) > 0 {
				right = r.rights[step]
			}
			for lane := range v {
				v[lane] -= s.delta[lane]
				if r.bins[s.column[lane]] > s.cut[lane] || right>>lane&1 == 1 {
					v[lane] = max(v[lane], s.left[lane])
				}
			}
			step++
		}
		for lane := range v {
			r.ends[i*laneTrees+lane] = v[lane] + g.last[lane]
		}
	}
	switch r.adds {
	case addsDouble:
		for t, at := range r.first {
			r.double += r.values[at+uint32(r.ends[t])]
		}
	case addsSingle:
		for t, at := range r.first {
			r.single += r.values32[at+uint32(r.ends[t])]
		}
	}
}
