package onnx

import (
	"math"

	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/prep"
)

var arithmetic = map[string]prep.Op{"Add": prep.Add, "Sub": prep.Subtract, "Mul": prep.Multiply, "Div": prep.Divide}

// arithmetic is an operation of columns with constants, in the columns' precision.
func (p *parser) arithmetic(n *nodeProto, a *attrs) error {
	in, err := p.take(n, 2, 2, 1)
	if err != nil {
		return err
	}
	if err := a.done(); err != nil {
		return err
	}
	v, by := in[0], in[1]
	if v.kind == constant && (n.op == "Add" || n.op == "Mul") {
		v, by = by, v
	}
	if by.kind != constant || by.typ != typeFloat && by.typ != typeDouble {
		return p.misplaced(n)
	}
	if v.kind == scores && n.op == "Mul" && by.typ == typeFloat && len(by.t.numbers) == 1 {
		return p.multiplyScores(n, v, by.t.numbers[0])
	}
	size := len(by.t.numbers)
	if v.kind != columns || v.typ != by.typ || len(v.dims) != 1 || len(by.t.dims) > 2 || size != 1 && (size != len(v.cols) || len(by.t.dims) == 2 && by.t.dims[0] != 1) {
		return p.misplaced(n)
	}
	out, err := p.mapped(v, v.typ, func(i int, from int32) prep.Step {
		return prep.Step{Op: arithmetic[n.op], From: from, A: by.t.numbers[i%size], Float32: v.typ == typeFloat}
	})
	if err != nil {
		return err
	}
	return p.set(n, 0, out)
}

// multiplyScores is what onnxmltools does with scores: LightGBM's by one, so that they get a name, and XGBoost's exp(x) by a
// base.
func (p *parser) multiplyScores(n *nodeProto, v *value, by float64) error {
	out := *v
	if by != 1 {
		if !v.post || v.link.Kind != forest.OnnxExp || v.link.Param != 1 {
			return p.misplaced(n)
		}
		out.link.Param = by
	}
	return p.set(n, 0, &out)
}

// exp is the link of Poisson and other regressions.
func (p *parser) exp(n *nodeProto, a *attrs) error {
	in, err := p.take(n, 1, 1, 1)
	if err == nil {
		err = a.done()
	}
	if err != nil {
		return err
	}
	if in[0].kind != scores || in[0].post || in[0].typ != typeFloat {
		return p.misplaced(n)
	}
	out := *in[0]
	out.post, out.link = true, forest.Link{Kind: forest.OnnxExp, Param: 1}
	return p.set(n, 0, &out)
}

// scaler is (x - offset) * scale: float32 for float32 and integers, float64 with a float32 for a result for float64.
func (p *parser) scaler(n *nodeProto, a *attrs) error {
	v, err := p.takeColumns(n)
	offset, scale := a.floats("offset"), a.floats("scale")
	if err == nil {
		err = a.done()
	}
	if err != nil {
		return err
	}
	if v.typ == typeString || len(v.dims) != 1 {
		return p.misplaced(n)
	}
	if len(offset) != len(scale) || len(scale) != 1 && len(scale) != len(v.cols) {
		return p.corrupt(n.place(), "%d offsets and %d scales for %d columns", len(offset), len(scale), len(v.cols))
	}
	if v.typ == typeInt64 || v.typ == typeInt32 {
		if v, err = p.mapped(v, typeFloat, func(_ int, from int32) prep.Step {
			return prep.Step{Op: prep.Copy, From: from, Float32: true}
		}); err != nil {
			return err
		}
	}
	single := v.typ == typeFloat
	k := len(scale)
	if v, err = p.mapped(v, v.typ, func(i int, from int32) prep.Step {
		return prep.Step{Op: prep.Subtract, From: from, A: float64(offset[i%k]), Float32: single}
	}); err != nil {
		return err
	}
	out, err := p.mapped(v, typeFloat, func(i int, from int32) prep.Step {
		return prep.Step{Op: prep.Multiply, From: from, A: float64(scale[i%k]), Float32: true}
	})
	if err != nil {
		return err
	}
	return p.set(n, 0, out)
}

// imputer replaces one value, mostly NaN, of float or int64 columns.
func (p *parser) imputer(n *nodeProto, a *attrs) error {
	v, err := p.takeColumns(n)
	fills, which := a.floats("imputed_value_floats"), float64(a.float("replaced_value_float", 0))
	whole, whichInt := a.ints("imputed_value_int64s"), a.integer("replaced_value_int64", 0)
	if err == nil {
		err = a.done()
	}
	if err != nil {
		return err
	}
	var to []float64
	switch {
	case len(v.dims) != 1 || len(fills) > 0 && len(whole) > 0:
		return p.misplaced(n)
	case v.typ == typeFloat:
		for _, x := range fills {
			to = append(to, float64(x))
		}
	case v.typ == typeInt64:
		which = float64(whichInt)
		for _, x := range append([]int64{whichInt}, whole...) {
			if !exact(x) {
				return p.unsupported(n.place(), "the integer %d", x)
			}
			to = append(to, float64(x))
		}
		to = to[1:]
	default:
		return p.misplaced(n)
	}
	if k := len(to); k != 1 && k != len(v.cols) {
		return p.corrupt(n.place(), "%d values for %d columns", k, len(v.cols))
	}
	out, err := p.mapped(v, v.typ, func(i int, from int32) prep.Step {
		s := prep.Step{Op: prep.Replace, From: from, A: which, B: to[i%len(to)]}
		if which != which {
			s = prep.Step{Op: prep.FillNaN, From: from, A: to[i%len(to)]}
		}
		return s
	})
	if err != nil {
		return err
	}
	return p.set(n, 0, out)
}

