package engine

import (
	"math"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/internal/forestgen"
	"github.com/glulam/glulam/model/lightgbm"
)

// load gives a model of testdata and its rows.
func load(tb testing.TB, name string) (*forest.Forest, []float64) {
	tb.Helper()
	m := golden.Find(tb, name)
	f, err := lightgbm.Parse(m.Bytes(tb), m.File)
	if err != nil {
		tb.Fatal(err)
	}
	return f, m.Matrix(tb)
}

// engines compiles a forest once for each kernel that runs here, once more for each of the ways that a kernel takes for so
// many rows: lanes, masks, walks, blocks of one word, blocks of eight.
func engines(tb rapid.TB, f *forest.Forest) []*Engine {
	tb.Helper()
	p, err := compile(f)
	if err != nil {
		tb.Fatalf("refused: %v", err)
	}
	var all []*Engine
	for _, k := range allKernels() {
		if !k.runs {
			continue
		}
		all = append(all, newEngine(p, k), newEngine(p, always(k, " by blocks of 512", 0, 64)), newEngine(p, always(k, " by blocks of 64", 0, math.MaxInt)))
	}
	for _, k := range allKernels() {
		if k.runs {
			masks, walks := always(k, " by masks", math.MaxInt, 0), always(k, " by walks", math.MaxInt, 0)
			masks.masks, walks.masks = true, false
			all = append(all, newEngine(p, masks), newEngine(p, walks))
			if laid := withLanes(p); laid.lanes != nil {
				lanes := always(k, " by lanes", 0, 0)
				lanes.laned = math.MaxInt
				all = append(all, newEngine(laid, lanes))
			}
		}
	}
	return all
}

// always is a kernel that takes one way whatever the number of rows.
func always(k *kernel, way string, walked, fewer int) *kernel {
	c := *k
	c.name += way
	c.walked, c.fewer, c.laned = walked, fewer, 0
	return &c
}

// withLanes is the program with lanes, whether it would gain by them or not.
func withLanes(p *program) *program {
	if p.walk == nil {
		return p
	}
	laid := *p
	again := program{f: p.f, planes: 2}
	all, asks := ask(p.f)
	if err := again.group(all); err != nil {
		panic(err)
	}
	laid.lanes, _ = layLanes(&laid, all, asks)
	if l := laid.lanes; l != nil && !l.sound(&laid) {
		panic("lanes are not sound")
	}
	return &laid
}

// answers is what an evaluator says of rows.
type answers struct {
	margins []float64
	leaves  []int32
}

// canary is what is behind the results before and after.
const canary = 7

func newAnswers(f *forest.Forest, rows int) answers {
	return answers{slices.Repeat([]float64{canary}, rows*f.Outputs+canary), slices.Repeat([]int32{canary}, rows*len(f.Trees)+canary)}
}

func ofRows(e forest.Evaluator, f *forest.Forest, x []float64, rows int) answers {
	a := newAnswers(f, rows)
	e.Margins(x, rows, a.margins[:rows*f.Outputs])
	e.LeafIndices(x, rows, a.leaves[:rows*len(f.Trees)])
	return a
}

func ofColumns(e *Engine, f *forest.Forest, columns []float64, rows int) answers {
	a := newAnswers(f, rows)
	e.MarginsOfColumns(columns, rows, a.margins[:rows*f.Outputs])
	e.LeafIndicesOfColumns(columns, rows, a.leaves[:rows*len(f.Trees)])
	return a
}

// hold fails unless a is b.
func (a answers) hold(tb rapid.TB, f *forest.Forest, b answers, who string) {
	tb.Helper()
	for i, v := range a.margins {
		if !forestgen.SameBits(v, b.margins[i]) {
			tb.Fatalf("%s: margin %d of row %d is %v, want %v", who, i%f.Outputs, i/f.Outputs, v, b.margins[i])
		}
	}
	for i, v := range a.leaves {
		if v != b.leaves[i] {
			tb.Fatalf("%s: leaf of row %d in tree %d is %d, want %d", who, i/len(f.Trees), i%len(f.Trees), v, b.leaves[i])
		}
	}
}

