// Command growth measures how the cost of `glulam batch` grows: with rows, trees, features, files, shards and cores. It prints a
// report in Markdown.
//
//	go run ./bench/growth            # everything up to ten million rows; bench/README.md says what that takes
//	go run ./bench/growth --full     # and a hundred million
//	go run ./bench/growth --short    # a few rows of each: seconds
//	go run ./bench/growth --flink localhost:8081 --job-server localhost:8099    # rows alone, here and on a cluster of two slots
//
// It needs no Python. It does not judge times, and fails when a run fails or does not score every row.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"

	"github.com/glulam/glulam/bench/internal/lab"
	"github.com/glulam/glulam/bench/internal/report"
)

// options are the flags.
type options struct {
	only   *regexp.Regexp
	rounds int
	short  bool
	full   bool
	flink  string
	server string
	glulam string
	output string
	record string
}

func parse(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("growth", flag.ContinueOnError)
	only := f.String("only", "", "measure only what grows with something whose name matches this regular expression")
	f.IntVar(&o.rounds, "rounds", 3, "how often each run is measured")
	f.BoolVar(&o.short, "short", false, "few rows, one round")
	f.BoolVar(&o.full, "full", false, "a hundred million rows, too: 3 GB of disk, and minutes")
	f.StringVar(&o.flink, "flink", "", "instead of everything else: rows, here and on the Flink cluster whose REST interface is at this address")
	f.StringVar(&o.server, "job-server", "", "Beam's job server of that cluster")
	f.StringVar(&o.glulam, "glulam", "", "measure this binary instead of building ./cmd/glulam")
	f.StringVar(&o.output, "output", "", "write the report to this file; default: standard output")
	f.StringVar(&o.record, "record", "", "write every run to this file, as JSON")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unknown argument %q", f.Arg(0))
	}
	if o.short {
		o.rounds = 1
	}
	var err error
	o.only, err = regexp.Compile(*only)
	if o.rounds < 1 {
		err = errors.Join(err, errors.New("--rounds is at least 1"))
	}
	if (o.flink == "") != (o.server == "") {
		err = errors.Join(err, errors.New("--flink and --job-server go together"))
	}
	if o.short && o.full {
		err = errors.Join(err, errors.New("--short and --full do not go together"))
	}
	return o, err
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
	r := &results{About: about{Machine: report.ThisMachine(), Glulam: lab.FirstLine(ctx, b.glulam, "version"), Commit: lab.Commit(ctx)}, Options: o}
	// What was measured until an interruption is worth printing.
	err = b.measureAll(ctx, r)
	r.Stolen = watched()
	if len(r.Series) == 0 {
		return err
	}
	if o.record != "" {
		data, jerr := json.MarshalIndent(r, "", "\t")
		err = errors.Join(err, jerr, os.WriteFile(o.record, data, 0o644))
	}
	return errors.Join(err, report.Write(o.output, os.Stdout, r.write))
}
