package leaves

import (
	"bytes"
	"fmt"
	"io"
	"strconv"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
)

// maxWords is how many words of 32 categories the sets of all nodes may have together. The library keeps a copy a node,
// even of sets that nodes share, so that a small forest could ask for any amount of memory.
const maxWords = 1 << 22

// Bits of LightGBM's decision_type.
const (
	decisionCategorical = 1 << 0
	decisionDefaultLeft = 1 << 1
	decisionMissingZero = 1 << 2
	decisionMissingNaN  = 2 << 2
)

// writeText gives the forest as LightGBM v3 text: only what decides which leaf a row falls into, with the names
// Column_0, Column_1, ... for the columns of c. All trees belong to one output, so that the library gives one index a
// tree, in order. Leaf values are there because the grammar wants them; of a vector leaf it is the first.
//
// The error is TooLarge: see maxWords.
func writeText(f *forest.Forest, c *columns) (io.Reader, error) {
	w := &writer{f: f, c: c}
	sizes := make([]int, len(f.Trees))
	for t := range f.Trees {
		before := w.body.Len()
		if err := w.tree(t); err != nil {
			return nil, err
		}
		sizes[t] = w.body.Len() - before
	}
	w.body.WriteString("end of trees\n")

	var head bytes.Buffer
	head.WriteString("tree\nversion=v3\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\n")
	fmt.Fprintf(&head, "max_feature_idx=%d\nobjective=regression\n", c.width-1)
	line(&head, "feature_names", c.width, func(b []byte, i int) []byte { return strconv.AppendInt(append(b, "Column_"...), int64(i), 10) })
	line(&head, "feature_infos", c.width, func(b []byte, _ int) []byte { return append(b, "none"...) })
	line(&head, "tree_sizes", len(sizes), func(b []byte, i int) []byte { return strconv.AppendInt(b, int64(sizes[i]), 10) })
	head.WriteByte('\n')
	return io.MultiReader(&head, &w.body), nil
}

// writer writes trees.
type writer struct {
	f     *forest.Forest
	c     *columns
	body  bytes.Buffer
	words int // of all sets so far

	// Of the tree at hand; the memory is used again for the next one.
	bounds []int    // where each set starts in sets, and where the last one ends
	sets   []uint32 // of all its categorical nodes
	codes  []uint32
}

// tree writes tree t. LightGBM's root is node 0, so that the root changes places with the tree's first node.
func (w *writer) tree(t int) error {
	tr := &w.f.Trees[t]
	if err := w.categories(t); err != nil {
		return err
	}
	numCat := len(w.bounds) - 1
	fmt.Fprintf(&w.body, "Tree=%d\nnum_leaves=%d\nnum_cat=%d\n", t, tr.NumLeaves, numCat)
	if n := int(tr.NumNodes); n > 0 {
		w.line("split_feature", n, func(b []byte, i int) []byte { return strconv.AppendInt(b, int64(w.c.of[place(tr, int32(i))]), 10) })
		set := 0
		w.line("threshold", n, func(b []byte, i int) []byte {
			nd := &w.f.Nodes[place(tr, int32(i))]
			if nd.Op == forest.InSet {
				set++
				return strconv.AppendInt(b, int64(set-1), 10)
			}
			return strconv.AppendFloat(b, upperEnd(w.f, nd.Op, nd.Threshold), 'g', -1, 64)
		})
		w.line("decision_type", n, func(b []byte, i int) []byte {
			return strconv.AppendInt(b, decision(&w.f.Nodes[place(tr, int32(i))]), 10)
		})
		w.line("left_child", n, func(b []byte, i int) []byte { return appendChild(b, tr, w.f.Nodes[place(tr, int32(i))].Left) })
		w.line("right_child", n, func(b []byte, i int) []byte { return appendChild(b, tr, w.f.Nodes[place(tr, int32(i))].Right) })
	}
	if numCat > 0 {
		w.line("cat_boundaries", len(w.bounds), func(b []byte, i int) []byte { return strconv.AppendInt(b, int64(w.bounds[i]), 10) })
		w.line("cat_threshold", len(w.sets), func(b []byte, i int) []byte { return strconv.AppendUint(b, uint64(w.sets[i]), 10) })
	}
	w.line("leaf_value", int(tr.NumLeaves), func(b []byte, i int) []byte {
		return strconv.AppendFloat(b, w.f.Leaves[(int(tr.FirstLeaf)+i)*w.f.LeafWidth], 'g', -1, 64)
	})
	w.body.WriteString("shrinkage=1\n\n")
	return nil
}

// categories collects the sets of tree t's nodes, in the order in which nodes are written.
func (w *writer) categories(t int) error {
	tr := &w.f.Trees[t]
	w.bounds, w.sets = append(w.bounds[:0], 0), w.sets[:0]
	for i := range tr.NumNodes {
		n := place(tr, i)
		if w.f.Nodes[n].Op != forest.InSet {
			continue
		}
		w.codes = w.c.codes(w.codes, w.f, n)
		if w.words += len(w.codes); w.words > maxWords {
			return tooManyCategories(fmt.Sprintf("tree %d node %d", t, n-tr.FirstNode))
		}
		w.sets = append(w.sets, w.codes...)
		w.bounds = append(w.bounds, len(w.sets))
	}
	return nil
}

func tooManyCategories(field string) error {
	return fault.New(fault.TooLarge, "", "the categorical sets up to here need more than %d MiB; leaves keeps one a node", maxWords*4>>20).
		OnField(field).WithHint(nextStep)
}

// place gives the node of the forest that is written as node i of the tree, and with it the reverse: it changes the root
// and the first node for each other.
func place(tr *forest.Tree, i int32) int32 {
	switch n := tr.FirstNode + i; n {
	case tr.FirstNode:
		return tr.Root
	case tr.Root:
		return tr.FirstNode
	default:
		return n
	}
}

// appendChild appends a child as LightGBM has it: a node of the tree, or ^leaf.
func appendChild(b []byte, tr *forest.Tree, child int32) []byte {
	if child >= 0 {
		child = place(tr, child-tr.FirstNode) - tr.FirstNode
	}
	return strconv.AppendInt(b, int64(child), 10)
}

// decision gives a node's decision_type.
func decision(nd *forest.Node) int64 {
	if nd.Op == forest.InSet {
		return decisionCategorical | decisionMissingNaN // the sets say where missing values go
	}
	var d int64
	if nd.DefaultLeft {
		d |= decisionDefaultLeft
	}
	switch nd.Missing {
	case forest.MissingNaN:
		d |= decisionMissingNaN
	case forest.MissingZero:
		d |= decisionMissingZero
	case forest.MissingNone: // 0: the library replaces NaN by 0 and compares
	}
	return d
}

func (w *writer) line(key string, n int, item func(b []byte, i int) []byte) {
	line(&w.body, key, n, item)
}

// line writes key=, n items with blanks between them, and a line feed.
func line(w *bytes.Buffer, key string, n int, item func(b []byte, i int) []byte) {
	w.WriteString(key)
	for i := range n {
		sep := byte(' ')
		if i == 0 {
			sep = '='
		}
		w.WriteByte(sep)
		w.Write(item(w.AvailableBuffer(), i))
	}
	w.WriteByte('\n')
}
