package forest_test

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/glulam/glulam/model/forest"
)

// check fails unless the reference gives what the documentation says: for the rows together, for each alone, and for many
// of them, which go another way.
func check(t rapid.TB, f *forest.Forest, x []float64, rows int) {
	t.Helper()
	r := forest.NewReference(f)
	checkRows(t, r, f, x, rows)
	if rows == 0 {
		return
	}
	width := len(f.Features)
	checkRows(t, r, f, x[:width], 1)
	many := 40/rows + 1
	checkRows(t, r, f, slices.Repeat(x, many), many*rows)
}

func checkRows(t rapid.TB, r *forest.Reference, f *forest.Forest, x []float64, rows int) {
	t.Helper()
	before := slices.Clone(x)
	margins, leaves := make([]float64, rows*f.Outputs), make([]int32, rows*len(f.Trees))
	r.Margins(x, rows, margins)
	r.LeafIndices(x, rows, leaves)
	if !slices.EqualFunc(x, before, sameBits) {
		t.Fatalf("x was changed from %v to %v", before, x)
	}
	width := len(f.Features)
	for i := range rows {
		row := x[i*width : (i+1)*width]
		want, wantLeaves := oracle{f}.row(row)
		if got := margins[i*f.Outputs : (i+1)*f.Outputs]; !slices.EqualFunc(got, want, sameBits) {
			t.Fatalf("row %d of %d %v: margins %v, want %v", i, rows, row, got, want)
		}
		if got := leaves[i*len(f.Trees) : (i+1)*len(f.Trees)]; !slices.Equal(got, wantLeaves) {
			t.Fatalf("row %d of %d %v: leaves %v, want %v", i, rows, row, got, wantLeaves)
		}
	}
}

func propertyReference(t *rapid.T) {
	f := randomForest(t)
	if err := f.Validate(); err != nil {
		t.Fatalf("a valid forest is refused: %v", err)
	}
	x, rows := randomRows(t, f)
	check(t, f, x, rows)
}

func TestReference(t *testing.T) { rapid.Check(t, propertyReference) }

func TestReferenceOfLarge(t *testing.T) { rapid.Check(t, propertyLarge) }

func FuzzReference(f *testing.F) { f.Fuzz(rapid.MakeFuzz(propertyReference)) }

// TestQuestions goes through every question, rule for missing values and default side with the values that matter.
func TestQuestions(t *testing.T) {
	values := []float64{nan, 0, math.Copysign(0, -1), forest.ZeroThreshold, -forest.ZeroThreshold, 1e-34, -1e-34, 1, math.Nextafter(1, 2), math.Nextafter(1, 0), inf, -inf}
	for _, op := range []forest.Op{forest.LessEqual, forest.Less, forest.Equal} {
		for _, missing := range []forest.Missing{forest.MissingNaN, forest.MissingZero, forest.MissingNone} {
			for _, left := range []bool{false, true} {
				for _, threshold := range append(values[1:], math.MaxFloat64) {
					f := stump(forest.Node{Op: op, Missing: missing, DefaultLeft: left, Threshold: threshold})
					check(t, f, values, len(values))
					f.ZeroBand = forest.ZeroThreshold
					check(t, f, values, len(values))
				}
			}
		}
	}
}

// TestCategories goes through values that are categories and values that are none.
func TestCategories(t *testing.T) {
	values := []float64{nan, 0, -0.5, -1, math.Nextafter(-1, 0), 0.999, 1, 2, 2.5, 3, 31, 32, 33, 63, 64, 1<<31 - 1, 1 << 31, 1 << 32, 1<<32 + 2, -1 << 31, 1e300, inf, -inf}
	for _, missing := range []forest.Missing{forest.MissingNaN, forest.MissingNone} {
		for _, left := range []bool{false, true} {
			for _, known := range []int32{-1, 0, 1} {
				f := stump(forest.Node{Op: forest.InSet, Missing: missing, DefaultLeft: left})
				f.Sets = []forest.Set{{Len: 2, Known: known}, {First: 1, Len: 2, Known: -1}}
				f.Words = []uint32{1<<0 | 1<<2 | 1<<31, 1 << 0, 1 << 1}
				check(t, f, values, len(values))
			}
		}
	}
}

