package model

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/model/forest"
)

// fields makes a schema of "name type" pairs; a type of "raw" is a column of bytes.
func fields(columns ...string) *arrow.Schema {
	var fs []arrow.Field
	for _, c := range columns {
		name, typ, _ := strings.Cut(c, " ")
		f := arrow.Field{Name: name, Nullable: true}
		switch typ {
		case "raw":
			f.Type, f.Metadata = arrow.BinaryTypes.Binary, arrow.MetadataFrom(map[string]string{format.MetaRaw: "csv"})
		default:
			f.Type = map[string]arrow.DataType{
				"float": arrow.PrimitiveTypes.Float64, "int": arrow.PrimitiveTypes.Int8, "bool": arrow.FixedWidthTypes.Boolean,
				"text": arrow.BinaryTypes.String, "time": arrow.FixedWidthTypes.Timestamp_s, "null": arrow.Null,
				"bytes": arrow.BinaryTypes.Binary, "list": arrow.ListOf(arrow.PrimitiveTypes.Int8),
				"decimal": &arrow.Decimal128Type{Precision: 9, Scale: 2},
				"dict":    &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String},
				"intdict": &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.PrimitiveTypes.Int64},
			}[typ]
		}
		fs = append(fs, f)
	}
	return arrow.NewSchema(fs, nil)
}

// shop has a number, a text category and a category of integers.
func shop(t *testing.T) *Model {
	price, kind, size := forest.Feature{Name: "price"}, letters, primes
	kind.Name, size.Name = "kind", "size"
	m := echo(t, price, kind, size)
	m.name = "shop"
	return m
}

