package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/glulam/glulam/bench/internal/flights"
	"github.com/glulam/glulam/bench/internal/lab"
	"github.com/glulam/glulam/bench/internal/process"
	"github.com/glulam/glulam/bench/internal/report"
)

// bench is a measurement in progress. Its files are all in one folder, which git ignores.
type bench struct {
	options
	*lab.Lab
	table    *flights.Table
	numbers  []string          // the features of the models of numbers
	compiled map[string]string // by model: what lleaves made of it

	programs job // glulam, python, prism; "" is not there
}

// testdata is where models and rows are.
const testdata = "testdata/flights"

// prepare gets everything that is not measured: input, programs, models.
func (b *bench) prepare(ctx context.Context) error {
	if err := process.Adopt(); err != nil {
		return err
	}
	b.compiled = map[string]string{}
	var err error
	if b.numbers, err = readFeatures(testdata + "/numeric.txt"); err != nil {
		return err
	}
	if b.table, err = flights.Read(testdata + "/rows.csv"); err != nil {
		return err
	}
	if b.programs.glulam, err = b.Glulam(ctx, b.glulam); err != nil {
		return err
	}
	if b.wants(python) || b.wants(lleaves) || b.wants(beam) || b.wants(prism) || slices.ContainsFunc(b.models, trained) {
		if b.programs.python, err = b.Python(ctx); err != nil {
			return err
		}
	}
	if b.wants(prism) {
		if b.programs.prism, err = b.Build(ctx, "github.com/apache/beam/sdks/v2/go/cmd/prism"); err != nil {
			return err
		}
	}
	for _, m := range b.models {
		if trained(m) {
			if _, err := b.Train(ctx, b.programs.python, trainedNames[m]); err != nil {
				return err
			}
		}
		if _, err := os.Stat(b.modelPath(m)); err != nil {
			return err
		}
		if b.wants(lleaves) {
			if b.compiled[m], err = b.Compile(ctx, b.programs.python, "lleaves", b.modelPath(m)); err != nil {
				return err
			}
		}
	}
	return b.makeInput()
}

