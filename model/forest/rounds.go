package forest

import "github.com/glulam/glulam/fault"

// Keep leaves rounds first to last-1 of a validated forest, as the training libraries do when a range of iterations is asked
// for: the base score, the scale and the linear terms stay, an average is that of the rounds kept, and the bias goes with the
// first round (CatBoost's ntree_start). Validate it again
// afterwards: features may no longer be used.
//
// The error has code Usage if there are no such rounds, or Unsupported if the file does not say which trees belong to them.
func (f *Forest) Keep(first, last int) error {
	if first < 0 || first >= last || last > f.Rounds {
		return fault.New(fault.Usage, "", "rounds %d to %d of %d", first, last, f.Rounds).OnField("trees")
	}
	if first == 0 && last == f.Rounds {
		return nil
	}
	if f.RoundStart == nil && len(f.Trees)%f.Rounds != 0 {
		return fault.New(fault.Unsupported, "", "%d trees in %d rounds: which belong to which is not known", len(f.Trees), f.Rounds).OnField("trees")
	}
	if first > 0 {
		f.Bias = nil
	}
	from, to := f.roundStart(first), f.roundStart(last)
	trees := f.Trees[from:to]
	if len(trees) == 0 {
		f.Trees, f.Nodes, f.Leaves, f.LeafIDs, f.Linear, f.RoundStart, f.Rounds, f.BestRounds = nil, nil, nil, nil, nil, nil, last-first, 0
		return nil
	}
	nodes, leaves := trees[0].FirstNode, trees[0].FirstLeaf
	end := trees[len(trees)-1]
	endNode, endLeaf := end.FirstNode+end.NumNodes, end.FirstLeaf+end.NumLeaves
	f.Nodes = f.Nodes[nodes:endNode]
	f.Leaves = f.Leaves[int(leaves)*f.LeafWidth : int(endLeaf)*f.LeafWidth]
	if f.LeafIDs != nil {
		f.LeafIDs = f.LeafIDs[leaves:endLeaf]
	}
	if l := f.Linear; l != nil {
		begin, end := l.Start[leaves], l.Start[endLeaf]
		l.Const, l.Start = l.Const[leaves:endLeaf], l.Start[leaves:endLeaf+1]
		for i := range l.Start {
			l.Start[i] -= begin
		}
		l.Feature, l.Coeff = l.Feature[begin:end], l.Coeff[begin:end]
	}
	for i := range trees {
		t := &trees[i]
		t.FirstNode -= nodes
		t.FirstLeaf -= leaves
		if t.Root >= 0 {
			t.Root -= nodes
		}
	}
	for i := range f.Nodes {
		n := &f.Nodes[i]
		if n.Left >= 0 {
			n.Left -= nodes
		}
		if n.Right >= 0 {
			n.Right -= nodes
		}
	}
	if f.RoundStart != nil {
		f.RoundStart = f.RoundStart[first : last+1]
		for i := range f.RoundStart {
			f.RoundStart[i] -= int32(from)
		}
	}
	f.Trees, f.Rounds, f.BestRounds = trees, last-first, 0
	return nil
}

// roundStart is the first tree of a round.
func (f *Forest) roundStart(round int) int {
	if f.RoundStart != nil {
		return int(f.RoundStart[round])
	}
	return len(f.Trees) / f.Rounds * round
}

func (f *Forest) validateRounds() error {
	if f.BestRounds < 0 || f.BestRounds > f.Rounds {
		return corrupt("rounds", "the best of %d rounds is number %d", f.Rounds, f.BestRounds)
	}
	if f.RoundStart == nil {
		return nil
	}
	if len(f.RoundStart) != f.Rounds+1 || f.RoundStart[0] != 0 || int(f.RoundStart[f.Rounds]) != len(f.Trees) {
		return corrupt("rounds", "%d starts for %d rounds of %d trees", len(f.RoundStart), f.Rounds, len(f.Trees))
	}
	for i := range f.Rounds {
		if f.RoundStart[i] > f.RoundStart[i+1] {
			return corrupt("rounds", "round %d starts with tree %d, the next one with %d", i, f.RoundStart[i], f.RoundStart[i+1])
		}
	}
	return nil
}
