package forest

// prepare gives a feature's value as the trees look at it: see Forest.ZeroBand and Forest.Input.
func (f *Forest) prepare(v float64) float64 {
	if v <= f.ZeroBand && v >= -f.ZeroBand {
		v = 0
	}
	if f.Input == Float32 {
		v = float64(float32(v))
	}
	return v
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

// leaf walks a prepared row down the tree with this root and gives the leaf within the tree.
func (f *Forest) leaf(root int32, x []float64) int32 {
	n := root
	for n >= 0 {
		nd := &f.Nodes[n]
		if f.goesLeft(nd, x[nd.Feature]) {
			n = nd.Left
		} else {
			n = nd.Right
		}
	}
	return ^n
}

func (f *Forest) goesLeft(nd *Node, v float64) bool {
	if v != v {
		if nd.Missing != MissingNone {
			return nd.DefaultLeft
		}
		if nd.Op == InSet {
			return false
		}
		v = 0
	}
	switch nd.Op {
	case LessEqual:
		if nd.Missing == MissingZero && v <= ZeroThreshold && v >= -ZeroThreshold {
			return nd.DefaultLeft
		}
		return v <= nd.Threshold
	case InSet:
		return f.inSet(nd, v)
	}
	if nd.Missing == MissingZero && v <= ZeroThreshold && v >= -ZeroThreshold {
		return nd.DefaultLeft
	}
	if nd.Op == Less {
		return v < nd.Threshold
	}
	return v == nd.Threshold
}

func (f *Forest) inSet(nd *Node, v float64) bool {
	s := &f.Sets[nd.Set]
	in := f.has(s, v)
	if !in && s.Known >= 0 && !f.has(&f.Sets[s.Known], v) {
		return nd.DefaultLeft
	}
	return in
}

// has says whether category trunc(v) is in s; v is not NaN.
func (f *Forest) has(s *Set, v float64) bool {
	if v <= -1 || v >= 1<<31 || s.Positive && v < 0 {
		return false
	}
	c := uint32(v)
	return c>>5 < uint32(s.Len) && f.Words[uint32(s.First)+c>>5]>>(c&31)&1 == 1
}

// addTerms adds the linear terms of a row, which is not prepared, to its sums.
func (f *Forest) addTerms(x, sums []float64) {
	k := len(sums)
	for j, v := range x {
		if v = f.prepare(v); v != v {
			continue
		}
		for o, c := range f.Terms.Coeff[j*k : (j+1)*k] {
			if f.Sum == Float32 {
				sums[o] = float64(float32(sums[o]) + float32(float32(c)*float32(v)))
			} else {
				sums[o] += float64(c * v)
			}
		}
	}
}
