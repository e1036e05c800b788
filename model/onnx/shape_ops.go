package onnx

import (
	"slices"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/prep"
)

// The operators that move values, but for Cast, compute nothing.

func (p *parser) identity(n *nodeProto, a *attrs) error {
	in, err := p.take(n, 1, 1, 1)
	if err != nil {
		return err
	}
	if err := a.done(); err != nil {
		return err
	}
	v := *in[0]
	return p.set(n, 0, &v)
}

func (p *parser) constant(n *nodeProto, a *attrs) error {
	if _, err := p.take(n, 0, 0, 1); err != nil {
		return err
	}
	t := a.tensor("value")
	if at := a.get("value_ints", kindInts); at != nil && t == nil {
		t = &tensor{typ: typeInt64, dims: []int64{int64(len(at.ints))}}
		if err := t.fillIntegers(at.ints); err != nil {
			return err
		}
	}
	if err := a.done(); err != nil {
		return err
	}
	if t == nil {
		return p.corrupt(n.place(), "no value")
	}
	return p.set(n, 0, &value{kind: constant, typ: t.typ, t: t})
}

// cast converts numbers. A float that is no number is refused where an integer is to be made of it: what comes out then
// depends on the processor.
func (p *parser) cast(n *nodeProto, a *attrs) error {
	in, err := p.take(n, 1, 1, 1)
	if err != nil {
		return err
	}
	to := elemType(a.integer("to", 0))
	a.ignore("saturate", "round_mode") // for 8-bit floats
	if err := a.done(); err != nil {
		return err
	}
	v := in[0]
	if v.kind == labels && (to == typeInt64 || to == typeString) || v.kind == scores && to == typeFloat {
		same := *v
		return p.set(n, 0, &same)
	}
	isFloat := func(t elemType) bool { return t == typeFloat || t == typeDouble }
	isInt := func(t elemType) bool { return t == typeInt64 || t == typeInt32 }
	if v.kind != columns || !isFloat(v.typ) && !isInt(v.typ) || !isFloat(to) && to != typeInt64 && to != v.typ {
		return p.unsupported(n.place(), "Cast from %v to %v", v.typ, to)
	}
	var out *value
	switch {
	case to == v.typ || isInt(v.typ) && to == typeInt64:
		same := *v
		same.typ = to
		out = &same
		if to != v.typ {
			out, err = p.mapped(v, to, func(_ int, from int32) prep.Step { return prep.Step{Op: prep.Copy, From: from} })
		}
	case isFloat(to):
		out, err = p.mapped(v, to, func(_ int, from int32) prep.Step {
			return prep.Step{Op: prep.Copy, From: from, Float32: to == typeFloat}
		})
	default:
		for _, refuse := range []prep.Step{
			{Op: prep.RefuseNaN, Refuse: "missing, where the model makes an integer of it"},
			{Op: prep.RefuseInf, Refuse: "infinite, where the model makes an integer of it"},
			{Op: prep.Truncate},
			{Op: prep.RefuseFraction, A: 0x1p63, Refuse: "too large for an integer, which the model makes of it"},
		} {
			if v, err = p.mapped(v, to, func(_ int, from int32) prep.Step { refuse.From = from; return refuse }); err != nil {
				return err
			}
		}
		out = v
	}
	if err != nil {
		return err
	}
	return p.set(n, 0, out)
}

func (p *parser) concat(n *nodeProto, a *attrs) error {
	in, err := p.take(n, 1, -1, 1)
	if err != nil {
		return err
	}
	at := a.get("axis", kindInt)
	if err := a.done(); err != nil {
		return err
	}
	if at == nil || in[0].kind != columns || len(in[0].dims) == 0 || at.i != -1 && at.i != int64(len(in[0].dims)) {
		return p.misplaced(n)
	}
	// Everything but the last dimension must be the same; the last ones are laid side by side.
	rank := len(in[0].dims)
	outer := len(in[0].cols) / max(1, in[0].dims[rank-1])
	out := &value{typ: in[0].typ, dims: slices.Clone(in[0].dims)}
	out.dims[rank-1] = 0
	for _, v := range in {
		if v.kind != columns || v.typ != out.typ || len(v.dims) != rank || !slices.Equal(v.dims[:rank-1], out.dims[:rank-1]) {
			return p.misplaced(n)
		}
		out.dims[rank-1] += v.dims[rank-1]
		if len(v.cols) > maxColumns || p.budget+outer*out.dims[rank-1] > maxColumns {
			return p.refuse(fault.TooLarge, n.place(), "more than %d columns before the trees", maxColumns).WithHint(smaller)
		}
	}
	for o := range outer {
		for _, v := range in {
			w := v.dims[rank-1]
			out.cols = append(out.cols, v.cols[o*w:(o+1)*w]...)
		}
	}
	return p.set(n, 0, out)
}

// gather takes some columns.
func (p *parser) gather(n *nodeProto, a *attrs) error {
	axis := a.integer("axis", 0)
	if err := a.done(); err != nil {
		return err
	}
	if axis != 1 && axis != -1 {
		return p.misplaced(n)
	}
	return p.pick(n, false)
}

func (p *parser) extract(n *nodeProto, a *attrs) error {
	if err := a.done(); err != nil {
		return err
	}
	return p.pick(n, true)
}

