package pipelines

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/go-json-experiment/json"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/files"
	"github.com/glulam/glulam/transforms/score"
)

// Version is the version of glulam, set by the linker in releases.
var Version = "0.1.0-dev"

// Batch says what a batch run is to do. Its JSON and YAML keys are the names of the command's flags.
type Batch struct {
	Model        string            `json:"model"`
	Input        []string          `json:"input"`                  // paths and patterns; "-" is standard input
	Output       string            `json:"output"`                 // directory
	Overwrite    bool              `json:"-"`                      // replace an earlier run's output; no part of what was run
	InputFormat  string            `json:"input-format,omitzero"`  // "" from the names
	OutputFormat string            `json:"output-format,omitzero"` // "" the input's
	Delimiter    string            `json:"delimiter,omitzero"`     // of CSV, in and out; "" is a comma
	NullNumbers  []string          `json:"null-numbers,omitzero"`  // nil: format.DefaultNulls.Number
	NullTexts    []string          `json:"null-texts,omitzero"`    // nil: the format's default
	Columns      []string          `json:"columns,omitzero"`       // input columns to keep; nil: all
	Outputs      []string          `json:"outputs,omitzero"`       // of score.OutputKinds; nil: prediction
	Rename       map[string]string `json:"rename,omitzero"`        // feature -> column
	Features     []string          `json:"features,omitzero"`      // see model.Options
	Trees        string            `json:"trees,omitzero"`         // see model.Options
	Raw          bool              `json:"raw,omitzero"`           // see model.Options
	Derive       []string          `json:"derive,omitzero"`        // see score.Options
	Decide       []string          `json:"decide,omitzero"`        // see score.Options
	Shards       int               `json:"shards,omitzero"`        // 0: by size
	MaxRejected  string            `json:"max-rejected,omitzero"`  // see Limit
	Engine       string            `json:"engine,omitzero"`        // "" is auto
}

// Validate reports everything that is wrong with b by itself, without looking at files, as one error that joins
// *fault.Error values with code Usage; the Field of each is the key.
func (b *Batch) Validate() error {
	var errs []error
	bad := func(key, format string, args ...any) {
		errs = append(errs, fault.New(fault.Usage, "", format, args...).OnField(key))
	}
	if b.Model == "" {
		bad("model", "no model given")
	}
	if len(b.Input) == 0 {
		bad("input", "no input given")
	}
	if slices.Contains(b.Input, "-") && len(b.Input) > 1 {
		bad("input", "standard input cannot be one of several inputs")
	}
	if slices.Contains(b.Input, "-") && b.InputFormat == "" {
		bad("input-format", "standard input has no name that says its format: one of %s", strings.Join(files.FormatNames, ", "))
	}
	if b.Output == "" {
		bad("output", "no output directory given")
	}
	if b.OutputFormat != "" && !slices.Contains(files.FormatNames, b.OutputFormat) {
		bad("output-format", "%q is none of %s", b.OutputFormat, strings.Join(files.FormatNames, ", "))
	}
	reading := b.reading()
	if err := reading.Validate(); err != nil {
		errs = append(errs, err)
	}
	checkOutputKinds(b.Outputs, bad)
	checkTwice("columns", b.Columns, bad)
	if b.Shards < 0 || b.Shards > 100_000 {
		bad("shards", "%d: from 1 to 100000, or 0 to go by size", b.Shards)
	}
	if _, err := ParseLimit(b.MaxRejected); err != nil {
		bad("max-rejected", "%w", err)
	}
	if b.Engine != "" && !slices.Contains(model.Engines, b.Engine) {
		bad("engine", "%q is none of %s", b.Engine, strings.Join(model.Engines, ", "))
	}
	return errors.Join(errs...)
}

// checkOutputKinds tells bad of outputs that there are not, or not twice.
func checkOutputKinds(outputs []string, bad func(key, format string, args ...any)) {
	for i, o := range outputs {
		if !slices.Contains(score.OutputKinds, o) {
			bad("outputs", "%q is none of %s", o, strings.Join(score.OutputKinds, ", "))
		}
		if slices.Contains(outputs[:i], o) {
			bad("outputs", "%q is asked for twice", o)
		}
	}
}

// checkTwice tells bad of what is in a list twice.
func checkTwice(key string, list []string, bad func(key, format string, args ...any)) {
	for i, c := range list {
		if slices.Contains(list[:i], c) {
			bad(key, "%q is listed twice", c)
		}
	}
}

