package model

import (
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format/number"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/prep"
)

// Want says what Score is to compute.
type Want uint8

const (
	WantPrediction Want = 1 << iota
	WantMargin
	WantClass
	WantLeaf
)

// Scores receives what Score computed. Its slices belong to it and are used again by the next Score. The zero value with
// Want set is ready; a Scores must not be used by two goroutines at once.
type Scores struct {
	Want Want

	Rows       int
	Margin     []float64 // Rows x Outputs, row after row: the raw scores
	Prediction []float64 // Rows x Predictions: what the training library's predict gives
	Class      []int32   // Rows
	Leaf       []int32   // Rows x trees: leaf indices as the library gives them
	// Refused lists rows that cannot be scored, in ascending order. Their values above mean nothing.
	Refused []Refusal

	x      []float64 // rows as the trees' features
	in     []float64 // rows as they come in, if the model does something to them first
	prep   prep.Scratch
	lookup []float64 // codes of a dictionary's values
	digits []byte    // a number as text, to be hashed
}

// Refusal is a row that the model cannot take, and why.
type Refusal struct {
	Row     int // in the record
	Code    fault.Code
	Field   string
	Message string
}

// chunkRows and chunkValues limit how many rows are gathered and evaluated together: a model may have a million features.
const (
	chunkRows   = 1024
	chunkValues = 1 << 20
)

// Score evaluates all rows of rec, whose schema must be the one that was bound. Missing values (null, NaN) and unseen
// categories do what the training library does. It allocates nothing once the slices of s have grown, but for what it says of
// rows that it refuses.
//
// An error means that rec does not have the bound schema, or that s.Want asks for a class of a model that has none.
func (b *Binding) Score(rec arrow.RecordBatch, s *Scores) error {
	f := b.m.forest
	if s.Want&WantClass != 0 && !b.m.HasClass() {
		e := b.m.NoClass()
		e.Source = b.m.name
		return e
	}
	if s.Want&WantPrediction != 0 && f.Link.Kind == forest.LinkUnknown {
		return fault.New(fault.Usage, b.m.name, "a model with objective %q has margins only", f.Objective).WithHint("ask for margin")
	}
	n := int(rec.NumRows())
	k, width, inputs := f.Outputs, len(f.Features), b.m.inputs()
	byColumn, columnar := b.m.engine.(forest.ColumnEvaluator)
	columnar = columnar && b.m.prep == nil // its steps make rows
	wide := max(width, inputs)
	if b.m.prep != nil {
		wide = max(wide, b.m.prep.Columns())
	}
	chunk := max(1, min(chunkRows, chunkValues/wide))
	s.Rows = n
	s.Refused = s.Refused[:0]
	s.x = grow(s.x, min(chunk, n)*width)
	s.Margin = grow(s.Margin, n*k)
	if b.m.prep != nil {
		s.in = grow(s.in, min(chunk, n)*inputs)
	}
	if s.Want&WantLeaf != 0 {
		s.Leaf = grow(s.Leaf, n*len(f.Trees))
	}
	for first := 0; first < n; first += chunk {
		rows := min(chunk, n-first)
		x := s.x[:rows*width]
		in, next, step := x, 1, inputs
		if columnar {
			next, step = rows, 1
		}
		if b.m.prep != nil {
			in = s.in[:rows*inputs]
		}
		for j := range b.columns {
			c := &b.columns[j]
			if c.index >= int(rec.NumCols()) {
				return fault.New(fault.Internal, "", "the record has %d columns; the bound schema had more", rec.NumCols())
			}
			if err := c.gather(rec.Column(c.index), first, rows, in[j*next:], step, s); err != nil {
				return err
			}
		}
		if g := b.m.prep; g != nil {
			g.Run(in, rows, x, &s.prep)
			for _, r := range s.prep.Refused {
				s.Refused = append(s.Refused, Refusal{Row: first + r.Row, Code: r.Code, Field: g.Inputs[r.Input].Name, Message: r.Message})
			}
		}
		margins := s.Margin[first*k : (first+rows)*k]
		if columnar {
			byColumn.MarginsOfColumns(x, rows, margins)
		} else {
			b.m.engine.Margins(x, rows, margins)
		}
		if s.Want&WantLeaf != 0 {
			t := len(f.Trees)
			leaves := s.Leaf[first*t : (first+rows)*t]
			if columnar {
				byColumn.LeafIndicesOfColumns(x, rows, leaves)
			} else {
				b.m.engine.LeafIndices(x, rows, leaves)
			}
		}
	}
	if s.Want&(WantPrediction|WantClass) != 0 {
		p := f.PredictionWidth()
		s.Prediction = grow(s.Prediction, n*p)
		f.Predictions(s.Prediction, s.Margin)
		b.m.calibrate(s.Prediction, s.Margin)
		if s.Want&WantClass != 0 {
			s.Class = grow(s.Class, n)
			for i := range n {
				s.Class[i] = b.m.class(s.Prediction[i*p : (i+1)*p])
			}
		}
	}
	s.sortRefused()
	return nil
}

// sortRefused puts refusals in row order, the first of each row.
func (s *Scores) sortRefused() {
	if len(s.Refused) < 2 {
		return
	}
	slices.SortStableFunc(s.Refused, func(a, b Refusal) int { return a.Row - b.Row })
	s.Refused = slices.CompactFunc(s.Refused, func(a, b Refusal) bool { return a.Row == b.Row })
}

