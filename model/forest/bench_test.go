package forest_test

import (
	"fmt"
	"testing"

	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/lightgbm"
)

// BenchmarkReference measures the reference evaluator on models of real data and rows of real data: numeric has numbers
// only, lightgbm has categories, multiclass several outputs, zero_as_missing nodes that take zero for missing, linear
// linear leaves.
func BenchmarkReference(b *testing.B) {
	for _, name := range []string{"numeric", "lightgbm", "multiclass", "zero_as_missing", "linear"} {
		f, x := load(b, name)
		r := forest.NewReference(f)
		width := len(f.Features)
		for _, batch := range []int{1, 64, 4096} {
			b.Run(fmt.Sprintf("%s/%d", name, batch), func(b *testing.B) {
				out := make([]float64, batch*f.Outputs)
				rows := len(x) / width
				b.ReportAllocs()
				done := 0
				for b.Loop() {
					first := done % (rows - batch + 1)
					r.Margins(x[first*width:(first+batch)*width], batch, out)
					done += batch
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(done), "ns/row")
				b.ReportMetric(float64(done)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}

// load parses a model of the test data and gives the 5,000 rows as its trees see them.
func load(tb testing.TB, name string) (*forest.Forest, []float64) {
	tb.Helper()
	m := golden.Find(tb, name)
	f, err := lightgbm.Parse(m.Bytes(tb), m.File)
	if err != nil {
		tb.Fatal(err)
	}
	return f, m.Matrix(tb)
}
