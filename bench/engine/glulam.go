package main

import (
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/prep"
)

// loaded is a subject in memory: the model with each of glulam's engines, the rows, and what the reference makes of them.
type loaded struct {
	subject
	reference           *model.Model
	engines             []*model.Model
	auto                *model.Model
	raw                 *matrix   // the rows as they come
	rows                *matrix   // as the trees see them: the same, unless the model does something to them first
	margins, prediction []float64 // the last of each row
}

// load reads the model of a subject. An engine that does not take it, or that this machine cannot run, is left out and noted.
// rows is nil for those of the flights in testdata.
func load(s subject, path string, rows *matrix) (*loaded, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	l := &loaded{subject: s, raw: rows}
	l.notes = slices.Clone(s.notes)
	var names, features []string
	if m, err := model.Parse(data, path, model.Options{Trees: "all"}); err != nil {
		return nil, err
	} else if _, err := m.Inputs(nil); err != nil { // a file that names no features
		for i := range rows.width {
			features = append(features, fmt.Sprintf("c%d", i))
		}
	}
	for _, name := range model.Engines {
		if name == "leaves" && s.large {
			continue
		}
		m, err := model.Parse(data, path, model.Options{Engine: name, Trees: "all", Features: features})
		switch {
		case err != nil && (name == "auto" || name == "reference"):
			return nil, err
		case err != nil:
			l.note("glulam's engine %s: %v", name, err)
			continue
		case name == "auto":
			l.auto = m
			continue
		case name == "reference":
			l.reference = m
		}
		// Of names for the same engine one is enough.
		if !slices.Contains(names, m.Engine()) {
			names = append(names, m.Engine())
			l.engines = append(l.engines, m)
		}
	}
	f := l.reference.Forest()
	if l.raw == nil {
		if l.raw, err = flightsMatrix(f); err != nil {
			return nil, err
		}
	}
	if err := l.prepare(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	all := make([]float64, l.rows.rows*f.Outputs)
	l.reference.Evaluator().Margins(l.rows.x, l.rows.rows, all)
	l.margins = last(all, f.Outputs)
	if f.Link.Kind != forest.LinkUnknown {
		p := make([]float64, l.rows.rows*f.PredictionWidth())
		f.Predictions(p, all)
		l.prediction = last(p, f.PredictionWidth())
	}
	return l, nil
}

// prepare does to the rows what the model does before its trees. Of glulam's contenders only the one that scores Arrow records
// does it while it is measured.
func (l *loaded) prepare() error {
	width, inputs := len(l.reference.Forest().Features), len(l.reference.Forest().Features)
	g := l.reference.Prep()
	if g != nil {
		inputs = len(g.Inputs)
	}
	if l.raw.width != inputs {
		return fmt.Errorf("rows of %d columns for %d features", l.raw.width, inputs)
	}
	if l.rows = l.raw; g == nil {
		return nil
	}
	l.rows = &matrix{rows: l.raw.rows, width: width, x: make([]float64, l.raw.rows*width)}
	var scratch prep.Scratch
	const some = 1024
	for first := 0; first < l.raw.rows; first += some {
		n := min(some, l.raw.rows-first)
		g.Run(slices.Clone(l.raw.span(first, first+n)), n, l.rows.span(first, first+n), &scratch)
		if len(scratch.Refused) > 0 {
			return fmt.Errorf("row %d: %s", first+scratch.Refused[0].Row, scratch.Refused[0].Message)
		}
	}
	return nil
}

// last takes the last of each width numbers.
func last(v []float64, width int) []float64 {
	out := make([]float64, 0, len(v)/width)
	for i := width - 1; i < len(v); i += width {
		out = append(out, v[i])
	}
	return out
}

// ours are the contenders that are glulam: each engine as it is, given a matrix as the peers are, and the fastest by way of
// Binding.Score, as everybody uses it.
func (l *loaded) ours(threads int) ([]contender, func(), error) {
	var out []contender
	var ends []func()
	for _, m := range l.engines {
		evaluator, width, k := m.Evaluator(), l.rows.width, l.reference.Outputs()
		buffer := make([]float64, largestBatch*k)
		c := newCrew(threads, func(_, from, to, at int) {
			evaluator.Margins(l.rows.x[from*width:to*width], to-from, buffer[at*k:(at+to-from)*k])
		})
		ends = append(ends, c.end)
		at := 0
		out = append(out, contender{
			name: "glulam " + m.Engine(), ours: true,
			pass: func(batch int, long time.Duration) (float64, error) {
				return timed(l.rows.rows, batch, long, &at, func(first int) { c.score(first, batch) }), nil
			},
			scores: func() ([]float64, error) {
				all := make([]float64, 0, l.rows.rows*k)
				for first := 0; first < l.rows.rows; first += largestBatch {
					n := min(largestBatch, l.rows.rows-first)
					c.score(first, n)
					all = append(all, buffer[:n*k]...)
				}
				return last(all, k), nil
			},
		})
	}
	c, end, err := l.records(threads)
	return append(out, c), func() {
		for _, e := range append(ends, end) {
			e()
		}
	}, err
}

// records is the contender that scores Arrow records: columns are gathered, texts looked up.
func (l *loaded) records(threads int) (contender, func(), error) {
	none := contender{}
	record, err := l.record()
	if err != nil {
		return none, nil, err
	}
	binding, err := l.auto.Bind(record.Schema(), nil)
	if err != nil {
		return none, nil, err
	}
	scores := make([]model.Scores, threads)
	failures := make([]error, threads)
	pieces := map[[2]int]arrow.RecordBatch{} // made before they are scored
	c := newCrew(threads, func(worker, from, to, _ int) {
		scores[worker].Want = model.WantMargin
		if err := binding.Score(pieces[[2]int{from, to}], &scores[worker]); err != nil {
			failures[worker] = err
		}
	})
	const most = 2048 // batches, or else slices of single rows take a minute to make
	cut := func(batch int) (rows int) {
		rows = min(l.rows.rows/batch, most) * batch
		for first := 0; first < rows; first += batch {
			for w := range threads {
				from, to, _ := c.share(w, first, batch)
				if _, ok := pieces[[2]int{from, to}]; !ok {
					pieces[[2]int{from, to}] = record.NewSlice(int64(from), int64(to))
				}
			}
		}
		return rows
	}
	failed := func() error {
		for _, err := range failures {
			if err != nil {
				return err
			}
		}
		return nil
	}
	at := 0
	return contender{
		name: "glulam, Arrow records", ours: true,
		pass: func(batch int, long time.Duration) (float64, error) {
			rows := cut(batch)
			ns := timed(rows, batch, long, &at, func(first int) { c.score(first, batch) })
			return ns, failed()
		},
		scores: func() ([]float64, error) {
			cut(largestBatch)
			var out []float64
			for first := 0; first < l.rows.rows; first += largestBatch {
				c.score(first, largestBatch)
				for w := range scores {
					out = append(out, last(scores[w].Margin, l.auto.Outputs())...)
				}
			}
			return out, failed()
		},
	}, c.end, nil
}

// record is the matrix as Arrow columns under the features' names.
func (l *loaded) record() (arrow.RecordBatch, error) {
	f := l.auto.Forest()
	inputs, err := l.auto.Inputs(nil)
	if err != nil {
		return nil, err
	}
	fields, columns := make([]arrow.Field, len(inputs)), make([]arrow.Array, len(inputs))
	for j, in := range inputs {
		fields[j] = arrow.Field{Name: in.Column, Type: arrow.PrimitiveTypes.Float64, Nullable: true}
		if in.Text && l.auto.Prep() != nil {
			return nil, fmt.Errorf("column %s: texts that are no feature", in.Column)
		}
		if in.Text {
			fields[j].Type = arrow.BinaryTypes.String
		}
		build := array.NewBuilder(memory.DefaultAllocator, fields[j].Type)
		for i := range l.raw.rows {
			v := l.raw.x[i*l.raw.width+j]
			switch b := build.(type) {
			case *array.Float64Builder:
				b.Append(v)
			case *array.StringBuilder:
				if v == v {
					b.Append(f.Features[j].Categories.Text[int(v)])
				} else {
					b.AppendNull()
				}
			}
		}
		columns[j] = build.NewArray()
	}
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), columns, int64(l.raw.rows)), nil
}
