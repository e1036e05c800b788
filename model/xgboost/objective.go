package xgboost

import (
	"fmt"

	"github.com/glulam/glulam/model/forest"
)

// objective says what XGBoost's ObjFunction::PredTransform and ProbToMargin do.
type objective struct {
	link forest.LinkKind
	base baseLink
	task forest.Task
}

// baseLink turns base_score, which is a prediction, into a margin.
type baseLink uint8

const (
	baseIsMargin baseLink = iota
	baseIsProbability
	baseIsLog
	baseIsExpectiles // of several expectiles in ascending order
)

var objectives = map[string]objective{
	"binary:logistic":      {forest.Sigmoid32, baseIsProbability, forest.TaskBinary},
	"reg:logistic":         {forest.Sigmoid32, baseIsProbability, forest.TaskRegression},
	"binary:logitraw":      {forest.Identity, baseIsMargin, forest.TaskRegression}, // until 1.2 its base was a probability
	"binary:hinge":         {forest.Step, baseIsMargin, forest.TaskBinary},
	"multi:softprob":       {forest.Softmax32, baseIsMargin, forest.TaskMulticlass},
	"multi:softmax":        {forest.ArgMax, baseIsMargin, forest.TaskMulticlass},
	"count:poisson":        {forest.Exp32, baseIsLog, forest.TaskRegression},
	"reg:gamma":            {forest.Exp32, baseIsLog, forest.TaskRegression},
	"reg:tweedie":          {forest.Exp32, baseIsLog, forest.TaskRegression},
	"survival:cox":         {forest.Exp32, baseIsLog, forest.TaskRegression},
	"survival:aft":         {forest.Exp32, baseIsLog, forest.TaskRegression},
	"reg:squarederror":     {},
	"reg:linear":           {},
	"reg:squaredlogerror":  {},
	"reg:absoluteerror":    {},
	"reg:pseudohubererror": {},
	"reg:quantileerror":    {},
	"reg:expectileerror":   {},
	"rank:pairwise":        {task: forest.TaskRanking},
	"rank:ndcg":            {task: forest.TaskRanking},
	"rank:map":             {task: forest.TaskRanking},
}

// finishObjective sets the link, the task and the base.
func (p *parser) finishObjective() error {
	l, f := &p.learner, &p.forest
	o, ok := objectives[l.objective]
	if !ok {
		return p.at("objective", 0, func() error {
			return unsupported("if rounds start from base_score as it stands in the file, set learner.objective to {\"name\": \"reg:squarederror\"} there: "+
				"the predictions are then the margins; else use a newer glulam, or one of XGBoost's own objectives",
				"unknown objective %s: how it makes a margin of base_score is not known, so there are no margins either", quote(l.objective))
		})
	}
	if l.unknownParam != "" {
		return p.at("objective", 0, func() error {
			return unsupported("use a newer glulam, or save the model with an XGBoost from 1.0 to 3.4", "unknown key %s: it may change what the numbers mean", l.unknownParam)
		})
	}
	f.Objective, f.Link.Kind, f.Task = l.objective, o.link, o.task
	switch multi := o.task == forest.TaskMulticlass; {
	case l.objective == "reg:expectileerror" && f.Outputs > 1:
		f.Link.Kind, o.base = forest.Expectiles, baseIsExpectiles
	case l.objective == "reg:quantileerror" && f.Outputs > 1:
		f.Link.Kind = forest.Sorted
	case multi && l.classes < 2:
		return p.at("objective", 0, func() error { return corrupt("%s with %d classes", l.objective, l.classes) })
	case f.Outputs > 1 && !multi:
		f.Task = forest.TaskRegression // as many answers as targets
	}
	p.finishLabels()
	return p.at("learner_model_param", 0, func() error { return p.finishBase(o.base) })
}

// finishBase sets Base: base_score, once for each output, as a margin.
func (p *parser) finishBase(link baseLink) error {
	f, base := &p.forest, p.learner.base
	if p.unfitted() {
		link = baseIsMargin
	}
	if len(base) != 1 && len(base) != f.Outputs {
		return corrupt("%d numbers in base_score for %d outputs", len(base), f.Outputs)
	}
	f.Base = make([]float64, f.Outputs)
	for k := range f.Base {
		b := base[0]
		if len(base) > 1 {
			b = base[k]
		}
		margin, err := margin(link, b)
		if err != nil {
			return err
		}
		f.Base[k] = float64(margin)
	}
	if link == baseIsExpectiles {
		for k := len(f.Base) - 1; k > 0; k-- {
			f.Base[k] = float64(softplusInverse(float32(f.Base[k]) - float32(f.Base[k-1]) - 1e-6))
		}
	}
	if f.Terms == nil {
		return nil
	}
	// gblinear adds the bias to the base first, and takes the first base for each output.
	first, biases := float32(f.Base[0]), p.linear[len(f.Features)*f.Outputs:]
	for k := range f.Base {
		f.Base[k] = float64(biases[k] + first)
	}
	return nil
}

// unfitted says whether XGBoost takes the model for one that was not trained yet: then every sum
// starts from base_score as it stands, whatever the objective. It does so with a gblinear from before 1.5, and with a model without trees unless
// base_score was set by hand. A model without trees from before 2.0 it does not read at all; its base score is what the
// version makes of it that wrote it.
func (p *parser) unfitted() bool {
	if p.hasLinear {
		return p.learner.estimate && p.linearRounds == 0
	}
	return p.learner.estimate && len(p.forest.Trees) == 0 && p.start != nil
}

// margin is ObjFunction::ProbToMargin in float32.
func margin(link baseLink, b float32) (float32, error) {
	switch link {
	case baseIsProbability:
		if !(b >= 0 && b <= 1) {
			return 0, corrupt("base_score is %v; for this objective it has to be between 0 and 1", b)
		}
		const eps = 1e-6
		b = min(max(b, eps), float32(1)-float32(eps))
		return -logf(1/b - 1), nil
	case baseIsLog:
		if !(b > 0) {
			return 0, corrupt("base_score is %v; for this objective it has to be above 0", b)
		}
		return logf(b), nil
	}
	return b, nil
}

// versionName is the version as people write it.
func (p *parser) versionName() string {
	return fmt.Sprintf("%d.%d.%d", p.version[0], p.version[1], p.version[2])
}
