package model

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/bundle"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/parity"
)

// FromBundle makes a model of a bundle and checks it: see Load. What o says wins over the bundle. The bundle is the model's
// afterwards; its files are dropped from it, unless o.Unchecked is set.
func FromBundle(ctx context.Context, b *bundle.Bundle, o Options) (*Model, error) {
	m, err := assemble(b, o)
	if err != nil {
		return nil, err
	}
	if g := b.Golden; g != nil && g.Expected.Name != "" && !o.Unchecked {
		checked := m
		if o.Trees != "" && o.Trees != b.Trees { // golden rows are for what the bundle says
			if checked, err = assemble(b, Options{Features: o.Features, Raw: true}); err != nil {
				return nil, err
			}
			if !sameTrees(checked.forest, m.forest) {
				m.golden = cmp.Or(b.Trees, "all")
			}
		}
		if err := checked.checkGolden(ctx); err != nil {
			return nil, err
		}
		m.off = checked.off
	}
	if !o.Unchecked {
		b.Model = nil
		if b.Golden != nil {
			b.Golden.Rows.Data, b.Golden.Expected.Data = nil, nil
		}
	}
	return m, nil
}

// sameTrees says whether two ranges of rounds of one forest are the same.
func sameTrees(a, b *forest.Forest) bool {
	return slices.Equal(a.Trees, b.Trees) && slices.Equal(a.Nodes, b.Nodes) && slices.Equal(a.Leaves, b.Leaves) && slices.Equal(a.Bias, b.Bias)
}

// assemble makes the model, without checking its golden rows.
func assemble(b *bundle.Bundle, o Options) (*Model, error) {
	given := len(o.Features) > 0
	if !given {
		o.Features = b.Features
	}
	if o.Trees == "" {
		o.Trees = b.Trees
	}
	label := b.Source + "/" + b.ModelFile
	if bundle.Detect(b.Model) {
		return nil, fault.New(fault.Unsupported, label, "the model file is compressed").WithHint("unpack it")
	}
	m, err := parseModel(b.Model, label, o, b)
	if fe := (*fault.Error)(nil); b.Kind == bundle.Glulam && o.Trees == "" && errors.Is(err, errUndecided) && errors.As(err, &fe) {
		fe.Hint = fmt.Sprintf("write trees: best or trees: all into %s", b.Source+"/"+bundle.ManifestName)
	}
	if err != nil {
		return nil, err
	}
	if !given {
		if err := m.match(b); err != nil {
			return nil, err
		}
	}
	m.name = b.Name
	if m.name == "" {
		m.name = modelName(b.Source)
	}
	m.digest, m.bundle = b.Digest, b
	return m, m.checkBundle()
}

// match holds an MLflow signature against the features, and takes names from it where the model has none.
func (m *Model) match(b *bundle.Bundle) error {
	inputs := make([]bundle.Input, m.inputs())
	for i := range inputs {
		inputs[i] = bundle.Input{Name: *m.inputName(i), Text: m.codes[i].isText()}
	}
	nameless := m.nameless()
	if err := b.Match(inputs, nameless); err != nil {
		return err
	}
	if nameless && b.Signature != nil {
		return m.setNames(b.Features)
	}
	return nil
}

// checkBundle holds what a bundle says against the model.
func (m *Model) checkBundle() error {
	f, b := m.forest, m.bundle
	for feature := range b.Rename {
		if !m.has(feature) {
			return b.Fault(fault.Schema, "rename."+feature, "the model has no feature %q", feature).WithHint("rename maps a feature to a column: `feature: column`")
		}
	}
	switch {
	case b.Threshold != nil && (f.Task != forest.TaskBinary || f.PredictionWidth() > 2):
		return b.Fault(fault.Unsupported, "threshold", "only binary models have a threshold, and this one's objective is %q", f.Objective)
	case b.Threshold != nil && f.Link.Kind == forest.LinkUnknown:
		return b.Fault(fault.Unsupported, "threshold", "there is no probability to hold against it: %s", f.WhyNoClass())
	case b.Threshold != nil && !(*b.Threshold >= 0 && *b.Threshold <= 1):
		return b.Fault(fault.Usage, "threshold", "%v is no threshold of a probability: from 0 to 1", *b.Threshold)
	case b.Calibration != nil && (f.Outputs != 1 || f.PredictionWidth() != 1):
		return b.Fault(fault.Unsupported, "calibration", "only models with one output are calibrated, this one has %d", max(f.Outputs, f.PredictionWidth()))
	case slices.Contains(b.Outputs, "class") && !m.HasClass():
		e := m.NoClass()
		return b.Fault(fault.Unsupported, "outputs", "%w", e.Err).WithHint("%s", e.Hint)
	}
	return nil
}

