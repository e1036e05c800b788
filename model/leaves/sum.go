package leaves

import "github.com/glulam/glulam/model/forest"

// addLeaves writes the margins of one row to out: the sum of the leaves that it fell into, in tree order, as
// [forest.Forest] says. leaf holds an index a tree, x is the row as the caller gave it.
func addLeaves(f *forest.Forest, leaf, x, out []float64) {
	if f.Base != nil {
		copy(out, f.Base)
	} else {
		clear(out)
	}
	switch {
	case f.LeafWidth > 1:
		for t := range f.Trees {
			first := (int(f.Trees[t].FirstLeaf) + int(leaf[t])) * f.LeafWidth
			for k, v := range f.Leaves[first : first+f.LeafWidth] {
				out[k] = add(f.Sum, out[k], v)
			}
		}
	case f.Linear != nil:
		for t := range f.Trees {
			tr := &f.Trees[t]
			v := linearValue(f, int(tr.FirstLeaf)+int(leaf[t]), x)
			out[tr.Output] = add(f.Sum, out[tr.Output], v)
		}
	default:
		for t := range f.Trees {
			tr := &f.Trees[t]
			v := f.Leaves[int(tr.FirstLeaf)+int(leaf[t])]
			out[tr.Output] = add(f.Sum, out[tr.Output], v)
		}
	}
	if f.Average == forest.AverageMargin {
		average(f, out)
	}
	scaleAndShift(f, out)
}

// add is one rounded addition. A float32 sum is kept in a float64, which holds it exactly.
func add(p forest.Precision, a, b float64) float64 {
	if p == forest.Float32 {
		return float64(float32(a) + float32(b))
	}
	return a + b
}

// average divides sums by the number of rounds, in the precision of the sums.
func average(f *forest.Forest, sums []float64) {
	for k, s := range sums {
		if f.Sum == forest.Float32 {
			sums[k] = float64(float32(s) / float32(f.Rounds))
		} else {
			sums[k] = s / float64(f.Rounds)
		}
	}
}

// scaleAndShift multiplies sums by the forest's scale and adds its bias, each step rounded.
func scaleAndShift(f *forest.Forest, sums []float64) {
	for k, s := range sums {
		if f.Scale != 0 {
			if s *= f.Scale; f.Sum == forest.Float32 {
				s = float64(float32(s)) // the product of two float32s is exact in float64
			}
		}
		if f.Bias != nil {
			s = add(f.Sum, float64(s), f.Bias[k])
		}
		sums[k] = s
	}
}

// linearValue is the value of a linear leaf for the row x; leaf counts over the whole forest. See [forest.Linear].
func linearValue(f *forest.Forest, leaf int, x []float64) float64 {
	l := f.Linear
	v := l.Const[leaf]
	for i := l.Start[leaf]; i < l.Start[leaf+1]; i++ {
		c := prepare(f, x[l.Feature[i]])
		if c != c {
			return f.Leaves[leaf]
		}
		v += float64(l.Coeff[i] * c) // the conversion forbids a fused multiply-add
	}
	return v
}

// prepare gives a feature's value as the trees look at it: ZeroBand, then Input.
func prepare(f *forest.Forest, v float64) float64 {
	if v <= f.ZeroBand && v >= -f.ZeroBand {
		v = 0
	}
	if f.Input == forest.Float32 {
		v = float64(float32(v))
	}
	return v
}
