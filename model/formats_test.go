package model_test

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/csv"
	"github.com/glulam/glulam/format/jsonl"
	"github.com/glulam/glulam/format/parquet"
	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/model"
)

// TestFormats scores the rows as each format reads them, with every model: text that becomes numbers has to become the
// same numbers.
func TestFormats(t *testing.T) {
	for _, c := range []struct {
		file   string
		format format.Format
	}{
		{"rows.csv", csv.Format{}},
		{"rows.jsonl", jsonl.Format{}},
		{"rows.parquet", parquet.Format{}},
	} {
		t.Run(c.format.Name(), func(t *testing.T) {
			t.Parallel()
			rows := read(t, c.file, c.format, false)
			for _, g := range models(t) {
				m := load(t, g, "reference")
				compare(t, g.Name, m, g.Golden(t), score(t, m, asked(t, m, rows, g), rename(g), 0))
			}
		})
	}
}

// TestParquetNative scores columns that the Parquet reader does not convert.
func TestParquetNative(t *testing.T) {
	rows := read(t, "rows.parquet", parquet.Format{}, true)
	for _, g := range models(t) {
		m := load(t, g, "reference")
		compare(t, g.Name, m, g.Golden(t), score(t, m, pick(rows, g.Columns()), rename(g), 0))
	}
}

// read reads every column of a file: as it is there if native, else as numbers those that hold numbers and as text the
// others.
func read(t *testing.T, file string, f format.Format, native bool) arrow.RecordBatch {
	t.Helper()
	var columns []format.Column
	for i, field := range golden.Rows(t).Schema().Fields() {
		c := format.Column{Name: field.Name, Kind: format.Text}
		switch {
		case native:
			c.Kind = format.Native
		case isNumber(golden.Rows(t).Column(i)):
			c.Kind = format.Number
		case field.Name == "time_hour":
			continue // no text in Parquet
		}
		columns = append(columns, c)
	}
	records := golden.Load(t, f, file, columns)
	arrays := make([]arrow.Array, len(columns))
	for i := range arrays {
		var parts []arrow.Array
		for _, r := range records {
			parts = append(parts, r.Column(i))
		}
		var err error
		if arrays[i], err = array.Concatenate(parts, memory.DefaultAllocator); err != nil {
			t.Fatal(err)
		}
	}
	return record(records[0].Schema().Fields(), arrays)
}

// asked are the columns that the model asks for; what it asks to be text is text.
func asked(t *testing.T, m *model.Model, rows arrow.RecordBatch, g golden.Model) arrow.RecordBatch {
	t.Helper()
	inputs, err := m.Inputs(rename(g))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, in := range inputs {
		names = append(names, in.Column)
		if c := rows.Column(rows.Schema().FieldIndices(in.Column)[0]); in.Text != isText(c) {
			t.Fatalf("%s: %s is asked for as text: %t", g.Name, in.Column, in.Text)
		}
	}
	return pick(rows, names)
}