// checkGolden scores the golden rows with every engine.
func (m *Model) checkGolden(ctx context.Context) error {
	b := m.bundle
	report, err := m.Check(ctx, nil)
	if err != nil {
		return err
	}
	if report.Equal() {
		m.off = report.MaxULPs()
		return nil
	}
	const hint = "the numbers of this model cannot be trusted; `glulam check` shows all differences"
	bad := report.Worst()
	switch e := report.Missed(); {
	case bad == nil && e != nil:
		return fault.New(fault.Corrupt, b.Source, "the golden rows do not come out as expected: %d of %d are refused, the first: %s", e.RowsMissed, report.Rows, e.FirstMissed).WithHint(hint)
	case bad == nil:
		return fault.New(fault.Corrupt, b.Source, "the golden rows hold nothing against the model: none of the %d can be scored", report.Rows).WithHint(hint)
	}
	i := slices.IndexFunc(report.Engines, func(e parity.EngineReport) bool {
		return slices.ContainsFunc(e.Outputs, func(o parity.OutputReport) bool { return o.Different > 0 })
	})
	return fault.New(fault.Corrupt, b.Source, "the golden rows do not come out as expected: %d of %d values of %s differ on engine %s, the first in row %d: %v, not %v",
		bad.Different, bad.Values, bad.First.Column, report.Engines[i].Engine, bad.First.Row, float64(bad.First.Got), float64(bad.First.Expected)).
		WithHint(hint)
}

// ErrNoGolden is wrapped by Check's error for a model that has no golden rows.
var ErrNoGolden = errors.New("the model brings no golden rows")

// Check scores the golden rows of a bundle that was loaded with Options.Unchecked with every engine, and compares with what
// its training library gave, or engines with each other where nobody kept that. tol nil is what the bundle says.
func (m *Model) Check(ctx context.Context, tol *parity.Tolerance) (*parity.Report, error) {
	if m.bundle == nil || m.bundle.Golden == nil {
		err := ErrNoGolden
		if m.bundle != nil && m.bundle.NoGolden != "" {
			err = fmt.Errorf("%w: %s", err, m.bundle.NoGolden)
		}
		return nil, &fault.Error{Code: fault.Usage, Source: m.name, Err: err}
	}
	g := m.bundle.Golden
	rows, err := m.goldenTable(ctx, g.Rows)
	if err != nil {
		return nil, err
	}
	var expected *parity.Table
	if g.Expected.Name != "" {
		if expected, err = m.goldenTable(ctx, g.Expected); err != nil {
			return nil, err
		}
	}
	if tol == nil {
		tol = &parity.Tolerance{Prediction: parity.DefaultTolerance.Prediction}
		if g.ULPs != nil {
			tol.Prediction = *g.ULPs
		}
	}
	return parity.Check(ctx, rows, expected, *tol, m.Scorers(nil))
}

func (m *Model) goldenTable(ctx context.Context, f bundle.File) (*parity.Table, error) {
	t, err := parity.Memory(ctx, m.bundle.Source+"/"+f.Name, f.Data)
	if err == nil {
		t.MaxRows = bundle.MaxGoldenRows
	}
	return t, err
}

