package parquet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// memFile is a file in memory.
func memFile(t testing.TB, data []byte) *format.File {
	t.Helper()
	f, err := format.NewFile("mem.parquet", bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func testFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// got is what reading a file gave, copied out of the reader's memory.
type got struct {
	schema  *arrow.Schema
	columns []arrow.Array // over all batches
	rows    []int64
	letters []fault.Letter
	bytes   int64
	batches int
}

// read reads a whole file in pieces of target bytes.
func read(fm Format, f *format.File, cols []format.Column, target int64) (*got, error) {
	ctx := context.Background()
	layout, err := fm.Describe(ctx, f)
	if err != nil {
		return nil, err
	}
	pieces, err := fm.Split(ctx, f, layout, target)
	if err != nil {
		return nil, err
	}
	g := &got{}
	var parts [][]arrow.Array
	for _, p := range pieces {
		if err := readPiece(fm, f, layout, p, cols, g, &parts); err != nil {
			return nil, err
		}
	}
	for _, chunks := range parts {
		arr, err := array.Concatenate(chunks, memory.DefaultAllocator)
		if err != nil {
			return nil, err
		}
		g.columns = append(g.columns, arr)
	}
	return g, nil
}

func readPiece(fm Format, f *format.File, l *format.Layout, p format.Piece, cols []format.Column, g *got, parts *[][]arrow.Array) (err error) {
	r, err := fm.Open(context.Background(), f, l, p, cols)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	rows, taken := int64(0), int64(0)
	for {
		b, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if b.Record.NumRows() > format.BatchRows || int(b.Record.NumRows()) != len(b.Row) || len(b.Row) != len(b.Offset) {
			return fmt.Errorf("a batch of %d rows with %d row numbers", b.Record.NumRows(), len(b.Row))
		}
		cp, err := copyRecord(b.Record)
		if err != nil {
			return err
		}
		g.schema = cp.Schema()
		for len(*parts) < int(cp.NumCols()) {
			*parts = append(*parts, nil)
		}
		for i, c := range cp.Columns() {
			(*parts)[i] = append((*parts)[i], c)
		}
		g.rows = append(g.rows, b.Row...)
		g.letters = append(g.letters, b.Rejected...)
		g.batches++
		rows += b.Record.NumRows() + int64(len(b.Rejected))
		taken += b.Bytes
	}
	if rows != p.Rows {
		return fmt.Errorf("%d rows of a piece of %d", rows, p.Rows)
	}
	g.bytes += taken
	return nil
}

// copyRecord copies a batch out of the reader's memory.
func copyRecord(rec arrow.RecordBatch) (arrow.RecordBatch, error) {
	var buf bytes.Buffer
	w := ipc.NewWriter(&buf, ipc.WithSchema(rec.Schema()))
	if err := errors.Join(w.Write(rec), w.Close()); err != nil {
		return nil, err
	}
	r, err := ipc.NewReader(&buf)
	if err != nil {
		return nil, err
	}
	if !r.Next() {
		return nil, fmt.Errorf("no record: %w", r.Err())
	}
	cp := r.RecordBatch()
	cp.Retain()
	return cp, nil
}

func mustRead(t testing.TB, data []byte, cols []format.Column, target int64) *got {
	t.Helper()
	g, err := read(Format{}, memFile(t, data), cols, target)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func ask(kind format.Kind, names ...string) (cols []format.Column) {
	for _, n := range names {
		cols = append(cols, format.Column{Name: n, Kind: kind})
	}
	return cols
}

// write makes a file of records.
func write(t testing.TB, schema *arrow.Schema, recs ...arrow.RecordBatch) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := Format{}.NewWriter(&buf, schema)
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range recs {
		if err := w.Write(rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func sameFloat(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b
}

// sample makes a table of n rows as a scoring job has them: numbers, some missing, some strings.
func sample(n int, seed uint64) arrow.RecordBatch {
	rng := rand.New(rand.NewPCG(seed, 1))
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64},
		{Name: "x", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
		{Name: "y", Type: arrow.PrimitiveTypes.Float32, Nullable: true},
		{Name: "k", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
		{Name: "s", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "when", Type: &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}, Nullable: true},
		{Name: "tags", Type: arrow.ListOf(arrow.BinaryTypes.String), Nullable: true},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for i := range n {
		b.Field(0).(*array.Int64Builder).Append(math.MaxInt64 - int64(i))
		if i%10 == 0 {
			b.Field(1).AppendNull()
			b.Field(5).AppendNull()
			b.Field(6).AppendNull()
		} else {
			b.Field(1).(*array.Float64Builder).Append(rng.NormFloat64())
			b.Field(5).(*array.TimestampBuilder).Append(arrow.Timestamp(rng.Int64N(1 << 50)))
			l := b.Field(6).(*array.ListBuilder)
			l.Append(true)
			for range i % 3 {
				l.ValueBuilder().(*array.StringBuilder).Append("tag" + strconv.Itoa(rng.IntN(5)))
			}
		}
		b.Field(2).(*array.Float32Builder).Append(float32(rng.IntN(1000)) / 8)
		b.Field(3).(*array.Int32Builder).Append(int32(rng.IntN(100)))
		if i%7 == 0 {
			b.Field(4).AppendNull()
		} else {
			b.Field(4).(*array.StringBuilder).Append("text " + strconv.Itoa(rng.IntN(50)))
		}
	}
	return b.NewRecordBatch()
}
