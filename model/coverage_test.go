package model_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/model/forest"
)

// shape is a golden model as it was parsed.
type shape struct {
	name string
	*forest.Forest
	inputs  int
	missing bool // a row lacks a value
	splits  int  // trees that split
	deepest int  // splits above the deepest leaf that a row falls into, if there are leaves 30 deep; else 0
}

// says is whether the objective holds one of the words. Files that do not say what a model was trained for (ONNX, and in part
// LightGBM's dumps) are known by the case's name.
func (s *shape) says(words ...string) bool {
	text := strings.ToLower(s.Objective)
	if s.Format == "onnx" {
		text = s.name
	}
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) })
}

// node is whether some node is so, and a row lacks a value.
func (s *shape) node(missing forest.Missing, left bool) bool {
	return s.missing && slices.ContainsFunc(s.Nodes, func(n forest.Node) bool { return n.Missing == missing && n.DefaultLeft == left })
}

// kinds are those of issue 4, and how a model shows that it is one.
var kinds = []struct {
	name string
	is   func(s *shape) bool
}{
	{"binary", func(s *shape) bool { return s.Task == forest.TaskBinary }},
	{"multiclass", func(s *shape) bool { return s.Task == forest.TaskMulticlass && s.Outputs > 2 }},
	{"regression", func(s *shape) bool { return s.Task == forest.TaskRegression && s.Outputs == 1 }},
	{"ranking", func(s *shape) bool { return s.Task == forest.TaskRanking || s.says("ranking") }},
	{"quantile", func(s *shape) bool { return s.says("quantile") }},
	{"poisson", func(s *shape) bool { return s.says("poisson") }},
	{"gamma", func(s *shape) bool { return s.says("gamma") }},
	{"tweedie", func(s *shape) bool { return s.says("tweedie") }},
	{"survival", func(s *shape) bool { return s.says("cox", "survival") }},
	{"DART", func(s *shape) bool {
		return s.Booster == "dart" || s.Booster == "" && strings.Contains(s.name, "dart")
	}},
	{"random forest", func(s *shape) bool {
		return s.Booster == "rf" || s.Average == forest.AverageMargin || s.says("forest_")
	}},
	{"categorical", func(s *shape) bool {
		return slices.ContainsFunc(s.Nodes, func(n forest.Node) bool { return n.Op == forest.InSet || n.Op == forest.Equal })
	}},
	{"vector leaves", func(s *shape) bool { return s.LeafWidth > 1 }},
	{"NaN to the left", func(s *shape) bool { return s.node(forest.MissingNaN, true) }},
	{"NaN to the right", func(s *shape) bool { return s.node(forest.MissingNaN, false) }},
	{"0 is missing, left", func(s *shape) bool { return s.node(forest.MissingZero, true) }},
	{"0 is missing, right", func(s *shape) bool { return s.node(forest.MissingZero, false) }},
	{"NaN is 0", func(s *shape) bool {
		return s.missing && slices.ContainsFunc(s.Nodes, func(n forest.Node) bool { return n.Missing == forest.MissingNone && n.Op == forest.LessEqual })
	}},
	{"a tree of one leaf", func(s *shape) bool { return s.splits < len(s.Trees) }},
	{"one tree", func(s *shape) bool { return len(s.Trees) == 1 && s.splits == 1 }},
	{"one feature", func(s *shape) bool { return s.inputs == 1 && s.splits > 0 }},
	{"depth 30", func(s *shape) bool { return s.deepest >= 30 }},
	{"5,000 trees", func(s *shape) bool { return s.splits >= 5000 }},
}

// covered are the formats, with the kinds that must have a case: all but those of without, of which the library has no models,
// or only those of few.
var covered = []struct {
	name, folder string
	names        *regexp.Regexp // of the cases
	without, few []string
}{
	{name: "LightGBM text", folder: "flights", names: newest, without: []string{"survival", "vector leaves"}},
	{name: "LightGBM 3.3 text", folder: "flights", names: regexp.MustCompile("^v3_"), few: v3},
	{name: "LightGBM dump", folder: "lightgbm-dump", names: newest, without: []string{"survival", "vector leaves"}},
	{name: "LightGBM 3.3 dump", folder: "lightgbm-dump", names: regexp.MustCompile("^old_"), few: v3},
	{name: "CatBoost", folder: "catboost", names: newest, without: []string{
		"gamma", "DART", "random forest", "0 is missing, left", "0 is missing, right", "NaN is 0"}},
	{name: "CatBoost 1.2", folder: "catboost", names: regexp.MustCompile("^old_"), few: []string{
		"binary", "multiclass", "regression", "poisson", "categorical", "vector leaves", "NaN to the left", "NaN to the right"}},
	{name: "scikit-learn", folder: "sklearn", names: newest, without: notSklearn},
	{name: "scikit-learn 1.3", folder: "sklearn", names: regexp.MustCompile("^v13_"), without: append([]string{"5,000 trees"}, notSklearn...)},
	{name: "ONNX", folder: "onnx", names: regexp.MustCompile(""), without: []string{"0 is missing, left", "0 is missing, right", "NaN is 0"}},
}

