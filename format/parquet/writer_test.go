package parquet

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/extensions"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/arrowtext"
)

// typed are values of all types that can be written, as JSON, and what comes back as Native if it is another type.
var typed = []struct {
	typ  arrow.DataType
	json string
	back arrow.DataType
}{
	{arrow.Null, `[null, null, null]`, nil},
	{arrow.FixedWidthTypes.Boolean, `[true, null, false]`, nil},
	{arrow.PrimitiveTypes.Int8, `[-128, null, 127]`, nil},
	{arrow.PrimitiveTypes.Uint8, `[0, null, 255]`, nil},
	{arrow.PrimitiveTypes.Int16, `[-32768, null, 32767]`, nil},
	{arrow.PrimitiveTypes.Uint16, `[0, null, 65535]`, nil},
	{arrow.PrimitiveTypes.Int32, `[-2147483648, null, 2147483647]`, nil},
	{arrow.PrimitiveTypes.Uint32, `[0, null, 4294967295]`, nil},
	{arrow.PrimitiveTypes.Int64, `[-9223372036854775808, null, 9223372036854775807]`, nil},
	{arrow.PrimitiveTypes.Uint64, `[0, null, 18446744073709551615]`, nil},
	{arrow.FixedWidthTypes.Float16, `[1.5, null, -2]`, nil},
	{arrow.PrimitiveTypes.Float32, `[0.1, null, -2e38]`, nil},
	{arrow.PrimitiveTypes.Float64, `[0.1, null, 5e-324]`, nil},
	{&arrow.Decimal32Type{Precision: 7, Scale: 2}, `["1.25", null, "-99999.99"]`, &arrow.Decimal128Type{Precision: 7, Scale: 2}},
	{&arrow.Decimal64Type{Precision: 17, Scale: 0}, `["1", null, "-99999999999999999"]`, &arrow.Decimal128Type{Precision: 17, Scale: 0}},
	{&arrow.Decimal128Type{Precision: 38, Scale: 38}, `["0.5", null, "-0.00000000000000000000000000000000000001"]`, nil},
	{&arrow.Decimal256Type{Precision: 76, Scale: 5}, `["1.00001", null, "-7"]`, nil},
	{&arrow.Decimal256Type{Precision: 20, Scale: 5}, `["1.00001", null, "-7"]`, nil},
	{arrow.BinaryTypes.String, `["", null, "ä\u0000\n"]`, nil},
	{arrow.BinaryTypes.LargeString, `["", null, "ä"]`, nil},
	{arrow.BinaryTypes.StringView, `["", null, "a text that is longer than a view"]`, arrow.BinaryTypes.String},
	{arrow.BinaryTypes.Binary, `["", null, "/wA="]`, nil},
	{arrow.BinaryTypes.LargeBinary, `["", null, "/wA="]`, nil},
	{arrow.BinaryTypes.BinaryView, `["", null, "/wA="]`, arrow.BinaryTypes.Binary},
	{&arrow.FixedSizeBinaryType{ByteWidth: 3}, `["AAAA", null, "/wAA"]`, nil},
	{arrow.FixedWidthTypes.Date32, `["2024-02-29", null, "1969-12-31"]`, nil},
	{arrow.FixedWidthTypes.Date64, `["2024-02-29", null, "1969-12-31"]`, arrow.FixedWidthTypes.Date32},
	{arrow.FixedWidthTypes.Time32s, `["13:07:09", null, "00:00:00"]`, arrow.FixedWidthTypes.Time32ms},
	{arrow.FixedWidthTypes.Time32ms, `["13:07:09.125", null, "00:00:00"]`, nil},
	{arrow.FixedWidthTypes.Time64us, `["13:07:09.000001", null, "00:00:00"]`, nil},
	{arrow.FixedWidthTypes.Time64ns, `["13:07:09.000000001", null, "00:00:00"]`, nil},
	{&arrow.TimestampType{Unit: arrow.Second, TimeZone: "UTC"}, `["2024-02-29T13:07:09Z", null, "1969-12-31T00:00:00Z"]`, &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "UTC"}},
	{&arrow.TimestampType{Unit: arrow.Millisecond}, `["2024-02-29T13:07:09.001", null, "1969-12-31T00:00:00"]`, nil},
	{&arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "Europe/Berlin"}, `["2024-02-29T13:07:09.000001Z", null, "1969-12-31T00:00:00Z"]`, nil},
	{&arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "+05:30"}, `["2024-02-29T13:07:09.000000001Z", null, "1969-12-31T00:00:00Z"]`, nil},
	{arrow.FixedWidthTypes.Duration_s, `["3s", null, "-5400s"]`, nil},
	{arrow.FixedWidthTypes.Duration_ns, `["3ns", null, "-5400ns"]`, nil},
	{arrow.ListOf(arrow.PrimitiveTypes.Int32), `[[1, null], null, []]`, nil},
	{arrow.LargeListOf(arrow.BinaryTypes.String), `[["a", null], null, []]`, arrow.LargeListOfField(arrow.Field{Name: "element", Type: arrow.BinaryTypes.String, Nullable: true})},
	{arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Float64), `[[1, null], null, [2.5, 3]]`, nil},
	{arrow.StructOf(arrow.Field{Name: "a", Type: arrow.PrimitiveTypes.Int64, Nullable: true}, arrow.Field{Name: "b", Type: arrow.ListOf(arrow.BinaryTypes.String), Nullable: true}),
		`[{"a": 1, "b": ["x"]}, null, {"a": null, "b": null}]`, nil},
	{arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Float64), `[[{"key": "k", "value": 1.5}], null, []]`, nil},
	{&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, `["a", null, "b"]`, nil},
	{&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint32, ValueType: arrow.BinaryTypes.Binary}, `["/w==", null, "/w=="]`, nil},
	{&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int16, ValueType: arrow.PrimitiveTypes.Int64}, `[7, null, 8]`, arrow.PrimitiveTypes.Int64},
	{arrow.RunEndEncodedOf(arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int64), `[7, 7, null]`, arrow.PrimitiveTypes.Int64},
	{arrow.ListOf(&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}), `[["a", null], null, ["a"]]`, nil},
	{extensions.NewUUIDType(), `["6ba7b810-9dad-11d1-80b4-00c04fd430c8", null, "00000000-0000-0000-0000-000000000000"]`, nil},
}

