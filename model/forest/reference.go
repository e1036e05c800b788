package forest

import (
	"slices"
	"sync"
)

// Reference is the plain evaluator: it does what Forest's documentation says, and every other engine must give its bits.
//
// Many rows go down a tree together (deal.go): each node deals its rows out to its two children, as one deals cards. The
// questions are those of a walk row by row, but a processor that has to guess where a row goes next guesses wrong at every
// third node or so, and nothing depends on a guess here. A few rows are walked.
type Reference struct {
	f       *Forest
	used    []int32 // the features that some node or linear leaf looks at, ascending
	place   []int32 // of each feature in used
	block   int     // how many rows go down together
	scratch sync.Pool
}

const (
	// fewRows is up to how many rows walking is faster.
	fewRows = 15
	// maxBlock is when the work for each node has become small against the work for its rows.
	maxBlock = 1024
	// blockValues is how many values of features fit well into a second-level cache.
	blockValues = 1 << 16
)

// scratch is the memory of one call.
type scratch struct {
	row     []float64 // a row that is walked down, as the trees look at it
	columns []float64 // the used features of rows that are dealt: block values each
	deck    deck
}

// NewReference makes the reference evaluator of a validated forest.
func NewReference(f *Forest) *Reference {
	r := &Reference{f: f, place: make([]int32, len(f.Features))}
	looks := make([]bool, len(f.Features))
	for i := range f.Nodes {
		looks[f.Nodes[i].Feature] = true
	}
	if f.Linear != nil {
		for _, feature := range f.Linear.Feature {
			looks[feature] = true
		}
	}
	for feature, yes := range looks {
		if yes {
			r.place[feature] = int32(len(r.used))
			r.used = append(r.used, int32(feature))
		}
	}
	r.used = slices.Clip(r.used)
	r.block = max(1, min(maxBlock, blockValues/max(1, len(r.used))))
	r.scratch.New = func() any {
		s := &scratch{row: make([]float64, len(f.Features)), deck: newDeck(r.block)}
		if r.block > fewRows {
			s.columns = make([]float64, r.block*len(r.used))
		}
		return s
	}
	return r
}

// Name is "reference".
func (r *Reference) Name() string { return "reference" }

// Margins implements Evaluator.
func (r *Reference) Margins(x []float64, rows int, out []float64) {
	s := r.scratch.Get().(*scratch)
	defer r.scratch.Put(s)
	f := r.f
	k, width := f.Outputs, len(f.Features)
	for first := 0; first < rows; first += r.block {
		n := min(r.block, rows-first)
		x, sums := x[first*width:(first+n)*width], out[first*k:(first+n)*k]
		for i := range n {
			f.StartSums(sums[i*k:(i+1)*k], x[i*width:(i+1)*width])
		}
		if n > fewRows {
			r.deal(s, x, n, func(t, leaf int, rows []uint16) { r.addDealt(s, sums, t, leaf, rows) })
		} else {
			for i := range n {
				r.walk(s, x[i*width:(i+1)*width], sums[i*k:(i+1)*k])
			}
		}
		f.EndSums(sums)
	}
}

// walk walks a row down all trees and adds up what they give.
func (r *Reference) walk(s *scratch, x, sum []float64) {
	f := r.f
	for j, v := range x {
		s.row[j] = f.Prepare(v)
	}
	for t := range f.Trees {
		tr := &f.Trees[t]
		f.AddLeaf(sum, t, int(tr.FirstLeaf+f.leaf(tr.Root, s.row)), s.row)
	}
}

// addDealt adds what a leaf of tree t gives to the sums of the rows that were dealt to it.
func (r *Reference) addDealt(s *scratch, sums []float64, t, leaf int, rows []uint16) {
	f := r.f
	k, output := f.Outputs, int(f.Trees[t].Output)
	switch {
	case f.LeafWidth > 1:
		values := f.Leaves[leaf*k : (leaf+1)*k]
		for _, row := range rows {
			for o, v := range values {
				sum := &sums[int(row)*k+o]
				*sum = f.Sum.add(*sum, v)
			}
		}
	case f.Linear != nil:
		for _, row := range rows {
			sum := &sums[int(row)*k+output]
			*sum = f.Sum.add(*sum, r.dealtLinearValue(s, leaf, row))
		}
	default:
		value := f.Leaves[leaf]
		for _, row := range rows {
			sum := &sums[int(row)*k+output]
			*sum = f.Sum.add(*sum, value)
		}
	}
}

// LeafIndices implements Evaluator.
func (r *Reference) LeafIndices(x []float64, rows int, out []int32) {
	s := r.scratch.Get().(*scratch)
	defer r.scratch.Put(s)
	f := r.f
	width, trees := len(f.Features), len(f.Trees)
	found := func(t, leaf, row int) {
		id := int32(leaf) - f.Trees[t].FirstLeaf
		if f.LeafIDs != nil {
			id = f.LeafIDs[leaf]
		}
		out[row*trees+t] = id
	}
	for first := 0; first < rows; first += r.block {
		n := min(r.block, rows-first)
		x := x[first*width : (first+n)*width]
		if n > fewRows {
			r.deal(s, x, n, func(t, leaf int, rows []uint16) {
				for _, row := range rows {
					found(t, leaf, first+int(row))
				}
			})
			continue
		}
		for i := range n {
			for j, v := range x[i*width : (i+1)*width] {
				s.row[j] = f.Prepare(v)
			}
			for t := range f.Trees {
				tr := &f.Trees[t]
				found(t, int(tr.FirstLeaf+f.leaf(tr.Root, s.row)), first+i)
			}
		}
	}
}
