package avro

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

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

// BenchmarkOutput writes a prediction behind messages of the flights, 500 at a time, in Avro and in JSON: behind all fields, and
// behind three. Encoding alone is what it costs after scoring, with decoding is the whole of it.
func BenchmarkOutput(b *testing.B) {
	text, binary, schema, _ := flights(b)
	fields := []arrow.Field{{Name: "prediction", Type: arrow.PrimitiveTypes.Float64}}
	three := []string{"id", "carrier", "time_hour"}
	const most = 500
	run := func(name string, values [][]byte, d format.Decoder, err error, encoder func(*arrow.Schema) (format.Encoder, error)) {
		if err != nil {
			b.Fatal(err)
		}
		batch, err := d.Decode(values[:most])
		if err != nil {
			b.Fatal(err)
		}
		rec := scored(batch.Record, fields, "0.1590192")
		e, err := encoder(rec.Schema())
		if err != nil {
			b.Fatal(err)
		}
		var dst []byte
		encode := func(b *testing.B) {
			dst = dst[:0]
			for i := range most {
				if dst, err = e.Append(dst, rec, i); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.Run(name+"/encode", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				encode(b)
			}
			b.ReportMetric(most*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
		b.Run(name+"/decode and encode", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Decode(values[:most]); err != nil {
					b.Fatal(err)
				}
				encode(b)
			}
			b.ReportMetric(most*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
	raw := []format.Column{{Name: three[0], Kind: format.Raw}, {Name: three[1], Kind: format.Raw}, {Name: three[2], Kind: format.Raw}}
	for _, x := range []struct {
		name string
		keep []string
		json []format.Column
	}{{"message", nil, []format.Column{{Name: "message", Kind: format.RawRow}}}, {"columns", three, raw}} {
		o := Output{Keep: x.keep, Fields: fields}
		d, err := NewDecoder(Options{Schema: &schema, Output: &o}, headColumns)
		run("avro "+x.name, binary, d, err, func(s *arrow.Schema) (format.Encoder, error) { return NewEncoder(o, s) })
		d, err = NewDecoder(Options{Schema: &schema}, x.json)
		run("avro to json "+x.name, binary, d, err, jsonl.NewEncoder)
		d, err = jsonl.NewDecoder(jsonl.Options{}, x.json)
		run("json "+x.name, text, d, err, jsonl.NewEncoder)
	}
}
