package fault

import (
	"errors"
	"fmt"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestWire holds that an error survives what runners do to the text of one: wrapping, quoting, repeating.
func TestWire(t *testing.T) {
	in := &Error{Code: Schema, Source: `a "b"\c.csv`, Line: 3, Column: 4, Row: 7, Offset: 99, Field: "x", Err: errors.New("bad \"value\"\n{}"), Hint: "try; this"}
	text := fmt.Sprintf("bundle failed: %v: DoFn[UID:1] failed", Wire(fmt.Errorf("wrapped: %w", in)))
	for _, said := range []string{text, strconv.Quote(text), strconv.Quote(strconv.Quote(text)), text + text} {
		out, ok := FromText(said)
		if !ok {
			t.Fatalf("not found in %s", said)
		}
		if d := cmp.Diff(in, out, cmpopts.IgnoreFields(Error{}, "Err")); d != "" || out.Err.Error() != in.Err.Error() {
			t.Errorf("%s\n%v", d, out.Err)
		}
	}
	for _, text := range []string{"", "glulam-fault:", "glulam-fault:e30.", "glulam-fault:!!!."} {
		if e, ok := FromText(text); ok {
			t.Errorf("%q is taken for %v", text, e)
		}
	}
	plain := errors.New("plain")
	if Wire(plain) != plain || Wire(nil) != nil {
		t.Error("an error that is no fault was changed")
	}
}

func TestError(t *testing.T) {
	for want, e := range map[string]*Error{
		`rows.csv: row 7 (byte 0): x: "a" is not a number`: {Code: BadNumber, Source: "rows.csv", Row: 7, Field: "x", Err: errors.New(`"a" is not a number`)},
		`run.yaml:3:4: input: none; give one`:              {Code: Usage, Source: "run.yaml", Line: 3, Column: 4, Field: "input", Err: errors.New("none"), Hint: "give one"},
		`bad number`:                                       {Code: BadNumber},
	} {
		if got := e.Error(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if CodeOf(nil) != "" || CodeOf(errors.New("x")) != Internal || CodeOf(fmt.Errorf("w: %w", New(Empty, "", "x"))) != Empty {
		t.Error("CodeOf")
	}
}
