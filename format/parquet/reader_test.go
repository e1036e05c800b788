package parquet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	pq "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// Pieces of any size give the same rows in the same order, and all of the file's bytes.
func TestPieces(t *testing.T) {
	for name, data := range hostileFiles(t) {
		cols := everything(t, data)
		want := mustRead(t, data, cols, 1<<40)
		for _, target := range []int64{-1, 0, 1, 3000, 10_000, 30_000} {
			g := mustRead(t, data, cols, target)
			if !same(g, want) {
				t.Errorf("%s in pieces of %d: other values", name, target)
			}
			if g.bytes != int64(len(data)) {
				t.Errorf("%s in pieces of %d: %d bytes of %d", name, target, g.bytes, len(data))
			}
			for i, row := range g.rows {
				if row != int64(i+1) {
					t.Fatalf("%s in pieces of %d: row %d is numbered %d", name, target, i+1, row)
				}
			}
		}
	}
}

func TestSplitTarget(t *testing.T) {
	rec := numbersRecord(1000, 3, 0)
	var recs []arrow.RecordBatch
	for range 10 {
		recs = append(recs, rec)
	}
	data := manyGroups(t, recs...)
	f := memFile(t, data)
	group := int64(len(data) / 10)
	for _, c := range []struct {
		target int64
		want   int
	}{{1, 10}, {group, 10}, {2 * group, 5}, {5 * group, 2}, {1 << 40, 1}, {0, 10}} {
		pieces, err := Format{}.Split(t.Context(), f, nil, c.target)
		if err != nil || len(pieces) != c.want {
			t.Errorf("target %d: %d pieces, want %d, %v", c.target, len(pieces), c.want, err)
		}
		next, row := int64(0), int64(0)
		for _, p := range pieces {
			if p.Start != next || p.End <= p.Start || p.FirstRow != row || p.Rows != 1000*(p.End-p.Start) {
				t.Errorf("target %d: piece %+v", c.target, p)
			}
			next, row = p.End, row+p.Rows
		}
	}
}

// manyGroups writes each record as a row group of its own, by pqarrow alone.
func manyGroups(t testing.TB, recs ...arrow.RecordBatch) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := pqarrow.NewFileWriter(recs[0].Schema(), &buf, pq.NewWriterProperties(pq.WithCompression(compress.Codecs.Snappy)), pqarrow.DefaultWriterProps())
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

// counter counts what is read.
type counter struct {
	data  []byte
	bytes int64
	calls int
}

func (c *counter) ReadAt(p []byte, off int64) (int, error) {
	c.calls++
	c.bytes += int64(len(p))
	return bytes.NewReader(c.data).ReadAt(p, off)
}

func TestProjectionReadsOnlyWhatItNeeds(t *testing.T) {
	rec := numbersRecord(50_000, 20, 0)
	data := write(t, rec.Schema(), rec)
	footer := int64(len(data) - footerStart(data))
	for _, n := range []int{1, 2, 20} {
		c := &counter{data: data}
		f, err := format.NewFile("c.parquet", c, int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for i := range n {
			names = append(names, fmt.Sprintf("x%d", 19-i))
		}
		if _, err := read(Format{}, f, ask(format.Number, names...), 1<<40); err != nil {
			t.Fatal(err)
		}
		// Describe, Split and Open each read the footer.
		want := 3*(footer+4) + int64(n)*(int64(len(data))-footer)/20
		if c.bytes > want+want/20 {
			t.Errorf("%d of 20 columns: %d bytes read, about %d expected", n, c.bytes, want)
		}
		if c.calls > 20+4*n {
			t.Errorf("%d of 20 columns: %d reads", n, c.calls)
		}
	}
}

// The same column may be asked for as often and as anything that fits.
func TestSameColumnTwice(t *testing.T) {
	rec := sample(5000, 3)
	data := write(t, rec.Schema(), rec)
	g := mustRead(t, data, []format.Column{
		{Name: "a", Path: "x", Kind: format.Number},
		{Name: "x", Kind: format.Native},
		{Name: "b", Path: "x", Kind: format.Number},
		{Name: "s", Kind: format.Text},
		{Name: "t", Path: "s", Kind: format.Native},
	}, 1<<40)
	if !sameValues(g.columns[0], g.columns[2]) || !sameValues(g.columns[3], g.columns[4]) || !sameValues(g.columns[1], rec.Column(1)) {
		t.Error("they differ")
	}
	for i, name := range []string{"a", "x", "b", "s", "t"} {
		if g.schema.Field(i).Name != name {
			t.Errorf("field %d is %s", i, g.schema.Field(i))
		}
	}
	a := g.columns[0].(*array.Float64)
	x := rec.Column(1).(*array.Float64)
	for i := range x.Len() {
		if x.IsNull(i) != math.IsNaN(a.Value(i)) || x.IsValid(i) && x.Value(i) != a.Value(i) {
			t.Fatalf("row %d: %v of %s", i, a.Value(i), x.ValueStr(i))
		}
	}
}

func TestNoColumns(t *testing.T) {
	rec := sample(5000, 3)
	data := write(t, rec.Schema(), rec)
	if g := mustRead(t, data, nil, 1<<40); len(g.rows) != 5000 || g.bytes != int64(len(data)) {
		t.Errorf("%d rows, %d bytes", len(g.rows), g.bytes)
	}
}

func TestSchemaErrors(t *testing.T) {
	data := testFile(t, "snappy.parquet")
	for _, c := range []struct {
		cols []format.Column
		code fault.Code
		says []string
	}{
		{ask(format.Number, "nope"), fault.Schema, []string{"mem.parquet: nope: there is no such column; the file has id, u64"}},
		{ask(format.Number, "nope", "id", "neither"), fault.Schema, []string{"no column nope, neither", "the file has id"}},
		{ask(format.Number, "s"), fault.Schema, []string{"s is a string, and a number is wanted"}},
		{ask(format.Number, "date", "ts_ms", "dur", "dict", "nope"), fault.Schema,
			[]string{"no column nope", "date is a date,", "ts_ms is a timestamp,", "dur is a duration,", "dict is a string (of a dictionary),"}},
		{ask(format.Number, "list", "struct", "map", "fsb"), fault.Schema, []string{"list is a list", "struct is a struct", "map is a map", "fsb is binary data"}},
		{ask(format.Text, "id", "bool", "fsb"), fault.Schema, []string{"id is a number (int64), and a text is wanted", "bool is a boolean"}},
		{ask(format.Number, "list.element", "struct.nope", "struct.in"), fault.Schema, []string{"no column list.element, struct.nope", "struct.in is a struct"}},
		{ask(format.Native, "struct.in"), fault.Schema, []string{"struct.in is a struct inside a struct"}},
		{ask(format.Raw, "id"), fault.Internal, nil},
		{ask(format.RawRow, "id"), fault.Internal, nil},
	} {
		_, err := read(Format{}, memFile(t, data), c.cols, 1<<40)
		if fault.CodeOf(err) != c.code {
			t.Errorf("%v: %v", c.cols, err)
			continue
		}
		for _, s := range c.says {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%q is not in %q", s, err)
			}
		}
	}
}

