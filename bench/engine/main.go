// Command engine measures how fast forests are evaluated: glulam's engines and the libraries that people use, on the same rows
// and, where they can read it, the same model file, side by side in one run. It prints a report in Markdown.
//
//	go run ./bench/engine            # everything; bench/README.md says what that takes
//	go run ./bench/engine --short    # glulam and leaves, two small models: seconds, no Python
//
// It does not judge times. It fails when a contender fails, or when it gives other numbers than glulam's reference by more than
// the bound that the report names. bench/README.md says what is measured and how.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"time"

	"github.com/glulam/glulam/bench/internal/lab"
	"github.com/glulam/glulam/bench/internal/report"
)

// options are the flags.
type options struct {
	subjects *regexp.Regexp
	only     *regexp.Regexp
	threads  []int
	batches  []int
	rounds   int
	pass     time.Duration
	short    bool
	compile  bool
	output   string
	record   string
}

func parse(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("engine", flag.ContinueOnError)
	subjects := f.String("models", "", "measure only models whose name matches this regular expression")
	only := f.String("only", "", "measure only peers whose library matches this regular expression, and glulam")
	threads := f.String("threads", "1,2", "numbers of threads; of more than one, only batches of 256 rows and more are measured")
	batches := f.String("batches", "1,16,256,8192", "rows a call, at most 8192")
	f.IntVar(&o.rounds, "rounds", 5, "how often each contender is measured")
	f.DurationVar(&o.pass, "pass", 60*time.Millisecond, "how long it is measured each time, or one call if that takes longer")
	f.BoolVar(&o.short, "short", false, "glulam and leaves, two small models, one round")
	f.BoolVar(&o.compile, "compile", true, "have lleaves and tl2cgen compile the model of 500 trees: fifteen minutes, once")
	f.StringVar(&o.output, "output", "", "write the report to this file; default: standard output")
	f.StringVar(&o.record, "record", "", "write every pass to this file, as JSON")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unknown argument %q", f.Arg(0))
	}
	if o.short {
		o.rounds, o.pass = 1, 2*time.Millisecond
	}
	var e [4]error
	o.threads, e[0] = lab.Counts(*threads)
	o.batches, e[1] = lab.Counts(*batches)
	o.subjects, e[2] = regexp.Compile(*subjects)
	o.only, e[3] = regexp.Compile(*only)
	err := errors.Join(e[:]...)
	for _, b := range o.batches {
		if b > largestBatch {
			err = errors.Join(err, fmt.Errorf("--batches: %d is more than %d", b, largestBatch))
		}
	}
	for _, t := range o.threads {
		if t > runtime.NumCPU() && !o.short {
			err = errors.Join(err, fmt.Errorf("--threads: %d, but this machine has %d cores", t, runtime.NumCPU()))
		}
	}
	if o.rounds < 1 || o.pass <= 0 {
		err = errors.Join(err, errors.New("--rounds is at least 1, and --pass more than 0"))
	}
	return o, err
}

// largestBatch is half of the rows that are there, so that no call sees the rows of the one before.
const largestBatch = 8192

func main() { os.Exit(lab.Main(os.Args[1:], os.Stderr, parse, run)) }

func run(ctx context.Context, o options) error {
	l, err := lab.Open(os.Stderr)
	if err != nil {
		return err
	}
	b := &bench{options: o, Lab: l}
	defer b.close()
	if err := b.prepare(ctx); err != nil {
		return err
	}
	watched := report.Watch()
	r := &results{About: b.about(ctx), Options: o}
	// What was measured until an interruption is worth printing.
	err = b.measureAll(ctx, r)
	r.Stolen = watched()
	if len(r.Tables) == 0 {
		return err
	}
	if o.record != "" {
		data, jerr := json.MarshalIndent(r, "", "\t")
		err = errors.Join(err, jerr, os.WriteFile(o.record, data, 0o644))
	}
	return errors.Join(err, report.Write(o.output, os.Stdout, r.write))
}