// Limit is how many rows may be rejected: a count, or a share of the rows.
type Limit struct {
	Count   int64
	Percent float64
	Share   bool // Percent counts
}

// ParseLimit reads "10" or "1.5%"; "" is none at all.
func ParseLimit(s string) (Limit, error) {
	if s == "" {
		return Limit{}, nil
	}
	if p, ok := strings.CutSuffix(s, "%"); ok {
		v, err := strconv.ParseFloat(strings.TrimSpace(p), 64)
		if err != nil || !(v >= 0 && v <= 100) {
			return Limit{}, fmt.Errorf("%q: a percentage is from 0%% to 100%%", s)
		}
		return Limit{Percent: v, Share: true}, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return Limit{}, fmt.Errorf("%q is neither a number of rows, 0 or more, nor a percentage from 0%% to 100%%", s)
	}
	return Limit{Count: n}, nil
}

// Exceeded says whether a run's rejected rows are over the limit.
func (l Limit) Exceeded(r files.RowCounts) bool {
	if l.Share {
		return float64(r.Rejected)*100 > l.Percent*float64(r.In)
	}
	return r.Rejected > l.Count
}

// BatchJob is a batch run that was looked over and can be built. It holds the output directory's folder for temporary
// files until Cleanup.
type BatchJob struct {
	Spec  Batch
	Model *model.Model
	Run   string // names the run: files.ProgressOf

	inputs   []files.Input
	in, out  files.Format
	columns  []block.Column
	manifest files.Manifest
	release  func() // gives the output directory to other runs
}

// Prepare looks everything over: see the package's documentation. stdin is where "-" reads from; it is copied to the
// output's folder for temporary files, because a runner may read its input more than once.
//
// On success the output directory exists. Call Cleanup when the run is over, however it ended.
func (b Batch) Prepare(ctx context.Context, stdin io.Reader) (*BatchJob, error) {
	if err := b.Validate(); err != nil {
		return nil, err
	}
	m, err := score.Load(ctx, score.Options{Model: b.Model, Engine: b.Engine, Features: b.Features, Trees: b.Trees, Raw: b.Raw})
	if err != nil {
		return nil, err
	}
	if len(b.Outputs) == 0 && !b.Raw {
		b.Outputs = m.DefaultOutputs()
	}
	j := &BatchJob{Spec: b, Model: m, Run: strings.ToLower(rand.Text()[:12])}
	scoring := j.scoring()
	if err := scoring.Check(m); err != nil {
		return nil, err
	}
	fromStdin := slices.Contains(b.Input, "-")
	if !fromStdin {
		names, err := files.Expand(b.Input)
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			j.inputs = append(j.inputs, files.Input{Path: n})
		}
	}
	if j.in, j.out, err = b.formats(j.inputs); err != nil {
		return nil, err
	}
	if j.in.Name != "parquet" { // whose columns have types that rules go by
		if _, err := scoring.Inputs(m, nil); err != nil {
			return nil, err
		}
	}
	if fromStdin {
		// Prepare the output first: that is where the copy goes.
		if j.release, err = files.Prepare(b.Output, b.Overwrite); err != nil {
			return nil, err
		}
		if stdin == nil {
			stdin = strings.NewReader("")
		}
		in, err := files.Spool(contextReader{ctx, stdin}, j.temp(), "-")
		if err != nil {
			j.Cleanup()
			return nil, err
		}
		j.inputs = []files.Input{in}
	}
	if err := j.planColumns(ctx); err != nil {
		if fromStdin {
			j.Cleanup()
		}
		return nil, err
	}
	if !fromStdin {
		paths := []string{b.Model}
		for _, in := range j.inputs {
			paths = append(paths, in.Path)
		}
		if err := files.Outside(b.Output, paths...); err != nil {
			return nil, err
		}
		if j.release, err = files.Prepare(b.Output, b.Overwrite); err != nil {
			return nil, err
		}
	}
	spec, err := json.Marshal(b, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	j.manifest = files.Manifest{Glulam: Version, Spec: spec, Model: modelInfo(m)}
	return j, nil
}

// reading is how the input is to be read.
func (b *Batch) reading() files.Reading {
	return files.Reading{Format: b.InputFormat, Delimiter: b.Delimiter, NullNumbers: b.NullNumbers, NullTexts: b.NullTexts}
}

func modelInfo(m *model.Model) files.ModelInfo {
	f := m.Forest()
	return files.ModelInfo{Name: m.Name(), Digest: m.Digest(), Format: f.Format + " " + f.Version, Objective: f.Objective, Engine: m.Engine()}
}

