package arrowtext

import (
	"encoding/json"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/decimal256"
	"github.com/apache/arrow-go/v18/arrow/extensions"
	"github.com/apache/arrow-go/v18/arrow/float16"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/fault"
)

// build makes an array of dt: fill gets the builder.
func build[B array.Builder](t testing.TB, dt arrow.DataType, fill func(B)) arrow.Array {
	t.Helper()
	b := array.NewBuilder(memory.DefaultAllocator, dt)
	defer b.Release()
	fill(b.(B))
	return b.NewArray()
}

// check compares all values of arr with pairs of CSV and JSON.
func check(t *testing.T, arr arrow.Array, want ...[2]string) {
	t.Helper()
	if arr.Len() != len(want) {
		t.Fatalf("%s: %d values, %d expected", arr.DataType(), arr.Len(), len(want))
	}
	for i, w := range want {
		csv, err := AppendCSV([]byte("x"), arr, i)
		if err != nil || string(csv) != "x"+w[0] {
			t.Errorf("%s value %d as CSV: %q, %v; want %q", arr.DataType(), i, csv, err, "x"+w[0])
		}
		js, err := AppendJSON([]byte("x"), arr, i)
		if err != nil || string(js) != "x"+w[1] {
			t.Errorf("%s value %d as JSON: %q, %v; want %q", arr.DataType(), i, js, err, "x"+w[1])
		}
		if err == nil && !json.Valid(js[1:]) {
			t.Errorf("%s value %d: %s is not JSON", arr.DataType(), i, js[1:])
		}
	}
}

func same(s string) [2]string   { return [2]string{s, s} }
func quoted(s string) [2]string { return [2]string{s, `"` + s + `"`} }

var missing = [2]string{"", "null"}

func TestIntegersAndBooleans(t *testing.T) {
	check(t, array.NewNull(1), missing)
	check(t, build(t, arrow.FixedWidthTypes.Boolean, func(b *array.BooleanBuilder) { b.Append(true); b.Append(false); b.AppendNull() }),
		same("true"), same("false"), missing)
	check(t, build(t, arrow.PrimitiveTypes.Int8, func(b *array.Int8Builder) { b.Append(-128) }), same("-128"))
	check(t, build(t, arrow.PrimitiveTypes.Int16, func(b *array.Int16Builder) { b.Append(-32768) }), same("-32768"))
	check(t, build(t, arrow.PrimitiveTypes.Int32, func(b *array.Int32Builder) { b.Append(math.MinInt32) }), same("-2147483648"))
	check(t, build(t, arrow.PrimitiveTypes.Int64, func(b *array.Int64Builder) { b.Append(math.MinInt64); b.Append(math.MaxInt64); b.AppendNull() }),
		same("-9223372036854775808"), same("9223372036854775807"), missing)
	check(t, build(t, arrow.PrimitiveTypes.Uint8, func(b *array.Uint8Builder) { b.Append(255) }), same("255"))
	check(t, build(t, arrow.PrimitiveTypes.Uint16, func(b *array.Uint16Builder) { b.Append(65535) }), same("65535"))
	check(t, build(t, arrow.PrimitiveTypes.Uint32, func(b *array.Uint32Builder) { b.Append(math.MaxUint32) }), same("4294967295"))
	check(t, build(t, arrow.PrimitiveTypes.Uint64, func(b *array.Uint64Builder) { b.Append(math.MaxUint64) }), same("18446744073709551615"))
}

func TestFloats(t *testing.T) {
	check(t, build(t, arrow.FixedWidthTypes.Float16, func(b *array.Float16Builder) {
		b.Append(float16.New(1.5))
		b.Append(float16.Inf())
		b.AppendNull()
		b.Append(float16.FromBits(0x8001)) // -2^-24, subnormal
	}), same("1.5"), [2]string{"inf", `"Infinity"`}, missing, same("-5.9604645e-8"))
	check(t, build(t, arrow.PrimitiveTypes.Float32, func(b *array.Float32Builder) {
		b.AppendValues([]float32{0.1, 16777216, 1e-6, 1e-7, 1e21, float32(math.NaN())}, nil)
	}), same("0.1"), same("16777216"), same("0.000001"), same("1e-7"), same("1e+21"), quoted("NaN"))
	check(t, build(t, arrow.PrimitiveTypes.Float64, func(b *array.Float64Builder) {
		b.AppendValues([]float64{0.1, float64(float32(0.1)), 1e20, 1e21, 1e-6, 9.99e-7, 1e-10, math.Copysign(0, -1), 5e-324,
			math.MaxFloat64, math.NaN(), math.Inf(1), math.Inf(-1)}, nil)
		b.AppendNull()
	}), same("0.1"), same("0.10000000149011612"), same("100000000000000000000"), same("1e+21"), same("0.000001"), same("9.99e-7"),
		same("1e-10"), same("-0"), same("5e-324"), same("1.7976931348623157e+308"), quoted("NaN"), [2]string{"inf", `"Infinity"`},
		[2]string{"-inf", `"-Infinity"`}, missing)
}

