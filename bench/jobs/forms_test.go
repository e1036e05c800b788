package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/glulam/glulam/bench/internal/flights"
)

func TestBareAnswers(t *testing.T) {
	tab := table(t)
	want, err := readPredictions("../../testdata/flights/numeric.golden.gz")
	if err != nil {
		t.Fatal(err)
	}
	const rows = 5003
	lines := make([]string, rows)
	for i := range lines {
		lines[i] = strconv.FormatFloat(want[i%flights.Rows], 'g', -1, 64)
	}
	for _, test := range []struct {
		name    string
		lines   []string
		failure string
		off     bool
	}{
		{name: "right", lines: lines},
		{name: "a row less", lines: lines[1:], failure: "5,002 rows were written instead of 5,003"},
		{name: "a header", lines: append([]string{"prediction"}, lines...), failure: "is no prediction"},
		{name: "NaN", lines: append([]string{"NaN"}, lines[1:]...), failure: "is no prediction"},
		{name: "another order", lines: append(append([]string{}, lines[1:]...), lines[0]), off: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "part.csv"), []byte(strings.Join(test.lines, "\n")+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			a, err := readBareAnswers(dir, tab, nil)
			if err == nil {
				err = a.check(tab, rows)
			}
			fails(t, err, test.failure)
			if err == nil && (a.furthest(want) > 0) != test.off {
				t.Errorf("furthest is %v", a.furthest(want))
			}
		})
	}
}

func TestParquetAnswers(t *testing.T) {
	tab := table(t)
	columns := []string{"id", "prediction"}
	for _, test := range []struct {
		name    string
		names   []string
		change  func(ids []int64, predictions []float64, valid []bool)
		failure string
	}{
		{name: "right", names: columns},
		{name: "columns in another order", names: []string{"prediction", "id"}},
		{name: "another column", names: []string{"id", "score"}, failure: "columns"},
		{name: "a stranger", names: columns, change: func(ids []int64, _ []float64, _ []bool) { ids[7] = -1 }, failure: "is not of the input"},
		{name: "null", names: columns, change: func(_ []int64, _ []float64, valid []bool) { valid[7] = false }, failure: "no prediction"},
		{name: "a row for another", names: columns, change: func(ids []int64, _ []float64, _ []bool) { ids[7] = ids[8] }, failure: "times instead of"},
	} {
		t.Run(test.name, func(t *testing.T) {
			ids, predictions, valid := make([]int64, flights.Rows), make([]float64, flights.Rows), make([]bool, flights.Rows)
			for id, place := range tab.Places {
				ids[place], valid[place] = id, true
			}
			if test.change != nil {
				test.change(ids, predictions, valid)
			}
			dir := t.TempDir()
			writeAnswers(t, filepath.Join(dir, "part-0.parquet"), test.names, ids, predictions, valid)
			a, err := readParquetAnswers(dir, tab, columns)
			if err == nil {
				err = a.check(tab, flights.Rows)
			}
			fails(t, err, test.failure)
		})
	}
	if _, err := readParquetAnswers(t.TempDir(), tab, columns); err == nil {
		t.Error("no file is no answer")
	}
}

func fails(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
		t.Fatalf("got %v, want %q", err, want)
	}
}

// writeAnswers writes a column of ids, under the name that is id, and one of predictions.
func writeAnswers(t *testing.T, path string, names []string, ids []int64, predictions []float64, valid []bool) {
	t.Helper()
	var fields []arrow.Field
	var columns []arrow.Array
	for _, name := range names {
		if name == "id" {
			b := array.NewInt64Builder(memory.DefaultAllocator)
			b.AppendValues(ids, nil)
			fields, columns = append(fields, arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Int64}), append(columns, b.NewArray())
			continue
		}
		b := array.NewFloat64Builder(memory.DefaultAllocator)
		b.AppendValues(predictions, valid)
		fields, columns = append(fields, arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Float64, Nullable: true}), append(columns, b.NewArray())
	}
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	record := array.NewRecordBatch(arrow.NewSchema(fields, nil), columns, int64(len(ids)))
	w, err := pqarrow.NewFileWriter(record.Schema(), out, parquet.NewWriterProperties(), pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(record); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
