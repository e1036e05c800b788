package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/model/bundle"
	"github.com/glulam/glulam/model/parity"
	"github.com/glulam/glulam/transforms/files"
)

// checkCmd is `glulam check`.
type checkCmd struct {
	Model    string  `arg:"" name:"model" help:"model file, glulam bundle or MLflow model"`
	Rows     string  `placeholder:"FILE" group:"what" help:"rows to score; default: the golden rows that the model brings"`
	Expected string  `placeholder:"FILE" group:"what" help:"what the training library gave for them: a line for each row, and columns called margin, prediction, class or leaf (margin_0, margin_1, ... if a row has several)"`
	ULPs     *whole  `name:"ulps" placeholder:"N" group:"what" help:"how far predictions may be off, in units of the last place: 0 to 64; default: 3; all else has to be equal"`
	Features list    `placeholder:"A,B" group:"columns" help:"names of the features in the order of training, for a model file that has none"`
	Rename   renames `placeholder:"FEATURE=COLUMN" group:"columns" help:"take a feature from a column of another name; may be given again"`
	Trees    string  `placeholder:"ROUNDS" group:"columns" help:"boosting rounds that count: all, best or a:b; default: all"`
	ReadFlags
	JSON bool `name:"json" group:"run" help:"print one JSON object"`
}

// checked is the JSON of `glulam check`.
type checked struct {
	Model  string `json:"model"`
	Digest string `json:"digest"`
	Format string `json:"format"`
	Table  string `json:"table"` // of the rows
	Equal  bool   `json:"equal"`
	*parity.Report
}

// Run checks the model.
func (c *checkCmd) Run(e *env) error {
	ctx := context.Background()
	if c.Expected != "" && c.Rows == "" {
		return fault.New(fault.Usage, "--expected", "there are no rows to it").WithHint("give --rows, too")
	}
	if given := c.given(); given != "" && c.Rows == "" {
		return fault.New(fault.Usage, given, "there are no rows to be read so").WithHint("give --rows, too; a bundle's golden rows need no flag")
	}
	tol, err := tolerance(c.ULPs)
	if err != nil {
		return err
	}
	m, err := model.Load(ctx, c.Model, model.Options{Features: c.Features, Trees: c.Trees, Raw: true, Unchecked: true})
	if err != nil {
		return err
	}
	r := &checked{Model: m.Name(), Digest: m.Digest(), Format: formatOf(m)}
	if r.Report, r.Table, err = c.check(ctx, m, tol); err != nil {
		return err
	}
	r.Equal = r.Report.Equal()
	if c.JSON {
		err = writeJSON(e.stdout, r)
	} else {
		_, err = io.WriteString(e.stdout, r.text())
	}
	if err == nil && !r.Equal {
		err = r.finding()
	}
	return err
}

// tolerance is what --ulps says; nil: nothing.
func tolerance(ulps *whole) (*parity.Tolerance, error) {
	if ulps == nil {
		return nil, nil
	}
	if *ulps < 0 || *ulps > bundle.MaxULPs {
		return nil, fault.New(fault.Usage, "--ulps", "%d: 0 to %d", *ulps, bundle.MaxULPs).
			WithHint("predictions that are further off are other predictions; `glulam diff` says how two models differ")
	}
	return &parity.Tolerance{Prediction: uint64(*ulps)}, nil
}

// check scores the rows. tol nil is what the bundle says, or the default.
func (c *checkCmd) check(ctx context.Context, m *model.Model, tol *parity.Tolerance) (*parity.Report, string, error) {
	if c.Rows == "" {
		if err := c.golden(m.Bundle()); err != nil {
			return nil, "", err
		}
		r, err := m.Check(ctx, tol)
		if fe := (*fault.Error)(nil); errors.Is(err, model.ErrNoGolden) && errors.As(err, &fe) {
			fe.Source = c.Model
			fe.Hint = "give --rows, and --expected with what the training library gave for them: docs/bundles.md has the lines of Python that write it"
		}
		if err != nil {
			return nil, "", err
		}
		b := m.Bundle()
		return r, b.Source + "/" + b.Golden.Rows.Name, nil
	}
	if tol == nil {
		tol = &parity.DefaultTolerance
	}
	rows, file, err := c.rows(ctx, c.Rows)
	if err != nil {
		return nil, "", err
	}
	defer file.Close()
	var expected *parity.Table
	if c.Expected != "" {
		t, file, err := openTable(ctx, "--expected", c.Expected, files.Reading{})
		if err != nil {
			return nil, "", err
		}
		defer file.Close()
		expected = t
	}
	r, err := parity.Check(ctx, rows, expected, *tol, m.Scorers(c.Rename))
	return r, c.Rows, err
}

// golden refuses flags with which golden rows cannot be held against what is expected of them. b may be nil.
func (c *checkCmd) golden(b *bundle.Bundle) error {
	if b == nil || b.Golden == nil {
		return nil
	}
	trees := cmp.Or(b.Trees, "all")
	if b.PreferBest && b.Trees == "" {
		trees = "best"
	}
	switch {
	case c.Rename != nil:
		return fault.New(fault.Usage, "--rename", "golden rows have the columns that the bundle says").WithHint("--rename is for --rows")
	case c.Trees != "" && c.Trees != trees && b.Golden.Expected.Name != "":
		return fault.New(fault.Usage, "--trees", "the golden rows of %s are for the rounds %s", c.Model, trees).
			WithHint("give --rows and --expected for other rounds")
	}
	return nil
}

