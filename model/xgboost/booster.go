package xgboost

import (
	"bytes"
	"slices"

	"github.com/glulam/glulam/model/forest"
)

var boosterKeys = []string{"gbtree", "model", "name", "weight_drop"}

// readBooster reads gradient_booster. Up to 3.2, dart is a booster around a gbtree; from 3.3 on, it is a gbtree whose model
// has weight_drop.
func (p *parser) readBooster() error {
	dart := false
	seen, err := p.object(boosterKeys, func(k int) (err error) {
		switch k {
		case 0:
			dart = true
			return p.readInnerBooster()
		case 1:
			err = p.readModel()
		case 2:
			p.booster, err = p.in.text()
		case 3:
			err = p.readWeights()
		}
		return err
	})
	if err != nil {
		return err
	}
	switch p.booster {
	case "dart":
		return need(boosterKeys, seen, 0, 3)
	case "gbtree", "gblinear":
		if dart || p.hasLinear != (p.booster == "gblinear") || p.hasLinear && p.weights != nil {
			return corrupt("the model is not that of a %s", p.booster)
		}
		return need(boosterKeys, seen, 1)
	}
	return unsupported("use a newer glulam", "unknown booster %s", quote(p.booster))
}

// readInnerBooster reads the gbtree inside a dart.
func (p *parser) readInnerBooster() error {
	name := ""
	seen, err := p.object(boosterKeys[:3], func(k int) (err error) {
		switch k {
		case 0:
			return corrupt("a gbtree in a gbtree")
		case 1:
			return p.readModel()
		}
		name, err = p.in.text()
		return err
	})
	if err == nil && name != "gbtree" {
		err = unsupported("use a newer glulam", "a dart of %s", quote(name))
	}
	if err != nil {
		return err
	}
	return need(boosterKeys, seen, 1)
}

var modelKeys = []string{"boosted_rounds", "cats", "gbtree_model_param", "iteration_indptr", "tree_info", "trees", "weight_drop", "weights"}

