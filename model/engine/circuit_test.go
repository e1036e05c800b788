package engine

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/internal/forestgen"
)

// treeOf makes a valid forest of one tree of that shape. Node i asks question ask(i, its depth).
func treeOf(tb testing.TB, s *forestgen.Sprouted, ask func(node, depth int) int) *forest.Forest {
	tb.Helper()
	const features = 32
	f := &forest.Forest{Features: make([]forest.Feature, features), Outputs: 1, LeafWidth: 1}
	grow(f, s, func(node, depth int) forest.Node {
		q := ask(node, depth)
		return forest.Node{Feature: int32(q % features), Threshold: float64(q)}
	})
	if err := f.Validate(); err != nil {
		tb.Fatal(err)
	}
	return f
}

// grow adds a tree to a forest. Leaf l is worth l + 1/2.
func grow(f *forest.Forest, s *forestgen.Sprouted, node func(node, depth int) forest.Node) {
	n := len(s.Left)
	tr := forest.Tree{FirstNode: int32(len(f.Nodes)), FirstLeaf: int32(len(f.Leaves)), NumNodes: int32(n), NumLeaves: int32(n + 1)}
	local := func(child int32) int32 {
		if child < 0 {
			return child
		}
		return child + tr.FirstNode
	}
	if tr.Root = tr.FirstNode; n == 0 {
		tr.Root = -1
	}
	for i := range n {
		nd := node(i, s.Depth[i])
		nd.Left, nd.Right = local(s.Left[i]), local(s.Right[i])
		f.Nodes = append(f.Nodes, nd)
	}
	f.Trees = append(f.Trees, tr)
	for l := range n + 1 {
		f.Leaves = append(f.Leaves, float64(l)+0.5)
	}
}

func ownQuestion(node, _ int) int { return node }

// TestOblivious: a tree of one question a level needs no multiplexer, its answers are the code.
func TestOblivious(t *testing.T) {
	for depth := range 11 {
		f := treeOf(t, forestgen.Sprout(forestgen.Oblivious, 1<<depth, source(1)), func(_, depth int) int { return depth })
		p, err := compile(f)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.muxes) > 0 || p.trees[0].bits != depth {
			t.Errorf("depth %d: %d multiplexers, %d bits", depth, len(p.muxes), p.trees[0].bits)
		}
	}
}

// TestCodes: codes of usual trees fit into a byte, and multiplexers are not many more than nodes.
func TestCodes(t *testing.T) {
	r := source(1)
	for _, c := range []struct {
		shape  forestgen.Shape
		leaves int
		bits   int
		muxes  float64 // for each node
	}{
		{forestgen.Balanced, 128, 7, 1}, {forestgen.Balanced, 100, 8, 1}, {forestgen.Balanced, 255, 8, 1},
		{forestgen.Lopsided, 64, 8, 1.5}, {forestgen.Chain, 256, 8, 3}, {forestgen.Ragged, 31, 8, 1.7},
	} {
		for range 20 {
			leaves := c.leaves - r.IntN(c.leaves/4)
			p, err := compile(treeOf(t, forestgen.Sprout(c.shape, leaves, r), ownQuestion))
			if err != nil {
				t.Fatal(err)
			}
			if p.trees[0].bits > c.bits || float64(len(p.muxes)) > c.muxes*float64(leaves) {
				t.Errorf("shape %d of %d leaves: %d bits, %d multiplexers", c.shape, leaves, p.trees[0].bits, len(p.muxes))
			}
		}
	}
}

