package leaves

import (
	"bufio"
	"fmt"
	"sync"

	lib "github.com/dmitryikh/leaves"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
)

// Engine is a [forest.Evaluator] whose decisions are made by github.com/dmitryikh/leaves. It is immutable and safe for
// concurrent use.
type Engine struct {
	f       *forest.Forest
	cols    *columns
	trees   *lib.Ensemble // in leaf-index mode; nil for a forest without trees
	scratch sync.Pool     // *scratch
}

// scratch is the memory that one row needs.
type scratch struct {
	x    []float64 // its derived columns; nil if the library gets the caller's row
	leaf []float64 // its leaf in each tree: the library gives indices as float64
	row  []float64 // the row as linear leaves look at it; empty if there are none
}

// New makes the engine of a forest, which must be valid ([forest.Forest.Validate]) and is kept, not copied. It takes time
// and memory in proportion to the forest; the text that the library reads is garbage afterwards.
//
// The error is a *fault.Error with an empty Source and, as Field, the place in the forest: Unsupported for a node that
// LightGBM's text has no words for, TooLarge for categorical sets over the package's limit, Internal if the library does
// not load what was written for it.
func New(f *forest.Forest) (*Engine, error) {
	if f.Terms != nil {
		return nil, fault.New(fault.Unsupported, "", "the leaves engine has no linear terms").WithHint(nextStep)
	}
	cols, err := planColumns(f)
	if err != nil {
		return nil, err
	}
	e := &Engine{f: f, cols: cols}
	e.scratch.New = func() any {
		s := &scratch{leaf: make([]float64, len(f.Trees))}
		if f.Linear != nil {
			s.row = make([]float64, len(f.Features))
		}
		if !cols.direct {
			s.x = make([]float64, cols.width)
		}
		return s
	}
	if len(f.Trees) == 0 {
		return e, nil
	}
	text, err := writeText(f, cols)
	if err != nil {
		return nil, err
	}
	loaded, err := lib.LGEnsembleFromReader(bufio.NewReader(text), false)
	if err != nil {
		return nil, fault.New(fault.Internal, "", "leaves does not load the text written for it: %w", err).WithHint(nextStep)
	}
	e.trees = loaded.EnsembleWithLeafPredictions()
	if err := e.check(); err != nil {
		return nil, err
	}
	return e, nil
}

// check compares what the library loaded with the forest: afterwards Predict has no reason to refuse a call.
func (e *Engine) check() error {
	if got, want := e.trees.NFeatures(), e.cols.width; got != want {
		return fault.New(fault.Internal, "", "leaves loaded %d features of %d", got, want).WithHint(nextStep)
	}
	leaves := e.trees.NLeaves()
	if got, want := len(leaves), len(e.f.Trees); got != want || e.trees.NOutputGroups() != want {
		return fault.New(fault.Internal, "", "leaves loaded %d trees of %d", got, want).WithHint(nextStep)
	}
	for t, n := range leaves {
		if want := int(e.f.Trees[t].NumLeaves); n != want {
			return fault.New(fault.Internal, "", "leaves loaded %d leaves of %d", n, want).
				OnField(fmt.Sprintf("tree %d", t)).WithHint(nextStep)
		}
	}
	return nil
}

// nextStep is the hint of every refusal.
const nextStep = "use --engine reference"

// Name is "leaves".
func (e *Engine) Name() string { return "leaves" }

// Margins implements [forest.Evaluator].
func (e *Engine) Margins(x []float64, rows int, out []float64) {
	s := e.scratch.Get().(*scratch)
	defer e.scratch.Put(s)
	width, k := len(e.f.Features), e.f.Outputs
	for i := range rows {
		row := x[i*width : (i+1)*width]
		e.decide(s, row)
		e.add(s, row, out[i*k:(i+1)*k])
	}
}

// LeafIndices implements [forest.Evaluator].
func (e *Engine) LeafIndices(x []float64, rows int, out []int32) {
	s := e.scratch.Get().(*scratch)
	defer e.scratch.Put(s)
	width, trees := len(e.f.Features), len(e.f.Trees)
	for i := range rows {
		e.decide(s, x[i*width:(i+1)*width])
		for t, l := range s.leaf {
			leaf := int32(l)
			if ids := e.f.LeafIDs; ids != nil {
				leaf = ids[e.f.Trees[t].FirstLeaf+leaf]
			}
			out[i*trees+t] = leaf
		}
	}
}

// decide lets the library find the leaf of each tree that the row falls into, and leaves them in s.leaf.
func (e *Engine) decide(s *scratch, row []float64) {
	if e.trees == nil {
		return
	}
	if !e.cols.direct {
		e.cols.derive(s.x, row, e.f)
		row = s.x
	}
	// 0 means all trees. PredictDense would allocate: its number of trees escapes to the goroutines that it may start.
	if err := e.trees.Predict(row, 0, s.leaf); err != nil {
		// It only refuses wrong lengths, and check made sure of them. Stale indices must not become numbers.
		panic(fault.New(fault.Internal, "", "leaves: %w", err))
	}
}
