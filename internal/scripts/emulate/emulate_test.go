package main

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	o, err := parse([]string{"-cpu", "arm64", "-data", "a", "-data", "b", "-env", "A=b=c", "-time", "3s", "./x", "--", "-test.v", "--"})
	if err != nil {
		t.Fatal(err)
	}
	if o.cpu != "arm64" || !slices.Equal(o.data, []string{"a", "b"}) || !slices.Equal(o.env, []string{"A=b=c"}) || o.time != 3*time.Second ||
		o.memory != 1024 || o.pkg != "./x" || !slices.Equal(o.args, []string{"-test.v", "--"}) {
		t.Errorf("got %+v", o)
	}
	for want, line := range map[string]string{
		"no package is named":     "-cpu avx2 -- -test.v",
		`"-test.v" is not`:        "./x -test.v",
		`no CPU "mmx": there are`: "-cpu mmx ./x",
		"-memory 64 is not from":  "-memory 64 ./x",
		"-time 0s is no time":     "-time 0s ./x",
		"-env A is not KEY=VALUE": "-env A ./x",
	} {
		if _, err := parse(strings.Fields(line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", line, err)
		}
	}
	if _, err := parse([]string{"-h"}); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
}

// TestExitCode: only the whole last line is the tests' end.
func TestExitCode(t *testing.T) {
	for console, want := range map[string]int{
		"": -1, "emulate: exit 0\n": -1, "x\r\nemulate: exit 0": -1, "x\r\nemulate: exit 1\r\n": 1, "\n\nemulate: exit 12\n": 12, "\nemulate: exit x\n": -1,
	} {
		code, ok := exitCode([]byte(console))
		if ok != (want >= 0) || ok && code != want {
			t.Errorf("%q: %d, %v", console, code, ok)
		}
	}
}

func TestFollower(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	var out bytes.Buffer
	f := &follower{path: path, to: &out}
	for _, text := range []string{"", "abc", "abcdef", "abcdef" + strings.Repeat("x", 1<<17)} {
		if text != "" {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.copy(); err != nil || out.String() != text {
			t.Fatalf("%d of %d bytes, %v", out.Len(), len(text), err)
		}
	}
	if len(f.seen) != 1<<16 {
		t.Errorf("it remembers %d bytes", len(f.seen))
	}
}

// TestProbe runs tests on CPUs that this machine may not have.
func TestProbe(t *testing.T) {
	if os.Getenv("GLULAM_EMULATE") == "" {
		t.Skip("to install an emulated PC takes minutes: make emulate does, and sets GLULAM_EMULATE")
	}
	for _, c := range []struct {
		cpu  string
		env  []string
		code int
		want []string
	}{
		{cpu: "avx512", want: []string{"on amd64 with \"avx512\"\t\x01\xff.\n--- PASS: TestSurroundings", "--- PASS: TestCPU", "--- PASS: TestVectors", "\nPASS\n"}},
		{cpu: "skylake", env: []string{"PROBE_FAIL=1"}, code: 1, want: []string{"--- PASS: TestCPU", "--- SKIP: TestVectors", "it is to fail", "\nFAIL\n"}},
		{cpu: "arm64", want: []string{"on arm64 with \"arm64\"\t\x01\xff.\n--- PASS: TestSurroundings", "\nPASS\n"}},
		{cpu: "arm64", env: []string{"PROBE_EXIT=7"}, code: 7},
	} {
		o := probe(c.cpu)
		o.env = append(o.env, c.env...)
		var out bytes.Buffer
		code, err := run(t.Context(), o, &out)
		if err != nil {
			t.Errorf("%s %v: %v", c.cpu, c.env, err)
			continue
		}
		if code != c.code {
			t.Errorf("%s %v: ended with %d, not %d", c.cpu, c.env, code, c.code)
		}
		for _, want := range c.want {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s %v: there is no %q in\n%s", c.cpu, c.env, want, out.String())
			}
		}
	}
}

// TestTooLong: tests that take too long end with an error.
func TestTooLong(t *testing.T) {
	if os.Getenv("GLULAM_EMULATE") == "" {
		t.Skip("to install an emulated PC takes minutes: make emulate does, and sets GLULAM_EMULATE")
	}
	for _, cpu := range []string{"sse", "arm64"} {
		o := probe(cpu)
		o.time = time.Nanosecond
		if _, err := run(t.Context(), o, io.Discard); err == nil || !strings.Contains(err.Error(), "had not ended after 1ns") {
			t.Errorf("%s: %v", cpu, err)
		}
	}
}

func probe(cpu string) *options {
	return &options{
		cpu: cpu, env: []string{"PROBE=" + cpu}, data: []string{"main.go"}, memory: 256, time: 10 * time.Minute,
		pkg: "./testdata/probe", args: []string{"-test.v"},
	}
}