// formatOf is a model's format with its version.
func formatOf(m *model.Model) string {
	f := m.Forest()
	return strings.TrimSpace(f.Format + " " + f.Version)
}

// text renders the report for people.
func (r *checked) text() string {
	var t table
	t.row("format", r.Format)
	t.row("digest", r.Digest)
	t.row("rows", count(r.Rows)+" of "+r.Table)
	if r.Expected {
		t.row("expected", r.Against)
	} else {
		t.row("expected", "not known: engines are compared with "+r.Against+" only")
	}
	if len(r.Ignored) > 0 {
		t.row("not looked at", shorten(listed(r.Ignored), 80))
	}
	g := grid{right: map[int]bool{2: true, 3: true, 4: true, 5: true}}
	g.row("engine", "output", "values", "different", "max ulps", "max difference", "first different")
	refused := ""
	single := false
	for _, e := range r.Engines {
		refused += r.notes(&e)
		for _, o := range e.Outputs {
			single = single || o.Float32
			ulps := ulpsText(o.MaxULPs)
			if o.Output == "class" || o.Output == "leaf" {
				ulps = "-"
			}
			g.row(e.Engine, o.Output, count(o.Values), count(o.Different), ulps, number(float64(o.MaxDifference)), firstText(o.First))
		}
	}
	text := r.Model + "\n" + t.String() + "\n" + g.String()
	if refused != "" {
		text += "\n" + refused
	}
	if single {
		text += "\n  the library computes in float32: ulps are those of float32\n"
	}
	return text + "\n" + r.verdict() + "\n"
}

// notes says what the table has no column for: rows and values that are not compared.
func (r *checked) notes(e *parity.EngineReport) (text string) {
	line := func(format string, args ...any) { text += fmt.Sprintf("  "+e.Engine+" "+format+"\n", args...) }
	if e.Reason != "" {
		line("does not take this model: %s", e.Reason)
	}
	against := r.Against
	if r.Expected {
		against = "the library"
	}
	switch {
	case e.RowsMissed > 0 && e.RowsMissed < e.RowsRefused:
		line("refused %s, %s of which %s scored: %s", plural(e.RowsRefused, "row"), count(e.RowsMissed), against, e.FirstMissed)
	case e.RowsMissed > 0:
		line("refused %s, which %s scored: %s", plural(e.RowsRefused, "row"), against, e.FirstMissed)
	case e.RowsRefused > 0 && r.Expected:
		line("refused %s, of which nothing is expected: %s", plural(e.RowsRefused, "row"), e.FirstRefused)
	case e.RowsRefused > 0:
		line("refused %s, as %s does: %s", plural(e.RowsRefused, "row"), against, e.FirstRefused)
	}
	for _, o := range e.Outputs {
		if o.Incomparable > 0 {
			line("%s: NaN on one side only in %s", o.Output, plural(o.Incomparable, "value"))
		}
	}
	return text
}

// firstText says where the first difference is.
func firstText(f *parity.Found) string {
	if f == nil {
		return "-"
	}
	return fmt.Sprintf("row %s, %s: %s, expected %s", count(f.Row), f.Column, exact(f.Got), exact(f.Expected))
}

// verdict is the last line.
func (r *checked) verdict() string {
	switch {
	case r.Values() == 0 && r.Missed() == nil:
		return "nothing was compared: no row was scored"
	case !r.Equal:
		return "different"
	}
	off := ""
	if most := r.MaxULPs(); most > 0 {
		off = " within " + plural(int64(most), "ulp")
	}
	switch {
	case !r.Expected:
		return "equal" + off + ", but not held against the training library"
	case off != "":
		return "equal" + off + ": predictions are off by no more, all else is the training library's own"
	}
	return "equal: the training library's own numbers"
}

// finding is what to say of a difference.
func (r *checked) finding() *findings {
	o := r.Worst()
	switch e := r.Missed(); {
	case e != nil && o == nil:
		return &findings{
			text: plural(e.RowsMissed, "row") + " refused, of which outputs are expected",
			hint: "the first is " + e.FirstMissed,
		}
	case o == nil:
		return &findings{text: "nothing was compared: no row was scored", hint: r.refusal()}
	}
	names := map[string]string{"class": "classes", "leaf": "leaves"}[o.Output]
	if names == "" {
		names = o.Output + "s"
	}
	text := fmt.Sprintf("%s of %s %s are not as expected", count(o.Different), count(o.Values), names)
	if o.Tolerance > 0 {
		text += fmt.Sprintf(", by more than %s", plural(int64(o.Tolerance), "ulp"))
	}
	return &findings{
		text: text,
		hint: fmt.Sprintf("the first is row %s: %s, expected %s", count(o.First.Row), exact(o.First.Got), exact(o.First.Expected)),
	}
}

// refusal is the first row that was refused.
func (r *checked) refusal() string {
	for _, e := range r.Engines {
		if e.FirstRefused != "" {
			return e.FirstRefused
		}
	}
	return ""
}

// ulpsText writes a distance.
func ulpsText(u uint64) string {
	switch {
	case u > 1e9:
		return number(float64(u))
	}
	return count(int64(u))
}

// exact writes all digits of a number.
func exact(n parity.Number) string { return strconv.FormatFloat(float64(n), 'g', -1, 64) }
