package monitor

import (
	"context"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/block"
)

func init() {
	beam.RegisterDoFn(&scoredFn{})
	beam.RegisterDoFn(&rejectedFn{})
	register.Emitter3[beam.EventTime, string, []byte]()
}

// emitPart sends an encoded partial on its way: its time, its key, itself.
type emitPart func(beam.EventTime, string, []byte)

// gathering is the partials of a bundle.
type gathering struct {
	step  int64
	parts map[key]*partial
	last  [2]struct { // what at gave last, and before that: rows of two windows often come mixed
		key
		*partial
	}
}

// mostParts is how many partials are gathered before they are sent on: messages of all times must not fill the memory.
const mostParts = 1000

func newGathering(o *Options) gathering {
	step, _, _ := o.steps()
	return gathering{step: step, parts: map[key]*partial{}}
}

func (g *gathering) at(o *Options, t int64, model string, emit emitPart) *partial {
	k := key{endOf(t, g.step), model}
	for i := range g.last {
		if g.last[i].partial != nil && g.last[i].key == k {
			return g.last[i].partial
		}
	}
	p := g.parts[k]
	if p == nil {
		if len(g.parts) >= mostParts {
			g.flush(emit)
		}
		p = newPartial(o)
		g.parts[k] = p
	}
	g.last[1] = g.last[0]
	g.last[0].key, g.last[0].partial = k, p
	return p
}

func (g *gathering) forget() {
	clear(g.parts)
	clear(g.last[:])
}

// flush sends the partials on. Nobody may use them afterwards.
func (g *gathering) flush(emit emitPart) {
	for k, p := range g.parts {
		emit(k.time(), k.String(), p.encode(nil))
	}
	g.forget()
}

// rejectedFn gathers dead letters.
type rejectedFn struct {
	Options Options

	gathering
}

// Setup makes the gathering.
func (f *rejectedFn) Setup() { f.gathering = newGathering(&f.Options) }

// StartBundle forgets what a bundle that failed left.
func (f *rejectedFn) StartBundle(func(beam.EventTime, string, []byte)) { f.forget() }

// ProcessElement counts a letter.
func (f *rejectedFn) ProcessElement(r block.Rejected, emit func(beam.EventTime, string, []byte)) {
	f.at(&f.Options, r.EventTime, r.Letter.Model, emit).reject(string(r.Letter.Code), 1)
}

// FinishBundle sends the bundle's partials on.
func (f *rejectedFn) FinishBundle(emit func(beam.EventTime, string, []byte)) { f.flush(emit) }

// scoredFn gathers blocks of scored rows.
type scoredFn struct {
	Options Options

	gathering
	schema   *arrow.Schema
	outputs  []int // columns of the schema
	classes  []int
	features []int // of block.Missing, -1: the model does not use it
	counted  []string
	values   []float64
}

// Setup makes the gathering.
func (f *scoredFn) Setup() { f.gathering = newGathering(&f.Options) }

// StartBundle forgets what a bundle that failed left.
func (f *scoredFn) StartBundle(func(beam.EventTime, string, []byte)) { f.forget() }

// ProcessElement counts a block's rows.
func (f *scoredFn) ProcessElement(b block.Block, emit func(beam.EventTime, string, []byte)) error {
	return fault.Wire(f.explode(&b, time.Now(), emit))
}

// FinishBundle sends the bundle's partials on.
func (f *scoredFn) FinishBundle(_ context.Context, emit func(beam.EventTime, string, []byte)) {
	f.flush(emit)
}