// oneHot makes, of each column, one for each category.
func (p *parser) oneHot(n *nodeProto, a *attrs) error {
	v, err := p.takeColumns(n)
	texts, numbers, zeros := a.strings("cats_strings"), a.ints("cats_int64s"), a.integer("zeros", 1)
	if err == nil {
		err = a.done()
	}
	if err != nil {
		return err
	}
	k := len(texts) + len(numbers)
	if len(texts) > 0 && len(numbers) > 0 || k == 0 {
		return p.corrupt(n.place(), "%d texts and %d numbers for categories", len(texts), len(numbers))
	}
	if (v.typ == typeString) != (len(texts) > 0) || v.typ != typeString && v.typ != typeInt64 && v.typ != typeInt32 {
		return p.unsupported(n.place(), "one-hot columns of %v", v.typ)
	}
	out := &value{typ: typeFloat, dims: append(append([]int(nil), v.dims...), k)}
	for _, c := range v.cols {
		keys, from, err := p.keys(n, c, texts, numbers)
		if err != nil {
			return err
		}
		step, ok := keyed(keys, keys)
		if !ok {
			return p.corrupt(n.place(), "a category occurs twice")
		}
		if zeros == 0 {
			step.From, step.A, step.B, step.Refuse = from, math.NaN(), math.NaN(), "not among the model's categories"
			if from, err = p.step(step); err != nil {
				return err
			}
			if from, err = p.step(prep.Step{Op: prep.RefuseNaN, From: from, Refuse: "missing, which is not among the model's categories"}); err != nil {
				return err
			}
		}
		for _, key := range keys {
			col, err := p.step(prep.Step{Op: prep.Equals, From: from, A: key})
			if err != nil {
				return err
			}
			out.cols = append(out.cols, col)
		}
	}
	return p.set(n, 0, out)
}

// keys gives texts or integers as the numbers that column c has for them, and the column that is to be compared with them.
func (p *parser) keys(n *nodeProto, c int32, texts [][]byte, numbers []int64) (keys []float64, from int32, err error) {
	if texts != nil {
		if int(c) >= len(p.inputs) {
			return nil, 0, p.misplaced(n)
		}
		for _, t := range texts {
			keys = append(keys, p.code(c, string(t)))
		}
		return keys, c, nil
	}
	for _, x := range numbers {
		if !exact(x) {
			return nil, 0, p.unsupported(n.place(), "the integer %d", x)
		}
		keys = append(keys, float64(x))
	}
	from, err = p.number(c)
	return keys, from, err
}

// labelEncoder maps values of columns to numbers, or the classes' labels to something.
func (p *parser) labelEncoder(n *nodeProto, a *attrs) error {
	v, err := p.takeColumns(n)
	if err != nil {
		return err
	}
	texts, whole, single := a.strings("keys_strings"), a.ints("keys_int64s"), a.floats("keys_floats")
	toWhole, toSingle := a.ints("values_int64s"), a.floats("values_floats")
	otherWhole, otherSingle := a.integer("default_int64", -1), a.float("default_float", float32(math.Copysign(0, -1)))
	if err := a.done(); err != nil {
		return err
	}
	kinds := 0
	for _, k := range []int{len(texts), len(whole), len(single)} {
		if k > 0 {
			kinds++
		}
	}
	count := len(texts) + len(whole) + len(single)
	if kinds != 1 || len(toWhole)+len(toSingle) != count || len(toWhole) > 0 && len(toSingle) > 0 {
		return p.corrupt(n.place(), "%d keys and %d values", count, len(toWhole)+len(toSingle))
	}
	fits := v.typ == typeString && texts != nil || v.typ == typeInt64 && whole != nil || v.typ == typeFloat && single != nil
	if !fits {
		return p.misplaced(n)
	}
	table, typ, other := make([]float64, count), typeFloat, float64(otherSingle)
	for i, x := range toSingle {
		table[i] = float64(x)
	}
	if len(toWhole) > 0 {
		typ, other = typeInt64, float64(otherWhole)
		for i, x := range toWhole {
			if !exact(x) || !exact(otherWhole) {
				return p.unsupported(n.place(), "the integers %d and %d", x, otherWhole)
			}
			table[i] = float64(x)
		}
	}
	out := &value{typ: typ, dims: v.dims}
	for _, c := range v.cols {
		keys, from, err := p.keys(n, c, texts, whole)
		if err != nil {
			return err
		}
		for _, x := range single {
			keys = append(keys, float64(x))
		}
		step, ok := keyed(keys, table)
		if !ok { // which counts, or what NaN is, depends on the version
			return p.unsupported(n.place(), "a key that occurs twice or is not a number")
		}
		step.From, step.A, step.B = from, other, other
		col, err := p.step(step)
		if err != nil {
			return err
		}
		out.cols = append(out.cols, col)
	}
	return p.set(n, 0, out)
}
