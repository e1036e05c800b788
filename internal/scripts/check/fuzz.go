package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Unless -fuzztime says otherwise a target runs for fuzzEach, or less when there are so many that all together would
// take longer than fuzzBudget.
const (
	fuzzEach   = 10 * time.Second
	fuzzBudget = 90 * time.Second
)

// target is a fuzz test.
type target struct{ pkg, name string }

// fuzz runs every fuzz target for a short time. What it finds stays in the package's testdata/fuzz, as a test.
func fuzz(c *checker) error {
	targets, err := c.fuzzTargets()
	if err != nil {
		return c.count(err)
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

// heavy are the libraries that the compiler takes minutes to instrument.
var heavy = []string{"github.com/apache/beam/", "google.golang.org/grpc/"}

// lean leaves out the targets of packages that link something heavy. Their seeds, and mutants of them, are run with the unit
// tests.
func (c *checker) lean(targets []target) ([]target, error) {
	var out []target
	links := map[string]bool{}
	for _, t := range targets {
		if _, known := links[t.pkg]; !known {
			deps, err := c.output("go", "list", "-deps", t.pkg)
			if err != nil {
				return nil, err
			}
			links[t.pkg] = slices.ContainsFunc(heavy, func(h string) bool { return strings.Contains(deps, h) })
		}
		if links[t.pkg] {
			fmt.Printf("--  \t%s.%s: only with make fuzz TIME=..., since it links Beam or gRPC\n", strings.TrimPrefix(t.pkg, module), t.name)
			continue
		}
		out = append(out, t)
	}
	return out, nil
}

// fuzzTargets finds them in the text of the tests: go test -list would link each package's first.
func (c *checker) fuzzTargets() ([]target, error) {
	list, err := c.output("go", "list", "-f", "{{$p := .}}{{range .TestGoFiles}}{{$p.ImportPath}} {{$p.Dir}}/{{.}}\n{{end}}{{range .XTestGoFiles}}{{$p.ImportPath}} {{$p.Dir}}/{{.}}\n{{end}}", "./...")
	if err != nil {
		return nil, err
	}
	var out []target
	for line := range strings.Lines(list) {
		pkg, file, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if !ok {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for _, m := range fuzzFunc.FindAllSubmatch(text, -1) {
			out = append(out, target{pkg, string(m[1])})
		}
	}
	if len(out) == 0 {
		return nil, errors.New("no fuzz targets found")
	}
	return out, nil
}

var fuzzFunc = regexp.MustCompile(`(?m)^func (Fuzz\w*)\(\w+ \*testing\.F\) \{`)

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
