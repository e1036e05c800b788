package parquet

import (
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// idsRecord has a column of whole numbers, made by next, and one of predictions, of which no two are alike.
func idsRecord(n int, next func(i int) int64) arrow.RecordBatch {
	rnd := rand.New(rand.NewPCG(1, 2))
	b := array.NewRecordBuilder(goMemory, arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64}, {Name: "prediction", Type: arrow.PrimitiveTypes.Float64},
	}, nil))
	defer b.Release()
	for i := range n {
		b.Field(0).(*array.Int64Builder).Append(next(i))
		b.Field(1).(*array.Float64Builder).Append(rnd.Float64())
	}
	return b.NewRecordBatch()
}

// BenchmarkWriteIDs writes what most runs write: an id and a prediction.
func BenchmarkWriteIDs(b *testing.B) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, kind := range []struct {
		name string
		next func(int) int64
	}{
		{"sequential", func(i int) int64 { return int64(i) }},
		{"random", func(int) int64 { return rnd.Int64() }},
		{"small", func(int) int64 { return int64(rnd.IntN(2000)) }},
	} {
		b.Run(kind.name, func(b *testing.B) {
			const rows = 256 << 10
			rec := idsRecord(rows, kind.next)
			b.ReportAllocs()
			for b.Loop() {
				out := &countWriter{}
				w, err := Format{}.NewWriter(out, rec.Schema())
				if err != nil {
					b.Fatal(err)
				}
				for from := int64(0); from < rows; from += 4096 {
					part := rec.NewSlice(from, from+4096)
					if err := w.Write(part); err != nil {
						b.Fatal(err)
					}
					part.Release()
				}
				if err := w.Close(); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(out.n)/rows, "bytes/row")
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}

type countWriter struct{ n int }

func (w *countWriter) Write(p []byte) (int, error) {
	w.n += len(p)
	return len(p), nil
}
