package score

import (
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/transforms/block"
)

// plan is what becomes of a schema: which columns go on, and what is added.
type plan struct {
	outputs []string
	keep    []int
	schema  *arrow.Schema
}

// newPlan plans for a schema that has the columns of rules already, whose names are derived; decided are the fields that come
// last.
func newPlan(o *Options, in *arrow.Schema, m *model.Model, derived []string, decided []arrow.Field) (plan, error) {
	p := plan{outputs: o.outputs()}
	var fields []arrow.Field
	taken := map[string]bool{}
	var clash []string
	for i, f := range in.Fields() {
		whole := f.Metadata.FindKey(format.MetaRawRow) >= 0 || f.Metadata.FindKey(format.MetaHead) >= 0
		if f.Metadata.FindKey(block.MetaFeature) >= 0 || o.Keep != nil && !whole && !slices.Contains(o.Keep, f.Name) {
			continue
		}
		p.keep = append(p.keep, i)
		fields = append(fields, f)
		if !whole {
			if taken[f.Name] && slices.Contains(derived, f.Name) {
				clash = append(clash, f.Name)
			}
			taken[f.Name] = true
		}
	}
	for _, f := range slices.Concat(o.added(m), decided) {
		if taken[f.Name] {
			clash = append(clash, f.Name)
		}
		fields = append(fields, f)
	}
	if len(clash) > 0 {
		return p, Clash(clash)
	}
	md := in.Metadata()
	p.schema = arrow.NewSchema(fields, &md)
	return p, nil
}

// Clash is the error for kept columns that have the names of outputs.
func Clash(names []string) error {
	return fault.New(fault.Schema, "", "the input has columns of the outputs' names: %s", strings.Join(names, ", ")).
		WithHint("leave them out: --columns lists the columns to keep")
}

// assembler builds the records that go out. What it builds is valid until its next call: it uses its buffers again.
type assembler struct {
	columns [][]float64 // of a model with several outputs, one after another
	leaves  [][]int32
	digest  arrow.Array // the digest, as often as the longest block so far had rows
	file    arrow.Array
	source  string
	of      string // the digest in digest
}

// record puts a block together: kept columns of rec, outputs, and the columns of decide rules.
func (a *assembler) record(p *plan, rec arrow.RecordBatch, o *block.Origin, s *model.Scores, m *model.Model, decided []arrow.Array) arrow.RecordBatch {
	n := s.Rows
	cols := make([]arrow.Array, 0, p.schema.NumFields())
	for _, i := range p.keep {
		c := rec.Column(i)
		c.Retain()
		cols = append(cols, c)
	}
	a.columns = a.columns[:0]
	cols = a.outputs(cols, p.outputs, o, s, m)
	for _, c := range decided {
		c.Retain()
		cols = append(cols, c)
	}
	out := array.NewRecordBatch(p.schema, cols, int64(n))
	for _, c := range cols {
		c.Release()
	}
	return out
}

// variables are the values of Options.variables, nil for those that are not in want.
func (a *assembler) variables(fields []arrow.Field, s *model.Scores, m *model.Model, want model.Want) []arrow.Array {
	cols := make([]arrow.Array, 0, len(fields))
	a.columns = a.columns[:0]
	for len(cols) < len(fields) {
		switch name, _, _ := strings.Cut(fields[len(cols)].Name, "_"); {
		case name == "model":
			cols = append(cols, a.digests(m, s.Rows))
		case want&wants[name] == 0:
			cols = append(cols, nil)
		case name == "margin":
			cols = a.floats(cols, s.Margin, s.Rows, m.Outputs())
		case name == "prediction":
			cols = a.floats(cols, s.Prediction, s.Rows, m.Predictions())
		default:
			cols = append(cols, int32s(s.Class))
		}
	}
	return cols
}

// wants is what has to be computed for an output that a rule reads.
var wants = map[string]model.Want{"margin": model.WantMargin, "prediction": model.WantPrediction, "class": model.WantClass}

