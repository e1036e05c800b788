package engine

import (
	"math"
	"slices"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
)

// program is a compiled forest. It is immutable.
type program struct {
	f       *forest.Forest
	ordered []ordered
	classes []*classes
	used    []int32 // the features that columns look at, ascending
	planes  int     // that a block needs
	trees   []tree
	muxes   []multiplexer
	codes   []uint32 // planes of the trees' codes, eight at a time
	leaf    []int32  // of the trees' codes: the leaf, counted over the whole forest
	// The values of the trees' codes: see tabulate. The sums' precision decides which of them is not nil, if any is.
	values   []float64
	values32 []float32
	walk     *walk   // nil if there are more questions than it can number
	masks    *masks  // nil if the program is too large for them, or not to be walked
	lanes    *lanes  // likewise
	plain    bool    // kernels can answer the ordered columns: none takes zero for missing or has more than maxPlain cuts
	rowOf    []int32 // the features that linear leaves and terms look at
}

// tree is the circuit of a tree. A program has them by output.
type tree struct {
	number            int // in the forest
	output            int
	firstMux, muxes   int
	firstCode, bits   int
	firstLeaf, leaves int
}

const (
	// maxPlanes is how many planes questions may have: 16 MB a block.
	maxPlanes = 1 << 18
	maxPlain  = 4096
	// padding lets a table of 256 values be looked at from any tree's first value on.
	padding = 256
)

var nan = math.NaN()

// compile makes the program of a validated forest. The error, of code TooLarge, says what the compiled engines do
// not take.
func compile(f *forest.Forest) (*program, error) {
	p := &program{f: f, planes: 2}
	for t := range f.Trees {
		if n := f.Trees[t].NumLeaves; n > maxLeaves {
			return nil, fault.New(fault.TooLarge, "", "tree %d has %d leaves; the compiled engines take %d", t, n, maxLeaves)
		}
	}
	all, asks := ask(f)
	if len(all) > maxPlanes {
		return nil, fault.New(fault.TooLarge, "", "more than %d different questions, which is what the compiled engines take", maxPlanes)
	}
	if err := p.group(all); err != nil {
		return nil, err
	}
	questions := p.planes
	if err := p.build(all, asks); err != nil {
		return nil, err
	}
	p.plain = !slices.ContainsFunc(p.ordered, func(c ordered) bool { return c.missing == forest.MissingZero || c.cuts > maxPlain })
	if p.walk = newWalk(f, all, asks, questions); p.walk != nil {
		p.masks = newMasks(p, all, asks)
		p.lanes = newLanes(p, all, asks)
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	p.tabulate()
	p.rowOf = rowOf(f)
	return p, nil
}

// rowOf are the features that the arithmetic looks at, and not a node only.
func rowOf(f *forest.Forest) []int32 {
	var all []int32
	if f.Terms != nil {
		for j := range f.Features {
			if f.Features[j].Used {
				all = append(all, int32(j))
			}
		}
	} else if f.Linear != nil {
		all = slices.Clone(f.Linear.Feature)
		slices.Sort(all)
		all = slices.Compact(all)
	}
	return all
}

// build compiles the trees, by output, and gives the planes that they make places behind all others.
func (p *program) build(all []question, asks []int32) error {
	f := p.f
	byOutput := make([][]int, f.Outputs)
	for t := range f.Trees {
		o := f.Trees[t].Output
		byOutput[o] = append(byOutput[o], t)
	}
	c := &circuits{}
	p.trees = make([]tree, 0, len(f.Trees))
	p.muxes = make([]multiplexer, 0, len(f.Nodes)+len(f.Nodes)/4) // about as many as there will be
	first := uint32(p.planes)
	for output, trees := range byOutput {
		for _, t := range trees {
			src := &f.Trees[t]
			root := c.load(f, src, all, asks)
			sum := c.compile(root)
			if c.tooLong {
				return fault.New(fault.TooLarge, "", "tree %d is too deep for the compiled engines", t)
			}
			c.allocate(&sum, first)
			firstCode := len(p.codes)
			p.trees = append(p.trees, tree{
				number: t, output: output,
				firstMux: len(p.muxes), muxes: len(c.muxes),
				firstCode: firstCode, bits: len(sum.planes),
				firstLeaf: len(p.leaf), leaves: len(sum.leaf),
			})
			for _, m := range c.muxes {
				p.muxes = append(p.muxes, multiplexer{m.on * wideWords, m.zero * wideWords, m.one * wideWords, m.to * wideWords})
			}
			for _, plane := range sum.planes {
				p.codes = append(p.codes, plane*wideWords)
			}
			for len(p.codes)%8 > 0 || len(sum.planes) == 0 && len(p.codes) == firstCode {
				p.codes = append(p.codes, zeros)
			}
			for _, leaf := range sum.leaf {
				p.leaf = append(p.leaf, src.FirstLeaf+leaf)
			}
		}
	}
	p.planes += int(c.placed)
	return nil
}

// load takes a tree's nodes over, and counts the leaves below each.
func (c *circuits) load(f *forest.Forest, t *forest.Tree, all []question, asks []int32) (root int32) {
	c.loaded = c.loaded[:0]
	local := func(child int32) int32 {
		if child < 0 {
			return child
		}
		return child - t.FirstNode
	}
	for i := t.FirstNode; i < t.FirstNode+t.NumNodes; i++ {
		nd := &f.Nodes[i]
		c.loaded = append(c.loaded, cnode{left: local(nd.Left), right: local(nd.Right), plane: uint32(all[asks[i]].plane)})
	}
	root = local(t.Root)
	if root < 0 {
		return root
	}
	c.order = append(c.order[:0], root) // parents before children
	for i := 0; i < len(c.order); i++ {
		nd := &c.loaded[c.order[i]]
		for _, child := range [2]int32{nd.left, nd.right} {
			if child >= 0 {
				c.order = append(c.order, child)
			}
		}
	}
	for i := len(c.order) - 1; i >= 0; i-- {
		nd := &c.loaded[c.order[i]]
		nd.leaves = 2
		for _, child := range [2]int32{nd.left, nd.right} {
			if child >= 0 {
				nd.leaves += c.loaded[child].leaves - 1
			}
		}
	}
	return root
}