// AppendFloat is encoding/json's form, and reads back.
func TestFloatsAsEncodingJSON(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		v := math.Float64frombits(rng.Uint64())
		if v != v || math.IsInf(v, 0) {
			continue
		}
		want, _ := json.Marshal(v)
		if got := AppendFloat(nil, v, 64); string(got) != string(want) {
			t.Fatalf("%x: %s, encoding/json %s", v, got, want)
		}
		f := math.Float32frombits(rng.Uint32())
		if f != f || math.IsInf(float64(f), 0) {
			continue
		}
		want, _ = json.Marshal(f)
		if got := AppendFloat(nil, float64(f), 32); string(got) != string(want) {
			t.Fatalf("%x: %s, encoding/json %s", f, got, want)
		}
		back, err := strconv.ParseFloat(string(AppendFloat(nil, v, 64)), 64)
		if err != nil || math.Float64bits(back) != math.Float64bits(v) {
			t.Fatalf("%x came back as %x, %v", v, back, err)
		}
	}
}

func TestDecimals(t *testing.T) {
	check(t, build(t, &arrow.Decimal32Type{Precision: 9, Scale: 2}, func(b *array.Decimal32Builder) { b.Append(-5); b.AppendNull() }),
		same("-0.05"), missing)
	check(t, build(t, &arrow.Decimal64Type{Precision: 18, Scale: 0}, func(b *array.Decimal64Builder) { b.Append(decimal.Decimal64(123456789012345678)) }),
		same("123456789012345678"))
	check(t, build(t, &arrow.Decimal128Type{Precision: 38, Scale: 10}, func(b *array.Decimal128Builder) {
		n, _ := new(big.Int).SetString("-12345678901234567890123456789012345678", 10)
		b.Append(decimal128.FromBigInt(n))
		b.Append(decimal128.FromI64(0))
		b.Append(decimal128.FromI64(10_000_000_000))
	}), same("-1234567890123456789012345678.9012345678"), same("0.0000000000"), same("1.0000000000"))
	check(t, build(t, &arrow.Decimal128Type{Precision: 10, Scale: -3}, func(b *array.Decimal128Builder) {
		b.Append(decimal128.FromI64(-7))
		b.Append(decimal128.FromI64(0))
	}), same("-7000"), same("0"))
	check(t, build(t, &arrow.Decimal256Type{Precision: 76, Scale: 76}, func(b *array.Decimal256Builder) { b.Append(decimal256.FromI64(42)) }),
		same("0."+strings.Repeat("0", 74)+"42"))
}

func TestStringsAndBinary(t *testing.T) {
	const s = "a\"b\\c\n\r\t\b\f\x01é\u2028😀<"
	js := `"a\"b\\c\n\r\t\b\f\u0001é` + "\u2028" + `😀<"`
	for _, dt := range []arrow.DataType{arrow.BinaryTypes.String, arrow.BinaryTypes.LargeString, arrow.BinaryTypes.StringView} {
		arr := build(t, dt, func(b array.StringLikeBuilder) { b.Append(s); b.Append(""); b.AppendNull(); b.Append("\xff") })
		check(t, array.NewSlice(arr, 0, 3), [2]string{s, js}, quoted(""), missing)
		if csv, err := AppendCSV(nil, arr, 3); err != nil || string(csv) != "\xff" {
			t.Errorf("%s: %q, %v", dt, csv, err)
		}
		if js, err := AppendJSON([]byte("x"), arr, 3); fault.CodeOf(err) != fault.BadText || string(js) != "x" {
			t.Errorf("%s: %q, %v", dt, js, err)
		}
	}
	raw := []byte{0xfb, 0xff, 0, 1}
	check(t, build(t, arrow.BinaryTypes.Binary, func(b *array.BinaryBuilder) { b.Append(raw); b.Append(nil); b.AppendNull() }),
		quoted("+/8AAQ=="), quoted(""), missing)
	check(t, build(t, arrow.BinaryTypes.LargeBinary, func(b *array.BinaryBuilder) { b.Append(raw) }), quoted("+/8AAQ=="))
	check(t, build(t, arrow.BinaryTypes.BinaryView, func(b *array.BinaryViewBuilder) { b.Append(raw) }), quoted("+/8AAQ=="))
	check(t, build(t, &arrow.FixedSizeBinaryType{ByteWidth: 4}, func(b *array.FixedSizeBinaryBuilder) { b.Append(raw); b.AppendNull() }),
		quoted("+/8AAQ=="), missing)
}