var (
	// newest are the names that do not begin with old_ or v3_.
	newest     = regexp.MustCompile(`^([^ov]|o[^l]|v[^0-9])`)
	v3         = []string{"binary", "multiclass", "regression", "random forest", "categorical", "NaN to the left", "NaN to the right", "NaN is 0"}
	notSklearn = []string{"ranking", "tweedie", "survival", "DART", "0 is missing, left", "0 is missing, right", "NaN is 0"}
)

// TestCoverage: every format has golden models of every kind that it can hold, by what the parsed models are. With -v it prints
// how many.
func TestCoverage(t *testing.T) {
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "kind")
	shapes := map[string][]*shape{}
	for _, f := range covered {
		fmt.Fprintf(w, "\t%s", f.name)
		if shapes[f.folder] == nil {
			shapes[f.folder] = folderShapes(t, f.folder)
		}
	}
	for _, k := range kinds {
		fmt.Fprintf(w, "\n%s", k.name)
		for _, f := range covered {
			n := 0
			for _, s := range shapes[f.folder] {
				if f.names.MatchString(s.name) && k.is(s) {
					n++
				}
			}
			fmt.Fprintf(w, "\t%d", n)
			without := slices.Contains(f.without, k.name)
			if n == 0 && (f.few == nil && !without || slices.Contains(f.few, k.name)) {
				t.Errorf("%s: no golden model of the kind %q", f.name, k.name)
			}
			if n > 0 && without {
				t.Errorf("%s: %d golden models of the kind %q, of which there are none", f.name, n, k.name)
			}
		}
	}
	w.Flush()
	t.Logf("\n%s", &table)
}

// folderShapes parses all golden models of a folder.
func folderShapes(t *testing.T, folder string) (all []*shape) {
	if folder == "flights" {
		for _, g := range golden.Models(t) {
			if refused[g.Name] == "" {
				all = append(all, shapeOf(t, g.Name, load(t, g, "reference"), wanted(t, g), rename(g)))
			}
		}
		return all
	}
	for _, c := range golden.Cases(t, folder) {
		m, err := model.Load(context.Background(), c.Path(), model.Options{Features: c.Features, Trees: c.Trees, Raw: c.Raw})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, shapeOf(t, c.Name, m, caseRecord(c.Columns(t)), nil))
	}
	return all
}

func shapeOf(t *testing.T, name string, m *model.Model, rows arrow.RecordBatch, rename map[string]string) *shape {
	s := &shape{name: name, Forest: m.Forest()}
	inputs, err := m.Inputs(rename)
	if err != nil {
		t.Fatal(err)
	}
	s.inputs = len(inputs)
	for _, in := range inputs {
		for _, i := range rows.Schema().FieldIndices(in.Column) {
			s.missing = s.missing || rows.Column(i).NullN() > 0 || hasNaN(rows.Column(i))
		}
	}
	depths := leafDepths(s.Forest)
	for _, tree := range s.Trees {
		if tree.NumNodes > 0 {
			s.splits++
		}
	}
	if slices.Max(depths) >= 30 {
		s.deepest = deepest(t, m, depths, rows, rename)
	}
	return s
}

func hasNaN(c arrow.Array) bool {
	f, ok := c.(*array.Float64)
	return ok && slices.ContainsFunc(f.Float64Values(), func(v float64) bool { return v != v })
}

// leafDepths gives how many splits there are above each leaf.
func leafDepths(f *forest.Forest) []int {
	depths := make([]int, len(f.Leaves)/f.LeafWidth)
	for _, tree := range f.Trees {
		var walk func(child int32, depth int)
		walk = func(child int32, depth int) {
			if child < 0 {
				depths[tree.FirstLeaf+^child] = depth
				return
			}
			walk(f.Nodes[child].Left, depth+1)
			walk(f.Nodes[child].Right, depth+1)
		}
		walk(tree.Root, 0)
	}
	return depths
}

// deepest gives the depth of the deepest leaf that a row falls into.
func deepest(t *testing.T, m *model.Model, depths []int, rows arrow.RecordBatch, rename map[string]string) (most int) {
	b, err := m.Bind(rows.Schema(), rename)
	if err != nil {
		t.Fatal(err)
	}
	f, s := m.Forest(), model.Scores{Want: model.WantLeaf}
	if err := b.Score(rows, &s); err != nil {
		t.Fatal(err)
	}
	for i, leaf := range s.Leaf {
		tree := f.Trees[i%len(f.Trees)]
		if f.LeafIDs != nil {
			leaf = int32(slices.Index(f.LeafIDs[tree.FirstLeaf:tree.FirstLeaf+tree.NumLeaves], leaf))
		}
		most = max(most, depths[tree.FirstLeaf+leaf])
	}
	return most
}
