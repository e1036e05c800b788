package lightgbm

import (
	"math"
	"slices"
	"strings"

	"github.com/glulam/glulam/model/forest"
)

// Lines around the trees.
const (
	treePrefix = "Tree="
	endOfTrees = "end of trees"
	// oldImportances is what follows the trees in files of LightGBM 2.1, which have no end of trees.
	oldImportances = "feature importances:"
)

// treeKeys are all that LightGBM has ever written. split_gain, counts, weights and internal values are not kept; shrinkage
// has already been multiplied into the leaves.
var treeKeys = set("num_leaves", "num_cat", "split_feature", "split_gain", "threshold", "decision_type", "left_child",
	"right_child", "leaf_value", "leaf_weight", "leaf_count", "internal_value", "internal_weight", "internal_count",
	"cat_boundaries", "cat_threshold", "is_linear", "leaf_const", "num_features", "leaf_features", "leaf_coeff", "shrinkage")

// readTrees reads all trees and the end of trees.
func (p *parser) readTrees() error {
	p.body = block{}
	for ; !p.lines.done; p.lines.next() {
		switch text := p.lines.text; {
		case text == "":
		case strings.HasPrefix(text, treePrefix):
			if err := p.readTree(); err != nil {
				return err
			}
		case text == endOfTrees:
			p.lines.next()
			return nil
		case text == oldImportances && p.forest.Version == "v2":
			p.tail.optional = true
			return nil
		case !p.lines.ended:
			return p.cutOff(field{line: p.lines.no})
		default:
			return p.corrupt(field{line: p.lines.no}, "%s where a tree should start", quote(text))
		}
	}
	return p.cutOff(field{line: p.lines.no})
}

// readTree reads the lines of one tree, the current one (Tree=) being the first, and leaves the empty line after it as the
// current one.
func (p *parser) readTree() error {
	f := &p.forest
	line := p.lines.no
	head := field{"Tree", p.lines.text[len(treePrefix):], line}
	if !p.lines.ended {
		return p.cutOff(head)
	}
	if n, ok := parseInt(head.text); !ok || n != int64(len(f.Trees)) {
		return p.corrupt(head, "tree %s where tree %d should be: a tree is missing, or they are out of order", quote(head.text), len(f.Trees))
	}
	p.tree = len(f.Trees)
	p.treeLines = append(p.treeLines, line)
	clear(p.body)
	for p.lines.next(); p.lines.text != ""; p.lines.next() {
		if err := p.add(p.body, treeKeys); err != nil {
			return err
		}
	}
	if p.lines.done {
		return p.cutOff(field{line: p.lines.no})
	}
	if err := p.addTree(line); err != nil {
		return err
	}
	p.tree = outside
	return nil
}

// addTree appends the tree in p.body to the forest.
func (p *parser) addTree(line int64) error {
	f := &p.forest
	num, err := p.need(p.body, "num_leaves", line)
	if err != nil {
		return err
	}
	leaves, err := p.integer(num, 1, math.MaxInt32)
	if err != nil {
		return err
	}
	values, err := p.need(p.body, "leaf_value", line)
	if err != nil {
		return err
	}
	tree := forest.Tree{
		Root:      ^0,
		FirstNode: int32(len(f.Nodes)), NumNodes: int32(leaves - 1),
		FirstLeaf: int32(len(f.Leaves)), NumLeaves: int32(leaves),
		Output: int32(len(f.Trees) % f.Outputs),
	}
	if leaves > 1 {
		tree.Root = tree.FirstNode
	}
	// The leaf values come first: they prove that num_leaves is a number that the file can hold.
	leafValues, err := p.finiteFloats(values, leaves)
	if err != nil {
		return err
	}
	f.Leaves = append(f.Leaves, leafValues...)
	sets, err := p.addSets(line)
	if err != nil {
		return err
	}
	if err := p.addNodes(tree, sets, line); err != nil {
		return err
	}
	if err := p.addLinear(tree, line); err != nil {
		return err
	}
	f.Trees = append(f.Trees, tree)
	return p.checkUnread(leaves)
}

