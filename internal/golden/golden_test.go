package golden

import (
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
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

// TestFilesAgree: CSV and Parquet hold the same rows, bit for bit.
func TestFilesAgree(t *testing.T) {
	a, b := Rows(t), ParquetRows(t)
	if a.NumRows() != RowCount || !a.Schema().Equal(b.Schema()) || !array.RecordEqual(a, b) {
		t.Fatalf("%d rows of %s and %d rows of %s differ", a.NumRows(), a.Schema(), b.NumRows(), b.Schema())
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
