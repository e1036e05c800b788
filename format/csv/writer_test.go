package csv

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// fill puts values and then a null into a column.
func fill[B array.Builder, V any](add func(B, V), values ...V) func(array.Builder) {
	return func(b array.Builder) {
		for _, v := range values {
			add(b.(B), v)
		}
		b.AppendNull()
	}
}

// build makes a record of columns that fill functions fill.
func build(fields []arrow.Field, fills ...func(array.Builder)) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
	for i, f := range fills {
		f(b.Field(i))
	}
	return b.NewRecordBatch()
}

func write(t testing.TB, f Format, recs ...arrow.RecordBatch) string {
	t.Helper()
	var out strings.Builder
	w, err := f.NewWriter(&out, recs[0].Schema())
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range recs {
		if err := w.Write(rec); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

// TestWriteTypes writes a few values of each type, and a null.
func TestWriteTypes(t *testing.T) {
	for _, c := range []struct {
		name string
		t    arrow.DataType
		fill func(array.Builder)
		want []string
	}{
		{"float64", arrow.PrimitiveTypes.Float64, fill((*array.Float64Builder).Append, 0, math.Copysign(0, -1), 1, -1.5, 100000,
			1e20, 1e21, 1e-6, 1.5e-7, 0.1, 16777216, -16777215, 9007199254740993, math.MaxFloat64, 5e-324,
			math.NaN(), math.Inf(1), math.Inf(-1)),
			[]string{"0", "-0", "1", "-1.5", "100000", "100000000000000000000", "1e+21", "0.000001", "1.5e-7", "0.1", "16777216",
				"-16777215", "9007199254740992", "1.7976931348623157e+308", "5e-324", "NaN", "inf", "-inf", ""}},
		{"float32", arrow.PrimitiveTypes.Float32, fill((*array.Float32Builder).Append, 0.1, 1e6, 16777216, 3.4028235e38),
			[]string{"0.1", "1000000", "16777216", "3.4028235e+38", ""}},
		{"int64", arrow.PrimitiveTypes.Int64, fill((*array.Int64Builder).Append, math.MinInt64, 7), []string{"-9223372036854775808", "7", ""}},
		{"int32", arrow.PrimitiveTypes.Int32, fill((*array.Int32Builder).Append, -5), []string{"-5", ""}},
		{"uint8", arrow.PrimitiveTypes.Uint8, fill((*array.Uint8Builder).Append, 255), []string{"255", ""}},
		{"bool", arrow.FixedWidthTypes.Boolean, fill((*array.BooleanBuilder).Append, true, false), []string{"true", "false", ""}},
		{"text", arrow.BinaryTypes.String, fill((*array.StringBuilder).Append, "a", "", "x,y", `say "hi"`, `"`, "l\r", "l\nm", "é;", " b "),
			[]string{"a", `""`, `"x,y"`, `"say ""hi"""`, `""""`, "\"l\r\"", "\"l\nm\"", "é;", " b ", ""}},
		{"large text", arrow.BinaryTypes.LargeString, fill((*array.LargeStringBuilder).Append, "a,", ""), []string{`"a,"`, `""`, ""}},
		{"dictionary", &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String},
			fill(func(b *array.BinaryDictionaryBuilder, s string) { b.AppendString(s) }, "a,b", ""), []string{`"a,b"`, `""`, ""}},
		{"run ends", arrow.RunEndEncodedOf(arrow.PrimitiveTypes.Int32, arrow.BinaryTypes.String), func(b array.Builder) {
			r := b.(*array.RunEndEncodedBuilder)
			r.Append(2)
			r.ValueBuilder().(*array.StringBuilder).Append("x")
			r.AppendNull()
		}, []string{"x", "x", ""}},
		{"binary", arrow.BinaryTypes.Binary, fill((*array.BinaryBuilder).Append, []byte{0xff, 0}), []string{"/wA=", ""}},
		{"date", arrow.FixedWidthTypes.Date32, fill((*array.Date32Builder).Append,
			arrow.Date32FromTime(time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC))), []string{"2024-02-29", ""}},
		{"timestamp", &arrow.TimestampType{Unit: arrow.Second, TimeZone: "UTC"}, fill((*array.TimestampBuilder).Append, 1709208429),
			[]string{"2024-02-29T12:07:09Z", ""}},
		{"decimal", &arrow.Decimal128Type{Precision: 10, Scale: 2}, fill((*array.Decimal128Builder).Append, decimal128.FromI64(-1234)),
			[]string{"-12.34", ""}},
		{"list", arrow.ListOf(arrow.PrimitiveTypes.Int64), func(b array.Builder) {
			l := b.(*array.ListBuilder)
			l.Append(true)
			l.ValueBuilder().(*array.Int64Builder).AppendValues([]int64{1, 2}, nil)
			l.AppendNull()
		}, []string{`"[1,2]"`, ""}},
		{"null", arrow.Null, func(b array.Builder) { b.AppendNull() }, []string{""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := build([]arrow.Field{{Name: "v", Type: c.t, Nullable: true}, {Name: "k", Type: arrow.PrimitiveTypes.Int64}},
				c.fill, func(b array.Builder) {
					for range c.want {
						b.(*array.Int64Builder).Append(0)
					}
				})
			want := "v,k\n" + strings.Join(c.want, ",0\n") + ",0\n"
			if diff := cmp.Diff(want, write(t, Format{}, rec)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWriteHeader(t *testing.T) {
	for _, c := range []struct {
		names []string
		want  string
	}{
		{[]string{"a", "b c", "x,y", `"`, "é", ""}, "a,b c,\"x,y\",\"\"\"\",é,\"\"\n"},
		{[]string{""}, "\"\"\n"},
		{[]string{"\ufeffa", "\ufeffb"}, "\"\ufeffa\",\ufeffb\n"},
	} {
		var fields []arrow.Field
		for _, n := range c.names {
			fields = append(fields, arrow.Field{Name: n, Type: arrow.PrimitiveTypes.Float64})
		}
		if got := write(t, Format{}, build(fields)); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// TestWriteNulls writes with other delimiters and nulls than the default.
func TestWriteNulls(t *testing.T) {
	rec := build([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64, Nullable: true}, {Name: "t", Type: arrow.BinaryTypes.String, Nullable: true}},
		fill((*array.Int64Builder).Append, 1, 2, 3), fill((*array.StringBuilder).Append, "NA", "", "a;b"))
	f := Format{Options: Options{Delimiter: ';', Nulls: format.Nulls{Number: []string{"?"}, Text: []string{"NA", "-"}}}}
	if got, want := write(t, f, rec), "n;t\n1;\"NA\"\n2;\n3;\"a;b\"\n?;NA\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	f = Format{Options: Options{Nulls: format.Nulls{Number: []string{}, Text: []string{}}}}
	if got, want := write(t, f, rec), "n,t\n1,NA\n2,\n3,a;b\n,\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	one := build([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, fill((*array.Int64Builder).Append, 1))
	if got, want := write(t, Format{}, one), "n\n1\n\"\"\n"; got != want {
		t.Errorf("%q, want %q: a null alone must not become a blank line", got, want)
	}
}

// TestRoundTrip writes random values and reads them back.
func TestRoundTrip(t *testing.T) {
	anyText := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "NA", "\"", "a,b", "\r", "x\r", "a\n", "\ufeff", " "}))
	rapid.Check(t, func(t *rapid.T) {
		tb := &fatalTB{fataler: t}
		f := Format{Options: Options{
			Delimiter: rapid.SampledFrom([]byte(",;\t|")).Draw(t, "delimiter"),
			Nulls:     format.Nulls{Text: rapid.SampledFrom([][]string{nil, {"NA"}, {"", "NA"}, {"NA", ""}}).Draw(t, "nulls")},
		}}
		numbers := rapid.SliceOf(rapid.Uint64()).Draw(t, "numbers")
		names := rapid.SliceOfNDistinct(anyText, 2, 2, rapid.ID).Draw(t, "names")
		texts := make([]*string, len(numbers))
		rec := build([]arrow.Field{{Name: names[0], Type: arrow.PrimitiveTypes.Float64}, {Name: names[1], Type: arrow.BinaryTypes.String, Nullable: true}},
			func(b array.Builder) {
				for _, n := range numbers {
					b.(*array.Float64Builder).Append(math.Float64frombits(n))
				}
			},
			func(b array.Builder) {
				for i := range texts {
					if rapid.Bool().Draw(t, "null") {
						b.AppendNull()
						continue
					}
					s := strings.ToValidUTF8(anyText.Draw(t, "text"), "")
					texts[i] = &s
					b.(*array.StringBuilder).Append(s)
				}
			})
		names[0], names[1] = rec.ColumnName(0), rec.ColumnName(1)
		out := write(tb, f, rec)
		if len(numbers) == 0 {
			return
		}
		got, letters := readAll(tb, f, out, []format.Column{{Name: names[0]}, {Name: names[1], Kind: format.Text}})
		if len(letters) > 0 || got == nil || int(got.NumRows()) != len(numbers) {
			t.Fatalf("%q: %v, %v", out, got, letters)
		}
		for i, n := range numbers {
			want, have := math.Float64frombits(n), got.Column(0).(*array.Float64).Value(i)
			if math.Float64bits(have) != n && !(math.IsNaN(want) && math.IsNaN(have)) {
				t.Fatalf("row %d: %v, want %v", i, have, want)
			}
			text := got.Column(1).(*array.String)
			if text.IsNull(i) != (texts[i] == nil) || texts[i] != nil && text.Value(i) != *texts[i] {
				t.Fatalf("%q, row %d: %q, want %v", out, i, text.Value(i), texts[i])
			}
		}
	})
}

// TestPassThrough reads random text as raw rows and as raw cells and writes it again: byte for byte the same, but for the
// line endings and the rows that are none.
func TestPassThrough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tb := &fatalTB{fataler: t}
		header := rapid.SampledFrom([]string{"a,b", "a", `"a",b`}).Draw(t, "header")
		content := header + "\n" + text().Draw(t, "text")
		file := textFile(tb, content)
		l, err := Format{}.Describe(t.Context(), file)
		if err != nil {
			return
		}
		var want strings.Builder
		for _, r := range records(content, int(l.Data), format.MaxRow, len(l.Columns)) {
			if r.ok && r.text != "" && len(wellFormedFields(r.text)) == len(l.Columns) {
				want.WriteString(r.text)
				if strings.HasSuffix(r.text, "\r") {
					want.WriteByte('\r') // or it would be part of the line ending
				}
				want.WriteByte('\n')
			}
		}
		for _, c := range []struct {
			header string
			cols   []format.Column
		}{
			{header, []format.Column{{Name: "row", Kind: format.RawRow}}},
			{strings.ReplaceAll(header, `"`, ""), asked(l, format.Raw)},
		} {
			rec, _ := readAll(tb, Format{}, content, c.cols)
			if rec == nil {
				continue
			}
			if got, want := write(tb, Format{}, rec), c.header+"\n"+want.String(); got != want {
				t.Fatalf("%q: %q, want %q", content, got, want)
			}
		}
	})
}

