package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Unless -fuzztime says otherwise a target runs for fuzzEach, or less when there are so many that all together would
// take longer than fuzzBudget.
const (
	fuzzEach   = 10 * time.Second
	fuzzBudget = 120 * time.Second
)

// target is a fuzz test.
type target struct{ pkg, name string }

// fuzz runs every fuzz target for a short time. What it finds stays in the package's testdata/fuzz, as a test.
func fuzz(c *checker) error {
	out, err := c.output("go", "test", "-list", "^Fuzz", "./...")
	if err != nil {
		return c.count(err)
	}
	targets := fuzzTargets(out)
	if len(targets) == 0 {
		return c.count(errors.New("no fuzz targets found"))
	}
	each := c.fuzzTime
	if each == 0 {
		if targets, err = c.lean(targets); err != nil {
			return c.count(err)
		}
		each = min(fuzzEach, fuzzBudget/time.Duration(len(targets))).Round(time.Second)
	}
	var errs []error
	for _, t := range targets {
		err := c.fuzzOne(t, each)
		if err != nil {
			errs = append(errs, err)
		}
		c.count(err)
	}
	return errors.Join(errs...)
}

// lean leaves out the targets of packages that link Beam, because to instrument it takes the compiler six minutes. Their
// seeds, and mutants of them, are run with the unit tests.
func (c *checker) lean(targets []target) ([]target, error) {
	var out []target
	for _, t := range targets {
		deps, err := c.output("go", "list", "-deps", t.pkg)
		if err != nil {
			return nil, err
		}
		if strings.Contains(deps, "github.com/apache/beam/") {
			fmt.Printf("--  \t%s.%s: only with make fuzz TIME=..., since it links Beam\n", strings.TrimPrefix(t.pkg, module), t.name)
			continue
		}
		out = append(out, t)
	}
	return out, nil
}

// fuzzTargets reads what go test -list prints: names, then the package that they belong to.
func fuzzTargets(list string) []target {
	var out []target
	var names []string
	for line := range strings.Lines(list) {
		f := strings.Fields(line)
		switch {
		case len(f) == 1 && strings.HasPrefix(f[0], "Fuzz"):
			names = append(names, f[0])
		case len(f) >= 2 && f[0] == "ok":
			for _, n := range names {
				out = append(out, target{f[1], n})
			}
			names = nil
		}
	}
	return out
}

// fuzzOne runs one target. Before Go 1.27 the fuzzer now and then reports the end of its own time as a failure
// (golang/go#75804): such a failure, which names no input that fails, is tried again.
func (c *checker) fuzzOne(t target, d time.Duration) error {
	label := strings.TrimPrefix(t.pkg, module) + "." + t.name
	for try := 1; ; try++ {
		cmd := exec.Command("go", "test", "-run=^$", "-fuzz=^"+t.name+"$", "-fuzztime="+d.String(), "-fuzzminimizetime=1x", t.pkg)
		cmd.Dir = c.root
		start := time.Now()
		out, err := cmd.CombinedOutput()
		if err == nil {
			fmt.Printf("ok  \t%s\t%.1fs%s\n", label, time.Since(start).Seconds(), executions(string(out)))
			return nil
		}
		if try < 3 && strings.Contains(string(out), "context deadline exceeded") && !strings.Contains(string(out), "Failing input written") {
			continue
		}
		os.Stdout.Write(out)
		return fmt.Errorf("%s: %w", label, err)
	}
}

// executions finds how often the target ran: "\t12345 runs".
func executions(out string) string {
	_, after, ok := cutLast(out, "execs: ")
	if !ok {
		return ""
	}
	n, _, _ := strings.Cut(after, " ")
	return "\t" + n + " runs"
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