// BundleInfo describes what came beside a model file.
type BundleInfo struct {
	Kind        string              `json:"kind"` // "glulam bundle" or "MLflow model"
	Version     string              `json:"version,omitempty"`
	Flavor      string              `json:"flavor,omitempty"` // of MLflow
	ModelFile   string              `json:"model_file"`
	Trees       string              `json:"trees,omitempty"`
	Rename      map[string]string   `json:"rename,omitempty"`
	Outputs     []string            `json:"outputs,omitempty"`
	Threshold   *float64            `json:"threshold,omitempty"`
	Calibration *bundle.Calibration `json:"calibration,omitempty"`
	GoldenRows  string              `json:"golden_rows,omitempty"` // file
	Expected    string              `json:"expected,omitempty"`    // file
	// GoldenTrees is the rounds that the golden rows were checked with, where the model was loaded with others.
	GoldenTrees string `json:"golden_trees,omitempty"`
	// GoldenULPs is how far predictions of the golden rows are off at most, in units of the last place; 0: nothing is.
	GoldenULPs uint64        `json:"golden_ulps,omitempty"`
	Provenance []bundle.Note `json:"provenance,omitempty"`
}

func (m *Model) bundleInfo() *BundleInfo {
	b := m.bundle
	if b == nil {
		return nil
	}
	info := &BundleInfo{
		Kind: b.Kind, Version: b.Version, Flavor: b.Flavor, ModelFile: b.ModelFile, Trees: b.Trees, Rename: b.Rename,
		Outputs: b.Outputs, Threshold: b.Threshold, Calibration: b.Calibration, Provenance: b.Provenance,
	}
	if b.Golden != nil {
		info.GoldenRows, info.Expected, info.GoldenTrees = b.Golden.Rows.Name, b.Golden.Expected.Name, m.golden
		info.GoldenULPs = m.off
	}
	return info
}

// Bundle is what came beside the model file; nil: nothing. It must not be changed.
func (m *Model) Bundle() *bundle.Bundle { return m.bundle }

// Nameless says whether the model's inputs have no names, or placeholders for names: Options.Features may give them some.
func (m *Model) Nameless() bool { return m.nameless() }

// HasFeature says whether an input has this name.
func (m *Model) HasFeature(name string) bool { return m.has(name) }

// DefaultOutputs are what a bundle says is to be added by default; nil: nothing.
func (m *Model) DefaultOutputs() []string {
	if m.bundle == nil {
		return nil
	}
	return m.bundle.Outputs
}

// renames are a bundle's, feature to column.
func (m *Model) renames() map[string]string {
	if m.bundle == nil {
		return nil
	}
	return m.bundle.Rename
}

// calibrate replaces predictions by calibrated ones, if the model is.
func (m *Model) calibrate(predictions, margins []float64) {
	if m.bundle == nil || m.bundle.Calibration == nil {
		return
	}
	c := m.bundle.Calibration
	if c.Method == "isotonic" {
		for i, p := range predictions {
			predictions[i] = c.Isotonic(p)
		}
		return
	}
	for i, v := range margins {
		predictions[i] = -(float64(c.A*v) + c.B)
	}
	sigmoid.Predictions(predictions, predictions)
}

// sigmoid has nothing but the link.
var sigmoid = &forest.Forest{Outputs: 1, Rounds: 1, Link: forest.Link{Kind: forest.Sigmoid, Param: 1}}

// HasClass says whether rows have a class: the one of their predictions, or the one that a bundle's threshold makes.
func (m *Model) HasClass() bool {
	return m.bundle != nil && m.bundle.Threshold != nil || m.forest.HasClass()
}

// NoClass is the error for who asks for the class of a model that has none, without a place: why that is so.
func (m *Model) NoClass() *fault.Error {
	e := fault.New(fault.Usage, "", "the model has no class: %s", m.forest.WhyNoClass()).WithHint("ask for prediction or margin")
	switch {
	case m.forest.NoClass == "":
	case m.bundle != nil && m.bundle.Kind == bundle.Glulam:
		e.WithHint("write the threshold that is to count into %s, or ask for prediction", m.bundle.Source+"/"+bundle.ManifestName)
	default:
		e.WithHint("ask for prediction, or make a bundle with the threshold that is to count: glulam bundle --threshold")
	}
	return e
}

// class is the class that a row's predictions stand for.
func (m *Model) class(predictions []float64) int32 {
	if m.bundle == nil || m.bundle.Threshold == nil {
		return m.forest.Class(predictions)
	}
	if predictions[len(predictions)-1] > *m.bundle.Threshold {
		return 1
	}
	return 0
}