func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// gather writes rows values of the column, from row first on, to dst[0], dst[width], dst[2*width] and so on.
func (c *boundColumn) gather(col arrow.Array, first, rows int, dst []float64, width int, s *Scores) error {
	if t := col.DataType(); c.codes.hashes() && t.ID() != arrow.DICTIONARY && fitsHash(t) {
		c.hashed(col, first, rows, dst, width, s)
		return nil
	}
	switch a := col.(type) {
	case *array.Float64:
		values(a.Float64Values(), a, first, rows, dst, width)
	case *array.Float32:
		values(a.Float32Values(), a, first, rows, dst, width)
	case *array.Int64:
		values(a.Int64Values(), a, first, rows, dst, width)
	case *array.Int32:
		values(a.Int32Values(), a, first, rows, dst, width)
	case *array.Int16:
		values(a.Int16Values(), a, first, rows, dst, width)
	case *array.Int8:
		values(a.Int8Values(), a, first, rows, dst, width)
	case *array.Uint64:
		values(a.Uint64Values(), a, first, rows, dst, width)
	case *array.Uint32:
		values(a.Uint32Values(), a, first, rows, dst, width)
	case *array.Uint16:
		values(a.Uint16Values(), a, first, rows, dst, width)
	case *array.Uint8:
		values(a.Uint8Values(), a, first, rows, dst, width)
	case *array.String:
		return c.texts(a, first, rows, dst, width, s)
	case *array.LargeString:
		return c.texts(a, first, rows, dst, width, s)
	case *array.Dictionary:
		return c.dictionary(a, first, rows, dst, width, s)
	default:
		if !eachNumber(col, first, rows, dst, width) {
			return fault.New(fault.Internal, "", "column of type %s", col.DataType()).OnField(c.name)
		}
	}
	if c.codes != nil {
		for i := range rows {
			c.missing(first+i, s) // a column of nothing but nulls, if it is one of categories that are hashed
		}
		if c.codes.number == nil && col.DataType().ID() != arrow.NULL {
			return fault.New(fault.Internal, "", "text categories in a column of %s", col.DataType()).OnField(c.name)
		}
		for i := range rows {
			dst[i*width] = c.codes.ofNumber(dst[i*width])
		}
	}
	return nil
}

// eachNumber is gather for the types that hold no plain numbers.
func eachNumber(col arrow.Array, first, rows int, dst []float64, width int) bool {
	var at func(i int) float64
	switch a := col.(type) {
	case *array.Boolean:
		at = func(i int) float64 {
			if a.Value(i) {
				return 1
			}
			return 0
		}
	case *array.Float16:
		at = func(i int) float64 { return number.Half(a.Value(i).Uint16()) }
	case *array.Decimal128:
		scale := a.DataType().(*arrow.Decimal128Type).Scale
		at = func(i int) float64 { return decimal128Value(a.Value(i), scale) }
	case *array.Decimal256:
		scale := a.DataType().(*arrow.Decimal256Type).Scale
		at = func(i int) float64 { return decimal(a.Value(i).ToString(scale)) }
	case *array.Null:
		at = nil
	default:
		return false
	}
	for i := range rows {
		if at == nil || col.IsNull(first+i) {
			dst[i*width] = math.NaN()
		} else {
			dst[i*width] = at(first + i)
		}
	}
	return true
}

// textArray is an Arrow array of strings.
type textArray interface {
	arrow.Array
	Value(int) string
}

func (c *boundColumn) texts(a textArray, first, rows int, dst []float64, width int, s *Scores) error {
	if !c.codes.isText() {
		return fault.New(fault.Internal, "", "text in a column that was bound as numbers").OnField(c.name)
	}
	nulls := a.NullN() > 0
	for i := range rows {
		if nulls && a.IsNull(first+i) {
			dst[i*width] = math.NaN()
			c.missing(first+i, s)
			continue
		}
		v := a.Value(first + i)
		code, ok := c.codes.ofText(v)
		if !ok && !utf8.ValidString(v) {
			s.Refused = append(s.Refused, Refusal{Row: first + i, Code: fault.BadText, Field: c.name, Message: fmt.Sprintf("%.60q is not UTF-8", v)})
		} else if !ok {
			c.ambiguous(first+i, v, s)
		}
		dst[i*width] = code
	}
	return nil
}

// dictionary looks every value of the dictionary up once, then the rows. If it is longer than the rows are many, it looks up
// the rows' values only.
func (c *boundColumn) dictionary(a *array.Dictionary, first, rows int, dst []float64, width int, s *Scores) error {
	d := a.Dictionary()
	if d.Len() > rows {
		return c.dictionaryRows(a, first, rows, dst, width, s)
	}
	lookup := grow(s.lookup, d.Len())
	before := len(s.Refused)
	if err := c.gather(d, 0, d.Len(), lookup, 1, s); err != nil {
		return err
	}
	bad := slices.Clone(s.Refused[before:]) // their rows are places in the dictionary
	s.Refused = s.Refused[:before]
	for i := range rows {
		if a.IsNull(first + i) {
			dst[i*width] = math.NaN()
			c.missing(first+i, s)
			continue
		}
		at := a.GetValueIndex(first + i)
		dst[i*width] = lookup[at]
		if len(bad) == 0 {
			continue
		}
		if n, ok := slices.BinarySearchFunc(bad, at, func(r Refusal, at int) int { return r.Row - at }); ok {
			r := bad[n]
			r.Row = first + i
			s.Refused = append(s.Refused, r)
		}
	}
	s.lookup = lookup
	return nil
}

func (c *boundColumn) dictionaryRows(a *array.Dictionary, first, rows int, dst []float64, width int, s *Scores) error {
	d := a.Dictionary()
	for i := range rows {
		if a.IsNull(first + i) {
			dst[i*width] = math.NaN()
			c.missing(first+i, s)
			continue
		}
		before := len(s.Refused)
		if err := c.gather(d, a.GetValueIndex(first+i), 1, dst[i*width:], width, s); err != nil {
			return err
		}
		if len(s.Refused) > before {
			s.Refused[before].Row = first + i
		}
	}
	return nil
}
