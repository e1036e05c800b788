package parity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/google/go-cmp/cmp"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/model/forest"
)

var ctx = context.Background()

func memory(t testing.TB, name, text string) *Table {
	t.Helper()
	tab, err := Memory(ctx, name, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

// stump is a model of one tree: x <= 0 goes to the first leaf.
func stump(lo, hi float64) *forest.Forest {
	return &forest.Forest{
		Outputs: 1, LeafWidth: 1, Rounds: 1, Features: []forest.Feature{{Name: "x"}},
		Nodes: []forest.Node{{Left: ^0, Right: ^1}}, Leaves: []float64{lo, hi},
		Trees: []forest.Tree{{NumNodes: 1, NumLeaves: 2}},
	}
}

// fake scores with the stump; what it gives for a margin can be changed.
func fake(name string, f *forest.Forest, change func(row int, v float64) float64) *Scorer {
	row := 0
	return &Scorer{
		Name: name, Forest: f, Outputs: Outputs{Has: Margin | Prediction | Class | Leaf, Margins: 1, Predictions: 1, Leaves: 1},
		Columns: func(*Table) ([]format.Column, error) { return []format.Column{{Name: "x"}}, nil },
		Score: func(rec arrow.RecordBatch, want Kinds) (*Scores, error) {
			s := &Scores{}
			for i, x := range rec.Column(0).(*array.Float64).Float64Values() {
				leaf := int32(0)
				if x > 0 {
					leaf = 1
				}
				v := f.Leaves[leaf]
				if x == 99 {
					s.Refused = append(s.Refused, Refusal{Row: i, Message: "x: 99"})
				}
				if change != nil && want != Leaf {
					v = change(row, v)
				}
				row++
				s.Margin, s.Prediction = append(s.Margin, v), append(s.Prediction, v)
				s.Class, s.Leaf = append(s.Class, leaf), append(s.Leaf, leaf)
			}
			return s, nil
		},
	}
}

func TestULPs(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		a, b   float64
		single bool
		want   uint64
	}{
		{1, 1, false, 0}, {nan, nan, false, 0}, {nan, 1, false, Incomparable}, {1, nan, true, Incomparable},
		{0, math.Copysign(0, -1), false, 1}, {0, math.Copysign(0, -1), true, 1},
		{1, math.Nextafter(1, 2), false, 1}, {-1, math.Nextafter(-1, -2), false, 1},
		{math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64, false, 3},
		{math.MaxFloat64, inf, false, 1}, {-inf, inf, false, 2*0x7ff0000000000000 + 1},
		{1, float64(math.Nextafter32(1, 0)), true, 1}, {float64(math.MaxFloat32), inf, true, 1}, {-inf, inf, true, 2*0x7f800000 + 1},
	} {
		if got := ULPs(c.a, c.b, c.single); got != c.want || ULPs(c.b, c.a, c.single) != got {
			t.Errorf("ULPs(%v, %v, %v) = %d, not %d", c.a, c.b, c.single, got, c.want)
		}
	}
}

func TestNumber(t *testing.T) {
	text, err := json.Marshal([]Number{0.1, 1e300, Number(math.NaN()), Number(math.Inf(-1)), 5e-324})
	if want := `[0.1,1e+300,"NaN","-Inf",5e-324]`; err != nil || string(text) != want {
		t.Errorf("%s, %v", text, err)
	}
}

func TestCheck(t *testing.T) {
	rows := "x,y\n-1,a\n\n2,b\n3,c\n99,d\n"
	expected := "id,margin,prediction,class\n1,0.1,0.1,0\n2,0.2,0.2,1\n3,0.2,0.2,1\n4,,,\n"
	good, bad := fake("good", stump(0.1, 0.2), nil), fake("bad", stump(0.1, 0.2), func(row int, v float64) float64 {
		if row == 2 {
			return math.Nextafter(math.Nextafter(v, 1), 1)
		}
		return v
	})
	off := &Scorer{Name: "off", Refused: fault.New(fault.Unsupported, "m", "too deep")}
	r, err := Check(ctx, memory(t, "rows.csv", rows), memory(t, "e.csv", expected), DefaultTolerance, []*Scorer{good, bad, off})
	if err != nil {
		t.Fatal(err)
	}
	ulp := 2 * (math.Nextafter(0.2, 1) - 0.2)
	off2 := OutputReport{Output: "margin", Values: 3, Different: 1, MaxULPs: 2, MaxDifference: Number(ulp),
		First: &Found{3, "margin", 0.2, Number(0.2 + ulp)}}
	want := &Report{Rows: 4, Against: "e.csv", Expected: true, Ignored: []string{"id"}, Engines: []EngineReport{
		{Engine: "good", RowsRefused: 1, FirstRefused: "row 4: x: 99", Outputs: []OutputReport{{Output: "margin", Values: 3}, {Output: "prediction", Values: 3, Tolerance: 3}, {Output: "class", Values: 3}}},
		{Engine: "bad", RowsRefused: 1, FirstRefused: "row 4: x: 99", Outputs: []OutputReport{off2, {Output: "prediction", Values: 3, Tolerance: 3, MaxULPs: 2, MaxDifference: Number(ulp)}, {Output: "class", Values: 3}}},
		{Engine: "off", Reason: "too deep"},
	}}
	if d := cmp.Diff(want, r); d != "" || r.Equal() {
		t.Error(d)
	}
	// Without expected outputs: engines against the first.
	r, err = Check(ctx, memory(t, "rows.csv", rows), nil, Tolerance{Prediction: 2}, []*Scorer{good, off, fake("same", stump(0.1, 0.2), nil)})
	if err != nil || !r.Equal() || r.Against != "good" || r.Expected || len(r.Engines[2].Outputs) != 4 || r.Engines[0].Outputs != nil {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestTolerance: only predictions may be off.
func TestTolerance(t *testing.T) {
	next := math.Nextafter(0.1, 1)
	s := fake("a", stump(0.1, 0.2), nil)
	for column, want := range map[string]bool{"prediction": true, "margin": false} {
		r, err := Check(context.Background(), memory(t, "r.csv", "x\n-1\n"), memory(t, "e.csv", fmt.Sprintf("%s\n%v\n", column, next)), Tolerance{Prediction: 64}, []*Scorer{s})
		if err != nil {
			t.Fatal(err)
		}
		if r.Equal() != want || r.MaxULPs() != 1 {
			t.Errorf("%s: equal: %v, %d ulps", column, r.Equal(), r.MaxULPs())
		}
	}
}

// TestCheckFloat32: expected values in the digits of a float32 are float32 values.
func TestCheckFloat32(t *testing.T) {
	s := fake("a", stump(float64(float32(0.1)), 0), nil)
	s.Outputs.Single = Margin
	r, err := Check(ctx, memory(t, "r.csv", "x\n-1\n"), memory(t, "e.csv", "margin\n0.1\n"), DefaultTolerance, []*Scorer{s})
	if err != nil || !r.Equal() || !r.Engines[0].Outputs[0].Float32 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestCheckRefuses(t *testing.T) {
	many := fake("many", stump(1, 2), nil)
	many.Outputs.Margins, many.Outputs.Has = 3, Margin
	for _, c := range []struct {
		rows, expected, want string
		s                    *Scorer
	}{
		{"x\n1\n2\n", "margin\n1\n", "e.csv: ends after row 1, but r.csv goes on", nil},
		{"x\n1\n", "margin\n1\n2\n", "r.csv: ends after row 1, but e.csv goes on", nil},
		{"x\n1\nabc\n", "margin\n1\n2\n", `r.csv: x: row 2: "abc" is not a number`, nil},
		{"x\n1\n", "margin\nabc\n", `"abc" is not a number`, nil},
		{"x\n1\n", "id,foo\n1,2\n", "e.csv: no column is an output of the model", nil},
		{"x\n1\n", "0.25\n0.5\n", "no column is an output of the model", nil},
		{"x\n1\n", "margin_0\n0.5\n", `the column "margin_0" is no output of this model, which has margin, prediction, class, leaf`, nil},
		{"x\n1\n", "margin\n0.5\n", `the column "margin" is no output of this model, which has margin_0 to margin_2`, many},
		{"x\n1\n", "margin_3\n0.5\n", `the column "margin_3" is no output`, many},
		{"x\n1\n", "0\n0.5\n", "no column is an output of the model", many},
		{"x\n", "margin\n", "r.csv", nil},
		{"x\n1\n", "margin,margin\n1,1\n", `the column "margin" stands more than once`, nil},
	} {
		s := c.s
		if s == nil {
			s = fake("a", stump(1, 2), nil)
		}
		expected, err := Memory(ctx, "e.csv", []byte(c.expected))
		rows, rerr := Memory(ctx, "r.csv", []byte(c.rows))
		if err = errors.Join(err, rerr); err == nil {
			_, err = Check(ctx, rows, expected, DefaultTolerance, []*Scorer{s})
		}
		if fault.CodeOf(err) == fault.Internal || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q, %q: %v", c.rows, c.expected, err)
		}
	}
	if _, err := Check(ctx, memory(t, "r.csv", "x\n1\n"), nil, DefaultTolerance, []*Scorer{fake("a", stump(1, 2), nil)}); fault.CodeOf(err) != fault.Usage {
		t.Error("nothing was compared:", err)
	}
	limited := memory(t, "r.jsonl", strings.Repeat(`{"x":1}`+"\n", 11))
	limited.MaxRows = 10
	if _, err := Check(ctx, limited, nil, DefaultTolerance, []*Scorer{fake("a", stump(1, 2), nil), fake("b", stump(1, 2), nil)}); fault.CodeOf(err) != fault.TooLarge {
		t.Error(err)
	}
	for name, text := range map[string]string{"r.parquet": "PAR1", "r": "x\n", "r.csv": "\x1f\x8b\x08\x00\x00\x00\x00\x00", "r.jsonl": "x\n1\n"} {
		if _, err := Memory(ctx, name, []byte(text)); err == nil {
			t.Errorf("%s was opened", name)
		}
	}
}

// TestSingleColumn: one column of any name has the predictions.
func TestSingleColumn(t *testing.T) {
	for _, name := range []string{"0", "late", "y_pred"} {
		r, err := Check(ctx, memory(t, "r.csv", "x\n-1\n"), memory(t, "e.csv", name+"\n0.5\n"), DefaultTolerance, []*Scorer{fake("a", stump(0.5, 0), nil)})
		if err != nil || !r.Equal() || r.Engines[0].Outputs[0].Output != "prediction" {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func TestDiff(t *testing.T) {
	rows := "x\n-1\n2\n3\n99\n" + strings.Repeat("-1\n", 5000)
	r, err := Diff(ctx, memory(t, "r.csv", rows), fake("a", stump(0.1, 0.2), nil), fake("b", stump(0.1, 0.5), nil), 2)
	if err != nil {
		t.Fatal(err)
	}
	d := Number(0.5 - 0.2)
	want := &DiffReport{
		Rows: 5004, RowsDifferent: 2, RowsRefused: [2]int64{1, 1}, FirstRefused: [2]string{"row 4: x: 99", "row 4: x: 99"},
		Outputs: []DiffOutput{
			{Output: "prediction", Values: 5003, Different: 2, MaxULPs: ULPs(0.2, 0.5, false), MaxDifference: d},
			{Output: "margin", Values: 5003, Different: 2, MaxULPs: ULPs(0.2, 0.5, false), MaxDifference: d},
			{Output: "class", Values: 5003},
		},
		Quantiles: []Quantile{{0.5, 0}, {0.9, 0}, {0.99, 0}, {0.999, 0}, {1, d}},
		Worst:     []DiffRow{{2, "prediction", 0.2, 0.5, d}, {3, "prediction", 0.2, 0.5, d}},
		Parting:   &Parting{Row: 2, Trees: [2]int{1, 1}, Tree: 0, Leaf: [2]int32{1, 1}, Values: [2]Number{0.2, 0.5}},
	}
	if d := cmp.Diff(want, r, cmp.AllowUnexported(), cmp.FilterPath(func(p cmp.Path) bool {
		s := p.String()
		return strings.HasSuffix(s, "kind") || strings.HasSuffix(s, "width")
	}, cmp.Ignore())); d != "" {
		t.Error(d)
	}
	if r, err := Diff(ctx, memory(t, "r.csv", rows), fake("a", stump(1, 2), nil), fake("b", stump(1, 2), nil), 2); err != nil || !r.Equal() || r.Worst != nil {
		t.Errorf("%+v, %v", r, err)
	}
	other := fake("c", stump(1, 2), nil)
	other.Outputs.Margins, other.Outputs.Predictions = 3, 3
	if _, err := Diff(ctx, memory(t, "r.csv", rows), fake("a", stump(1, 2), nil), other, 2); fault.CodeOf(err) != fault.Usage {
		t.Error(err)
	}
}
