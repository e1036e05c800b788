package onnx

import (
	"fmt"

	"github.com/glulam/glulam/model/forest"
)

// finish says what the sums of an ensemble become: outputs, bias, average, link, task and classes.
func (p *parser) finish(e *ensemble, f *forest.Forest, s *shape) error {
	f.Sum, f.Input = forest.Float32, forest.Float32
	if e.double {
		f.Sum, f.Input = forest.Float64, forest.Float64
	}
	f.Outputs, f.Rounds = e.targets, 1
	f.Objective = fmt.Sprintf("%s %s %s", e.operator, e.aggregate, e.post)
	if _, ok := transforms[e.post]; !ok {
		return p.unsupported(e.place, "post_transform %.60q", e.post)
	}
	switch e.aggregate {
	case "SUM":
	case "AVERAGE":
		f.Average, f.Rounds = forest.AverageMargin, len(e.roots)
	case "MIN", "MAX":
		if len(e.roots) != 1 {
			return p.unsupported(e.place, "aggregate_function %s of %d trees", e.aggregate, len(e.roots))
		}
	default:
		return p.unsupported(e.place, "aggregate_function %.60q", e.aggregate)
	}
	if e.double && e.post == "SOFTMAX_ZERO" {
		return p.unsupported(e.place, "post_transform SOFTMAX_ZERO of float64 sums")
	}
	if e.classifier && e.targets == 2 {
		return p.finishBinary(e, f, s)
	}
	if n := len(e.bias); n == e.targets {
		f.Bias = e.bias
	} else if n != 0 {
		return p.corrupt(e.place, "%d base_values for %d outputs", n, e.targets)
	}
	if !e.classifier {
		if err := p.checkBias(e, s); err != nil {
			return err
		}
	}
	f.Link.Kind = e.link()
	if e.classifier {
		certain := f.Bias != nil
		if !certain {
			certain = all(s.certain)
		}
		// What ONNX Runtime gives as the label is the largest sum among the classes that a row has weights for.
		if certain && keepsOrder[e.post] {
			f.Task, f.Classes = forest.TaskMulticlass, e.labels
		}
	}
	return nil
}

// checkBias refuses base values of outputs that some rows have no weight for: ONNX Runtime does not add them then, but for
// classifiers of more than two classes.
func (p *parser) checkBias(e *ensemble, s *shape) error {
	for k, b := range e.bias {
		if b != 0 && !s.certain[k] {
			return p.unsupported(e.place, "whether the base value of output %d is added depends on the leaves, as some have no weight for it", k)
		}
	}
	return nil
}

// transforms are the links of post_transform, output by output.
var transforms = map[string]forest.LinkKind{"NONE": forest.Identity, "LOGISTIC": forest.OnnxLogistic, "SOFTMAX": forest.OnnxSoftmax,
	"SOFTMAX_ZERO": forest.OnnxSoftmaxZero, "PROBIT": forest.OnnxProbit}

// keepsOrder are those whose largest result is that of the largest sum.
var keepsOrder = map[string]bool{"NONE": true, "LOGISTIC": true, "SOFTMAX": true}

// link is the ensemble's transform of its outputs. Of a single target ONNX Runtime transforms PROBIT only.
func (e *ensemble) link() forest.LinkKind {
	kind := transforms[e.post]
	if e.targets == 1 && e.post != "PROBIT" {
		kind = forest.Identity
	}
	if kind == forest.Identity && e.double && !e.wide {
		kind = forest.OnnxRound
	}
	return kind
}

// finishBinary is finish for a classifier of two classes, where ONNX Runtime has rules of its own for one score.
func (p *parser) finishBinary(e *ensemble, f *forest.Forest, s *shape) error {
	if len(e.bias) > 1 {
		return p.unsupported(e.place, "%d base_values for two classes, which ONNX Runtime does not add as the specification says", len(e.bias))
	}
	if err := p.checkBias(e, s); err != nil {
		return err
	}
	if !e.ids[1] {
		if !s.certain[0] {
			return p.unsupported(e.place, "whether a row has a score depends on its leaves")
		}
		return p.finishPair(e, f)
	}
	// From here on there are two scores, each transformed for itself.
	if !s.certain[1] {
		return p.unsupported(e.place, "whether a row has a score for the second class depends on its leaves")
	}
	f.Link.Kind = e.link()
	if !e.ids[0] {
		if !e.positive && keepsOrder[e.post] { // the label says whether the score is positive; the other one is 0
			f.Task, f.Classes = forest.TaskMulticlass, e.labels
		}
		return nil
	}
	if len(e.bias) == 1 {
		f.Bias = []float64{e.bias[0], 0}
	} else if s.symmetric && keepsOrder[e.post] && (e.labelsAre01 || len(e.labels) == 2 && !e.labelsAreNumbers) {
		// CatBoost's way: scores -x and x. The label, which ONNX Runtime makes of the second score's sign alone, is that of
		// the larger one. Of numbers it gives out 0 and 1, whatever they are.
		f.Task, f.Classes = forest.TaskMulticlass, e.labels
	}
	return nil
}

// finishPair is for weights of the first class only, which in truth are those of the second: both scores come from one sum.
func (p *parser) finishPair(e *ensemble, f *forest.Forest) error {
	f.Outputs = 1
	if len(e.bias) == 1 {
		f.Bias = e.bias
	}
	switch {
	case e.post == "PROBIT":
		return p.unsupported(e.place, "PROBIT of one score for two classes, of which ONNX Runtime leaves one undefined")
	case e.post == "LOGISTIC":
		f.Link.Kind = forest.OnnxLogisticPair
		if e.positive {
			return nil // the label says whether the sum is above 0.5, not the probability: there is no class
		}
	case e.positive:
		f.Link.Kind = forest.OnnxComplement
	default:
		f.Link.Kind = forest.OnnxOpposite
	}
	f.Task, f.Classes = forest.TaskBinary, e.labels
	return nil
}

func all(list []bool) bool {
	for _, v := range list {
		if !v {
			return false
		}
	}
	return true
}
