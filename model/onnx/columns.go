package onnx

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/prep"
)

// inputName names a column of an input. The columns of the only input have no names, unless there is one only.
func inputName(name string, i, width, inputs int) string {
	switch {
	case width == 1:
		return name
	case inputs == 1:
		return ""
	}
	return name + "_" + strconv.Itoa(i)
}

// step adds a step and gives its column.
func (p *parser) step(s prep.Step) (int32, error) {
	if len(p.steps) >= maxSteps {
		return 0, p.refuse(fault.TooLarge, "graph", "more than %d steps before the trees", maxSteps).WithHint(smaller)
	}
	p.steps = append(p.steps, s)
	return int32(len(p.inputs) + len(p.steps) - 1), nil
}

// number brings a column that comes from outside to the type that its input has: the nearest float32, or an integer. Rows
// without an integer are refused, as NumPy cannot make the input of them. Columns that are computed are of their type.
func (p *parser) number(c int32) (int32, error) {
	if int(c) >= len(p.inputs) {
		return c, nil
	}
	if to, ok := p.whole[c]; ok {
		return to, nil
	}
	to, err := c, error(nil)
	switch p.types[c] {
	case typeFloat:
		to, err = p.step(prep.Step{Op: prep.Copy, From: c, Float32: true})
	case typeInt32, typeInt64:
		limit := 0x1p63
		if p.types[c] == typeInt32 {
			limit = 0x1p31
		}
		to, err = p.step(prep.Step{Op: prep.RefuseFraction, From: c, A: limit, Refuse: "not an integer, or too large for one, which is what the model takes"})
	}
	if err != nil {
		return 0, err
	}
	p.whole[c] = to
	return to, nil
}

// mapped makes new columns, of type typ, by one step for each of v's.
func (p *parser) mapped(v *value, typ elemType, step func(i int, from int32) prep.Step) (*value, error) {
	out := &value{typ: typ, dims: v.dims, cols: make([]int32, len(v.cols))}
	for i, c := range v.cols {
		from, err := p.number(c)
		if err != nil {
			return nil, err
		}
		if out.cols[i], err = p.step(step(i, from)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// code gives the code of a text of an input, a new one if the input did not have it yet.
func (p *parser) code(input int32, text string) float64 {
	codes := p.texts[input]
	c, ok := codes[text]
	if !ok {
		c = float64(len(codes))
		codes[text] = c
		p.inputs[input].Texts = append(p.inputs[input].Texts, text)
	}
	return c
}

// finishGraph gives the forest its features, of which those made for sets come last, and makes the steps before it. The
// graph is nil if there is nothing to do.
func (p *parser) finishGraph(f *forest.Forest, from []int32, codes [][]float64) (*prep.Graph, error) {
	features := slices.Clone(p.features)
	for i, feature := range from {
		c, err := p.number(p.features[feature])
		if err != nil {
			return nil, err
		}
		table := make([]float64, len(codes[i]))
		for j := range table {
			table[j] = float64(j)
		}
		c, err = p.step(prep.Step{Op: prep.Lookup, From: c, Keys: codes[i], Table: table, A: math.NaN(), B: -1})
		if err != nil {
			return nil, err
		}
		features = append(features, c)
	}
	if err := p.refuseMissingTexts(); err != nil {
		return nil, err
	}
	g := &prep.Graph{Inputs: p.inputs, Steps: p.steps, Features: features}
	plain := len(p.steps) == 0 && len(features) == len(p.inputs)
	f.Features = make([]forest.Feature, len(features))
	sources := g.Sources()
	for i, c := range features {
		input := sources[c]
		f.Features[i].Name = p.inputs[input].Name
		plain = plain && int(c) == i && p.types[input] != typeString
	}
	if plain {
		return nil, nil
	}
	return g, nil
}

// refuseMissingTexts refuses rows without a text where that would be guessed. Python hands None to ONNX Runtime as "None" and
// NaN as "nan", and from a file the text may come as "": where none of these means anything, a missing text is one that was
// never seen.
func (p *parser) refuseMissingTexts() error {
	for i, codes := range p.texts {
		for _, t := range []string{"None", "nan", ""} {
			if _, ok := codes[t]; ok {
				if _, err := p.step(prep.Step{Op: prep.RefuseNaN, From: int32(i), Refuse: "no text; the model knows the text " + strconv.Quote(t) + ", but whether it is meant is not known"}); err != nil {
					return err
				}
				break
			}
		}
	}
	return nil
}

// keyed makes a Lookup of keys, which it sorts. No key may occur twice, nor be NaN.
func keyed(keys, table []float64) (prep.Step, bool) {
	order := make([]int, len(keys))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(keys[a], keys[b]) })
	s := prep.Step{Op: prep.Lookup, Keys: make([]float64, len(keys)), Table: make([]float64, len(keys))}
	for i, at := range order {
		s.Keys[i], s.Table[i] = keys[at], table[at]
		if key := s.Keys[i]; key != key || i > 0 && key == s.Keys[i-1] {
			return s, false
		}
	}
	return s, true
}