func (p *parser) pick(n *nodeProto, keep bool) error {
	in, err := p.take(n, 2, 2, 1)
	if err != nil {
		return err
	}
	v, at := in[0], in[1]
	if v.kind != columns || len(v.dims) != 1 || at.kind != constant || at.typ != typeInt64 && at.typ != typeInt32 ||
		len(at.t.dims) > 1 && !(keep && len(at.t.dims) == 2 && at.t.dims[0] == 1) {
		return p.misplaced(n)
	}
	out := &value{typ: v.typ}
	for _, x := range at.t.numbers {
		if !keep && x < 0 {
			x += float64(len(v.cols))
		}
		if x < 0 || x >= float64(len(v.cols)) {
			return p.corrupt(n.place(), "takes column %v of %d", x, len(v.cols))
		}
		out.cols = append(out.cols, v.cols[int(x)])
	}
	if keep || len(at.t.dims) == 1 {
		out.dims = []int{len(out.cols)}
	}
	return p.set(n, 0, out)
}

func (p *parser) reshape(n *nodeProto, a *attrs) error {
	in, err := p.take(n, 2, 2, 1)
	if err != nil {
		return err
	}
	zero := a.integer("allowzero", 0)
	if err := a.done(); err != nil {
		return err
	}
	v, shape := in[0], in[1]
	if shape.kind != constant || shape.typ != typeInt64 || len(shape.t.dims) != 1 || len(shape.t.numbers) == 0 || zero != 0 {
		return p.misplaced(n)
	}
	if v.kind == labels && slices.Equal(shape.t.numbers, []float64{-1}) {
		same := *v
		return p.set(n, 0, &same)
	}
	if v.kind != columns {
		return p.misplaced(n)
	}
	// The first dimension is that of the rows: -1 if it is what is left, 0 if it stays.
	sizes := shape.t.numbers
	out := &value{typ: v.typ, cols: v.cols}
	product, open := 1, -1
	for i, s := range sizes[1:] {
		if s == -1 && open < 0 && sizes[0] == 0 {
			open, s = i, 1
		}
		if s < 1 || s > float64(len(v.cols)) || product*int(s) > len(v.cols) {
			return p.misplaced(n)
		}
		product *= int(s)
		out.dims = append(out.dims, int(s))
	}
	if open >= 0 && len(v.cols)%product == 0 {
		out.dims[open] = len(v.cols) / product
		product = len(v.cols)
	}
	if product != len(v.cols) || sizes[0] != -1 && sizes[0] != 0 {
		return p.misplaced(n)
	}
	return p.set(n, 0, out)
}

func (p *parser) flatten(n *nodeProto, a *attrs) error {
	axis := a.integer("axis", 1)
	v, err := p.takeColumns(n)
	if err == nil {
		err = a.done()
	}
	if err != nil {
		return err
	}
	if axis != 1 {
		return p.misplaced(n)
	}
	return p.set(n, 0, &value{typ: v.typ, dims: []int{len(v.cols)}, cols: v.cols})
}

// squeeze is Squeeze and Unsqueeze of dimensions after that of the rows.
func (p *parser) squeeze(n *nodeProto, a *attrs) error {
	in, err := p.take(n, 1, 2, 1)
	if err != nil {
		return err
	}
	v, axes := in[0], a.ints("axes")
	if err := a.done(); err != nil {
		return err
	}
	if len(in) == 2 {
		if in[1].kind != constant || in[1].typ != typeInt64 || axes != nil {
			return p.misplaced(n)
		}
		for _, x := range in[1].t.numbers {
			axes = append(axes, int64(x))
		}
	}
	if v.kind != columns || len(axes) != 1 || axes[0] < 1 {
		return p.misplaced(n)
	}
	at := int(min(axes[0], 1<<20)) - 1
	out := &value{typ: v.typ, cols: v.cols, dims: slices.Clone(v.dims)}
	switch {
	case n.op == "Unsqueeze" && at <= len(v.dims):
		out.dims = slices.Insert(out.dims, at, 1)
	case n.op == "Squeeze" && at < len(v.dims) && v.dims[at] == 1:
		out.dims = slices.Delete(out.dims, at, at+1)
	default:
		return p.misplaced(n)
	}
	return p.set(n, 0, out)
}

// vectorize is an old Concat, which makes floats of all numbers.
func (p *parser) vectorize(n *nodeProto, a *attrs) error {
	in, err := p.take(n, 1, -1, 1)
	if err != nil {
		return err
	}
	sizes := a.ints("inputdimensions")
	if err := a.done(); err != nil {
		return err
	}
	if len(sizes) != len(in) {
		return p.corrupt(n.place(), "%d inputs, but sizes of %d", len(in), len(sizes))
	}
	out := &value{typ: typeFloat}
	for i, v := range in {
		if v.kind != columns || v.typ == typeString || len(v.dims) != 1 || sizes[i] != int64(v.dims[0]) {
			return p.misplaced(n)
		}
		if len(out.cols)+len(v.cols)+p.budget > maxColumns {
			return p.refuse(fault.TooLarge, n.place(), "more than %d columns before the trees", maxColumns).WithHint(smaller)
		}
		if v.typ != typeFloat {
			if v, err = p.mapped(v, typeFloat, func(_ int, from int32) prep.Step {
				return prep.Step{Op: prep.Copy, From: from, Float32: true}
			}); err != nil {
				return err
			}
		}
		out.cols = append(out.cols, v.cols...)
	}
	out.dims = []int{len(out.cols)}
	return p.set(n, 0, out)
}
