package score

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/transforms/block"
)

func init() {
	beam.RegisterDoFn(&scoreFn{})
	register.Emitter1[block.Block]()
	register.Emitter1[block.Rejected]()
}

// Score scores every row of blocks (PCollection<block.Block>). It returns the blocks with their predictions
// (PCollection<block.Block>) and the rows that the model cannot take (PCollection<block.Rejected>).
//
// Options that cannot work fail the first bundle; check them with Options.Check when the model is at hand.
func Score(s beam.Scope, o Options, blocks beam.PCollection) (scored, rejected beam.PCollection) {
	return beam.ParDo2(s.Scope("glulam.Score"), &scoreFn{Options: o}, blocks)
}

// scoreFn is the unified DoFn: the same in bounded and unbounded pipelines, on every runner.
type scoreFn struct {
	Options Options

	model    *cached
	slot     *slot // nil: the model stays
	rules    ruleSets
	loads    beam.Counter
	rows     beam.Counter
	refused  beam.Counter
	swaps    beam.Counter
	kept     beam.Counter
	bound    *bound
	misfit   *model.Model // that could not be bound to bound's schema
	scores   model.Scores
	assemble assembler
}

// Setup gets the model from the cache of the process.
func (f *scoreFn) Setup(ctx context.Context) error {
	var c *cached
	var err error
	slotKey := f.Options.slotKey()
	if f.slot = slotOf(slotKey); f.slot != nil {
		c = f.slot.first
	} else if c, err = load(ctx, &f.Options); err != nil {
		return fault.Wire(err)
	}
	if len(f.Options.Outputs) == 0 && !f.Options.Raw {
		f.Options.Outputs = c.model.DefaultOutputs()
	}
	if err := f.Options.Check(c.model); err != nil {
		return fault.Wire(err)
	}
	if f.rules, err = f.Options.rules(); err != nil {
		return fault.Wire(err)
	}
	f.model = c
	if f.Options.Refresh > 0 && f.slot == nil {
		f.slot = newSlot(slotKey, &f.Options, f.rules, c)
	}
	f.scores.Want = f.Options.want() | f.rules.wantOf()
	f.loads = beam.NewCounter("glulam", "model_loads")
	f.rows = beam.NewCounter("glulam", "rows_scored")
	f.refused = beam.NewCounter("glulam", "rows_rejected_by_score")
	f.swaps = beam.NewCounter("glulam", "model_swaps")
	f.kept = beam.NewCounter("glulam", "models_refused")
	return nil
}

// ProcessElement scores one block.
func (f *scoreFn) ProcessElement(ctx context.Context, b block.Block, scored func(block.Block), rejected func(block.Rejected)) error {
	if n := f.model.uncounted.Swap(0); n > 0 {
		f.loads.Inc(ctx, n)
	}
	if f.slot != nil {
		f.slot.count(ctx, f.loads, f.swaps, f.kept)
	}
	if err := f.bind(b.Record.Schema()); err != nil {
		return fault.Wire(err)
	}
	rec, miss, err := f.bound.run(&b, &f.scores, &f.assemble, f.Options.Missing)
	if err != nil {
		return fault.Wire(err)
	}
	if f.slot != nil {
		f.slot.sample(&b)
	}
	refusals := f.bound.refusals
	for _, r := range refusals {
		rejected(f.reject(&b, r))
	}
	f.refused.Inc(ctx, int64(len(refusals)))
	f.rows.Inc(ctx, b.Record.NumRows()-int64(len(refusals)))
	b.Model, b.Missing = f.bound.model.Digest(), miss
	// Every run of good rows between refused ones goes out as a block of its own: slices, nothing is copied.
	first := int64(0)
	for _, r := range refusals {
		emitRun(&b, rec, first, int64(r.Row), scored)
		first = int64(r.Row) + 1
	}
	emitRun(&b, rec, first, rec.NumRows(), scored)
	rec.Release()
	return nil
}

