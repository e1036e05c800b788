package engine

import (
	"math"

	"github.com/glulam/glulam/model/forest"
)

// maxTabled is how many values leaves of a value for every output may have in all to be tabulated.
const maxTabled = 1 << 26

// tabulate writes the leaves' values in the order of the codes: for leaves of a value for every output, a table an output,
// tableLen values from one to the next. Linear leaves have none.
func (p *program) tabulate() {
	f := p.f
	if f.Linear != nil || f.LeafWidth*p.tableLen() > maxTabled {
		return
	}
	if f.Sum == forest.Float32 {
		p.values32 = tabulate[float32](p)
	} else {
		p.values = tabulate[float64](p)
	}
}

func tabulate[T float32 | float64](p *program) []T {
	k := p.f.LeafWidth
	values := make([]T, k*p.tableLen())
	for o := range k {
		table := values[o*p.tableLen():]
		for i, leaf := range p.leaf {
			table[i] = T(p.f.Leaves[int(leaf)*k+o])
		}
	}
	return values
}

func (p *program) tableLen() int { return len(p.leaf) + padding }

// atOnce is how many sums of a row are added to at once; 0 if no values of this precision are tabulated.
func (p *program) atOnce(tabled bool) int {
	if !tabled {
		return 0
	}
	return p.f.LeafWidth
}

// sums of the rows, in a precision.
type sums[T float32 | float64] struct {
	of     [][blockRows]T // by output, of those that are added to at once
	tables [together]*T   // of the trees that are added up together
	// nothing is the table of those that there are not: -0 changes no sum.
	nothing [padding]T
}

func newSums[T float32 | float64](atOnce int) *sums[T] {
	s := &sums[T]{of: make([][blockRows]T, atOnce)}
	for i := range s.nothing {
		s.nothing[i] = T(math.Copysign(0, -1))
	}
	return s
}

// adders add the leaves of eight trees to sums: those with codes of a byte, and of two.
type adders[T float32 | float64] struct {
	narrow func(*[blockRows]T, int, *[together][blockRows]byte, *[together]*T)
	few    func(*[blockRows]T, int, *[together][blockRows]byte, *[together]*T) // of up to fewBits bits
	wide   func(*[blockRows]T, int, *[together][blockRows]uint16, *[together]*T)
}

// sumTrees adds up tabulated leaves: of the trees of one output after the other, or, where each leaf has a value for every output,
// of all trees.
func sumTrees[T float32 | float64](b *block, s *sums[T], values []T, add adders[T], out []float64) {
	k := b.p.f.Outputs
	trees := b.p.trees
	for output := 0; output < k; output += len(s.of) {
		n := len(trees)
		if len(s.of) < k {
			for n = 0; n < len(trees) && trees[n].output == output; n++ {
			}
		}
		for o := range s.of {
			for i := range b.rows {
				s.of[o][i] = T(out[i*k+output+o])
			}
		}
		sumLot(b, s, values, add, trees[:n])
		trees = trees[n:]
		for o := range s.of {
			for i, v := range s.of[o][:b.rows] {
				out[i*k+output+o] = float64(v)
			}
		}
	}
}

// sumLot adds the leaves of trees to all sums in s.
func sumLot[T float32 | float64](b *block, s *sums[T], values []T, add adders[T], trees []tree) {
	for len(trees) > 0 {
		n := min(together, len(trees))
		bits := 0
		for i := range n {
			b.code(&trees[i], i)
			bits = max(bits, trees[i].bits)
		}
		if bits > 8 {
			for i := range n {
				b.widen(&trees[i], i)
			}
			for i := n; i < together; i++ {
				clear(b.wide[i][:])
			}
		}
		for o := range s.of {
			table := values[o*b.p.tableLen():]
			for i := range n {
				s.tables[i] = &table[trees[i].firstLeaf]
			}
			for i := n; i < together; i++ {
				s.tables[i] = &s.nothing[0]
			}
			switch {
			case bits > 8:
				add.wide(&s.of[o], b.rows, &b.wide, &s.tables)
			case bits <= fewBits:
				add.few(&s.of[o], b.rows, &b.low, &s.tables)
			default:
				add.narrow(&s.of[o], b.rows, &b.low, &s.tables)
			}
		}
		trees = trees[n:]
	}
}
