package onnx

import "github.com/glulam/glulam/model/forest"

// trees reads the ensemble, of which there may be one only.
func (p *parser) trees(n *nodeProto, _ *attrs) error {
	outputs := 1
	if n.op == "TreeEnsembleClassifier" {
		outputs = 2
	}
	in, err := p.take(n, 1, 1, outputs)
	if err != nil {
		return err
	}
	v := in[0]
	if v.kind != columns || len(v.dims) != 1 {
		return p.misplaced(n)
	}
	if p.ensemble != nil {
		return p.unsupported(n.place(), "a second ensemble of trees")
	}
	if p.ensemble, err = p.readEnsemble(n, v); err != nil {
		return err
	}
	p.features = v.cols
	out := &value{kind: scores, typ: typeFloat}
	if p.ensemble.wide {
		out.typ = typeDouble
	}
	if outputs == 1 {
		return p.set(n, 0, out)
	}
	if err := p.set(n, 0, &value{kind: labels, typ: typeInt64}); err != nil {
		return err
	}
	return p.set(n, 1, out)
}

// zipMap gives each score its label's name, which changes no number.
func (p *parser) zipMap(n *nodeProto, a *attrs) error {
	in, err := p.take(n, 1, 1, 1)
	if err != nil {
		return err
	}
	a.ignore("classlabels_int64s", "classlabels_strings")
	if err := a.done(); err != nil {
		return err
	}
	if in[0].kind != scores {
		return p.misplaced(n)
	}
	out := *in[0]
	out.kind = maps
	return p.set(n, 0, &out)
}

// applyOutput adds what happens to the scores after the ensemble.
func (p *parser) applyOutput(f *forest.Forest) error {
	if !p.output.post {
		return nil
	}
	if k := f.Link.Kind; k != forest.Identity && k != forest.OnnxRound || f.Task != forest.TaskRegression {
		return p.unsupported("graph", "Exp of scores that are transformed already")
	}
	f.Link = p.output.link
	f.Objective += " Exp"
	return nil
}
