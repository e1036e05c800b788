// Command jobs measures whole scoring jobs, a CSV file in and predictions out, of glulam and of what people use today,
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
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
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
	record    string
	timeout   time.Duration
	tolerance float64
}

func parse(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("jobs", flag.ContinueOnError)
	rows := f.String("rows", "1e6,1e7", "how many rows the jobs score: one or more, with commas")
	beamRows := f.String("beam-rows", "1e5", "how many rows the Python Beam jobs score")
	keepRows := f.String("keep-rows", "1e6", "the most rows of the jobs that keep all columns")
	models := f.String("models", "lightgbm,numeric", "models of testdata/flights by name, or large, which is trained here")
	only := f.String("only", "", "run only jobs whose name matches this regular expression, and glulam")
	f.IntVar(&o.rounds, "rounds", 3, "how often each job runs")
	f.IntVar(&o.threads, "threads", runtime.NumCPU(), "threads of LightGBM and pyarrow, and processes of Beam's workers")
	f.BoolVar(&o.short, "short", false, "glulam alone, few rows, one round")
	f.BoolVar(&o.peers, "peers", true, "run the peers; they need Python")
	f.StringVar(&o.glulam, "glulam", "", "measure this binary instead of building ./cmd/glulam")
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
		o.peers, o.rounds, *rows, *keepRows = false, 1, "20000", "20000"
	}
	var err error
	for s := range strings.SplitSeq(*rows, ",") {
		n, e := count(s)
		err = errors.Join(err, e)
		o.rows = append(o.rows, n)
	}
	slices.Sort(o.rows)
	var e1, e2, e3 error
	o.beamRows, e1 = count(*beamRows)
	o.keepRows, e2 = count(*keepRows)
	o.only, e3 = regexp.Compile(*only)
	o.models = strings.Split(*models, ",")
	if o.rounds < 1 || o.threads < 1 {
		err = errors.Join(err, errors.New("--rounds and --threads are at least 1"))
	}
	return o, errors.Join(err, e1, e2, e3)
}

// count reads 1000000 or 1e6.
func count(s string) (int, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || v < 1 || v > 1e10 || v != float64(int(v)) {
		return 0, fmt.Errorf("%q is no count of rows", s)
	}
	return int(v), nil
}

func main() {
	o, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	if err := os.Chdir(root); err != nil {
		return err
	}
	b := &bench{options: o, cache: filepath.Join(".cache", "bench"), log: os.Stderr}
	if err := b.prepare(ctx); err != nil {
		return err
	}
	r := &report{About: b.about(ctx), Options: o}
	// What was measured until an interruption is worth printing.
	err = b.measureAll(ctx, r)
	if len(r.Runs) > 0 {
		r.write(os.Stdout)
		if o.record != "" {
			err = errors.Join(err, r.record(o.record))
		}
	}
	return err
}

// moduleRoot is the folder of go.mod, at or above the working directory.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("run this inside the repository: no go.mod here or above")
		}
		dir = up
	}
}