func TestDatesAndTimes(t *testing.T) {
	check(t, build(t, arrow.FixedWidthTypes.Date32, func(b *array.Date32Builder) {
		b.AppendValues([]arrow.Date32{0, 19782, -1, -719528, -719529, 2932897, math.MaxInt32, math.MinInt32}, nil)
		b.AppendNull()
	}), quoted("1970-01-01"), quoted("2024-02-29"), quoted("1969-12-31"), quoted("0000-01-01"), quoted("-0001-12-31"), quoted("+10000-01-01"),
		quoted("+5881580-07-11"), quoted("-5877641-06-23"), missing)
	check(t, build(t, arrow.FixedWidthTypes.Date64, func(b *array.Date64Builder) { b.AppendValues([]arrow.Date64{86400000, -1}, nil) }),
		quoted("1970-01-02"), quoted("1969-12-31T23:59:59.999"))
	check(t, build(t, arrow.FixedWidthTypes.Time32s, func(b *array.Time32Builder) { b.AppendValues([]arrow.Time32{0, 47229, 90000, -1}, nil) }),
		quoted("00:00:00"), quoted("13:07:09"), quoted("25:00:00"), quoted("-00:00:01"))
	check(t, build(t, arrow.FixedWidthTypes.Time32ms, func(b *array.Time32Builder) { b.Append(47229025) }), quoted("13:07:09.025"))
	check(t, build(t, arrow.FixedWidthTypes.Time64us, func(b *array.Time64Builder) { b.Append(1) }), quoted("00:00:00.000001"))
	check(t, build(t, arrow.FixedWidthTypes.Time64ns, func(b *array.Time64Builder) { b.Append(86399999999999); b.AppendNull() }), quoted("23:59:59.999999999"), missing)
}

func TestTimestamps(t *testing.T) {
	stamp := func(unit arrow.TimeUnit, zone string, v ...arrow.Timestamp) arrow.Array {
		return build(t, &arrow.TimestampType{Unit: unit, TimeZone: zone}, func(b *array.TimestampBuilder) { b.AppendValues(v, nil) })
	}
	check(t, stamp(arrow.Second, "", 0, -1), quoted("1970-01-01T00:00:00"), quoted("1969-12-31T23:59:59"))
	check(t, stamp(arrow.Millisecond, "UTC", 1709208429250, -1), quoted("2024-02-29T12:07:09.250Z"), quoted("1969-12-31T23:59:59.999Z"))
	check(t, stamp(arrow.Microsecond, "+05:30", 0), quoted("1970-01-01T05:30:00.000000+05:30"))
	check(t, stamp(arrow.Nanosecond, "-0330", 1), quoted("1969-12-31T20:30:00.000000001-03:30"))
	// summer, winter, and a local mean time of -4:56:02, which no offset in minutes can say
	check(t, stamp(arrow.Second, "America/New_York", 1720000000, 1704067199, -3000000000), quoted("2024-07-03T05:46:40-04:00"),
		quoted("2023-12-31T18:59:59-05:00"), quoted("1874-12-07T18:40:00Z"))
	check(t, stamp(arrow.Second, "Atlantis/Poseidonis", 0), quoted("1970-01-01T00:00:00Z"))
	check(t, stamp(arrow.Second, "Local", 0), quoted("1970-01-01T00:00:00Z"))
	check(t, stamp(arrow.Second, "UTC", math.MaxInt64, math.MinInt64), quoted("+292277026596-12-04T15:30:07Z"), quoted("-292277022657-01-27T08:29:52Z"))
	check(t, stamp(arrow.Nanosecond, "", math.MaxInt64, math.MinInt64), quoted("2262-04-11T23:47:16.854775807"), quoted("1677-09-21T00:12:43.145224192"))
}

