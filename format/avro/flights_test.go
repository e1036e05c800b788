package avro

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/twmb/avro"

	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/jsonl"
)

// flights are rows of testdata/flights as JSON, and the same in Avro by a schema of their own.
func flights(tb testing.TB) (text, binary [][]byte, schema Schema, fields []string) {
	tb.Helper()
	data, err := os.ReadFile("../../testdata/flights/rows.jsonl")
	if err != nil {
		tb.Fatal(err)
	}
	text = bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	rows := make([]map[string]any, len(text))
	types := map[string]string{}
	for i, line := range text {
		dec := json.NewDecoder(bytes.NewReader(line))
		dec.UseNumber()
		if err := dec.Decode(&rows[i]); err != nil {
			tb.Fatal(err)
		}
		for k, v := range rows[i] {
			switch v := v.(type) {
			case string:
				types[k] = "string"
			case bool:
				types[k] = "boolean"
			case json.Number:
				if n, err := v.Int64(); err == nil {
					if rows[i][k] = n; types[k] == "" {
						types[k] = "long"
					}
				} else {
					rows[i][k], _ = v.Float64()
					types[k] = "double"
				}
			}
		}
	}
	for k := range types {
		fields = append(fields, k)
	}
	slices.Sort(fields)
	var b strings.Builder
	for i, k := range fields {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"name":%q,"type":["null",%q]}`, k, types[k])
	}
	schema.Text = `{"type":"record","name":"Flight","namespace":"com.example","fields":[` + b.String() + `]}`
	s := avro.MustParse(schema.Text)
	for _, row := range rows {
		for k, v := range row {
			if n, ok := v.(int64); ok && types[k] == "double" {
				row[k] = float64(n)
			}
		}
		v, err := s.Encode(row)
		if err != nil {
			tb.Fatal(err)
		}
		binary = append(binary, v)
	}
	return text, binary, schema, fields
}

// columnsOf asks for every field, as numbers where that is what they are.
func columnsOf(schema Schema, fields []string) (cols []format.Column) {
	for _, f := range fields {
		k := format.Text
		if strings.Contains(schema.Text, `{"name":"`+f+`","type":["null","long"]}`) || strings.Contains(schema.Text, `{"name":"`+f+`","type":["null","double"]}`) {
			k = format.Number
		}
		cols = append(cols, format.Column{Name: f, Kind: k})
	}
	return cols
}

// same holds two records against each other, bit for bit.
func same(t *testing.T, got, want arrow.RecordBatch) {
	t.Helper()
	if !got.Schema().Equal(want.Schema()) || got.NumRows() != want.NumRows() {
		t.Fatalf("%d rows of %v, want %d of %v", got.NumRows(), got.Schema(), want.NumRows(), want.Schema())
	}
	for c, col := range got.Columns() {
		for i := range col.Len() {
			var ok bool
			switch col := col.(type) {
			case *array.Float64:
				ok = math.Float64bits(col.Value(i)) == math.Float64bits(want.Column(c).(*array.Float64).Value(i))
			case *array.String:
				other := want.Column(c).(*array.String)
				ok = col.IsNull(i) == other.IsNull(i) && col.Value(i) == other.Value(i)
			case *array.Binary:
				other := want.Column(c).(*array.Binary)
				ok = col.IsNull(i) == other.IsNull(i) && string(col.Value(i)) == string(other.Value(i))
			}
			if !ok {
				t.Fatalf("%s, row %d: %s, want %s", got.ColumnName(c), i, col.ValueStr(i), want.Column(c).ValueStr(i))
			}
		}
	}
}

// TestFlightsAreTheSameAsInJSON: real rows give the same columns as in JSON, bit for bit, and the JSON that goes on gives them
// once more.
func TestFlightsAreTheSameAsInJSON(t *testing.T) {
	text, binary, schema, fields := flights(t)
	cols := columnsOf(schema, fields)
	if n := len(slices.DeleteFunc(slices.Clone(cols), func(c format.Column) bool { return c.Kind == format.Text })); n < 20 || n == len(cols) {
		t.Fatalf("%d numbers of %d columns", n, len(cols))
	}
	whole := append(slices.Clone(cols), format.Column{Name: "message", Kind: format.RawRow})
	a, err := NewDecoder(Options{Schema: &schema}, whole)
	if err != nil {
		t.Fatal(err)
	}
	j, _ := jsonl.NewDecoder(jsonl.Options{}, cols)
	for from := 0; from < len(text); from += 1000 {
		to := min(len(text), from+1000)
		got, err := a.Decode(binary[from:to])
		if err != nil || len(got.Rejected) > 0 {
			t.Fatal(err, got.Rejected)
		}
		want, err := j.Decode(text[from:to])
		if err != nil || len(want.Rejected) > 0 {
			t.Fatal(err, want.Rejected)
		}
		read := array.NewRecordBatch(want.Record.Schema(), got.Record.Columns()[:len(cols)], got.Record.NumRows())
		same(t, read, want.Record)
		var goOn [][]byte
		raw := got.Record.Column(len(cols)).(*array.Binary)
		for i := range raw.Len() {
			goOn = append(goOn, raw.Value(i))
		}
		again, err := j.Decode(goOn)
		if err != nil || len(again.Rejected) > 0 {
			t.Fatal(err, again.Rejected)
		}
		same(t, again.Record, read)
	}
}
