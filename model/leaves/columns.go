package leaves

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
)

// columns says what the library sees of a row: the row itself, or columns derived from it.
type columns struct {
	direct bool     // the library gets the caller's rows: column i is feature i
	width  int      // columns of the library's rows, >= 2
	list   []column // the first columns of a row, when not direct; the others are 0
	of     []int32  // the column that each node of the forest looks at
	tops   []int64  // the largest category of each set of the forest, -1 for an empty one; nil when direct
}

// column is a feature as one kind of node looks at it. A feature that several kinds of nodes use has several columns.
type column struct {
	view
	high int64 // categories: the largest in any set of its nodes, -1 if there is none
}

// view is what makes a column.
type view struct {
	feature int32
	kind    viewKind
}

type viewKind uint8

const (
	// numbers hands values on as they are: thresholds take care of Input and ZeroBand, and the library's NaN is right.
	numbers viewKind = iota
	// zeros is for MissingZero: what LightGBM takes for zero becomes 0. The library's own test is x > -1e-35 && x <= 1e-35,
	// LightGBM's |x| <= float32(1e-35), which is a little larger.
	zeros
	// categories and the two bits below: the library gets a category's code, or a code that stands for something else.
	categories
	nanMissing     viewKind = 1 << 6 // NaN is missing; otherwise it is in no set
	unknownMissing viewKind = 1 << 7 // what is not in Set.Known is missing; otherwise it is in no set
	positive       viewKind = 1 << 5 // a value below 0 is no category
)

// inNoSet is the code of a value that goes right at every node.
const inNoSet = -1

// missing is the code of a missing category. The sets of nodes that send missing values left hold it.
func (c *column) missing() int64 { return c.high + 1 }

// unused is a code that no value gets: the library refuses a set of nothing, so that an empty set holds this.
func (c *column) unused() int64 { return c.high + 2 }

// viewOf gives the view of a node.
func viewOf(f *forest.Forest, nd *forest.Node) view {
	v := view{feature: nd.Feature}
	switch {
	case nd.Op == forest.InSet:
		v.kind = categories
		if nd.Missing != forest.MissingNone {
			v.kind |= nanMissing
		}
		if f.Sets[nd.Set].Known >= 0 {
			v.kind |= unknownMissing
		}
		if f.Sets[nd.Set].Positive {
			v.kind |= positive
		}
	case nd.Missing == forest.MissingZero:
		v.kind = zeros
	}
	return v
}

// planColumns finds the columns that the nodes of a forest need, or the first node that cannot be expressed.
func planColumns(f *forest.Forest) (*columns, error) {
	c := &columns{direct: len(f.Features) > 1, width: len(f.Features), of: make([]int32, len(f.Nodes))}
	views := make(map[view]bool)
	for t := range f.Trees {
		tr := &f.Trees[t]
		for i := range tr.NumNodes {
			nd := &f.Nodes[tr.FirstNode+i]
			if nd.Op == forest.Equal {
				return nil, fault.New(fault.Unsupported, "", "asks whether a number equals %v, for which leaves has no question", nd.Threshold).
					OnField(fmt.Sprintf("tree %d node %d", t, i)).WithHint(nextStep)
			}
			v := viewOf(f, nd)
			c.direct = c.direct && v.kind == numbers
			c.of[tr.FirstNode+i] = nd.Feature
			views[v] = true
		}
	}
	if c.direct {
		return c, nil
	}
	for v := range views {
		c.list = append(c.list, column{view: v, high: -1})
	}
	slices.SortFunc(c.list, func(a, b column) int {
		return cmp.Or(cmp.Compare(a.feature, b.feature), cmp.Compare(a.kind, b.kind))
	})
	c.width = max(2, len(c.list))
	at := make(map[view]int32, len(c.list))
	for i, col := range c.list {
		at[col.view] = int32(i)
	}
	c.tops = topCategories(f)
	for n := range f.Nodes {
		nd := &f.Nodes[n]
		c.of[n] = at[viewOf(f, nd)]
		if nd.Op != forest.InSet {
			continue
		}
		col, known := &c.list[c.of[n]], f.Sets[nd.Set].Known
		col.high = max(col.high, c.tops[nd.Set])
		if known >= 0 {
			col.high = max(col.high, c.tops[known])
		}
		if col.high >= 32*maxWords {
			return nil, tooManyCategories(fmt.Sprintf("set %d", nd.Set))
		}
	}
	return c, nil
}

// derive writes the library's row for one of the caller's to dst.
func (c *columns) derive(dst, row []float64, f *forest.Forest) {
	for i := range c.list {
		col := &c.list[i]
		v := row[col.feature]
		switch col.kind {
		case numbers:
		case zeros:
			if p := f.Prepare(v); p <= forest.ZeroThreshold && p >= -forest.ZeroThreshold {
				v = 0
			}
		default:
			v = col.code(f.Prepare(v))
		}
		dst[i] = v
	}
}

// code gives the number that the library sees for v, which is in -1..2^31-1 in any case. The library truncates it.
func (c *column) code(v float64) float64 {
	var absent viewKind
	switch {
	case v != v:
		absent = nanMissing
	case v <= -1 || c.kind&positive != 0 && v < 0 || math.Trunc(v) > float64(c.high): // no category, or one in no set (-0.5 is category 0)
		absent = unknownMissing
	default:
		return v
	}
	if c.kind&absent != 0 {
		return float64(c.missing())
	}
	return inNoSet
}
