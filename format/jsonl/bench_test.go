package jsonl

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/glulam/glulam/format"
)

func fileOf(tb testing.TB, b []byte) *format.File {
	tb.Helper()
	f, err := format.NewFile("rows.jsonl", bytes.NewReader(b), int64(len(b)))
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

// BenchmarkRead reads the flights' 22 numbers and 5 texts into Arrow, out of 34 members.
func BenchmarkRead(b *testing.B) {
	data := bytes.Repeat(flights(b), 10)
	rows := bytes.Count(data, newline)
	run := func(name string, data []byte, read func(*format.File) int) {
		file := fileOf(b, data)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if n := read(file); n != rows {
					b.Fatalf("%d rows of %d", n, rows)
				}
			}
			b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
	ours := func(cols []format.Column) func(*format.File) int {
		return func(file *format.File) (n int) {
			err := batches(Format{}, file, &format.Layout{}, whole, cols, func(b *format.Batch) error {
				n += int(b.Record.NumRows())
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
			return n
		}
	}
	cols := flightColumns()
	run("glulam", data, ours(cols))
	run("glulam, numbers", data, ours(cols[:len(flightNumbers)]))
	run("glulam, and the row", data, ours(append(cols[:len(cols):len(cols)], format.Column{Name: "row", Kind: format.RawRow})))
	run("glulam, nothing", data, ours(nil))
	run("glulam, members left out", respell(data, 0.2, false), ours(cols))
	run("glulam, members in any order", respell(data, 0, true), ours(cols))
	run("encoding-json map", data, func(*format.File) int { return readMaps(b, data) })
	run("encoding-json struct", data, func(*format.File) int { return readStructs(b, data) })
	run("jsontext tokens", data, func(*format.File) int { return readTokens(b, data) })
	run("arrow JSONReader", data, func(*format.File) int { return readArrow(b, data) })
}

// respell writes the records anew, without some of the members or with all of them in another order each time.
func respell(data []byte, without float64, shuffle bool) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	var out []byte
	for line := range bytes.Lines(data) {
		ms := members(line)
		if shuffle {
			rng.Shuffle(len(ms), func(i, k int) { ms[i], ms[k] = ms[k], ms[i] })
		}
		sep := byte('{')
		for _, m := range ms {
			if sep == '{' || rng.Float64() >= without {
				out = fmt.Appendf(append(out, sep), "%q:%s", m.name, m.raw)
				sep = ','
			}
		}
		out = append(out, "}\n"...)
	}
	return out
}

// readMaps is what most people would write first.
func readMaps(tb testing.TB, data []byte) (rows int) {
	bldr := array.NewRecordBuilder(memory.DefaultAllocator, flightSchema())
	for line := range bytes.Lines(data) {
		var row map[string]any
		if err := json.Unmarshal(line, &row); err != nil {
			tb.Fatal(err)
		}
		for i, name := range flightNumbers {
			v, ok := row[name].(float64)
			if !ok {
				v = math.NaN()
			}
			bldr.Field(i).(*array.Float64Builder).Append(v)
		}
		for i, name := range flightTexts {
			f := bldr.Field(len(flightNumbers) + i).(*array.StringBuilder)
			if v, ok := row[name].(string); ok {
				f.Append(v)
			} else {
				f.AppendNull()
			}
		}
		rows++
	}
	bldr.NewRecordBatch().Release()
	return rows
}

type flight struct {
	Month, Day, Dow, Hour, Minute, Flight, Distance, Temp, Dewp, Humid, Precip, Pressure, Visib, Seats, Engines, Speed *float64

	SchedDepTime *float64 `json:"sched_dep_time"`
	SchedArrTime *float64 `json:"sched_arr_time"`
	WindDir      *float64 `json:"wind_dir"`
	WindSpeed    *float64 `json:"wind_speed"`
	WindGust     *float64 `json:"wind_gust"`
	PlaneYear    *float64 `json:"plane_year"`

	Carrier, Origin, Dest, Engine, Size *string
}

// readStructs knows the columns when it is compiled, which glulam does not.
func readStructs(tb testing.TB, data []byte) (rows int) {
	bldr := array.NewRecordBuilder(memory.DefaultAllocator, flightSchema())
	for line := range bytes.Lines(data) {
		var f flight
		if err := json.Unmarshal(line, &f); err != nil {
			tb.Fatal(err)
		}
		for i, p := range []*float64{f.Month, f.Day, f.Dow, f.Hour, f.Minute, f.SchedDepTime, f.SchedArrTime, f.Flight, f.Distance, f.Temp, f.Dewp, f.Humid,
			f.WindDir, f.WindSpeed, f.WindGust, f.Precip, f.Pressure, f.Visib, f.PlaneYear, f.Seats, f.Engines, f.Speed} {
			v := math.NaN()
			if p != nil {
				v = *p
			}
			bldr.Field(i).(*array.Float64Builder).Append(v)
		}
		for i, p := range []*string{f.Carrier, f.Origin, f.Dest, f.Engine, f.Size} {
			b := bldr.Field(len(flightNumbers) + i).(*array.StringBuilder)
			if p != nil {
				b.Append(*p)
			} else {
				b.AppendNull()
			}
		}
		rows++
	}
	bldr.NewRecordBatch().Release()
	return rows
}

// readTokens is the fastest that a library lets us do.
func readTokens(tb testing.TB, data []byte) (rows int) {
	column := map[string]int{}
	for i, c := range flightColumns() {
		column[c.Name] = i
	}
	numbers := make([][]float64, len(flightNumbers))
	texts := make([][]byte, len(flightTexts))
	dec := jsontext.NewDecoder(bufio.NewReaderSize(bytes.NewReader(data), chunk), jsontext.AllowDuplicateNames(true))
	for {
		if _, err := dec.ReadToken(); err == io.EOF {
			return rows
		} else if err != nil {
			tb.Fatal(err)
		}
		for dec.PeekKind() == '"' {
			name, err := dec.ReadValue()
			if err != nil {
				tb.Fatal(err)
			}
			i, ok := column[string(name[1:len(name)-1])]
			if !ok {
				if err := dec.SkipValue(); err != nil {
					tb.Fatal(err)
				}
				continue
			}
			v, err := dec.ReadValue()
			if err != nil {
				tb.Fatal(err)
			}
			if i >= len(numbers) {
				if v.Kind() == '"' {
					texts[i-len(numbers)], err = jsontext.AppendUnquote(texts[i-len(numbers)], v)
				}
			} else if v.Kind() == '0' {
				var x float64
				x, err = strconv.ParseFloat(string(v), 64)
				numbers[i] = append(numbers[i], x)
			}
			if err != nil {
				tb.Fatal(err)
			}
		}
		if _, err := dec.ReadToken(); err != nil {
			tb.Fatal(err)
		}
		if rows++; rows%format.BatchRows == 0 {
			for i := range numbers {
				numbers[i] = numbers[i][:0]
			}
			for i := range texts {
				texts[i] = texts[i][:0]
			}
		}
	}
}

func readArrow(tb testing.TB, data []byte) (rows int) {
	r := array.NewJSONReader(bytes.NewReader(data), flightSchema(), array.WithChunk(format.BatchRows))
	defer r.Release()
	for r.Next() {
		rows += int(r.RecordBatch().NumRows())
	}
	if err := r.Err(); err != nil {
		tb.Fatal(err)
	}
	return rows
}

func flightSchema() *arrow.Schema {
	var fields []arrow.Field
	for _, c := range flightColumns() {
		f := arrow.Field{Name: c.Name, Type: arrow.PrimitiveTypes.Float64, Nullable: true}
		if c.Kind == format.Text {
			f.Type = arrow.BinaryTypes.String
		}
		fields = append(fields, f)
	}
	return arrow.NewSchema(fields, nil)
}

func BenchmarkSplit(b *testing.B) {
	data := bytes.Repeat(flights(b), 10)
	file := fileOf(b, data)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := (Format{}).Split(context.Background(), file, &format.Layout{}, 8<<20); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkWrite writes the flights' 27 columns, or each row as it came and a number.
func BenchmarkWrite(b *testing.B) {
	data := flights(b)
	write := func(name string, cols []format.Column, encode func(io.Writer, arrow.RecordBatch) error) {
		b.Run(name, func(b *testing.B) {
			r, err := Format{}.Open(b.Context(), fileOf(b, data), &format.Layout{}, whole, cols)
			if err != nil {
				b.Fatal(err)
			}
			defer r.Close()
			batch, err := r.Next()
			if err != nil {
				b.Fatal(err)
			}
			rec := batch.Record
			var size counter
			if err := encode(&size, rec); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if err := encode(io.Discard, rec); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(rec.NumRows())*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
	ours := func(w io.Writer, rec arrow.RecordBatch) error {
		jw, err := Format{}.NewWriter(w, rec.Schema())
		if err == nil {
			err = jw.Write(rec)
		}
		if err == nil {
			err = jw.Close()
		}
		return err
	}
	write("glulam", flightColumns(), ours)
	write("glulam, row and number", []format.Column{{Name: "row", Kind: format.RawRow}, {Name: "prediction", Path: "wind_speed"}}, ours)
	write("glulam, id and number", []format.Column{{Name: "id"}, {Name: "prediction", Path: "wind_speed"}}, ours)
	write("arrow RecordToJSON", flightColumns(), func(w io.Writer, rec arrow.RecordBatch) error { return array.RecordToJSON(rec, w) })
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
