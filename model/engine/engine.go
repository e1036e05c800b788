package engine

import (
	"sync"

	"github.com/glulam/glulam/model/forest"
)

// Engine evaluates a compiled forest.
type Engine struct {
	p      *program
	kernel *kernel
	blocks sync.Pool
}

func newEngine(p *program, k *kernel) *Engine {
	e := &Engine{p: p, kernel: k}
	e.blocks.New = func() any { return newBlock(p, k) }
	return e
}

// Name implements forest.Evaluator.
func (e *Engine) Name() string { return e.kernel.name }

// Margins implements forest.Evaluator.
func (e *Engine) Margins(x []float64, rows int, out []float64) {
	e.margins(table{x: x, feature: 1, row: len(e.p.f.Features)}, rows, out)
}

// MarginsOfColumns implements forest.ColumnEvaluator.
func (e *Engine) MarginsOfColumns(x []float64, rows int, out []float64) {
	e.margins(table{x: x, feature: rows, row: 1}, rows, out)
}

// LeafIndices implements forest.Evaluator.
func (e *Engine) LeafIndices(x []float64, rows int, out []int32) {
	e.leaves(table{x: x, feature: 1, row: len(e.p.f.Features)}, rows, out)
}

// LeafIndicesOfColumns implements forest.ColumnEvaluator.
func (e *Engine) LeafIndicesOfColumns(x []float64, rows int, out []int32) {
	e.leaves(table{x: x, feature: rows, row: 1}, rows, out)
}

func (e *Engine) margins(t table, rows int, out []float64) {
	k := e.p.f.Outputs
	e.each(t, rows, func(b *block, first int) { b.margins(t, first, out[first*k:(first+b.rows)*k]) })
}

func (e *Engine) leaves(t table, rows int, out []int32) {
	n := len(e.p.f.Trees)
	e.each(t, rows, func(b *block, first int) { b.leaves(out[first*n : (first+b.rows)*n]) })
}

// each goes through the rows block by block.
func (e *Engine) each(t table, rows int, do func(b *block, first int)) {
	b := e.blocks.Get().(*block)
	defer e.blocks.Put(b)
	for first := 0; first < rows; first += b.rows {
		n := min(blockRows, rows-first)
		if n <= e.kernel.fewer {
			n = min(n, 64)
		}
		b.start(t, first, n)
		do(b, first)
	}
}

var _ forest.ColumnEvaluator = (*Engine)(nil)