func (a *assembler) outputs(cols []arrow.Array, kinds []string, o *block.Origin, s *model.Scores, m *model.Model) []arrow.Array {
	n := s.Rows
	for _, kind := range kinds {
		switch kind {
		case "prediction":
			cols = a.floats(cols, s.Prediction, n, m.Predictions())
		case "margin":
			cols = a.floats(cols, s.Margin, n, m.Outputs())
		case "class":
			cols = append(cols, int32s(s.Class))
		case "leaf":
			cols = a.ints(cols, s.Leaf, n, len(m.Forest().Trees))
		case "model":
			cols = append(cols, a.digests(m, n))
		case "origin":
			cols = a.origin(cols, o, n)
		}
	}
	return cols
}

// digests is the model's digest n times.
func (a *assembler) digests(m *model.Model, n int) arrow.Array {
	if a.of != m.Digest() {
		a.of, a.digest = m.Digest(), nil
	}
	a.digest = repeated(a.digest, m.Digest(), n)
	return array.NewSlice(a.digest, 0, int64(n))
}

// floats appends the k columns of n rows of values.
func (a *assembler) floats(cols []arrow.Array, v []float64, n, k int) []arrow.Array {
	if k == 1 {
		return append(cols, float64s(v[:n]))
	}
	for j := range k {
		col := next(&a.columns, n)
		for i := range col {
			col[i] = v[i*k+j]
		}
		cols = append(cols, float64s(col))
	}
	return cols
}

func (a *assembler) ints(cols []arrow.Array, v []int32, n, k int) []arrow.Array {
	a.leaves = a.leaves[:0]
	for j := range k {
		col := next(&a.leaves, n)
		for i := range col {
			col[i] = v[i*k+j]
		}
		cols = append(cols, int32s(col))
	}
	return cols
}

// next takes one more column of n values from the pool that cols' capacity holds.
func next[T any](cols *[][]T, n int) []T {
	c := *cols
	if len(c) < cap(c) {
		c = c[:len(c)+1]
	} else {
		c = append(c, nil)
	}
	at := &c[len(c)-1]
	if cap(*at) < n {
		*at = make([]T, n)
	}
	*at = (*at)[:n]
	*cols = c
	return *at
}

func (a *assembler) origin(cols []arrow.Array, o *block.Origin, n int) []arrow.Array {
	if a.source != o.Source {
		a.source, a.file = o.Source, nil
	}
	a.file = repeated(a.file, o.Source, n)
	cols = append(cols, array.NewSlice(a.file, 0, int64(n)))
	for _, v := range [][]int64{o.Row, o.Offset} {
		if len(v) < n {
			v = make([]int64, n)
		}
		cols = append(cols, wrap(arrow.PrimitiveTypes.Int64, arrow.Int64Traits.CastToBytes(v), n))
	}
	return cols
}

// repeated gives an array of at least n times value, old if that is long enough.
func repeated(old arrow.Array, value string, n int) arrow.Array {
	if old != nil && old.Len() >= n {
		return old
	}
	b := array.NewStringBuilder(memory.DefaultAllocator)
	defer b.Release()
	b.Reserve(n)
	for range n {
		b.Append(value)
	}
	return b.NewArray()
}

func float64s(v []float64) arrow.Array {
	return wrap(arrow.PrimitiveTypes.Float64, arrow.Float64Traits.CastToBytes(v), len(v))
}

func int32s(v []int32) arrow.Array {
	return wrap(arrow.PrimitiveTypes.Int32, arrow.Int32Traits.CastToBytes(v), len(v))
}

// wrap makes an array without nulls of bytes that it does not copy.
func wrap(t arrow.DataType, data []byte, n int) arrow.Array {
	d := array.NewData(t, n, []*memory.Buffer{nil, memory.NewBufferBytes(data)}, nil, 0, 0)
	defer d.Release()
	return array.MakeFromData(d)
}
