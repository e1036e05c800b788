package leaves

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/glulam/glulam/model/forest"
)

// sameAsReference fails unless the engine gives the reference's bits and leaf indices and leaves x alone.
func sameAsReference(t rapid.TB, f *forest.Forest, x []float64, rows int) {
	t.Helper()
	e, err := New(f)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	ref := forest.NewReference(f)
	before := slices.Clone(x)

	got, want := make([]int32, rows*len(f.Trees)), make([]int32, rows*len(f.Trees))
	e.LeafIndices(x, rows, got)
	ref.LeafIndices(x, rows, want)
	for i := range want {
		if got[i] != want[i] {
			r, tree := i/len(f.Trees), i%len(f.Trees)
			t.Fatalf("row %d %v, tree %d: leaf %d, want %d", r, x[r*len(f.Features):(r+1)*len(f.Features)], tree, got[i], want[i])
		}
	}
	sum, wantSum := make([]float64, rows*f.Outputs), make([]float64, rows*f.Outputs)
	e.Margins(x, rows, sum)
	ref.Margins(x, rows, wantSum)
	for i := range wantSum {
		// One NaN is as good as another: the processor chooses which of two it hands on.
		if math.Float64bits(sum[i]) != math.Float64bits(wantSum[i]) && !(math.IsNaN(sum[i]) && math.IsNaN(wantSum[i])) {
			t.Fatalf("row %d, output %d: %v (%#x), want %v (%#x)", i/f.Outputs, i%f.Outputs,
				sum[i], math.Float64bits(sum[i]), wantSum[i], math.Float64bits(wantSum[i]))
		}
	}
	for i := range x {
		if math.Float64bits(x[i]) != math.Float64bits(before[i]) {
			t.Fatalf("x[%d] was changed from %v to %v", i, before[i], x[i])
		}
	}
}

func propertySame(t *rapid.T) {
	f := randomForest(t)
	x, rows := randomRows(t, f)
	sameAsReference(t, f, x, rows)
}

func TestSameAsReference(t *testing.T) { rapid.Check(t, propertySame) }

func FuzzSameAsReference(f *testing.F) { f.Fuzz(rapid.MakeFuzz(propertySame)) }

// TestEveryDecision goes through all combinations of question, missing kind, default side, input and zero band for one
// node, with every edge, its neighbours and NaN as the value.
func TestEveryDecision(t *testing.T) {
	var values []float64
	for _, v := range append(slices.Clone(edges), math.NaN(), 2, 2.25, 33, 34, 65) {
		values = append(values, v, math.Nextafter(v, math.Inf(1)), math.Nextafter(v, math.Inf(-1)))
	}
	for _, features := range []int{1, 2} {
		for _, op := range []forest.Op{forest.LessEqual, forest.Less, forest.InSet} {
			for _, missing := range []forest.Missing{forest.MissingNaN, forest.MissingZero, forest.MissingNone} {
				if op == forest.InSet && missing == forest.MissingZero {
					continue // not valid
				}
				for _, defaultLeft := range []bool{false, true} {
					for _, input := range []forest.Precision{forest.Float64, forest.Float32} {
						for _, band := range []float64{0, 1e-35, forest.ZeroThreshold, 0.5} {
							f := oneNodeTrees(features, forest.Node{Op: op, Missing: missing, DefaultLeft: defaultLeft})
							f.Input, f.ZeroBand = input, band
							x := make([]float64, len(values)*features)
							for i, v := range values {
								x[i*features] = v
							}
							sameAsReference(t, f, x, len(values))
						}
					}
				}
			}
		}
	}
}

// oneNodeTrees makes a forest with a tree of this one node for each threshold, or each of some sets.
func oneNodeTrees(features int, nd forest.Node) *forest.Forest {
	f := &forest.Forest{Features: make([]forest.Feature, features), Outputs: 1, LeafWidth: 1}
	add := func() {
		n := int32(len(f.Nodes))
		nd.Left, nd.Right = ^0, ^1
		f.Nodes = append(f.Nodes, nd)
		f.Leaves = append(f.Leaves, 1, -0.1)
		f.Trees = append(f.Trees, forest.Tree{Root: n, FirstNode: n, NumNodes: 1, FirstLeaf: 2 * n, NumLeaves: 2})
	}
	if nd.Op != forest.InSet {
		for _, nd.Threshold = range edges {
			add()
		}
		return f
	}
	f.Words = []uint32{0, 5, 0, 0b1101, 1 << 31, 1, 0b110, 0xffff_ffff}
	f.Sets = []forest.Set{
		{First: 0, Len: 0, Known: -1}, {First: 0, Len: 1, Known: -1}, {First: 1, Len: 1, Known: -1}, {First: 2, Len: 4, Known: -1},
		{First: 1, Len: 2, Known: 3}, {First: 6, Len: 1, Known: 5}, {First: 4, Len: 2, Known: 0}, {First: 7, Len: 1, Known: 1},
	}
	for s := range f.Sets {
		nd.Set = int32(s)
		add()
	}
	return f
}

