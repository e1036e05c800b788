package forest

// Prepare gives a feature's value as the trees look at it: see Forest.ZeroBand and Forest.Input.
func (f *Forest) Prepare(v float64) float64 {
	if v <= f.ZeroBand && v >= -f.ZeroBand {
		v = 0
	}
	if f.Input == Float32 {
		v = float64(float32(v))
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

// GoesLeft says whether nd, a node of this forest, sends a prepared value to its left.
func (f *Forest) GoesLeft(nd *Node, v float64) bool { return f.goesLeft(nd, v) }

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