// The calendar agrees with package time wherever that has one.
func TestTimestampsAsTime(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, name := range []string{"UTC", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Apia"} {
		loc, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		dt := &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: name}
		for range 20_000 {
			us := rng.Int64N(8_000*31_556_952*1e6) - 1_900*31_556_952*1e6
			at := time.UnixMicro(us).In(loc)
			if at.Year() < 0 || at.Year() > 9999 {
				continue
			}
			if _, o := at.Zone(); o%60 != 0 {
				at = at.UTC()
			}
			want := at.Format("2006-01-02T15:04:05.000000Z07:00")
			if got := appendTimestamp(nil, us, dt); string(got) != want {
				t.Fatalf("%d in %s: %s, package time %s", us, name, got, want)
			}
		}
	}
}

func TestDurationsAndIntervals(t *testing.T) {
	check(t, build(t, arrow.FixedWidthTypes.Duration_s, func(b *array.DurationBuilder) { b.AppendValues([]arrow.Duration{0, -5400}, nil) }),
		quoted("PT0S"), quoted("-PT5400S"))
	check(t, build(t, arrow.FixedWidthTypes.Duration_ns, func(b *array.DurationBuilder) { b.Append(math.MinInt64); b.AppendNull() }),
		quoted("-PT9223372036.854775808S"), missing)
	check(t, build(t, arrow.FixedWidthTypes.Duration_us, func(b *array.DurationBuilder) { b.Append(250000) }), quoted("PT0.250000S"))
	check(t, build(t, arrow.FixedWidthTypes.MonthInterval, func(b *array.MonthIntervalBuilder) { b.Append(-14) }), quoted("P-14M"))
	check(t, build(t, arrow.FixedWidthTypes.DayTimeInterval, func(b *array.DayTimeIntervalBuilder) {
		b.Append(arrow.DayTimeInterval{Days: 3, Milliseconds: -500})
	}), quoted("P3DT-0.500S"))
	check(t, build(t, arrow.FixedWidthTypes.MonthDayNanoInterval, func(b *array.MonthDayNanoIntervalBuilder) {
		b.Append(arrow.MonthDayNanoInterval{Months: 1, Days: 2, Nanoseconds: 3_000_000_004})
	}), quoted("P1M2DT3.000000004S"))
}

func TestNested(t *testing.T) {
	list := func(dt arrow.DataType, text string) arrow.Array {
		arr, _, err := array.FromJSON(memory.DefaultAllocator, dt, strings.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", dt, err)
		}
		return arr
	}
	i64, str := arrow.PrimitiveTypes.Int64, arrow.BinaryTypes.String
	for _, dt := range []arrow.DataType{arrow.ListOf(i64), arrow.LargeListOf(i64), arrow.ListViewOf(i64), arrow.LargeListViewOf(i64)} {
		arr := list(dt, `[[1,null,3],[],null,[4]]`)
		check(t, arr, same("[1,null,3]"), same("[]"), missing, same("[4]"))
		check(t, array.NewSlice(arr, 3, 4), same("[4]"))
	}
	check(t, list(arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Float64), `[[1.5,2],[0.1,null]]`), same("[1.5,2]"), same("[0.1,null]"))
	st := arrow.StructOf(arrow.Field{Name: `a"b`, Type: str, Nullable: true}, arrow.Field{Name: "t", Type: arrow.FixedWidthTypes.Date32, Nullable: true})
	arr := list(st, `[{"a\"b":"x,y","t":"2024-02-29"},{"a\"b":null,"t":null},null]`)
	check(t, arr, same(`{"a\"b":"x,y","t":"2024-02-29"}`), same(`{"a\"b":null,"t":null}`), missing)
	check(t, array.NewSlice(arr, 1, 2), same(`{"a\"b":null,"t":null}`))
	check(t, list(arrow.ListOf(st), `[[{"a\"b":"1","t":null}]]`), same(`[{"a\"b":"1","t":null}]`))
	check(t, list(arrow.MapOf(str, i64), `[[{"key":"k","value":1},{"key":"l","value":null}],[],null]`), same(`{"k":1,"l":null}`), same("{}"), missing)
	check(t, list(arrow.MapOf(i64, str), `[[{"key":7,"value":"v"},{"key":8,"value":null}]]`), same(`[{"key":7,"value":"v"},{"key":8,"value":null}]`))

	bad := build(t, arrow.ListOf(str), func(b *array.ListBuilder) {
		b.Append(true)
		b.ValueBuilder().(*array.StringBuilder).Append("ok")
		b.ValueBuilder().(*array.StringBuilder).Append("\xc3")
	})
	for _, appendTo := range []func([]byte, arrow.Array, int) ([]byte, error){AppendCSV, AppendJSON} {
		if got, err := appendTo([]byte("x"), bad, 0); fault.CodeOf(err) != fault.BadText || string(got) != "x" {
			t.Errorf("%q, %v", got, err)
		}
	}
}

