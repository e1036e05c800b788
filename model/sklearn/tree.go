package sklearn

import (
	"fmt"
	"math"

	"github.com/glulam/glulam/model/forest"
)

// tree is one tree as the document has it. Nodes have the library's numbers, in which node 0 is the root and leaves are
// nodes; a leaf's left child is 0.
type tree struct {
	left      []int32   // of each node
	right     []int32   // of each split, in the order of the nodes
	feature   []int32   // the same
	threshold []float64 // the same
	missing   []int32   // the same: 1 if a missing value goes left; empty: none does
	set       []int32   // the same: a set of this tree that goes left, or -1; empty: no split is by category
	sets      []uint32  // setWords of each
	value     []float64 // of each leaf, in the order of the nodes; rows of several for vector leaves

	child []int32 // of each node: how the forest's nodes refer to it
}

func (t *tree) reset() {
	*t = tree{
		left: t.left[:0], right: t.right[:0], feature: t.feature[:0], threshold: t.threshold[:0], missing: t.missing[:0],
		set: t.set[:0], sets: t.sets[:0], value: t.value[:0], child: t.child[:0],
	}
}

func (p *parser) readTree(i int) error {
	t := &p.t
	t.reset()
	p.tree, p.inTree = i, true
	defer func() { p.inTree = false }()
	err := p.object("", func(key string) (err error) {
		switch key {
		case "left":
			t.left, err = p.ints(key, t.left, 0, math.MaxInt32)
		case "right":
			t.right, err = p.ints(key, t.right, 1, math.MaxInt32)
		case "feature":
			t.feature, err = p.ints(key, t.feature, 0, forest.MaxFeatures)
		case "threshold":
			t.threshold, err = p.floats(key, t.threshold)
		case "missing":
			t.missing, err = p.ints(key, t.missing, 0, 1)
		case "set":
			t.set, err = p.ints(key, t.set, -1, math.MaxInt32)
		case "sets":
			err = p.array(key, func(int) (err error) {
				t.sets, err = p.readSet(key, t.sets)
				return err
			})
		case "value":
			t.value, err = p.floats(key, t.value)
		default:
			return p.unsupported(key, "is not known")
		}
		return err
	})
	if err != nil {
		return err
	}
	return p.addTree(i)
}

// addTree adds the tree that was read to the forest.
func (p *parser) addTree(i int) error {
	t, f := &p.t, &p.forest
	splits, leaves := 0, 0
	for _, l := range t.left {
		if l != 0 {
			t.child = append(t.child, int32(len(f.Nodes)+splits))
			splits++
		} else {
			t.child = append(t.child, ^int32(leaves))
			leaves++
		}
	}
	switch {
	case len(t.left) == 0:
		return p.corrupt("", "has no nodes")
	case len(t.right) != splits || len(t.feature) != splits || len(t.threshold) != splits ||
		len(t.missing) != 0 && len(t.missing) != splits || len(t.set) != 0 && len(t.set) != splits:
		return p.corrupt("", "%d splits on the left with %d right children, %d features, %d thresholds, %d missing sides and %d sets",
			splits, len(t.right), len(t.feature), len(t.threshold), len(t.missing), len(t.set))
	case len(t.value) != leaves*f.LeafWidth:
		return p.corrupt("value", "%d values for %d leaves of %d", len(t.value), leaves, f.LeafWidth)
	}
	out := forest.Tree{
		Root: t.child[0], FirstNode: int32(len(f.Nodes)), NumNodes: int32(splits), NumLeaves: int32(leaves),
		FirstLeaf: int32(len(f.LeafIDs)),
	}
	if f.LeafWidth == 1 {
		out.Output = int32(i % f.Outputs)
	}
	for id, l := range t.left {
		if l == 0 {
			f.LeafIDs = append(f.LeafIDs, int32(id))
			continue
		}
		if err := p.addSplit(int(out.FirstNode), l); err != nil {
			return err
		}
	}
	f.Leaves = append(f.Leaves, t.value...)
	f.Trees = append(f.Trees, out)
	return nil
}

// addSplit adds the next split of the tree, which starts at node first, to the forest.
func (p *parser) addSplit(first int, left int32) error {
	t, f := &p.t, &p.forest
	s := len(f.Nodes) - first
	bad := func(member string, format string, args ...any) error {
		return p.corrupt(fmt.Sprintf("%s[%d]", member, s), format, args...)
	}
	n := forest.Node{Feature: t.feature[s], Threshold: t.threshold[s], Op: forest.LessEqual, Missing: forest.MissingNaN}
	switch {
	case int(left) >= len(t.child) || int(t.right[s]) >= len(t.child):
		return bad("right", "children %d and %d of %d nodes", left, t.right[s], len(t.child))
	case int(n.Feature) >= len(f.Features):
		return bad("feature", "feature %d of %d", n.Feature, len(f.Features))
	case n.Threshold != n.Threshold:
		return bad("threshold", "is not a number")
	}
	n.Left, n.Right = t.child[left], t.child[t.right[s]]
	n.DefaultLeft = len(t.missing) > 0 && t.missing[s] == 1
	if len(t.set) > 0 && t.set[s] >= 0 {
		known := p.known[n.Feature]
		switch {
		case int(t.set[s]) >= len(t.sets)/setWords:
			return bad("set", "set %d of %d", t.set[s], len(t.sets)/setWords)
		case known < 0:
			return bad("set", "a set for feature %d, which has no known categories", n.Feature)
		}
		n.Op, n.Threshold = forest.InSet, 0
		n.Set = p.addSet(t.sets[int(t.set[s])*setWords:(int(t.set[s])+1)*setWords], known)
	}
	f.Nodes = append(f.Nodes, n)
	return nil
}