// TestZeroBand: what counts as zero is zero for every question, and for linear leaves.
func TestZeroBand(t *testing.T) {
	f := stump(forest.Node{Threshold: 0})
	x := []float64{1e-36, forest.ZeroThreshold, math.Nextafter(forest.ZeroThreshold, 1), -1e-36, -1e-34}
	leaves := make([]int32, len(x))
	for band, want := range map[float64][]int32{0: {1, 1, 1, 0, 0}, forest.ZeroThreshold: {0, 0, 1, 0, 0}} {
		f.ZeroBand = band
		forest.NewReference(f).LeafIndices(x, len(x), leaves)
		if !slices.Equal(leaves, want) {
			t.Errorf("band %v: leaves %v, want %v", band, leaves, want)
		}
	}
	f.ZeroBand = forest.ZeroThreshold
	f.Linear = &forest.Linear{Const: []float64{1, 1}, Start: []int32{0, 1, 2}, Feature: []int32{0, 0}, Coeff: []float64{1e38, 1e38}}
	out := make([]float64, 1)
	forest.NewReference(f).Margins([]float64{forest.ZeroThreshold}, 1, out)
	if out[0] != 1 {
		t.Errorf("linear leaf: %v, want 1", out[0])
	}
}

// TestFloat32Input: x is rounded before it is compared, so that two numbers of which one is larger can be equal.
func TestFloat32Input(t *testing.T) {
	f := stump(forest.Node{Op: forest.Less, Threshold: float64(float32(0.1))})
	leaves := make([]int32, 3)
	x := []float64{0.1, 0.0999999999, math.MaxFloat64}
	for input, want := range map[forest.Precision][]int32{forest.Float64: {0, 0, 1}, forest.Float32: {1, 1, 1}} {
		f.Input = input
		forest.NewReference(f).LeafIndices(x, len(x), leaves)
		if !slices.Equal(leaves, want) {
			t.Errorf("precision %d: leaves %v, want %v", input, leaves, want)
		}
	}
}

// TestFloat32Sum: each addition is rounded, not the sum.
func TestFloat32Sum(t *testing.T) {
	f := &forest.Forest{Features: make([]forest.Feature, 1), Outputs: 1, LeafWidth: 1, Sum: forest.Float32, Base: []float64{16777216}}
	var want, once float32 = 16777216, 0
	for i := range 100 {
		f.Trees = append(f.Trees, forest.Tree{Root: -1, FirstLeaf: int32(i), NumLeaves: 1})
		f.Leaves = append(f.Leaves, 0.3+float64(i)/3)
		want += float32(f.Leaves[i])
		once += float32(f.Leaves[i])
	}
	if want == 16777216+once {
		t.Fatal("the order does not matter here")
	}
	if err := f.Validate(); err != nil {
		t.Fatal(err)
	}
	out := make([]float64, 1)
	forest.NewReference(f).Margins([]float64{0}, 1, out)
	if out[0] != float64(want) {
		t.Errorf("sum %v, want %v", out[0], want)
	}
	f.Average, f.Rounds = forest.AverageMargin, 7
	forest.NewReference(f).Margins([]float64{0}, 1, out)
	if out[0] != float64(want/7) {
		t.Errorf("average %v, want %v", out[0], want/7)
	}
}

