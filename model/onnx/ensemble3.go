package onnx

import (
	"strconv"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
)

// nodes3 are the lists that say what the nodes of a TreeEnsembleRegressor or TreeEnsembleClassifier are.
type nodes3 struct {
	trees, ids, features, yes, no, missing []int64
	modes                                  [][]byte
	values                                 []float64
}

// block is a tree's part of these lists. Its node of number id is at position at[first+id-lowest] of the list, or as
// sparse says, where the numbers have gaps.
type block struct {
	first, end int
	lowest     int64
	sparse     map[int64]int32
}

type index3 struct {
	blocks []block
	tree   map[int64]int
	at     []int32
	leaf   []int32 // which leaf the node at a position is; -1: none
	inner  []int32 // which node it is
}

// readV3 reads the attributes of TreeEnsembleRegressor and TreeEnsembleClassifier, version 1 or 3.
func (p *parser) readV3(e *ensemble, a *attrs) error {
	l := nodes3{trees: a.ints("nodes_treeids"), ids: a.ints("nodes_nodeids"), features: a.ints("nodes_featureids"),
		yes: a.ints("nodes_truenodeids"), no: a.ints("nodes_falsenodeids"), missing: a.ints("nodes_missing_value_tracks_true"), modes: a.strings("nodes_modes")}
	prefix := "target"
	if e.classifier {
		prefix = "class"
		if err := p.readLabels(e, a); err != nil {
			return err
		}
	} else {
		n := a.integer("n_targets", 0)
		if n < 1 || n > forest.MaxOutputs {
			return p.corrupt(e.place, "%d targets", n)
		}
		e.targets = int(n)
	}
	e.aggregate = "SUM"
	if !e.classifier {
		e.aggregate = a.text("aggregate_function", "SUM")
	}
	e.post = a.text("post_transform", "NONE")
	weightTrees, weightNodes, targets := a.ints(prefix+"_treeids"), a.ints(prefix+"_nodeids"), a.ints(prefix+"_ids")
	a.ignore("nodes_hitrates", "nodes_hitrates_as_tensor")
	var weights []float64
	for _, list := range []struct {
		to   *[]float64
		name string
	}{{&l.values, "nodes_values"}, {&weights, prefix + "_weights"}, {&e.bias, "base_values"}} {
		var err error
		if *list.to, err = p.numbers(e, a, list.name); err != nil {
			return err
		}
	}
	if err := a.done(); err != nil {
		return p.wrap(err, e.place)
	}
	n := len(l.trees)
	if n == 0 {
		return p.corrupt(e.place, "it has no nodes")
	}
	for _, got := range []int{len(l.ids), len(l.features), len(l.yes), len(l.no), len(l.modes), len(l.values)} {
		if got != n {
			return p.corrupt(e.place, "lists of %d and %d values for its nodes", n, got)
		}
	}
	if len(l.missing) != 0 && len(l.missing) != n {
		return p.corrupt(e.place, "%d values of nodes_missing_value_tracks_true for %d nodes", len(l.missing), n)
	}
	if len(weightTrees) != len(weights) || len(weightNodes) != len(weights) || len(targets) != len(weights) {
		return p.corrupt(e.place, "%d weights, but %d trees, %d nodes and %d outputs for them", len(weights), len(weightTrees), len(weightNodes), len(targets))
	}
	if err := p.checkSize(e, n, len(weights)); err != nil {
		return err
	}
	x, err := p.indexNodes(e, &l)
	if err != nil {
		return err
	}
	if err := p.linkNodes(e, &l, x); err != nil {
		return err
	}
	return p.readWeights(e, x, weightTrees, weightNodes, targets, weights)
}

func (p *parser) readLabels(e *ensemble, a *attrs) error {
	texts, numbers := a.strings("classlabels_strings"), a.ints("classlabels_int64s")
	if len(texts) > 0 && len(numbers) > 0 {
		return p.corrupt(e.place, "labels of two kinds")
	}
	for _, t := range texts {
		e.labels = append(e.labels, string(t))
	}
	for _, n := range numbers {
		e.labels = append(e.labels, strconv.FormatInt(n, 10))
	}
	e.labelsAreNumbers = len(numbers) > 0
	e.labelsAre01 = len(numbers) == 2 && numbers[0] == 0 && numbers[1] == 1
	e.targets = len(e.labels)
	if e.targets > forest.MaxOutputs {
		return p.refuse(fault.TooLarge, e.place, "%d classes", e.targets).WithHint(smaller)
	}
	if e.targets < 2 {
		return p.unsupported(e.place, "a classifier of %d classes", e.targets)
	}
	return nil
}

