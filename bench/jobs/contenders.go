package main

import (
	"slices"
	"strconv"
)

// A contender is a way to score a CSV file.
type contender struct {
	name  string
	about string
	needs need
	all   bool // writes all columns of the input, not the id alone
	args  func(j job) []string
}

// need says what has to be there for a contender to run.
type need int

const (
	nothing need = iota
	python
	beam // Python too, and fewer rows
	prism
)

// job is what a contender is to do. Paths are relative to the repository's root.
type job struct {
	glulam, python, prism string // programs
	model, input, output  string // output is a folder, which is there and empty
	threads               int
}

// baseline names the contender that all others are compared with.
const baseline = "glulam"

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
	{name: allBaseline, about: "`glulam batch`, which keeps all columns", all: true, args: glulamBatch()},
	{name: "pandas-all", about: "pandas, keeping all columns", needs: python, all: true,
		args: script("with_pandas.py", "--all-columns")},
}

// allBaseline names the contender that those are compared with that keep all columns.
const allBaseline = "glulam-all"

// against names the contender that c is compared with.
func (c contender) against() string {
	if c.all {
		return allBaseline
	}
	return baseline
}

func glulamBatch(more ...string) func(job) []string {
	return func(j job) []string {
		args := []string{j.glulam, "batch", "--model", j.model, "--input", j.input, "--output", j.output, "--overwrite", "--json"}
		return append(args, more...)
	}
}

func script(name string, more ...string) func(job) []string {
	return func(j job) []string {
		args := []string{j.python, "bench/peers/" + name, "--threads", strconv.Itoa(j.threads)}
		args = append(args, more...)
		return append(args, j.model, j.input, j.output+"/part.csv")
	}
}

func beamJob(flags func(job) []string) func(job) []string {
	return func(j job) []string {
		return slices.Concat([]string{j.python, "bench/peers/with_beam.py"}, flags(j), []string{j.model, j.input, j.output})
	}
}

// startRows is how many rows tell what it costs to start: those of rows.csv, once.
const startRows = 5000

// sizes are the row counts of a run, in order, and which contenders run at each of them.
func (o *options) sizes() (sizes []int, at func(c contender, rows int) bool) {
	sizes = slices.Clone(o.rows)
	if !o.short {
		sizes = append(sizes, startRows)
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
		if !o.only.MatchString(c.name) && c.name != baseline && !(c.name == allBaseline && o.only.MatchString("pandas-all")) {
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

// wants says whether a contender that runs has this need.
func (o *options) wants(n need) bool {
	sizes, at := o.sizes()
	return slices.ContainsFunc(contenders, func(c contender) bool {
		return c.needs == n && slices.ContainsFunc(sizes, func(rows int) bool { return at(c, rows) })
	})
}
