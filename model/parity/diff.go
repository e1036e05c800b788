package parity

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/glulam/glulam/fault"
)

// DiffReport says how two models differ on the same rows.
type DiffReport struct {
	Rows int64 `json:"rows"`
	// RowsDifferent counts those with a difference in any output that both have, and those that one model refuses.
	RowsDifferent int64        `json:"rows_different"`
	Outputs       []DiffOutput `json:"outputs"`
	// Quantiles are those of the absolute differences, the largest of each row, of the first of Outputs.
	Quantiles []Quantile `json:"quantiles,omitempty"`
	Worst     []DiffRow  `json:"worst,omitempty"`   // the rows that differ most, the most first
	Parting   *Parting   `json:"parting,omitempty"` // of the worst row; nil: there is none, or nothing to compare
	// RowsRefused counts rows that a model does not take: the first, the second. What the other gives for them is not among
	// the values that are compared.
	RowsRefused  [2]int64  `json:"rows_refused"`
	FirstRefused [2]string `json:"first_refused,omitzero"` // "row 7: carrier: ..."
}

// DiffOutput compares one kind of output that both models have in the same number.
type DiffOutput struct {
	Output    string `json:"output"`
	Values    int64  `json:"values"`
	Different int64  `json:"different"`
	// Incomparable counts those of Different that are NaN on one side only. They are not in the largest differences.
	Incomparable  int64  `json:"incomparable,omitempty"`
	MaxULPs       uint64 `json:"max_ulps"`
	MaxDifference Number `json:"max_difference"`

	kind  Kinds
	width int
}

// Quantile is a difference that this share of the rows, of those that both models take, does not exceed. It is NaN from
// where rows are NaN on one side only.
type Quantile struct {
	Share      float64 `json:"share"`
	Difference Number  `json:"difference"`
}

// DiffRow is a row that differs.
type DiffRow struct {
	Row        int64  `json:"row"` // from 1
	Column     string `json:"column"`
	A          Number `json:"a"`
	B          Number `json:"b"`
	Difference Number `json:"difference"` // NaN: one of the two is
}

// Parting is the first tree in which two models give a row different leaves, or different values.
type Parting struct {
	Row   int64  `json:"row"`
	Trees [2]int `json:"trees"` // that the models have
	// Tree is the first that differs, from 0; -1: none of those that both have.
	Tree   int       `json:"tree"`
	Leaf   [2]int32  `json:"leaf"`   // library's numbers
	Values [2]Number `json:"values"` // of the leaves; of the first output, for vector leaves
}

// Equal says whether nothing was different.
func (r *DiffReport) Equal() bool { return r.RowsDifferent == 0 }

// Diff scores the rows of a table with both models. keep is how many of the rows that differ most are named.
//
// Errors are *fault.Error: what reading the table gives, Schema where it lacks columns, Usage for models that have no output
// in common, Empty for a table without rows.
func Diff(ctx context.Context, table *Table, a, b *Scorer, keep int) (*DiffReport, error) {
	d := &diff{a: a, b: b, keep: keep, report: &DiffReport{}}
	for _, k := range []Kinds{Prediction, Margin, Class} {
		if a.Outputs.Has&b.Outputs.Has&k != 0 && a.Outputs.width(k) == b.Outputs.width(k) {
			d.report.Outputs = append(d.report.Outputs, DiffOutput{Output: nameOf(k), kind: k, width: a.Outputs.width(k)})
			d.kinds |= k
		}
	}
	if d.kinds&(Prediction|Margin) == 0 {
		return nil, fault.New(fault.Usage, "", "the models have no output in common: they have %d and %d margins a row, and %d and %d predictions",
			a.Outputs.Margins, b.Outputs.Margins, a.Outputs.Predictions, b.Outputs.Predictions)
	}
	if err := d.run(ctx, table); err != nil {
		return nil, err
	}
	d.quantiles()
	return d.report, nil
}

func nameOf(k Kinds) string {
	for _, n := range kindNames {
		if n.kind == k {
			return n.name
		}
	}
	return ""
}

// diff is a comparison under way.
type diff struct {
	a, b   *Scorer
	kinds  Kinds
	keep   int
	report *DiffReport
	off    []float64 // the largest difference of each row
}

func (d *diff) run(ctx context.Context, table *Table) error {
	var in [2]*rows
	for i, s := range []*Scorer{d.a, d.b} {
		columns, err := s.Columns(table)
		if err != nil {
			return err
		}
		if in[i], err = table.read(ctx, columns); err != nil {
			return err
		}
		defer in[i].close()
	}
	for {
		n, err := in[0].ready()
		if err != nil {
			return err
		}
		m, err := in[1].ready()
		if err != nil {
			return err
		}
		if n = min(n, m); n == 0 {
			break
		}
		if err := d.step(in, n); err != nil {
			return err
		}
	}
	switch r := d.report; {
	case r.Rows == 0:
		return fault.New(fault.Empty, table.Name, "there is no row to compare")
	case r.RowsRefused[0] == r.Rows && r.RowsRefused[1] == r.Rows:
		return fault.New(fault.Schema, table.Name, "there is nothing to compare: both models refuse every row, the first: %s", r.FirstRefused[0])
	}
	return nil
}

