package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/model/bundle"
	"github.com/glulam/glulam/model/parity"
)

// bundleCmd is `glulam bundle`.
type bundleCmd struct {
	Model    string `placeholder:"PATH" required:"" group:"what" help:"model file or MLflow model"`
	Rows     string `placeholder:"FILE" required:"" group:"what" help:"golden rows: at most 10,000, and 64 MB"`
	Expected string `placeholder:"FILE" required:"" group:"what" help:"what the training library gave for them, as for glulam check"`
	Output   string `placeholder:"PATH" required:"" group:"what" help:"bundle to write: a .tar.gz or .tgz, else a folder; refused when it exists"`

	Name         string  `placeholder:"NAME" group:"columns" help:"what the model is called; default: the output's name"`
	ModelVersion string  `placeholder:"TEXT" group:"columns" help:"which version of the model it is"`
	Features     list    `placeholder:"A,B" group:"columns" help:"names of the features in the order of training, for a model file that has none"`
	Rename       renames `placeholder:"FEATURE=COLUMN" group:"columns" help:"take a feature from a column of another name; may be given again"`
	Outputs      list    `placeholder:"A,B" group:"columns" help:"what a run adds if nobody says, of prediction, margin, class, leaf, model, origin"`
	Trees        string  `placeholder:"ROUNDS" group:"columns" help:"boosting rounds that count: all, best or a:b; default: all"`
	Threshold    string  `placeholder:"P" group:"columns" help:"class 1 is a prediction above this; for binary models; default: 0.5"`
	Note         renames `placeholder:"KEY=TEXT" group:"columns" help:"something to note about the model's origin; may be given again"`
	ULPs         whole   `name:"ulps" placeholder:"N" default:"-1" group:"columns" help:"how far values may be off, in units of the last place; default: 0 for margins, 3 for predictions"`
	JSON         bool    `name:"json" group:"run" help:"print one JSON object"`
}

// Run makes the bundle, checks it, and writes it.
func (c *bundleCmd) Run(e *env) error {
	ctx := context.Background()
	b, err := c.bundle(ctx)
	if err != nil {
		return err
	}
	contents := b.Files()
	made, err := bundle.FromFiles(contents, c.Output)
	if err != nil {
		return err
	}
	m, err := model.FromBundle(ctx, made, model.Options{Raw: true, Unchecked: true})
	if err != nil {
		return err
	}
	r := &checked{Model: m.Name(), Digest: m.Digest(), Format: formatOf(m), Table: c.Rows}
	if r.Report, err = m.Check(ctx, nil); err != nil {
		return err
	}
	r.Against, r.Equal = c.Expected, r.Report.Equal()
	if r.Equal {
		err = bundle.Write(c.Output, contents)
	}
	if err != nil {
		return err
	}
	if c.JSON {
		err = writeJSON(e.stdout, r)
	} else {
		_, err = io.WriteString(e.stdout, r.text())
	}
	switch {
	case err != nil:
		return err
	case !r.Equal:
		f := r.finding()
		f.hint += "; no bundle was written"
		return f
	case !c.JSON:
		fmt.Fprintf(e.screen, "wrote %s\n", c.Output)
	}
	return nil
}

// bundle gathers what goes into it.
func (c *bundleCmd) bundle(ctx context.Context) (*bundle.Bundle, error) {
	if ext := filepath.Ext(c.Output); slices.Contains([]string{".zip", ".tar", ".gz", ".zst"}, ext) && !strings.HasSuffix(c.Output, ".tar.gz") {
		return nil, fault.New(fault.Usage, "--output", "%s: a bundle is a .tar.gz, a .tgz, or a folder", ext)
	}
	if _, err := os.Lstat(c.Output); err == nil {
		return nil, fault.New(fault.Conflict, c.Output, "exists already").WithHint("give another name, or remove it first")
	}
	m, err := model.Load(ctx, c.Model, model.Options{Features: c.Features, Trees: c.Trees, Raw: true, Unchecked: true})
	if err != nil {
		return nil, err
	}
	b := &bundle.Bundle{
		Kind: bundle.Glulam, Source: c.Output, Name: c.Name, Version: c.ModelVersion, ModelFile: filepath.Base(c.Model),
		Features: c.Features, Rename: c.Rename, Outputs: c.Outputs, Trees: c.Trees, Golden: &bundle.Golden{},
	}
	if from := m.Bundle(); from != nil {
		if from.Kind != bundle.MLflow {
			return nil, fault.New(fault.Usage, "--model", "%s is a bundle already", c.Model).WithHint("edit its %s, then run glulam check", bundle.ManifestName)
		}
		c.takeOver(b, from, m)
	} else if b.Model, err = os.ReadFile(c.Model); err != nil {
		return nil, fault.FromOS(fault.Unreadable, c.Model, err)
	}
	for _, key := range slices.Sorted(maps.Keys(c.Note)) {
		b.Provenance = append(b.Provenance, bundle.Note{Key: key, Text: c.Note[key]})
	}
	if c.Threshold != "" {
		t, err := strconv.ParseFloat(c.Threshold, 64)
		if err != nil || t-t != 0 {
			return nil, fault.New(fault.Usage, "--threshold", "%q is not a number", c.Threshold)
		}
		b.Threshold = &t
	}
	if c.ULPs >= 0 {
		u := uint64(c.ULPs)
		b.Golden.ULPs = &u
	}
	s := m.Scorer(c.Rename)
	if b.Golden.Rows, err = goldenFile(ctx, "--rows", c.Rows, "golden/rows", s.Columns); err != nil {
		return nil, err
	}
	b.Golden.Expected, err = goldenFile(ctx, "--expected", c.Expected, "golden/expected", func(t *parity.Table) ([]format.Column, error) {
		return parity.OutputColumns(t, &s.Outputs)
	})
	return b, err
}

// takeOver fills in what an MLflow model says, where no flag says otherwise.
func (c *bundleCmd) takeOver(b, from *bundle.Bundle, m *model.Model) {
	b.ModelFile, b.Model = path.Base(from.ModelFile), from.Model
	if b.Features == nil {
		b.Features = from.Features
	}
	b.Rename = map[string]string{}
	maps.Copy(b.Rename, from.Rename)
	maps.Copy(b.Rename, c.Rename)
	if b.Trees == "" {
		b.Trees = from.Trees
	}
	b.Provenance = append(b.Provenance, from.Provenance...)
}

// goldenFile reads a file into the bundle: as it stands if bundles can have it so, else as CSV of the columns that count.
func goldenFile(ctx context.Context, flag, path, name string, columns func(*parity.Table) ([]format.Column, error)) (f bundle.File, err error) {
	t, file, err := openTable(ctx, flag, path)
	if err != nil {
		return f, err
	}
	defer file.Close()
	t.MaxRows = bundle.MaxGoldenRows
	need, err := columns(t)
	if err != nil {
		return f, err
	}
	if bundle.GoldenName(path) {
		f.Name = name + strings.ToLower(filepath.Ext(path))
		f.Data, err = os.ReadFile(path)
	} else {
		var csv bytes.Buffer
		err = t.WriteCSV(ctx, &csv, need)
		f.Name, f.Data = name+".csv", csv.Bytes()
	}
	if err == nil && len(f.Data) > bundle.MaxGolden {
		err = fault.New(fault.TooLarge, path, "more than %s", size(bundle.MaxGolden)).WithHint("keep a sample of the rows")
	}
	return f, err
}
