package pipelines

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"golang.org/x/sync/errgroup"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/csv"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/files"
	"github.com/glulam/glulam/transforms/score"
)

// planColumns looks at the columns of every input file and decides what is read of them: what the model needs, and what
// is kept beside the predictions. A file without records has no say, but not all may be empty.
func (j *BatchJob) planColumns(ctx context.Context) error {
	described, err := describe(ctx, j.in, j.inputs)
	if err != nil {
		return err
	}
	scoring := j.scoring()
	inputs, err := scoring.Inputs(j.Model, known(described))
	if err != nil {
		return err
	}
	check := described
	if j.in.Name == "jsonl" {
		if described, err = j.allMembers(ctx, described, inputs); err != nil {
			return err
		}
		// Objects may leave members out, so what counts is that some file has them.
		check = []layout{{described[0].in, union(described)}}
	}
	for _, l := range check {
		if err := j.checkFile(l, inputs); err != nil {
			return err
		}
	}
	if err := j.keep(described); err != nil {
		return err
	}
	if j.columns, err = addFeatures(j.columns, inputs, j.in.Name == "parquet"); err != nil {
		return err
	}
	return j.checkOutputs(union(described))
}

// known gives the types of columns that files have.
func known(described []layout) func(column string) arrow.DataType {
	types := map[string]arrow.DataType{}
	for _, l := range described {
		for _, c := range l.Columns {
			types[c.Name] = c.Type
		}
	}
	return func(column string) arrow.DataType { return types[column] }
}

// kept are the columns to keep that the input has.
func (j *BatchJob) kept() []string { return read(j.Spec.Columns, j.Spec.Derive) }

// allMembers sees to it that layouts of JSON lines, which tell of the first records, have the columns that are needed, if
// any record has them: where one is not among the first, it looks at all.
func (j *BatchJob) allMembers(ctx context.Context, described []layout, inputs []model.Input) ([]layout, error) {
	if !slices.ContainsFunc(described, func(l layout) bool { return l.Problem == nil }) {
		return nil, described[0].Problem
	}
	count := map[string]int{}
	for _, c := range union(described).Columns {
		count[c.Name]++
	}
	needed := j.kept()
	for _, in := range inputs {
		needed = append(needed, in.Column)
	}
	if !slices.ContainsFunc(needed, func(name string) bool { return j.occurrences(count, name) == 0 }) {
		return described, nil
	}
	whole := j.in
	whole.Whole = true
	return describe(ctx, whole, j.inputs)
}

// layout is that of one input file.
type layout struct {
	in files.Input
	*format.Layout
}

// union has every column that some file has, once.
func union(layouts []layout) *format.Layout {
	all := &format.Layout{}
	seen := map[string]bool{}
	for _, l := range layouts {
		for _, c := range l.Columns {
			if !seen[c.Name] {
				seen[c.Name] = true
				all.Columns = append(all.Columns, c)
			}
		}
	}
	return all
}

