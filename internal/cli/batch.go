package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/pipelines"
	"github.com/glulam/glulam/runners"
	"github.com/glulam/glulam/transforms/files"
)

// batchCmd is `glulam batch`. Every flag but --file is a key of the spec file: spec.go reads it into the same fields.
type batchCmd struct {
	File string `short:"f" placeholder:"SPEC" group:"run" help:"read a YAML file whose keys are these flags, without the dashes; flags win over it, and paths in it are relative to the current directory"`

	Model     string `placeholder:"PATH" group:"what" help:"model file, glulam bundle or MLflow model"`
	Input     paths  `placeholder:"PATH ..." group:"what" help:"files to read: paths and quoted patterns such as 'rows-*.csv'; - is standard input"`
	Output    string `placeholder:"DIR" group:"what" help:"directory for predictions, rejected rows and run.json; refused when it is not empty"`
	Overwrite bool   `group:"what" help:"replace the output of an earlier run"`
	ReadFlags
	OutputFormat string  `placeholder:"FORMAT" group:"files" help:"likewise of the output; default: the input's, with its delimiter"`
	Features     list    `placeholder:"A,B" group:"columns" help:"names of the features in the order of training, for a model file that has none"`
	Rename       renames `placeholder:"FEATURE=COLUMN" group:"columns" help:"take a feature from a column of another name; may be given again"`
	Columns      list    `placeholder:"A,B" group:"columns" help:"input columns to keep beside the predictions; default: all; --columns= keeps none"`
	Outputs      list    `placeholder:"A,B" group:"columns" help:"what to add, of prediction, margin, class, leaf, model, origin; default: prediction"`
	Trees        string  `placeholder:"ROUNDS" group:"columns" help:"boosting rounds that count: all, best (what early stopping found), or a:b for rounds a to b-1; default: all"`
	Raw          bool    `group:"columns" help:"margins only, also of a model whose objective is not known"`
	Derive       rules   `placeholder:"NAME=RULE" group:"columns" help:"a column that is computed before scoring, such as 'gap = sched_arr - sched_dep'; may be given again"`
	Decide       rules   `placeholder:"NAME=RULE" group:"columns" help:"a column that is computed after scoring, such as 'prediction > 0.7 ? \"call\" : \"wait\"'; may be given again"`
	Shards       whole   `placeholder:"N" group:"run" help:"at most so many output files; default: by size"`
	MaxRejected  string  `placeholder:"N or N%" group:"run" help:"how many rows may be rejected before the exit code is 3; default: 0"`
	Engine       string  `placeholder:"NAME" group:"run" help:"what evaluates the model: auto, leaves or reference; default: auto"`
	Runner       string  `placeholder:"NAME" group:"run" help:"what runs the pipeline: prism, Beam's local runner (also called direct), or flink; default: prism"`
	JSON         bool    `name:"json" group:"run" help:"print the summary on standard output, as one JSON object"`
	LogLevel     string  `placeholder:"LEVEL" group:"run" help:"debug, info, warn or error; default: warn"`
	FlinkFlags
}

// spec gives what the flags ask for.
func (c *batchCmd) spec() pipelines.Batch {
	return pipelines.Batch{
		Model: c.Model, Input: c.Input, Output: c.Output, Overwrite: c.Overwrite,
		InputFormat: c.InputFormat, OutputFormat: c.OutputFormat, Delimiter: delimiter(c.Delimiter),
		NullNumbers: c.NullNumbers, NullTexts: c.NullTexts,
		Columns: c.Columns, Outputs: c.Outputs, Rename: c.Rename, Features: c.Features, Trees: c.Trees, Raw: c.Raw,
		Derive: c.Derive, Decide: c.Decide, Shards: int(c.Shards), MaxRejected: c.MaxRejected, Engine: c.Engine,
	}
}

// validate reports all that is wrong with the values as *fault.Error whose Field is the flag.
func (c *batchCmd) validate() error {
	b := c.spec()
	return errors.Join(b.Validate(), checkRun(c.Runner, c.LogLevel), c.check(c.Runner))
}

