package parity

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/glulam/glulam/fault"
)

// Tolerance is how far predictions may be off, in units of the last place. Margins, classes and leaves must be equal: a
// margin is a sum, in which two engines that add alike cannot differ.
type Tolerance struct {
	Prediction uint64
}

// DefaultTolerance is 3 for predictions: what C libraries' exp differ by.
var DefaultTolerance = Tolerance{Prediction: 3}

func (t Tolerance) of(k Kinds) uint64 {
	if k == Prediction {
		return t.Prediction
	}
	return 0
}

// Report is what a check found.
type Report struct {
	Rows int64 `json:"rows"`
	// Against is what the engines were held against: the name of the table of expected outputs, or of an engine.
	Against string `json:"against"`
	// Expected says whether that were the training library's outputs.
	Expected bool           `json:"expected"`
	Ignored  []string       `json:"ignored_columns,omitempty"` // columns of that table that are no outputs
	Engines  []EngineReport `json:"engines"`
}

// EngineReport is what a check found about one engine.
type EngineReport struct {
	Engine  string         `json:"engine"`
	Reason  string         `json:"reason,omitempty"` // why the engine does not take the model
	Outputs []OutputReport `json:"outputs,omitempty"`
	// RowsRefused counts rows that the model does not take. They are not among the values of Outputs.
	RowsRefused  int64  `json:"rows_refused,omitempty"`
	FirstRefused string `json:"first_refused,omitempty"` // "row 7: carrier: ..."
	// RowsMissed counts those of them for which some output is expected: each is a difference.
	RowsMissed  int64  `json:"rows_missed,omitempty"`
	FirstMissed string `json:"first_missed,omitempty"`
}

// OutputReport is what a check found about one kind of output.
type OutputReport struct {
	Output    string `json:"output"`
	Values    int64  `json:"values"`    // compared: those of rows that the model takes
	Different int64  `json:"different"` // off by more than the tolerance
	Tolerance uint64 `json:"tolerance_ulps"`
	// Incomparable counts those of Different that are NaN on one side only.
	Incomparable int64 `json:"incomparable,omitempty"`
	// MaxULPs and MaxDifference are the largest of all other values, tolerated or not.
	MaxULPs       uint64 `json:"max_ulps"`
	MaxDifference Number `json:"max_difference"`
	Float32       bool   `json:"float32,omitempty"` // ULPs are those of float32
	First         *Found `json:"first,omitempty"`   // the first that is different
}

// Found is a value that is not the expected one.
type Found struct {
	Row      int64  `json:"row"` // from 1
	Column   string `json:"column"`
	Expected Number `json:"expected"`
	Got      Number `json:"got"`
}

// Equal says whether nothing was different, and something was compared.
func (r *Report) Equal() bool { return r.Worst() == nil && r.Missed() == nil && r.Values() > 0 }

// Values is how many values were compared, of all engines.
func (r *Report) Values() (n int64) {
	for _, e := range r.Engines {
		for _, o := range e.Outputs {
			n += o.Values
		}
	}
	return n
}

// Missed gives the first engine that refused rows for which something is expected; nil if there is none.
func (r *Report) Missed() *EngineReport {
	for i := range r.Engines {
		if r.Engines[i].RowsMissed > 0 {
			return &r.Engines[i]
		}
	}
	return nil
}

// MaxULPs is the largest of all outputs; 0 if everything that can be compared has the same bits.
func (r *Report) MaxULPs() (most uint64) {
	for _, e := range r.Engines {
		for _, o := range e.Outputs {
			most = max(most, o.MaxULPs)
		}
	}
	return most
}

// Worst gives the first engine's first output with a difference; nil if there is none.
func (r *Report) Worst() *OutputReport {
	for i := range r.Engines {
		for j := range r.Engines[i].Outputs {
			if o := &r.Engines[i].Outputs[j]; o.Different > 0 {
				return o
			}
		}
	}
	return nil
}

// Check scores rows with every scorer that does not refuse, and compares with the expected outputs, or, if expected is nil,
// with the first scorer: then there have to be two.
//
// Errors are *fault.Error: what reading the tables gives, and Schema where the table of expected outputs has no output, one
// that the model does not have, or not one row for each of rows.
func Check(ctx context.Context, table, expected *Table, tol Tolerance, scorers []*Scorer) (*Report, error) {
	c := &check{tol: tol, report: &Report{}}
	for _, s := range scorers {
		r := EngineReport{Engine: s.Name}
		if s.Refused != nil {
			r.Reason = reason(s.Refused)
		} else {
			c.scorers = append(c.scorers, s)
			c.at = append(c.at, len(c.report.Engines))
		}
		c.report.Engines = append(c.report.Engines, r)
	}
	if len(c.scorers) == 0 {
		return nil, scorers[0].Refused
	}
	first := c.scorers[0]
	if expected == nil && len(c.scorers) == 1 {
		return nil, fault.New(fault.Usage, table.Name, "no expected outputs, and %s is the only engine that takes the model: there is nothing to compare", first.Name).
			WithHint("give --expected, with what the training library gave for the rows")
	}
	if expected == nil {
		c.want = allOutputs(&first.Outputs)
		c.report.Against = first.Name
		c.scorers, c.at = c.scorers[1:], c.at[1:]
	} else {
		var err error
		if c.want, c.report.Ignored, err = plan(expected, &first.Outputs); err != nil {
			return nil, err
		}
		c.report.Against, c.report.Expected = expected.Name, true
	}
	c.start(&first.Outputs)
	return c.report, c.run(ctx, table, expected, first)
}

