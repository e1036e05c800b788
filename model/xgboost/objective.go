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
)

var objectives = map[string]objective{
	"binary:logistic":      {forest.Sigmoid32, baseIsProbability, forest.TaskBinary},
	"reg:logistic":         {forest.Sigmoid32, baseIsProbability, forest.TaskRegression},
	"binary:logitraw":      {forest.Identity, baseIsMargin, forest.TaskRegression}, // until 1.2 another base: see finishBase
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
			return unsupported("use a newer glulam, or train with one of XGBoost's own objectives",
				"unknown objective %s: how it makes a margin of base_score is not known, so there are no margins either", quote(l.objective))
		})
	}
	f.Objective, f.Link.Kind, f.Task = l.objective, o.link, o.task
	switch multi := o.task == forest.TaskMulticlass; {
	case l.objective == "reg:expectileerror" && f.Outputs > 1:
		return p.at("objective", 0, func() error {
			return unsupported("train one model for each expectile", "several expectiles in one model, whose margins XGBoost adds up with log1p")
		})
	case l.objective == "reg:quantileerror" && f.Outputs > 1 && !p.before(3, 4):
		f.Link.Kind = forest.Sorted
	case multi && l.classes < 2:
		return p.at("objective", 0, func() error { return corrupt("%s with %d classes", l.objective, l.classes) })
	case f.Outputs > 1 && !multi:
		f.Task = forest.TaskRegression // as many answers as targets
	}
	if l.objective == "binary:logitraw" && p.before(1, 3) {
		o.base = baseIsProbability
	}
	return p.at("learner_model_param", 0, func() error { return p.finishBase(o.base) })
}

// finishBase sets Base: base_score, once for each output, as a margin.
func (p *parser) finishBase(link baseLink) error {
	f, base := &p.forest, p.learner.base
	if len(base) != 1 && len(base) != f.Outputs {
		return corrupt("%d numbers in base_score for %d outputs", len(base), f.Outputs)
	}
	f.Base = make([]float64, f.Outputs)
	for k := range f.Base {
		b := base[0]
		if len(base) > 1 {
			b = base[k]
		}
		margin, err := p.margin(link, b)
		if err != nil {
			return err
		}
		f.Base[k] = float64(margin)
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

// margin is ObjFunction::ProbToMargin in float32.
func (p *parser) margin(link baseLink, b float32) (float32, error) {
	switch link {
	case baseIsProbability:
		if !p.before(3, 2) {
			const eps = 1e-6
			b = min(max(b, eps), float32(1)-float32(eps))
		}
		if !(b > 0 && b < 1) {
			return 0, corrupt("base_score is %v; for this objective it has to be between 0 and 1", b)
		}
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
