package model

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/float16"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"

	"github.com/glulam/glulam/model/forest"
)

// fromJSON makes a column of a type from a JSON list.
func fromJSON(t *testing.T, typ arrow.DataType, text string) arrow.Array {
	t.Helper()
	a, _, err := array.FromJSON(memory.DefaultAllocator, typ, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestNumbers: every type of numbers, with nulls, becomes the nearest float64.
func TestNumbers(t *testing.T) {
	p := arrow.PrimitiveTypes
	for _, c := range []struct {
		typ    arrow.DataType
		values string
		want   []float64
	}{
		{p.Int8, `[-128, null, 127]`, []float64{-128, missing, 127}},
		{p.Int16, `[-32768, null, 32767]`, []float64{-32768, missing, 32767}},
		{p.Int32, `[-2147483648, null]`, []float64{-2147483648, missing}},
		{p.Int64, `[9007199254740993, null, -9223372036854775808]`, []float64{9007199254740992, missing, -1 << 63}},
		{p.Uint8, `[255, null]`, []float64{255, missing}},
		{p.Uint16, `[65535, null]`, []float64{65535, missing}},
		{p.Uint32, `[4294967295, null]`, []float64{4294967295, missing}},
		{p.Uint64, `[18446744073709551615, null]`, []float64{1 << 64, missing}},
		{p.Float32, `[0.1, null, 16777216]`, []float64{float64(float32(0.1)), missing, 16777216}},
		{p.Float64, `[0.1, null, 1e300]`, []float64{0.1, missing, 1e300}},
		{arrow.FixedWidthTypes.Float16, `[0.5, null, 65504]`, []float64{0.5, missing, 65504}},
		{arrow.FixedWidthTypes.Boolean, `[true, null, false]`, []float64{1, missing, 0}},
		{&arrow.Decimal128Type{Precision: 38, Scale: 2}, `["0.10", null, "-12345678901234567890123456789012345.67"]`, []float64{0.1, missing, -12345678901234567890123456789012345.67}},
		{&arrow.Decimal256Type{Precision: 76, Scale: 3}, `["0.001", null, "-7.500"]`, []float64{0.001, missing, -7.5}},
		{arrow.Null, `[null, null]`, []float64{missing, missing}},
	} {
		t.Run(c.typ.String(), func(t *testing.T) {
			a := fromJSON(t, c.typ, c.values)
			s := echoColumn(t, forest.Feature{}, a)
			if !slices.Equal(s.Margin, c.want) {
				t.Errorf("got %v, want %v", s.Margin, c.want)
			}
			twice, err := array.Concatenate([]arrow.Array{a, a}, memory.DefaultAllocator)
			if err != nil {
				t.Fatal(err)
			}
			if s = echoColumn(t, forest.Feature{}, array.NewSlice(twice, 1, int64(1+len(c.want)))); !slices.Equal(s.Margin, append(c.want[1:], c.want[0])) {
				t.Errorf("a slice: got %v, want %v", s.Margin, append(c.want[1:], c.want[0]))
			}
		})
	}
}

// TestNaN: NaN is missing in floats that hold no nulls.
func TestNaN(t *testing.T) {
	b := array.NewFloat64Builder(memory.DefaultAllocator)
	b.AppendValues([]float64{math.NaN(), 1, math.Inf(1)}, nil)
	if s := echoColumn(t, forest.Feature{}, b.NewArray()); !slices.Equal(s.Margin, []float64{missing, 1, math.Inf(1)}) {
		t.Errorf("got %v", s.Margin)
	}
}

// TestDecimal: decimals become what their text reads as.
func TestDecimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		high, low := rapid.Int64Range(-4e18, 4e18).Draw(t, "high"), rapid.Uint64().Draw(t, "low")
		switch rapid.IntRange(0, 2).Draw(t, "size") {
		case 0:
			v := rapid.Int64Range(-1<<53-2, 1<<53+2).Draw(t, "small")
			high, low = v>>63, uint64(v)
		case 1:
			high = int64(low) >> 63
		}
		scale := rapid.Int32Range(0, 38).Draw(t, "scale")
		n := decimal128.New(high, low)
		want, err := strconv.ParseFloat(n.ToString(scale), 64)
		if got := decimal128Value(n, scale); err != nil || got != want {
			t.Fatalf("%s: got %v, want %v (%v)", n.ToString(scale), got, want, err)
		}
	})
}

// Features whose values are categories.
var (
	letters = forest.Feature{Kind: forest.Categorical, Categories: &forest.Categories{Text: []string{"b", "a", "", "ü"}}}
	primes  = forest.Feature{Kind: forest.Categorical, Categories: &forest.Categories{Number: []float64{2, 3, 5.5, 0}}}
	flags   = forest.Feature{Kind: forest.Categorical, Categories: &forest.Categories{Bool: []bool{true, false}}}
	onlyYes = forest.Feature{Kind: forest.Categorical, Categories: &forest.Categories{Bool: []bool{true}}}
	ordered = forest.Feature{Kind: forest.Numeric, Categories: &forest.Categories{Text: []string{"small", "large"}}}
	never   = forest.Feature{Kind: forest.Categorical, Categories: &forest.Categories{Text: []string{}}}
)

func dictionary(values arrow.DataType) arrow.DataType {
	return &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: values}
}

