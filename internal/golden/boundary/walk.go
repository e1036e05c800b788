package boundary

import (
	"math"

	"github.com/glulam/glulam/model/forest"
)

// goesLeft answers a node's question for a prepared value, as forest.Forest says it. Rows are made with it; what they must
// give is the library's to say.
func goesLeft(f *forest.Forest, nd *forest.Node, v float64) bool {
	if v != v {
		if nd.Missing != forest.MissingNone {
			return nd.DefaultLeft
		}
		if nd.Op == forest.InSet {
			return false
		}
		v = 0
	}
	if nd.Op == forest.InSet {
		s := &f.Sets[nd.Set]
		if contains(f, s, v) {
			return true
		}
		return s.Known >= 0 && !contains(f, &f.Sets[s.Known], v) && nd.DefaultLeft
	}
	if nd.Missing == forest.MissingZero && math.Abs(v) <= forest.ZeroThreshold {
		return nd.DefaultLeft
	}
	switch nd.Op {
	case forest.LessEqual:
		return v <= nd.Threshold
	case forest.Less:
		return v < nd.Threshold
	}
	return v == nd.Threshold
}

func contains(f *forest.Forest, s *forest.Set, v float64) bool {
	if v <= -1 || v >= 1<<31 || s.Positive && v < 0 {
		return false
	}
	c := int32(math.Trunc(v))
	return c/32 < s.Len && f.Words[s.First+c/32]>>(c%32)&1 == 1
}

// paths knows the way to each node.
type paths struct {
	f      *forest.Forest
	parent []int32 // of each node; -1: it is a root
	left   []bool  // whether the node is its parent's left child
	depth  []int32
	order  []int32 // nodes, parents before children: trees in order, left before right
}

func newPaths(f *forest.Forest) *paths {
	p := &paths{f: f, parent: make([]int32, len(f.Nodes)), left: make([]bool, len(f.Nodes)), depth: make([]int32, len(f.Nodes))}
	var stack []int32
	for t := range f.Trees {
		root := f.Trees[t].Root
		if root < 0 {
			continue
		}
		p.parent[root] = -1
		stack = append(stack[:0], root)
		for len(stack) > 0 {
			n := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			p.order = append(p.order, n)
			for _, child := range []int32{f.Nodes[n].Right, f.Nodes[n].Left} {
				if child >= 0 {
					p.parent[child], p.left[child], p.depth[child] = n, child == f.Nodes[n].Left, p.depth[n]+1
					stack = append(stack, child)
				}
			}
		}
	}
	return p
}

// step is a question on the way to a node, and the answer that leads there.
type step struct {
	node *forest.Node
	left bool
}

// to gives the questions on the way to a node, from the root on, for each input.
func (p *paths) to(node int32, inputOf []int) map[int][]step {
	ways := map[int][]step{}
	for n := node; p.parent[n] >= 0; n = p.parent[n] {
		parent := &p.f.Nodes[p.parent[n]]
		in := inputOf[parent.Feature]
		ways[in] = append(ways[in], step{parent, p.left[n]})
	}
	return ways
}

// passes says whether a raw value is accepted and goes the way of all steps; out is memory for features.
func (in *input) passes(f *forest.Forest, raw float64, steps []step, out []float64) bool {
	if !in.forward(raw, out) {
		return false
	}
	for _, s := range steps {
		if goesLeft(f, s.node, f.Prepare(out[in.place[int(s.node.Feature)]])) != s.left {
			return false
		}
	}
	return true
}

// solve finds a raw value that goes the way of all steps, the base row's if it does.
func (in *input) solve(f *forest.Forest, base float64, steps []step, out []float64) (float64, bool) {
	if in.passes(f, base, steps, out) {
		return base, true
	}
	for _, s := range steps {
		if s.node.Op == forest.InSet {
			continue
		}
		for _, v := range in.around(f, threshold{int(s.node.Feature), s.node.Threshold}) {
			if in.passes(f, v, steps, out) {
				return v, true
			}
		}
	}
	for _, list := range [][]float64{{math.NaN(), 0, 1, -1}, in.pool} {
		for _, v := range list {
			if in.valid(v) && in.passes(f, v, steps, out) {
				return v, true
			}
		}
	}
	if !in.text {
		for c := range in.bound + 2 {
			if in.passes(f, float64(c), steps, out) {
				return float64(c), true
			}
		}
	}
	return base, false
}

// valid says whether a raw value is one of the column.
func (in *input) valid(v float64) bool {
	return v != v || !in.text || v >= 0 && v < float64(len(in.texts)) && v == math.Trunc(v)
}