// holdAll fails unless every engine says of rows and of columns what the reference says, and leaves them as they are.
func holdAll(tb rapid.TB, f *forest.Forest, x []float64, rows int) {
	tb.Helper()
	want := ofRows(forest.NewReference(f), f, x, rows)
	columns := forestgen.Columns(f, x, rows)
	before, columnsBefore := slices.Clone(x), slices.Clone(columns)
	for _, e := range engines(tb, f) {
		ofRows(e, f, x, rows).hold(tb, f, want, e.Name()+" of rows")
		ofColumns(e, f, columns, rows).hold(tb, f, want, e.Name()+" of columns")
	}
	if !slices.EqualFunc(x, before, forestgen.SameBits) || !slices.EqualFunc(columns, columnsBefore, forestgen.SameBits) {
		tb.Fatalf("rows were changed")
	}
}

// propertySmall: forests of everything that there is.
func propertySmall(t *rapid.T) {
	f := forestgen.Small(t)
	if err := f.Validate(); err != nil {
		t.Fatalf("a valid forest is refused: %v", err)
	}
	x, rows := forestgen.Rows(t, f)
	holdAll(t, f, x, rows)
	x, rows = forestgen.Many(t, f, forestgen.Counts)
	holdAll(t, f, x, rows)
}

// propertyLarge: many leaves, cuts, categories, rows.
func propertyLarge(t *rapid.T) {
	f := forestgen.Large(t)
	x, rows := forestgen.Many(t, f, forestgen.Counts)
	holdAll(t, f, x, rows)
}

// propertyEngines is both, of fewer rows: instrumented code is slow.
func propertyEngines(t *rapid.T) {
	draw, counts := forestgen.Small, []int{1, 5, 12, 13, 40, 64, 65, 130, 200, 513}
	if rapid.Bool().Draw(t, "large") {
		draw = forestgen.Large
	}
	f := draw(t)
	if err := f.Validate(); err != nil {
		t.Fatalf("a valid forest is refused: %v", err)
	}
	x, rows := forestgen.Many(t, f, counts)
	holdAll(t, f, x, rows)
}

func TestSmall(t *testing.T) { rapid.Check(t, propertySmall) }

func TestLarge(t *testing.T) { rapid.Check(t, propertyLarge) }

func FuzzEngines(f *testing.F) {
	for seed := range uint64(4) {
		f.Add(randomBytes(seed, 4<<10))
	}
	f.Fuzz(rapid.MakeFuzz(propertyEngines))
}

// TestRowsAlone: a row's bits do not depend on the rows that come with it.
func TestRowsAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := forestgen.Large(t)
		x, rows := forestgen.Many(t, f, []int{2, 13, 64, 65, 200, 513})
		width := len(f.Features)
		for _, e := range engines(t, f) {
			all, each := ofRows(e, f, x, rows), newAnswers(f, rows)
			for i := range rows {
				e.Margins(x[i*width:(i+1)*width], 1, each.margins[i*f.Outputs:(i+1)*f.Outputs])
				e.LeafIndicesOfColumns(x[i*width:(i+1)*width], 1, each.leaves[i*len(f.Trees):(i+1)*len(f.Trees)])
			}
			each.hold(t, f, all, e.Name())
		}
	})
}

// TestManyQuestions: more cuts of a feature than kernels answer, and more questions than walks can number.
func TestManyQuestions(t *testing.T) {
	if raceEnabled {
		t.Skip("nothing here is concurrent, and all of it is large")
	}
	stump := forestgen.Sprout(forestgen.Balanced, 2, source(1))
	for _, c := range []struct{ questions, features int }{{maxPlain + 100, 1}, {maxAnswerable + 100, 8}} {
		f := &forest.Forest{Features: make([]forest.Feature, c.features), Outputs: 1, LeafWidth: 1}
		for i := range c.questions {
			grow(f, stump, func(int, int) forest.Node {
				return forest.Node{Feature: int32(i % c.features), Threshold: math.Sqrt(float64(i))}
			})
		}
		if err := f.Validate(); err != nil {
			t.Fatal(err)
		}
		p, err := compile(f)
		if err != nil {
			t.Fatal(err)
		}
		if p.plain || (p.walk == nil) != (c.questions > maxAnswerable) {
			t.Errorf("%d questions: kernels answer: %t, walks: %t", c.questions, p.plain, p.walk != nil)
		}
		for _, rows := range []int{1, 70} {
			x := forestgen.Bulk(f, rows, source(2))
			want := ofRows(forest.NewReference(f), f, x, rows)
			for _, k := range allKernels() {
				if k.runs {
					ofRows(newEngine(p, k), f, x, rows).hold(t, f, want, k.name)
				}
			}
		}
	}
}

