package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/model/bundle"
	"github.com/glulam/glulam/model/parity"
	"github.com/glulam/glulam/transforms/files"
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
	Threshold    string  `placeholder:"P" group:"columns" help:"of binary models: the class is 1 where the prediction is above this, also in the check, and 0 elsewhere; predictions stay as they are; default: the model's own rule, mostly 0.5"`
	Calibration  string  `placeholder:"FILE" group:"columns" help:"what makes predictions of margins (Platt) or of predictions (isotonic): the method and its numbers, as YAML or JSON; see docs/bundles.md"`
	Note         renames `placeholder:"KEY=TEXT" group:"columns" help:"something to note about the model's origin; may be given again"`
	ULPs         *whole  `name:"ulps" placeholder:"N" group:"columns" help:"how far predictions may be off, in units of the last place: 0 to 64; default: 3; all else has to be equal"`
	ReadFlags
	JSON bool `name:"json" group:"run" help:"print one JSON object"`
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
		return c.flagged(err)
	}
	m, err := model.FromBundle(ctx, made, model.Options{Raw: true, Unchecked: true})
	if err != nil {
		return c.flagged(err)
	}
	r := &checked{Model: m.Name(), Digest: m.Digest(), Format: formatOf(m), Table: c.Rows}
	if r.Report, err = m.Check(ctx, nil); err != nil {
		return c.flagged(err)
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

// flagged makes an error about a file of the bundle, which nobody has seen, one about the flag or file that it came from.
func (c *bundleCmd) flagged(err error) error {
	fe := (*fault.Error)(nil)
	if !errors.As(err, &fe) {
		return err
	}
	name, _ := strings.CutPrefix(fe.Source, c.Output+"/")
	switch base, _, _ := strings.Cut(name, "."); {
	case name == bundle.ManifestName && fe.Field != "":
		key, _, _ := strings.Cut(fe.Field, ".")
		fe.Code, fe.Source, fe.Field, fe.Line, fe.Column = fault.Usage, "--"+key, "", 0, 0
		if strings.HasPrefix(fe.Hint, "write the threshold") {
			fe.Hint = "give the threshold that is to count: --threshold"
		}
	case base == goldenRows:
		fe.Source = c.Rows
	case base == goldenExpected:
		fe.Source = c.Expected
	}
	if text := fe.Err.Error(); strings.Contains(text, c.Output+"/golden/") { // a message may name the other file
		for at, path := range map[string]string{goldenRows: c.Rows, goldenExpected: c.Expected} {
			text = regexp.MustCompile(regexp.QuoteMeta(c.Output+"/"+at)+`\.\w+`).ReplaceAllLiteralString(text, path)
		}
		fe.Err = errors.New(text)
	}
	return err
}

// Names of the golden files, without their endings.
const (
	goldenRows     = "golden/rows"
	goldenExpected = "golden/expected"
)

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
	if c.Calibration != "" {
		if b.Calibration, err = bundle.ReadCalibration(c.Calibration); err != nil {
			return nil, err
		}
	}
	tol, err := tolerance(c.ULPs)
	if err != nil {
		return nil, err
	}
	if tol != nil {
		b.Golden.ULPs = &tol.Prediction
	}
	s := m.Scorer(c.Rename)
	t, file, err := c.rows(ctx, c.Rows)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	reading := c.reading()
	if b.Golden.Rows, err = goldenFile(ctx, t, file, goldenRows, reading.Says(), s.Columns); err != nil {
		return nil, err
	}
	if t, file, err = openTable(ctx, "--expected", c.Expected, files.Reading{}); err != nil {
		return nil, err
	}
	defer file.Close()
	b.Golden.Expected, err = goldenFile(ctx, t, file, goldenExpected, false, func(t *parity.Table) ([]format.Column, error) {
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

// goldenFile reads a file into the bundle: as it stands, without its compression, if it says the same to whoever reads it
// without flags, else as JSON lines of the columns that count, which do.
func goldenFile(ctx context.Context, t *parity.Table, file *format.File, name string, flags bool, columns func(*parity.Table) ([]format.Column, error)) (f bundle.File, err error) {
	t.MaxRows = bundle.MaxGoldenRows
	need, err := columns(t)
	if err != nil {
		return f, err
	}
	var data bytes.Buffer
	if plain := format.TrimCodec(file.Name); bundle.GoldenName(plain) && !flags {
		f.Name = name + strings.ToLower(filepath.Ext(plain))
		err = copyPlain(ctx, &data, file)
	} else {
		f.Name = name + ".jsonl"
		err = t.WriteJSON(ctx, &data, need)
	}
	if f.Data = data.Bytes(); err == nil && len(f.Data) > bundle.MaxGolden {
		err = fault.New(fault.TooLarge, file.Name, "more than %s", size(bundle.MaxGolden)).WithHint("keep a sample of the rows")
	}
	return f, err
}

// copyPlain copies what a file holds, one byte more than bundles take at the most.
func copyPlain(ctx context.Context, w io.Writer, file *format.File) error {
	in, err := file.Stream(ctx, 0)
	if err != nil {
		return err
	}
	defer in.Close()
	_, err = io.Copy(w, io.LimitReader(in, bundle.MaxGolden+1))
	return err
}
