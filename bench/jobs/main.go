// Command jobs measures whole scoring jobs, a file in and predictions out, of glulam and of what people use today,
// side by side in one run, and prints a report in Markdown on standard output. It runs from anywhere in the repository:
//
//	go run ./bench/jobs            # everything; bench/README.md says what that takes
//	go run ./bench/jobs --short    # glulam alone, few rows: a minute, no Python
//
// It does not judge times. It fails when a job fails, or when what a job wrote is not what LightGBM itself predicts.
// bench/README.md says what is measured and how.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/glulam/glulam/bench/internal/lab"
	"github.com/glulam/glulam/bench/internal/report"
)

// options are the flags.
type options struct {
	rows      []int
	beamRows  int
	keepRows  int
	rounds    int
	models    []string
	only      *regexp.Regexp
	threads   int
	short     bool
	peers     bool
	glulam    string
	output    string
	record    string
	timeout   time.Duration
	tolerance float64
}

func parse(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("jobs", flag.ContinueOnError)
	rows := f.String("rows", "2e6", "how many rows the jobs score: one or more, with commas")
	beamRows := f.String("beam-rows", "1e5", "how many rows the Python Beam jobs score")
	keepRows := f.String("keep-rows", "1e6", "the most rows of the jobs that keep all columns")
	models := f.String("models", "large-numeric", "models of testdata/flights by name, or large and large-numeric, which are trained here")
	only := f.String("only", "", "run only jobs whose name matches this regular expression, and glulam")
	f.IntVar(&o.rounds, "rounds", 3, "how often each job runs")
	f.IntVar(&o.threads, "threads", runtime.NumCPU(), "threads of LightGBM and pyarrow, and processes of Beam's workers")
	f.BoolVar(&o.short, "short", false, "glulam alone, few rows, one round")
	f.BoolVar(&o.peers, "peers", true, "run the peers; they need Python")
	f.StringVar(&o.glulam, "glulam", "", "measure this binary instead of building ./cmd/glulam")
	f.StringVar(&o.output, "output", "", "write the report to this file; default: standard output")
	f.StringVar(&o.record, "record", "", "write every run to this file, as JSON")
	f.DurationVar(&o.timeout, "timeout", 30*time.Minute, "give up a job after this time")
	f.Float64Var(&o.tolerance, "tolerance", 1e-12, "fail when a prediction is further from LightGBM's own")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unknown argument %q", f.Arg(0))
	}
	if o.short {
		o.peers, o.rounds, *rows, *keepRows, *models = false, 1, "20000", "20000", "lightgbm,numeric"
	}
	var err, e1, e2, e3 error
	o.rows, err = lab.Counts(*rows)
	slices.Sort(o.rows)
	o.beamRows, e1 = lab.Count(*beamRows)
	o.keepRows, e2 = lab.Count(*keepRows)
	o.only, e3 = regexp.Compile(*only)
	o.models = strings.Split(*models, ",")
	if o.rounds < 1 || o.threads < 1 {
		err = errors.Join(err, errors.New("--rounds and --threads are at least 1"))
	}
	return o, errors.Join(err, e1, e2, e3)
}

func main() { os.Exit(lab.Main(os.Args[1:], os.Stderr, parse, run)) }

func run(ctx context.Context, o options) error {
	l, err := lab.Open(os.Stderr)
	if err != nil {
		return err
	}
	b := &bench{options: o, Lab: l}
	if err := b.prepare(ctx); err != nil {
		return err
	}
	watched := report.Watch()
	r := &results{About: b.about(ctx), Options: o}
	// What was measured until an interruption is worth printing.
	err = b.measureAll(ctx, r)
	r.Stolen = watched()
	if len(r.Runs) > 0 {
		err = errors.Join(err, report.Write(o.output, os.Stdout, r.write))
		if o.record != "" {
			err = errors.Join(err, r.record(o.record))
		}
	}
	return err
}
