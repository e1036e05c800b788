package parity

import (
	"errors"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/float16"
	alloc "github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/csv"
)

// TestWriteJSON: what is read back has the same bits, and texts that are empty are not missing.
func TestWriteJSON(t *testing.T) {
	of := csv.Format{Options: csv.Options{Nulls: format.Nulls{Number: []string{"-999"}, Text: []string{"-"}}}}
	data := "n,t,other\n-999,-,1\n-0,,2\n0.1,\"a\"\"b\",3\n5e-324,null,4\ninf,é,5\n"
	file, err := format.NewFile("r.csv", strings.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	in, err := Open(ctx, of, file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	columns := []format.Column{{Name: "n"}, {Name: "t", Kind: format.Text}}
	if err := in.WriteJSON(ctx, &out, columns); err != nil {
		t.Fatal(err)
	}
	want := `{"n":"NaN","t":null}
{"n":-0,"t":""}
{"n":0.1,"t":"a\"b"}
{"n":5e-324,"t":"null"}
{"n":"Infinity","t":"é"}
`
	if out.String() != want {
		t.Error(out.String())
	}
	var again strings.Builder
	if err := memory(t, "r.jsonl", out.String()).WriteJSON(ctx, &again, columns); err != nil || again.String() != want {
		t.Error(again.String(), err)
	}
	empty := memory(t, "r.csv", "n,t\n1,2\n")
	if err := empty.WriteJSON(ctx, &again, []format.Column{{Name: "m"}}); fault.CodeOf(err) != fault.Schema {
		t.Error(err)
	}
}

// TestPlainColumn: values whose digits, read as float64, would be others.
func TestPlainColumn(t *testing.T) {
	narrow := array.NewFloat32Builder(alloc.DefaultAllocator)
	narrow.AppendValues([]float32{0.1, 0}, []bool{true, false})
	truth := array.NewBooleanBuilder(alloc.DefaultAllocator)
	truth.AppendValues([]bool{true, false, true}, []bool{true, true, false})
	half := array.NewFloat16Builder(alloc.DefaultAllocator)
	half.Append(float16.New(0.1))
	dict := array.NewDictionaryBuilder(alloc.DefaultAllocator, &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.PrimitiveTypes.Float32}).(*array.Float32DictionaryBuilder)
	if err := errors.Join(dict.Append(0.3), dict.Append(0.3)); err != nil {
		t.Fatal(err)
	}
	dict.AppendNull()
	for _, c := range []struct {
		column arrow.Array
		want   string
	}{
		{narrow.NewArray(), "[0.10000000149011612 (null)]"}, {truth.NewArray(), "[1 0 (null)]"},
		{half.NewArray(), "[0.0999755859375]"}, {dict.NewArray(), "[0.30000001192092896 0.30000001192092896 (null)]"},
	} {
		if got := plainColumn(c.column); got.String() != c.want {
			t.Errorf("%s: %s, not %s", c.column, got, c.want)
		}
	}
}