// indexNodes finds the trees, and each tree's nodes by number.
func (p *parser) indexNodes(e *ensemble, l *nodes3) (*index3, error) {
	n := len(l.trees)
	x := &index3{tree: map[int64]int{}, at: make([]int32, n), leaf: make([]int32, n), inner: make([]int32, n)}
	var nodes, leaves int32
	for first := 0; first < n; {
		end := first + 1
		for end < n && l.trees[end] == l.trees[first] {
			end++
		}
		if _, twice := x.tree[l.trees[first]]; twice {
			return nil, p.corrupt(e.place, "the nodes of tree %d are not together", l.trees[first])
		}
		x.tree[l.trees[first]] = len(x.blocks)
		b := block{first: first, end: end, lowest: l.ids[first]}
		highest := b.lowest
		for _, id := range l.ids[first:end] {
			b.lowest, highest = min(b.lowest, id), max(highest, id)
		}
		if b.lowest < 0 {
			return nil, p.corrupt(e.place, "tree %d has a node %d", l.trees[first], b.lowest)
		}
		if highest-b.lowest >= int64(end-first) {
			b.sparse = make(map[int64]int32, end-first)
		}
		for i := first; i < end; i++ {
			x.at[i] = -1
		}
		for i := first; i < end; i++ {
			if b.position(x, l.ids[i]) >= 0 {
				return nil, p.corrupt(e.place, "tree %d has two nodes %d", l.trees[first], l.ids[i])
			}
			if b.sparse != nil {
				b.sparse[l.ids[i]] = int32(i)
			} else {
				x.at[first+int(l.ids[i]-b.lowest)] = int32(i)
			}
			m, ok := modeNames[string(l.modes[i])]
			if !ok {
				return nil, p.unsupported(e.place, "a node of mode %.60q", l.modes[i])
			}
			if m == modeLeaf {
				x.leaf[i], x.inner[i] = leaves, -1
				leaves++
			} else {
				x.leaf[i], x.inner[i] = -1, nodes
				nodes++
			}
		}
		x.blocks = append(x.blocks, b)
		first = end
	}
	e.nodes = make([]node, 0, nodes)
	e.firstWeight = make([]int32, leaves+1)
	return x, nil
}

// position is where the node of this number is in the lists; -1: nowhere.
func (b *block) position(x *index3, id int64) int {
	if b.sparse != nil {
		if i, ok := b.sparse[id]; ok {
			return int(i)
		}
		return -1
	}
	if id < b.lowest || id-b.lowest >= int64(b.end-b.first) {
		return -1
	}
	return int(x.at[b.first+int(id-b.lowest)])
}

// child is a position as ensemble has it.
func (x *index3) child(i int) int32 {
	if x.leaf[i] >= 0 {
		return ^x.leaf[i]
	}
	return x.inner[i]
}

func (p *parser) linkNodes(e *ensemble, l *nodes3, x *index3) error {
	for t := range x.blocks {
		b := &x.blocks[t]
		e.roots = append(e.roots, x.child(b.first)) // the first node listed is the root, as ONNX Runtime has it
		before := len(e.nodes)
		for i := b.first; i < b.end; i++ {
			if x.leaf[i] >= 0 {
				continue
			}
			yes, no := b.position(x, l.yes[i]), b.position(x, l.no[i])
			if yes < 0 || no < 0 {
				return p.corrupt(e.place, "node %d of tree %d has children %d and %d, which are not all there", l.ids[i], l.trees[i], l.yes[i], l.no[i])
			}
			nd := node{threshold: l.values[i], yes: x.child(yes), no: x.child(no)}
			var missing int64
			if l.missing != nil {
				missing = l.missing[i]
			}
			if err := p.setNode(e, &nd, modeNames[string(l.modes[i])], l.features[i], missing); err != nil {
				return err
			}
			e.nodes = append(e.nodes, nd)
		}
		inner := len(e.nodes) - before
		e.trees = append(e.trees, span{nodes: int32(inner), leaves: int32(b.end - b.first - inner)})
	}
	return nil
}

// readWeights sorts the weights by leaf; those of a leaf keep their order. ONNX Runtime ignores weights of nodes that are
// no leaves, which old converters wrote, except where it looks which classes have weights and whether one is negative.
func (p *parser) readWeights(e *ensemble, x *index3, trees, nodes, targets []int64, weights []float64) error {
	leaf := make([]int32, len(weights))
	for i := range weights {
		t, ok := x.tree[trees[i]]
		at := -1
		if ok {
			at = x.blocks[t].position(x, nodes[i])
		}
		if at < 0 {
			return p.corrupt(e.place, "a weight of node %d of tree %d, which is not there", nodes[i], trees[i])
		}
		if targets[i] < 0 || targets[i] >= int64(e.targets) {
			return p.corrupt(e.place, "a leaf adds to output %d of %d", targets[i], e.targets)
		}
		if targets[i] < 2 {
			e.ids[targets[i]] = true
		}
		e.positive = e.positive && !(weights[i] < 0)
		if leaf[i] = x.leaf[at]; leaf[i] >= 0 {
			e.firstWeight[leaf[i]+1]++
		}
	}
	for i := 1; i < len(e.firstWeight); i++ {
		e.firstWeight[i] += e.firstWeight[i-1]
	}
	total := e.firstWeight[len(e.firstWeight)-1]
	e.target, e.weight = make([]int32, total), make([]float64, total)
	next := append([]int32(nil), e.firstWeight...)
	for i, l := range leaf {
		if l >= 0 {
			e.target[next[l]], e.weight[next[l]] = int32(targets[i]), weights[i]
			next[l]++
		}
	}
	return nil
}
