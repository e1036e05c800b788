package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

const module = "github.com/glulam/glulam/"

// scripts are the packages whose tests run the whole program.
var scripts = []string{"internal/cli", "internal/doctest", "internal/e2e", "examples/", "bench/"}

// raced are the packages in which goroutines meet, and the ones below them. The tests of internal/cli are left out: the
// program under test is another process, which the detector does not see, and the packages that it is made of are here. So are
// the parsers of models: they turn bytes into a forest and have no goroutines.
var raced = []string{"model/forest", "model/leaves", "model/rules", "format/csv", "format/jsonl", "transforms/", "pipelines", "runners", "internal/demo", "internal/ops"}

func unit(c *checker) error {
	return c.testPackages(func(pkg string) bool { return !startsWith(pkg, scripts) })
}

func script(c *checker) error {
	return c.testPackages(func(pkg string) bool { return startsWith(pkg, scripts) })
}

// alone are long tests in packages of raced that have one goroutine each, or the same ones as others: the detector would make
// them tens of times slower and has nothing to see. Unit runs them.
var alone = []string{
	"TestThresholds", "TestCoverage", "TestCases", "TestGolden", "TestClassIsAPlace", "TestMatrix", "TestNoModelIsAnAlias", // model
	"TestSameBits",                                          // pipelines; TestEveryModelFormat runs the same pipelines on fewer models
	"TestManyStrayQuotes", "TestWriteAllocates", "TestBulk", // format/csv
	"TestBatchLimits", "TestReaderAllocations", "TestDamagedBytes", // format/jsonl
}

// race runs with -short: it looks for races, not for wrong numbers. Known races of libraries are in races.txt.
func race(c *checker) error {
	if err := c.installCompiler(); err != nil {
		return c.count(err)
	}
	known := filepath.Join(c.root, "internal", "scripts", "check", "races.txt")
	if err := os.Setenv("GORACE", "suppressions="+known); err != nil {
		return c.count(err)
	}
	return c.testPackages(func(pkg string) bool { return pkg == module+"model" || startsWith(pkg, raced) }, "-race", "-short", "-skip=^("+strings.Join(alone, "|")+")$")
}

func startsWith(pkg string, folders []string) bool {
	rel := strings.TrimPrefix(pkg, module)
	return slices.ContainsFunc(folders, func(f string) bool { return strings.HasPrefix(rel, f) })
}

// testPackages runs go test on those packages that have tests and are wanted.
func (c *checker) testPackages(want func(pkg string) bool, flags ...string) error {
	out, err := c.output("go", "list", "-f", "{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}", "./...")
	if err != nil {
		return c.count(err)
	}
	packages := slices.DeleteFunc(strings.Fields(out), func(pkg string) bool { return !want(pkg) })
	if len(packages) == 0 {
		return c.count(errors.New("no package has such tests"))
	}
	// One more at a time than there are processors: the tests of brokers wait more than they compute.
	return c.goTest(append(append([]string{"-timeout=20m", fmt.Sprintf("-p=%d", runtime.NumCPU()+1)}, flags...), packages...))
}

// goTest runs go test -json and prints what go test itself would, and counts.
func (c *checker) goTest(args []string) error {
	args = append([]string{"test", "-json"}, args...)
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Stderr = c.root, os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return c.count(err)
	}
	if err := cmd.Start(); err != nil {
		return c.count(err)
	}
	t := newTally(os.Stdout)
	rerr := t.read(pipe)
	err = cmd.Wait()
	c.passed += t.passed
	c.failed += t.failed
	switch {
	case rerr != nil:
		return c.count(rerr)
	case t.failed > 0:
		return fmt.Errorf("failed: %s", strings.Join(t.failures, ", "))
	case err != nil:
		return c.count(fmt.Errorf("%s: %w", describe("go", args), err))
	}
	return nil
}

// event is a line of go test -json.
type event struct {
	Action, Package, ImportPath, Test, Output string
	FailedBuild                               string
}

// tally reads events, prints them as go test would, and counts tests: the ones at the end of each branch, so that a test
// with subtests counts as those.
type tally struct {
	w              io.Writer
	passed, failed int
	failures       []string
	output         map[string][]string // of tests that are still running, by package and test
	parents        map[string]bool     // tests that have subtests
	broken         map[string]bool     // packages of which a test failed
}

func newTally(w io.Writer) *tally {
	return &tally{w: w, output: map[string][]string{}, parents: map[string]bool{}, broken: map[string]bool{}}
}

func (t *tally) read(r io.Reader) error {
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if jerr := json.Unmarshal(line, &e); jerr != nil {
				fmt.Fprintf(t.w, "%s", line)
			} else {
				t.add(&e)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (t *tally) add(e *event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "run":
		if i := strings.LastIndexByte(e.Test, '/'); i >= 0 {
			t.parents[e.Package+" "+e.Test[:i]] = true
		}
	case "build-output":
		fmt.Fprint(t.w, e.Output)
	case "output":
		if e.Test == "" {
			if e.Output != "PASS\n" && e.Output != "FAIL\n" {
				fmt.Fprint(t.w, e.Output)
			}
			return
		}
		t.output[key] = append(t.output[key], e.Output)
	case "pass", "skip":
		if e.Test != "" && e.Action == "pass" && !t.parents[key] {
			t.passed++
		}
		delete(t.output, key)
	case "fail":
		if e.Test == "" {
			// A package that did not build, or ended outside its tests.
			if !t.broken[e.Package] {
				t.fail(strings.TrimPrefix(e.Package, module))
			}
			return
		}
		t.broken[e.Package] = true
		for _, line := range t.output[key] {
			fmt.Fprint(t.w, line)
		}
		delete(t.output, key)
		if !t.parents[key] {
			t.fail(strings.TrimPrefix(e.Package, module) + "." + e.Test)
		}
	}
}

func (t *tally) fail(name string) {
	t.failed++
	t.failures = append(t.failures, name)
}
