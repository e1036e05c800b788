package score

import (
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/model/forest"
)

// Options say what to score with and what to put out. They travel to the workers as JSON.
type Options struct {
	// Model is the path of the model file or bundle, readable on every worker.
	Model string
	// Digest, when not "", is the digest that the model must have (model.Model.Digest): a worker that finds another file
	// under the path fails instead of scoring with it.
	Digest string
	// Engine, Features, Trees and Raw are as in model.Options; Rename maps feature to column as in model.Model.Bind.
	Engine   string
	Features []string
	Trees    string
	Raw      bool
	Rename   map[string]string
	// Outputs lists what to add, in this order, of OutputKinds. Default: margin if Raw is set, else what the model's bundle
	// says, else prediction.
	Outputs []string
	// Keep lists the columns of the block to pass on, in the block's order. nil: all that are not marked with
	// block.MetaFeature. Empty but not nil: none. Rows as they came, and what begins their outputs, are always passed on.
	Keep []string
	// Missing asks for which rows miss which features (Block.Missing).
	Missing bool

	// Derive lists rules "name = expression" (see package rules) that are evaluated before scoring, one after another. Each adds a
	// column, or replaces the one of its name, that later rules and the model read. It is kept as Keep says: nil keeps it.
	Derive []string
	// Decide lists rules "name = expression", or just expressions, that are evaluated after scoring. They add columns behind the
	// outputs, "decision" where there is no name, and may name the outputs, also those that are not put out.
	Decide []string

	// Refresh, when not 0, is how often the model's files are looked at while the run goes on, give or take a tenth. A new model
	// there is loaded beside the one that serves, checked, and takes its place between two blocks, as doc.go says. Digest is then that of the
	// model at the start.
	Refresh time.Duration
	// MaxLoad is how long loading a new model may take, and MaxSlowdown how many times as long as the one that serves it may
	// take for the rows of a block, up to 256 of the last one that came by; a slower one is refused. 0 is no limit.
	MaxLoad     time.Duration
	MaxSlowdown float64
	// Run names the run that refreshing belongs to, for StopRefresh and RefreshOf.
	Run string
}

// MinRefresh is the smallest Options.Refresh that is not 0.
const MinRefresh = time.Millisecond

// OutputKinds are the values of Options.Outputs:
//
//   - prediction: what the training library's predict gives: one float64 column "prediction", or "prediction_0" to
//     "prediction_{K-1}" for a model of K outputs;
//   - margin: the raw scores likewise;
//   - class: one int32 column "class", the arg-max or the 0.5 decision; only for classifiers;
//   - leaf: int32 columns "leaf_0" to "leaf_{T-1}", one a tree (just "leaf" for a single tree): the library's leaf indices;
//   - model: the model's digest, utf8;
//   - origin: columns "origin_file", "origin_row", "origin_offset".
var OutputKinds = []string{"prediction", "margin", "class", "leaf", "model", "origin"}

func (o *Options) outputs() []string {
	if len(o.Outputs) == 0 && o.Raw {
		return []string{"margin"}
	}
	if len(o.Outputs) == 0 {
		return []string{"prediction"}
	}
	return o.Outputs
}

// Check says whether the outputs can be had of m.
func (o *Options) Check(m *model.Model) error {
	for i, k := range o.outputs() {
		if !slices.Contains(OutputKinds, k) {
			return fault.New(fault.Usage, "--outputs", "%q is none of %s", k, strings.Join(OutputKinds, ", "))
		}
		if slices.Contains(o.outputs()[:i], k) {
			return fault.New(fault.Usage, "--outputs", "%q is asked for twice", k)
		}
		if o.Raw && (k == "prediction" || k == "class") {
			return fault.New(fault.Usage, "--outputs", "raw asks for margins only, outputs for %s", k).WithHint("leave one of --raw and --outputs %s out", k)
		}
		if k == "prediction" && m.Forest().Link.Kind == forest.LinkUnknown {
			return fault.New(fault.Usage, "--outputs", "a model with objective %q has margins only", m.Forest().Objective).WithHint("ask for margin")
		}
		if k == "class" && !m.HasClass() {
			e := m.NoClass()
			e.Source = "--outputs"
			return e
		}
	}
	if err := o.checkRefresh(); err != nil {
		return err
	}
	return o.checkRules(m)
}

func (o *Options) checkRefresh() error {
	switch {
	case o.Refresh < 0 || o.Refresh > 0 && o.Refresh < MinRefresh:
		return fault.New(fault.Usage, "--refresh", "%s: at least %s, or 0 for never", o.Refresh, MinRefresh)
	case o.MaxLoad < 0:
		return fault.New(fault.Usage, "--max-load", "%s is less than nothing", o.MaxLoad)
	case o.MaxSlowdown != 0 && !(o.MaxSlowdown >= 1):
		return fault.New(fault.Usage, "--max-slowdown", "%v: from 1 on, or 0 for no limit", o.MaxSlowdown)
	}
	return nil
}

// Fields lists the columns that scoring with m adds: columns of Derive that are kept, outputs, and columns of Decide. The types of
// rules' columns are Null where they depend on what comes in.
func (o *Options) Fields(m *model.Model) []arrow.Field {
	derived, decided := o.ruleFields(m)
	return slices.Concat(derived, o.added(m), decided)
}

// added are the outputs' columns.
func (o *Options) added(m *model.Model) []arrow.Field {
	var fields []arrow.Field
	add := func(t arrow.DataType, names ...string) {
		for _, n := range names {
			fields = append(fields, arrow.Field{Name: n, Type: t})
		}
	}
	for _, k := range o.outputs() {
		switch k {
		case "prediction":
			add(arrow.PrimitiveTypes.Float64, model.OutputNames(k, m.Predictions())...)
		case "margin":
			add(arrow.PrimitiveTypes.Float64, model.OutputNames(k, m.Outputs())...)
		case "class":
			add(arrow.PrimitiveTypes.Int32, "class")
		case "leaf":
			add(arrow.PrimitiveTypes.Int32, model.OutputNames(k, len(m.Forest().Trees))...)
		case "model":
			add(arrow.BinaryTypes.String, "model")
		case "origin":
			add(arrow.BinaryTypes.String, "origin_file")
			add(arrow.PrimitiveTypes.Int64, "origin_row", "origin_offset")
		}
	}
	return fields
}

func (o *Options) want() model.Want {
	var w model.Want
	for _, k := range o.outputs() {
		switch k {
		case "prediction":
			w |= model.WantPrediction
		case "margin":
			w |= model.WantMargin
		case "class":
			w |= model.WantClass
		case "leaf":
			w |= model.WantLeaf
		}
	}
	return w
}
