package parquet

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	pq "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"

	"github.com/glulam/glulam/format"
)

func TestPacks(t *testing.T) {
	for _, c := range []struct {
		v    []int64
		want bool
	}{
		{nil, false}, {[]int64{5}, false}, {[]int64{5, 6, 7}, true}, {[]int64{9, 7, 5}, true}, {[]int64{0, 1 << 24}, true}, {[]int64{0, 1, 1 << 26}, false},
		{[]int64{math.MinInt64, math.MaxInt64}, false}, {[]int64{math.MaxInt64, math.MinInt64}, false}, {[]int64{math.MaxInt64 - 1, math.MaxInt64}, true},
		{[]int64{0, math.MaxInt64, 0}, false},
	} {
		if got := packs(c.v); got != c.want {
			t.Errorf("%v: %v", c.v, got)
		}
	}
}

// TestSteadyThenNot: what the first record promises need not hold; every number comes back all the same.
func TestSteadyThenNot(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	extremes := []int64{math.MinInt64, math.MaxInt64, 0, -1, 1, math.MinInt64 + 1, math.MaxInt64 - 1}
	const rows = 300_000
	want := make([]int64, rows)
	for i := range want {
		switch {
		case i < 4096:
			want[i] = int64(i)
		case i < 100_000:
			want[i] = extremes[rnd.IntN(len(extremes))]
		case i < 200_000:
			want[i] = int64(rnd.Uint64()) >> rnd.IntN(64)
		default:
			want[i] = int64(-3 * i)
		}
	}
	rec := idsRecord(rows, func(i int) int64 { return want[i] })
	var out bytes.Buffer
	w, err := Format{}.NewWriter(&out, rec.Schema())
	if err != nil {
		t.Fatal(err)
	}
	for from := int64(0); from < rows; from += 4096 {
		if err := w.Write(rec.NewSlice(from, min(rows, from+4096))); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := file.NewParquetReader(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	chunk, err := r.MetaData().RowGroup(0).ColumnChunk(0)
	if err != nil {
		t.Fatal(err)
	}
	delta := false
	for _, e := range chunk.Encodings() {
		delta = delta || e == pq.Encodings.DeltaBinaryPacked
	}
	if !delta {
		t.Errorf("encodings %v", chunk.Encodings())
	}
	back, err := read(Format{}, memFile(t, out.Bytes()), []format.Column{{Name: "id", Kind: format.Native}}, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if got := back.columns[0].(*array.Int64).Int64Values(); !slices.Equal(got, want) {
		t.Errorf("%d rows come back otherwise", len(got))
	}
}
