package csv

import (
	"bytes"
	"context"
	stdcsv "encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	arrowcsv "github.com/apache/arrow-go/v18/arrow/csv"

	"github.com/glulam/glulam/format"
)

// benchFile makes about 8 MB of 20 columns: a mix of what real tables have, or floats of full precision, or a mix in
// which each cell is quoted.
func benchFile(kind string) (data []byte, cols []format.Column) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for c := range 20 {
		name := fmt.Sprintf("c%d", c)
		if c > 0 {
			b.WriteByte(',')
		}
		b.WriteString(name)
		k := format.Number
		if kind != "floats" && c%5 == 4 {
			k = format.Text
		}
		cols = append(cols, format.Column{Name: name, Kind: k})
	}
	b.WriteByte('\n')
	words := []string{"AIRBUS", "BOEING 747", "JFK", "", "Turbo-fan", "München"}
	for b.Len() < 8<<20 {
		for c := range 20 {
			if c > 0 {
				b.WriteByte(',')
			}
			var cell string
			switch {
			case kind == "floats":
				cell = strconv.FormatFloat(rnd.NormFloat64(), 'g', -1, 64)
			case c%5 == 4:
				cell = words[rnd.IntN(len(words))]
			case c%5 == 3:
				cell = fmt.Sprintf("%.2f", rnd.Float64()*1000)
			case c%5 == 2:
				cell = fmt.Sprintf("%.6f", rnd.Float64())
			case rnd.IntN(10) > 0:
				cell = strconv.Itoa(rnd.IntN(3000))
			}
			if kind == "quoted" {
				cell = `"` + cell + `"`
			}
			b.WriteString(cell)
		}
		b.WriteByte('\n')
	}
	return b.Bytes(), cols
}

func benchRead(b *testing.B, data []byte, cols []format.Column) {
	ctx := context.Background()
	file, err := format.NewFile("bench.csv", bytes.NewReader(data), int64(len(data)))
	if err != nil {
		b.Fatal(err)
	}
	l, err := Format{}.Describe(ctx, file)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	rows := 0
	for b.Loop() {
		r, err := Format{}.Open(ctx, file, l, format.Piece{Start: l.Data, End: file.Size, Rows: -1}, cols)
		if err != nil {
			b.Fatal(err)
		}
		for {
			batch, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil || len(batch.Rejected) > 0 {
				b.Fatal(err, batch.Rejected)
			}
			rows += int(batch.Record.NumRows())
		}
		r.Close()
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkRead(b *testing.B) {
	for _, kind := range []string{"mixed", "floats", "quoted"} {
		data, cols := benchFile(kind)
		b.Run(kind+"/glulam", func(b *testing.B) { benchRead(b, data, cols) })
		b.Run(kind+"/glulam_4_of_20", func(b *testing.B) {
			benchRead(b, data, []format.Column{cols[1], cols[7], cols[12], cols[18]})
		})
		b.Run(kind+"/glulam_raw_row", func(b *testing.B) {
			benchRead(b, data, append([]format.Column{{Name: "row", Kind: format.RawRow}}, cols...))
		})
		b.Run(kind+"/encoding_csv", func(b *testing.B) { // which also has to parse the numbers
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				r := stdcsv.NewReader(bytes.NewReader(data))
				r.ReuseRecord = true
				r.Read()
				for {
					rec, err := r.Read()
					if err == io.EOF {
						break
					}
					if err != nil {
						b.Fatal(err)
					}
					for i, c := range cols {
						if c.Kind == format.Number && rec[i] != "" {
							if _, err := strconv.ParseFloat(rec[i], 64); err != nil {
								b.Fatal(err)
							}
						}
					}
				}
			}
		})
		b.Run(kind+"/arrow_csv", func(b *testing.B) {
			fields := make([]arrow.Field, len(cols))
			for i, c := range cols {
				fields[i] = arrow.Field{Name: c.Name, Type: arrow.PrimitiveTypes.Float64, Nullable: true}
				if c.Kind == format.Text {
					fields[i].Type = arrow.BinaryTypes.String
				}
			}
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				r := arrowcsv.NewReader(bytes.NewReader(data), arrow.NewSchema(fields, nil), arrowcsv.WithHeader(true),
					arrowcsv.WithChunk(format.BatchRows), arrowcsv.WithNullReader(true, ""))
				for r.Next() {
				}
				if r.Err() != nil {
					b.Fatal(r.Err())
				}
				r.Release()
			}
		})
	}
}

func BenchmarkSplit(b *testing.B) {
	for _, kind := range []string{"mixed", "quoted"} {
		data, _ := benchFile(kind)
		b.Run(kind, func(b *testing.B) {
			ctx := context.Background()
			file, _ := format.NewFile("bench.csv", bytes.NewReader(data), int64(len(data)))
			l, err := Format{}.Describe(ctx, file)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := (Format{}).Split(ctx, file, l, 1<<20); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkWrite(b *testing.B) {
	data, cols := benchFile("mixed")
	rec, _ := readAll(b, Format{}, string(data), cols)
	b.Run("glulam", func(b *testing.B) {
		var n int64
		b.ReportAllocs()
		for b.Loop() {
			var out countWriter
			w, err := Format{}.NewWriter(&out, rec.Schema())
			if err != nil {
				b.Fatal(err)
			}
			if err := w.Write(rec); err != nil {
				b.Fatal(err)
			}
			w.Close()
			n = int64(out)
		}
		b.SetBytes(n)
	})
	b.Run("arrow_csv", func(b *testing.B) {
		var n int64
		b.ReportAllocs()
		for b.Loop() {
			var out countWriter
			w := arrowcsv.NewWriter(&out, rec.Schema(), arrowcsv.WithHeader(true))
			if err := w.Write(rec); err != nil {
				b.Fatal(err)
			}
			w.Flush()
			n = int64(out)
		}
		b.SetBytes(n)
	})
}

type countWriter int64

func (w *countWriter) Write(p []byte) (int, error) { *w += countWriter(len(p)); return len(p), nil }
