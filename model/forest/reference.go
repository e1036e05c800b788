package forest

import "sync"

// Reference is the plain evaluator: it does what Forest's documentation says, step by step, and every other engine must
// give its bits. It is laid out for the cache (a few hundred rows go through one tree after another) but takes no
// shortcut.
type Reference struct {
	f       *Forest
	scratch sync.Pool // *[]float64, refRows rows of features
}

// refRows is how many rows go through the trees together: their features and sums stay in the second-level cache.
const refRows = 256

// NewReference makes the reference evaluator of a validated forest.
func NewReference(f *Forest) *Reference {
	r := &Reference{f: f}
	r.scratch.New = func() any { s := make([]float64, refRows*len(f.Features)); return &s }
	return r
}

// Name is "reference".
func (r *Reference) Name() string { return "reference" }

// Margins implements Evaluator.
func (r *Reference) Margins(x []float64, rows int, out []float64) {
	r.blocks(x, rows, func(first, n int, x []float64) {
		k := r.f.Outputs
		r.sums(x, n, out[first*k:(first+n)*k])
	})
}

// LeafIndices implements Evaluator.
func (r *Reference) LeafIndices(x []float64, rows int, out []int32) {
	f := r.f
	width, trees := len(f.Features), len(f.Trees)
	r.blocks(x, rows, func(first, n int, x []float64) {
		for t := range f.Trees {
			tr := &f.Trees[t]
			for i := range n {
				leaf := f.leaf(tr.Root, x[i*width:(i+1)*width])
				if f.LeafIDs != nil {
					leaf = f.LeafIDs[tr.FirstLeaf+leaf]
				}
				out[(first+i)*trees+t] = leaf
			}
		}
	})
}

// blocks calls do for runs of rows whose features were made ready: see Forest.ZeroBand and Forest.Input.
func (r *Reference) blocks(x []float64, rows int, do func(first, n int, x []float64)) {
	buf := r.scratch.Get().(*[]float64)
	defer r.scratch.Put(buf)
	width := len(r.f.Features)
	for first := 0; first < rows; first += refRows {
		n := min(refRows, rows-first)
		ready := (*buf)[:n*width]
		r.f.prepare(ready, x[first*width:(first+n)*width])
		do(first, n, ready)
	}
}

// prepare copies features from src to dst as the trees look at them.
func (f *Forest) prepare(dst, src []float64) {
	band := f.ZeroBand
	for i, v := range src {
		if v <= band && v >= -band {
			v = 0
		}
		dst[i] = v
	}
	if f.Input == Float32 {
		for i, v := range dst {
			dst[i] = float64(float32(v))
		}
	}
}

// sums adds up n prepared rows.
func (r *Reference) sums(x []float64, n int, out []float64) {
	f := r.f
	k, width := f.Outputs, len(f.Features)
	for i := range n {
		if f.Base != nil {
			copy(out[i*k:(i+1)*k], f.Base)
		} else {
			clear(out[i*k : (i+1)*k])
		}
	}
	for t := range f.Trees {
		tr := &f.Trees[t]
		for i := range n {
			row := x[i*width : (i+1)*width]
			leaf := int(tr.FirstLeaf) + int(f.leaf(tr.Root, row))
			sum := out[i*k : (i+1)*k]
			switch {
			case f.LeafWidth > 1:
				for o := range sum {
					sum[o] = f.Sum.add(sum[o], f.Leaves[leaf*f.LeafWidth+o])
				}
			case f.Linear != nil:
				sum[tr.Output] = f.Sum.add(sum[tr.Output], f.LinearValue(leaf, row))
			default:
				sum[tr.Output] = f.Sum.add(sum[tr.Output], f.Leaves[leaf])
			}
		}
	}
	if f.Average == AverageMargin {
		f.Sum.divide(out, f.Rounds)
	}
}

func (p Precision) add(a, b float64) float64 {
	if p == Float32 {
		return float64(float32(a) + float32(b))
	}
	return a + b
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
	if v <= -1 || v >= 1<<31 {
		return false
	}
	c := uint32(v)
	return c>>5 < uint32(s.Len) && f.Words[uint32(s.First)+c>>5]>>(c&31)&1 == 1
}