// TestCategoryCodes: a value becomes its place in the model's list, or missing if it has none.
func TestCategoryCodes(t *testing.T) {
	text, large := arrow.BinaryTypes.String, arrow.BinaryTypes.LargeString
	p := arrow.PrimitiveTypes
	for _, c := range []struct {
		name    string
		feature forest.Feature
		typ     arrow.DataType
		values  string
		want    []float64
	}{
		{"text", letters, text, `["a", "b", null, "", "ü", "A", "u"]`, []float64{1, 0, missing, 2, 3, missing, missing}},
		{"large text", letters, large, `["a", null, "c"]`, []float64{1, missing, missing}},
		{"dictionary", letters, dictionary(text), `["a", "c", null, "a", "b"]`, []float64{1, missing, missing, 1, 0}},
		{"a column without values", letters, arrow.Null, `[null, null]`, []float64{missing, missing}},
		{"ordered", ordered, text, `["large", "medium", "small"]`, []float64{1, missing, 0}},
		{"no categories at all", never, text, `["", null, "a"]`, []float64{missing, missing, missing}},
		{"integers", primes, p.Int64, `[5, 3, 2, null, 0, -2]`, []float64{missing, 1, 0, missing, 3, missing}},
		{"floats", primes, p.Float64, `[5.5, 3, 2.0000000000000004, null, -0.0]`, []float64{2, 1, missing, missing, 3}},
		{"dictionary of integers", primes, dictionary(p.Int32), `[3, 4, null, 3]`, []float64{1, missing, missing, 1}},
		{"bool", flags, arrow.FixedWidthTypes.Boolean, `[true, false, null]`, []float64{0, 1, missing}},
		{"bool as numbers", flags, p.Uint8, `[1, 0, 2, null]`, []float64{0, 1, missing, missing}},
		{"a bool that was never false", onlyYes, arrow.FixedWidthTypes.Boolean, `[true, false]`, []float64{0, missing}},
		{"bool for numbers", primes, arrow.FixedWidthTypes.Boolean, `[true, false]`, []float64{missing, 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := echoColumn(t, c.feature, fromJSON(t, c.typ, c.values))
			if !slices.Equal(s.Margin, c.want) || len(s.Refused) > 0 {
				t.Errorf("got %v, refused %v; want %v", s.Margin, s.Refused, c.want)
			}
		})
	}
}

// TestDictionaryNulls: a null can be an index that is null, or one that points at a null.
func TestDictionaryNulls(t *testing.T) {
	for _, values := range []arrow.Array{fromJSON(t, arrow.BinaryTypes.String, `["a", null, "b"]`), fromJSON(t, arrow.BinaryTypes.LargeString, `["a", null, "b"]`)} {
		for _, copies := range []int{1, 10} {
			one := fromJSON(t, arrow.PrimitiveTypes.Int8, `[0, 1, null, 2]`)
			indices, err := array.Concatenate(slices.Repeat([]arrow.Array{one}, copies), memory.DefaultAllocator)
			if err != nil {
				t.Fatal(err)
			}
			typ := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: values.DataType()}
			a := array.NewDictionaryArray(typ, indices, values)
			want := slices.Repeat([]float64{1, missing, missing, 0}, copies)
			if s := echoColumn(t, letters, a); !slices.Equal(s.Margin, want) {
				t.Errorf("got %v, want %v", s.Margin, want)
			}
			// Fewer rows than values.
			if s := echoColumn(t, letters, array.NewSlice(a, 2, 4)); !slices.Equal(s.Margin, want[2:4]) {
				t.Errorf("got %v, want %v", s.Margin, want[2:4])
			}
		}
	}
}

// TestBadText: a text that is not UTF-8 is no category, and no missing value either. It is refused, once a row.
func TestBadText(t *testing.T) {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	b.AppendValues([]string{"a", "\xff", "b", "x\xc3", "\xff"}, []bool{true, true, true, true, true})
	b.AppendNull()
	plain := b.NewArray()
	lb := array.NewLargeStringBuilder(memory.DefaultAllocator)
	lb.AppendValues([]string{"a", "\xff", "b", "x\xc3", "\xff", "a"}, []bool{true, true, true, true, true, false})
	typ := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint16, ValueType: arrow.BinaryTypes.String}
	dict := func(indices string) arrow.Array {
		return array.NewDictionaryArray(typ, fromJSON(t, arrow.PrimitiveTypes.Uint16, indices), plain)
	}
	for name, c := range map[string]arrow.Array{
		"text": plain, "large text": lb.NewArray(),
		"dictionary":                       dict(`[0, 1, 2, 3, 1, null]`),
		"dictionary longer than the rows":  array.NewSlice(dict(`[0, 0, 1, 2, 3, 1, null, 0, 0]`), 1, 6),
		"dictionary of more than it needs": dict(`[0, 1, 2, 3, 4, 5]`),
	} {
		s := echoColumn(t, letters, c)
		var got []string
		for _, r := range s.Refused {
			got = append(got, fmt.Sprintf("%d %s %s %s", r.Row, r.Code, r.Field, r.Message))
		}
		want := []string{`1 bad_text x "\xff" is not UTF-8`, `3 bad_text x "x\xc3" is not UTF-8`, `4 bad_text x "\xff" is not UTF-8`}
		if !slices.Equal(got, want) {
			t.Errorf("%s: refused %q, want %q", name, got, want)
		}
		if s.Margin[0] != 1 || s.Margin[2] != 0 {
			t.Errorf("%s: other rows: %v", name, s.Margin)
		}
	}
}

// TestGatherHalf: the smallest halves, which Arrow's own conversion loses.
func TestGatherHalf(t *testing.T) {
	b := array.NewFloat16Builder(memory.DefaultAllocator)
	defer b.Release()
	b.AppendValues([]float16.Num{float16.FromLEBytes([]byte{1, 0}), float16.FromLEBytes([]byte{0xff, 0x83})}, nil)
	if got, want := echoColumn(t, forest.Feature{}, b.NewArray()).Margin, []float64{0x1p-24, -0x3ffp-24}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
