package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// bench is a measurement in progress. Its files are all in one folder, which git ignores.
type bench struct {
	options
	cache string
	log   io.Writer
	table *table

	programs job // glulam, python, prism; "" is not there
}

// testdata is where models and rows are.
const testdata = "testdata/flights"

// prepare gets everything that is not measured: input, programs, models.
func (b *bench) prepare(ctx context.Context) error {
	if err := adopt(); err != nil {
		return err
	}
	if err := os.MkdirAll(b.cache, 0o755); err != nil {
		return err
	}
	var err error
	if b.table, err = readTable(testdata + "/rows.csv"); err != nil {
		return err
	}
	if b.programs.glulam = b.glulam; b.glulam == "" {
		b.programs.glulam = filepath.Join(b.cache, "glulam")
		if err := b.command(ctx, "go", "build", "-o", b.programs.glulam, "./cmd/glulam"); err != nil {
			return err
		}
	}
	if b.wants(python) || b.wants(beam) || b.wants(prism) || slices.Contains(b.models, "large") {
		if err := b.command(ctx, "bench/setup.sh"); err != nil {
			return fmt.Errorf("%w (--short and --peers=false do without)", err)
		}
		b.programs.python = filepath.Join(b.cache, "venv", "bin", "python")
	}
	if b.wants(prism) {
		b.programs.prism = filepath.Join(b.cache, "prism")
		if err := b.command(ctx, "go", "build", "-o", b.programs.prism, "github.com/apache/beam/sdks/v2/go/cmd/prism"); err != nil {
			return err
		}
	}
	if path := b.modelPath("large"); slices.Contains(b.models, "large") {
		if _, err := os.Stat(path); err != nil {
			fmt.Fprintln(b.log, "bench: training the large model")
			if err := b.command(ctx, b.programs.python, "bench/train.py", path); err != nil {
				return err
			}
		}
	}
	for _, m := range b.models {
		if _, err := os.Stat(b.modelPath(m)); err != nil {
			return err
		}
	}
	sizes, _ := b.sizes()
	for _, n := range sizes {
		if err := b.table.repeat(b.inputPath(n), n); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) inputPath(rows int) string {
	return filepath.Join(b.cache, fmt.Sprintf("rows-%d.csv", rows))
}

func (b *bench) modelPath(name string) string {
	if name == "large" {
		return filepath.Join(b.cache, "large.txt")
	}
	return filepath.Join(testdata, name+".txt")
}

// command runs a program that is not measured.
func (b *bench) command(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = environment()
	cmd.Stdout, cmd.Stderr = b.log, b.log
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", strings.Join(append([]string{name}, args...), " "), err)
	}
	return nil
}

// environment keeps Python from leaving compiled files among the sources.
func environment() []string { return append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1") }

// measureAll runs every job of every model and size, in rounds: each round runs all of them, so that a slow hour of the
// machine hits all alike. What fails is reported, and does not keep the others from running.
func (b *bench) measureAll(ctx context.Context, r *report) error {
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
					if at(c, rows) {
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
					what := fmt.Sprintf("%s %s rows %s, round %d of %d", model, digits(rows), c.name, e.Round, b.rounds)
					if e.Failed != "" {
						failed++
						fmt.Fprintf(b.log, "%s: %s\n", what, e.Failed)
						continue
					}
					fmt.Fprintf(b.log, "%s: %.2f s, %.2f s CPU, %d MB, %d process(es)\n", what, e.Wall, e.CPU, e.Peak/1e6, e.Processes)
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
	j.model, j.input, j.output, j.threads = b.modelPath(model), b.inputPath(rows), filepath.Join(b.cache, "out"), b.threads
	fail := func(err error) entry { e.Failed = err.Error(); return e }

	defer os.RemoveAll(j.output)
	if err := errors.Join(os.RemoveAll(j.output), os.MkdirAll(j.output, 0o755), warm(j.input), warm(j.model)); err != nil {
		return fail(err)
	}
	settle()

	// To a file, not a pipe: a pipe would be held open by descendants that live on.
	log, err := os.Create(filepath.Join(b.cache, "job.log"))
	if err != nil {
		return fail(err)
	}
	defer log.Close()
	limited, cancel := context.WithTimeoutCause(ctx, b.timeout, fmt.Errorf("no end after %v", b.timeout))
	defer cancel()
	args := c.args(j)
	cmd := exec.CommandContext(limited, args[0], args[1:]...)
	cmd.Env = environment()
	cmd.Stdout, cmd.Stderr = log, log
	u, err := measure(limited, cmd)
	if err != nil {
		return fail(fmt.Errorf("%w\n%s", err, tail(log.Name())))
	}
	e.Wall, e.CPU, e.Peak, e.Processes = u.wall.Seconds(), u.cpu.Seconds(), u.peak, u.process

	columns := []string{"id", "prediction"}
	if c.all {
		columns = append(slices.Clone(b.table.columns), "prediction")
	}
	a, err := readAnswers(j.output, b.table, columns)
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

// predictions are LightGBM's own, for the rows of the table: testdata has them, but for the large model.
func (b *bench) predictions(ctx context.Context, model string) ([]float64, error) {
	if model != "large" {
		return readPredictions(filepath.Join(testdata, model+".golden.gz"))
	}
	j := b.programs
	j.model, j.input, j.output, j.threads = b.modelPath(model), testdata+"/rows.csv", filepath.Join(b.cache, "out"), b.threads
	defer os.RemoveAll(j.output)
	if err := errors.Join(os.RemoveAll(j.output), os.MkdirAll(j.output, 0o755)); err != nil {
		return nil, err
	}
	args := script("with_pandas.py")(j)
	if err := b.command(ctx, args[0], args[1:]...); err != nil {
		return nil, err
	}
	a, err := readAnswers(j.output, b.table, []string{"id", "prediction"})
	if err != nil {
		return nil, err
	}
	return a.low, a.check(b.table, startRows)
}

// tail is the end of a log.
func tail(path string) string {
	data, _ := os.ReadFile(path)
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}

// about describes machine and versions.
func (b *bench) about(ctx context.Context) about {
	a := about{
		Date: time.Now().UTC().Format("2006-01-02 15:04 UTC"), System: runtime.GOOS + "/" + runtime.GOARCH,
		CPU: cpuModel(), Cores: runtime.NumCPU(), Memory: memoryTotal(),
	}
	// What cannot be had is left out.
	a.Glulam = firstLine(ctx, b.programs.glulam, "version")
	a.Commit = firstLine(ctx, "git", "describe", "--always", "--dirty")
	a.Go = strings.TrimPrefix(firstLine(ctx, "go", "env", "GOVERSION"), "go")
	if b.programs.python != "" {
		a.Python = firstLine(ctx, b.programs.python, "-c", `
import importlib.metadata as m, platform
names = "pandas", "lightgbm", "pyarrow", "numpy", "apache-beam"
print(", ".join(["Python " + platform.python_version()] + [n + " " + m.version(n) for n in names]))`)
	}
	return a
}

func firstLine(ctx context.Context, name string, args ...string) string {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line
}
