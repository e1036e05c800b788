package engine

import (
	"math/rand/v2"
	"testing"

	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/internal/forestgen"
)

// numbers makes a forest of trees that ask for numbers only, so that any kernel answers.
func numbers(t *testing.T, r *rand.Rand, trees, most int) *forest.Forest {
	t.Helper()
	f := &forest.Forest{Features: make([]forest.Feature, 1+r.IntN(9)), Outputs: 1, LeafWidth: 1, Input: forest.Precision(r.IntN(2))}
	cuts := make([][]float64, len(f.Features))
	for j := range cuts {
		cuts[j] = forestgen.Cuts(r, most)
	}
	missing := []forest.Missing{forest.MissingNaN, forest.MissingNone}
	for range trees {
		s := forestgen.Sprout(forestgen.Shapes[r.IntN(len(forestgen.Shapes))], 1+r.IntN(100), r)
		grow(f, s, func(int, int) forest.Node {
			j := r.IntN(len(f.Features))
			return forest.Node{
				Feature: int32(j), Threshold: cuts[j][r.IntN(len(cuts[j]))], Op: forest.Op(r.IntN(2)),
				Missing: missing[r.IntN(2)], DefaultLeft: r.IntN(2) == 0,
			}
		})
	}
	if err := f.Validate(); err != nil {
		t.Fatal(err)
	}
	return f
}

// TestAnswer: the byte of each question says where the row goes, and nothing but the columns' bytes is written.
func TestAnswer(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernel, r *rand.Rand) {
		for range rounds(150) {
			f := numbers(t, r, r.IntN(12), []int{1, 5, 40, 500}[r.IntN(4)])
			p := &program{f: f, planes: 2}
			all, _ := ask(f)
			if err := p.group(all); err != nil {
				t.Fatal(err)
			}
			const rows = 5
			x := forestgen.Bulk(f, rows, r)
			width := len(f.Features)
			columns := forestgen.Columns(f, x, rows)
			for row := range rows {
				of, where := table{x: x, feature: 1, row: width}, "rows"
				if row%2 == 0 {
					of, where = table{x: columns, feature: rows, row: 1}, "columns"
				}
				around, answers := newMemory(p.planes+spare, byte(9))
				clear(answers)
				k.answer(answers, p.ordered, of, row)
				around.hold(t, "answers")
				if answers[zeros] != 0 || answers[ones] != 0 {
					t.Fatal("bytes before the first column were written")
				}
				for _, q := range all {
					if q.node.Op == forest.Less && isClasses(p, q.plane) {
						continue // never: not of the ordered columns
					}
					v := x[row*width+int(q.key.feature)]
					want := byte(1)
					if f.GoesLeft(q.node, f.Prepare(v)) {
						want = 0
					}
					if got := answers[q.plane]; got != want {
						t.Fatalf("%v, of %s: %+v has answer %d, want %d", v, where, q.node, got, want)
					}
				}
			}
		}
	})
}

// isClasses says whether a plane is not of an ordered column.
func isClasses(p *program, plane int32) bool {
	for _, c := range p.classes {
		if plane >= c.first && int(plane) < int(c.first)+c.count+len(c.asked) {
			return true
		}
	}
	return false
}

// TestWalk: any answers lead to the leaf that they lead to in the forest.
func TestWalk(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernel, r *rand.Rand) {
		for round := range rounds(150) {
			f := numbers(t, r, round%40, 50)
			p := &program{f: f, planes: 2}
			all, asks := ask(f)
			if err := p.group(all); err != nil {
				t.Fatal(err)
			}
			w := newWalk(f, all, asks, p.planes)
			if !w.sound(f) {
				t.Fatal("the walk is not sound")
			}
			answers := make([]byte, w.answers)
			for i := range p.planes {
				answers[i] = byte(r.IntN(2))
			}
			answers[zeros] = 0
			around, last := newMemory(w.slots, uint32(0xdead))
			k.walk(last, w, answers)
			around.hold(t, "questions")
			for i, tr := range f.Trees {
				n := tr.Root
				for n >= 0 {
					if answers[all[asks[n]].plane] == 1 {
						n = f.Nodes[n].Right
					} else {
						n = f.Nodes[n].Left
					}
				}
				if got := w.trees[i].leafOf(last) - tr.FirstLeaf; got != ^n {
					t.Fatalf("tree %d of %d: leaf %d, want %d", i, len(f.Trees), got, ^n)
				}
			}
		}
	})
}
