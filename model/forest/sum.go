package forest

import "slices"

// The arithmetic of margins, which is the same for every engine: an engine decides which leaves a row falls into, and adds
// them up with these.

// StartSums writes what a row's sums start with: Base and the linear Terms. x is the row as it came.
func (f *Forest) StartSums(sums, x []float64) {
	if f.Base != nil {
		copy(sums, f.Base)
	} else {
		clear(sums)
	}
	if f.Terms != nil {
		f.addTerms(x, sums)
	}
}

// AddLeaf adds to a row's sums what a leaf of tree t gives. leaf counts over the whole forest. x is the prepared row; only
// linear leaves look at it.
func (f *Forest) AddLeaf(sums []float64, t, leaf int, x []float64) {
	sum := &sums[f.Trees[t].Output]
	switch {
	case f.LeafWidth > 1:
		for o, v := range f.Leaves[leaf*f.LeafWidth : (leaf+1)*f.LeafWidth] {
			sums[o] = f.Sum.add(sums[o], v)
		}
	case f.Linear != nil:
		*sum = f.Sum.add(*sum, f.LinearValue(leaf, x))
	default:
		*sum = f.Sum.add(*sum, f.Leaves[leaf])
	}
}

// EndSums makes margins of rows of sums: average, scale, bias.
func (f *Forest) EndSums(sums []float64) {
	if f.Average == AverageMargin {
		f.Sum.divide(sums, f.Rounds)
	}
	if f.Scale != 0 && f.Scale != 1 {
		for i, s := range sums {
			sums[i] = f.Sum.multiply(s, f.Scale)
		}
	}
	if f.Bias == nil {
		return
	}
	for i := 0; i < len(sums); i += f.Outputs {
		for k, b := range f.Bias {
			sums[i+k] = f.Sum.add(sums[i+k], b)
		}
	}
}

// LinearValue is the value of a leaf with a linear model (see [Linear]) for a prepared row; leaf counts over the whole
// forest. Forest.Linear must not be nil.
func (f *Forest) LinearValue(leaf int, x []float64) float64 {
	l := f.Linear
	v := l.Const[leaf]
	for i := l.Start[leaf]; i < l.Start[leaf+1]; i++ {
		c := x[l.Feature[i]]
		if c != c {
			return f.Leaves[leaf]
		}
		v += float64(l.Coeff[i] * c) // the conversion keeps the compiler from fusing: arm64 would
	}
	return v
}

// addTerms adds the linear terms of a row, which is not prepared, to its sums. It does not look at features without
// coefficients, which may be anything: infinity times 0 would be NaN.
func (f *Forest) addTerms(x, sums []float64) {
	k := len(sums)
	for j, v := range x {
		coeff := f.Terms.Coeff[j*k : (j+1)*k]
		if v = f.Prepare(v); v != v || !slices.ContainsFunc(coeff, notZero) {
			continue
		}
		for o, c := range coeff {
			if f.Sum == Float32 {
				sums[o] = float64(float32(sums[o]) + float32(float32(c)*float32(v)))
			} else {
				sums[o] += float64(c * v)
			}
		}
	}
}

func notZero(c float64) bool { return c != 0 }

func (p Precision) add(a, b float64) float64 {
	if p == Float32 {
		return float64(float32(a) + float32(b))
	}
	return a + b
}

func (p Precision) multiply(a, b float64) float64 {
	if p == Float32 {
		return float64(float32(a) * float32(b))
	}
	return float64(a * b) // the conversion keeps the compiler from fusing it with what follows
}

func (p Precision) divide(sums []float64, by int) {
	for i := range sums {
		if p == Float32 {
			sums[i] = float64(float32(sums[i]) / float32(by))
		} else {
			sums[i] /= float64(by)
		}
	}
}
