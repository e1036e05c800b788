package prep_test

import (
	"math"
	"slices"
	"testing"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/prep"
)

var nan, inf = math.NaN(), math.Inf(1)

func same(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b }

func TestSteps(t *testing.T) {
	for _, c := range []struct {
		name     string
		step     prep.Step
		in, want []float64
	}{
		{"round", prep.Step{Op: prep.Copy, Float32: true}, []float64{0.1, nan, 1e300}, []float64{float64(float32(0.1)), nan, inf}},
		{"subtract", prep.Step{Op: prep.Subtract, A: 2}, []float64{1, nan}, []float64{-1, nan}},
		{"add", prep.Step{Op: prep.Add, A: 2}, []float64{1}, []float64{3}},
		{"multiply in float32", prep.Step{Op: prep.Multiply, A: float64(float32(0.1)), Float32: true}, []float64{3}, []float64{float64(float32(0.1) * 3)}},
		{"divide", prep.Step{Op: prep.Divide, A: 3}, []float64{1}, []float64{1. / 3}},
		{"fill", prep.Step{Op: prep.FillNaN, A: 7}, []float64{1, nan}, []float64{1, 7}},
		{"replace", prep.Step{Op: prep.Replace, A: -999, B: nan}, []float64{1, -999}, []float64{1, nan}},
		{"is missing", prep.Step{Op: prep.IsNaN}, []float64{1, nan}, []float64{0, 1}},
		{"equals", prep.Step{Op: prep.Equals, A: 2}, []float64{1, 2, nan, prep.Unseen}, []float64{0, 1, 0, 0}},
		{"truncate", prep.Step{Op: prep.Truncate}, []float64{1.5, -1.5, nan, inf}, []float64{1, -1, nan, inf}},
		{"lookup", prep.Step{Op: prep.Lookup, Table: []float64{5, 6}, A: 1, B: 2}, []float64{0, 1, 2, 0.5, prep.Unseen, nan, inf}, []float64{5, 6, 2, 2, 2, 1, 2}},
		{"byte", prep.Step{Op: prep.Byte}, []float64{3.7, -0.5, math.Copysign(0, -1), 255.9, 300, 1 << 24, 1<<31 - 1, 1 << 31, 1<<31 + 7, inf, -inf, nan},
			[]float64{3, nan, 0, 255, 44, 0, 255, 0, 0, 0, nan, nan}},
		{"lookup of keys", prep.Step{Op: prep.Lookup, Keys: []float64{-1.5, 10}, Table: []float64{5, 6}, A: nan, B: nan}, []float64{10, -1.5, 0, nan, inf}, []float64{6, 5, nan, nan, nan}},
	} {
		g := prep.Graph{Inputs: make([]prep.Input, 1), Steps: []prep.Step{c.step}, Features: []int32{1, 0}}
		if err := g.Validate(2); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var s prep.Scratch
		out := make([]float64, 2*len(c.in))
		for range 2 {
			g.Run(c.in, len(c.in), out, &s)
			for i, want := range c.want {
				if !same(out[2*i], want) || !same(out[2*i+1], c.in[i]) {
					t.Errorf("%s of %v: %v, want %v", c.name, c.in[i], out[2*i:2*i+2], want)
				}
			}
		}
	}
}

// TestRefusals: the input that a refused value comes from is found through the steps before.
func TestRefusals(t *testing.T) {
	g := prep.Graph{Inputs: []prep.Input{{Name: "a"}, {Name: "b", Texts: []string{"x", "y"}}}, Steps: []prep.Step{
		{Op: prep.Subtract, From: 1, A: 0},
		{Op: prep.Lookup, From: 2, Table: []float64{1, 2}, A: nan, B: nan, Refuse: "not a category of the model"},
		{Op: prep.RefuseInf, From: 0, Refuse: "an infinite number", Code: fault.NumberRange},
		{Op: prep.RefuseNaN, From: 4, Refuse: "a missing number"},
		{Op: prep.RefuseFraction, From: 0, Refuse: "no integer"},
		{Op: prep.RefuseFraction, From: 0, A: 3, Refuse: "no small integer"},
	}, Features: []int32{3, 5}}
	if err := g.Validate(2); err != nil {
		t.Fatal(err)
	}
	var s prep.Scratch
	out := make([]float64, 2*5)
	g.Run([]float64{1, 0, inf, 1, nan, 0, 2, prep.Unseen, 3, nan}, 5, out, &s)
	want := []prep.Refusal{
		{Row: 3, Input: 1, Code: fault.WrongType, Message: "not a category of the model"},
		{Row: 1, Input: 0, Code: fault.NumberRange, Message: "an infinite number"},
		{Row: 2, Input: 0, Code: fault.WrongType, Message: "a missing number"},
		{Row: 1, Input: 0, Code: fault.WrongType, Message: "no integer"},
		{Row: 2, Input: 0, Code: fault.WrongType, Message: "no integer"},
		{Row: 1, Input: 0, Code: fault.WrongType, Message: "no small integer"},
		{Row: 2, Input: 0, Code: fault.WrongType, Message: "no small integer"},
		{Row: 4, Input: 0, Code: fault.WrongType, Message: "no small integer"},
	}
	if !slices.Equal(s.Refused, want) {
		t.Errorf("got %v, want %v", s.Refused, want)
	}
	if out[0] != 1 || out[1] != 1 {
		t.Errorf("row 0: %v", out[:2])
	}
}