func TestEncodedAndExtensions(t *testing.T) {
	check(t, build(t, &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, func(b *array.BinaryDictionaryBuilder) {
		_ = b.AppendString("a")
		_ = b.AppendString("b")
		_ = b.AppendString("a")
		b.AppendNull()
	}), quoted("a"), quoted("b"), quoted("a"), missing)
	check(t, build(t, arrow.RunEndEncodedOf(arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int64), func(b *array.RunEndEncodedBuilder) {
		b.Append(2)
		b.ValueBuilder().(*array.Int64Builder).Append(7)
		b.Append(1)
		b.ValueBuilder().(*array.Int64Builder).AppendNull()
	}), same("7"), same("7"), missing)
	fields := []arrow.Field{{Name: "i", Type: arrow.PrimitiveTypes.Int64, Nullable: true}, {Name: "s", Type: arrow.BinaryTypes.String, Nullable: true}}
	codes := []arrow.UnionTypeCode{5, 9}
	check(t, build(t, arrow.DenseUnionOf(fields, codes), func(b *array.DenseUnionBuilder) {
		b.Append(9)
		b.Child(1).(*array.StringBuilder).Append("x")
		b.Append(5)
		b.Child(0).(*array.Int64Builder).Append(3)
		b.Append(9)
		b.Child(1).(*array.StringBuilder).AppendNull()
	}), quoted("x"), same("3"), missing)
	check(t, build(t, arrow.SparseUnionOf(fields, codes), func(b *array.SparseUnionBuilder) {
		b.Append(9)
		b.Child(1).(*array.StringBuilder).Append("x")
		b.Child(0).AppendEmptyValue()
	}), quoted("x"))
	check(t, build(t, extensions.NewUUIDType(), func(b *extensions.UUIDBuilder) {
		b.AppendBytes([16]byte{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0, 0xc0, 0x4f, 0xd4, 0x30, 0xc8})
		b.AppendNull()
	}), quoted("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), missing)
	check(t, build(t, extensions.NewBool8Type(), func(b *extensions.Bool8Builder) { b.Append(true); b.Append(false) }), same("true"), same("false"))
	json, err := extensions.NewJSONType(arrow.BinaryTypes.String)
	if err != nil {
		t.Fatal(err)
	}
	storage := build(t, arrow.BinaryTypes.String, func(b *array.StringBuilder) { b.Append(`{"a":1}`) })
	check(t, array.NewExtensionArrayWithStorage(json, storage), [2]string{`{"a":1}`, `"{\"a\":1}"`})
}

func TestNoAllocation(t *testing.T) {
	arr := build(t, &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "Europe/Berlin"}, func(b *array.TimestampBuilder) { b.Append(1709208429250000) })
	dst := make([]byte, 0, 64)
	if n := testing.AllocsPerRun(100, func() { dst, _ = AppendJSON(dst[:0], arr, 0) }); n > 0 {
		t.Errorf("%v allocations for a timestamp", n)
	}
}

func BenchmarkTimestamp(b *testing.B) {
	arr := build(b, &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}, func(b *array.TimestampBuilder) { b.Append(1709208429250000) })
	dst := make([]byte, 0, 64)
	for b.Loop() {
		dst, _ = AppendJSON(dst[:0], arr, 0)
	}
}
