package forest_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/glulam/glulam/model/forest"
)

// near says whether two predictions are the same but for the last bits.
func near(a, b float64) bool {
	return sameBits(a, b) || math.Abs(a-b) <= 4e-16*math.Max(math.Abs(a), math.Abs(b))
}

func TestPredictions(t *testing.T) {
	e := math.E
	for _, c := range []struct {
		name    string
		f       forest.Forest
		margins []float64
		want    []float64
	}{
		{"identity", forest.Forest{}, []float64{1, -2, nan, inf}, []float64{1, -2, nan, inf}},
		{"sigmoid", forest.Forest{Link: forest.Link{Kind: forest.Sigmoid, Param: 1}}, []float64{0, 1, -800, 800, inf, -inf, nan}, []float64{0.5, e / (1 + e), 0, 1, 1, 0, nan}},
		{"sigmoid with a scale", forest.Forest{Link: forest.Link{Kind: forest.Sigmoid, Param: 2}}, []float64{0.5}, []float64{e / (1 + e)}},
		{"exp", forest.Forest{Link: forest.Link{Kind: forest.Exp}}, []float64{0, 1, 800, -800, -inf}, []float64{1, e, inf, 0, 0}},
		{"signed square", forest.Forest{Link: forest.Link{Kind: forest.SignedSquare}}, []float64{3, -3, 0, math.Copysign(0, -1)}, []float64{9, -9, 0, 0}},
		{"log1p(exp)", forest.Forest{Link: forest.Link{Kind: forest.Log1pExp}}, []float64{0, -800, -40, 800}, []float64{math.Ln2, 0, math.Exp(-40), inf}},
		{"softmax", softmax(3, 0), []float64{0, 0, 0, 1, 0, 1}, []float64{1. / 3, 1. / 3, 1. / 3, e / (2*e + 1), 1 / (2*e + 1), e / (2*e + 1)}},
		{"softmax far out", softmax(2, 0), []float64{800, -800, -800, 800, 800, 800, -800, -800}, []float64{1, 0, 0, 1, 0.5, 0.5, 0.5, 0.5}},
		{"softmax of the largest numbers", softmax(2, 0), []float64{math.MaxFloat64, -math.MaxFloat64}, []float64{1, 0}},
		{"softmax of NaN", softmax(2, 0), []float64{nan, 1}, []float64{nan, nan}},
		{"average", forest.Forest{Average: forest.AveragePrediction, Rounds: 4}, []float64{2, 3}, []float64{0.5, 0.75}},
		{"average, then sigmoid", forest.Forest{Average: forest.AveragePrediction, Rounds: 4, Link: forest.Link{Kind: forest.Sigmoid, Param: 1}}, []float64{4}, []float64{e / (1 + e)}},
		{"average, then softmax", softmax(2, 2), []float64{2, 0}, []float64{e / (e + 1), 1 / (e + 1)}},
		{"margins that are averages already", forest.Forest{Average: forest.AverageMargin, Rounds: 4}, []float64{2}, []float64{2}},
		{"no rows", softmax(3, 0), nil, nil},
	} {
		if c.f.Outputs == 0 {
			c.f.Outputs = 1
		}
		margins, apart := slices.Clone(c.margins), make([]float64, len(c.margins))
		c.f.Predictions(apart, margins)
		if !slices.EqualFunc(apart, c.want, near) {
			t.Errorf("%s: got %v, want %v", c.name, apart, c.want)
		}
		if !slices.EqualFunc(margins, c.margins, sameBits) {
			t.Errorf("%s: the margins were changed", c.name)
		}
		c.f.Predictions(margins, margins)
		if !slices.EqualFunc(margins, apart, sameBits) {
			t.Errorf("%s: in place %v, apart %v", c.name, margins, apart)
		}
	}
}

func softmax(k, rounds int) forest.Forest {
	f := forest.Forest{Outputs: k, Link: forest.Link{Kind: forest.Softmax}}
	if rounds > 0 {
		f.Average, f.Rounds = forest.AveragePrediction, rounds
	}
	return f
}

// TestSoftmaxProperty: probabilities are in 0..1, sum up to 1, and come in the margins' order.
func TestSoftmaxProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(-1, 1), rapid.Float64Range(-1e6, 1e6)), 2, 6).Draw(t, "margins")
		f := softmax(len(m), 0)
		p := make([]float64, len(m))
		f.Predictions(p, m)
		sum := 0.0
		for i, v := range p {
			if !(v >= 0 && v <= 1) {
				t.Fatalf("probability %v", v)
			}
			for j := range i {
				if m[i] > m[j] && v < p[j] || m[i] == m[j] && v != p[j] {
					t.Fatalf("margins %v, probabilities %v", m, p)
				}
			}
			sum += v
		}
		if math.Abs(sum-1) > 1e-14 {
			t.Fatalf("the sum is %v", sum)
		}
	})
}

func TestClass(t *testing.T) {
	for _, c := range []struct {
		task        forest.Task
		predictions []float64
		want        int32
	}{
		{forest.TaskBinary, []float64{0.5}, 0},
		{forest.TaskBinary, []float64{math.Nextafter(0.5, 1)}, 1},
		{forest.TaskBinary, []float64{nan}, 0},
		{forest.TaskMulticlass, []float64{0.2, 0.5, 0.3}, 1},
		{forest.TaskMulticlass, []float64{0.4, 0.2, 0.4}, 0}, // the first of equals
		{forest.TaskMulticlass, []float64{0, 0, 0}, 0},
		{forest.TaskMulticlass, []float64{0.1, nan, 0.2}, 2},
	} {
		f := forest.Forest{Task: c.task}
		if got := f.Class(c.predictions); got != c.want || !f.HasClass() {
			t.Errorf("task %d %v: class %d, want %d; has class: %t", c.task, c.predictions, got, c.want, f.HasClass())
		}
	}
	for _, task := range []forest.Task{forest.TaskRegression, forest.TaskRanking} {
		if f := (&forest.Forest{Task: task}); f.HasClass() {
			t.Errorf("task %d has a class", task)
		}
	}
}

// TestCategoriesLen counts each of the lists.
func TestCategoriesLen(t *testing.T) {
	for want, c := range []forest.Categories{{}, {Text: []string{"a"}}, {Number: []float64{1, 2}}, {Bool: []bool{true, false, true}}} {
		if c.Len() != want {
			t.Errorf("%+v: %d", c, c.Len())
		}
	}
}
