package leaves

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/glulam/glulam/model/forest"
)

// TestUpperEndIsAnEdge checks the definition: T itself goes left, the next float64 does not, and so do any others.
func TestUpperEndIsAnEdge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := &forest.Forest{
			Input:    rapid.SampledFrom([]forest.Precision{forest.Float64, forest.Float32}).Draw(t, "input"),
			ZeroBand: rapid.SampledFrom([]float64{0, forest.ZeroThreshold, 0.5, 5e-324, math.MaxFloat64}).Draw(t, "band"),
		}
		op := rapid.SampledFrom([]forest.Op{forest.LessEqual, forest.Less}).Draw(t, "op")
		limit := number(t, "threshold", nil)
		if math.IsNaN(limit) {
			t.Skip("a threshold is a number")
		}
		left := func(x float64) bool {
			if op == forest.Less {
				return f.Prepare(x) < limit
			}
			return f.Prepare(x) <= limit
		}
		end := upperEnd(f, op, limit)
		for _, x := range []float64{end, math.Nextafter(end, math.Inf(1)), math.Nextafter(end, math.Inf(-1)), number(t, "x", []float64{end, limit})} {
			if !math.IsNaN(x) && (x <= end) != left(x) {
				t.Errorf("op %d, input %d, band %v, threshold %v: %v goes left: %v; but the end is %v", op, f.Input, f.ZeroBand, limit, x, left(x), end)
			}
		}
	})
}

// TestUpperEndOfFloat32 holds the values that model-formats.md gives by hand.
func TestUpperEndOfFloat32(t *testing.T) {
	f := &forest.Forest{Input: forest.Float32}
	for _, c := range []struct {
		op   forest.Op
		t    float64
		want float64
	}{
		{forest.Less, 1, 1 - 0x1p-25 - 0x1p-53},                              // 1 is even: the midpoint rounds to it
		{forest.Less, 1 + 0x1p-23, 1 + 0x1p-24},                              // odd: the midpoint rounds to 1
		{forest.LessEqual, 1, 1 + 0x1p-24},                                   // the same question
		{forest.Less, math.Inf(1), 0x1p128 - 0x1p103 - 0x1p75},               // what does not round to +Inf
		{forest.LessEqual, math.MaxFloat32, 0x1p128 - 0x1p103 - 0x1p75},      // the same
		{forest.LessEqual, math.Inf(1), math.Inf(1)},                         // everything
		{forest.Less, -math.MaxFloat32, -(0x1p128 - 0x1p103)},                // what rounds to -Inf
		{forest.LessEqual, math.Inf(-1), -(0x1p128 - 0x1p103)},               // the same
		{forest.Less, math.Inf(-1), math.NaN()},                              // nothing
		{forest.Less, 0, math.Nextafter(-0x1p-150, math.Inf(-1))},            // a tie rounds to -0
		{forest.LessEqual, 0, 0x1p-150},                                      // and to 0
		{forest.LessEqual, 0.1, (float64(float32(0.1)) + 0x1.999998p-4) / 2}, // sklearn's thresholds are float64
	} {
		got := upperEnd(f, c.op, c.t)
		if c.op == forest.LessEqual && c.t == 0.1 {
			// 0.1f lies above 0.1, so that the largest float32 below counts, which is even: up to the midpoint.
			if float32(got) != 0x1.999998p-4 || float32(math.Nextafter(got, 1)) != float32(0.1) {
				t.Errorf("0.1: %v", got)
			}
		}
		if got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("op %d, %v: %x, want %x", c.op, c.t, got, c.want)
		}
	}
}
