package model

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/prep"
)

// missing is what an echo answers for a missing value.
const missing = -1000

// echo is a model that answers what it is given: output i is feature i as the trees see it, or missing. It shows what a
// Binding gathers.
func echo(t testing.TB, features ...forest.Feature) *Model {
	t.Helper()
	n := len(features)
	f := &forest.Forest{
		Features: features, Outputs: n, LeafWidth: 1,
		Linear: &forest.Linear{Const: make([]float64, n), Start: []int32{0}},
	}
	for i := range int32(n) {
		f.Trees = append(f.Trees, forest.Tree{Root: -1, FirstLeaf: i, NumLeaves: 1, Output: i})
		f.Leaves = append(f.Leaves, missing)
		f.Linear.Feature = append(f.Linear.Feature, i)
		f.Linear.Coeff = append(f.Linear.Coeff, 1)
		f.Linear.Start = append(f.Linear.Start, i+1)
	}
	if err := f.Validate(); err != nil {
		t.Fatal(err)
	}
	m := &Model{name: "echo", source: "echo", forest: f, engine: forest.NewReference(f)}
	m.codes = newCodes(m)
	return m
}

// echoColumn is what the trees see of one column.
func echoColumn(t *testing.T, feature forest.Feature, c arrow.Array) *Scores {
	t.Helper()
	feature.Name = "x"
	rec := array.NewRecordBatch(arrow.NewSchema([]arrow.Field{{Name: "x", Type: c.DataType(), Nullable: true}}, nil), []arrow.Array{c}, int64(c.Len()))
	b, err := echo(t, feature).Bind(rec.Schema(), nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &Scores{}
	if err := b.Score(rec, s); err != nil {
		t.Fatal(err)
	}
	return s
}

// echoPrep is a model whose inputs go through steps: it gives back what its only feature is after them.
func echoPrep(t *testing.T, g *prep.Graph) *Model {
	t.Helper()
	m := echo(t, forest.Feature{Name: "inside"})
	m.prep = g
	if err := g.Validate(1); err != nil {
		t.Fatal(err)
	}
	m.codes = newCodes(m)
	return m
}
