package main

import (
	"path/filepath"
	"slices"
	"strconv"

	"github.com/glulam/glulam/bench/internal/flights"
)

// A contender is a way to score a file.
type contender struct {
	name  string
	about string
	needs need
	all   bool // writes all columns of the input, not the id alone
	form  form
	takes func(model string) bool // nil: every model
	args  func(j job) []string
}

// need says what has to be there for a contender to run.
type need int

const (
	nothing need = iota
	python
	beam // Python too, and fewer rows
	prism
	lleaves // Python, and the model compiled by it
)

// form is what a contender reads and writes.
type form int

const (
	csvFile     form = iota
	parquetFile      // both ways
	numbersFile      // reads CSV of the model's features alone, and writes predictions alone, in the input's order
)

// job is what a contender is to do. Paths are relative to the repository's root.
type job struct {
	glulam, python, prism string // programs
	model, input, output  string // output is a folder, which is there and empty
	compiled              string // what lleaves made of the model; "": nothing
	threads               int
}

// The contenders that all others are compared with: the one that does the same.
const (
	baseline        = "glulam"
	allBaseline     = "glulam-all"
	parquetBaseline = "glulam-parquet"
)

// contenders are all of them, in the order of the report.
var contenders = []contender{
	{name: baseline, about: "`glulam batch --columns id`", args: glulamBatch("--columns", "id")},
	{name: "pandas", about: "pandas reads the file, LightGBM predicts, pandas writes", needs: python,
		args: script("with_pandas.py")},
	{name: "pandas-chunks", about: "the same, 100,000 rows at a time", needs: python,
		args: script("with_pandas.py", "--chunk", "100000")},
	{name: "pyarrow", about: "pyarrow reads the file with all cores, LightGBM predicts, pyarrow writes", needs: python,
		args: script("with_pyarrow.py")},
	{name: "pyarrow-stream", about: "the same, 16 MiB at a time", needs: python,
		args: script("with_pyarrow.py", "--stream")},
	{name: "pyarrow-lleaves", about: "pyarrow, and the model compiled beforehand by lleaves", needs: lleaves,
		args: compiledScript("with_pyarrow.py")},
	{name: "polars", about: "polars reads the file with all cores, LightGBM predicts, polars writes", needs: python,
		args: script("with_polars.py")},
	{name: "lightgbm-file", about: "what `lightgbm task=predict` does, by LGBM_BoosterPredictForFile: the features alone in, predictions alone out", needs: python,
		form: numbersFile, takes: numbersOnly, args: script("with_lightgbm.py")},
	{name: "beam-fn", about: "Python Beam, RunInference, an element a row, FnApiRunner in one process", needs: beam,
		args: beamJob(func(j job) []string { return []string{"--threads", strconv.Itoa(j.threads)} })},
	{name: "beam-fn-workers", about: "the same, a worker process and a LightGBM thread for each core", needs: beam,
		args: beamJob(func(j job) []string { return []string{"--workers", strconv.Itoa(j.threads), "--threads", "1"} })},
	{name: "beam-prism", about: "the same job on Prism, glulam's runner and Python's DirectRunner", needs: prism,
		args: beamJob(func(j job) []string {
			return []string{"--runner", "prism", "--prism", j.prism, "--threads", strconv.Itoa(j.threads)}
		})},
	{name: "beam-frames", about: "by an expert: an element is a DataFrame of 10,000 rows, FnApiRunner in one process", needs: beam,
		args: beamJob(func(j job) []string { return []string{"--frames", "--threads", strconv.Itoa(j.threads)} })},
	{name: parquetBaseline, about: "`glulam batch --columns id`, Parquet to Parquet", form: parquetFile, args: glulamBatch("--columns", "id")},
	{name: "pandas-parquet", about: "the script with pandas, Parquet to Parquet", needs: python, form: parquetFile, args: script("with_pandas.py")},
	{name: "pyarrow-parquet", about: "the script with pyarrow, Parquet to Parquet", needs: python, form: parquetFile, args: script("with_pyarrow.py")},
	{name: "lleaves-parquet", about: "the same, and the model compiled beforehand by lleaves", needs: lleaves, form: parquetFile,
		args: compiledScript("with_pyarrow.py")},
	{name: "polars-parquet", about: "the script with polars, Parquet to Parquet", needs: python, form: parquetFile, args: script("with_polars.py")},
	{name: "beam-parquet", about: "beam-fn with ReadFromParquet and WriteToParquet", needs: beam, form: parquetFile,
		args: beamJob(func(j job) []string { return []string{"--threads", strconv.Itoa(j.threads)} })},
	{name: allBaseline, about: "`glulam batch`, which keeps all columns", all: true, args: glulamBatch()},
	{name: "pandas-all", about: "pandas, keeping all columns", needs: python, all: true,
		args: script("with_pandas.py", "--all-columns")},
}

// against names the contender that c is compared with.
func (c contender) against() string {
	switch {
	case c.all:
		return allBaseline
	case c.form == parquetFile:
		return parquetBaseline
	}
	return baseline
}

// scores says whether a contender takes a model.
func (c contender) scores(model string) bool { return c.takes == nil || c.takes(model) }

// numbersOnly is for models without texts.
func numbersOnly(model string) bool { return model == "numeric" || model == "large-numeric" }

func glulamBatch(more ...string) func(job) []string {
	return func(j job) []string {
		args := []string{j.glulam, "batch", "--model", j.model, "--input", j.input, "--output", j.output, "--overwrite", "--json"}
		return append(args, more...)
	}
}

// script runs a peer's script. What it writes is of the input's kind.
func script(name string, more ...string) func(job) []string {
	return func(j job) []string {
		args := []string{j.python, "bench/peers/" + name, "--threads", strconv.Itoa(j.threads)}
		args = append(args, more...)
		return append(args, j.model, j.input, j.output+"/part"+filepath.Ext(j.input))
	}
}

func compiledScript(name string) func(job) []string {
	return func(j job) []string { return script(name, "--lleaves", j.compiled)(j) }
}

func beamJob(flags func(job) []string) func(job) []string {
	return func(j job) []string {
		return slices.Concat([]string{j.python, "bench/peers/with_beam.py"}, flags(j), []string{j.model, j.input, j.output})
	}
}

// sizes are the row counts of a run, in order, and which contenders run at each of them.
func (o *options) sizes() (sizes []int, at func(c contender, rows int) bool) {
	sizes = slices.Clone(o.rows)
	if !o.short {
		sizes = append(sizes, flights.Rows)
		if o.peers {
			sizes = append(sizes, o.beamRows)
		}
	}
	slices.Sort(sizes)
	return slices.Compact(sizes), func(c contender, rows int) bool {
		if c.needs != nothing && !o.peers {
			return false
		}
		// glulam itself always runs: there is nothing to compare with else.
		if !o.only.MatchString(c.name) && c.name != baseline && !(c.name == c.against() && o.followed(c.name)) {
			return false
		}
		switch {
		case c.all:
			return slices.Contains(o.rows, rows) && rows <= o.keepRows
		case c.needs == beam || c.needs == prism:
			return rows <= o.beamRows
		}
		return true
	}
}

// followed says whether a contender is compared with this one.
func (o *options) followed(base string) bool {
	return slices.ContainsFunc(contenders, func(c contender) bool { return c.against() == base && o.only.MatchString(c.name) })
}

// wants says whether a contender that runs has this need.
func (o *options) wants(n need) bool {
	sizes, at := o.sizes()
	return slices.ContainsFunc(contenders, func(c contender) bool {
		return c.needs == n && slices.ContainsFunc(sizes, func(rows int) bool { return at(c, rows) })
	})
}
