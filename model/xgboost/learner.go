package xgboost

import (
	"math"
	"strconv"
	"strings"

	"github.com/glulam/glulam/model/forest"
)

// learner is what a file says besides the booster.
type learner struct {
	features, classes, targets int64
	base                       []float32
	objective                  string
	names, types               []string
	best                       int64 // best_iteration; -1: not there
	estimate                   bool  // boost_from_average: base_score was not set by hand
	labels                     []string
	unknownParam               string // a parameter of the objective that no objective of XGBoost has
}

var topKeys = []string{"learner", "version"}

func (p *parser) readTop() error {
	seen, err := p.object(topKeys, func(k int) error {
		if k == 0 {
			return p.readLearner()
		}
		return p.readVersion()
	})
	if err != nil {
		return err
	}
	return need(topKeys, seen, 0, 1)
}

func (p *parser) readVersion() error {
	v, err := p.in.longs(nil)
	if err != nil {
		return err
	}
	if len(v) != 3 || v[0] < 0 || v[1] < 0 || v[2] < 0 {
		return corrupt("the version is not three numbers")
	}
	p.version = [3]int64(v)
	if v[0] < 1 || v[0] > 3 {
		return unsupported("use a newer glulam, or save the model with an XGBoost from 1.0 to 3.4", "a file of XGBoost %d.%d; those of 1.0 to 3.x are known", v[0], v[1])
	}
	return nil
}

var learnerKeys = []string{"attributes", "feature_names", "feature_types", "gradient_booster", "learner_model_param", "objective"}

func (p *parser) readLearner() error {
	l := &p.learner
	l.best = -1
	seen, err := p.object(learnerKeys, func(k int) (err error) {
		switch k {
		case 0:
			err = p.readAttributes()
		case 1:
			l.names, err = p.texts()
		case 2:
			l.types, err = p.texts()
		case 3:
			err = p.readBooster()
		case 4:
			err = p.readLearnerParam()
		case 5:
			err = p.readObjective()
		}
		return err
	})
	if err != nil {
		return err
	}
	return need(learnerKeys, seen, 0, 3, 4, 5)
}

// readAttributes reads the texts that XGBoost and its users attach to a model, and keeps best_iteration and labels.
func (p *parser) readAttributes() error {
	found := false
	return p.in.object(func(key []byte) error {
		name := string(key)
		value, err := p.in.text()
		if err == nil && name == "scikit_learn" {
			p.learner.labels = labels(value)
		}
		if err != nil || name != "best_iteration" {
			return err
		}
		return p.at(name, 0, func() error {
			if found {
				return corrupt("the key is there twice")
			}
			found = true
			n, err := strconv.ParseInt(value, 10, 32)
			if err != nil || n < -1 { // -1: a model without rounds
				return corrupt("%s is no number of a round", quote(value))
			}
			p.learner.best = n
			return nil
		})
	})
}

var learnerParamKeys = []string{"base_score", "boost_from_average", "num_class", "num_feature", "num_target"}

func (p *parser) readLearnerParam() error {
	l := &p.learner
	l.targets, l.estimate = 1, true
	seen, err := p.object(learnerParamKeys, func(k int) (err error) {
		switch k {
		case 0:
			var s string
			if s, err = p.in.text(); err == nil {
				l.base, err = baseScores(s)
			}
		case 1:
			var n int64
			n, err = p.number(0, 1)
			l.estimate = n == 1
		case 2:
			l.classes, err = p.number(0, forest.MaxOutputs)
		case 3:
			l.features, err = p.number(1, forest.MaxFeatures)
		case 4:
			l.targets, err = p.number(0, forest.MaxOutputs)
		}
		return err
	})
	if err != nil {
		return err
	}
	return need(learnerParamKeys, seen, 0, 2, 3)
}