// explode gives each row to the partial of its step, runs of rows of one step at once.
func (f *scoredFn) explode(b *block.Block, now time.Time, emit emitPart) error {
	n := int(b.Record.NumRows())
	if len(b.Times) != n {
		return fault.New(fault.Usage, b.Origin.Source, "%d rows have %d event times; windows need one of each", n, len(b.Times)).
			WithHint("summaries are for streams")
	}
	if err := f.bind(b); err != nil {
		return err
	}
	for from := 0; from < n; {
		end := endOf(b.Times[from], f.step)
		to := from + 1
		for to < n && b.Times[to] < end && b.Times[to] >= end-f.step {
			to++
		}
		if err := f.add(f.at(&f.Options, b.Times[from], b.Model, emit), b, from, to, now); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// bind finds the columns that are summarized.
func (f *scoredFn) bind(b *block.Block) error {
	if s := b.Record.Schema(); f.schema != s {
		var err error
		if f.outputs, err = find(s, f.Options.Outputs, isNumber); err != nil {
			return err
		}
		if f.classes, err = find(s, f.Options.Classes, isClass); err != nil {
			return err
		}
		f.schema = s
	}
	if len(f.Options.Features) == 0 || f.features != nil && slices.Equal(f.counted, b.Missing.Features) {
		return nil
	}
	if len(b.Missing.Features) == 0 {
		return fault.New(fault.Schema, "", "nobody counts the rows that miss it").OnField(f.Options.Features[0]).
			WithHint("score with Options.Missing")
	}
	f.features = f.features[:0]
	for _, name := range f.Options.Features { // a model that was swapped in may leave some out: -1
		f.features = append(f.features, slices.Index(b.Missing.Features, name))
	}
	f.counted = slices.Clone(b.Missing.Features)
	return nil
}

// find gives the columns of these names. Outputs stand behind what was there before them, so the last of a name counts.
func find(s *arrow.Schema, names []string, fits func(arrow.DataType) bool) ([]int, error) {
	out := make([]int, 0, len(names))
	for _, name := range names {
		at := s.FieldIndices(name)
		if len(at) == 0 {
			return nil, fault.New(fault.Schema, "", "scored rows have no such column").OnField(name).WithHint("put it out, or do not summarize it")
		}
		i := at[len(at)-1]
		if t := s.Field(i).Type; !fits(t) {
			return nil, fault.New(fault.Schema, "", "a column of %s cannot be summarized like this", t).OnField(name).
				WithHint("quantiles are of numbers, shares of integers, booleans and texts")
		}
		out = append(out, i)
	}
	return out, nil
}

// add gives rows from to to-1 to a partial.
func (f *scoredFn) add(p *partial, b *block.Block, from, to int, now time.Time) error {
	p.rows += int64(to - from)
	for i, c := range f.outputs {
		f.values = numbers(f.values[:0], b.Record.Column(c), from, to)
		p.outputs[i].addAll(f.values)
	}
	for i, c := range f.classes {
		addClasses(&p.classes[i], b.Record.Column(c), from, to)
	}
	for i, m := range f.features {
		if m >= 0 {
			p.missing[i] += int64(b.Missing.Count(m, from, to))
			p.counted[i] += int64(to - from)
		}
	}
	if len(b.Envelopes) < to {
		return nil
	}
	for i := from; i < to; {
		sent, j := b.Envelopes[i].Time, i+1
		for j < to && b.Envelopes[j].Time == sent {
			j++
		}
		if sent != 0 {
			p.latency.add(float64(now.UnixMicro()-sent*1000)/1000, int64(j-i))
		}
		i = j
	}
	return nil
}

func isNumber(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.FLOAT64, arrow.FLOAT32, arrow.INT64, arrow.INT32:
		return true
	}
	return false
}

// numbers appends a column's values from from to to-1, leaving nulls out.
func numbers(dst []float64, col arrow.Array, from, to int) []float64 {
	switch a := col.(type) {
	case *array.Float64:
		return numbersOf(dst, a, a.Float64Values()[from:to], from)
	case *array.Float32:
		return numbersOf(dst, a, a.Float32Values()[from:to], from)
	case *array.Int64:
		return numbersOf(dst, a, a.Int64Values()[from:to], from)
	case *array.Int32:
		return numbersOf(dst, a, a.Int32Values()[from:to], from)
	}
	return dst
}

func numbersOf[T float64 | float32 | int64 | int32](dst []float64, col arrow.Array, values []T, from int) []float64 {
	nulls := col.NullN() > 0
	for i, v := range values {
		if !nulls || col.IsValid(from+i) {
			dst = append(dst, float64(v))
		}
	}
	return dst
}

func isClass(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.INT32, arrow.INT64, arrow.STRING, arrow.BOOL:
		return true
	}
	return false
}

// addClasses counts a column's values from from to to-1, leaving nulls out.
func addClasses(t *tally, col arrow.Array, from, to int) {
	nulls := col.NullN() > 0
	if a, ok := col.(*array.Int32); ok && !nulls {
		for _, v := range a.Int32Values()[from:to] {
			t.addInt(int64(v))
		}
		return
	}
	for i := from; i < to; i++ {
		if nulls && col.IsNull(i) {
			continue
		}
		switch a := col.(type) {
		case *array.Int32:
			t.addInt(int64(a.Value(i)))
		case *array.Int64:
			t.addInt(a.Value(i))
		case *array.String:
			t.add(a.Value(i), 1)
		default:
			t.add(col.ValueStr(i), 1)
		}
	}
}
