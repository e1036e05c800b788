package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/model/parity"
)

// diffCmd is `glulam diff`.
type diffCmd struct {
	A        string  `arg:"" name:"a" help:"model file, glulam bundle or MLflow model"`
	B        string  `arg:"" name:"b" help:"another one"`
	Rows     string  `placeholder:"FILE" required:"" group:"what" help:"rows to score with both"`
	Show     whole   `placeholder:"N" default:"5" group:"what" help:"how many of the rows that differ most to name; default: 5"`
	Features list    `placeholder:"A,B" group:"columns" help:"names of the features in the order of training, for model files that have none"`
	Rename   renames `placeholder:"FEATURE=COLUMN" group:"columns" help:"take a feature from a column of another name; may be given again"`
	Trees    string  `placeholder:"ROUNDS" group:"columns" help:"boosting rounds that count, of both models: all, best or a:b; default: all"`
	TreesA   string  `placeholder:"ROUNDS" group:"columns" help:"those of the first model only; they win over --trees"`
	TreesB   string  `placeholder:"ROUNDS" group:"columns" help:"those of the second model only"`
	ReadFlags
	JSON bool `name:"json" group:"run" help:"print one JSON object"`
}

// differed is the JSON of `glulam diff`.
type differed struct {
	A     diffModel `json:"a"`
	B     diffModel `json:"b"`
	Table string    `json:"table"`
	Equal bool      `json:"equal"`
	*parity.DiffReport
}

// diffModel is one of the two.
type diffModel struct {
	Path   string `json:"path"`
	Name   string `json:"name"`
	Digest string `json:"digest"`
	Format string `json:"format"`
	Trees  string `json:"trees,omitempty"` // what was asked for
}

func (m *diffModel) String() string {
	text := fmt.Sprintf("%s (%s, %.19s", m.Path, m.Format, m.Digest)
	if m.Trees != "" {
		text += ", trees " + m.Trees
	}
	return text + ")"
}

// Run compares the models.
func (c *diffCmd) Run(e *env) error {
	ctx := context.Background()
	if c.Show < 1 || c.Show > 1000 {
		return fault.New(fault.Usage, "--show", "%d: from 1 to 1000", c.Show)
	}
	if c.Trees != "" && c.TreesA != "" && c.TreesB != "" {
		return fault.New(fault.Usage, "--trees", "both models have rounds of their own: --trees-a and --trees-b").WithHint("leave it out")
	}
	var scorers [2]*parity.Scorer
	var known [2]*model.Model
	var models [2]diffModel
	for i, side := range []struct{ path, trees, flag string }{{c.A, c.TreesA, "--trees-a"}, {c.B, c.TreesB, "--trees-b"}} {
		trees := cmp.Or(side.trees, c.Trees)
		m, err := c.load(ctx, side.path, trees)
		if fe := (*fault.Error)(nil); side.trees != "" && errors.As(err, &fe) && fe.Source == "--trees" {
			fe.Source = side.flag
		}
		if err != nil {
			return err
		}
		scorers[i], known[i] = m.Scorer(c.renames(m)), m
		models[i] = diffModel{side.path, m.Name(), m.Digest(), formatOf(m), trees}
	}
	for _, feature := range slices.Sorted(maps.Keys(c.Rename)) {
		if !known[0].HasFeature(feature) && !known[1].HasFeature(feature) {
			return fault.New(fault.Usage, "--rename", "neither model has a feature %q", feature).WithHint("--rename takes feature=column; `glulam inspect` lists the features")
		}
	}
	t, file, err := c.rows(ctx, c.Rows)
	if err != nil {
		return err
	}
	defer file.Close()
	r := &differed{A: models[0], B: models[1], Table: c.Rows}
	r.DiffReport, err = parity.Diff(ctx, t, scorers[0], scorers[1], int(c.Show))
	if fe := (*fault.Error)(nil); errors.As(err, &fe) && fe.Source == "" {
		fe.Source = c.A + " and " + c.B
	}
	if err != nil {
		return err
	}
	r.Equal = r.DiffReport.Equal()
	if c.JSON {
		err = writeJSON(e.stdout, r)
	} else {
		_, err = io.WriteString(e.stdout, r.text())
	}
	if err == nil && !r.Equal {
		err = &findings{text: fmt.Sprintf("%s of %s differ", count(r.RowsDifferent), plural(r.Rows, "row"))}
	}
	return err
}

