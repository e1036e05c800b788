package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/model/parity"
)

// checkCmd is `glulam check`.
type checkCmd struct {
	Model    string  `arg:"" name:"model" help:"model file, glulam bundle or MLflow model"`
	Rows     string  `placeholder:"FILE" group:"what" help:"rows to score; default: the golden rows that the model brings"`
	Expected string  `placeholder:"FILE" group:"what" help:"what the training library gave for them: a line for each row, and columns called margin, prediction, class or leaf (margin_0, margin_1, ... if a row has several)"`
	ULPs     whole   `name:"ulps" placeholder:"N" default:"-1" group:"what" help:"how far values may be off, in units of the last place; default: 0 for margins, 3 for predictions"`
	Features list    `placeholder:"A,B" group:"columns" help:"names of the features in the order of training, for a model file that has none"`
	Rename   renames `placeholder:"FEATURE=COLUMN" group:"columns" help:"take a feature from a column of another name; may be given again"`
	Trees    string  `placeholder:"ROUNDS" group:"columns" help:"boosting rounds that count: all, best or a:b; default: all"`
	JSON     bool    `name:"json" group:"run" help:"print one JSON object"`
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
	m, err := model.Load(ctx, c.Model, model.Options{Features: c.Features, Trees: c.Trees, Raw: true, Unchecked: true})
	if err != nil {
		return err
	}
	r := &checked{Model: m.Name(), Digest: m.Digest(), Format: formatOf(m)}
	if r.Report, r.Table, err = c.check(ctx, m); err != nil {
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

func (c *checkCmd) check(ctx context.Context, m *model.Model) (*parity.Report, string, error) {
	var tol *parity.Tolerance
	if c.ULPs >= 0 {
		tol = &parity.Tolerance{Margin: uint64(c.ULPs), Prediction: uint64(c.ULPs)}
	}
	if c.Rows == "" {
		r, err := m.Check(ctx, tol)
		if fe := (*fault.Error)(nil); errors.Is(err, model.ErrNoGolden) && errors.As(err, &fe) {
			fe.Hint = "give --rows, and --expected with what the training library gave for them"
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
	rows, file, err := openTable(ctx, "--rows", c.Rows)
	if err != nil {
		return nil, "", err
	}
	defer file.Close()
	var expected *parity.Table
	if c.Expected != "" {
		t, file, err := openTable(ctx, "--expected", c.Expected)
		if err != nil {
			return nil, "", err
		}
		defer file.Close()
		expected = t
	}
	r, err := parity.Check(ctx, rows, expected, *tol, m.Scorers(c.Rename))
	return r, c.Rows, err
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
		t.row("not looked at", shorten(r.Ignored, 80))
	}
	g := grid{right: map[int]bool{2: true, 3: true, 4: true, 5: true}}
	g.row("engine", "output", "values", "different", "max ulps", "max difference", "first different")
	refused := ""
	single := false
	for _, e := range r.Engines {
		if e.Reason != "" {
			refused += fmt.Sprintf("  %s does not take this model: %s\n", e.Engine, e.Reason)
		}
		if e.RowsRefused > 0 {
			refused += fmt.Sprintf("  %s: %s refused: %s\n", e.Engine, plural(e.RowsRefused, "row"), e.FirstRefused)
		}
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
	case !r.Equal:
		return "different"
	case r.Expected:
		return "equal: the training library's own numbers"
	}
	return "equal, but not held against the training library"
}

// finding is what to say of a difference.
func (r *checked) finding() *findings {
	o := r.Worst()
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

// ulpsText writes a distance.
func ulpsText(u uint64) string {
	switch {
	case u == parity.Incomparable:
		return "NaN"
	case u > 1e9:
		return number(float64(u))
	}
	return count(int64(u))
}

// exact writes all digits of a number.
func exact(n parity.Number) string { return strconv.FormatFloat(float64(n), 'g', -1, 64) }
