package leaves

// add writes the margins of one row to out: the sum of the leaves that it fell into, in tree order, by the forest's own
// arithmetic. row is the row as the caller gave it.
func (e *Engine) add(s *scratch, row, out []float64) {
	e.f.StartSums(out, row)
	for j := range s.row { // of linear leaves
		s.row[j] = e.f.Prepare(row[j])
	}
	for t, leaf := range s.leaf {
		e.f.AddLeaf(out, t, int(e.f.Trees[t].FirstLeaf)+int(leaf), s.row)
	}
	e.f.EndSums(out)
}
