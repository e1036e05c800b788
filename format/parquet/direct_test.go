package parquet

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	pq "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/glulam/glulam/format"
)

// numbersFile has a column of each kind of number, with a share of nulls and so many different values.
func numbersFile(t testing.TB, rows, different int, nulls float64, o ...pq.WriterProperty) []byte {
	rnd := rand.New(rand.NewPCG(uint64(rows), uint64(different)))
	p := arrow.PrimitiveTypes
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "i", Type: p.Int32, Nullable: true}, {Name: "l", Type: p.Int64, Nullable: true},
		{Name: "f", Type: p.Float32, Nullable: true}, {Name: "d", Type: p.Float64, Nullable: true}, {Name: "r", Type: p.Int64},
	}, nil)
	b := array.NewRecordBuilder(goMemory, schema)
	defer b.Release()
	for i := range rows {
		v := int64(rnd.IntN(different)) * 1_000_003
		if i%1000 < 300 {
			v = 7 // runs
		}
		b.Field(4).(*array.Int64Builder).Append(v)
		if rnd.Float64() < nulls || i%5000 < int(nulls*1000) {
			for c := range 4 {
				b.Field(c).AppendNull()
			}
			continue
		}
		b.Field(0).(*array.Int32Builder).Append(int32(v))
		b.Field(1).(*array.Int64Builder).Append(v)
		b.Field(2).(*array.Float32Builder).Append(float32(v) / 3)
		b.Field(3).(*array.Float64Builder).Append(float64(v) / 3)
	}
	rec := b.NewRecordBatch()
	defer rec.Release()
	var out bytes.Buffer
	w, err := pqarrow.NewFileWriter(schema, &out, pq.NewWriterProperties(append([]pq.WriterProperty{pq.WithMaxRowGroupLength(20_000)}, o...)...), pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rec); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// columnOf reads a column, a batch at a time, through r.
func columnOf[T any](t testing.TB, r batcher[T], rows int, maxDef int16, batch int) (values []T, defs []int16) {
	buf, d := make([]T, batch), make([]int16, batch)
	for len(defs) < rows {
		n, got, err := step(r, buf, d, nil, min(batch, rows-len(defs)), maxDef)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, buf[:got]...)
		if maxDef == 0 {
			clear(d[:n])
		}
		defs = append(defs, d[:n]...)
	}
	return values, defs
}