func TestBind(t *testing.T) {
	many := func(n int) (names []forest.Feature) {
		for i := range n {
			names = append(names, forest.Feature{Name: fmt.Sprintf("f%d", i)})
		}
		return names
	}
	empty := forest.Feature{}
	for _, c := range []struct {
		name   string
		model  *Model
		schema *arrow.Schema
		rename map[string]string
		code   fault.Code // "": no error
		want   string     // the error
	}{
		{name: "all there", schema: fields("price float", "kind text", "size int")},
		{name: "another order, other columns", schema: fields("z list", "size intdict", "kind dict", "a time", "price decimal")},
		{name: "columns without values", schema: fields("price null", "kind null", "size null")},
		{name: "bool is a number", schema: fields("price bool", "kind text", "size bool")},
		{name: "renamed", schema: fields("cost float", "kind text", "size int"), rename: map[string]string{"price": "cost"}},
		{name: "renamed crosswise", schema: fields("size float", "kind text", "price int"), rename: map[string]string{"price": "size", "size": "price"}},
		{name: "renamed to itself", schema: fields("price float", "kind text", "size int"), rename: map[string]string{"price": "price"}},
		{name: "one column for two features", schema: fields("price float", "kind text"), rename: map[string]string{"size": "price"}},
		{name: "bytes of the same name", schema: fields("price raw", "kind raw", "price float", "kind text", "size int", "size raw")},

		{
			name: "missing", schema: fields("price float", "kind text"), code: fault.Schema,
			want: `the columns do not fit model shop: missing column "size"; a column of another name is taken with --rename size=column`,
		},
		{
			name: "only the bytes are there", schema: fields("price raw", "kind text", "size int"), code: fault.Schema,
			want: `the columns do not fit model shop: missing column "price"; a column of another name is taken with --rename price=column`,
		},
		{
			name: "missing after rename", schema: fields("price float", "kind text", "size int"), rename: map[string]string{"price": "cost"}, code: fault.Schema,
			want: `the columns do not fit model shop: missing column "cost"; it is what --rename says: name a column that is there`,
		},
		{
			name: "names are exact", schema: fields("Price float", "kind text", "size int"), code: fault.Schema,
			want: `the columns do not fit model shop: missing column "price"; a column of another name is taken with --rename price=column`,
		},
		{
			name: "twice", schema: fields("price float", "kind text", "size int", "price int"), code: fault.Schema,
			want: `the columns do not fit model shop: column "price" stands more than once`,
		},
		{
			name: "text for a number", schema: fields("price text", "kind text", "size dict"), code: fault.Schema,
			want: `the columns do not fit model shop: price is utf8, the model wants numbers; size is dictionary<values=utf8, indices=int8, ordered=false>, the model wants numbers`,
		},
		{
			name: "numbers for text", schema: fields("price float", "kind int", "size int"), code: fault.Schema,
			want: `the columns do not fit model shop: kind is int8, the model wants text categories`,
		},
		{
			name: "other types", schema: fields("price time", "kind bytes", "size list"), code: fault.Schema,
			want: `the columns do not fit model shop: price is timestamp[s, tz=UTC], the model wants numbers; kind is binary, the model wants text categories; size is list<item: int8, nullable>, the model wants numbers`,
		},
		{
			name: "everything at once", schema: fields("kind text", "kind text", "size text"), code: fault.Schema,
			want: `the columns do not fit model shop: missing column "price"; column "kind" stands more than once; size is utf8, the model wants numbers; a column of another name is taken with --rename price=column`,
		},
		{
			name: "no columns", model: echo(t, many(13)...), schema: fields(), code: fault.Schema,
			want: `the columns do not fit model echo: missing column "f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9" and 3 more; a column of another name is taken with --rename f0=column`,
		},
		{
			name: "rename of what is no feature", schema: fields("price float", "kind text", "size int"), rename: map[string]string{"weight": "w", "cost": "c", "price": "price"}, code: fault.Usage,
			want: "--rename: the model has no feature \"cost\", \"weight\"; --rename takes feature=column; `glulam inspect` lists the features",
		},
		{
			name: "no names", model: echo(t, empty, empty), schema: fields("a float", "b float"), code: fault.Schema,
			want: `echo: the model carries no feature names; give the 2 names in the order of training: --features a,b,c`,
		},
		{
			name: "a name is empty", model: echo(t, forest.Feature{Name: "a"}, empty), schema: fields("a float"), code: fault.Schema,
			want: `echo: feature 1 has the name "", which is empty or stands twice; save the model again with one name a feature`,
		},
		{
			name: "a name stands twice", model: echo(t, forest.Feature{Name: "a"}, forest.Feature{Name: "a"}), schema: fields("a float"), code: fault.Schema,
			want: `echo: feature 1 has the name "a", which is empty or stands twice; save the model again with one name a feature`,
		},
		{
			name: "placeholders", model: echo(t, forest.Feature{Name: "Column_0"}, forest.Feature{Name: "Column_1"}), schema: fields("a float"), code: fault.Schema,
			want: `the columns do not fit model echo: missing column "Column_0", "Column_1"; the model carries only placeholder names: give the 2 names in the order of training with --features a,b,c`,
		},
		{
			name: "placeholders that are columns", model: echo(t, forest.Feature{Name: "Column_0"}), schema: fields("Column_0 float"),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := c.model
			if m == nil {
				m = shop(t)
			}
			b, err := m.Bind(c.schema, c.rename)
			switch {
			case c.code == "" && (err != nil || b == nil):
				t.Fatal(err)
			case c.code != "" && (err == nil || err.Error() != c.want || fault.CodeOf(err) != c.code):
				t.Errorf("got  %v (%s)\nwant %s (%s)", err, fault.CodeOf(err), c.want, c.code)
			}
		})
	}
}

// TestInputs: what a reader has to supply, in the model's order.
func TestInputs(t *testing.T) {
	in, err := shop(t).Inputs(map[string]string{"kind": "sort"})
	if err != nil {
		t.Fatal(err)
	}
	want := []Input{{Feature: "price", Column: "price"}, {Feature: "kind", Column: "sort", Text: true}, {Feature: "size", Column: "size"}}
	if fmt.Sprint(in) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", in, want)
	}
}

// TestMissingColumns: the same error for those who know the names only.
func TestMissingColumns(t *testing.T) {
	m := shop(t)
	_, want := m.Bind(fields("kind text", "kind text", "size int"), nil)
	got := m.MissingColumns([]string{"price"}, []string{"kind"})
	if want == nil || got.Error() != want.Error() {
		t.Errorf("got %v, want %v", got, want)
	}
	var fe *fault.Error
	if !errors.As(got, &fe) || fe.Code != fault.Schema {
		t.Errorf("%v is no schema error", got)
	}
}
