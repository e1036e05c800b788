package golden

import (
	"bytes"
	"encoding/json"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Matrix gives the rows as the model's trees see them: RowCount x len(m.Features) numbers, row after row, NaN where
// missing, categories replaced by their place in the model's list. It is the way from rows to margins that does without
// glulam's parser and binding.
func (m Model) Matrix(tb TB) []float64 {
	tb.Helper()
	rows := Rows(tb)
	lists := m.categories(tb)
	width := len(m.Features)
	x := make([]float64, RowCount*width)
	for j, f := range m.Features {
		column := rows.Column(rows.Schema().FieldIndices(f.Column)[0])
		var places map[any]float64
		if f.Kind == KindCategory || f.Kind == KindOrdered {
			places = lists[0]
			lists = lists[1:]
		}
		for i := range RowCount {
			x[i*width+j] = cell(column, i, places)
		}
	}
	return x
}

// categories are the lists of pandas_categorical, the file's last line, as places of their values.
func (m Model) categories(tb TB) []map[any]float64 {
	tb.Helper()
	_, text, ok := bytes.Cut(m.Bytes(tb), []byte("\npandas_categorical:"))
	if !ok {
		tb.Fatalf("test data: %s has no pandas_categorical", m.File)
	}
	var lists [][]any
	if err := json.Unmarshal(text, &lists); err != nil {
		tb.Fatalf("test data: %s: pandas_categorical: %v", m.File, err)
	}
	places := make([]map[any]float64, len(lists))
	for i, list := range lists {
		places[i] = map[any]float64{}
		for code, v := range list {
			places[i][v] = float64(code)
		}
	}
	return places
}

// cell is a value of a column as a number, or as its place.
func cell(column arrow.Array, i int, places map[any]float64) float64 {
	if column.IsNull(i) {
		return math.NaN()
	}
	var v any
	switch c := column.(type) {
	case *array.Int64:
		v = float64(c.Value(i))
	case *array.Float64:
		v = c.Value(i)
	case *array.Float32:
		v = float64(c.Value(i))
	case *array.Boolean:
		v = c.Value(i)
	case *array.String:
		v = c.Value(i)
	}
	if places != nil {
		if place, ok := places[v]; ok {
			return place
		}
		return math.NaN()
	}
	switch v := v.(type) {
	case float64:
		return v
	case bool:
		if v {
			return 1
		}
		return 0
	}
	return math.NaN()
}