// TestBlocks: rows do not depend on how many there are, or on the rows around them.
func TestBlocks(t *testing.T) {
	f, x := load(t, "lightgbm")
	width := len(f.Features)
	const rows = 1100
	r := forest.NewReference(f)
	all := make([]float64, rows)
	r.Margins(x, rows, all)
	for _, n := range []int{0, 1, 2, 15, 16, 17, 100, 1023, 1024, 1025, 1040, 1041} {
		for _, first := range []int{0, 1, rows - n} {
			some := make([]float64, n)
			r.Margins(x[first*width:(first+n)*width], n, some)
			if !slices.Equal(some, all[first:first+n]) {
				t.Fatalf("%d rows from %d differ from the same among %d", n, first, rows)
			}
		}
	}
}

// TestConcurrent: one evaluator, many goroutines.
func TestConcurrent(t *testing.T) {
	f, x := load(t, "multiclass")
	const rows = 700
	r := forest.NewReference(f)
	want := make([]float64, rows*f.Outputs)
	r.Margins(x, rows, want)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			got, leaves := make([]float64, rows*f.Outputs), make([]int32, rows*len(f.Trees))
			for range 3 {
				r.Margins(x, rows, got)
				r.LeafIndices(x, rows, leaves)
				if !slices.Equal(got, want) {
					t.Error("another result in another goroutine")
				}
			}
		})
	}
	wg.Wait()
}

// TestLinearRounding: a product is rounded before it is added, and the coefficients are added in order.
func TestLinearRounding(t *testing.T) {
	f := stump(forest.Node{Threshold: 1})
	f.Features = make([]forest.Feature, 2)
	f.Linear = &forest.Linear{
		Const: []float64{-0.01, 1e16}, Start: []int32{0, 1, 4}, Feature: []int32{0, 1, 1, 0}, Coeff: []float64{0.1, 1, 1, -1e16},
	}
	tenth := f.Linear.Coeff[0]
	if math.FMA(tenth, tenth, -0.01) == -0.01+float64(tenth*tenth) {
		t.Fatal("rounding makes no difference here")
	}
	if err := f.Validate(); err != nil {
		t.Fatal(err)
	}
	check(t, f, []float64{0.1, 0, 2, 1, 1.0000000000000002, 0.9, 0.1, nan, 2, nan}, 5)
}

// TestWide: the memory of an evaluator does not grow with the number of features times the rows that it takes together,
// neither for features that no node looks at nor for those that have one.
func TestWide(t *testing.T) {
	f := stump(forest.Node{Feature: forest.MaxFeatures - 1, Threshold: 1})
	f.Features = make([]forest.Feature, forest.MaxFeatures)
	testWide(t, "one of a million", f)
	for _, n := range []int32{1 << 12, 1 << 16} {
		f := stump(forest.Node{})
		f.Trees[0].NumNodes, f.Trees[0].NumLeaves = n, n+1
		f.Features, f.Nodes, f.Leaves = make([]forest.Feature, n), make([]forest.Node, n), make([]float64, n+1)
		for i := range n {
			f.Nodes[i] = forest.Node{Feature: i, Threshold: 1, Left: i + 1, Right: ^i}
			f.Leaves[i] = 20
		}
		f.Nodes[n-1].Left, f.Leaves[n] = ^n, 10
		testWide(t, fmt.Sprintf("all of %d", n), f)
	}
}

// testWide scores rows of zeros, every other one with a 2 at the end: 10 and 20.
func testWide(t *testing.T, name string, f *forest.Forest) {
	const rows = 18
	if err := f.Validate(); err != nil {
		t.Fatal(err)
	}
	width := len(f.Features)
	x, out, want := make([]float64, rows*width), make([]float64, rows), make([]float64, rows)
	for i := range rows {
		x[(i+1)*width-1] = float64(2 * (i % 2))
		want[i] = 10 + 10*float64(i%2)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	forest.NewReference(f).Margins(x, rows, out)
	runtime.ReadMemStats(&after)
	if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; mib > 20 {
		t.Errorf("%s: %d MiB", name, mib)
	}
	if !slices.Equal(out, want) {
		t.Errorf("%s: got %v, want %v", name, out, want)
	}
}
