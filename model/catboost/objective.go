package catboost

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/internal/jsonread"
)

// objective says what CatBoostClassifier.predict_proba, CatBoostRegressor.predict or CatBoostRanker.predict makes of
// margins.
type objective struct {
	link forest.LinkKind
	task forest.Task
	outs outs
}

// outs is how many margins an objective can have.
type outs uint8

const (
	one outs = iota
	two
	many // two at least
	some // one at least
)

var objectives = map[string]objective{
	"RMSE":           {},
	"MAE":            {},
	"MAPE":           {},
	"Quantile":       {},
	"GroupQuantile":  {},
	"LogLinQuantile": {},
	"Expectile":      {},
	"Huber":          {},
	"LogCosh":        {},
	"Lq":             {},
	"Cox":            {},
	"SurvivalAft":    {},

	"MultiQuantile":              {outs: some},
	"MultiRMSE":                  {outs: some},
	"MultiRMSEWithMissingValues": {outs: some},
	"RMSEWithUncertainty":        {link: forest.MeanVariance, outs: two},

	"Poisson": {link: forest.FastExp},
	"Tweedie": {link: forest.FastExp},

	"Logloss":            {link: forest.Sigmoid, task: forest.TaskBinary},
	"CrossEntropy":       {link: forest.Sigmoid, task: forest.TaskBinary},
	"Focal":              {link: forest.Sigmoid, task: forest.TaskBinary},
	"MultiClass":         {link: forest.FastSoftmax, task: forest.TaskMulticlass, outs: many},
	"MultiClassOneVsAll": {link: forest.Sigmoid, task: forest.TaskMulticlass, outs: many},
	"MultiLogloss":       {link: forest.Sigmoid, outs: many},
	"MultiCrossEntropy":  {link: forest.Sigmoid, outs: many},

	"QueryRMSE":         {task: forest.TaskRanking},
	"QuerySoftMax":      {task: forest.TaskRanking},
	"QueryCrossEntropy": {task: forest.TaskRanking},
	"PairLogit":         {task: forest.TaskRanking},
	"PairLogitPairwise": {task: forest.TaskRanking},
	"YetiRank":          {task: forest.TaskRanking},
	"YetiRankPairwise":  {task: forest.TaskRanking},
	"LambdaMart":        {task: forest.TaskRanking},
	"StochasticFilter":  {task: forest.TaskRanking},
	"StochasticRank":    {task: forest.TaskRanking},
}

// describe sets what model_info says: version, objective, link, task, classes.
func (c *content) describe(f *forest.Forest) error {
	for _, key := range []string{"params", "loss_function", "class_params"} {
		if text := c.info[key]; text != "" && !jsonread.Valid([]byte(text)) {
			return corrupt("model_info."+key, "is not JSON, or has a key twice")
		}
	}
	f.Version = version(c.info["catboost_version_info"])
	var params struct {
		Loss    json.RawMessage `json:"loss_function"`
		Options struct {
			Type string `json:"boosting_type"`
		} `json:"boosting_options"`
	}
	if text := c.info["params"]; text != "" {
		if err := json.Unmarshal([]byte(text), &params); err != nil {
			return corrupt("model_info.params", "%v", err)
		}
	}
	f.Booster = params.Options.Type
	loss := []byte(c.info["loss_function"])
	if len(loss) == 0 {
		loss = params.Loss
	}
	name, err := c.objective(f, loss)
	if err != nil {
		return err
	}
	o, ok := objectives[name]
	if !ok {
		f.Link.Kind = forest.LinkUnknown
		return nil
	}
	k := f.Outputs
	if o.outs == one && k != 1 || o.outs == two && k != 2 || o.outs == many && k < 2 {
		return corrupt("model_info", "the loss function %s with %d outputs", name, k)
	}
	f.Link.Kind, f.Task = o.link, o.task
	if o.link == forest.Sigmoid {
		f.Link.Param = 1
	}
	if err := c.classes(f); err != nil {
		return err
	}
	if p := c.info["binclass_probability_threshold"]; f.Task == forest.TaskBinary && p != "" {
		f.NoClass = fmt.Sprintf("the model file has a probability threshold of its own, %.20s, not 0.5", p)
	}
	return nil
}

// objective sets Forest.Objective as CatBoost has it as a parameter, "Quantile:alpha=0.9", and gives its name.
func (c *content) objective(f *forest.Forest, text []byte) (string, error) {
	if len(text) == 0 {
		return "", nil
	}
	var loss struct {
		Type   string
		Params map[string]any
	}
	if err := json.Unmarshal(text, &loss); err != nil {
		return "", corrupt("model_info.loss_function", "%v", err)
	}
	f.Objective = loss.Type
	keys := make([]string, 0, len(loss.Params))
	for k := range loss.Params {
		if !strings.HasPrefix(k, "__") {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for i, k := range keys {
		sep := ";"
		if i == 0 {
			sep = ":"
		}
		f.Objective += fmt.Sprintf("%s%s=%v", sep, k, loss.Params[k])
	}
	return loss.Type, nil
}

// classes sets the classes' labels. CatBoost numbers classes by class_to_label, and gives those that did not occur in
// training, of which there can be more in class_names, margins of -inf.
func (c *content) classes(f *forest.Forest) error {
	const at = "model_info.class_params"
	text := c.info["class_params"]
	if text == "" || f.Task == forest.TaskRegression || f.Task == forest.TaskRanking {
		return nil
	}
	var p struct {
		Type  string            `json:"class_label_type"`
		Names []json.RawMessage `json:"class_names"`
		Label []json.RawMessage `json:"class_to_label"`
		Count int               `json:"classes_count"`
	}
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return corrupt(at, "%v", err)
	}
	n := max(2, f.Outputs)
	if more := max(len(p.Names), p.Count); more > n {
		return unsupported(at, "train without class_names and classes_count, or with rows of every class",
			"%d classes, of which %d did not occur in training", more, more-n)
	}
	for i, l := range p.Label {
		if v, err := strconv.ParseFloat(string(l), 64); err != nil || v != float64(i) || len(p.Label) != n {
			return unsupported(at, unknown, "class_to_label is not 0, 1, 2, ... for %d classes", n)
		}
	}
	if len(p.Names) == 0 {
		return nil
	}
	if len(p.Names) != n {
		return corrupt(at, "%d names for %d classes", len(p.Names), n)
	}
	for _, raw := range p.Names {
		f.Classes = append(f.Classes, label(raw))
	}
	return nil
}

// label gives a class's name as Python prints it.
func label(raw json.RawMessage) string {
	var s string
	switch {
	case string(raw) == "true":
		return "True"
	case string(raw) == "false":
		return "False"
	case json.Unmarshal(raw, &s) == nil:
		return s
	}
	return string(raw)
}

var release = regexp.MustCompile(`CatBoost release ([0-9][0-9a-z.]*)|tags/v([0-9][0-9a-z.]*)`)

// version finds the release in catboost_version_info; "" if it does not say.
func version(info string) string {
	m := release.FindStringSubmatch(info)
	if m == nil {
		return ""
	}
	return strings.TrimSuffix(m[1]+m[2], ".")
}
