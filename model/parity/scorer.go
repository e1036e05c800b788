package parity

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/model/forest"
)

// Kinds of outputs, a set of bits.
type Kinds uint8

const (
	Margin Kinds = 1 << iota
	Prediction
	Class
	Leaf
)

// kindNames are the outputs in the order in which they are told.
var kindNames = []struct {
	kind Kinds
	name string
}{{Margin, "margin"}, {Prediction, "prediction"}, {Class, "class"}, {Leaf, "leaf"}}

// Outputs says what a model gives for a row.
type Outputs struct {
	Has Kinds
	// Margins, Predictions and Leaves are how many a row has.
	Margins, Predictions, Leaves int
	// Single lists the kinds that the training library computes in float32.
	Single Kinds
}

// width is how many values of a kind a row has.
func (o *Outputs) width(k Kinds) int {
	switch k {
	case Margin:
		return o.Margins
	case Prediction:
		return o.Predictions
	case Leaf:
		return o.Leaves
	}
	return 1
}

// Scorer is an engine with a model.
type Scorer struct {
	Name string
	// Refused says why the engine does not accept the model; then the scorer does nothing.
	Refused error
	Outputs Outputs
	Forest  *forest.Forest
	// Columns lists the columns that it takes of a table, or says which are missing.
	Columns func(t *Table) ([]format.Column, error)
	// Score scores rows, which have these columns. What it gives is valid until the next call.
	Score func(rows arrow.RecordBatch, want Kinds) (*Scores, error)
}

// Scores is what a scorer gives for some rows, row after row.
type Scores struct {
	Margin, Prediction []float64
	Class, Leaf        []int32
	Refused            []Refusal // rows that cannot be scored; their values mean nothing
}

// Refusal is a row that the model does not take, and why.
type Refusal struct {
	Row     int
	Message string
}

// at gives a value of a kind as float64.
func (s *Scores) at(k Kinds, i int) float64 {
	switch k {
	case Margin:
		return s.Margin[i]
	case Prediction:
		return s.Prediction[i]
	case Class:
		return float64(s.Class[i])
	}
	return float64(s.Leaf[i])
}