func TestDuplicateColumns(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "a", Type: arrow.PrimitiveTypes.Float64}, {Name: "a", Type: arrow.PrimitiveTypes.Float64}, {Name: "b", Type: arrow.PrimitiveTypes.Float64},
	}, nil)
	rec := array.NewRecordBatch(schema, []arrow.Array{float64s([]float64{1}), float64s([]float64{2}), float64s([]float64{3})}, 1)
	data := manyGroups(t, rec)
	_, err := read(Format{}, memFile(t, data), ask(format.Number, "a", "b"), 1)
	if fault.CodeOf(err) != fault.Schema || !strings.Contains(err.Error(), "more than one column a") {
		t.Error(err)
	}
	if g := mustRead(t, data, ask(format.Number, "b"), 1); g.columns[0].(*array.Float64).Value(0) != 3 {
		t.Error("b is wrong")
	}
}

func TestReaderEnds(t *testing.T) {
	data := testFile(t, "snappy.parquet")
	f := memFile(t, data)
	pieces, _ := Format{}.Split(t.Context(), f, nil, 1<<40)
	ctx, cancel := context.WithCancelCause(t.Context())
	r, err := Format{}.Open(ctx, f, nil, pieces[0], ask(format.Number, "f64"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	why := errors.New("enough")
	cancel(why)
	for range 2 {
		if _, err := r.Next(); err != why {
			t.Error(err)
		}
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := r.Next(); err == nil {
		t.Error("Next after Close")
	}
}

func TestChangedFile(t *testing.T) {
	f := memFile(t, testFile(t, "snappy.parquet"))
	pieces, _ := Format{}.Split(t.Context(), f, nil, 1<<40)
	other := memFile(t, testFile(t, "plain.parquet"))
	if _, err := (Format{}).Open(t.Context(), other, nil, pieces[0], nil); fault.CodeOf(err) != fault.Changed {
		t.Error(err)
	}
	// A file that became shorter, or cannot be read any more.
	data := testFile(t, "plain.parquet")
	for _, c := range []struct {
		at   io.ReaderAt
		code fault.Code
	}{{&failing{data, io.EOF}, fault.Changed}, {&failing{data, errors.New("input/output error")}, fault.Unreadable}} {
		f, err := format.NewFile("f.parquet", c.at, int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		for _, cols := range [][]format.Column{ask(format.Number, "f64"), ask(format.Text, "s"), ask(format.Native, "list")} {
			if _, err := read(Format{}, f, cols, 1<<40); fault.CodeOf(err) != c.code {
				t.Error(err)
			}
		}
	}
}

// failing reads heads and footers only.
type failing struct {
	data []byte
	err  error
}

func (r *failing) ReadAt(p []byte, off int64) (int, error) {
	if off > 10 && off < int64(footerStart(r.data)) {
		return 0, r.err
	}
	return bytes.NewReader(r.data).ReadAt(p, off)
}

func TestRefusedEncoding(t *testing.T) {
	_, err := read(Format{}, memFile(t, testFile(t, "refused.parquet")), ask(format.Native, "fsb"), 1)
	if fault.CodeOf(err) != fault.Unsupported || !strings.Contains(err.Error(), "DELTA_BYTE_ARRAY") {
		t.Error(err)
	}
	mustRead(t, testFile(t, "refused.parquet"), ask(format.Native, "id"), 1)
}
