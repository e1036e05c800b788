package engine

import (
	"math"
	"slices"
	"testing"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/internal/forestgen"
)

// checked is a program with something in every table: trees of a byte and of two, copies of cuts, sets that are put
// together and ones that are looked up.
func checked(t *testing.T) *program {
	t.Helper()
	f := &forest.Forest{Features: make([]forest.Feature, 4), Outputs: 2, LeafWidth: 1}
	r := source(7)
	for range 400 {
		f.Sets = append(f.Sets, forest.Set{First: int32(len(f.Words)), Len: 2, Known: -1})
		f.Words = append(f.Words, r.Uint32(), r.Uint32())
	}
	for tree, leaves := range []int{100, 400, 30, 1, 120} {
		grow(f, forestgen.Sprout(forestgen.Balanced, leaves, r), func(node, _ int) forest.Node {
			nd := forest.Node{Feature: int32(node % 3), Threshold: float64(node % 50), DefaultLeft: node%2 == 0}
			if nd.Feature == 2 {
				nd.Op, nd.Set = forest.InSet, int32(node)
			}
			if node == 1 { // alone
				nd.Op, nd.Feature = forest.InSet, 3
			}
			return nd
		})
		f.Trees[tree].Output = int32(tree % 2)
	}
	if err := f.Validate(); err != nil {
		t.Fatal(err)
	}
	p, err := compile(f)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestCheck: whatever index of a compiled forest is spoiled, check finds it.
func TestCheck(t *testing.T) {
	p := checked(t)
	wide := slices.IndexFunc(p.trees, func(tr tree) bool { return tr.bits > 8 })
	column := slices.IndexFunc(p.ordered, func(c ordered) bool { return len(c.copies) > 0 })
	if wide < 0 || column < 0 || len(p.classes) != 2 || !p.classes[0].look || p.classes[1].look || len(p.muxes) == 0 {
		t.Fatal("there is not something of everything")
	}
	planes := uint32(p.planes) * wideWords
	for name, spoil := range map[string]func(p *program, tr *tree, c *ordered, s *classes){
		"a multiplexer on no plane":               func(p *program, _ *tree, _ *ordered, _ *classes) { p.muxes[0].on = planes },
		"a multiplexer of zero of no plane":       func(p *program, _ *tree, _ *ordered, _ *classes) { p.muxes[1].zero = 1 << 31 },
		"a multiplexer of one of no plane":        func(p *program, _ *tree, _ *ordered, _ *classes) { p.muxes[2].one = math.MaxUint32 - 7 },
		"a multiplexer to no plane":               func(p *program, _ *tree, _ *ordered, _ *classes) { p.muxes[len(p.muxes)-1].to = planes },
		"a multiplexer between planes":            func(p *program, _ *tree, _ *ordered, _ *classes) { p.muxes[0].on++ },
		"a multiplexer that writes the zeros":     func(p *program, _ *tree, _ *ordered, _ *classes) { p.muxes[0].to = zeros },
		"a multiplexer that writes the ones":      func(p *program, _ *tree, _ *ordered, _ *classes) { p.muxes[0].to = ones * wideWords },
		"a code of no plane":                      func(p *program, tr *tree, _ *ordered, _ *classes) { p.codes[tr.firstCode+15] = planes },
		"a code between planes":                   func(p *program, _ *tree, _ *ordered, _ *classes) { p.codes[0] += 4 },
		"too few codes":                           func(p *program, _ *tree, _ *ordered, _ *classes) { p.codes = p.codes[:len(p.codes)-1] },
		"a leaf of another tree":                  func(p *program, tr *tree, _ *ordered, _ *classes) { p.leaf[tr.firstLeaf] = -1 },
		"a leaf beyond the tree":                  func(p *program, tr *tree, _ *ordered, _ *classes) { p.leaf[tr.firstLeaf] += 500 },
		"too few leaves":                          func(p *program, _ *tree, _ *ordered, _ *classes) { p.leaf = p.leaf[:len(p.leaf)-1] },
		"a tree of more bits":                     func(_ *program, tr *tree, _ *ordered, _ *classes) { tr.bits++ },
		"a tree of negative bits":                 func(_ *program, tr *tree, _ *ordered, _ *classes) { tr.bits = -1 },
		"a tree of too many bits":                 func(_ *program, tr *tree, _ *ordered, _ *classes) { tr.bits, tr.leaves = 17, 1<<17 },
		"a tree of fewer leaves":                  func(_ *program, tr *tree, _ *ordered, _ *classes) { tr.leaves /= 2 },
		"a tree of leaves before the first":       func(_ *program, tr *tree, _ *ordered, _ *classes) { tr.firstLeaf = -1 },
		"a tree of leaves beyond the last":        func(p *program, tr *tree, _ *ordered, _ *classes) { tr.firstLeaf = len(p.leaf) },
		"a tree of codes before the first":        func(_ *program, tr *tree, _ *ordered, _ *classes) { tr.firstCode = -8 },
		"a tree of codes beyond the last":         func(p *program, tr *tree, _ *ordered, _ *classes) { tr.firstCode = len(p.codes) - 8 },
		"a tree of multiplexers before the first": func(_ *program, tr *tree, _ *ordered, _ *classes) { tr.firstMux = -1 },
		"a tree of multiplexers beyond the last":  func(p *program, tr *tree, _ *ordered, _ *classes) { tr.firstMux = len(p.muxes) },
		"a tree of negative multiplexers":         func(_ *program, tr *tree, _ *ordered, _ *classes) { tr.muxes = -1 },
		"a tree that the forest does not have":    func(p *program, tr *tree, _ *ordered, _ *classes) { tr.number = len(p.f.Trees) },
		"a tree of another output":                func(_ *program, tr *tree, _ *ordered, _ *classes) { tr.output ^= 1 },

		"a bucket beyond the cuts": func(_ *program, _ *tree, c *ordered, _ *classes) { c.start[len(c.start)-1] = uint32(c.cuts) + 1 },
		"buckets in no order":      func(_ *program, _ *tree, c *ordered, _ *classes) { c.start[0] = uint32(c.cuts) },
		"no bucket":                func(_ *program, _ *tree, c *ordered, _ *classes) { c.start = nil },
		"missing rows in no plane": func(_ *program, _ *tree, c *ordered, _ *classes) { c.none = uint32(c.cuts) + 2 },
		"half of nothing":          func(_ *program, _ *tree, c *ordered, _ *classes) { c.half, c.sorted = 0, c.sorted[:c.cuts] },
		"half of three": func(_ *program, _ *tree, c *ordered, _ *classes) {
			c.half = 3
			c.sorted = append(c.sorted, math.Inf(1), math.Inf(1))
		},
		"a half too large":               func(_ *program, _ *tree, c *ordered, _ *classes) { c.half *= 2 },
		"too few cuts":                   func(_ *program, _ *tree, c *ordered, _ *classes) { c.sorted = c.sorted[1:] },
		"cuts in no order":               func(_ *program, _ *tree, c *ordered, _ *classes) { c.sorted[1] = c.sorted[0] },
		"a cut that is no number":        func(_ *program, _ *tree, c *ordered, _ *classes) { c.sorted[1] = nan },
		"cuts that do not end":           func(_ *program, _ *tree, c *ordered, _ *classes) { c.sorted[c.cuts] = 1e300 },
		"more cuts than planes":          func(p *program, _ *tree, c *ordered, _ *classes) { c.first = int32(p.planes - 1) },
		"cuts over the ones":             func(_ *program, _ *tree, c *ordered, _ *classes) { c.first = 1 },
		"cuts before the first plane":    func(_ *program, _ *tree, c *ordered, _ *classes) { c.first = -1 },
		"a copy to no plane":             func(p *program, _ *tree, c *ordered, _ *classes) { c.copies[0].to = int32(p.planes) },
		"a copy of no plane":             func(_ *program, _ *tree, c *ordered, _ *classes) { c.copies[0].from = -1 },
		"too few ranks":                  func(_ *program, _ *tree, c *ordered, _ *classes) { c.ranks = c.ranks[1:] },
		"a rank beyond the cuts":         func(_ *program, _ *tree, c *ordered, _ *classes) { c.ranks[0].cuts = uint32(c.cuts) + 1 },
		"a rank beyond the copies":       func(_ *program, _ *tree, c *ordered, _ *classes) { c.ranks[0].copies = uint32(len(c.copies)) + 1 },
		"a feature that is none":         func(p *program, _ *tree, c *ordered, _ *classes) { c.feature = len(p.f.Features) },
		"a feature before the first":     func(_ *program, _ *tree, c *ordered, _ *classes) { c.feature = -1 },
		"classes beyond the planes":      func(p *program, _ *tree, _ *ordered, s *classes) { s.first = int32(p.planes - s.count) },
		"classes over the ones":          func(_ *program, _ *tree, _ *ordered, s *classes) { s.first = 1 },
		"a feature of sets that is none": func(p *program, _ *tree, _ *ordered, s *classes) { s.feature = len(p.f.Features) },
		"a category of no class":         func(_ *program, _ *tree, _ *ordered, s *classes) { s.of.category[3] = int32(s.count) },
		"missing rows of no class":       func(_ *program, _ *tree, _ *ordered, s *classes) { s.of.missing = -1 },
		"other categories of no class":   func(_ *program, _ *tree, _ *ordered, s *classes) { s.of.other = int32(s.count) },
		"no categories of no class":      func(_ *program, _ *tree, _ *ordered, s *classes) { s.of.none = int32(s.count) },
		"fractions of no class":          func(_ *program, _ *tree, _ *ordered, s *classes) { s.of.fraction = -1 },
		"zeros of no class":              func(_ *program, _ *tree, _ *ordered, s *classes) { s.of.zero = -1 },
		"a value without a class":        func(_ *program, _ *tree, _ *ordered, s *classes) { s.of.value = []float64{1} },
		"an answer of no class": func(p *program, _ *tree, _ *ordered, _ *classes) {
			p.classes[1].asked[0].of[0] = p.classes[1].first - 1
		},
		"an answer in another's plane": func(_ *program, _ *tree, _ *ordered, s *classes) { s.asked[0].plane++ },
		"too few answers":              func(_ *program, _ *tree, _ *ordered, s *classes) { s.answers = s.answers[1:] },
		"too few words of answers":     func(_ *program, _ *tree, _ *ordered, s *classes) { s.words, s.answers = 1, s.answers[:s.count] },

		"a child beyond the last": func(p *program, _ *tree, _ *ordered, _ *classes) {
			*firstRoot(p) |= 0xffff << 16
		},
		"a walk that goes on and on": func(p *program, _ *tree, _ *ordered, _ *classes) { *firstRoot(p) &= 0xffff },
		"a walk that does not end": func(p *program, _ *tree, _ *ordered, _ *classes) {
			g := &p.walk.groups[0]
			g.nodes[g.lanes[2].to] |= 1 << 16
		},
		"a leaf that leads past the next tree": func(p *program, _ *tree, _ *ordered, _ *classes) {
			g := &p.walk.groups[0]
			leaf := slices.IndexFunc(g.nodes, func(n uint32) bool { return n&0xffff >= p.walk.zeros })
			g.nodes[leaf] += 1 << 16
		},
		"a leaf that the tree does not have": func(p *program, _ *tree, _ *ordered, _ *classes) {
			g := &p.walk.groups[0]
			p.walk.answers++
			leaf := slices.IndexFunc(g.nodes, func(n uint32) bool { return n&0xffff >= p.walk.zeros })
			g.nodes[leaf] = g.nodes[leaf]&^0xffff | uint32(p.walk.answers-1)
		},
		"a question without an answer": func(p *program, _ *tree, _ *ordered, _ *classes) { *firstRoot(p) |= 0xffff },
		"a tree of no nodes":           func(p *program, _ *tree, _ *ordered, _ *classes) { *firstRoot(p) = 0 },
		"a child that is none": func(p *program, _ *tree, _ *ordered, _ *classes) {
			l := firstLane(p)
			large(p).nodes[l.from+(*firstRoot(p))>>16] = 0
		},
		"a group without its last slot": func(p *program, _ *tree, _ *ordered, _ *classes) {
			g := &p.walk.groups[0]
			g.nodes = g.nodes[:len(g.nodes)-1<<g.shift]
		},
		"a group in another's slots":    func(p *program, _ *tree, _ *ordered, _ *classes) { p.walk.groups[0].slot++ },
		"a tree in a slot that is none": func(p *program, _ *tree, _ *ordered, _ *classes) { p.walk.trees[0].slot = uint32(p.walk.slots) },
		"a tree with another's leaves":  func(p *program, _ *tree, _ *ordered, _ *classes) { p.walk.trees[0].leaf++ },
		"fewer trees than there are":    func(p *program, _ *tree, _ *ordered, _ *classes) { p.walk.trees = p.walk.trees[1:] },
		"fewer slots than there are":    func(p *program, _ *tree, _ *ordered, _ *classes) { p.walk.slots-- },
		"a lane that begins in a tree":  func(p *program, _ *tree, _ *ordered, _ *classes) { p.walk.groups[0].lanes[1].from++ },
		"a lane that ends in a tree":    func(p *program, _ *tree, _ *ordered, _ *classes) { p.walk.groups[0].lanes[0].to++ },
		"a lane that ends past the last": func(p *program, _ *tree, _ *ordered, _ *classes) {
			p.walk.groups[0].lanes[7].to += 1 << p.walk.groups[0].shift
		},
		"a lane that begins too late": func(p *program, _ *tree, _ *ordered, _ *classes) {
			firstLane(p).from += 1 << large(p).shift
		},
		"lanes in no order": func(p *program, _ *tree, _ *ordered, _ *classes) {
			l := &p.walk.groups[0].lanes
			l[0], l[7] = l[7], l[0]
		},
	} {
		p := checked(t)
		if err := p.check(); err != nil {
			t.Fatal(err)
		}
		spoil(p, &p.trees[wide], &p.ordered[column], p.classes[0])
		if err := p.check(); fault.CodeOf(err) != fault.Internal {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// large is the group of the largest trees.
func large(p *program) *walkGroup { return &p.walk.groups[len(p.walk.groups)-1] }

// firstLane is its first lane that has a tree.
func firstLane(p *program) *lane {
	lanes := large(p).lanes[:]
	return &lanes[slices.IndexFunc(lanes, func(l lane) bool { return l.from < l.to })]
}

// firstRoot is the root of the first tree there.
func firstRoot(p *program) *uint32 { return &large(p).nodes[firstLane(p).from] }

// TestShortRows: kernels do not look how long rows are, so that somebody else must.
func TestShortRows(t *testing.T) {
	p := checked(t)
	const rows = 100
	x := make([]float64, rows*len(p.f.Features)-1)
	for _, e := range engines(t, p.f) {
		for name, call := range map[string]func(){
			"margins":           func() { e.Margins(x, rows, make([]float64, rows*2)) },
			"margins of a row":  func() { e.Margins(x[:2:2], 1, make([]float64, 2)) },
			"columns":           func() { e.MarginsOfColumns(x, rows, make([]float64, rows*2)) },
			"leaves":            func() { e.LeafIndices(x, rows, make([]int32, rows*5)) },
			"leaves of columns": func() { e.LeafIndicesOfColumns(x, rows, make([]int32, rows*5)) },
		} {
			if !panics(call) {
				t.Errorf("%s: %s of rows that are too short", e.Name(), name)
			}
		}
	}
}

func panics(call func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	call()
	return false
}