func emitRun(b *block.Block, rec arrow.RecordBatch, from, to int64, emit func(block.Block)) {
	if from >= to {
		return
	}
	whole := *b
	whole.Record = rec
	if from == 0 && to == rec.NumRows() {
		emit(whole)
		return
	}
	part := whole.Slice(from, to)
	defer part.Record.Release()
	emit(part)
}

// sameSchema compares names, types and metadata: Schema.Equal looks at the first two only.
func sameSchema(a, b *arrow.Schema) bool {
	return slices.EqualFunc(a.Fields(), b.Fields(), func(x, y arrow.Field) bool {
		return x.Equal(y) && x.Metadata.Equal(y.Metadata)
	})
}

// bind sees to it that bound is the model that serves, for this schema.
func (f *scoreFn) bind(schema *arrow.Schema) error {
	m := f.model.model
	if f.slot != nil {
		m = f.slot.serving()
	}
	same := f.bound != nil && (f.bound.schema == schema || sameSchema(f.bound.schema, schema))
	if same && (f.bound.model == m || f.misfit == m) {
		return nil
	}
	b, err := bind(&f.Options, f.rules, m, schema)
	switch {
	case err != nil && same: // a new model that was checked with another schema: the old one serves on here
		f.misfit = m
		f.slot.misfits(m, err)
		return nil
	case err != nil:
		return err
	}
	f.bound, f.misfit = b, nil
	if f.slot != nil {
		f.slot.schema.Store(schema)
	}
	return nil
}

func (f *scoreFn) reject(b *block.Block, r model.Refusal) block.Rejected {
	row, offset := b.Origin.At(r.Row)
	out := block.Rejected{Unit: b.Origin.Unit, Part: b.Origin.Part, Letter: fault.Letter{
		Source: b.Origin.Source, Row: row, Offset: offset, Raw: rawRow(b.Record, r.Row), Stage: "score",
		Code: r.Code, Field: r.Field, Message: r.Message, Model: f.bound.model.Digest(),
	}}
	if r.Row < len(b.Envelopes) {
		out.Envelope = b.Envelopes[r.Row]
	}
	if r.Row < len(b.Times) {
		out.EventTime = b.Times[r.Row]
	}
	return out
}

// rawRow is the row as it came, if the block carries that, else the row as a JSON object. Text that is not UTF-8 stays as
// it is in there: whoever writes it has to see to that.
func rawRow(rec arrow.RecordBatch, i int) []byte {
	for c, field := range rec.Schema().Fields() {
		if field.Metadata.FindKey(format.MetaRawRow) >= 0 {
			if a, ok := rec.Column(c).(*array.Binary); ok {
				return a.Value(i)
			}
		}
	}
	out := []byte{'{'}
	for c, field := range rec.Schema().Fields() {
		if c > 0 {
			out = append(out, ',')
		}
		out = append(appendText(out, field.Name), ':')
		out = appendValue(out, rec.Column(c), i)
	}
	return append(out, '}')
}

func appendValue(out []byte, a arrow.Array, i int) []byte {
	switch a := a.(type) {
	case *array.String:
		if !a.IsNull(i) {
			return appendText(out, a.Value(i))
		}
	case *array.LargeString:
		if !a.IsNull(i) {
			return appendText(out, a.Value(i))
		}
	case *array.Dictionary:
		if !a.IsNull(i) {
			return appendValue(out, a.Dictionary(), a.GetValueIndex(i))
		}
	case *array.Float64: // JSON has no words for what is not finite
		if v := a.Value(i); !a.IsNull(i) && math.IsInf(v, 0) {
			return appendText(out, strconv.FormatFloat(v, 'g', -1, 64))
		} else if v != v {
			return append(out, "null"...)
		}
	}
	text, err := json.Marshal(a.GetOneForMarshal(i))
	if err != nil {
		text = appendText(nil, a.ValueStr(i))
	}
	return append(out, text...)
}

// appendText quotes a text for JSON. Bytes that are not UTF-8 are kept.
func appendText(out []byte, s string) []byte {
	out = append(out, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c < ' ':
			out = fmt.Appendf(out, "\\u%04x", c)
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}
