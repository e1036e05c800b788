package rules

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/fault"
)

// maxMessage is how much of CEL's message about a row is kept.
const maxMessage = 300

// buffers hold the values of a rule's column.
type buffers struct {
	doubles []float64
	ints    []int64
	bits    []byte
	offsets []int32
	text    []byte
	valid   []byte
	nulls   int
}

// Derive evaluates derive rules for the rows of rec, whose schema must be the one that was bound. It gives the record with
// their columns, which must be released and is valid until the next call, and the rows that a rule failed for, in ascending order: in
// them the columns mean nothing.
func (p *Program) Derive(rec arrow.RecordBatch) (arrow.RecordBatch, []Refusal, error) {
	made, refused, err := p.run(rec, nil, nil)
	if err != nil {
		return nil, nil, err
	}
	cols := slices.Clone(rec.Columns())
	for i, at := range p.places {
		if at < len(cols) {
			cols[at] = made[i]
		} else {
			cols = append(cols, made[i])
		}
	}
	out := array.NewRecordBatch(p.schema, cols, rec.NumRows())
	for _, a := range made {
		a.Release()
	}
	return out, refused, nil
}

// Decide evaluates decide rules for the rows of rec, whose schema must be the one that was bound, and the outputs that were
// scored of them, which must have the bound fields' types. Rows in skip, ascending, are left out. It gives the rules' columns,
// which must be released and are valid until the next call, and the rows that a rule failed for, ascending.
func (p *Program) Decide(rec arrow.RecordBatch, outputs []arrow.Array, skip []int) ([]arrow.Array, []Refusal, error) {
	return p.run(rec, outputs, skip)
}

func (p *Program) run(rec arrow.RecordBatch, outputs []arrow.Array, skip []int) (made []arrow.Array, refused []Refusal, err error) {
	n := int(rec.NumRows())
	for _, c := range p.row {
		if c.index >= int(rec.NumCols()) {
			return nil, nil, fault.New(fault.Internal, p.flag, "the record has %d columns; the bound schema had more", rec.NumCols())
		}
		c.set(rec.Column(c.index))
	}
	for _, c := range p.out {
		c.set(outputs[c.index])
	}
	if cap(p.bad) < n {
		p.bad = make([]bool, n)
	}
	p.bad = p.bad[:n]
	clear(p.bad)
	for _, row := range skip {
		p.bad[row] = true
	}
	for _, b := range p.rules {
		b.buf.start(b.kind, n)
		for i := range n {
			var v ref.Val
			if !p.bad[i] {
				var why string
				if v, why = b.eval(i); why != "" {
					refused = append(refused, Refusal{Row: i, Rule: b.name, Message: why})
					p.bad[i], v = true, nil
				}
			}
			b.buf.put(b.kind, i, v)
		}
		a := b.buf.array(b.kind, n)
		b.made.set(a)
		made = append(made, a)
	}
	slices.SortStableFunc(refused, func(a, b Refusal) int { return a.Row - b.Row })
	return made, refused, nil
}

// eval gives a row's value, nil if the rule gives none, or why there is none to be had.
func (b *bound) eval(row int) (v ref.Val, why string) {
	b.vars.row = row
	v, _, err := b.prog.Eval(&b.vars)
	if err != nil {
		return nil, reason(err)
	}
	if b.optional {
		o, ok := v.(*types.Optional)
		if !ok || !o.HasValue() {
			return nil, ""
		}
		v = o.GetValue()
	}
	switch v := v.(type) {
	case types.Double:
		if f := float64(v); f != f || math.IsInf(f, 0) {
			return nil, fmt.Sprintf("the result is %v", f)
		}
	case types.String:
		if len(v) > maxMade {
			return nil, fmt.Sprintf("the result has %d bytes; at most %d", len(v), maxMade)
		}
	}
	if want := [...]ref.Type{types.DoubleType, types.IntType, types.StringType, types.BoolType}[b.kind]; v.Type() != want {
		return nil, fmt.Sprintf("the result is a %s, not a %s", v.Type().TypeName(), want.TypeName())
	}
	return v, ""
}

// reason is what CEL says about a row.
func reason(err error) string {
	text := err.Error()
	switch {
	case strings.Contains(text, "actual cost limit exceeded"):
		return fmt.Sprintf("the rule costs more than %d units for this row", MaxCost)
	case strings.HasPrefix(text, "internal error:"):
		text, _, _ = strings.Cut(text, "\n")
	}
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "..."
	}
	if text == "" {
		return "it failed"
	}
	return text
}

// start makes room for n values.
func (b *buffers) start(k result, n int) {
	b.valid, b.nulls = zeros(b.valid, int(bitutil.BytesForBits(int64(n)))), 0
	switch k {
	case doubles:
		b.doubles = grown(b.doubles, n)
	case ints:
		b.ints = grown(b.ints, n)
	case bools:
		b.bits = zeros(b.bits, int(bitutil.BytesForBits(int64(n))))
	case strs:
		b.offsets = append(grown(b.offsets, 0), 0)
		b.text = b.text[:0]
	}
}

// put sets value i; nil is a null.
func (b *buffers) put(k result, i int, v ref.Val) {
	if v != nil {
		bitutil.SetBit(b.valid, i)
	} else {
		b.nulls++
	}
	switch k {
	case doubles:
		b.doubles[i] = math.NaN()
		if v != nil {
			b.doubles[i] = float64(v.(types.Double))
		}
	case ints:
		b.ints[i] = 0
		if v != nil {
			b.ints[i] = int64(v.(types.Int))
		}
	case bools:
		if v != nil && bool(v.(types.Bool)) {
			bitutil.SetBit(b.bits, i)
		}
	case strs:
		if v != nil {
			b.text = append(b.text, v.(types.String)...)
		}
		b.offsets = append(b.offsets, int32(len(b.text)))
	}
}

// array makes a column of the buffers, which it does not copy.
func (b *buffers) array(k result, n int) arrow.Array {
	var t arrow.DataType
	bufs := []*memory.Buffer{memory.NewBufferBytes(b.valid)}
	switch k {
	case doubles:
		t, bufs = arrow.PrimitiveTypes.Float64, append(bufs, memory.NewBufferBytes(arrow.Float64Traits.CastToBytes(b.doubles)))
	case ints:
		t, bufs = arrow.PrimitiveTypes.Int64, append(bufs, memory.NewBufferBytes(arrow.Int64Traits.CastToBytes(b.ints)))
	case bools:
		t, bufs = arrow.FixedWidthTypes.Boolean, append(bufs, memory.NewBufferBytes(b.bits))
	case strs:
		t, bufs = arrow.BinaryTypes.String, append(bufs, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(b.offsets)), memory.NewBufferBytes(b.text))
	}
	if b.nulls == 0 {
		bufs[0] = nil
	}
	d := array.NewData(t, n, bufs, nil, b.nulls, 0)
	defer d.Release()
	return array.MakeFromData(d)
}

func grown[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

func zeros(s []byte, n int) []byte {
	s = grown(s, n)
	clear(s)
	return s
}