// readModel reads the trees, or the weights of gblinear.
func (p *parser) readModel() error {
	seen, err := p.object(modelKeys, func(k int) (err error) {
		switch k {
		case 0:
			p.linearRounds, err = p.in.integer() // nobody can choose among them
		case 1:
			err = p.readCategories()
		case 2:
			err = p.readModelParam()
		case 3:
			p.start, err = p.in.ints(nil)
		case 4:
			p.outputOf, err = p.in.ints(nil)
		case 5:
			err = p.readTrees()
		case 6:
			err = p.readWeights()
		case 7:
			p.hasLinear = true
			p.linear, err = p.in.floats(nil)
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case !p.hasLinear:
		return need(modelKeys, seen, 2, 4, 5)
	case seen&^(1<<0|1<<7) != 0:
		return corrupt("trees beside a linear model")
	}
	return nil
}

func (p *parser) readWeights() (err error) {
	if p.weights != nil {
		return corrupt("weights are there twice")
	}
	p.weights, err = p.in.floats([]float32{})
	return err
}

var modelParamKeys = []string{"num_parallel_tree", "num_trees", "size_leaf_vector"}

func (p *parser) readModelParam() error {
	seen, err := p.object(modelParamKeys, func(k int) (err error) {
		switch k {
		case 0:
			p.parallel, err = p.number(1, forest.MaxTrees)
		case 1:
			p.numTrees, err = p.number(0, forest.MaxTrees)
		case 2:
			_, err = p.number(0, 1) // was never used
		}
		return err
	})
	if err != nil {
		return err
	}
	return need(modelParamKeys, seen, 1)
}

func (p *parser) readTrees() error {
	p.reserve()
	return p.array(func(i int) error {
		if i >= forest.MaxTrees {
			return tooLarge("more than %d trees", forest.MaxTrees)
		}
		return p.readTree(i)
	})
}

// reserve makes room for the trees that the file says it has, so that slices need not grow, which would take twice their
// memory. What the file says is only believed as far as its size allows.
func (p *parser) reserve() {
	const key, perTree, perNode = "num_nodes", 100, 16 // bytes that each takes at least in files of XGBoost
	nodes, trees := 0, 0
	for b := p.data; ; trees++ {
		i := bytes.Index(b, []byte(key))
		if i < 0 {
			break
		}
		b = b[i+len(key):]
		for i = 0; i < min(16, len(b)) && b[i]-'0' > 9; i++ {
		}
		n := 0
		for ; i < len(b) && b[i]-'0' <= 9 && n < len(p.data); i++ {
			n = n*10 + int(b[i]-'0')
		}
		nodes += min(n, len(p.data)/perNode)
	}
	trees = min(trees, len(p.data)/perTree)
	nodes = min(nodes, len(p.data)/perNode)
	f := &p.forest
	f.Trees = make([]forest.Tree, 0, trees)
	f.Nodes = make([]forest.Node, 0, nodes/2)
	f.Leaves = make([]float64, 0, nodes/2+trees)
	f.LeafIDs = make([]int32, 0, nodes/2+trees)
}

// finish makes the forest of what was read.
func (p *parser) finish() error {
	f, l := &p.forest, &p.learner
	f.Format, f.Version, f.Booster = "xgboost", p.versionName(), p.booster
	if p.weights != nil {
		f.Booster = "dart"
	}
	f.Input, f.Sum = forest.Float32, forest.Float32
	f.Outputs, f.LeafWidth = l.outputs(), max(1, p.vector)
	if l.classes > 1 && l.targets > 1 {
		return p.at("learner_model_param", 0, func() error {
			return unsupported("train a model for each target", "%d classes and %d targets at once", l.classes, l.targets)
		})
	}
	if err := p.finishFeatures(); err != nil {
		return err
	}
	if err := p.finishTerms(); err != nil {
		return err
	}
	for _, step := range []struct {
		key  string
		make func() error
	}{
		{"tree_info", p.finishOutputs}, {"iteration_indptr", p.finishRounds}, {"weight_drop", p.finishWeights},
	} {
		if err := p.at(step.key, 0, step.make); err != nil {
			return err
		}
	}
	p.finishBest()
	if err := p.finishCategories(); err != nil {
		return err
	}
	return p.finishObjective()
}

// finishTerms makes the terms of a gblinear: weights[feature*outputs+output], then a bias for each output.
func (p *parser) finishTerms() error {
	f := &p.forest
	if !p.hasLinear {
		return nil
	}
	n := len(f.Features) * f.Outputs
	if len(p.linear) == 0 {
		return p.at("weights", 0, func() error {
			return unsupported("train it for at least one round", "a gblinear of no rounds: it has no weights yet")
		})
	}
	if len(p.linear) != n+f.Outputs {
		return p.at("weights", 0, func() error {
			return corrupt("%d weights for %d features and %d outputs", len(p.linear), len(f.Features), f.Outputs)
		})
	}
	f.Terms = &forest.Terms{Coeff: make([]float64, n)}
	for i, w := range p.linear[:n] {
		f.Terms.Coeff[i] = float64(w)
	}
	return nil
}

// finishOutputs says of each tree which sum it adds to.
func (p *parser) finishOutputs() error {
	f := &p.forest
	switch {
	case int64(len(f.Trees)) != p.numTrees:
		return corrupt("%d trees, where num_trees is %d", len(f.Trees), p.numTrees)
	case len(p.outputOf) != len(f.Trees):
		return corrupt("%d entries for %d trees", len(p.outputOf), len(f.Trees))
	case f.LeafWidth > 1 && f.LeafWidth != f.Outputs:
		return corrupt("leaves of %d values for %d outputs", f.LeafWidth, f.Outputs)
	}
	for i, k := range p.outputOf {
		if k < 0 || int(k) >= f.Outputs || f.LeafWidth > 1 && k != 0 {
			return corrupt("tree %d adds to output %d of %d", i, k, f.Outputs)
		}
		f.Trees[i].Output = k
	}
	return nil
}

// finishRounds sets Rounds: iteration_indptr, or before 2.0 num_parallel_tree trees a round for each output that has trees.
// Before 1.6 a file does not say how many are parallel; they follow each other, so that more outputs than one show it.
func (p *parser) finishRounds() error {
	f := &p.forest
	if p.start != nil {
		if n := len(p.start); n == 0 || p.start[0] != 0 || !slices.IsSorted(p.start) || int(p.start[n-1]) != len(f.Trees) {
			return corrupt("the rounds do not go up from 0 to the %d trees", len(f.Trees))
		}
		f.RoundStart, f.Rounds = p.start, len(p.start)-1
		return nil
	}
	if len(f.Trees) == 0 {
		return nil
	}
	parallel := int(p.parallel)
	if parallel == 0 {
		parallel = 1
		for f.Outputs > 1 && parallel < len(p.outputOf) && p.outputOf[parallel] == p.outputOf[0] {
			parallel++
		}
	}
	round := parallel * (1 + int(slices.Max(p.outputOf)))
	if len(f.Trees)%round != 0 {
		return corrupt("%d trees are no whole number of rounds of %d", len(f.Trees), round)
	}
	f.Rounds = len(f.Trees) / round
	return nil
}

// finishWeights multiplies the weights of trees into their leaves: XGBoost multiplies after it found the leaf, which rounds
// the same. Since 3.3 trees at the end may lack a weight; it is 1.
func (p *parser) finishWeights() error {
	f := &p.forest
	if n := len(p.weights); n > len(f.Trees) || n < len(f.Trees) && p.booster == "dart" {
		return corrupt("%d weights for %d trees", n, len(f.Trees))
	}
	for i, w := range p.weights {
		if w-w != 0 {
			return corrupt("the weight of tree %d is %v", i, w)
		}
		t := &f.Trees[i]
		leaves := f.Leaves[int(t.FirstLeaf)*f.LeafWidth : int(t.FirstLeaf+t.NumLeaves)*f.LeafWidth]
		for j, v := range leaves {
			leaves[j] = float64(float32(v) * w)
		}
	}
	return nil
}