// TestPassThroughAppends puts predictions behind raw rows.
func TestPassThroughAppends(t *testing.T) {
	raw, _ := readAll(t, Format{}, "\"a\", b \r\n1, x\r\n2,\"y\nz\"\r\n", []format.Column{{Name: "row", Kind: format.RawRow}})
	b := array.NewFloat64Builder(memory.DefaultAllocator)
	b.AppendValues([]float64{0.5, 1e-9}, nil)
	fields := append(raw.Schema().Fields(), arrow.Field{Name: "p,q", Type: arrow.PrimitiveTypes.Float64})
	rec := array.NewRecordBatch(arrow.NewSchema(fields, nil), []arrow.Array{raw.Column(0), b.NewArray()}, 2)
	if got, want := write(t, Format{}, rec), "\"a\", b ,\"p,q\"\n1, x,0.5\n2,\"y\nz\",1e-9\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	_, err := Format{Options: Options{Delimiter: ';'}}.NewWriter(nil, raw.Schema())
	if fault.CodeOf(err) != fault.Usage {
		t.Errorf("rows with commas among semicolons: %v", err)
	}
}

func TestWriterRefuses(t *testing.T) {
	one := []arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Float64}}
	for name, c := range map[string]struct {
		f      Format
		fields []arrow.Field
		code   fault.Code
	}{
		"bad options": {Format{Options: Options{Delimiter: 'x'}}, one, fault.Usage},
		"no columns":  {Format{}, nil, fault.Schema},
		"raw json": {Format{}, []arrow.Field{{Name: "a", Type: arrow.BinaryTypes.Binary,
			Metadata: arrow.MetadataFrom(map[string]string{format.MetaRaw: "jsonl"})}}, fault.Internal},
		"raw json row": {Format{}, []arrow.Field{{Name: "a", Type: arrow.BinaryTypes.Binary,
			Metadata: arrow.MetadataFrom(map[string]string{format.MetaRawRow: "jsonl"})}}, fault.Internal},
		"raw text": {Format{}, []arrow.Field{{Name: "a", Type: arrow.BinaryTypes.String,
			Metadata: arrow.MetadataFrom(map[string]string{format.MetaRaw: "csv"})}}, fault.Internal},
	} {
		if _, err := c.f.NewWriter(&bytes.Buffer{}, arrow.NewSchema(c.fields, nil)); fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}

	w, err := Format{}.NewWriter(&bytes.Buffer{}, arrow.NewSchema(one, nil))
	if err != nil {
		t.Fatal(err)
	}
	other := build([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64}})
	if err := w.Write(other); fault.CodeOf(err) != fault.Internal {
		t.Errorf("another schema: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Write(build(one)); fault.CodeOf(err) != fault.Internal {
		t.Errorf("Write after Close: %v", err)
	}
}

