package golden

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

func TestModels(t *testing.T) {
	models := Models(t)
	if len(models) < 50 {
		t.Fatalf("only %d models", len(models))
	}
	rows := Rows(t)
	for _, m := range models {
		if len(m.Bytes(t)) == 0 {
			t.Errorf("%s is empty", m.File)
		}
		g := m.Golden(t)
		if g.Rows != RowCount || g.Outputs != m.Outputs || g.Trees != m.Trees || g.LeafRows != m.LeafRows || g.Features != 0 {
			t.Errorf("%s: %d rows x %d, %d trees, leaves of %d rows, %d features", m.GoldenFile, g.Rows, g.Outputs, g.Trees, g.LeafRows, g.Features)
		}
		for _, f := range m.Features {
			if !rows.Schema().HasField(f.Column) {
				t.Errorf("%s: there is no column %s", m.Name, f.Column)
			}
		}
		if m.BoundaryFile == "" {
			continue
		}
		if b := m.Boundary(t); b.Rows == 0 || b.Features != len(m.Features) || b.Outputs != m.Outputs || b.Trees != m.Trees || b.LeafRows != b.Rows {
			t.Errorf("%s: %d rows x %d, %d features", m.BoundaryFile, b.Rows, b.Outputs, b.Features)
		}
	}
}

// TestFilesAgree: CSV and Parquet, as arrow-go's own reader reads it, hold the same rows in the same types.
func TestFilesAgree(t *testing.T) {
	f, err := file.OpenParquetFile(Path("rows.parquet"), false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pqarrow.NewFileReader(f, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	table, err := r.ReadTable(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	rows := Rows(t)
	if rows.NumRows() != RowCount || table.NumRows() != RowCount || rows.NumCols() != table.NumCols() {
		t.Fatalf("%d rows and %d columns; Parquet has %d and %d", rows.NumRows(), rows.NumCols(), table.NumRows(), table.NumCols())
	}
	for i, want := range table.Schema().Fields() {
		got := rows.Schema().Field(i)
		if got.Name != want.Name || !arrow.TypeEqual(got.Type, want.Type) || got.Nullable != want.Nullable {
			t.Errorf("column %v, in Parquet %v", got, want)
			continue
		}
		c, err := array.Concatenate(table.Column(i).Data().Chunks(), memory.DefaultAllocator)
		if err != nil {
			t.Fatal(err)
		}
		if !array.Equal(rows.Column(i), c) {
			t.Errorf("column %s: other values in Parquet", got.Name)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	head := []byte("GLGD\x01\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	if _, err := decode(append(slices.Clone(head), make([]byte, 8)...)); err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string][]byte{
		"nothing": nil, "short": head, "long": append(slices.Clone(head), make([]byte, 9)...),
		"magic": []byte(strings.Repeat("G", 40)),
	} {
		if _, err := decode(raw); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