// reason is an error without its place.
func reason(err error) string {
	if fe := (*fault.Error)(nil); errors.As(err, &fe) && fe.Err != nil {
		return fe.Err.Error()
	}
	return err.Error()
}

// check is a check under way.
type check struct {
	tol     Tolerance
	scorers []*Scorer // that are held against something
	at      []int     // where they are in the report
	want    []wanted
	report  *Report
}

// start makes the counters.
func (c *check) start(o *Outputs) {
	for _, at := range c.at {
		for _, k := range kindNames {
			if kindsOf(c.want)&k.kind != 0 {
				c.report.Engines[at].Outputs = append(c.report.Engines[at].Outputs,
					OutputReport{Output: k.name, Tolerance: c.tol.of(k.kind), Float32: o.Single&k.kind != 0})
			}
		}
	}
}

func (c *check) run(ctx context.Context, table, expected *Table, first *Scorer) error {
	columns, err := first.Columns(table)
	if err != nil {
		return err
	}
	in, err := table.read(ctx, columns)
	if err != nil {
		return err
	}
	defer in.close()
	var out *rows
	if expected != nil {
		if out, err = expected.read(ctx, columnsOf(c.want)); err != nil {
			return err
		}
		defer out.close()
	}
	for {
		n, err := in.ready()
		if err != nil {
			return err
		}
		if out != nil {
			m, err := out.ready()
			if err != nil {
				return err
			}
			if (n == 0) != (m == 0) {
				return lengths(in, out)
			}
			n = min(n, m)
		}
		if n == 0 {
			break
		}
		if err := c.step(in, out, n, first); err != nil {
			return err
		}
	}
	if c.report.Rows == 0 {
		return fault.New(fault.Empty, table.Name, "there is no row to check")
	}
	return nil
}

// lengths is the error for tables of which one ended before the other.
func lengths(in, out *rows) error {
	more, few := in, out
	if n, _ := in.ready(); n == 0 {
		more, few = out, in
	}
	return fault.New(fault.Schema, few.t.Name, "ends after row %d, but %s goes on", few.done, more.t.Name).
		WithHint("expected outputs are one row for each row, in the same order")
}

// step compares n rows.
func (c *check) step(in, out *rows, n int64, first *Scorer) error {
	rec, err := in.take(n)
	if err != nil {
		return err
	}
	defer rec.Release()
	kinds := kindsOf(c.want)
	var expected func(w int, row int) float64
	if out != nil {
		want, err := out.take(n)
		if err != nil {
			return err
		}
		defer want.Release()
		expected = func(w, row int) float64 { return want.Column(w).(*array.Float64).Value(row) }
	} else {
		s, err := first.Score(rec, kinds)
		if err != nil {
			return in.t.named(err)
		}
		refused := refusedRows(s)
		expected = func(w, row int) float64 {
			if refused[row] {
				return math.NaN()
			}
			return c.want[w].of(s, row)
		}
	}
	for i, s := range c.scorers {
		if err := c.compare(&c.report.Engines[c.at[i]], s, rec, kinds, expected); err != nil {
			return in.t.named(err)
		}
	}
	c.report.Rows += n
	return nil
}

// compare holds what one scorer gives against what is expected.
func (c *check) compare(r *EngineReport, s *Scorer, rec arrow.RecordBatch, kinds Kinds, expected func(w, row int) float64) error {
	got, err := s.Score(rec, kinds)
	if err != nil {
		return err
	}
	refused := refusedRows(got)
	for _, f := range got.Refused {
		text := fmt.Sprintf("row %d: %s", c.report.Rows+int64(f.Row)+1, f.Message)
		if r.RowsRefused++; r.RowsRefused == 1 {
			r.FirstRefused = text
		}
		if !c.expects(f.Row, expected) {
			continue
		}
		if r.RowsMissed++; r.RowsMissed == 1 {
			r.FirstMissed = text
		}
	}
	for w := range c.want {
		want := &c.want[w]
		o := outputOf(r, want.kind)
		for row := range int(rec.NumRows()) {
			if !refused[row] {
				o.tally(c.report.Rows+int64(row)+1, want.name, expected(w, row), want.of(got, row))
			}
		}
	}
	return nil
}

// expects says whether anything but NaN is expected of a row.
func (c *check) expects(row int, expected func(w, row int) float64) bool {
	for w := range c.want {
		if v := expected(w, row); v == v {
			return true
		}
	}
	return false
}

func outputOf(r *EngineReport, k Kinds) *OutputReport {
	for i := range r.Outputs {
		for _, n := range kindNames {
			if n.kind == k && r.Outputs[i].Output == n.name {
				return &r.Outputs[i]
			}
		}
	}
	return nil
}

// tally counts one value.
func (o *OutputReport) tally(row int64, column string, want, got float64) {
	if o.Float32 {
		want = float64(float32(want))
	}
	o.Values++
	u := ULPs(want, got, o.Float32)
	if u == 0 {
		return
	}
	if u == Incomparable {
		o.Incomparable++
	} else {
		o.MaxULPs = max(o.MaxULPs, u)
		o.MaxDifference = max(o.MaxDifference, Number(apart(want, got)))
	}
	if u <= o.Tolerance {
		return
	}
	o.Different++
	if o.First == nil || row < o.First.Row {
		o.First = &Found{Row: row, Column: column, Expected: Number(want), Got: Number(got)}
	}
}