// load loads one of the models. Names are for those that have none.
func (c *diffCmd) load(ctx context.Context, path, trees string) (*model.Model, error) {
	o := model.Options{Trees: trees, Raw: true}
	m, err := model.Load(ctx, path, o)
	if err != nil || c.Features == nil || !m.Nameless() {
		return m, err
	}
	o.Features = c.Features
	return model.Load(ctx, path, o)
}

// renames are those that are about features of a model: the other one may have others.
func (c *diffCmd) renames(m *model.Model) map[string]string {
	out := map[string]string{}
	for feature, column := range c.Rename {
		if m.HasFeature(feature) {
			out[feature] = column
		}
	}
	return out
}

// text renders the report for people.
func (r *differed) text() string {
	var t table
	t.row("a", r.A.String())
	t.row("b", r.B.String())
	t.row("rows", fmt.Sprintf("%s of %s", count(r.Rows), r.Table))
	t.row("different", fmt.Sprintf("%s  %s", plural(r.RowsDifferent, "row"), percent(r.RowsDifferent, r.Rows)))
	for i, n := range r.RowsRefused {
		if n > 0 {
			t.row("refused", fmt.Sprintf("%s by %s: %s", plural(n, "row"), []string{"a", "b"}[i], r.FirstRefused[i]))
		}
	}
	g := grid{right: map[int]bool{1: true, 2: true, 3: true, 4: true}}
	g.row("output", "values", "different", "max ulps", "max difference")
	for _, o := range r.Outputs {
		ulps := ulpsText(o.MaxULPs)
		if o.Output == "class" {
			ulps = "-"
		}
		g.row(o.Output, count(o.Values), count(o.Different), ulps, number(float64(o.MaxDifference)))
	}
	text := t.String() + "\n" + g.String()
	for _, o := range r.Outputs {
		if o.Incomparable > 0 {
			text += fmt.Sprintf("\n  %s: NaN on one side only in %s\n", o.Output, plural(o.Incomparable, "value"))
		}
	}
	switch {
	case r.Equal:
		return text + "\nequal on these rows\n"
	case r.Worst == nil:
		return text + "\nequal on the rows that both take\n"
	}
	var q table
	for _, x := range r.Quantiles {
		q.row(strconv.FormatFloat(100*x.Share, 'f', -1, 64)+"%", number(float64(x.Difference)))
	}
	if r.Quantiles != nil {
		text += fmt.Sprintf("\nat most so far off in %s, for a share of the rows\n", r.Outputs[0].Output) + q.String()
	}
	w := grid{right: map[int]bool{0: true, 2: true, 3: true, 4: true}}
	w.row("row", "output", "a", "b", "difference")
	for _, x := range r.Worst {
		w.row(count(x.Row), x.Column, exact(x.A), exact(x.B), number(float64(x.Difference)))
	}
	return text + "\nrows that differ most\n" + w.String() + "\n" + r.parting() + "\n"
}

// parting says where the trees of the worst row part.
func (r *differed) parting() string {
	p := r.Parting
	switch {
	case p == nil:
		return "where they part cannot be told: a model without trees, or a row that is refused"
	case p.Tree >= 0 && p.Leaf[0] == p.Leaf[1]:
		return fmt.Sprintf("row %s: tree %d is the first that differs: leaf %d is %s in a, %s in b",
			count(p.Row), p.Tree, p.Leaf[0], exact(p.Values[0]), exact(p.Values[1]))
	case p.Tree >= 0:
		return fmt.Sprintf("row %s: tree %d is the first that differs: leaf %d (%s) in a, leaf %d (%s) in b",
			count(p.Row), p.Tree, p.Leaf[0], exact(p.Values[0]), p.Leaf[1], exact(p.Values[1]))
	case p.Trees[0] != p.Trees[1]:
		return fmt.Sprintf("row %s: the first %s agree; a has %s, b %s", count(p.Row), plural(int64(min(p.Trees[0], p.Trees[1])), "tree"), count(int64(p.Trees[0])), count(int64(p.Trees[1])))
	}
	return fmt.Sprintf("row %s: all %s agree; the models differ in what is done to their sum", count(p.Row), plural(int64(p.Trees[0]), "tree"))
}