// setRange is the tree's part of Forest.Sets.
type setRange struct{ first, n int }

// addSets appends the tree's categorical sets. Set i is cat_threshold[cat_boundaries[i]:cat_boundaries[i+1]].
func (p *parser) addSets(line int64) (setRange, error) {
	f := &p.forest
	sets := setRange{first: len(f.Sets)}
	num, err := p.need(p.body, "num_cat", line)
	if err != nil {
		return sets, err
	}
	sets.n, err = p.integer(num, 0, math.MaxInt32-1)
	if err != nil {
		return sets, err
	}
	if sets.n == 0 {
		for _, key := range []string{"cat_boundaries", "cat_threshold"} {
			if v, ok := p.body[key]; ok {
				return sets, p.corrupt(v, "is there although num_cat=0")
			}
		}
		return sets, nil
	}
	v, err := p.need(p.body, "cat_boundaries", line)
	if err != nil {
		return sets, err
	}
	bounds, err := p.ints(v, sets.n+1, 0, math.MaxInt32)
	if err != nil {
		return sets, err
	}
	base := int64(len(f.Words))
	for i, b := range bounds[1:] {
		if bounds[0] != 0 || b < bounds[i] {
			return sets, p.corrupt(v, "the boundaries do not start with 0 and grow")
		}
		// base and b are each proven by text only below, hence the check against what an int32 holds.
		if base+b > math.MaxInt32 {
			return sets, p.corrupt(v, "boundary %d is beyond the end of cat_threshold", b)
		}
		f.Sets = append(f.Sets, forest.Set{First: int32(base + bounds[i]), Len: int32(b - bounds[i]), Known: -1})
	}
	total := int(bounds[sets.n])
	if v, err = p.need(p.body, "cat_threshold", line); err != nil {
		return sets, err
	}
	bits, err := p.ints(v, total, 0, math.MaxUint32)
	if err != nil {
		return sets, err
	}
	for _, w := range bits {
		f.Words = append(f.Words, uint32(w))
	}
	return sets, nil
}

// addNodes appends the tree's nodes.
func (p *parser) addNodes(tree forest.Tree, sets setRange, line int64) error {
	f := &p.forest
	n := int(tree.NumNodes)
	if n == 0 {
		return nil // the arrays are empty: checkUnread
	}
	v, err := p.need(p.body, "split_feature", line)
	if err != nil {
		return err
	}
	features, err := p.ints(v, n, 0, int64(len(f.Features)-1))
	if err != nil {
		return err
	}
	// n values were there, so this much memory is in proportion to the file.
	f.Nodes = slices.Grow(f.Nodes, n)[:len(f.Nodes)+n]
	nodes := f.Nodes[tree.FirstNode:]
	for i, x := range features {
		nodes[i] = forest.Node{Feature: int32(x)}
	}
	if v, err = p.need(p.body, "left_child", line); err != nil {
		return err
	}
	children, err := p.ints(v, n, int64(-tree.NumLeaves), int64(n-1))
	if err != nil {
		return err
	}
	for i, x := range children {
		nodes[i].Left = child(tree, x)
	}
	if v, err = p.need(p.body, "right_child", line); err != nil {
		return err
	}
	if children, err = p.ints(v, n, int64(-tree.NumLeaves), int64(n-1)); err != nil {
		return err
	}
	for i, x := range children {
		nodes[i].Right = child(tree, x)
	}
	return p.addDecisions(nodes, sets, line)
}

// child converts LightGBM's child index, which counts within the tree, into the forest's. Leaves are ~leaf in both.
func child(tree forest.Tree, x int64) int32 {
	if x < 0 {
		return int32(x)
	}
	return tree.FirstNode + int32(x)
}