func TestRoundTrip(t *testing.T) {
	for _, c := range typed {
		arr, _, err := array.FromJSON(memory.DefaultAllocator, c.typ, strings.NewReader(c.json))
		if err != nil {
			t.Errorf("%s: %v", c.typ, err)
			continue
		}
		schema := arrow.NewSchema([]arrow.Field{{Name: "v", Type: c.typ, Nullable: true, Metadata: arrow.NewMetadata([]string{"k"}, []string{"v"})}}, nil)
		// as a slice of a longer array too, which has other offsets everywhere
		long, err := array.Concatenate([]arrow.Array{arr, arr, arr}, memory.DefaultAllocator)
		if c.typ.ID() == arrow.RUN_END_ENCODED || c.typ.ID() == arrow.STRING_VIEW || c.typ.ID() == arrow.BINARY_VIEW {
			long, err = arr, nil
		}
		if err != nil {
			t.Errorf("%s: %v", c.typ, err)
			continue
		}
		rec := array.NewRecordBatch(schema, []arrow.Array{arr}, 3)
		cut := array.NewRecordBatch(schema, []arrow.Array{long}, int64(long.Len()))
		if long != arr {
			cut = cut.NewSlice(3, 6)
		}
		g, err := read(Format{}, memFile(t, write(t, schema, rec, cut)), ask(format.Native, "v"), 1)
		if err != nil {
			t.Errorf("%s: %v", c.typ, err)
			continue
		}
		want := c.back
		if want == nil {
			want = c.typ
		}
		got := g.columns[0]
		// Parquet has its own name for what a list is of.
		if got.DataType().String() != strings.ReplaceAll(want.String(), "<item:", "<element:") {
			t.Errorf("%s came back as %s", c.typ, got.DataType())
		}
		for i := range got.Len() {
			a, err1 := arrowtext.AppendJSON(nil, got, i)
			b, err2 := arrowtext.AppendJSON(nil, arr, i%3)
			if err1 != nil || err2 != nil || !bytes.Equal(dropZeros(a), dropZeros(b)) {
				t.Errorf("%s row %d: %s, want %s (%v, %v)", c.typ, i, a, b, err1, err2)
			}
		}
		if v, _ := g.schema.Field(0).Metadata.GetValue("k"); v != "v" && c.typ.ID() != arrow.DICTIONARY {
			t.Errorf("%s: metadata %v", c.typ, g.schema.Field(0).Metadata)
		}
	}
}

