package avro

import (
	"testing"

	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/jsonl"
)

// BenchmarkDecode decodes messages of the flights, 500 at a time, in Avro and in JSON: 22 numbers and 5 texts of 33 fields, and
// what the whole message costs on top.
func BenchmarkDecode(b *testing.B) {
	text, binary, schema, fields := flights(b)
	var cols []format.Column
	for _, c := range columnsOf(schema, fields) {
		switch c.Name {
		case "id", "time_hour", "tailnum", "manufacturer", "weekend", "arr_delay", "late":
		default:
			cols = append(cols, c)
		}
	}
	whole := append(cols[:len(cols):len(cols)], format.Column{Name: "message", Kind: format.RawRow})
	run := func(name string, values [][]byte, d format.Decoder, err error) {
		if err != nil {
			b.Fatal(err)
		}
		const most = 500
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			at := 0
			for b.Loop() {
				if at+most > len(values) {
					at = 0
				}
				got, err := d.Decode(values[at : at+most])
				if err != nil || got.Record.NumRows() != most {
					b.Fatal(err)
				}
				at += most
			}
			b.ReportMetric(most*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
	for _, c := range []struct {
		name string
		cols []format.Column
	}{{"", cols}, {", and the message", whole}} {
		d, err := NewDecoder(Options{Schema: &schema}, c.cols)
		run("avro"+c.name, binary, d, err)
		d, err = jsonl.NewDecoder(jsonl.Options{}, c.cols)
		run("json"+c.name, text, d, err)
	}
}
