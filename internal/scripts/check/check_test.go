package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestFuzzTargets(t *testing.T) {
	got := fuzzTargets("?   \tm/none\t[no test files]\nok  \tm/a\t0.1s\nFuzzOne\nFuzzTwo\nok  \tm/b\t0.2s\nFuzzOne\nok  \tm/c\t(cached)\n")
	want := []target{{"m/b", "FuzzOne"}, {"m/b", "FuzzTwo"}, {"m/c", "FuzzOne"}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
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
