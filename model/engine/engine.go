package engine

import (
	"slices"
	"sync"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
)

// Engine evaluates a compiled forest. It is immutable and safe for concurrent use; each call takes the memory of a block from
// a pool.
type Engine struct {
	p      *program
	kernel *kernel
	blocks sync.Pool
	few    *forest.Reference // for few rows of a program that cannot be walked; nil if it can be
}

// Names are the engines that New makes, the fastest first, whether this processor runs them or not.
func Names() []string {
	var names []string
	for _, k := range kernels {
		names = append(names, k.name)
	}
	return names
}

// Running are those of Names that this processor runs, the fastest first. "portable" is one of them.
func Running() []string {
	var names []string
	for _, k := range kernels {
		if k.runs {
			names = append(names, k.name)
		}
	}
	return names
}

// Best is the first of Running.
func Best() string { return Running()[0] }

// New compiles a validated forest, which must not change afterwards, for one of Names. It takes time and memory in
// proportion to the forest.
//
// The error is a *fault.Error: Usage for a name that is none, Unsupported for an engine that this processor does not run,
// TooLarge for a forest that the engines do not take.
func New(f *forest.Forest, name string) (*Engine, error) {
	i := slices.IndexFunc(kernels, func(k *kernel) bool { return k.name == name })
	if i < 0 {
		return nil, fault.New(fault.Usage, "", "no engine is called %q", name)
	}
	k := kernels[i]
	if !k.runs {
		return nil, fault.New(fault.Unsupported, "", "this processor does not run the engine %s", name).
			WithHint("--engine auto takes the fastest that it runs, which is %s", Best())
	}
	p, err := compile(f)
	if err != nil {
		return nil, err
	}
	return newEngine(p, k), nil
}

func newEngine(p *program, k *kernel) *Engine {
	e := &Engine{p: p, kernel: k}
	if p.walk == nil {
		e.few = forest.NewReference(p.f)
	}
	e.blocks.New = func() any { return newBlock(p, k) }
	return e
}

// Name implements forest.Evaluator.
func (e *Engine) Name() string { return e.kernel.name }

// Margins implements forest.Evaluator.
func (e *Engine) Margins(x []float64, rows int, out []float64) {
	e.margins(table{x: e.rows(x, rows), feature: 1, row: len(e.p.f.Features)}, rows, out)
}

// MarginsOfColumns implements forest.ColumnEvaluator.
func (e *Engine) MarginsOfColumns(x []float64, rows int, out []float64) {
	e.margins(table{x: e.rows(x, rows), feature: rows, row: 1}, rows, out)
}

// LeafIndices implements forest.Evaluator.
func (e *Engine) LeafIndices(x []float64, rows int, out []int32) {
	e.leaves(table{x: e.rows(x, rows), feature: 1, row: len(e.p.f.Features)}, rows, out)
}

// LeafIndicesOfColumns implements forest.ColumnEvaluator.
func (e *Engine) LeafIndicesOfColumns(x []float64, rows int, out []int32) {
	e.leaves(table{x: e.rows(x, rows), feature: rows, row: 1}, rows, out)
}

// rows cuts x to its rows, because kernels do not look how long it is.
func (e *Engine) rows(x []float64, rows int) []float64 { return x[:rows*len(e.p.f.Features)] }

func (e *Engine) margins(t table, rows int, out []float64) {
	k := e.p.f.Outputs
	e.each(t, rows, func(b *block, i int) {
		out := out[i*k : (i+1)*k]
		if e.few != nil {
			e.few.Margins(b.gather(t, i), 1, out)
		} else {
			b.rowMargins(t, i, out)
		}
	}, func(b *block, first int) { b.margins(t, first, out[first*k:(first+b.rows)*k]) })
}

func (e *Engine) leaves(t table, rows int, out []int32) {
	n := len(e.p.f.Trees)
	e.each(t, rows, func(b *block, i int) {
		out := out[i*n : (i+1)*n]
		if e.few != nil {
			e.few.LeafIndices(b.gather(t, i), 1, out)
		} else {
			b.rowLeaves(t, i, out)
		}
	}, func(b *block, first int) { b.leaves(out[first*n : (first+b.rows)*n]) })
}

// each goes through the rows, of which t has no more: row by row if they are few, or else by blocks, whose questions it answers.
func (e *Engine) each(t table, rows int, row func(b *block, i int), rest func(b *block, first int)) {
	b := e.blocks.Get().(*block)
	defer e.blocks.Put(b)
	for first := 0; first < rows; first += b.rows {
		left := rows - first
		if left <= b.oneByOne() {
			for i := first; i < rows; i++ {
				row(b, i)
			}
			return
		}
		b.start(t, first, e.kernel.next(left))
		rest(b, first)
	}
}

// oneByOne is up to how many rows it is faster to take them one by one.
func (b *block) oneByOne() int {
	if b.laner != nil {
		return b.kernel.laned
	}
	return b.kernel.walked
}

// next is how many of the rows that are left the next block takes.
func (k *kernel) next(left int) int {
	if left <= k.fewer {
		return min(left, 64)
	}
	return min(left, blockRows)
}

var _ forest.ColumnEvaluator = (*Engine)(nil)
