package engine

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/internal/forestgen"
)

// laned makes a forest of numbers and, if sets, of categories, with its program and lanes.
func laned(t *testing.T, r *rand.Rand, trees int, sets bool) (*program, []question, []int32) {
	t.Helper()
	f := numbers(t, r, trees, []int{3, 40, 600}[r.IntN(3)])
	if sets {
		f.Features = append(f.Features, forest.Feature{}, forest.Feature{})
		for n := range 30 {
			f.Sets = append(f.Sets, forest.Set{First: int32(n), Len: 1, Known: -1})
			f.Words = append(f.Words, r.Uint32())
		}
		for i := range f.Nodes {
			if r.IntN(3) == 0 {
				f.Nodes[i] = forest.Node{
					Op: forest.InSet, Set: int32(r.IntN(30)), Feature: int32(len(f.Features) - 1 - r.IntN(2)),
					Missing: forest.MissingNaN, Left: f.Nodes[i].Left, Right: f.Nodes[i].Right,
				}
			}
		}
		if err := f.Validate(); err != nil {
			t.Fatal(err)
		}
	}
	p := &program{f: f, planes: 2}
	all, asks := ask(f)
	if err := p.group(all); err != nil {
		t.Fatal(err)
	}
	p.lanes, _ = layLanes(p, all, asks)
	if p.lanes == nil || !p.lanes.sound(p) {
		t.Fatal("no lanes, or ones that are not sound")
	}
	return p, all, asks
}

// TestLanes: a row ends where the forest has it end, and its values are added to the sum in order.
func TestLanes(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernel, r *rand.Rand) {
		for round := range rounds(100) {
			p, _, _ := laned(t, r, 1+round*3%200, round%2 == 0)
			f, l := p.f, p.lanes
			for i := range f.Leaves {
				f.Leaves[i] = leafValue(r)
			}
			f.Sum = forest.Precision(round / 2 % 2)
			l.values, l.values32 = nil, nil
			l.first = l.first[:len(f.Trees)]
			l.table(f)
			const rows = 3
			x := forestgen.Bulk(f, rows, r)
			width := len(f.Features)
			columns := forestgen.Columns(f, x, rows)
			for row := range rows {
				of := table{x: x, feature: 1, row: width}
				if row%2 == 0 {
					of = table{x: columns, feature: rows, row: 1}
				}
				b := &block{p: p, kernel: k, laner: newLaner(l)}
				around, ends := newMemory(len(b.laner.ends), byte(0x77))
				b.laner.ends = ends
				start := leafValue(r)
				got := b.sumLanes(of, row, start)
				around.hold(t, "ends")
				want := []float64{start}
				if f.Sum == forest.Float32 {
					want[0] = float64(float32(start))
				}
				prepared := slices.Clone(x[row*width : (row+1)*width])
				for i := range prepared {
					prepared[i] = f.Prepare(prepared[i])
				}
				for tree := range f.Trees {
					n := f.Trees[tree].Root
					for n >= 0 {
						nd := &f.Nodes[n]
						if n = nd.Right; f.GoesLeft(nd, prepared[nd.Feature]) {
							n = nd.Left
						}
					}
					leaf := f.Trees[tree].FirstLeaf + ^n
					f.AddLeaf(want, tree, int(leaf), nil)
					if at := l.leaf[l.first[tree]+uint32(ends[tree])]; at != leaf {
						t.Fatalf("row %d, tree %d of %d: leaf %d, want %d", row, tree, len(f.Trees), at, leaf)
					}
				}
				if !forestgen.SameBits(got, want[0]) {
					t.Fatalf("row %d, %d trees: sum %v, want %v", row, len(f.Trees), got, want[0])
				}
			}
		}
	})
}