// dropZeros forgets the milliseconds that seconds come back with.
func dropZeros(text []byte) []byte { return bytes.Replace(text, []byte(".000"), nil, 1) }

func TestWriterRefuses(t *testing.T) {
	field := func(f arrow.Field) *arrow.Schema { return arrow.NewSchema([]arrow.Field{f}, nil) }
	i64 := arrow.PrimitiveTypes.Int64
	for _, c := range []struct {
		schema *arrow.Schema
		code   fault.Code
	}{
		{arrow.NewSchema(nil, nil), fault.Schema},
		{arrow.NewSchema([]arrow.Field{{Name: "a", Type: i64}, {Name: "a", Type: i64}}, nil), fault.Schema},
		{field(arrow.Field{Name: "a", Type: arrow.BinaryTypes.Binary, Metadata: arrow.NewMetadata([]string{format.MetaRaw}, []string{"csv"})}), fault.Internal},
		{field(arrow.Field{Name: "a", Type: arrow.BinaryTypes.Binary, Metadata: arrow.NewMetadata([]string{format.MetaRawRow}, []string{"csv"})}), fault.Internal},
		{field(arrow.Field{Name: "a", Type: arrow.DenseUnionOf([]arrow.Field{{Name: "x", Type: i64}}, []arrow.UnionTypeCode{0})}), fault.Unsupported},
		{field(arrow.Field{Name: "a", Type: arrow.ListViewOf(i64)}), fault.Unsupported},
		{field(arrow.Field{Name: "a", Type: arrow.FixedWidthTypes.MonthDayNanoInterval}), fault.Unsupported},
		{field(arrow.Field{Name: "a", Type: arrow.StructOf()}), fault.Unsupported},
	} {
		if _, err := (Format{}).NewWriter(io.Discard, c.schema); fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v", c.schema, err)
		}
	}
	nulls, _, _ := array.FromJSON(memory.DefaultAllocator, i64, strings.NewReader("[1, null]"))
	w, err := Format{}.NewWriter(io.Discard, field(arrow.Field{Name: "a", Type: i64}))
	if err != nil {
		t.Fatal(err)
	}
	rec := array.NewRecordBatch(field(arrow.Field{Name: "a", Type: i64, Nullable: true}), []arrow.Array{nulls}, 2)
	if err := w.Write(rec); fault.CodeOf(err) != fault.Internal {
		t.Error(err)
	}
	w, _ = Format{}.NewWriter(io.Discard, field(arrow.Field{Name: "b", Type: i64, Nullable: true}))
	if err := w.Write(rec); fault.CodeOf(err) != fault.Internal {
		t.Error(err)
	}
}