// formats says what comes in and what goes out.
func (b *Batch) formats(inputs []files.Input) (in, out files.Format, err error) {
	reading := b.reading()
	for i, f := range inputs {
		of, err := reading.FormatOf(f.Path)
		if err != nil {
			return in, out, err
		}
		if i > 0 && (of.Name != in.Name || of.Delimiter != in.Delimiter && b.Delimiter == "") {
			return in, out, fault.New(fault.Usage, f.Path, "a %s file among %s files", of, in).WithHint("inputs of one run have one format")
		}
		in = of
	}
	if len(inputs) == 0 {
		in.Name = b.InputFormat
	}
	if b.Delimiter != "" && in.Name != "csv" && b.OutputFormat != "csv" {
		return in, out, fault.New(fault.Usage, "--delimiter", "there is no CSV here to delimit: the input is %s", in).OnField("delimiter")
	}
	if in, err = reading.Apply(in); err != nil {
		return in, out, err
	}
	out.Name = b.OutputFormat
	if out.Name == "" {
		out.Name = in.Name
	}
	if out.Name == "csv" {
		out.Delimiter = in.Delimiter
		if b.Delimiter != "" {
			out.Delimiter = b.Delimiter
		}
	}
	return in, out, nil
}

// contextReader ends with its context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

func (j *BatchJob) scoring() score.Options {
	b := &j.Spec
	return score.Options{Model: b.Model, Digest: j.Model.Digest(), Engine: b.Engine, Features: b.Features, Trees: b.Trees, Raw: b.Raw, Rename: b.Rename, Outputs: b.Outputs, Keep: b.Columns, Derive: b.Derive, Decide: b.Decide}
}

// Build adds the run to a pipeline. lanes is how many stages work side by side, for a runner that gives a stage one bundle; 0 is
// for one that spreads what comes out of a shuffle (runners.Lanes says).
func (j *BatchJob) Build(s beam.Scope, lanes int) {
	temp := j.temp()
	plan := files.Plan(s, files.PlanOptions{Run: j.Run, Files: j.inputs, Format: j.in, Shards: j.Spec.Shards})
	reports := []beam.PCollection{plan.Reports}
	write := files.WriteOptions{Temp: temp, Format: j.out}
	for lane := range max(1, lanes) {
		units := plan.Units
		switch {
		case lanes == 0:
			units = beam.Reshuffle(s, units)
		case lanes > 1:
			units = files.Lane(s, units, lane, lanes)
		}
		rows := files.Read(s, files.ReadOptions{Run: j.Run, Format: j.in, Columns: j.columns, Whole: j.out.Name == "parquet"}, units)
		scored, refused := score.Score(s, j.scoring(), rows.Blocks)
		reports = append(reports, rows.Reports,
			files.Write(s, write, scored),
			files.WriteRejected(s, write, "read", rows.Rejected),
			files.WriteRejected(s, write, "score", refused))
	}
	files.Commit(s, files.CommitOptions{Dir: j.Spec.Output, Temp: temp, Format: j.out, Manifest: j.manifest}, reports...)
}

// Progress gives the run's live counters, for runners whose workers are this process.
func (j *BatchJob) Progress() *files.Progress { return files.ProgressOf(j.Run) }

// Manifest reads the run.json that the run left.
func (j *BatchJob) Manifest() (files.Manifest, error) {
	m, err := files.ReadManifest(j.Spec.Output)
	if err != nil {
		return m, fault.New(fault.Internal, j.Spec.Output, "the run left no readable manifest: %w", err)
	}
	return m, nil
}

// Stop keeps the run from making its output final from now on, and says whether it has already: a run may be interrupted
// in its very last moment. It is for runners whose workers are this process.
func (j *BatchJob) Stop() (committed bool) { return files.Stop(j.temp()) }

// Final says whether the output of a run has become final that runners with workers elsewhere ended well.
func (j *BatchJob) Final() bool { return files.Final(j.Spec.Output, j.temp()) }

// Cleanup removes the run's temporary files and gives the output directory free. The job is of no use afterwards.
func (j *BatchJob) Cleanup() error {
	j.Stop()
	err := files.RemoveTemp(j.temp())
	files.Forget(j.Run)
	if j.release != nil {
		j.release()
	}
	return err
}

func (j *BatchJob) temp() string { return files.TempDir(j.Spec.Output, j.Run) }