// TestBin: a bin is the number of cuts below the value, and nothing but the bins is written.
func TestBin(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernel, r *rand.Rand) {
		for range rounds(100) {
			p, all, asks := laned(t, r, 1+r.IntN(60), r.IntN(2) == 0)
			l := p.lanes
			x := forestgen.Bulk(p.f, 1, r)
			around, bins := newMemory(maxLaneBins, byte(0x55))
			if len(l.columns) > 0 {
				k.bin((*[maxLaneBins]byte)(bins), l, table{x: x, feature: 1, row: len(p.f.Features)}, 0)
			}
			around.hold(t, "bins")
			for _, b := range bins[len(l.columns)*lanesAtOnce:] {
				if b != 0x55 {
					t.Fatal("a bin was written that nobody has")
				}
			}
			places := (&lanes{cuts: []float64{0}}).bin(p, all)
			for n, q := range asks {
				if place := places[q]; place.class < 0 {
					nd := &p.f.Nodes[n]
					left := p.f.GoesLeft(nd, p.f.Prepare(x[nd.Feature]))
					if got := bins[place.column] <= place.cut; got != left {
						t.Fatalf("%v: %+v goes left: %t, want %t", x[nd.Feature], nd, got, left)
					}
				}
			}
		}
	})
}

func TestOr(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernel, r *rand.Rand) {
		for range rounds(200) {
			n := 8 * (1 + r.IntN(40))
			words := randomWords(r, n+r.IntN(500))
			vectors := make([]int32, 1+r.IntN(5))
			want := make([]uint64, n)
			for i := range vectors {
				vectors[i] = int32(r.IntN(len(words) - n + 1))
				for j := range want {
					want[j] |= words[int(vectors[i])+j]
				}
			}
			around, to := newMemory(n, uint64(0xdead))
			k.or(to, words, vectors)
			around.hold(t, "words")
			if !slices.Equal(to, want) {
				t.Fatalf("%d words of %v: got others", n, vectors)
			}
		}
	})
}

