package forest

import (
	"fmt"
	"math"

	"github.com/glulam/glulam/fault"
)

// Limits that Validate holds a forest to. They are far above what training libraries write.
const (
	MaxFeatures = 1 << 20
	MaxOutputs  = 1 << 16
	MaxTrees    = 1 << 22
)

// Validate checks everything that an evaluator relies on: that every index is in range, that each tree is a tree (every
// node and leaf reached exactly once from its root), that thresholds and leaves are numbers, and that outputs, sums and
// link fit together. It also fills in Feature.Used. Call it once, when the forest is complete; it takes time and memory in
// proportion to the forest.
//
// The error is a *fault.Error with code Corrupt or TooLarge and, as Field, the place in the forest; its Source is empty.
func (f *Forest) Validate() error {
	if err := f.validateShape(); err != nil {
		return err
	}
	if err := f.validateSets(); err != nil {
		return err
	}
	if err := f.validateLinear(); err != nil {
		return err
	}
	for i := range f.Features {
		f.Features[i].Used = false
	}
	if f.Linear != nil {
		for _, j := range f.Linear.Feature {
			f.Features[j].Used = true
		}
	}
	if f.Terms != nil {
		for i, c := range f.Terms.Coeff {
			if c != 0 {
				f.Features[i/f.Outputs].Used = true
			}
		}
	}
	var walk walker
	var node, leaf int32
	for t := range f.Trees {
		tr := &f.Trees[t]
		if tr.FirstNode != node || tr.FirstLeaf != leaf || tr.NumNodes < 0 || int64(tr.NumLeaves) != int64(tr.NumNodes)+1 ||
			int(tr.NumNodes) > len(f.Nodes)-int(node) || int(tr.NumLeaves) > len(f.Leaves)/f.LeafWidth-int(leaf) {
			return corrupt(treeName(t), "has %d nodes from %d and %d leaves from %d, which does not follow on the tree before it", tr.NumNodes, tr.FirstNode, tr.NumLeaves, tr.FirstLeaf)
		}
		if tr.Output < 0 || int(tr.Output) >= f.Outputs || f.LeafWidth > 1 && tr.Output != 0 {
			return corrupt(treeName(t), "adds to output %d of %d", tr.Output, f.Outputs)
		}
		if err := walk.tree(f, t); err != nil {
			return err
		}
		node += tr.NumNodes
		leaf += tr.NumLeaves
	}
	if int(node) != len(f.Nodes) || int(leaf)*f.LeafWidth != len(f.Leaves) {
		return corrupt("forest", "%d nodes and %d leaf values belong to no tree", len(f.Nodes)-int(node), len(f.Leaves)-int(leaf)*f.LeafWidth)
	}
	return nil
}

