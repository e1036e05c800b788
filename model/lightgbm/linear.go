package lightgbm

import (
	"math"

	"github.com/glulam/glulam/model/forest"
)

// addLinear appends the linear models of the tree's leaves, whose values are already in Forest.Leaves.
func (p *parser) addLinear(tree forest.Tree, line int64) error {
	f := &p.forest
	linear := false
	if v, ok := p.body["is_linear"]; ok {
		n, err := p.integer(v, 0, 1)
		if err != nil {
			return err
		}
		linear = n == 1
	}
	if !linear {
		for _, key := range []string{"leaf_const", "num_features", "leaf_features", "leaf_coeff"} {
			if v, ok := p.body[key]; ok {
				return p.corrupt(v, "is there although the tree is not linear")
			}
		}
		if f.Linear != nil {
			addConstant(f.Linear, f.Leaves[tree.FirstLeaf:])
		}
		return nil
	}
	if f.Linear == nil {
		f.Linear = &forest.Linear{Start: []int32{0}}
		addConstant(f.Linear, f.Leaves[:tree.FirstLeaf])
	}
	return p.addModels(tree, line)
}

// addModels appends a linear tree's models. LightGBM writes their features and coefficients leaf after leaf, with two
// spaces after each leaf; num_features says where one ends.
func (p *parser) addModels(tree forest.Tree, line int64) error {
	f := &p.forest
	leaves := int(tree.NumLeaves)
	var fields [4]field
	for i, key := range []string{"leaf_const", "num_features", "leaf_features", "leaf_coeff"} {
		v, err := p.need(p.body, key, line)
		if err != nil {
			return err
		}
		fields[i] = v
	}
	consts, err := p.finiteFloats(fields[0], leaves)
	if err != nil {
		return err
	}
	f.Linear.Const = append(f.Linear.Const, consts...)
	counts, err := p.ints(fields[1], leaves, 0, math.MaxInt32)
	if err != nil {
		return err
	}
	end := int64(len(f.Linear.Coeff))
	for leaf, n := range counts {
		end += n
		if end > math.MaxInt32 {
			return p.corrupt(fields[1], "adds up to %d coefficients", end)
		}
		f.Linear.Start = append(f.Linear.Start, int32(end))
		if n == 0 {
			// Nothing can be NaN here, so that leaf_const is the leaf's value.
			f.Leaves[int(tree.FirstLeaf)+leaf] = consts[leaf]
		}
	}
	total := int(end) - len(f.Linear.Coeff)
	features, err := p.ints(fields[2], total, 0, int64(len(f.Features)-1))
	if err != nil {
		return err
	}
	for _, x := range features {
		f.Linear.Feature = append(f.Linear.Feature, int32(x))
	}
	coeffs, err := p.finiteFloats(fields[3], total)
	if err != nil {
		return err
	}
	f.Linear.Coeff = append(f.Linear.Coeff, coeffs...)
	return nil
}

// addConstant appends leaves that have no linear model.
func addConstant(l *forest.Linear, values []float64) {
	l.Const = append(l.Const, values...)
	for range values {
		l.Start = append(l.Start, int32(len(l.Coeff)))
	}
}