// number reads a string that holds a whole number.
func (p *parser) number(low, high int64) (int64, error) {
	s, err := p.in.text()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil || n < low:
		return 0, corrupt("%s is no number from %d on", quote(s), low)
	case n > high:
		return 0, tooLarge("%d is more than the %d that are possible", n, high)
	}
	return n, nil
}

// baseScores reads "5E-1" or, since 3.1, "[5E-1,2.5E-1]".
func baseScores(s string) ([]float32, error) {
	list, isList := strings.CutPrefix(strings.TrimSpace(s), "[")
	if isList {
		var ok bool
		if list, ok = strings.CutSuffix(list, "]"); !ok {
			return nil, corrupt("%s is no list of numbers", quote(s))
		}
	}
	var all []float32
	for part := range strings.SplitSeq(list, ",") {
		part = strings.TrimSpace(part)
		v, n := prefix([]byte(part))
		if n == 0 || n != len(part) || v-v != 0 {
			return nil, corrupt("%s is no finite number", quote(part))
		}
		all = append(all, v)
	}
	if len(all) > 1 && !isList {
		return nil, corrupt("%s is no number", quote(s))
	}
	return all, nil
}

// objectiveKeys are the name and, for each objective, its parameters. They matter in training only: what predictions need
// (the number of classes, of quantiles) is in the number of outputs.
var objectiveKeys = []string{"name", "aft_loss_param", "expectile_loss_param", "lambda_rank_param", "lambdarank_param", "poisson_regression_param",
	"pseduo_huber_param", "pseudo_huber_param", "quantile_loss_param", "reg_loss_param", "softmax_multiclass_param", "ti+", "tj-", "tweedie_regression_param"}

func (p *parser) readObjective() error {
	l, named := &p.learner, false
	err := p.in.object(func(key []byte) error {
		k := find(objectiveKeys, key)
		switch {
		case k < 0 && l.unknownParam == "":
			l.unknownParam = quote(key) // of an objective that is unknown, too: that matters more
			fallthrough
		case k != 0:
			return p.in.skip()
		case named:
			return corrupt("the key %s is there twice", quote(key))
		}
		named = true
		return p.at("name", 0, func() (err error) {
			l.objective, err = p.in.text()
			return err
		})
	})
	if err == nil && !named {
		err = corrupt("the key %s is missing", quote(objectiveKeys[0]))
	}
	return err
}

// outputs is how many margins a row has.
func (l *learner) outputs() int { return int(max(l.classes, l.targets, 1)) }

// finishFeatures makes the features, but for their categories.
func (p *parser) finishFeatures() error {
	l, f := &p.learner, &p.forest
	f.Features = make([]forest.Feature, l.features)
	for key, list := range map[string][]string{"feature_names": l.names, "feature_types": l.types} {
		if n := int64(len(list)); n != 0 && n != l.features {
			return p.at(key, 0, func() error { return corrupt("%d entries for %d features", n, l.features) })
		}
	}
	seen := make(map[string]bool, len(l.names))
	for i, name := range l.names {
		if seen[name] {
			return p.at("feature_names", 0, func() error {
				return unsupported("rename the columns and train again", "two features are named %s, but columns are found by name", quote(name))
			})
		}
		seen[name] = true
		f.Features[i].Name = name
	}
	for i, kind := range l.types {
		if kind == "c" {
			f.Features[i].Kind = forest.Categorical
		}
	}
	// Files without feature types, and those of a matrix.
	for i := range f.Nodes {
		if nd := &f.Nodes[i]; nd.Op == forest.InSet && uint32(nd.Feature) < uint32(len(f.Features)) {
			f.Features[nd.Feature].Kind = forest.Categorical
		}
	}
	return nil
}

// finishBest sets BestRounds. A file whose rounds were cut after early stopping can still name a round that is gone.
func (p *parser) finishBest() {
	if n := p.learner.best + 1; n > 0 && n <= int64(min(p.forest.Rounds, math.MaxInt32)) {
		p.forest.BestRounds = int(n)
	}
}
