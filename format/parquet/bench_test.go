package parquet

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/glulam/glulam/format"
)

// numbersRecord makes a batch of n float64 columns; share of 10 values is missing.
func numbersRecord(rows, columns, share int) arrow.RecordBatch {
	rng := rand.New(rand.NewPCG(1, 2))
	var fields []arrow.Field
	for i := range columns {
		fields = append(fields, arrow.Field{Name: fmt.Sprintf("x%d", i), Type: arrow.PrimitiveTypes.Float64, Nullable: true})
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
	defer b.Release()
	for i := range columns {
		c := b.Field(i).(*array.Float64Builder)
		for range rows {
			if rng.IntN(10) < share {
				c.AppendNull()
			} else {
				c.Append(math.Round(rng.NormFloat64()*1000) / 1000)
			}
		}
	}
	return b.NewRecordBatch()
}

func benchRead(b *testing.B, data []byte, cols []format.Column) {
	ctx := context.Background()
	f := memFile(b, data)
	b.ReportAllocs()
	rows := int64(0)
	for b.Loop() {
		pieces, err := Format{}.Split(ctx, f, nil, 1<<40)
		if err != nil {
			b.Fatal(err)
		}
		for _, p := range pieces {
			r, err := Format{}.Open(ctx, f, nil, p, cols)
			if err != nil {
				b.Fatal(err)
			}
			for {
				batch, err := r.Next()
				if err == io.EOF {
					break
				}
				if err != nil {
					b.Fatal(err)
				}
				rows += batch.Record.NumRows()
			}
			r.Close()
		}
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkRead(b *testing.B) {
	for _, nulls := range []int{0, 1} {
		rec := numbersRecord(200_000, 20, nulls)
		data := write(b, rec.Schema(), rec)
		var names []string
		for i := range 20 {
			names = append(names, fmt.Sprintf("x%d", i))
		}
		b.Run(fmt.Sprintf("20 numbers, nulls %d0%%", nulls), func(b *testing.B) { benchRead(b, data, ask(format.Number, names...)) })
		b.Run(fmt.Sprintf("the same by pqarrow alone, nulls %d0%%", nulls), func(b *testing.B) { benchPqarrow(b, data) })
	}
	rec := sample(200_000, 1)
	data := write(b, rec.Schema(), rec)
	b.Run("2 numbers and a text", func(b *testing.B) {
		benchRead(b, data, append(ask(format.Number, "x", "y"), ask(format.Text, "s")...))
	})
	b.Run("all native", func(b *testing.B) { benchRead(b, data, ask(format.Native, "id", "x", "y", "k", "s", "when", "tags")) })
}

// benchPqarrow is what the same would cost without this package, for comparison.
func benchPqarrow(b *testing.B, data []byte) {
	b.ReportAllocs()
	rows := int64(0)
	for b.Loop() {
		pf, err := file.NewParquetReader(bytes.NewReader(data))
		if err != nil {
			b.Fatal(err)
		}
		r, err := pqarrow.NewFileReader(pf, pqarrow.ArrowReadProperties{BatchSize: format.BatchRows}, memory.DefaultAllocator)
		if err != nil {
			b.Fatal(err)
		}
		rr, err := r.GetRecordReader(context.Background(), nil, nil)
		if err != nil {
			b.Fatal(err)
		}
		for rr.Next() {
			rows += rr.RecordBatch().NumRows()
		}
		rr.Release()
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkWrite(b *testing.B) {
	rec := numbersRecord(4096, 20, 1)
	b.ReportAllocs()
	rows := 0
	for b.Loop() {
		w, err := Format{}.NewWriter(io.Discard, rec.Schema())
		if err != nil {
			b.Fatal(err)
		}
		for range 50 {
			if err := w.Write(rec); err != nil {
				b.Fatal(err)
			}
			rows += 4096
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}
