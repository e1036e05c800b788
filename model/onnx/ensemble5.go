package onnx

import (
	"math"

	"github.com/glulam/glulam/model/forest"
)

// readV5 reads the attributes of TreeEnsemble, version 5.
func (p *parser) readV5(e *ensemble, a *attrs) error {
	e.wide = e.double
	features, yes, no := a.ints("nodes_featureids"), a.ints("nodes_truenodeids"), a.ints("nodes_falsenodeids")
	yesLeaf, noLeaf := a.ints("nodes_trueleafs"), a.ints("nodes_falseleafs")
	missing, roots, targets := a.ints("nodes_missing_value_tracks_true"), a.ints("tree_roots"), a.ints("leaf_targetids")
	modes := a.tensor("nodes_modes")
	splits, err := p.list(e, a, "nodes_splits")
	if err != nil {
		return err
	}
	weights, err := p.list(e, a, "leaf_weights")
	if err != nil {
		return err
	}
	members, err := p.list(e, a, "membership_values")
	if err != nil {
		return err
	}
	n := a.integer("n_targets", 0)
	post, aggregate := a.integer("post_transform", 0), a.integer("aggregate_function", 1)
	a.ignore("nodes_hitrates")
	if err := a.done(); err != nil {
		return p.wrap(err, e.place)
	}
	if n < 1 || n > forest.MaxOutputs {
		return p.corrupt(e.place, "%d targets", n)
	}
	e.targets = int(n)
	if post < 0 || post >= int64(len(postNames)) || aggregate < 0 || aggregate >= int64(len(aggregateNames)) {
		return p.unsupported(e.place, "post transform %d or aggregate function %d", post, aggregate)
	}
	e.post, e.aggregate = postNames[post], aggregateNames[aggregate]
	if modes == nil || modes.typ != typeUint8 {
		return p.corrupt(e.place, "no modes of its nodes")
	}
	count := len(features)
	for _, got := range []int{len(yes), len(no), len(yesLeaf), len(noLeaf), len(modes.numbers), len(splits)} {
		if got != count {
			return p.corrupt(e.place, "lists of %d and %d values for its nodes", count, got)
		}
	}
	if len(missing) != 0 && len(missing) != count || len(targets) != len(weights) || count == 0 || len(roots) == 0 {
		return p.corrupt(e.place, "%d nodes with %d values of nodes_missing_value_tracks_true, %d leaves with %d outputs, %d trees", count, len(missing), len(weights), len(targets), len(roots))
	}
	if err := p.checkSize(e, count, len(weights)); err != nil {
		return err
	}
	e.nodes = make([]node, count)
	for i := range e.nodes {
		nd := &e.nodes[i]
		m := mode(modes.numbers[i])
		if m > modeMember {
			return p.unsupported(e.place, "a node of mode %d", m)
		}
		var track int64
		if len(missing) > 0 {
			track = missing[i]
		}
		if err := p.setNode(e, nd, m, features[i], track); err != nil {
			return err
		}
		nd.threshold = splits[i]
		if m == modeMember {
			nd.members = int32(len(e.members))
			set, rest := cutMembers(members)
			if len(set) == 0 {
				return p.corrupt(e.place, "node %d asks for membership of an empty set", i)
			}
			e.members, members = append(e.members, set), rest
		}
		if nd.yes, err = p.child5(e, yes[i], yesLeaf[i], count, len(weights)); err != nil {
			return err
		}
		if nd.no, err = p.child5(e, no[i], noLeaf[i], count, len(weights)); err != nil {
			return err
		}
	}
	if len(members) > 0 {
		return p.corrupt(e.place, "%d membership values belong to no node", len(members))
	}
	for _, r := range roots {
		if r < 0 || r >= int64(count) {
			return p.corrupt(e.place, "a tree starts with node %d of %d", r, count)
		}
		// A tree of one leaf is said as a node with this leaf for both of its children.
		root := int32(r)
		if nd := &e.nodes[r]; nd.yes == nd.no && nd.yes < 0 {
			root = nd.yes
		}
		e.roots = append(e.roots, root)
	}
	e.weight = weights
	e.firstWeight = make([]int32, len(weights)+1)
	e.target = make([]int32, len(weights))
	for i, t := range targets {
		if t < 0 || t >= n {
			return p.corrupt(e.place, "leaf %d adds to output %d of %d", i, t, n)
		}
		e.firstWeight[i+1], e.target[i] = int32(i+1), int32(t)
	}
	return nil
}

// list gives the values of an attribute that is a tensor.
func (p *parser) list(e *ensemble, a *attrs, name string) ([]float64, error) {
	t := a.tensor(name)
	if t == nil {
		return nil, nil
	}
	return p.tensorNumbers(e, t, name)
}

func (p *parser) child5(e *ensemble, at, leaf int64, nodes, leaves int) (int32, error) {
	switch {
	case leaf == 0 && at >= 0 && at < int64(nodes):
		return int32(at), nil
	case leaf == 1 && at >= 0 && at < int64(leaves):
		return ^int32(at), nil
	}
	return 0, p.corrupt(e.place, "a child is number %d of %d nodes and %d leaves (leaf: %d)", at, nodes, leaves, leaf)
}

// cutMembers cuts off a node's members, which a NaN ends.
func cutMembers(values []float64) (set, rest []float64) {
	for i, v := range values {
		if math.IsNaN(v) {
			return values[:i], values[i+1:]
		}
	}
	return values, nil
}
