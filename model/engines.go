package model

import (
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/model/engine"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/parity"
)

// Scorers gives one scorer for each engine that runs here, the reference first. An engine that does not accept the model says
// so in its scorer. rename is as in Bind.
func (m *Model) Scorers(rename map[string]string) []*parity.Scorer {
	all := []*parity.Scorer{}
	for _, name := range Engines {
		if name == "auto" || slices.Contains(engine.Names(), name) && !slices.Contains(engine.Running(), name) {
			continue
		}
		with := *m
		var err error
		if name != m.engine.Name() {
			with.engine, err = newEngine(m.forest, name)
		}
		s := &parity.Scorer{Name: name, Refused: err}
		if err == nil {
			s = with.Scorer(rename)
		}
		if name == "reference" {
			all = append([]*parity.Scorer{s}, all...)
		} else {
			all = append(all, s)
		}
	}
	return all
}

// Scorer scores with the model's engine. It belongs to one goroutine.
func (m *Model) Scorer(rename map[string]string) *parity.Scorer {
	var b *Binding
	var schema *arrow.Schema
	var s Scores
	var out parity.Scores
	score := func(rows arrow.RecordBatch, want parity.Kinds) (*parity.Scores, error) {
		if schema == nil || rows.Schema() != schema && !rows.Schema().Equal(schema) {
			var err error
			if b, err = m.Bind(rows.Schema(), rename); err != nil {
				return nil, err
			}
			schema = rows.Schema()
		}
		s.Want = wants(want)
		if err := b.Score(rows, &s); err != nil {
			return nil, err
		}
		out = parity.Scores{Margin: s.Margin, Prediction: s.Prediction, Class: s.Class, Leaf: s.Leaf, Refused: out.Refused[:0]}
		for _, r := range s.Refused {
			text := r.Message
			if r.Field != "" {
				text = r.Field + ": " + text
			}
			out.Refused = append(out.Refused, parity.Refusal{Row: r.Row, Message: text})
		}
		return &out, nil
	}
	return &parity.Scorer{
		Name: m.engine.Name(), Outputs: m.outputs(), Forest: m.forest, Score: score,
		Columns: func(t *parity.Table) ([]format.Column, error) { return m.tableColumns(t, rename) },
	}
}

func wants(k parity.Kinds) (w Want) {
	for kind, want := range map[parity.Kinds]Want{parity.Margin: WantMargin, parity.Prediction: WantPrediction, parity.Class: WantClass, parity.Leaf: WantLeaf} {
		if k&kind != 0 {
			w |= want
		}
	}
	return w
}

// outputs says what a row has.
func (m *Model) outputs() parity.Outputs {
	f := m.forest
	o := parity.Outputs{Has: parity.Margin, Margins: f.Outputs, Predictions: f.PredictionWidth(), Leaves: len(f.Trees)}
	if f.Link.Kind != forest.LinkUnknown {
		o.Has |= parity.Prediction
	}
	if m.HasClass() {
		o.Has |= parity.Class
	}
	if o.Leaves > 0 {
		o.Has |= parity.Leaf
	}
	if f.Sum == forest.Float32 {
		o.Single |= parity.Margin
	}
	if (m.bundle == nil || m.bundle.Calibration == nil) && (f.Sum == forest.Float32 || strings.HasPrefix(f.Format, "onnx")) {
		o.Single |= parity.Prediction
	}
	return o
}

// tableColumns lists what is to be read of a table.
func (m *Model) tableColumns(t *parity.Table, rename map[string]string) ([]format.Column, error) {
	inputs, err := m.Inputs(rename)
	if err != nil {
		return nil, err
	}
	count := map[string]int{}
	for _, c := range t.Columns() {
		count[c]++
	}
	var missing, twice []string
	var columns []format.Column
	at := map[string]int{}
	for _, in := range inputs {
		n := count[in.Column]
		if n == 0 && t.Format() == "jsonl" {
			head, _, _ := strings.Cut(in.Column, ".")
			n = count[head]
		}
		switch {
		case n == 0:
			missing = append(missing, in.Column)
		case n > 1:
			twice = append(twice, in.Column)
		}
		c := format.Column{Name: in.Column, Kind: format.Number}
		if in.Text {
			c.Kind = format.Text
		}
		if t.Format() == "parquet" {
			c.Kind = format.Native
		}
		if i, ok := at[in.Column]; ok {
			columns[i] = c
			continue
		}
		at[in.Column] = len(columns)
		columns = append(columns, c)
	}
	if len(missing)+len(twice) > 0 {
		return nil, t.Misfit(m.MissingColumns(missing, twice), missing)
	}
	return columns, nil
}
