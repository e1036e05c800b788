package block

import (
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
)

// column builds a column from JSON.
func column(t *testing.T, typ arrow.DataType, text string) arrow.Array {
	t.Helper()
	a, _, err := array.FromJSON(memory.DefaultAllocator, typ, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestFindMissing: nulls and NaN are missing, in whole columns and in slices of them, whatever stood in the buffer.
func TestFindMissing(t *testing.T) {
	nan := math.NaN()
	floats := func(v ...float64) arrow.Array {
		b := array.NewFloat64Builder(memory.DefaultAllocator)
		b.AppendValues(v, nil)
		return b.NewArray()
	}
	dictionary := array.NewDictionaryArray(&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String},
		column(t, arrow.PrimitiveTypes.Int8, "[0,1,null,0]"), column(t, arrow.BinaryTypes.String, `["a",null]`))
	for name, c := range map[string]struct {
		col  arrow.Array
		want []int
	}{
		"no NaN":      {floats(1, math.Inf(1), 0), nil},
		"NaN":         {floats(1, nan, 2, nan), []int{1, 3}},
		"slice":       {array.NewSlice(floats(nan, 1, nan, 2), 1, 4), []int{1}},
		"null float":  {column(t, arrow.PrimitiveTypes.Float64, "[1,null,2]"), []int{1}},
		"float32":     {column(t, arrow.PrimitiveTypes.Float32, "[null,null,2]"), []int{0, 1}},
		"int":         {column(t, arrow.PrimitiveTypes.Int64, "[1,2]"), nil},
		"null int":    {array.NewSlice(column(t, arrow.PrimitiveTypes.Int64, "[null,1,null]"), 1, 3), []int{1}},
		"text":        {column(t, arrow.BinaryTypes.String, `["",null]`), []int{1}},
		"null":        {array.NewNull(3), []int{0, 1, 2}},
		"dictionary":  {dictionary, []int{1, 2}},
		"no rows":     {floats(), nil},
		"no nulls":    {array.NewNull(0), nil},
		"hidden null": {array.NewSlice(column(t, arrow.PrimitiveTypes.Int64, "[null,1,2]"), 1, 3), nil},
	} {
		buf := []byte{0xff, 0xff}
		bits := FindMissing(buf, c.col)
		var got []int
		for i := range c.col.Len() {
			if bits != nil && bitutil.BitIsSet(bits, i) {
				got = append(got, i)
			}
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if len(c.want) == 0 && c.col.Len() > 0 && bits != nil {
			t.Errorf("%s: a bitmap without a bit", name)
		}
	}
}

// TestMissingSlice: a block's slices count their own rows, also those of slices, and after a stage boundary.
func TestMissingSlice(t *testing.T) {
	b := Block{Record: record(t, 20), Missing: Missing{Features: []string{"x", "y"}, Rows: [][]byte{{0b1010_0001, 0b0000_0011, 0}, nil}}}
	s := b.Slice(3, 20)
	s = s.Slice(2, 6) // rows 5 to 8
	data, err := encode(s)
	if err != nil {
		t.Fatal(err)
	}
	out, err := decode(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []Block{s, out} {
		if n := b.Missing.Count(0, 0, 4); n != 3 { // 5, 7, 8
			t.Errorf("%d rows miss x, not 3", n)
		}
		if n := b.Missing.Count(0, 1, 3); n != 1 {
			t.Errorf("%d of rows 6 and 7 miss x, not 1", n)
		}
		if n := b.Missing.Count(1, 0, 4); n != 0 {
			t.Errorf("%d rows miss y", n)
		}
	}
	if !(Missing{}).IsZero() || b.Missing.IsZero() {
		t.Error("IsZero")
	}
}