// step compares n rows.
func (d *diff) step(in [2]*rows, n int64) error {
	var rec [2]arrow.RecordBatch
	var got [2]*Scores
	var refused [2]map[int]bool
	for i, s := range []*Scorer{d.a, d.b} {
		var err error
		if rec[i], err = in[i].take(n); err != nil {
			return err
		}
		defer rec[i].Release()
		if got[i], err = s.Score(rec[i], d.kinds); err != nil {
			return in[i].t.named(err)
		}
		refused[i] = refusedRows(got[i])
		if r := got[i].Refused; len(r) > 0 && d.report.RowsRefused[i] == 0 {
			d.report.FirstRefused[i] = fmt.Sprintf("row %d: %s", d.report.Rows+int64(r[0].Row)+1, r[0].Message)
		}
		d.report.RowsRefused[i] += int64(len(refused[i]))
	}
	worst := -1
	for row := range int(n) {
		if a, b := refused[0][row], refused[1][row]; a || b {
			if a != b {
				d.report.RowsDifferent++
			}
			continue
		}
		if d.row(got, row) {
			worst = row
		}
	}
	d.report.Rows += n
	if worst < 0 {
		return nil
	}
	return d.part(rec, worst)
}

// row compares one row, and says whether it is the worst so far.
func (d *diff) row(got [2]*Scores, row int) bool {
	r := DiffRow{Row: d.report.Rows + int64(row) + 1}
	differs, primary := false, 0
	for i := range d.report.Outputs {
		if !differs { // where the predictions agree, the next that does not
			primary, r.Column = i, ""
		}
		o := &d.report.Outputs[i]
		for k := range o.width {
			w := wanted{kind: o.kind, index: k, width: o.width}
			a, b := w.of(got[0], row), w.of(got[1], row)
			o.Values++
			off := apart(a, b)
			if i == primary && (r.Column == "" || more(off, float64(r.Difference))) {
				r.Column, r.A, r.B, r.Difference = outputName(o.Output, k, o.width), Number(a), Number(b), Number(off)
			}
			if a == b || a != a && b != b {
				continue
			}
			differs = true
			o.Different++
			if a != a || b != b {
				o.Incomparable++
				continue
			}
			if o.kind != Class {
				o.MaxULPs = max(o.MaxULPs, ULPs(a, b, false))
			}
			o.MaxDifference = max(o.MaxDifference, Number(off))
		}
	}
	if primary > 0 {
		d.off = append(d.off, 0)
	} else {
		d.off = append(d.off, float64(r.Difference))
	}
	if !differs {
		return false
	}
	d.report.RowsDifferent++
	return d.rank(r)
}

// rank puts a row among the worst, and says whether it is the first of them.
func (d *diff) rank(r DiffRow) bool {
	worst := d.report.Worst
	at, _ := slices.BinarySearchFunc(worst, r, func(x, y DiffRow) int {
		if more(float64(y.Difference), float64(x.Difference)) {
			return 1
		}
		return -1
	})
	keep := max(1, d.keep)
	if at >= keep {
		return false
	}
	worst = slices.Insert(worst, at, r)
	d.report.Worst = worst[:min(len(worst), keep)]
	return at == 0
}

// part finds where the trees part for a row.
func (d *diff) part(rec [2]arrow.RecordBatch, row int) error {
	d.report.Parting = nil
	if d.a.Outputs.Has&d.b.Outputs.Has&Leaf == 0 {
		return nil
	}
	p := &Parting{Row: d.report.Worst[0].Row, Tree: -1}
	var leaves [2][]int32
	for i, s := range []*Scorer{d.a, d.b} {
		one := rec[i].NewSlice(int64(row), int64(row)+1)
		got, err := s.Score(one, Leaf)
		one.Release()
		if err != nil {
			return err
		}
		if len(got.Refused) > 0 {
			return nil
		}
		leaves[i] = slices.Clone(got.Leaf)
		p.Trees[i] = len(got.Leaf)
	}
	for t := range min(p.Trees[0], p.Trees[1]) {
		a, b := leafValue(d.a, t, leaves[0][t]), leafValue(d.b, t, leaves[1][t])
		if leaves[0][t] != leaves[1][t] || a != b && (a == a || b == b) {
			p.Tree, p.Leaf, p.Values = t, [2]int32{leaves[0][t], leaves[1][t]}, [2]Number{Number(a), Number(b)}
			break
		}
	}
	d.report.Parting = p
	return nil
}

// leafValue is the value of a leaf by the library's number of it; NaN if there is none.
func leafValue(s *Scorer, tree int, id int32) float64 {
	f := s.Forest
	t := f.Trees[tree]
	at := int(id)
	if f.LeafIDs != nil {
		at = slices.Index(f.LeafIDs[t.FirstLeaf:t.FirstLeaf+t.NumLeaves], id)
	}
	if at < 0 || at >= int(t.NumLeaves) {
		return math.NaN()
	}
	return f.Leaves[(int(t.FirstLeaf)+at)*f.LeafWidth]
}

// more says whether a difference is larger than another one; that of a number from NaN, which is NaN, is the largest.
func more(a, b float64) bool { return a > b || a != a && b == b }

// shares are those of the quantiles.
var shares = []float64{0.5, 0.9, 0.99, 0.999, 1}

func (d *diff) quantiles() {
	if d.report.Outputs[0].Different == 0 {
		return
	}
	slices.SortFunc(d.off, func(a, b float64) int {
		switch {
		case more(a, b):
			return 1
		case more(b, a):
			return -1
		}
		return 0
	})
	for _, s := range shares {
		at := max(0, int(math.Ceil(s*float64(len(d.off))))-1)
		d.report.Quantiles = append(d.report.Quantiles, Quantile{s, Number(d.off[at])})
	}
}