// makeInput writes the files that the jobs read, those that are not there.
func (b *bench) makeInput() error {
	sizes, at := b.sizes()
	for _, n := range sizes {
		for _, c := range contenders {
			if !at(c, n) || !slices.ContainsFunc(b.models, c.scores) {
				continue
			}
			var err error
			switch path := b.inputPath(c.form, n); c.form {
			case csvFile:
				err = b.table.Repeat(path, n)
			case parquetFile:
				err = flights.RepeatParquet(testdata+"/rows.parquet", path, n)
			case numbersFile:
				err = b.table.RepeatNumbers(path, n, b.numbers)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) inputPath(f form, rows int) string {
	name := fmt.Sprintf("rows-%d", rows)
	switch f {
	case parquetFile:
		return b.Path(name + ".parquet")
	case numbersFile:
		return b.Path(name + "-numbers.csv")
	}
	return b.Path(name + ".csv")
}

// trainedNames are what bench/train.py calls the models that are not in testdata: 500 trees of 63 leaves.
var trainedNames = map[string]string{"large": "flights-500x63", "large-numeric": "numeric-500x63"}

func trained(model string) bool { return trainedNames[model] != "" }

func (b *bench) modelPath(name string) string {
	if trained(name) {
		return b.Path("models", trainedNames[name]+".txt")
	}
	return filepath.Join(testdata, name+".txt")
}

// measureAll runs every job of every model and size, in rounds: each round runs all of them, so that a slow hour of the
// machine hits all alike. What fails is reported, and does not keep the others from running.
func (b *bench) measureAll(ctx context.Context, r *results) error {
	sizes, at := b.sizes()
	r.Sizes, r.at = sizes, at
	failed := 0
	for _, model := range b.models {
		want, err := b.predictions(ctx, model)
		if err != nil {
			return err
		}
		for round := range b.rounds {
			for _, rows := range sizes {
				var turn []contender
				for _, c := range contenders {
					if at(c, rows) && c.scores(model) {
						turn = append(turn, c)
					}
				}
				// Another one begins each round.
				turn = slices.Concat(turn[round%len(turn):], turn[:round%len(turn)])
				for _, c := range turn {
					e := b.measureOne(ctx, c, model, rows, want)
					if ctx.Err() != nil {
						return fmt.Errorf("interrupted: %w", context.Cause(ctx))
					}
					e.Round = round + 1
					r.Runs = append(r.Runs, e)
					what := fmt.Sprintf("%s %s rows %s, round %d of %d", model, report.Digits(rows), c.name, e.Round, b.rounds)
					if e.Failed != "" {
						failed++
						fmt.Fprintf(b.Log, "%s: %s\n", what, e.Failed)
						continue
					}
					fmt.Fprintf(b.Log, "%s: %.2f s, %.2f s CPU, %d MB, %d process(es)\n", what, e.Wall, e.CPU, e.Peak/1e6, e.Processes)
				}
			}
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d runs failed", failed, len(r.Runs))
	}
	return nil
}

// measureOne runs a job once and looks at what it wrote.
func (b *bench) measureOne(ctx context.Context, c contender, model string, rows int, want []float64) entry {
	e := entry{Model: model, Rows: rows, Job: c.name}
	j := b.programs
	j.model, j.input, j.output, j.threads = b.modelPath(model), b.inputPath(c.form, rows), b.Path("out-jobs"), b.threads
	j.compiled = b.compiled[model]
	fail := func(err error) entry { e.Failed = err.Error(); return e }

	defer os.RemoveAll(j.output)
	if err := errors.Join(os.RemoveAll(j.output), os.MkdirAll(j.output, 0o755), lab.Warm(j.input, j.model)); err != nil {
		return fail(err)
	}
	process.Settle()

	// To a file, not a pipe: a pipe would be held open by descendants that live on.
	log, err := os.Create(b.Path("job.log"))
	if err != nil {
		return fail(err)
	}
	defer log.Close()
	limited, cancel := context.WithTimeoutCause(ctx, b.timeout, fmt.Errorf("no end after %v", b.timeout))
	defer cancel()
	args := c.args(j)
	cmd := exec.CommandContext(limited, args[0], args[1:]...)
	cmd.Env = lab.Environment()
	cmd.Stdout, cmd.Stderr = log, log
	u, err := process.Run(limited, cmd)
	if err != nil {
		return fail(fmt.Errorf("%w\n%s", err, tail(log.Name())))
	}
	e.Wall, e.CPU, e.Peak, e.Processes = u.Wall.Seconds(), u.CPU.Seconds(), u.Peak, u.Processes

	columns := []string{"id", "prediction"}
	if c.all {
		columns = append(slices.Clone(b.table.Columns), "prediction")
	}
	read := readAnswers
	switch c.form {
	case parquetFile:
		read = readParquetAnswers
	case numbersFile:
		read = readBareAnswers
	}
	a, err := read(j.output, b.table, columns)
	if err != nil {
		return fail(err)
	}
	if err := a.check(b.table, rows); err != nil {
		return fail(err)
	}
	e.Output, e.Furthest = a.bytes, a.furthest(want)
	if e.Furthest > b.tolerance {
		return fail(fmt.Errorf("a prediction is %g away from LightGBM's", e.Furthest))
	}
	return e
}

// predictions are LightGBM's own, for the rows of the table: testdata has them, but for models that are trained here.
func (b *bench) predictions(ctx context.Context, model string) ([]float64, error) {
	if !trained(model) {
		return readPredictions(filepath.Join(testdata, model+".golden.gz"))
	}
	j := b.programs
	j.model, j.input, j.output, j.threads = b.modelPath(model), testdata+"/rows.csv", b.Path("out-jobs"), b.threads
	defer os.RemoveAll(j.output)
	if err := errors.Join(os.RemoveAll(j.output), os.MkdirAll(j.output, 0o755)); err != nil {
		return nil, err
	}
	args := script("with_pandas.py")(j)
	if err := b.Command(ctx, args[0], args[1:]...); err != nil {
		return nil, err
	}
	a, err := readAnswers(j.output, b.table, []string{"id", "prediction"})
	if err != nil {
		return nil, err
	}
	return a.low, a.check(b.table, flights.Rows)
}

// tail is the end of a log.
func tail(path string) string {
	data, _ := os.ReadFile(path)
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}

// about describes machine and versions. What cannot be had is left out.
func (b *bench) about(ctx context.Context) about {
	return about{
		Machine: report.ThisMachine(), Glulam: lab.FirstLine(ctx, b.programs.glulam, "version"), Commit: lab.Commit(ctx),
		Python: lab.Versions(ctx, b.programs.python, "pandas", "polars", "lightgbm", "lleaves", "pyarrow", "numpy", "apache-beam"),
	}
}
