package onnx_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/onnx"
	"github.com/glulam/glulam/model/prep"
)

// TestCases compares with ONNX Runtime: margins to the bit, predictions within the case's ulps. model's tests do the same
// with every engine; here it is the parser's own.
func TestCases(t *testing.T) {
	classes := map[string]string{}
	text, err := os.ReadFile("../../testdata/onnx/classes.json")
	if err == nil {
		err = json.Unmarshal(text, &classes)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range golden.Cases(t, "onnx") {
		t.Run(c.Name, func(t *testing.T) {
			data, err := os.ReadFile(c.Path())
			if err != nil {
				t.Fatal(err)
			}
			if !onnx.Detect(data) {
				t.Error("not detected")
			}
			f, g, err := onnx.Parse(data, c.Model)
			if err != nil {
				t.Fatal(err)
			}
			x, n, refused := caseFeatures(t, &c, f, g)
			margins := make([]float64, n*f.Outputs)
			forest.NewReference(f).Margins(x, n, margins)
			predictions := make([]float64, n*f.PredictionWidth())
			f.Predictions(predictions, margins)
			if c.Margin != nil {
				compare(t, "margin", margins, c.Floats(t, c.Margin), c.Margin, refused)
			}
			worst := compare(t, "prediction", predictions, c.Floats(t, c.Prediction), c.Prediction, refused)
			if f.HasClass() {
				compareClasses(t, f, predictions, classes[c.Name], refused)
			}
			t.Logf("%s: %d rows, %d ulps", f.Objective, n, worst)
		})
	}
}

// compareClasses compares with ONNX Runtime's labels, given as digits, of the rows that are not refused.
func compareClasses(t *testing.T, f *forest.Forest, predictions []float64, want string, refused []bool) {
	t.Helper()
	k, at := f.PredictionWidth(), 0
	for i, skip := range refused {
		if skip {
			continue
		}
		if got := f.Class(predictions[i*k : (i+1)*k]); at >= len(want) || byte('0'+got) != want[at] {
			t.Fatalf("row %d: class %d of %v, want one of %.20s at %d", i, got, predictions[i*k:(i+1)*k], want, at)
		}
		at++
	}
	if at != len(want) {
		t.Errorf("%d classes, want %d", at, len(want))
	}
}

func caseFeatures(t *testing.T, c *golden.Case, f *forest.Forest, g *prep.Graph) (x []float64, n int, refused []bool) {
	columns := c.Columns(t)
	names := c.Features
	if names == nil {
		if g != nil {
			for _, in := range g.Inputs {
				names = append(names, in.Name)
			}
		} else {
			for _, ft := range f.Features {
				names = append(names, ft.Name)
			}
		}
	}
	in := make([]float64, 0)
	for j, name := range names {
		for _, col := range columns {
			if col.Name != name {
				continue
			}
			if n = max(len(col.Number), len(col.Text)); j == 0 {
				in = make([]float64, n*len(names))
			}
			for i := range n {
				v := math.NaN()
				switch {
				case !col.IsText:
					v = col.Number[i]
				case !col.Null[i]:
					v = prep.Unseen
					for k, text := range g.Inputs[j].Texts {
						if text == col.Text[i] {
							v = float64(k)
						}
					}
				}
				in[i*len(names)+j] = v
			}
		}
	}
	refused = make([]bool, n)
	if g == nil {
		return in, n, refused
	}
	x = make([]float64, n*len(f.Features))
	var s prep.Scratch
	g.Run(in, n, x, &s)
	for _, r := range s.Refused {
		refused[r.Row] = true
	}
	for _, r := range c.Refused {
		if !refused[r] {
			t.Errorf("row %d is not refused", r)
		}
	}
	return x, n, refused
}

func compare(t *testing.T, what string, got, want []float64, e *golden.Expected, refused []bool) int64 {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values of %s, want %d", len(got), what, len(want))
	}
	var worst int64
	bad := 0
	for i := range want {
		if refused[i/e.Width] || got[i] != got[i] && want[i] != want[i] {
			continue
		}
		d := ulps(got[i], want[i], e.Float32)
		worst = max(worst, d)
		if d > int64(e.ULPs) {
			if bad++; bad < 5 {
				t.Errorf("row %d, %s %d: %v, want %v (%d ulps)", i/e.Width, what, i%e.Width, got[i], want[i], d)
			}
		}
	}
	if bad > 0 {
		t.Errorf("%d of %d wrong", bad, len(want))
	}
	return worst
}

func ulps(a, b float64, single bool) int64 {
	order := func(v float64) int64 {
		bits := int64(math.Float64bits(v))
		if single {
			bits = int64(int32(math.Float32bits(float32(v)))) << 32 >> 32
			if bits < 0 {
				return math.MinInt32 - bits
			}
			return bits
		}
		if bits < 0 {
			return math.MinInt64 - bits
		}
		return bits
	}
	if math.Float64bits(a) == math.Float64bits(b) {
		return 0
	}
	if a != a || b != b {
		return math.MaxInt64
	}
	d := order(a) - order(b)
	if d < 0 {
		d = -d
	}
	return max(d, 1)
}
