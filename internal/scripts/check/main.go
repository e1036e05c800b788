// Command check runs the checks of this repository, all of them or those that are named:
//
//	go run ./internal/scripts/check                  # what `make test` does
//	go run ./internal/scripts/check lint unit        # some pieces
//	go run ./internal/scripts/check -list
//
// It needs Go and nothing else on the machine: tools of pinned versions go to .cache/bin, and a C compiler, which the race
// detector wants, is installed where that is possible. A piece that fails does not keep the others from running, but for
// the build; the last line says how many checks passed and failed, and the exit code is 1 if any did.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// piece is one of the checks.
type piece struct {
	name, about string
	run         func(c *checker) error
	stop        bool // when it fails, the others have nothing to work with
}

var pieces = []piece{
	{name: "tools", about: "staticcheck in .cache/bin, and a C compiler for the race detector", run: tools, stop: true},
	{name: "build", about: "go build of everything", run: build, stop: true},
	{name: "lint", about: "gofmt, go vet, staticcheck", run: lint},
	{name: "unit", about: "tests of all packages but those of script", run: unit},
	{name: "script", about: "tests that run the whole program: the command, the examples, the documentation, the benchmarks' short forms", run: script},
	{name: "race", about: "tests of the packages with goroutines, under the race detector", run: race},
	{name: "fuzz", about: "every fuzz target for some seconds", run: fuzz},
}

// checker runs pieces and counts.
type checker struct {
	root           string // of the repository
	passed, failed int    // tests, and pieces that hold no tests
	fuzzTime       time.Duration
}

func main() {
	list := flag.Bool("list", false, "say what there is to run")
	fuzzTime := flag.Duration("fuzztime", 0, "how long each fuzz target runs; 0: ten seconds, or less if there are many")
	flag.Parse()
	if *list {
		for _, p := range pieces {
			fmt.Printf("%-7s %s\n", p.name, p.about)
		}
		return
	}
	wanted, err := choose(flag.Args())
	if err == nil {
		err = inRepository()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(2)
	}
	root, err := os.Getwd()
	if err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(1)
	}
	c := &checker{root: root, fuzzTime: *fuzzTime}
	if !c.runAll(wanted) {
		os.Exit(1)
	}
}

// choose gives the pieces of these names, in the order of the table; all if there are none.
func choose(names []string) ([]piece, error) {
	if len(names) == 0 {
		return pieces, nil
	}
	for _, n := range names {
		if !slices.ContainsFunc(pieces, func(p piece) bool { return p.name == n }) {
			return nil, fmt.Errorf("no piece is called %q; -list names them", n)
		}
	}
	var out []piece
	for _, p := range pieces {
		if slices.Contains(names, p.name) {
			out = append(out, p)
		}
	}
	return out, nil
}

// inRepository refuses to work anywhere else.
func inRepository() error {
	data, err := os.ReadFile("go.mod")
	if err != nil || !strings.HasPrefix(string(data), "module github.com/glulam/glulam\n") {
		return errors.New("this is not the folder of the repository: run it from there")
	}
	return nil
}

// runAll runs pieces and prints what came of them. It says whether all is well.
func (c *checker) runAll(wanted []piece) bool {
	type outcome struct {
		name string
		took time.Duration
		err  error
	}
	var done []outcome
	started := time.Now()
	for _, p := range wanted {
		fmt.Printf("==> %s: %s\n", p.name, p.about)
		start := time.Now()
		err := p.run(c)
		done = append(done, outcome{p.name, time.Since(start), err})
		if err != nil {
			fmt.Printf("%s failed: %v\n", p.name, err)
			if p.stop {
				break
			}
		}
	}
	fmt.Println()
	ok := true
	for _, o := range done {
		verdict := "ok"
		if o.err != nil {
			verdict, ok = "FAILED: "+oneLine(o.err), false
		}
		fmt.Printf("%-7s %7.1f s  %s\n", o.name, o.took.Seconds(), verdict)
	}
	for _, p := range wanted[len(done):] {
		fmt.Printf("%-7s        -    not run\n", p.name)
	}
	fmt.Printf("%-7s %7.1f s\n", "total", time.Since(started).Seconds())
	fmt.Printf("%d passed, %d failed\n", c.passed, c.failed)
	return ok
}

// oneLine is an error, which may be several, for the table.
func oneLine(err error) string {
	text := strings.Join(strings.Split(strings.TrimSpace(err.Error()), "\n"), "; ")
	if r := []rune(text); len(r) > 200 {
		text = string(r[:197]) + "..."
	}
	return text
}

// count adds a check that holds no tests.
func (c *checker) count(err error) error {
	if err != nil {
		c.failed++
	} else {
		c.passed++
	}
	return err
}

// bin is where tools are installed.
func (c *checker) bin() string { return filepath.Join(c.root, ".cache", "bin") }
