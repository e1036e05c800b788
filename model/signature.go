package model

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/prep"
)

// Signature describes a model: what it is, what it takes and what it gives. It is what `glulam inspect` shows.
type Signature struct {
	Name      string `json:"name"`
	Digest    string `json:"digest"`
	Format    string `json:"format"`
	Version   string `json:"version"`
	Objective string `json:"objective"`
	Booster   string `json:"booster,omitempty"`
	Task      string `json:"task"`
	Link      string `json:"link"`
	Engine    string `json:"engine"`

	Trees      int       `json:"trees"`
	Rounds     int       `json:"rounds"`
	BestRounds int       `json:"best_rounds,omitempty"` // what early stopping found
	Nodes      int       `json:"nodes"`
	Leaves     int       `json:"leaves"`
	MaxDepth   int       `json:"max_depth"`
	Linear     bool      `json:"linear_leaves,omitempty"`
	Terms      bool      `json:"linear_terms,omitempty"` // the model is a sum of linear terms
	Averaged   bool      `json:"averaged,omitempty"`
	Base       []float64 `json:"base_score,omitempty"`
	Scale      float64   `json:"scale,omitempty"` // of the sum of all trees; Bias is added then
	Bias       []float64 `json:"bias,omitempty"`

	// Steps are what is done to the columns before the trees see them, in the order in which each is first done; nil: nothing.
	Steps    []StepInfo    `json:"steps,omitempty"`
	Features []FeatureInfo `json:"features"`
	Outputs  []string      `json:"outputs"`           // the columns of `--outputs prediction`
	Classes  []string      `json:"classes,omitempty"` // labels of the classes
	// NoClass says why predictions of a classifier have no class: see forest.Forest.
	NoClass string      `json:"no_class,omitempty"`
	Bundle  *BundleInfo `json:"bundle,omitempty"` // what came beside the model file
}

// StepInfo counts one kind of step before the trees.
type StepInfo struct {
	Step  string `json:"step"` // "fill missing": see prep.Op
	Count int    `json:"count"`
}

// FeatureInfo describes one feature.
type FeatureInfo struct {
	Name       string `json:"name"`
	Kind       string `json:"kind"` // "number", "category"
	Used       bool   `json:"used"` // some tree looks at it
	Categories []any  `json:"categories,omitempty"`
	// Codes: the column has to hold the codes of the training data's categories, whose values the model does not have.
	// LastCode is the largest that a split names.
	Codes      bool     `json:"codes,omitempty"`
	LastCode   *int64   `json:"last_code,omitempty"`
	Thresholds int      `json:"splits"` // splits on it over all trees
	Min        *float64 `json:"min_threshold,omitempty"`
	Max        *float64 `json:"max_threshold,omitempty"`
}

var (
	taskNames = [...]string{forest.TaskRegression: "regression", forest.TaskBinary: "binary", forest.TaskMulticlass: "multiclass", forest.TaskRanking: "ranking"}
	linkNames = [...]string{forest.Identity: "identity", forest.Sigmoid: "sigmoid", forest.Softmax: "softmax", forest.Exp: "exp", forest.SignedSquare: "signed square", forest.Log1pExp: "log1p(exp)",
		forest.Sigmoid32: "sigmoid", forest.Softmax32: "softmax", forest.Exp32: "exp", forest.Step: "step", forest.ArgMax: "arg-max", forest.FastExp: "exp", forest.FastSoftmax: "softmax", forest.MeanVariance: "mean and variance", forest.Isolation: "isolation score", forest.Sorted: "sorted outputs", forest.Expectiles: "sums of softplus", forest.LinkUnknown: "unknown",
		forest.OnnxRound: "float32", forest.OnnxLogistic: "sigmoid", forest.OnnxSoftmax: "softmax", forest.OnnxSoftmaxZero: "softmax of what is not zero", forest.OnnxProbit: "probit",
		forest.OnnxExp: "exp", forest.OnnxComplement: "complement", forest.OnnxOpposite: "opposite", forest.OnnxLogisticPair: "sigmoid"}
)

