package jsonl

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/glulam/glulam/format"
)

// flights are the rows of testdata/flights, which pandas wrote.
func flights(tb testing.TB) []byte {
	tb.Helper()
	b, err := os.ReadFile("../../testdata/flights/rows.jsonl")
	if err != nil {
		tb.Skip(err)
	}
	return b
}

var (
	flightNumbers = []string{"month", "day", "dow", "hour", "minute", "sched_dep_time", "sched_arr_time", "flight", "distance", "temp", "dewp",
		"humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib", "plane_year", "seats", "engines", "speed"}
	flightTexts = []string{"carrier", "origin", "dest", "engine", "size"}
)

func flightColumns() (cols []format.Column) {
	for _, n := range flightNumbers {
		cols = append(cols, format.Column{Name: n})
	}
	for _, n := range flightTexts {
		cols = append(cols, format.Column{Name: n, Kind: format.Text})
	}
	return cols
}

// Every value of real rows is what encoding/json reads, and the rows come back byte for byte.
func TestFlights(t *testing.T) {
	data := flights(t)
	file := fileOf(t, data)
	l, err := Format{}.Describe(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range flightColumns() {
		if !slices.ContainsFunc(l.Columns, func(i format.ColumnInfo) bool { return i.Name == c.Name }) {
			t.Errorf("no column %s", c.Name)
		}
	}
	pieces, err := Format{}.Split(t.Context(), file, l, 300_000)
	if err != nil {
		t.Fatal(err)
	}
	if len(pieces) < 5 {
		t.Errorf("%d pieces", len(pieces))
	}
	lines := bytes.Split(bytes.TrimSuffix(data, newline), newline)
	cols := append(flightColumns(), format.Column{Name: "row", Kind: format.RawRow})
	var out bytes.Buffer
	var w format.Writer
	at := 0
	for _, p := range pieces {
		err := batches(Format{}, file, l, p, cols, func(b *format.Batch) error {
			rec := b.Record
			for i := range int(rec.NumRows()) {
				var want map[string]any
				if err := json.Unmarshal(lines[at], &want); err != nil {
					return err
				}
				at++
				if b.Row[i] != int64(at) {
					t.Fatalf("row %d is %d", at, b.Row[i])
				}
				for k, name := range flightNumbers {
					v, ok := want[name].(float64)
					if !ok {
						v = math.NaN()
					}
					if got := rec.Column(k).(*array.Float64).Value(i); math.Float64bits(got) != math.Float64bits(v) && !(v != v && got != got) {
						t.Fatalf("row %d, %s: %v, not %v", at, name, got, v)
					}
				}
				for k, name := range flightTexts {
					v, ok := want[name].(string)
					if a := rec.Column(len(flightNumbers) + k).(*array.String); a.IsValid(i) != ok || ok && a.Value(i) != v {
						t.Fatalf("row %d, %s: %s, not %v", at, name, show(a, i), want[name])
					}
				}
			}
			if len(b.Rejected) > 0 || b.Blank > 0 {
				t.Fatalf("%+v", b)
			}
			last := len(cols) - 1
			only := array.NewRecordBatch(arrow.NewSchema(rec.Schema().Fields()[last:], nil), rec.Columns()[last:], rec.NumRows())
			if w == nil {
				if w, err = (Format{}).NewWriter(&out, only.Schema()); err != nil {
					return err
				}
			}
			return w.Write(only)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if at != len(lines) {
		t.Errorf("%d rows of %d", at, len(lines))
	}
	if !bytes.Equal(out.Bytes(), data) {
		t.Error("the rows did not come back as they were")
	}
}
