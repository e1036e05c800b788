package parity

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
)

var sameNumber = cmp.Comparer(func(a, b Number) bool { return a == b || a != a && b != b })

// TestCheckRefused: what is compared is the rows that the model takes. Others are differences if something is expected of them.
func TestCheckRefused(t *testing.T) {
	for _, c := range []struct {
		rows, expected string
		want           EngineReport
		equal          bool
	}{
		{"x\n-1\n99\n99\n2\n", "margin,class\n0.1,0\n,\n,\n0.2,1\n", EngineReport{
			RowsRefused: 2, FirstRefused: "row 2: x: 99", Outputs: []OutputReport{{Output: "margin", Values: 2}, {Output: "class", Values: 2}}}, true},
		{"x\n-1\n99\n99\n2\n", "margin,class\n0.1,0\n,\n,1\n0.2,1\n", EngineReport{
			RowsRefused: 2, FirstRefused: "row 2: x: 99", RowsMissed: 1, FirstMissed: "row 3: x: 99",
			Outputs: []OutputReport{{Output: "margin", Values: 2}, {Output: "class", Values: 2}}}, false},
		{"x\n99\n", "margin\nNaN\n", EngineReport{RowsRefused: 1, FirstRefused: "row 1: x: 99", Outputs: []OutputReport{{Output: "margin"}}}, false},
		{"x\n-1\n2\n3\n", "margin\n0.1\n\"\"\n0.2\n", EngineReport{Outputs: []OutputReport{
			{Output: "margin", Values: 3, Different: 1, Incomparable: 1, First: &Found{2, "margin", Number(math.NaN()), 0.2}}}}, false},
	} {
		r, err := Check(ctx, memory(t, "r.csv", c.rows), memory(t, "e.csv", c.expected), DefaultTolerance, []*Scorer{fake("a", stump(0.1, 0.2), nil)})
		if err != nil {
			t.Errorf("%q: %v", c.expected, err)
			continue
		}
		c.want.Engine = "a"
		if d := cmp.Diff(c.want, r.Engines[0], sameNumber); d != "" || r.Equal() != c.equal {
			t.Errorf("%q: equal %t: %s", c.expected, r.Equal(), d)
		}
		if text, err := json.Marshal(r); err != nil || strings.Contains(string(text), "18446744073709551615") || strings.Contains(string(text), `:"+Inf"`) {
			t.Errorf("%s, %v", text, err)
		}
	}
}

// TestDiffRefused: rows that one model refuses differ, but by nothing that can be told; NaN against a number is no distance.
func TestDiffRefused(t *testing.T) {
	takes := func(f *forest.Forest) *Scorer { // all rows
		s := fake("b", f, nil)
		score := s.Score
		s.Score = func(rec arrow.RecordBatch, want Kinds) (*Scores, error) {
			got, err := score(rec, want)
			got.Refused = nil
			return got, err
		}
		return s
	}
	r, err := Diff(ctx, memory(t, "r.csv", "x\n-1\n99\n2\n"), fake("a", stump(0.1, math.NaN()), nil), takes(stump(0.25, 0.5)), 3)
	if err != nil {
		t.Fatal(err)
	}
	off, nan := Number(0.25-0.1), Number(math.NaN())
	want := &DiffReport{
		Rows: 3, RowsDifferent: 3, RowsRefused: [2]int64{1, 0}, FirstRefused: [2]string{"row 2: x: 99"},
		Outputs: []DiffOutput{
			{Output: "prediction", Values: 2, Different: 2, Incomparable: 1, MaxULPs: ULPs(0.1, 0.25, false), MaxDifference: off},
			{Output: "margin", Values: 2, Different: 2, Incomparable: 1, MaxULPs: ULPs(0.1, 0.25, false), MaxDifference: off},
			{Output: "class", Values: 2},
		},
		Quantiles: []Quantile{{0.5, off}, {0.9, nan}, {0.99, nan}, {0.999, nan}, {1, nan}},
		Worst:     []DiffRow{{3, "prediction", nan, 0.5, nan}, {1, "prediction", 0.1, 0.25, off}},
		Parting:   &Parting{Row: 3, Trees: [2]int{1, 1}, Tree: 0, Leaf: [2]int32{1, 1}, Values: [2]Number{nan, 0.5}},
	}
	if d := cmp.Diff(want, r, sameNumber, cmpopts.IgnoreUnexported(DiffOutput{})); d != "" {
		t.Error(d)
	}
	if _, err := Diff(ctx, memory(t, "r.csv", "x\n99\n"), fake("a", stump(1, 2), nil), fake("b", stump(1, 2), nil), 3); fault.CodeOf(err) != fault.Schema {
		t.Error("nothing was compared:", err)
	}
}
