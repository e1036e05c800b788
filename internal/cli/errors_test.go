package cli

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glulam/glulam/fault"
)

func TestReport(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		code int
		want string
	}{
		{"nothing", nil, 0, ""},
		{"said already", silentUsage{}, 2, ""},
		{"a fault with everything", &fault.Error{Code: fault.Corrupt, Source: "m.txt", Line: 3, Column: 7, Field: "leaf_value", Err: errors.New("no number"), Hint: "train again"}, 1,
			"glulam: m.txt:3:7: leaf_value: no number\n        train again\n"},
		{"within another error", fmt.Errorf("while working: %w", fault.New(fault.Usage, "--engine", "no")), 2,
			"glulam: --engine: no\n"},
		{"several, and several lines", errors.Join(fault.New(fault.Usage, "", "one\ntwo"), errors.Join(fault.New(fault.Usage, "", "three").WithHint("a\nb"))), 2,
			"glulam: one\n        two\nglulam: three\n        a\n        b\n"},
		{"findings", &findings{text: "bad rows", hint: "look"}, 3, "glulam: bad rows\n        look\n"},
		{"no fault", errors.New("odd"), 1,
			"glulam: odd\n        this looks like a defect of glulam: please report it, with what --log-level debug prints\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			if code := report(&b, c.err); code != c.code {
				t.Errorf("exit code %d, not %d", code, c.code)
			}
			if diff := cmp.Diff(c.want, b.String()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// What prism says of failures that no fault.Error explains.
func TestInnermost(t *testing.T) {
	const head = "bundle inst001 stage-001 failed:process bundle failed for instruction inst001 using plan stage-001 : "
	const graph = `while executing Process for Plan[stage-001]:
1: DataSource[S[stage-001_source@localhost:39603], i0] Out:2 Coder:W;cwv_n1<bytes;c0>!GWC 
2: ParDo[cli.someFn] Out:[] Sig: func([]uint8) error, SideInputs: []
	caused by:
`
	const node = "DoFn[UID:2, PID:e2, Name: example.com/cli.someFn] failed:\n"
	const stack = `goroutine 178 [running]:
runtime/debug.Stack()
	/usr/local/go/src/runtime/debug/stack.go:26 +0x5e
panic({0x2d46dc0?, 0x696a320?})
`
	for _, c := range []struct{ name, text, want string }{
		{"error", head + graph + "source failed processing data\n\tcaused by:\n" + node + "outer: the inner thing broke", "outer: the inner thing broke"},
		{"setup", head + strings.Replace(graph, "Process", "Up", 1) + node + "setup broke", "setup broke"},
		{"panic", head + "panic: assignment to entry in nil map\nFull error:\n" + graph + "panic: assignment to entry in nil map " + stack, "assignment to entry in nil map"},
		{"panic in the end", head + graph + node + "panic: index out of range " + stack, "index out of range"},
		{"something else", "connection refused", "connection refused"},
		{"two lines", "first\nsecond", "first\nsecond"},
		{"nothing but a stack", stack, strings.TrimSpace(stack)},
	} {
		if got := innermost(c.text); got != c.want {
			t.Errorf("%s: %q, not %q", c.name, got, c.want)
		}
	}
}

// A defect is told without its stack.
func TestDefect(t *testing.T) {
	var b strings.Builder
	if code := report(&b, defect("runtime error: index out of range", []byte("goroutine 1 [running]"))); code != 1 || strings.Contains(b.String(), "goroutine") {
		t.Errorf("%d %q", code, b.String())
	}
}