func checkDirect[T plainNumber](t *testing.T, data []byte, column, batch int) {
	t.Helper()
	f, err := format.NewFile("x.parquet", bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	ft, err := readFooter(f)
	if err != nil {
		t.Fatal(err)
	}
	own := &direct[T]{}
	leaf := newLeaf(ft, column, &budget{left: math.MaxInt64})
	for group := range ft.meta.RowGroups {
		rows := int(ft.meta.RowGroups[group].NumRows)
		other := newLeaf(ft, column, &budget{left: math.MaxInt64})
		r, err := openColumn[T](&other.pages, ft, group, column)
		if err != nil {
			t.Fatal(err)
		}
		want, wantDefs := columnOf(t, r, rows, other.maxDef, 1000)
		if err := leaf.pages.open(ft, group, column); err != nil {
			t.Fatal(err)
		}
		own.open(&leaf.pages)
		got, gotDefs := columnOf[T](t, own, rows, leaf.maxDef, batch)
		if !slices.Equal(gotDefs, wantDefs) || !slices.Equal(got, want) {
			t.Fatalf("column %d, group %d: %d values, want %d", column, group, len(got), len(want))
		}
	}
}

// TestDirect holds our own reader against arrow-go's: dictionaries, plain values, dictionaries that were given up, and encodings
// that are handed over, in the middle of a column too.
func TestDirect(t *testing.T) {
	for _, different := range []int{1, 2, 3, 100, 5000, 1 << 30} {
		for _, nulls := range []float64{0, 0.3, 0.99, 1} {
			for name, o := range map[string][]pq.WriterProperty{
				"dictionary": {pq.WithDataPageSize(3000)},
				"v2":         {pq.WithDataPageVersion(pq.DataPageV2), pq.WithDataPageSize(10_000)},
				"given up":   {pq.WithDictionaryPageSizeLimit(2000), pq.WithDataPageSize(1000)},
				"plain":      {pq.WithDictionaryDefault(false), pq.WithDataPageSize(5000)},
				"handed over": {
					pq.WithEncodingPath(pq.ColumnPathFromString("l"), pq.Encodings.DeltaBinaryPacked), pq.WithDictionaryPath(pq.ColumnPathFromString("l"), false),
					pq.WithEncodingPath(pq.ColumnPathFromString("d"), pq.Encodings.ByteStreamSplit), pq.WithDictionaryPageSizeLimit(2000),
				},
			} {
				t.Run(fmt.Sprintf("%d/%v/%s", different, nulls, name), func(t *testing.T) {
					data := numbersFile(t, 30_000, different, nulls, o...)
					for _, batch := range []int{1000, 4096, 17} {
						checkDirect[int32](t, data, 0, batch)
						checkDirect[int64](t, data, 1, batch)
						checkDirect[float32](t, data, 2, batch)
						checkDirect[float64](t, data, 3, batch)
						checkDirect[int64](t, data, 4, batch)
					}
				})
			}
		}
	}
}

// FuzzHybrid: no bytes make the reader of runs panic, give a value that is not allowed, or a count that is wrong.
func FuzzHybrid(f *testing.F) {
	f.Add([]byte{3, 0x88, 0xc6, 0xfa, 4, 1}, uint8(3), uint16(20))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x0f, 1}, uint8(1), uint16(9))
	f.Add([]byte{9, 1}, uint8(0), uint16(100))
	f.Fuzz(func(t *testing.T, data []byte, width uint8, n uint16) {
		var h hybrid
		h.reset(data, int(width%33))
		dict := []int64{10, 11, 12, 13, 14}
		dst := make([]int64, n)
		for at := 0; at < len(dst); {
			part := dst[at:min(len(dst), at+100)]
			if lookUp(&h, part, dict) != nil {
				break
			}
			for _, v := range part {
				if v < 10 || v > 14 {
					t.Fatalf("a value of %d", v)
				}
			}
			at += len(part)
		}
		h.reset(data, int(width%15+1))
		levels := make([]int16, n)
		if count, err := h.levels(levels, 2); err == nil {
			for _, l := range levels {
				if l < 0 || l > 2 {
					t.Fatalf("a level of %d", l)
				}
				if l == 2 {
					count--
				}
			}
			if count != 0 {
				t.Fatal("the count is wrong")
			}
		}
	})
}

// BenchmarkDirect reads a column of whole numbers, a tenth of them nulls, by our own reader and by arrow-go's.
func BenchmarkDirect(b *testing.B) {
	const rows = 20_000
	for _, kind := range []struct {
		name string
		o    []pq.WriterProperty
	}{{"dictionary", nil}, {"plain", []pq.WriterProperty{pq.WithDictionaryDefault(false)}}} {
		data := numbersFile(b, rows, 1000, 0.1, kind.o...)
		f, _ := format.NewFile("x.parquet", bytes.NewReader(data), int64(len(data)))
		ft, err := readFooter(f)
		if err != nil {
			b.Fatal(err)
		}
		leaf := newLeaf(ft, 1, &budget{left: math.MaxInt64})
		own := &direct[int64]{}
		for _, name := range []string{"glulam", "arrow-go"} {
			b.Run(kind.name+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				buf, defs := make([]int64, 4096), make([]int16, 4096)
				for b.Loop() {
					var r batcher[int64] = own
					if name == "glulam" {
						if err := leaf.pages.open(ft, 0, 1); err != nil {
							b.Fatal(err)
						}
						own.open(&leaf.pages)
					} else if r, err = openColumn[int64](&leaf.pages, ft, 0, 1); err != nil {
						b.Fatal(err)
					}
					for n := 0; n < rows; {
						k, _, err := step(r, buf, defs, nil, min(4096, rows-n), 1)
						if err != nil {
							b.Fatal(err)
						}
						n += k
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/value")
			})
		}
	}
}