// Signature describes the model. It walks the whole forest: not for a hot path.
func (m *Model) Signature() Signature {
	f := m.forest
	s := Signature{
		Name: m.name, Digest: m.digest, Format: f.Format, Version: f.Version, Objective: f.Objective, Booster: f.Booster,
		Task: taskNames[f.Task], Link: linkNames[f.Link.Kind], Engine: m.Engine(),
		Trees: len(f.Trees), Rounds: f.Rounds, Nodes: len(f.Nodes), Leaves: len(f.Leaves) / f.LeafWidth, MaxDepth: depth(f),
		Linear: f.Linear != nil, Terms: f.Terms != nil, Averaged: f.Average != forest.AverageNone, Base: f.Base, Scale: f.Scale, Bias: f.Bias,
		Outputs: OutputNames("prediction", f.PredictionWidth()),
		Classes: f.Classes, BestRounds: f.BestRounds,
	}
	splits := make([]int, len(f.Features))
	lo, hi := make([]float64, len(f.Features)), make([]float64, len(f.Features))
	last := make([]int64, len(f.Features))
	for i := range lo {
		lo[i], hi[i], last[i] = math.Inf(1), math.Inf(-1), -1
	}
	for i := range f.Nodes {
		n := &f.Nodes[i]
		splits[n.Feature]++
		if n.Op == forest.InSet {
			last[n.Feature] = max(last[n.Feature], lastOf(f, n.Set))
		} else {
			lo[n.Feature], hi[n.Feature] = min(lo[n.Feature], n.Threshold), max(hi[n.Feature], n.Threshold)
		}
	}
	for i, ft := range f.Features {
		info := FeatureInfo{Name: ft.Name, Kind: "number", Used: ft.Used, Thresholds: splits[i]}
		if ft.Kind == forest.Categorical || ft.Categories != nil {
			info.Kind = "category"
		}
		if c := ft.Categories; c != nil {
			info.Categories = categoryValues(c)
		}
		if info.Codes = ft.Codes; ft.Codes && last[i] >= 0 {
			info.LastCode = &last[i]
		}
		if lo[i] <= hi[i] && info.Kind == "number" && !math.IsInf(lo[i], 0) && !math.IsInf(hi[i], 0) {
			info.Min, info.Max = &lo[i], &hi[i]
		}
		s.Features = append(s.Features, info)
	}
	s.Bundle = m.bundleInfo()
	if !m.HasClass() {
		s.NoClass = f.NoClass
	}
	if m.prep != nil {
		s.Features = m.inputInfo(s.Features)
		s.Steps = stepInfo(m.prep)
	}
	return s
}

func stepInfo(g *prep.Graph) (infos []StepInfo) {
	at := map[prep.Op]int{}
	for i := range g.Steps {
		op := g.Steps[i].Op
		if _, ok := at[op]; !ok {
			at[op] = len(infos)
			infos = append(infos, StepInfo{Step: op.String()})
		}
		infos[at[op]].Count++
	}
	return infos
}

// inputInfo describes the inputs of a model that does something to them before its trees; features are those of the trees.
func (m *Model) inputInfo(features []FeatureInfo) []FeatureInfo {
	g := m.prep
	inputs := make([]FeatureInfo, len(g.Inputs))
	for i, in := range g.Inputs {
		inputs[i] = FeatureInfo{Name: in.Name, Kind: "number"}
		if in.Texts != nil {
			inputs[i].Kind = "category"
			inputs[i].Categories = categoryValues(&forest.Categories{Text: in.Texts})
		}
	}
	sources := g.Sources()
	for j, f := range features {
		in := &inputs[sources[g.Features[j]]]
		in.Used = in.Used || f.Used
		in.Thresholds += f.Thresholds
		switch c := int(g.Features[j]); {
		case c < len(g.Inputs): // as it came in: what is asked of it is asked of the input
			in.Kind, in.Min, in.Max, in.Codes, in.LastCode = f.Kind, f.Min, f.Max, f.Codes, f.LastCode
		case f.Categories != nil && in.Categories == nil && int(g.Steps[c-len(g.Inputs)].From) < len(g.Inputs): // looked up
			in.Kind, in.Categories = f.Kind, f.Categories
		}
	}
	return inputs
}

// lastOf is the largest category of a set; -1: it is empty.
func lastOf(f *forest.Forest, set int32) int64 {
	s := f.Sets[set]
	for i := s.Len - 1; i >= 0; i-- {
		if w := f.Words[s.First+i]; w != 0 {
			return int64(i)*32 + int64(bits.Len32(w)) - 1
		}
	}
	return -1
}

// Coded names the features whose columns have to hold the codes of the training data's categories, because the model does
// not have the values (FeatureInfo.Codes). A column of other numbers is scored as codes, and wrong.
func (m *Model) Coded() []string {
	var names []string
	var sources []int32
	if m.prep != nil {
		sources = m.prep.Sources()
	}
	for i := range m.forest.Features {
		f, input := &m.forest.Features[i], i
		if !f.Codes || !f.Used {
			continue
		}
		if m.prep != nil {
			input = int(sources[m.prep.Features[i]])
		}
		names = append(names, *m.inputName(input))
	}
	return names
}

func categoryValues(c *forest.Categories) []any {
	out := make([]any, 0, c.Len())
	for _, v := range c.Text {
		out = append(out, v)
	}
	for _, v := range c.Number {
		out = append(out, v)
	}
	for _, v := range c.Bool {
		out = append(out, v)
	}
	for _, v := range c.Hash {
		out = append(out, fmt.Sprintf("hash %08x", v))
	}
	return out
}

// depth is the number of splits on the longest way to a leaf.
func depth(f *forest.Forest) int {
	type at struct{ node, depth int32 }
	var stack []at
	deepest := int32(0)
	for _, t := range f.Trees {
		stack = append(stack[:0], at{t.Root, 0})
		for len(stack) > 0 {
			a := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			deepest = max(deepest, a.depth)
			if a.node >= 0 {
				n := &f.Nodes[a.node]
				stack = append(stack, at{n.Left, a.depth + 1}, at{n.Right, a.depth + 1})
			}
		}
	}
	return int(deepest)
}