// TestLeftovers: what a call, or a column, leaves in a block's memory does not matter to the next. One column
// has fewer classes than the next, whose classes are left there.
func TestLeftovers(t *testing.T) {
	r := source(1)
	f := &forest.Forest{Features: make([]forest.Feature, 3), Outputs: 1, LeafWidth: 1}
	for column, words := range []int32{1, 30} { // few classes, and then many
		for range 100 {
			f.Sets = append(f.Sets, forest.Set{First: int32(len(f.Words)), Len: words, Known: -1})
			for range words {
				f.Words = append(f.Words, r.Uint32())
			}
		}
		for range 5 {
			grow(f, forestgen.Sprout(forestgen.Ragged, 60, r), func(int, int) forest.Node {
				return forest.Node{Feature: int32(column), Op: forest.InSet, Set: int32(100*column + r.IntN(100))}
			})
		}
	}
	if err := f.Validate(); err != nil {
		t.Fatal(err)
	}
	const most = 600
	x := make([]float64, most*3)
	for i := range x {
		x[i] = float64(r.IntN(1100) - 20)
	}
	want := ofRows(forest.NewReference(f), f, x, most)
	for _, e := range engines(t, f) {
		for range rounds(20) {
			n := 1 + r.IntN(most)
			first := r.IntN(most - n + 1)
			got := ofRows(e, f, x[first*3:(first+n)*3], n)
			part := newAnswers(f, n)
			copy(part.margins, want.margins[first:first+n])
			copy(part.leaves, want.leaves[first*len(f.Trees):(first+n)*len(f.Trees)])
			got.hold(t, f, part, e.Name())
		}
	}
}

// TestModels: what the training libraries write.
func TestModels(t *testing.T) {
	for _, name := range []string{"numeric", "lightgbm", "multiclass", "zero_as_missing", "linear"} {
		f, x := load(t, name)
		rows := len(x) / len(f.Features)
		if testing.Short() {
			rows = min(rows, 600)
		}
		holdAll(t, f, x[:rows*len(f.Features)], rows)
	}
}

// TestNew: names, and what they are for.
func TestNew(t *testing.T) {
	f, _ := load(t, "numeric")
	names, running := Names(), Running()
	if running[len(running)-1] != "portable" || Best() != running[0] || names[len(names)-1] != "portable" {
		t.Errorf("names %q, of which run %q", names, running)
	}
	for _, name := range names {
		e, err := New(f, name)
		if !slices.Contains(running, name) {
			if fault.CodeOf(err) != fault.Unsupported {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || e.Name() != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"", "auto", "reference", "Portable"} {
		if _, err := New(f, name); fault.CodeOf(err) != fault.Usage {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestDoesNotRun: an engine that this processor does not run is refused, with one that it does.
func TestDoesNotRun(t *testing.T) {
	f, _ := load(t, "numeric")
	other := portable
	other.name, other.runs = "other", false
	kernels = append(kernels, &other)
	defer func() { kernels = kernels[:len(kernels)-1] }()
	_, err := New(f, "other")
	if fault.CodeOf(err) != fault.Unsupported || slices.Contains(Running(), "other") || !slices.Contains(Names(), "other") {
		t.Error(err)
	}
}

// TestConcurrent: one engine, many goroutines, numbers of rows of all kinds.
func TestConcurrent(t *testing.T) {
	f, x := load(t, "multiclass")
	width := len(f.Features)
	const rows = 700
	want := ofRows(forest.NewReference(f), f, x, rows)
	for _, name := range Running() {
		e, err := New(f, name)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				for _, n := range []int{1 + g, 60 + g, 130 + 20*g, rows} {
					margins, leaves := make([]float64, n*f.Outputs), make([]int32, n*len(f.Trees))
					first := g * (rows - n) / 8
					e.Margins(x[first*width:(first+n)*width], n, margins)
					e.LeafIndices(x[first*width:(first+n)*width], n, leaves)
					if !slices.Equal(margins, want.margins[first*f.Outputs:(first+n)*f.Outputs]) ||
						!slices.Equal(leaves, want.leaves[first*len(f.Trees):(first+n)*len(f.Trees)]) {
						t.Errorf("%s: %d rows differ in another goroutine", name, n)
					}
				}
			})
		}
		wg.Wait()
	}
}
