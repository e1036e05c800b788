package lightgbm

import (
	"strings"

	"github.com/glulam/glulam/model/forest"
)

// objective says what LightGBM's ObjectiveFunction::ConvertOutput does, and with which parameters the objective's line can
// come.
type objective struct {
	link forest.LinkKind
	task forest.Task
	// params are those that the line must have ("sigmoid") or may have ("sqrt?").
	params []string
}

var objectives = map[string]objective{
	"regression":           {link: forest.Identity, params: []string{"sqrt?"}},
	"regression_l1":        {link: forest.Identity, params: []string{"sqrt?"}},
	"fair":                 {link: forest.Identity, params: []string{"sqrt?"}},
	"quantile":             {link: forest.Identity, params: []string{"sqrt?"}},
	"mape":                 {link: forest.Identity, params: []string{"sqrt?"}},
	"huber":                {link: forest.Identity},
	"poisson":              {link: forest.Exp},
	"gamma":                {link: forest.Exp},
	"tweedie":              {link: forest.Exp, params: []string{"tweedie_variance_power?"}},
	"binary":               {link: forest.Sigmoid, task: forest.TaskBinary, params: []string{"sigmoid"}},
	"multiclass":           {link: forest.Softmax, task: forest.TaskMulticlass, params: []string{"num_class"}},
	"multiclassova":        {link: forest.Sigmoid, task: forest.TaskMulticlass, params: []string{"num_class", "sigmoid"}},
	"cross_entropy":        {link: forest.Sigmoid},
	"cross_entropy_lambda": {link: forest.Log1pExp},
	"lambdarank":           {link: forest.Identity, task: forest.TaskRanking},
	"rank_xendcg":          {link: forest.Identity, task: forest.TaskRanking},
	"custom":               {link: forest.Identity}, // margins, whatever the user makes of them
}

// aliases are the names that LightGBM takes for others when the line is nothing but the name (ParseObjectiveAlias). Files
// of 2.x have xentropy and xentlambda.
var aliases = map[string]string{
	"regression_l2": "regression", "mean_squared_error": "regression", "mse": "regression", "l2": "regression",
	"l2_root": "regression", "root_mean_squared_error": "regression", "rmse": "regression",
	"mean_absolute_error": "regression_l1", "l1": "regression_l1", "mae": "regression_l1",
	"mean_absolute_percentage_error": "mape",
	"xentropy":                       "cross_entropy", "xentlambda": "cross_entropy_lambda",
	"xendcg": "rank_xendcg", "xe_ndcg": "rank_xendcg", "xe_ndcg_mart": "rank_xendcg", "xendcg_mart": "rank_xendcg",
	"none": "custom", "null": "custom", "na": "custom",
}

// readObjective sets Link and Task. A file without an objective is one of a custom objective: its predictions are its
// margins.
func (p *parser) readObjective() error {
	f := &p.forest
	v, ok := p.head["objective"]
	if !ok {
		return nil
	}
	name, params, _ := strings.Cut(v.text, " ")
	if full, ok := aliases[v.text]; ok {
		name = full
	}
	o, ok := objectives[name]
	if !ok {
		return p.unsupported(v, "use a newer glulam, or train with a known objective", "unknown objective %s: what its margins mean is not known", quote(name))
	}
	f.Objective = strings.Clone(v.text)
	f.Link = forest.Link{Kind: o.link}
	f.Task = o.task
	if name == "cross_entropy" {
		f.Link.Param = 1
	}
	given := map[string]bool{}
	if err := words(params, func(_ int, word string) error { return p.readParam(v, o, given, word) }); err != nil {
		return err
	}
	for _, key := range o.params {
		if !strings.HasSuffix(key, "?") && !given[key] {
			return p.corrupt(v, "%s is missing in %s", key, quote(v.text))
		}
	}
	if o.task == forest.TaskMulticlass && f.Outputs < 2 {
		return p.corrupt(v, "%s with num_class=%d", name, f.Outputs)
	}
	if o.task != forest.TaskMulticlass && name != "custom" && f.Outputs != 1 {
		return p.corrupt(v, "%s with num_class=%d", name, f.Outputs)
	}
	return nil
}

// readParam reads one parameter of the objective's line, "key:value" or "sqrt".
func (p *parser) readParam(v field, o objective, given map[string]bool, word string) error {
	f := &p.forest
	key, text, _ := strings.Cut(word, ":")
	if !o.takes(key) {
		return p.unsupported(v, "use a newer glulam, or train without it", "unknown parameter %s: it may change the predictions", quote(word))
	}
	if given[key] {
		return p.corrupt(v, "%s is there twice", key)
	}
	given[key] = true
	switch key {
	case "sqrt":
		if word != key {
			return p.corrupt(v, "%s is not sqrt", quote(word))
		}
		f.Link.Kind = forest.SignedSquare
	case "sigmoid":
		scale, ok := atof(text)
		if !ok || !(scale > 0) {
			return p.corrupt(v, "the sigmoid's scale is %s, not a positive number", quote(text))
		}
		f.Link.Param = scale
	case "num_class":
		if n, ok := parseInt(text); !ok || n != int64(f.Outputs) {
			return p.corrupt(v, "%s does not agree with num_class=%d", quote(word), f.Outputs)
		}
	}
	return nil
}

func (o objective) takes(key string) bool {
	for _, k := range o.params {
		if strings.TrimSuffix(k, "?") == key {
			return true
		}
	}
	return false
}
