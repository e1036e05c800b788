package model_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model"
)

// hashedModel splits on the category b: 1 for the text "1", 2 for "UA", else 0. CatBoost has their hashes.
const hashedModel = `{"features_info":{"float_features":[{"borders":[0.5],"feature_id":"a","feature_index":0,"flat_feature_index":0,"has_nans":false,"nan_value_treatment":"AsIs"}],
"categorical_features":[{"feature_id":"b","feature_index":0,"flat_feature_index":1,"values":[1121341681,1703275562]}]},
"model_info":{"params":{"loss_function":{"type":"RMSE","params":{}}}},
"oblivious_trees":[{"leaf_values":[0,1],"splits":[{"cat_feature_index":0,"split_index":1,"split_type":"OneHotFeature","value":1121341681}]},
{"leaf_values":[0,2],"splits":[{"cat_feature_index":0,"split_index":2,"split_type":"OneHotFeature","value":1703275562}]}],
"scale_and_bias":[1,[0]]}`

// TestHashed: categories that a model has the hashes of can be texts, integers or booleans, dictionary-encoded or not.
func TestHashed(t *testing.T) {
	m, err := model.Parse([]byte(hashedModel), "hashed.json", model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	inputs, err := m.Inputs(nil)
	if err != nil || inputs[0].Text || !inputs[1].Text {
		t.Fatalf("inputs %v, %v", inputs, err)
	}
	texts := func(b *array.StringBuilder) { b.AppendValues([]string{"1", "UA", "ua", "", "1 "}, nil); b.AppendNull() }
	for name, c := range map[string]struct {
		build   func(mem memory.Allocator) arrow.Array
		want    []float64
		refused []int
	}{
		"text": {func(mem memory.Allocator) arrow.Array {
			b := array.NewStringBuilder(mem)
			texts(b)
			return b.NewArray()
		}, []float64{1, 2, 0, 0, 0}, []int{5}},
		"int64": {func(mem memory.Allocator) arrow.Array {
			b := array.NewInt64Builder(mem)
			b.AppendValues([]int64{1, -1, 9007199254740993, 1}, []bool{true, true, true, false})
			return b.NewArray()
		}, []float64{1, 0, 0}, []int{3}},
		"uint8": {func(mem memory.Allocator) arrow.Array {
			b := array.NewUint8Builder(mem)
			b.AppendValues([]uint8{1, 0, 255}, nil)
			return b.NewArray()
		}, []float64{1, 0, 0}, nil},
		"bool": {func(mem memory.Allocator) arrow.Array {
			b := array.NewBooleanBuilder(mem)
			b.AppendValues([]bool{true, false}, nil)
			return b.NewArray()
		}, []float64{1, 0}, nil},
		"null": {func(memory.Allocator) arrow.Array { return array.NewNull(3) }, nil, []int{0, 1, 2}},
		"dictionary": {func(mem memory.Allocator) arrow.Array {
			b := array.NewDictionaryBuilder(mem, &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}).(*array.BinaryDictionaryBuilder)
			for _, s := range []string{"UA", "1", "x", "UA", "1"} {
				if err := b.AppendString(s); err != nil {
					t.Fatal(err)
				}
			}
			b.AppendNull()
			return b.NewArray()
		}, []float64{2, 1, 0, 2, 1}, []int{5}},
		"dictionary of integers": {func(mem memory.Allocator) arrow.Array {
			b := array.NewDictionaryBuilder(mem, &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.PrimitiveTypes.Int64}).(*array.Int64DictionaryBuilder)
			for _, v := range []int64{7, 1} { // longer than the rows are many
				if err := b.Append(v); err != nil {
					t.Fatal(err)
				}
			}
			return b.NewArray()
		}, []float64{0, 1}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			mem := memory.NewGoAllocator()
			col := c.build(mem)
			a := array.NewFloat64Builder(mem)
			a.AppendValues(make([]float64, col.Len()), nil)
			schema := arrow.NewSchema([]arrow.Field{{Name: "b", Type: col.DataType(), Nullable: true}, {Name: "a", Type: arrow.PrimitiveTypes.Float64}}, nil)
			rec := array.NewRecordBatch(schema, []arrow.Array{col, a.NewArray()}, int64(col.Len()))
			binding, err := m.Bind(schema, nil)
			if err != nil {
				t.Fatal(err)
			}
			s := model.Scores{Want: model.WantMargin}
			if err := binding.Score(rec, &s); err != nil {
				t.Fatal(err)
			}
			var refused []int
			for _, r := range s.Refused {
				if r.Code != fault.WrongType || r.Field != "b" {
					t.Errorf("refused for %+v", r)
				}
				refused = append(refused, r.Row)
			}
			if !slices.Equal(s.Margin[:len(c.want)], c.want) || !slices.Equal(refused, c.refused) {
				t.Errorf("margins %v, refused %v; want %v, %v", s.Margin, refused, c.want, c.refused)
			}
		})
	}
	for _, typ := range []arrow.DataType{arrow.PrimitiveTypes.Float64, arrow.FixedWidthTypes.Date32} {
		schema := arrow.NewSchema([]arrow.Field{{Name: "b", Type: typ}, {Name: "a", Type: arrow.PrimitiveTypes.Float64}}, nil)
		_, err := m.Bind(schema, nil)
		if fault.CodeOf(err) != fault.Schema || !strings.Contains(err.Error(), "the model wants text categories") {
			t.Errorf("%s: got %v", typ, err)
		}
	}
}
