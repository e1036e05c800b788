package leaves

import (
	"fmt"
	"testing"

	"github.com/glulam/glulam/model/forest"
)

// BenchmarkMargins compares the engine with the reference, side by side, on the three models of tree-kernel.md: trees x
// leaves x features, 20% of the values missing. "derived" makes the engine build columns for every row.
func BenchmarkMargins(b *testing.B) {
	for _, m := range []struct{ trees, leaves, features int }{{100, 31, 28}, {500, 63, 28}, {1000, 255, 137}} {
		f := benchForest(m.trees, m.leaves, m.features)
		derived := benchForest(m.trees, m.leaves, m.features)
		derived.Nodes[0].Missing = forest.MissingZero
		name := fmt.Sprintf("%dx%dx%d", m.trees, m.leaves, m.features)
		b.Run(name+"/reference", func(b *testing.B) { benchMargins(b, forest.NewReference(f), f) })
		b.Run(name+"/leaves-direct", func(b *testing.B) { benchMargins(b, mustNew(b, f), f) })
		b.Run(name+"/leaves-derived", func(b *testing.B) { benchMargins(b, mustNew(b, derived), derived) })
	}
}

func mustNew(tb testing.TB, f *forest.Forest) *Engine {
	tb.Helper()
	e, err := New(f)
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

func benchMargins(b *testing.B, e forest.Evaluator, f *forest.Forest) {
	const rows = 512
	x, out := benchRows(f, rows), make([]float64, rows)
	b.ReportAllocs()
	for b.Loop() {
		e.Margins(x, rows, out)
	}
	perRow := float64(b.Elapsed().Nanoseconds()) / float64(b.N) / rows
	b.ReportMetric(perRow, "ns/row")
	b.ReportMetric(1e9/perRow, "rows/s")
}

// BenchmarkNew measures writing the text and loading it.
func BenchmarkNew(b *testing.B) {
	f := benchForest(500, 63, 28)
	b.ReportAllocs()
	for b.Loop() {
		mustNew(b, f)
	}
}