func (f *Forest) validateShape() error {
	switch {
	case f.Outputs < 1 || f.Outputs > MaxOutputs:
		return tooLarge("outputs", "%d outputs; from 1 to %d are possible", f.Outputs, MaxOutputs)
	case len(f.Features) < 1 || len(f.Features) > MaxFeatures:
		return tooLarge("features", "%d features; from 1 to %d are possible", len(f.Features), MaxFeatures)
	case len(f.Trees) > MaxTrees || len(f.Nodes) > math.MaxInt32/2 || len(f.Leaves) > math.MaxInt32:
		return tooLarge("trees", "%d trees with %d nodes are more than this build can index", len(f.Trees), len(f.Nodes))
	case f.LeafWidth != 1 && f.LeafWidth != f.Outputs:
		return corrupt("leaves", "%d values a leaf for %d outputs", f.LeafWidth, f.Outputs)
	case f.Base != nil && len(f.Base) != f.Outputs:
		return corrupt("base score", "%d values for %d outputs", len(f.Base), f.Outputs)
	case f.Bias != nil && len(f.Bias) != f.Outputs:
		return corrupt("bias", "%d values for %d outputs", len(f.Bias), f.Outputs)
	case !finite(f.Scale) || f.Sum == Float32 && f.Scale != float64(float32(f.Scale)):
		return corrupt("scale", "%v is not a finite number of the sums' precision", f.Scale)
	case f.LeafIDs != nil && len(f.LeafIDs)*f.LeafWidth != len(f.Leaves):
		return corrupt("leaf ids", "%d ids for %d leaves", len(f.LeafIDs), len(f.Leaves)/f.LeafWidth)
	case f.Average > AverageMargin || f.Average != AverageNone && f.Rounds < 1:
		return corrupt("average", "an average over %d rounds", f.Rounds)
	case f.Input > Float32 || f.Sum > Float32:
		return corrupt("precision", "unknown precision")
	case !(f.ZeroBand >= 0) || math.IsInf(f.ZeroBand, 0):
		return corrupt("zero band", "%v", f.ZeroBand)
	case f.Link.Kind > LinkUnknown || f.Task > TaskRanking:
		return corrupt("link", "unknown link %d or task %d", f.Link.Kind, f.Task)
	case f.Link.Kind == Sigmoid && (!(f.Link.Param > 0) || math.IsInf(f.Link.Param, 0)):
		return corrupt("link", "a sigmoid of scale %v", f.Link.Param)
	case f.Link.Kind == MeanVariance && f.Outputs != 2:
		return corrupt("link", "a mean and a variance of %d outputs", f.Outputs)
	case f.Link.Kind == Isolation && (!(f.Link.Param >= 0) || math.IsInf(f.Link.Param, 0) || !finite(f.Link.Offset)):
		return corrupt("link", "an isolation score of divisor %v and offset %v", f.Link.Param, f.Link.Offset)
	case f.Terms != nil && len(f.Terms.Coeff) != len(f.Features)*f.Outputs:
		return corrupt("linear terms", "%d coefficients for %d features and %d outputs", len(f.Terms.Coeff), len(f.Features), f.Outputs)
	case f.Task == TaskBinary && f.Outputs != 1 || f.Task == TaskMulticlass && f.Outputs < 2:
		return corrupt("task", "%d outputs do not fit the objective", f.Outputs)
	}
	for _, b := range f.Base {
		if !finite(b) {
			return corrupt("base score", "%v is not a finite number", b)
		}
		if f.Sum == Float32 && b != float64(float32(b)) {
			return corrupt("base score", "%v is no float32, but sums are", b)
		}
	}
	for _, b := range f.Bias {
		if !finite(b) || f.Sum == Float32 && b != float64(float32(b)) {
			return corrupt("bias", "%v is not a finite number of the sums' precision", b)
		}
	}
	if f.Terms != nil {
		for i, c := range f.Terms.Coeff {
			if !finite(c) || f.Sum == Float32 && c != float64(float32(c)) {
				return corrupt("linear terms", "coefficient %d is %v, not a finite number of the sums' precision", i, c)
			}
		}
	}
	if err := f.validateRounds(); err != nil {
		return err
	}
	for i, v := range f.Leaves {
		if !finite(v) {
			return corrupt("leaves", "leaf value %d is %v, not a finite number", i, v)
		}
	}
	return nil
}

func (f *Forest) validateSets() error {
	for i, s := range f.Sets {
		if s.First < 0 || s.Len < 0 || int(s.First) > len(f.Words) || int(s.Len) > len(f.Words)-int(s.First) {
			return corrupt(fmt.Sprintf("set %d", i), "words %d to %d of %d", s.First, int64(s.First)+int64(s.Len), len(f.Words))
		}
		if s.Known < -1 || int(s.Known) >= len(f.Sets) {
			return corrupt(fmt.Sprintf("set %d", i), "refers to set %d of %d", s.Known, len(f.Sets))
		}
	}
	return nil
}

