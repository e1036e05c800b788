package model_test

import (
	"testing"

	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/model/engine"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/leaves"
)

// leavesRefuses are the models that the leaves engine refuses, with what it says. A change has to be noticed.
var leavesRefuses = map[string]string{}

// evaluators gives every evaluator that takes the forest.
func evaluators(t *testing.T, name string, f *forest.Forest) []forest.Evaluator {
	t.Helper()
	all := []forest.Evaluator{forest.NewReference(f)}
	e, err := leaves.New(f)
	switch text := leavesRefuses[name]; {
	case err == nil && text == "":
		all = append(all, e)
	case err == nil || err.Error() != text:
		t.Errorf("%s: leaves says %v, want %q", name, err, text)
	}
	for _, name := range engine.Running() {
		e, err := engine.New(f, name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// TestBoundary evaluates rows made to be difficult: values at and beside thresholds, NaN, infinities, zeros, denormals,
// categories that are none. They are codes already and do not pass through a binding.
func TestBoundary(t *testing.T) {
	for _, g := range models(t) {
		if g.BoundaryFile == "" {
			continue
		}
		t.Run(g.Name, func(t *testing.T) {
			m := load(t, g, "reference")
			want := g.Boundary(t)
			for _, e := range evaluators(t, g.Name, m.Forest()) {
				worst := matrix(t, m.Forest(), e, want.Matrix, want)
				t.Logf("%s: %d rows, max ulp of prediction %d", e.Name(), want.Rows, worst)
			}
		})
	}
}

// TestMatrix evaluates the 5,000 rows as a matrix that was made without parser and binding: what a Binding gathers is
// right if this and TestGolden pass.
func TestMatrix(t *testing.T) {
	for _, g := range models(t) {
		m := load(t, g, "reference")
		for _, e := range evaluators(t, g.Name, m.Forest()) {
			matrix(t, m.Forest(), e, g.Matrix(t), g.Golden(t))
		}
	}
}

// matrix fails unless an evaluator gives LightGBM's margins, bit for bit, and leaf indices, and gives the largest distance
// of a prediction.
func matrix(t *testing.T, f *forest.Forest, e forest.Evaluator, x []float64, want *golden.Golden) (worst uint64) {
	t.Helper()
	n, k, trees, width := want.Rows, want.Outputs, want.Trees, len(f.Features)
	margins := make([]float64, n*k)
	e.Margins(x, n, margins)
	for i, w := range want.Margins {
		if !sameBits(margins[i], w) {
			t.Fatalf("%s: row %d %v, output %d: margin %v, want %v", e.Name(), i/k, x[i/k*width:(i/k+1)*width], i%k, margins[i], w)
		}
	}
	leaf := make([]int32, n*trees)
	e.LeafIndices(x, n, leaf)
	for i, w := range want.Leaves {
		if leaf[i] != w {
			t.Fatalf("%s: row %d %v, tree %d: leaf %d, want %d", e.Name(), i/trees, x[i/trees*width:(i/trees+1)*width], i%trees, leaf[i], w)
		}
	}
	f.Predictions(margins, margins)
	for i, w := range want.Predictions {
		u := ulps(margins[i], w)
		if u > maxULP(f) {
			t.Fatalf("%s: row %d output %d: prediction %v, want %v (%d ulp)", e.Name(), i/k, i%k, margins[i], w, u)
		}
		worst = max(worst, u)
	}
	return worst
}