// TestTooLarge: what is too large or too deep is refused, and costs no memory to speak of; what is just small enough is right.
func TestTooLarge(t *testing.T) {
	if raceEnabled {
		t.Skip("nothing here is concurrent, and all of it is large")
	}
	r := source(1)
	for _, c := range []struct {
		name   string
		shape  forestgen.Shape
		leaves int
		takes  bool
	}{
		{"a chain", forestgen.Chain, maxLeaves, true},
		{"a leaf too many", forestgen.Balanced, maxLeaves + 1, false},
		{"a chain of a leaf too many", forestgen.Chain, maxLeaves + 1, false},
		{"balanced", forestgen.Balanced, maxLeaves, true},
		{"far too deep for a code", forestgen.Lopsided, maxLeaves, false},
		{"a million leaves", forestgen.Chain, 1 << 20, false},
	} {
		f := treeOf(t, forestgen.Sprout(c.shape, c.leaves, r), ownQuestion)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		p, err := compile(f)
		runtime.ReadMemStats(&after)
		if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; mib > uint64(64+c.leaves>>11) {
			t.Errorf("%s: %d MiB", c.name, mib)
		}
		switch {
		case c.takes && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.takes:
			holdTree(t, c.name, p, f, r)
		case fault.CodeOf(err) != fault.TooLarge:
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// holdTree holds the portable engine to the reference, by blocks and by walks.
func holdTree(t *testing.T, name string, p *program, f *forest.Forest, r *rand.Rand) {
	t.Helper()
	const rows = 70
	x := forestgen.Bulk(f, rows, r)
	want := ofRows(forest.NewReference(f), f, x, rows)
	ofRows(newEngine(p, always(&portable, " by blocks", 0, 64)), f, x, rows).hold(t, f, want, name)
	ofRows(newEngine(p, always(&portable, " by walks", math.MaxInt, 64)), f, x, rows).hold(t, f, want, name)
}

// TestTooManyQuestions: more questions than planes are refused.
func TestTooManyQuestions(t *testing.T) {
	f := &forest.Forest{Features: make([]forest.Feature, 8), Outputs: 1, LeafWidth: 1}
	stump := forestgen.Sprout(forestgen.Balanced, 2, source(1))
	for i := range maxPlanes + 1 {
		grow(f, stump, func(int, int) forest.Node {
			return forest.Node{Feature: int32(i % 8), Threshold: float64(i)}
		})
	}
	if err := f.Validate(); err != nil {
		t.Fatal(err)
	}
	if _, err := compile(f); fault.CodeOf(err) != fault.TooLarge {
		t.Errorf("%d questions: %v", maxPlanes+1, err)
	}
}

// TestTooManyCategories: categories and questions that would need large tables are refused.
func TestTooManyCategories(t *testing.T) {
	r := source(1)
	for _, c := range []struct {
		name        string
		sets, words int
		op          forest.Op
	}{
		{"a category beyond all tables", 1, maxCategories/32 + 1, forest.InSet},
		{"many categories, many sets", 300, 8192, forest.InSet},
		{"more kinds of categories than planes for them", 20, 4 * maxClasses / 32, forest.InSet},
		{"many equalities", 1 << 14, 0, forest.Equal},
	} {
		f := &forest.Forest{Features: []forest.Feature{{Name: "colour"}}, Outputs: 1, LeafWidth: 1}
		f.Words = make([]uint32, c.words)
		for w := range f.Words {
			f.Words[w] = r.Uint32()
		}
		stump := forestgen.Sprout(forestgen.Balanced, 2, r)
		for i := range c.sets {
			if c.op == forest.InSet { // the sets are the same words, from different ones on
				f.Sets = append(f.Sets, forest.Set{First: int32(i), Len: int32(c.words - i), Known: -1})
			}
			grow(f, stump, func(int, int) forest.Node {
				return forest.Node{Op: c.op, Set: int32(i), Threshold: float64(i)}
			})
		}
		if err := f.Validate(); err != nil {
			t.Fatal(err)
		}
		_, err := compile(f)
		if fault.CodeOf(err) != fault.TooLarge {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestAllocate: the circuit says the same when planes have places, of which none is two planes' at once.
func TestAllocate(t *testing.T) {
	r := source(1)
	for range rounds(2000) {
		const first = 20 // planes that are there before
		c := &circuits{}
		n := r.IntN(60)
		plane := func(made int) uint32 {
			if back := 1 + r.IntN(12); back <= made && r.IntN(4) > 0 {
				return temporary + uint32(made-back)
			}
			return uint32(r.IntN(first))
		}
		for i := range n {
			c.muxes = append(c.muxes, multiplexer{on: plane(i), zero: plane(i), one: plane(i), to: temporary + uint32(i)})
		}
		sum := code{}
		for range r.IntN(9) {
			sum.planes = append(sum.planes, plane(n))
		}
		words := randomWords(r, first)
		want := simulate(append([]multiplexer(nil), c.muxes...), sum.planes, words, n)
		c.allocate(&sum, first)
		if int(c.placed) > n {
			t.Fatalf("%d places for %d planes", c.placed, n)
		}
		memory := append(append([]uint64(nil), words...), randomWords(r, int(c.placed))...)
		for _, m := range c.muxes {
			if m.to < first {
				t.Fatalf("plane %d, which was there before, is written", m.to)
			}
			memory[m.to] = memory[m.on]&memory[m.one] | memory[m.zero]&^memory[m.on]
		}
		for i, p := range sum.planes {
			if memory[p] != want[i] {
				t.Fatalf("bit %d of the code is another when planes have places; of %d multiplexers", i, n)
			}
		}
	}
}

// simulate gives the planes of a code that has no places yet.
func simulate(muxes []multiplexer, of []uint32, words []uint64, n int) []uint64 {
	made := make([]uint64, n)
	value := func(plane uint32) uint64 {
		if plane >= temporary {
			return made[plane-temporary]
		}
		return words[plane]
	}
	for i, m := range muxes {
		made[i] = value(m.on)&value(m.one) | value(m.zero)&^value(m.on)
	}
	var out []uint64
	for _, p := range of {
		out = append(out, value(p))
	}
	return out
}

// TestPlaces: a tree's planes are few, because they use places again.
func TestPlaces(t *testing.T) {
	c := &circuits{}
	f := treeOf(t, forestgen.Sprout(forestgen.Balanced, 256, source(1)), ownQuestion)
	all, asks := ask(f)
	p := &program{f: f, planes: 2}
	if err := p.group(all); err != nil {
		t.Fatal(err)
	}
	sum := c.compile(c.load(f, &f.Trees[0], all, asks))
	c.allocate(&sum, uint32(p.planes))
	if c.placed > 64 {
		t.Errorf("%d places for %d multiplexers", c.placed, len(c.muxes))
	}
}