func (f *Forest) validateLinear() error {
	l := f.Linear
	if l == nil {
		return nil
	}
	if f.LeafWidth != 1 || len(l.Const) != len(f.Leaves) || len(l.Start) != len(l.Const)+1 || len(l.Feature) != len(l.Coeff) ||
		l.Start[0] != 0 || int(l.Start[len(l.Const)]) != len(l.Coeff) {
		return corrupt("linear leaves", "%d constants, %d starts, %d features and %d coefficients for %d leaves", len(l.Const), len(l.Start), len(l.Feature), len(l.Coeff), len(f.Leaves))
	}
	for i, c := range l.Const {
		if !finite(c) || l.Start[i] > l.Start[i+1] {
			return corrupt(fmt.Sprintf("linear leaf %d", i), "constant %v, coefficients %d to %d", c, l.Start[i], l.Start[i+1])
		}
	}
	for i, c := range l.Coeff {
		if !finite(c) || l.Feature[i] < 0 || int(l.Feature[i]) >= len(f.Features) {
			return corrupt("linear leaves", "coefficient %d is %v on feature %d of %d", i, c, l.Feature[i], len(f.Features))
		}
	}
	return nil
}

// walker visits trees without recursion; its memory is used again for the next tree.
type walker struct {
	stack []int32
	seen  []bool // nodes, then leaves, of the tree
}

func (w *walker) tree(f *Forest, t int) error {
	tr := &f.Trees[t]
	n := int(tr.NumNodes)
	total := n + int(tr.NumLeaves)
	if cap(w.seen) < total {
		w.seen = make([]bool, total)
	}
	w.seen = w.seen[:total]
	clear(w.seen)
	w.stack = append(w.stack[:0], tr.Root)
	visited := 0
	for len(w.stack) > 0 {
		c := w.stack[len(w.stack)-1]
		w.stack = w.stack[:len(w.stack)-1]
		var at int
		if c >= 0 {
			at = int(c) - int(tr.FirstNode)
			if at < 0 || at >= n {
				return corrupt(treeName(t), "refers to node %d; it has %d", at, n)
			}
		} else {
			if int(^c) >= int(tr.NumLeaves) {
				return corrupt(treeName(t), "refers to leaf %d; it has %d", ^c, tr.NumLeaves)
			}
			at = n + int(^c)
		}
		if w.seen[at] {
			return corrupt(treeName(t), "is not a tree: node or leaf %d has two parents", at)
		}
		w.seen[at] = true
		visited++
		if c >= 0 {
			nd := &f.Nodes[c]
			if err := f.checkNode(t, at, nd); err != nil {
				return err
			}
			f.Features[nd.Feature].Used = true
			w.stack = append(w.stack, nd.Right, nd.Left)
		}
	}
	if visited != total {
		return corrupt(treeName(t), "is not a tree: only %d of its %d nodes and leaves hang on the root", visited, total)
	}
	return nil
}

func (f *Forest) checkNode(t, at int, nd *Node) error {
	bad := func(format string, args ...any) error {
		return corrupt(fmt.Sprintf("tree %d node %d", t, at), format, args...)
	}
	switch {
	case nd.Feature < 0 || int(nd.Feature) >= len(f.Features):
		return bad("splits on feature %d; the model has %d", nd.Feature, len(f.Features))
	case nd.Op > InSet || nd.Missing > MissingNone:
		return bad("unknown kind of split")
	case nd.Op == InSet && (nd.Set < 0 || int(nd.Set) >= len(f.Sets)):
		return bad("refers to categorical set %d of %d", nd.Set, len(f.Sets))
	case nd.Op == InSet && nd.Missing == MissingZero:
		return bad("a categorical split cannot take zero for missing")
	case nd.Op != InSet && math.IsNaN(nd.Threshold):
		return bad("the threshold is not a number")
	}
	return nil
}

func finite(v float64) bool { return v-v == 0 }

func treeName(t int) string { return fmt.Sprintf("tree %d", t) }

func corrupt(field, format string, args ...any) error {
	return fault.New(fault.Corrupt, "", format, args...).OnField(field)
}

func tooLarge(field, format string, args ...any) error {
	return fault.New(fault.TooLarge, "", format, args...).OnField(field)
}
