package forest_test

import (
	"math"
	"slices"

	"github.com/glulam/glulam/model/forest"
)

// oracle is a second reading of Forest's documentation: one row, one tree, one sentence at a time, with no thought of
// speed.
type oracle struct{ f *forest.Forest }

// row gives a row's margins, and the leaf of each tree.
func (o oracle) row(raw []float64) (margins []float64, leaves []int32) {
	f := o.f
	x := make([]float64, len(raw))
	for i, v := range raw {
		if math.Abs(v) <= f.ZeroBand {
			v = 0
		}
		x[i] = o.round(f.Input, v)
	}
	margins = make([]float64, f.Outputs)
	copy(margins, f.Base)
	o.terms(margins, x)
	for t, tr := range f.Trees {
		leaf := o.leaf(tr.Root, x)
		at := int(tr.FirstLeaf + leaf)
		if f.LeafIDs != nil {
			leaf = f.LeafIDs[at]
		}
		leaves = append(leaves, leaf)
		if f.LeafWidth > 1 {
			for k := range margins {
				o.add(&margins[k], f.Leaves[at*f.LeafWidth+k])
			}
		} else {
			o.add(&margins[f.Trees[t].Output], o.value(at, x))
		}
	}
	if f.Average == forest.AverageMargin {
		for k := range margins {
			// A quotient of float32s that is rounded to float64 first is rounded to the same float32.
			margins[k] = o.round(f.Sum, o.round(f.Sum, margins[k])/o.round(f.Sum, float64(f.Rounds)))
		}
	}
	for k := range margins {
		if f.Scale != 0 {
			margins[k] = o.round(f.Sum, margins[k]*f.Scale)
		}
		if f.Bias != nil {
			o.add(&margins[k], f.Bias[k])
		}
	}
	return margins, leaves
}

// terms adds the linear terms of all features that are there and that have a coefficient.
func (o oracle) terms(margins, x []float64) {
	if o.f.Terms == nil {
		return
	}
	for j, v := range x {
		coeff := o.f.Terms.Coeff[j*o.f.Outputs : (j+1)*o.f.Outputs]
		if math.IsNaN(v) || !slices.ContainsFunc(coeff, func(c float64) bool { return c != 0 }) {
			continue
		}
		for k, c := range coeff {
			// A product of float32s that is rounded to float64 first is rounded to the same float32.
			o.add(&margins[k], o.round(o.f.Sum, o.round(o.f.Sum, c)*o.round(o.f.Sum, v)))
		}
	}
}

func (oracle) round(p forest.Precision, v float64) float64 {
	if p == forest.Float32 {
		return float64(float32(v))
	}
	return v
}

// add adds in the precision of sums. A sum of float32s that is rounded to float64 first is rounded to the same float32.
func (o oracle) add(sum *float64, v float64) {
	*sum = o.round(o.f.Sum, o.round(o.f.Sum, *sum)+o.round(o.f.Sum, v))
}

func (o oracle) value(leaf int, x []float64) float64 {
	l := o.f.Linear
	if l == nil {
		return o.f.Leaves[leaf]
	}
	sum := l.Const[leaf]
	for i := l.Start[leaf]; i < l.Start[leaf+1]; i++ {
		v := x[l.Feature[i]]
		if math.IsNaN(v) {
			return o.f.Leaves[leaf]
		}
		product := l.Coeff[i] * v
		sum = sum + product
	}
	return sum
}

func (o oracle) leaf(at int32, x []float64) int32 {
	if at < 0 {
		return ^at
	}
	nd := o.f.Nodes[at]
	if o.left(nd, x[nd.Feature]) {
		return o.leaf(nd.Left, x)
	}
	return o.leaf(nd.Right, x)
}

func (o oracle) left(nd forest.Node, v float64) bool {
	if o.missing(nd, v) {
		return nd.DefaultLeft
	}
	if nd.Op == forest.InSet {
		return !math.IsNaN(v) && o.in(nd.Set, v)
	}
	if math.IsNaN(v) {
		v = 0
	}
	switch nd.Op {
	case forest.LessEqual:
		return v <= nd.Threshold
	case forest.Less:
		return v < nd.Threshold
	}
	return v == nd.Threshold
}

func (o oracle) missing(nd forest.Node, v float64) bool {
	switch {
	case nd.Missing == forest.MissingNone && math.IsNaN(v):
		return false
	case math.IsNaN(v):
		return true
	case nd.Missing == forest.MissingZero && math.Abs(v) <= forest.ZeroThreshold:
		return true
	case nd.Op == forest.InSet:
		known := o.f.Sets[nd.Set].Known
		return known >= 0 && !o.in(known, v) && !o.in(nd.Set, v)
	}
	return false
}

// in says whether the category of v is in a set.
func (o oracle) in(set int32, v float64) bool {
	c := math.Trunc(v)
	s := o.f.Sets[set]
	if s.Positive && v < 0 || c < 0 || c >= float64(s.Len)*32 || v <= -1 {
		return false
	}
	word := o.f.Words[int(s.First)+int(c)/32]
	return word&(1<<(int(c)%32)) != 0
}
