package jsonl

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

func write(w io.Writer, recs ...arrow.RecordBatch) error {
	jw, err := Format{}.NewWriter(w, recs[0].Schema())
	if err != nil {
		return err
	}
	for _, rec := range recs {
		if err := jw.Write(rec); err != nil {
			return err
		}
	}
	return jw.Close()
}

func TestWriterTypes(t *testing.T) {
	fields := []arrow.Field{
		{Name: "f64", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
		{Name: "f32", Type: arrow.PrimitiveTypes.Float32, Nullable: true},
		{Name: "i64", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "i32", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
		{Name: "u8", Type: arrow.PrimitiveTypes.Uint8, Nullable: true},
		{Name: "bool", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
		{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "large", Type: arrow.BinaryTypes.LargeString, Nullable: true},
		{Name: "bin", Type: arrow.BinaryTypes.Binary, Nullable: true},
		{Name: "time", Type: &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}, Nullable: true},
		{Name: "date", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
		{Name: "dec", Type: &arrow.Decimal128Type{Precision: 10, Scale: 2}, Nullable: true},
		{Name: "list", Type: arrow.ListOf(arrow.PrimitiveTypes.Int64), Nullable: true},
		{Name: "struct", Type: arrow.StructOf(arrow.Field{Name: "x", Type: arrow.PrimitiveTypes.Float64, Nullable: true}), Nullable: true},
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
	b.Field(0).(*array.Float64Builder).Append(0.1)
	b.Field(1).(*array.Float32Builder).Append(0.1)
	b.Field(2).(*array.Int64Builder).Append(math.MaxInt64)
	b.Field(3).(*array.Int32Builder).Append(-1)
	b.Field(4).(*array.Uint8Builder).Append(255)
	b.Field(5).(*array.BooleanBuilder).Append(true)
	b.Field(6).(*array.StringBuilder).Append("<a href=\"x\">\n\u2028é")
	b.Field(7).(*array.LargeStringBuilder).Append("x")
	b.Field(8).(*array.BinaryBuilder).Append([]byte{0xff, 0})
	b.Field(9).(*array.TimestampBuilder).Append(1_500_000)
	b.Field(10).(*array.Date32Builder).Append(1)
	b.Field(11).(*array.Decimal128Builder).Append(decimal128.FromI64(-5))
	b.Field(12).(*array.ListBuilder).Append(true)
	b.Field(12).(*array.ListBuilder).ValueBuilder().(*array.Int64Builder).AppendValues([]int64{1, 2}, nil)
	b.Field(13).(*array.StructBuilder).Append(true)
	b.Field(13).(*array.StructBuilder).FieldBuilder(0).(*array.Float64Builder).Append(math.Inf(-1))
	for _, f := range b.Fields() {
		f.AppendNull()
	}
	var out bytes.Buffer
	if err := write(&out, b.NewRecordBatch()); err != nil {
		t.Fatal(err)
	}
	want := `{"f64":0.1,"f32":0.1,"i64":9223372036854775807,"i32":-1,"u8":255,"bool":true,"text":"<a href=\"x\">\n` + "\u2028é" +
		`","large":"x","bin":"/wA=","time":"1970-01-01T00:00:01.500000Z","date":"1970-01-02","dec":-0.05,"list":[1,2],"struct":{"x":"-Infinity"}}` + "\n" +
		`{"f64":null,"f32":null,"i64":null,"i32":null,"u8":null,"bool":null,"text":null,"large":null,"bin":null,"time":null,"date":null,"dec":null,"list":null,"struct":null}` + "\n"
	if out.String() != want {
		t.Errorf("%s\nnot\n%s", out.String(), want)
	}
}

// Numbers look as encoding/json writes them.
func TestWritesNumbersAsEncodingJSON(t *testing.T) {
	col := func(v float64) arrow.Array {
		b := array.NewFloat64Builder(memory.DefaultAllocator)
		b.Append(v)
		return b.NewArray()
	}
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64().Draw(t, "any")
		if rapid.Bool().Draw(t, "decimal") {
			v = float64(rapid.Int64Range(-1e16, 1e16).Draw(t, "digits")) / math.Pow10(rapid.IntRange(0, 10).Draw(t, "point"))
		}
		for range rapid.IntRange(0, 2).Draw(t, "ulps") {
			v = math.Nextafter(v, math.Inf(1))
		}
		if math.IsInf(v, 0) || v != v {
			return
		}
		want, _ := json.Marshal(v)
		if got, err := encodeFloat64(nil, col(v), 0); err != nil || string(got) != string(want) {
			t.Fatalf("%s, %v, not %s", got, err, want)
		}
	})
	for v, want := range map[float64]string{math.NaN(): `"NaN"`, math.Inf(1): `"Infinity"`, math.Inf(-1): `"-Infinity"`, math.Copysign(0, -1): "-0", 1e15: "1000000000000000"} {
		if got, err := encodeFloat64(nil, col(v), 0); err != nil || string(got) != want {
			t.Errorf("%s, %v, not %s", got, err, want)
		}
	}
}

// What is written is read again, bit for bit.
func TestRoundTrip(t *testing.T) {
	cols := []format.Column{{Name: "n"}, {Name: "t", Kind: format.Text}, {Name: "a.b"}}
	rapid.Check(t, func(t *rapid.T) {
		schema := arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Float64}, {Name: "t", Type: arrow.BinaryTypes.String, Nullable: true},
			{Name: "a.b", Type: arrow.PrimitiveTypes.Float64}}, nil)
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		rows := rapid.IntRange(1, 20).Draw(t, "rows")
		for range rows {
			for _, c := range []int{0, 2} {
				b.Field(c).(*array.Float64Builder).Append(rapid.OneOf(rapid.Float64(), rapid.Just(math.NaN()), rapid.Just(math.Inf(-1)),
					rapid.Map(rapid.IntRange(-1e6, 1e6), func(i int) float64 { return float64(i) / 100 })).Draw(t, "number"))
			}
			if rapid.Bool().Draw(t, "valid") {
				b.Field(1).(*array.StringBuilder).Append(strings.ToValidUTF8(rapid.String().Draw(t, "text"), "x"))
			} else {
				b.Field(1).AppendNull()
			}
		}
		rec := b.NewRecordBatch()
		var out bytes.Buffer
		if err := write(&out, rec); err != nil {
			t.Fatal(err)
		}
		file, err := format.NewFile("x", bytes.NewReader(out.Bytes()), int64(out.Len()))
		if err != nil {
			t.Fatal(err)
		}
		err = batches(Format{}, file, &format.Layout{}, whole, cols, func(b *format.Batch) error {
			if b.Record.NumRows() != int64(rows) {
				t.Fatalf("%d rows of %d", b.Record.NumRows(), rows)
			}
			for c := range cols {
				for i := range rows {
					if got, want := show(b.Record.Column(c), i), show(rec.Column(c), i); got != want {
						t.Fatalf("%s became %s", want, got)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// Raw rows come back byte for byte, whatever their spelling.
func TestRawRowsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		row := strings.Trim(drawObject(t, 0), " \t\r")
		file, err := format.NewFile("x", strings.NewReader("\t"+row+" \r\n"), int64(len(row)+4))
		if err != nil {
			t.Fatal(err)
		}
		err = batches(Format{}, file, &format.Layout{}, whole, []format.Column{{Name: "r", Kind: format.RawRow}}, func(b *format.Batch) error {
			var out bytes.Buffer
			if err := write(&out, b.Record); err != nil {
				return err
			}
			if b.Record.NumRows() == 1 && out.String() != row+"\n" {
				t.Fatalf("%q became %q", row, out.String())
			}
			if b.Record.NumRows() == 0 && len(b.Rejected) == 0 {
				t.Fatalf("%q is gone", row)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func binaryBatch(name, key, value string, values ...[]byte) arrow.RecordBatch {
	f := arrow.Field{Name: name, Type: arrow.BinaryTypes.Binary, Nullable: true, Metadata: arrow.MetadataFrom(map[string]string{key: value})}
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{f}, nil))
	for _, v := range values {
		b.Field(0).(*array.BinaryBuilder).Append(v)
	}
	return b.NewRecordBatch()
}

func TestWriterErrors(t *testing.T) {
	for _, rec := range []arrow.RecordBatch{
		binaryBatch("a", format.MetaRaw, "csv"),
		binaryBatch("a", format.MetaRawRow, "csv"),
		binaryBatch("a", format.MetaRaw, "jsonl", []byte("1\n2")),
		binaryBatch("a", format.MetaRaw, "jsonl", []byte{}),
		binaryBatch("a", format.MetaRawRow, "jsonl", []byte("[]")),
		binaryBatch("a", format.MetaRawRow, "jsonl", []byte("{")),
		binaryBatch("a", format.MetaRawRow, "jsonl", []byte("{\n}")),
	} {
		var fe *fault.Error
		if err := write(io.Discard, rec); !errors.As(err, &fe) || fe.Code != fault.Internal || fe.Field != "a" {
			t.Errorf("%s: %v", rec, err)
		}
	}
	number := array.NewRecordBatch(arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Float64}}, nil), []arrow.Array{array.NewFloat64Builder(memory.DefaultAllocator).NewArray()}, 0)
	if err := write(io.Discard, number, binaryBatch("a", "", "")); fault.CodeOf(err) != fault.Internal {
		t.Error(err)
	}
	text := arrow.NewSchema([]arrow.Field{{Name: "t", Type: arrow.BinaryTypes.String}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, text)
	b.Field(0).(*array.StringBuilder).AppendValues([]string{"ok", "\xff"}, nil)
	var fe *fault.Error
	if err := write(io.Discard, b.NewRecordBatch()); !errors.As(err, &fe) || fe.Code != fault.BadText || fe.Field != "t" {
		t.Error(err)
	}
	if _, err := (Format{}).NewWriter(io.Discard, arrow.NewSchema([]arrow.Field{{Name: "\xff", Type: arrow.BinaryTypes.String}}, nil)); fault.CodeOf(err) != fault.BadText {
		t.Error(err)
	}
	raw := arrow.NewSchema([]arrow.Field{{Name: "t", Type: arrow.BinaryTypes.String, Metadata: arrow.MetadataFrom(map[string]string{format.MetaRaw: "jsonl"})}}, nil)
	if _, err := (Format{}).NewWriter(io.Discard, raw); fault.CodeOf(err) != fault.Internal {
		t.Error(err)
	}
}

type failing struct {
	n   int
	err error
}

func (f failing) Write(p []byte) (int, error) { return min(f.n, len(p)), f.err }

func TestWriterFails(t *testing.T) {
	rows := bytes.Repeat([]byte("{}\x00"), flushAt)
	rec := binaryBatch("a", format.MetaRawRow, "jsonl", bytes.Split(rows[:len(rows)-1], []byte{0})...)
	full := errors.New("no space left on device")
	for _, w := range []io.Writer{failing{0, full}, failing{1, nil}, failing{0, &fault.Error{Code: fault.Unwritable}}} {
		jw, err := Format{}.NewWriter(w, rec.Schema())
		if err != nil {
			t.Fatal(err)
		}
		first := jw.Write(rec)
		if fault.CodeOf(first) != fault.Unwritable {
			t.Error(first)
		}
		if err := jw.Write(rec); err != first {
			t.Error(err)
		}
		if err := jw.Close(); err != first {
			t.Error(err)
		}
		// Small files fail at Close.
		jw, err = Format{}.NewWriter(w, rec.Schema())
		if err == nil {
			err = jw.Write(rec.NewSlice(0, 3))
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := jw.Close(); fault.CodeOf(err) != fault.Unwritable {
			t.Error(err)
		}
	}
}

type sizes struct {
	bytes.Buffer
	least, writes int
}

func (s *sizes) Write(p []byte) (int, error) {
	if s.writes++; s.writes == 1 || len(p) < s.least {
		s.least = len(p)
	}
	if p[len(p)-1] != '\n' {
		return 0, errors.New("amid a line")
	}
	return s.Buffer.Write(p)
}

func TestWritesLargeChunks(t *testing.T) {
	rec := binaryBatch("a", format.MetaRaw, "jsonl", bytes.Split(bytes.Repeat([]byte("12345 "), 100_000), []byte(" "))[:100_000]...)
	var s sizes
	jw, err := Format{}.NewWriter(&s, rec.Schema())
	if err != nil {
		t.Fatal(err)
	}
	if err := jw.Write(rec); err != nil {
		t.Fatal(err)
	}
	if s.least < flushAt || s.writes < 10 {
		t.Errorf("%d writes, the least of %d bytes", s.writes, s.least)
	}
	if err := jw.Close(); err != nil {
		t.Fatal(err)
	}
	if err := jw.Close(); err != nil {
		t.Fatal(err)
	}
	if want := strings.Repeat("{\"a\":12345}\n", 100_000); s.String() != want {
		t.Error("not what was to be written")
	}
}
