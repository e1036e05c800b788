package parquet

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/glulam/glulam/format"
)

// The flights are the same in Parquet and in CSV: see testdata/README.md.
func TestFlights(t *testing.T) {
	const folder = "../../testdata/flights/"
	data, err := os.ReadFile(folder + "rows.parquet")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.Open(folder + "rows.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	rows, err := csv.NewReader(text).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	header, rows := rows[0], rows[1:]
	f := memFile(t, data)
	l, err := Format{}.Describe(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Columns) != len(header) {
		t.Fatalf("%d columns, CSV has %d", len(l.Columns), len(header))
	}
	for i, c := range l.Columns {
		if c.Name != header[i] {
			t.Errorf("column %d is %s, in CSV %s", i, c.Name, header[i])
		}
		kind := format.Number
		switch c.Type.ID() {
		case arrow.STRING, arrow.LARGE_STRING, arrow.DICTIONARY:
			kind = format.Text
		case arrow.TIMESTAMP:
			kind = format.Native
		}
		g := mustRead(t, data, ask(kind, c.Name), 1)
		if len(g.rows) != len(rows) {
			t.Fatalf("%d rows, CSV has %d", len(g.rows), len(rows))
		}
		for k, row := range rows {
			cell := row[i]
			ok := true
			switch a := g.columns[0].(type) {
			case *array.Float64:
				want := math.NaN()
				switch cell {
				case "":
				case "true", "True":
					want = 1
				case "false", "False":
					want = 0
				default:
					if want, err = strconv.ParseFloat(cell, 64); err != nil {
						t.Fatal(err)
					}
				}
				if c.Type.ID() == arrow.FLOAT32 {
					ok = sameFloat(float64(float32(want)), a.Value(k))
				} else {
					ok = sameFloat(want, a.Value(k))
				}
			case *array.String:
				ok = a.IsNull(k) && cell == "" || a.IsValid(k) && a.Value(k) == cell
			case *array.Timestamp:
				at := a.Value(k).ToTime(a.DataType().(*arrow.TimestampType).Unit)
				ok = a.IsNull(k) && cell == "" || at.UTC().Format(time.RFC3339) == cell || at.UTC().Format("2006-01-02 15:04:05") == cell
			}
			if !ok {
				t.Fatalf("%s row %d: %s, in CSV %q", c.Name, k+1, g.columns[0].ValueStr(k), cell)
			}
		}
	}
}