// describe reads the layouts of all files that have records. If none has, that is the error.
func describe(ctx context.Context, f files.Format, inputs []files.Input) ([]layout, error) {
	ff, err := f.Open()
	if err != nil {
		return nil, err
	}
	all := make([]layout, len(inputs))
	empty := make([]error, len(inputs))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(2 * runtime.GOMAXPROCS(0))
	for i, in := range inputs {
		g.Go(func() error {
			file, err := in.Open()
			if err != nil {
				return err
			}
			defer file.Close()
			l, err := ff.Describe(gctx, file)
			if fault.CodeOf(err) == fault.Empty {
				empty[i] = err
				return nil
			}
			all[i] = layout{in, l}
			return files.Lookalike(f.Name, file, err)
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(l layout) bool { return l.Layout == nil })
	if len(all) == 0 {
		return nil, empty[0]
	}
	return all, nil
}

// checkFile holds one file's columns against the model's features and the columns to keep.
func (j *BatchJob) checkFile(l layout, inputs []model.Input) error {
	count := map[string]int{}
	types := map[string]arrow.DataType{}
	for _, c := range l.Columns {
		count[c.Name]++
		types[c.Name] = c.Type
	}
	var missing, twice []string
	for _, i := range inputs {
		switch n := j.occurrences(count, i.Column); {
		case n == 0:
			missing = append(missing, i.Column)
		case n > 1:
			twice = append(twice, i.Column)
		}
	}
	if len(missing)+len(twice) > 0 {
		err := j.Model.MissingColumns(missing, twice)
		if fe := (*fault.Error)(nil); errors.As(err, &fe) && len(missing) > 0 {
			if guess := j.missingHint(missing, l); guess != "" {
				fe.Hint = guess + "\n" + fe.Hint
			}
		}
		return at(l.in, err)
	}
	for _, c := range j.kept() {
		switch n := j.occurrences(count, c); {
		case n == 0:
			return fault.New(fault.Schema, l.in.Path, "--columns asks for %q, which the file does not have", c)
		case n > 1:
			return fault.New(fault.Schema, l.in.Path, "--columns asks for %q, which stands %d times in the file", c, n)
		}
	}
	if j.in.Name != "parquet" {
		return nil
	}
	fields := make([]arrow.Field, 0, len(inputs))
	for _, i := range inputs {
		if t := types[i.Column]; t != nil && !slices.ContainsFunc(fields, func(f arrow.Field) bool { return f.Name == i.Column }) {
			fields = append(fields, arrow.Field{Name: i.Column, Type: t})
		}
	}
	scoring := j.scoring()
	return at(l.in, scoring.Fits(j.Model, arrow.NewSchema(fields, nil)))
}

// missingHint guesses why columns are missing in a file.
func (j *BatchJob) missingHint(missing []string, l layout) string {
	if j.in.Name != "csv" {
		return format.DidYouMean(missing, l.Columns)
	}
	delimiter := byte(',')
	if j.in.Delimiter != "" {
		delimiter = j.in.Delimiter[0]
	}
	return csv.MissingHint(missing, l.Layout, delimiter)
}

// occurrences says how often a file has a column; a dotted path counts as its first member in JSON lines.
func (j *BatchJob) occurrences(count map[string]int, column string) int {
	if n := count[column]; n > 0 || j.in.Name != "jsonl" {
		return n
	}
	head, _, nested := strings.Cut(column, ".")
	if !nested {
		return 0
	}
	return count[head]
}

// at names the file in an error that does not.
func at(in files.Input, err error) error {
	if fe := (*fault.Error)(nil); errors.As(err, &fe) && fe.Source == "" {
		fe.Source = in.Path
		if in.Name != "" {
			fe.Source = in.Name
		}
	}
	return err
}

// keep fills in the columns that are kept beside the predictions. Where the format stays the same they pass through as
// bytes: the whole row if all columns are kept, else cell by cell.
func (j *BatchJob) keep(layouts []layout) error {
	text := j.in.Name != "parquet"
	same := text && j.in.Name == j.out.Name && j.in.Delimiter == j.out.Delimiter
	names := j.kept()
	if j.Spec.Columns == nil {
		if same && (j.in.Name == "jsonl" || sameHeaders(layouts)) {
			j.columns = []block.Column{{Column: format.Column{Name: "row", Kind: format.RawRow}}}
			return nil
		}
		var err error
		if names, err = j.commonColumns(layouts); err != nil {
			return err
		}
		if j.in.Name == "jsonl" {
			j.in.Known = names
		}
	}
	kind := format.Native
	if same {
		kind = format.Raw
	}
	for _, n := range names {
		j.columns = append(j.columns, block.Column{Column: format.Column{Name: n, Kind: kind}})
	}
	return nil
}

func sameHeaders(layouts []layout) bool {
	for _, l := range layouts[1:] {
		if !slices.EqualFunc(l.Columns, layouts[0].Columns, func(a, b format.ColumnInfo) bool { return a.Name == b.Name }) {
			return false
		}
	}
	return true
}

// commonColumns lists all columns of the input when they are kept one by one. Files with headers must agree on their
// names; JSON objects may differ.
func (j *BatchJob) commonColumns(layouts []layout) ([]string, error) {
	var names []string
	seen := map[string]arrow.DataType{}
	for i, l := range layouts {
		for _, c := range l.Columns {
			t, known := seen[c.Name]
			switch {
			case !known && (i == 0 || j.in.Name == "jsonl"):
				names = append(names, c.Name)
				seen[c.Name] = c.Type
			case !known:
				return nil, fault.New(fault.Schema, l.in.Path, "has a column %q, which %s does not have", c.Name, layouts[0].in.Path).
					WithHint("list the columns to keep with --columns")
			case i == 0 && j.in.Name != "jsonl":
				return nil, fault.New(fault.Schema, l.in.Path, "the column %q stands twice", c.Name).WithHint("list the columns to keep with --columns")
			case t != nil && c.Type != nil && !arrow.TypeEqual(t, c.Type):
				return nil, fault.New(fault.Schema, l.in.Path, "the column %q is %s, in %s it is %s", c.Name, c.Type, layouts[0].in.Path, t).
					WithHint("list the columns to keep with --columns, without this one")
			}
		}
		if j.in.Name != "jsonl" && len(l.Columns) != len(names) {
			return nil, fault.New(fault.Schema, l.in.Path, "has %d columns, %s has %d", len(l.Columns), layouts[0].in.Path, len(names)).
				WithHint("list the columns to keep with --columns")
		}
	}
	return names, nil
}

// addFeatures adds what the model needs to the columns that are kept. A kept column that the reader gives as values serves
// for both, and one column may be several features. typed says that columns have types of their own (Parquet).
func addFeatures(columns []block.Column, inputs []model.Input, typed bool) ([]block.Column, error) {
	wanted := map[string]model.Input{}
	for _, in := range inputs {
		if first, ok := wanted[in.Column]; ok {
			if first.Text != in.Text && !typed {
				return nil, fault.New(fault.Usage, "--rename", "the column %q would be the number %s and the text %s", in.Column, either(first, in, false), either(first, in, true)).
					WithHint("a feature of text and one of numbers need columns of their own")
			}
			continue
		}
		wanted[in.Column] = in
		kind := format.Number
		switch {
		case typed:
			kind = format.Native
		case in.Text:
			kind = format.Text
		}
		i := slices.IndexFunc(columns, func(c block.Column) bool {
			return c.Name == in.Column && c.Kind != format.Raw && c.Kind != format.RawRow
		})
		if i >= 0 {
			columns[i].Kind, columns[i].Exact = kind, kind == format.Number
			continue
		}
		columns = append(columns, block.Column{Column: format.Column{Name: in.Column, Kind: kind}, Feature: true})
	}
	return columns, nil
}

// either is the feature of the two that is text, or is not.
func either(a, b model.Input, text bool) string {
	if a.Text == text {
		return a.Feature
	}
	return b.Feature
}

// checkOutputs refuses outputs that would have the name of a kept column. Members of JSON objects that are kept whole are
// known from some of them only; in others they are for the reader to refuse.
func (j *BatchJob) checkOutputs(l *format.Layout) error {
	whole := slices.ContainsFunc(j.columns, func(c block.Column) bool { return c.Kind == format.RawRow })
	kept := map[string]bool{}
	for _, c := range j.columns {
		kept[c.Name] = kept[c.Name] || c.Kind != format.RawRow && (whole || !c.Feature)
	}
	for _, c := range l.Columns {
		kept[c.Name] = kept[c.Name] || whole
	}
	scoring := j.scoring()
	var names, clash []string
	for _, f := range scoring.Fields(j.Model) {
		names = append(names, f.Name)
		if kept[f.Name] {
			clash = append(clash, f.Name)
		}
	}
	if len(clash) > 0 {
		return at(j.inputs[0], score.Clash(clash))
	}
	if whole && j.in.Name == "jsonl" {
		j.in.Taken = names
	}
	return nil
}

// String says what a job is, for logs.
func (j *BatchJob) String() string {
	return fmt.Sprintf("batch of %d files with %s to %s", len(j.inputs), j.Model, j.Spec.Output)
}
