package model

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// TestValues: any slice of a column, with nulls anywhere, to any stride.
func TestValues(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, share := range []float64{0, 0.01, 0.5, 0.99, 1} {
		b := array.NewInt64Builder(memory.DefaultAllocator)
		f := array.NewFloat64Builder(memory.DefaultAllocator)
		for i := range 300 {
			if rnd.Float64() < share {
				b.AppendNull()
				f.AppendNull()
			} else {
				b.Append(int64(i + 1))
				f.Append(float64(i + 1))
			}
		}
		ints, floats := b.NewInt64Array(), f.NewFloat64Array()
		for range 300 {
			from, first := rnd.IntN(100), rnd.IntN(80)
			rows, width := rnd.IntN(300-from-first), 1+rnd.IntN(3)
			a := array.NewSlice(ints, int64(from), 300).(*array.Int64)
			c := array.NewSlice(floats, int64(from), 300).(*array.Float64)
			got, same := make([]float64, rows*width+1), make([]float64, rows*width+1)
			values(a.Int64Values(), a, first, rows, got, width)
			values(c.Float64Values(), c, first, rows, same, width)
			for i := range rows {
				want := float64(from + first + i + 1)
				if a.IsNull(first + i) {
					want = math.NaN()
				}
				if math.Float64bits(got[i*width]) != math.Float64bits(want) || math.Float64bits(same[i*width]) != math.Float64bits(want) {
					t.Fatalf("%v of nulls, row %d of %d from %d+%d: %v and %v, want %v", share, i, rows, from, first, got[i*width], same[i*width], want)
				}
			}
			if got[len(got)-1] != 0 {
				t.Fatal("more was written than there is")
			}
		}
	}
}

func BenchmarkValues(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, share := range []float64{0, 0.2, 0.997} {
		ib := array.NewInt64Builder(memory.DefaultAllocator)
		for i := range 4096 {
			if rnd.Float64() < share {
				ib.AppendNull()
			} else {
				ib.Append(int64(i))
			}
		}
		a := ib.NewInt64Array()
		dst := make([]float64, 1024)
		b.Run(fmt.Sprintf("nulls=%v", share), func(b *testing.B) {
			for b.Loop() {
				for first := 0; first < 4096; first += 1024 {
					values(a.Int64Values(), a, first, 1024, dst, 1)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*4096), "ns/value")
		})
	}
}