func TestWriterDropsOurMetadata(t *testing.T) {
	meta := arrow.NewMetadata([]string{"glulam.x", "theirs"}, []string{"1", "2"})
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Float64, Metadata: meta}}, &meta)
	rec := array.NewRecordBatch(schema, []arrow.Array{float64s([]float64{1})}, 1)
	data := write(t, schema, rec)
	if bytes.Contains(data, []byte("glulam.")) {
		t.Error("it is there")
	}
	if g := mustRead(t, data, ask(format.Native, "a"), 1); g.schema.Field(0).Metadata.Len() != 1 {
		t.Errorf("%v", g.schema.Field(0).Metadata)
	}
}

// The same records make the same bytes, whatever happened before: also when dictionaries overflow, after which arrow-go
// lists a column's encodings in any order.
func TestDeterminism(t *testing.T) {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	rng := rand.New(rand.NewPCG(1, 1))
	for range 100_000 {
		b.Append(strings.Repeat(strconv.FormatUint(rng.Uint64(), 36), 2))
	}
	schema := arrow.NewSchema([]arrow.Field{{Name: "s", Type: arrow.BinaryTypes.String}, {Name: "t", Type: arrow.BinaryTypes.String}}, nil)
	s := b.NewArray()
	big := array.NewRecordBatch(schema, []arrow.Array{s, s}, int64(s.Len()))
	rec := sample(20_000, 9)
	var first, firstBig []byte
	times := 12
	if testing.Short() {
		times = 3
	}
	for i := range times {
		one, two := write(t, rec.Schema(), rec, rec), write(t, schema, big)
		if i == 0 {
			first, firstBig = one, two
		}
		if !bytes.Equal(one, first) || !bytes.Equal(two, firstBig) {
			t.Fatalf("file %d differs", i)
		}
	}
	mustRead(t, firstBig, ask(format.Text, "s", "t"), 1)
}

func TestRowGroups(t *testing.T) {
	rec := numbersRecord(100_000, 2, 0)
	f := memFile(t, write(t, rec.Schema(), rec, rec, rec))
	pieces, err := Format{}.Split(t.Context(), f, nil, 1)
	if err != nil || len(pieces) != 3 || pieces[0].Rows != groupRows || pieces[1].Rows != groupRows {
		t.Errorf("%v, %v", pieces, err)
	}
	if testing.Short() {
		return
	}
	wide := numbersRecord(4096, 500, 0) // 16 MiB
	f = memFile(t, write(t, wide.Schema(), wide, wide, wide, wide, wide, wide))
	pieces, err = Format{}.Split(t.Context(), f, nil, 1)
	if err != nil || len(pieces) != 2 || pieces[0].Rows != 5*4096 {
		t.Errorf("%v, %v", pieces, err)
	}
}

func TestWriterWithoutRows(t *testing.T) {
	rec := sample(10, 1)
	for _, data := range [][]byte{write(t, rec.Schema()), write(t, rec.Schema(), rec.NewSlice(0, 0))} {
		l, err := Format{}.Describe(t.Context(), memFile(t, data))
		if err != nil || len(l.Columns) != 7 {
			t.Errorf("%v, %v", l, err)
		}
		if g := mustRead(t, data, ask(format.Number, "x"), 1); len(g.rows) != 0 {
			t.Errorf("%d rows", len(g.rows))
		}
	}
}

// full is a disk that is full after some bytes.
type full struct{ left int }

var errFull = errors.New("no space left on device")

func (w *full) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWriterErrorsComeBack(t *testing.T) {
	rec := sample(150_000, 1)
	size := len(write(t, rec.Schema(), rec))
	for _, left := range []int{0, 10, size / 2, size - 1} {
		w, err := Format{}.NewWriter(&full{left}, rec.Schema())
		if err == nil {
			err = errors.Join(w.Write(rec), w.Close())
		}
		if !errors.Is(err, errFull) {
			t.Errorf("full after %d of %d bytes: %v", left, size, err)
		}
	}
	w, err := Format{}.NewWriter(&full{size}, rec.Schema())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(rec), w.Close(), w.Close()); err != nil {
		t.Error(err)
	}
	if w.Write(rec) == nil {
		t.Error("written after Close")
	}
}
