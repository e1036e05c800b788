package parquet

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"strconv"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/glulam/glulam/format"
)

// The files that pyarrow wrote, with every codec, encoding and page version: see testdata/gen.py.
var pyarrowFiles = []string{"snappy.parquet", "zstd_v2.parquet", "gzip_int.parquet", "plain.parquet", "brotli_v2.parquet", "lz4_delta.parquet"}

type expectation struct {
	Rows    int64
	Numbers map[string][]string
	Texts   map[string][]*string
	IDs     []string
}

func expected(t testing.TB) (e expectation) {
	t.Helper()
	if err := json.Unmarshal(testFile(t, "expect.json"), &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestPyarrowNumbers(t *testing.T) {
	e := expected(t)
	for _, name := range pyarrowFiles {
		for column, want := range e.Numbers {
			g := mustRead(t, testFile(t, name), ask(format.Number, column), 1)
			vals := g.columns[0].(*array.Float64)
			if vals.Len() != len(want) || vals.NullN() != 0 {
				t.Errorf("%s %s: %d values, %d nulls", name, column, vals.Len(), vals.NullN())
				continue
			}
			for i, w := range want {
				x, err := strconv.ParseFloat(w, 64)
				if err != nil {
					t.Fatal(err)
				}
				if !sameFloat(vals.Value(i), x) {
					t.Errorf("%s %s row %d: %v, want %v", name, column, i, vals.Value(i), x)
				}
			}
		}
	}
}

func TestPyarrowTexts(t *testing.T) {
	e := expected(t)
	for _, name := range pyarrowFiles {
		for column, want := range e.Texts {
			g := mustRead(t, testFile(t, name), ask(format.Text, column), 1)
			vals := g.columns[0].(*array.String)
			if vals.Len() != len(want) {
				t.Errorf("%s %s: %d values", name, column, vals.Len())
				continue
			}
			for i, w := range want {
				if vals.IsNull(i) != (w == nil) || w != nil && vals.Value(i) != *w {
					t.Errorf("%s %s row %d: %q", name, column, i, vals.ValueStr(i))
				}
			}
		}
	}
}

// Native gives what pqarrow gives when it reads the whole file by itself.
func TestPyarrowNative(t *testing.T) {
	e := expected(t)
	for _, name := range append(pyarrowFiles, "int96.parquet") {
		data := testFile(t, name)
		mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
		table := pqarrowTable(t, data)
		var cols []format.Column
		for _, f := range table.Schema().Fields() {
			cols = append(cols, format.Column{Name: "my " + f.Name, Path: f.Name, Kind: format.Native})
		}
		g, err := read(Format{Options{Allocator: mem}}, memFile(t, data), cols, 5000)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		mem.AssertSize(t, 0)
		for i, f := range table.Schema().Fields() {
			want, err := array.Concatenate(table.Column(i).Data().Chunks(), memory.DefaultAllocator)
			if err != nil {
				t.Fatal(err)
			}
			if g.schema.Field(i).Name != "my "+f.Name || !arrow.TypeEqual(g.columns[i].DataType(), f.Type) {
				t.Errorf("%s %s: %s instead of %s", name, f.Name, g.schema.Field(i), f.Type)
			}
			if !sameValues(g.columns[i], want) {
				t.Errorf("%s %s:\n%.300v\nwant\n%.300v", name, f.Name, g.columns[i].String(), want.String())
			}
		}
		ids := g.columns[0].(*array.Int64)
		for i, w := range e.IDs {
			if ids.ValueStr(i) != w {
				t.Errorf("%s id %d: %s, want %s", name, i, ids.ValueStr(i), w)
			}
		}
	}
}

// pqarrowTable reads a whole file with pqarrow alone, without durations, which it does not read.
func pqarrowTable(t *testing.T, data []byte) arrow.Table {
	t.Helper()
	pf, err := file.NewParquetReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	r, err := pqarrow.NewFileReader(pf, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	var leaves, groups []int
	for i := range pf.MetaData().Schema.NumColumns() {
		if f, err := r.Manifest.GetColumnField(i); err == nil && f.Field.Type.ID() != arrow.DURATION {
			leaves = append(leaves, i)
		}
	}
	for g := range pf.NumRowGroups() {
		groups = append(groups, g)
	}
	table, err := r.ReadRowGroups(context.Background(), leaves, groups)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// sameValues compares dictionaries by their values and floats by their bits.
func sameValues(a, b arrow.Array) bool {
	if a.DataType().ID() != b.DataType().ID() || a.Len() != b.Len() {
		return false
	}
	each := func(same func(i int) bool) bool {
		for i := range a.Len() {
			if a.IsNull(i) != b.IsNull(i) || a.IsValid(i) && !same(i) {
				return false
			}
		}
		return true
	}
	switch x := a.(type) {
	case *array.Float16:
		y := b.(*array.Float16)
		return each(func(i int) bool { return x.Value(i) == y.Value(i) })
	case *array.Float32:
		y := b.(*array.Float32)
		return each(func(i int) bool { return math.Float32bits(x.Value(i)) == math.Float32bits(y.Value(i)) })
	case *array.Float64:
		y := b.(*array.Float64)
		return each(func(i int) bool { return math.Float64bits(x.Value(i)) == math.Float64bits(y.Value(i)) })
	case *array.Dictionary:
		y := b.(*array.Dictionary)
		return each(func(i int) bool {
			return x.Dictionary().ValueStr(x.GetValueIndex(i)) == y.Dictionary().ValueStr(y.GetValueIndex(i))
		})
	}
	return array.Equal(a, b)
}

// Other writers have other habits: fastparquet pads its pages, DuckDB writes delta encodings.
func TestOtherWriters(t *testing.T) {
	e := expected(t)
	for _, name := range []string{"polars.parquet", "duckdb.parquet", "fastparquet.parquet"} {
		g := mustRead(t, testFile(t, name), append(ask(format.Number, "f64", "u16", "bool"), append(ask(format.Text, "s"), ask(format.Native, "id")...)...), 1)
		for k, column := range []string{"f64", "u16", "bool"} {
			for i, w := range e.Numbers[column] {
				if x, err := strconv.ParseFloat(w, 64); err != nil || !sameFloat(g.columns[k].(*array.Float64).Value(i), x) {
					t.Errorf("%s %s row %d: %s, want %v", name, column, i, g.columns[k].ValueStr(i), w)
				}
			}
		}
		for i, w := range e.Texts["s"] {
			if s := g.columns[3].(*array.String); s.IsNull(i) != (w == nil) || w != nil && s.Value(i) != *w {
				t.Errorf("%s s row %d: %s", name, i, s.ValueStr(i))
			}
			if g.columns[4].ValueStr(i) != e.IDs[i] {
				t.Errorf("%s id row %d: %s", name, i, g.columns[4].ValueStr(i))
			}
		}
	}
}

func TestPyarrowDescribe(t *testing.T) {
	for _, name := range append(pyarrowFiles, "norows.parquet") {
		l, err := Format{}.Describe(context.Background(), memFile(t, testFile(t, name)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		types := map[string]string{}
		for _, c := range l.Columns {
			types[c.Name] = c.Type.String()
		}
		want := map[string]string{"id": "int64", "f16": "float16", "d76": "decimal256(76, 30)", "date": "date32"}
		if name != "brotli_v2.parquet" { // which has no Arrow schema
			want["dur"], want["ts_us"], want["ls"] = "duration[us]", "timestamp[us, tz=Europe/Berlin]", "large_utf8"
			want["dict8"] = "dictionary<values=utf8, indices=int8, ordered=false>"
		}
		for k, w := range want {
			if types[k] != w {
				t.Errorf("%s %s: %s, want %s", name, k, types[k], w)
			}
		}
	}
}

func TestNoRows(t *testing.T) {
	f := memFile(t, testFile(t, "norows.parquet"))
	pieces, err := Format{}.Split(context.Background(), f, nil, 1000)
	if err != nil || len(pieces) != 1 || pieces[0].Rows != 0 {
		t.Fatalf("%v, %v", pieces, err)
	}
	g := mustRead(t, testFile(t, "norows.parquet"), ask(format.Number, "f64"), 1000)
	if len(g.rows) != 0 {
		t.Errorf("%d rows", len(g.rows))
	}
}