// TestCheckLanes: whatever is spoiled, check finds it.
func TestCheckLanes(t *testing.T) {
	for name, spoil := range map[string]func(p *program, l *lanes, c *laneColumns){
		"a feature that is none":          func(p *program, _ *lanes, c *laneColumns) { c.feature[3] = uint64(len(p.f.Features)) },
		"a last bucket before the first":  func(_ *program, _ *lanes, c *laneColumns) { c.last[1] = 1 },
		"a last bucket that is no number": func(_ *program, _ *lanes, c *laneColumns) { c.last[1] = nan },
		"a bucket too many":               func(_ *program, l *lanes, c *laneColumns) { c.start[0] = uint32(len(l.starts)) },
		"a bucket beyond the cuts":        func(_ *program, l *lanes, c *laneColumns) { l.starts[c.start[0]] = laneCuts },
		"no half":                         func(_ *program, _ *lanes, c *laneColumns) { c.half[2] = 0 },
		"half of three":                   func(_ *program, _ *lanes, c *laneColumns) { c.half[2] = 3 },
		"more halves than turns":          func(_ *program, _ *lanes, c *laneColumns) { c.turns = 0 },
		"very many turns":                 func(_ *program, _ *lanes, c *laneColumns) { c.turns = 1 << 40 },
		"a bin that is no byte":           func(_ *program, _ *lanes, c *laneColumns) { c.none[7] = 256 },
		"cuts before the first":           func(_ *program, _ *lanes, c *laneColumns) { c.sorted[0] = 0 },
		"cuts beyond the last":            func(_ *program, l *lanes, c *laneColumns) { c.sorted[0] = uint32(len(l.cuts)) + 1 },
		"cuts that do not end":            func(_ *program, l *lanes, _ *laneColumns) { l.cuts[len(l.cuts)-1] = 1 },
		"fewer cuts":                      func(_ *program, l *lanes, _ *laneColumns) { l.cuts = l.cuts[:len(l.cuts)-1] },
		"no cuts":                         func(_ *program, l *lanes, _ *laneColumns) { l.cuts = nil },
		"too many columns":                func(_ *program, l *lanes, c *laneColumns) { l.columns = slices.Repeat(l.columns, 20) },
		"a group too few":                 func(_ *program, l *lanes, _ *laneColumns) { l.groups = l.groups[1:] },
		"more steps than there are":       func(_ *program, l *lanes, _ *laneColumns) { l.groups[1].steps++ },
		"very many steps":                 func(_ *program, l *lanes, _ *laneColumns) { l.groups[0].steps = 1 << 63 },
		"steps that are nobody's":         func(_ *program, l *lanes, _ *laneColumns) { l.steps = append(l.steps, laneStep{}) },
		"a column that is none":           func(_ *program, l *lanes, _ *laneColumns) { l.steps[1].column[5] = maxLaneBins },
		"a leaf beyond the tree":          func(_ *program, l *lanes, _ *laneColumns) { l.steps[0].left[5] = 255 },
		"a leaf of a tree that is none":   func(_ *program, l *lanes, _ *laneColumns) { l.steps[len(l.steps)-1].left[63] = 1 },
		"a way too long":                  func(_ *program, l *lanes, _ *laneColumns) { l.steps[0].delta[5] = 255 },
		"an end elsewhere":                func(_ *program, l *lanes, _ *laneColumns) { l.groups[0].last[3]++ },
		"a vector before the first":       func(_ *program, l *lanes, _ *laneColumns) { l.classes[0] = -1 },
		"a vector beyond the last":        func(_ *program, l *lanes, _ *laneColumns) { l.classes[len(l.classes)-1]++ },
		"a vector too few":                func(_ *program, l *lanes, _ *laneColumns) { l.classes = l.classes[1:] },
		"shorter vectors":                 func(_ *program, l *lanes, _ *laneColumns) { l.words -= 8 },
		"vectors of another length":       func(_ *program, l *lanes, _ *laneColumns) { l.words-- },
		"fewer vectors":                   func(_ *program, l *lanes, _ *laneColumns) { l.rights = l.rights[1:] },
		"leaves beyond the last":          func(_ *program, l *lanes, _ *laneColumns) { l.first[2] = uint32(len(l.leaf)) },
		"another tree's leaf":             func(_ *program, l *lanes, _ *laneColumns) { l.leaf[0] = int32(len(l.leaf) - 1) },
		"no value of what is no tree":     func(_ *program, l *lanes, _ *laneColumns) { l.first[len(l.first)-1]++ },
		"a tree too few":                  func(_ *program, l *lanes, _ *laneColumns) { l.first = l.first[8:] },
		"a value too few":                 func(_ *program, l *lanes, _ *laneColumns) { l.values = l.values[1:] },
	} {
		p, all, asks := laned(t, source(5), 100, true)
		if newWalk(p.f, all, asks, p.planes) == nil || len(p.lanes.groups) != 2 || len(p.classes) < 2 || p.lanes.values == nil {
			t.Fatal("there is not something of everything")
		}
		spoil(p, p.lanes, &p.lanes.columns[0])
		if what := p.wrong(); what != "lanes that go beyond their tables" {
			t.Errorf("%s: %q", name, what)
		}
	}
}

// TestLanesGain: many small trees go by lanes, few large ones and ones of too many leaves do not.
func TestLanesGain(t *testing.T) {
	for _, c := range []struct {
		trees, leaves int
		want          bool
	}{{500, 63, true}, {100, 31, true}, {3, 200, false}, {100, 300, false}, {1, 1, true}} {
		f, _ := synthetic(t, c.trees, c.leaves, 0)
		p, err := compile(f)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.lanes != nil; got != c.want {
			t.Errorf("%d trees of %d leaves go by lanes: %t", c.trees, c.leaves, got)
		}
	}
	if p, err := compile(&forest.Forest{Features: make([]forest.Feature, 1), Outputs: 1, LeafWidth: 1}); err != nil || p.lanes != nil {
		t.Errorf("no trees: lanes %v, %v", p.lanes, err)
	}
}