// TestSources: of every column, and of two graphs in turn with the same memory.
func TestSources(t *testing.T) {
	inputs := make([]prep.Input, 3)
	a := &prep.Graph{Inputs: inputs, Steps: []prep.Step{{From: 2}, {From: 3}, {From: 0}, {From: 5}, {Op: prep.RefuseNaN, From: 4, Refuse: "a"}}, Features: []int32{0}}
	b := &prep.Graph{Inputs: inputs, Steps: []prep.Step{{From: 1}, {Op: prep.RefuseNaN, From: 3, Refuse: "b"}}, Features: []int32{0}}
	if got, want := a.Sources(), []int32{0, 1, 2, 2, 2, 0, 0, 2}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	var s prep.Scratch
	for i, c := range []struct {
		g    *prep.Graph
		want int
	}{{a, 2}, {b, 1}, {a, 2}} {
		if err := c.g.Validate(1); err != nil {
			t.Fatal(err)
		}
		c.g.Run([]float64{nan, nan, nan}, 1, make([]float64, 1), &s)
		if len(s.Refused) != 1 || s.Refused[0].Input != c.want {
			t.Errorf("run %d: %v, want input %d", i, s.Refused, c.want)
		}
	}
}

func TestValidate(t *testing.T) {
	one := make([]prep.Input, 1)
	for name, g := range map[string]prep.Graph{
		"no inputs":        {Features: []int32{0}},
		"too few features": {Inputs: one},
		"a later column":   {Inputs: one, Steps: []prep.Step{{From: 1}}, Features: []int32{0}},
		"a negative one":   {Inputs: one, Steps: []prep.Step{{From: -1}}, Features: []int32{0}},
		"unknown op":       {Inputs: one, Steps: []prep.Step{{Op: 99}}, Features: []int32{0}},
		"no float32":       {Inputs: one, Steps: []prep.Step{{Op: prep.Add, A: 0.1, Float32: true}}, Features: []int32{0}},
		"keys":             {Inputs: one, Steps: []prep.Step{{Op: prep.Lookup, Keys: []float64{1}}}, Features: []int32{0}},
		"order of keys":    {Inputs: one, Steps: []prep.Step{{Op: prep.Lookup, Keys: []float64{2, 1}, Table: []float64{1, 2}}}, Features: []int32{0}},
		"NaN for a key":    {Inputs: one, Steps: []prep.Step{{Op: prep.Lookup, Keys: []float64{1, nan}, Table: []float64{1, 2}}}, Features: []int32{0}},
		"NaN alone":        {Inputs: one, Steps: []prep.Step{{Op: prep.Lookup, Keys: []float64{nan}, Table: []float64{1}}}, Features: []int32{0}},
		"no reason":        {Inputs: one, Steps: []prep.Step{{Op: prep.RefuseNaN}}, Features: []int32{0}},
		"no such feature":  {Inputs: one, Features: []int32{1}},
	} {
		if err := g.Validate(1); fault.CodeOf(err) != fault.Corrupt && fault.CodeOf(err) != fault.TooLarge {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOpNames: every operation has a name of its own.
func TestOpNames(t *testing.T) {
	seen := map[string]bool{}
	for o := prep.Copy; o <= prep.Truncate; o++ {
		if name := o.String(); name == "" || seen[name] {
			t.Errorf("operation %d is called %q", int(o), name)
		}
		seen[o.String()] = true
	}
	if got := (prep.Truncate + 1).String(); got != "op 15" {
		t.Errorf("an operation that is none is called %q", got)
	}
}