// TestWriteBadText: an error about a cell names its column, and leaves no half row behind.
func TestWriteBadText(t *testing.T) {
	rec := build([]arrow.Field{{Name: "k", Type: arrow.PrimitiveTypes.Int64}, {Name: "l", Type: arrow.ListOf(arrow.BinaryTypes.String)}},
		func(b array.Builder) { b.(*array.Int64Builder).AppendValues([]int64{1, 2}, nil) },
		func(b array.Builder) {
			l := b.(*array.ListBuilder)
			for _, s := range []string{"x", "\xff"} {
				l.Append(true)
				l.ValueBuilder().(*array.StringBuilder).Append(s)
			}
		})
	var out strings.Builder
	w, err := Format{}.NewWriter(&out, rec.Schema())
	if err != nil {
		t.Fatal(err)
	}
	fe := (*fault.Error)(nil)
	if err := w.Write(rec); !errors.As(err, &fe) || fe.Code != fault.BadText || fe.Field != "l" {
		t.Errorf("%v", err)
	}
	if err := w.Close(); err != nil || out.String() != "k,l\n1,\"[\"\"x\"\"]\"\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

// TestRawCR: a CR at the end of a raw row is data, before and after.
func TestRawCR(t *testing.T) {
	const content = "a,b\n1,2\r\r\n3,4\n"
	rec, _ := readAll(t, Format{}, content, []format.Column{{Name: "row", Kind: format.RawRow}})
	if got := write(t, Format{}, rec); got != content {
		t.Errorf("%q, want %q", got, content)
	}
}

// TestWriteChunks writes more than a buffer, to a writer that fails at some time.
func TestWriteChunks(t *testing.T) {
	rec := build([]arrow.Field{{Name: "a", Type: arrow.BinaryTypes.String}}, func(b array.Builder) {
		for range 10_000 {
			b.(*array.StringBuilder).Append("0123456789abcdef")
		}
	})
	out := &limitedWriter{left: 3}
	w, err := Format{}.NewWriter(out, rec.Schema())
	if err != nil {
		t.Fatal(err)
	}
	if err = w.Write(rec); err != nil || out.least < flushAt {
		t.Errorf("%v; the smallest write had %d bytes", err, out.least)
	}
	for range 2 {
		if err = w.Write(rec); fault.CodeOf(err) != fault.Unwritable || !errors.Is(err, errFull) {
			t.Errorf("full: %v", err)
		}
	}
	if err := w.Close(); !errors.Is(err, errFull) {
		t.Errorf("Close: %v", err)
	}
}

var errFull = errors.New("full")

type limitedWriter struct{ left, least int }

func (w *limitedWriter) Write(p []byte) (int, error) {
	if w.left--; w.left < 0 {
		return 0, errFull
	}
	if w.least == 0 || len(p) < w.least {
		w.least = len(p)
	}
	return len(p), nil
}

func TestWriteAllocates(t *testing.T) {
	data, cols := benchFile("mixed")
	rec, _ := readAll(t, Format{}, string(data), append(cols, format.Column{Name: "row", Kind: format.RawRow}))
	var out countWriter
	w, err := Format{}.NewWriter(&out, rec.Schema())
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(2, func() {
		if err := w.Write(rec); err != nil {
			t.Fatal(err)
		}
	}); n > 2 {
		t.Errorf("%v allocations for %d rows", n, rec.NumRows())
	}
}
