package model

import (
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/prep"
)

// TestPrep: inputs by name, texts as codes, unseen texts apart from missing ones, and a row that a step refuses, over more
// rows than are taken together.
func TestPrep(t *testing.T) {
	m := echoPrep(t, &prep.Graph{
		Inputs: []prep.Input{{Name: "size"}, {Name: "kind", Texts: []string{"a", "b"}}},
		Steps: []prep.Step{
			{Op: prep.Lookup, From: 1, Table: []float64{10, 20}, A: 30, B: 40},
			{Op: prep.RefuseNaN, From: 0, Refuse: "is missing", Code: fault.BadNumber},
		},
		Features: []int32{2},
	})
	const rows = chunkRows + 10
	kinds, sizes := array.NewStringBuilder(memory.DefaultAllocator), array.NewFloat64Builder(memory.DefaultAllocator)
	values := []string{"a", "b", "other"}
	for i := range rows {
		if i%4 == 3 {
			kinds.AppendNull()
		} else {
			kinds.Append(values[i%4])
		}
		if i == chunkRows+1 {
			sizes.AppendNull()
		} else {
			sizes.Append(1)
		}
	}
	schema := arrow.NewSchema([]arrow.Field{{Name: "kind", Type: arrow.BinaryTypes.String, Nullable: true}, {Name: "size", Type: arrow.PrimitiveTypes.Float64, Nullable: true}}, nil)
	rec := array.NewRecordBatch(schema, []arrow.Array{kinds.NewArray(), sizes.NewArray()}, rows)
	b, err := m.Bind(schema, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := Scores{Want: WantMargin}
	if err := b.Score(rec, &s); err != nil {
		t.Fatal(err)
	}
	for i, got := range s.Margin {
		if want := []float64{10, 20, 40, 30}[i%4]; got != want {
			t.Fatalf("row %d: %v, want %v", i, got, want)
		}
	}
	if want := []Refusal{{Row: chunkRows + 1, Code: fault.BadNumber, Field: "size", Message: "is missing"}}; !slices.Equal(s.Refused, want) {
		t.Errorf("refused %v, want %v", s.Refused, want)
	}
	in, err := m.Inputs(map[string]string{"kind": "sort"})
	if want := []Input{{Feature: "size", Column: "size"}, {Feature: "kind", Column: "sort", Text: true}}; err != nil || !slices.Equal(in, want) {
		t.Errorf("%v, %v", in, err)
	}
	if sig := m.Signature(); len(sig.Features) != 2 || !sig.Features[1].Used || sig.Features[0].Used || len(sig.Features[1].Categories) != 2 {
		t.Errorf("%+v", sig.Features)
	}
	if allocs := testing.AllocsPerRun(10, func() {
		if err := b.Score(rec.NewSlice(0, 100), &s); err != nil {
			t.Fatal(err)
		}
	}); allocs > 20 { // those of the slice
		t.Errorf("%v allocations", allocs)
	}
}