// TestOneFeature: leaves counts the features of a model with one feature as none.
func TestOneFeature(t *testing.T) {
	f := oneNodeTrees(1, forest.Node{})
	e := mustNew(t, f)
	if e.cols.direct || e.cols.width != 2 || e.trees.NFeatures() != 2 {
		t.Errorf("the library sees %d features of %d columns, direct %v", e.trees.NFeatures(), e.cols.width, e.cols.direct)
	}
	sameAsReference(t, f, []float64{0, 1, math.NaN()}, 3)
}

// TestDirect: rows of plain numbers go to the library as they are, whatever Input and ZeroBand say.
func TestDirect(t *testing.T) {
	f := oneNodeTrees(3, forest.Node{Op: forest.Less})
	f.Input, f.ZeroBand = forest.Float32, forest.ZeroThreshold
	e := mustNew(t, f)
	if !e.cols.direct || e.cols.width != 3 {
		t.Errorf("direct %v, width %d", e.cols.direct, e.cols.width)
	}
}

func TestManyRows(t *testing.T) {
	f := benchForest(200, 40, 3)
	sameAsReference(t, f, benchRows(f, 1000), 1000)
}

func TestConcurrentUse(t *testing.T) {
	f := benchForest(50, 31, 5)
	f.Nodes[0].Missing = forest.MissingZero // derived columns
	e := mustNew(t, f)
	if e.cols.direct {
		t.Fatal("no derived columns")
	}
	const rows = 700
	x := benchRows(f, rows)
	want := make([]float64, rows)
	forest.NewReference(f).Margins(x, rows, want)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			first := g * 13
			got := make([]float64, rows-first)
			for range 4 {
				e.Margins(x[first*len(f.Features):], rows-first, got)
				if !slices.Equal(got, want[first:]) {
					t.Error("margins differ under concurrent use")
				}
				e.LeafIndices(x, 2, make([]int32, 2*len(f.Trees)))
			}
		})
	}
	wg.Wait()
}

func TestNoAllocations(t *testing.T) {
	for _, kind := range []forest.Missing{forest.MissingNaN, forest.MissingZero} {
		f := benchForest(20, 15, 4)
		f.Nodes[0].Missing = kind
		e := mustNew(t, f)
		const rows = 300
		x, out, leaf := benchRows(f, rows), make([]float64, rows), make([]int32, rows*len(f.Trees))
		n := testing.AllocsPerRun(20, func() {
			e.Margins(x, rows, out)
			e.LeafIndices(x, rows, leaf)
		})
		// The race detector makes sync.Pool forget at random.
		if n > 0 && !raceEnabled {
			t.Errorf("%v allocations a call", n)
		}
	}
}

// benchForest makes a forest of random balanced trees on numbers in 0..1 with NaN.
func benchForest(trees, leaves, features int) *forest.Forest {
	rng := rand.New(rand.NewPCG(1, 2))
	f := &forest.Forest{Features: make([]forest.Feature, features), Outputs: 1, LeafWidth: 1}
	for range trees {
		first := int32(len(f.Nodes))
		tr := forest.Tree{Root: first, FirstNode: first, NumNodes: int32(leaves - 1), FirstLeaf: int32(len(f.Leaves)), NumLeaves: int32(leaves)}
		// A heap of leaves-1 nodes: its missing children are the leaves.
		leaf := int32(0)
		child := func(i int32) int32 {
			if i < tr.NumNodes {
				return first + i
			}
			leaf++
			return ^(leaf - 1)
		}
		for i := range tr.NumNodes {
			f.Nodes = append(f.Nodes, forest.Node{
				Feature: rng.Int32N(int32(features)), Threshold: rng.Float64(), DefaultLeft: rng.IntN(2) == 0,
				Left: child(2*i + 1), Right: child(2*i + 2),
			})
		}
		for range leaves {
			f.Leaves = append(f.Leaves, rng.NormFloat64())
		}
		f.Trees = append(f.Trees, tr)
	}
	if err := f.Validate(); err != nil {
		panic(err)
	}
	return f
}

func benchRows(f *forest.Forest, rows int) []float64 {
	rng := rand.New(rand.NewPCG(3, 4))
	x := make([]float64, rows*len(f.Features))
	for i := range x {
		if x[i] = rng.Float64(); rng.IntN(5) == 0 {
			x[i] = math.NaN()
		}
	}
	return x
}
