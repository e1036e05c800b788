package score

import (
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/model/rules"
	"github.com/glulam/glulam/transforms/block"
)

// bound is a model and rules that fit a schema. It belongs to one goroutine.
type bound struct {
	model   *model.Model
	schema  *arrow.Schema // of what comes in
	derive  *rules.Program
	binding *model.Binding
	vars    []arrow.Field
	decide  *rules.Program
	want    model.Want // what the rules of decide read
	plan    plan
	missing missing

	skip     []int
	refusals []model.Refusal
}

// bind ties a model and rules to a schema.
func bind(o *Options, s ruleSets, m *model.Model, schema *arrow.Schema) (*bound, error) {
	b := &bound{model: m, schema: schema}
	inner := schema
	var err error
	if s.derive != nil {
		if b.derive, err = s.derive.Bind(schema, nil); err != nil {
			return nil, err
		}
		inner = b.derive.Schema()
	}
	if b.binding, err = m.Bind(inner, o.Rename); err != nil {
		return nil, err
	}
	var decided []arrow.Field
	if s.decide != nil {
		b.vars, b.want = o.variables(m), s.wantOf()
		if b.decide, err = s.decide.Bind(inner, b.vars); err != nil {
			return nil, err
		}
		decided = b.decide.Fields()
	}
	if b.plan, err = newPlan(o, inner, m, s.derive.Names(), decided); err != nil {
		return nil, err
	}
	b.missing.features, b.missing.columns = b.binding.Columns()
	return b, nil
}

// Fits says whether records of this schema can be scored with m: their columns have what the model and the rules want, and kept
// columns have other names than outputs. What does not fit is what the first block would fail with.
func (o *Options) Fits(m *model.Model, schema *arrow.Schema) error {
	s, err := o.rules()
	if err != nil {
		return err
	}
	_, err = bind(o, s, m, schema)
	return err
}

// run scores a block with the scratch of its caller. The record and what is in b is valid until the next call.
func (b *bound) run(in *block.Block, scores *model.Scores, a *assembler, findMissing bool) (rec arrow.RecordBatch, miss block.Missing, err error) {
	rows := in.Record
	b.refusals = b.refusals[:0]
	if b.derive != nil {
		var failed []rules.Refusal
		if rows, failed, err = b.derive.Derive(in.Record); err != nil {
			return nil, miss, err
		}
		defer rows.Release()
		b.refuse(failed)
	}
	if err := b.binding.Score(rows, scores); err != nil {
		return nil, miss, err
	}
	b.refusals = append(b.refusals, scores.Refused...)
	var decided []arrow.Array
	if b.decide != nil {
		b.sort()
		b.skip = b.skip[:0]
		for _, r := range b.refusals {
			b.skip = append(b.skip, r.Row)
		}
		var failed []rules.Refusal
		vars := a.variables(b.vars, scores, b.model, b.want)
		if decided, failed, err = b.decide.Decide(rows, vars, b.skip); err != nil {
			return nil, miss, err
		}
		b.refuse(failed)
	}
	b.sort()
	rec = a.record(&b.plan, rows, &in.Origin, scores, b.model, decided)
	for _, c := range decided {
		c.Release()
	}
	if findMissing {
		miss = b.missing.find(rows)
	}
	return rec, miss, nil
}

func (b *bound) refuse(failed []rules.Refusal) {
	for _, r := range failed {
		b.refusals = append(b.refusals, model.Refusal{Row: r.Row, Code: fault.RuleFailed, Field: r.Rule, Message: r.Message})
	}
}

// sort puts refusals in row order, and keeps the first of each row.
func (b *bound) sort() {
	if len(b.refusals) < 2 {
		return
	}
	slices.SortStableFunc(b.refusals, func(x, y model.Refusal) int { return x.Row - y.Row })
	b.refusals = slices.CompactFunc(b.refusals, func(x, y model.Refusal) bool { return x.Row == y.Row })
}
