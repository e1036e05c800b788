package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestFuzzTargets holds the targets found in the text against those that go test knows, for a package of each kind of test.
func TestFuzzTargets(t *testing.T) {
	c := &checker{root: filepath.Join("..", "..", "..")}
	targets, err := c.fuzzTargets()
	if err != nil {
		t.Fatal(err)
	}
	for _, pkg := range []string{"format/csv", "format/number", "model/onnx", "model/sklearn", "internal/scripts/check"} {
		want, err := c.output("go", "test", "-list", "^Fuzz", "./"+pkg)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, x := range targets {
			if x.pkg == module+pkg {
				got = append(got, x.name)
			}
		}
		names := strings.Fields(want[:strings.LastIndex(want, "ok  \t")])
		slices.Sort(names)
		slices.Sort(got)
		if !slices.Equal(got, names) {
			t.Errorf("%s: got %v, want %v", pkg, got, names)
		}
	}
}

func TestTally(t *testing.T) {
	const events = `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestA/x"}
{"Action":"output","Package":"p","Test":"TestA/x","Output":"quiet\n"}
{"Action":"pass","Package":"p","Test":"TestA/x"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestB","Output":"loud\n"}
{"Action":"fail","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}
{"Action":"fail","Package":"p"}
{"Action":"skip","Package":"p","Test":"TestC"}
{"ImportPath":"q","Action":"build-output","Output":"q.go:1: broken\n"}
{"Action":"fail","Package":"q","FailedBuild":"q"}
`
	var out bytes.Buffer
	tally := newTally(&out)
	if err := tally.read(strings.NewReader(events)); err != nil {
		t.Fatal(err)
	}
	if tally.passed != 1 || tally.failed != 2 || !slices.Equal(tally.failures, []string{"p.TestB", "q"}) {
		t.Errorf("%d passed, %d failed: %v", tally.passed, tally.failed, tally.failures)
	}
	if got := out.String(); got != "loud\nFAIL\tp\t0.1s\nq.go:1: broken\n" {
		t.Errorf("printed %q", got)
	}
}

func TestChoose(t *testing.T) {
	got, err := choose([]string{"unit", "lint"})
	if err != nil || len(got) != 2 || got[0].name != "lint" {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := choose([]string{"none"}); err == nil {
		t.Error("a piece that is not there was chosen")
	}
}
