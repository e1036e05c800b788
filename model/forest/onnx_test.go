package forest_test

import (
	"math"
	"slices"
	"testing"

	"github.com/glulam/glulam/model/forest"
)

// TestOnnxLinks: what the cases of testdata/onnx, where ONNX Runtime's own numbers are, do not show.
func TestOnnxLinks(t *testing.T) {
	for _, c := range []struct {
		kind    forest.LinkKind
		outputs int
		task    forest.Task
		margins []float64
		want    []float64
		class   int32 // of the first row
	}{
		{forest.OnnxComplement, 1, forest.TaskBinary, []float64{0.25, 0.75}, []float64{0.75, 0.25, 0.25, 0.75}, 0},
		{forest.OnnxComplement, 1, forest.TaskBinary, []float64{0.5}, []float64{0.5, 0.5}, 0},
		{forest.OnnxOpposite, 1, forest.TaskBinary, []float64{2, -3}, []float64{-2, 2, 3, -3}, 1},
		{forest.OnnxOpposite, 1, forest.TaskBinary, []float64{0}, []float64{0, 0}, 0},
		{forest.OnnxLogisticPair, 1, forest.TaskBinary, []float64{inf}, []float64{0, 1}, 1},
		{forest.OnnxLogistic, 1, forest.TaskBinary, []float64{0, -inf}, []float64{0.5, 0}, 0},
		{forest.OnnxSoftmax, 3, forest.TaskMulticlass, []float64{-inf, 0, 0}, []float64{0, 0.5, 0.5}, 1},
		{forest.OnnxRound, 1, forest.TaskRegression, []float64{0.1, 1e300}, []float64{float64(float32(0.1)), inf}, 0},
		{forest.OnnxExp, 1, forest.TaskRegression, []float64{0, -inf, inf, 100}, []float64{1, 0, inf, inf}, 0},
	} {
		f := &forest.Forest{Outputs: c.outputs, Task: c.task, Link: forest.Link{Kind: c.kind, Param: 1}}
		k := f.PredictionWidth()
		got := make([]float64, len(c.margins)/c.outputs*k)
		copy(got, c.margins) // dst may begin where margins do
		f.Predictions(got, got[:len(c.margins)])
		if !slices.EqualFunc(got, c.want, func(a, b float64) bool { return a == b }) {
			t.Errorf("link %d of %v: %v, want %v", c.kind, c.margins, got, c.want)
		}
		if f.HasClass() && c.kind != forest.OnnxLogistic && f.Class(got[:k]) != c.class {
			t.Errorf("link %d of %v: class %d, want %d", c.kind, c.margins, f.Class(got[:k]), c.class)
		}
	}
	f := &forest.Forest{Outputs: 1, Link: forest.Link{Kind: forest.OnnxExp, Param: 1}}
	x := []float64{nan, 1, -1, 88.72}
	f.Predictions(x, x)
	if x[0] == x[0] || x[1] != float64(float32(math.E)) || x[2] != float64(float32(1/math.E)) {
		t.Errorf("exp: %v", x)
	}
}