// Run runs the job: see the package's documentation.
func (c *batchCmd) Run(k *kong.Context, e *env) error {
	from, err := begin(k, e, pipelineFlags{file: c.File, runner: &c.Runner, logLevel: &c.LogLevel, validate: c.validate})
	if from == nil || err != nil {
		return err
	}
	ctx, stop := interruptible(context.Background(), e.screen)
	defer stop()
	s, err := c.score(ctx, e)
	switch {
	case err != nil && ctx.Err() != nil:
		return &fault.Error{Code: fault.Interrupted, Err: errors.New("interrupted; nothing final was written")}
	case err != nil:
		return from.locate(err)
	case c.JSON:
		err = writeJSON(e.stdout, s)
	default:
		io.WriteString(e.screen, s.text()) // a screen that cannot be written to changes nothing of the run
	}
	if err == nil && s.OverLimit {
		err = s.finding()
	}
	return err
}

// score runs the job to its end, without a word about the outcome.
func (c *batchCmd) score(ctx context.Context, e *env) (_ *summary, err error) {
	b := c.spec()
	job, err := b.Prepare(ctx, newPatient(ctx, e.stdin))
	if err != nil {
		return nil, err
	}
	defer func() {
		if cerr := job.Cleanup(); err == nil && cerr != nil {
			err = &fault.Error{Code: fault.Unwritable, Source: b.Output, Err: cerr, Hint: "the output is complete; remove what is left of .glulam-* by hand"}
		}
	}()
	p, root := beam.NewPipelineWithRoot()
	job.Build(root, runners.Lanes(c.Runner))
	warnCodes(job.Model)
	slog.Info("starting", "job", job.String())
	o := c.options(c.Runner, "", false)
	done, elsewhere := c.watch(e.screen, &o, job)
	_, err = runners.Run(ctx, p, o)
	done()
	// A run that was stopped while its output became final is done all the same; one that ended without that is not.
	if committed := job.Stop(); !committed && !(elsewhere && err == nil && job.Final()) {
		if err == nil {
			err = fault.New(fault.Internal, b.Output, "the run ended, but its output did not become final")
		}
		return nil, err
	}
	m, err := job.Manifest()
	if err != nil {
		return nil, err
	}
	return c.summarize(m, time.Since(e.started))
}

// watch draws the run's progress until done is called. elsewhere says that the workers are in other processes.
func (c *batchCmd) watch(s *screen, o *runners.Options, job *pipelines.BatchJob) (done func(), elsewhere bool) {
	if c.Runner != runners.Flink {
		return follow(s, job.Progress()), false
	}
	view := &cluster{}
	o.Follow = view.take
	return view.follow(s), o.Flink.Elsewhere()
}

// warnCodes says that columns are taken for codes, where nothing else would tell that they are not.
func warnCodes(m *model.Model) {
	if names := m.Coded(); len(names) > 0 {
		slog.Warn("the model file has categories without their values: these columns must hold the codes of training, 0, 1, 2, ..., other numbers are scored as codes",
			"model", m.Name(), "columns", shorten(listed(names), 200))
	}
}

// summarize gathers what is to be said of a run.
func (c *batchCmd) summarize(m files.Manifest, took time.Duration) (*summary, error) {
	s := newSummary(m, c.Output, took, peakMemory())
	var err error
	s.MaxRejected, s.OverLimit, err = holdToLimit(c.MaxRejected, &m.Rows)
	return s, err
}

// logLevel reads the value of --log-level.
func logLevel(s string) (slog.Level, error) {
	switch s {
	case "debug":
		return slog.LevelDebug, nil
	case "info":
		return slog.LevelInfo, nil
	case "", "warn":
		return slog.LevelWarn, nil
	case "error":
		return slog.LevelError, nil
	}
	return 0, fmt.Errorf("%q is none of debug, info, warn, error", s)
}

// beamFlags hands what follows "--" to Beam's own flags and gives the names of those that were set; nil if the flags were
// asked for, and printed to w.
func beamFlags(args []string, w io.Writer) (names []string, err error) {
	names = []string{}
	set := flag.CommandLine
	set.Init("glulam", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.Usage = func() {}
	err = set.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(w, "Flags of Beam, to be given after --. Which of them count is for the runner to say:")
		set.SetOutput(w)
		set.PrintDefaults()
		return nil, nil
	case err != nil:
		text := err.Error()
		if name, ok := strings.CutPrefix(text, "flag provided but not defined: "); ok {
			text = fmt.Sprintf("%q is not a flag of Beam", name)
		}
		return nil, fault.New(fault.Usage, "after --", "%s", text).WithHint("glulam batch -- --help lists Beam's flags")
	case set.NArg() > 0:
		return nil, fault.New(fault.Usage, "after --", "%q is not a flag of Beam", set.Arg(0)).WithHint("glulam's own flags stand before --")
	}
	set.Visit(func(f *flag.Flag) { names = append(names, f.Name) })
	return names, nil
}
