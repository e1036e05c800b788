package xgboost

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/model/forest"
)

// registered are the objectives that XGBoost 3.4.1 registers; those of 1.0 to 3.3 are among them.
var registered = []string{"binary:hinge", "binary:logistic", "binary:logitraw", "count:poisson", "multi:softmax", "multi:softprob",
	"rank:map", "rank:ndcg", "rank:pairwise", "reg:absoluteerror", "reg:expectileerror", "reg:gamma", "reg:linear", "reg:logistic",
	"reg:pseudohubererror", "reg:quantileerror", "reg:squarederror", "reg:squaredlogerror", "reg:tweedie", "survival:aft", "survival:cox"}

// TestObjectives holds that each objective of XGBoost is read, and has a case that XGBoost has made; reg:linear is only an
// old name.
func TestObjectives(t *testing.T) {
	has := map[string]bool{"reg:linear": true}
	for _, c := range golden.Cases(t, "xgboost") {
		data, err := os.ReadFile(c.Path())
		if err != nil {
			t.Fatal(err)
		}
		f, _, err := Parse(data, c.Model)
		if err != nil {
			t.Fatal(err)
		}
		has[f.Objective] = true
	}
	for _, name := range registered {
		if _, ok := objectives[name]; !ok || !has[name] {
			t.Errorf("%s: known %v, with a case %v", name, ok, has[name])
		}
	}
	for name := range objectives {
		if !slices.Contains(registered, name) {
			t.Errorf("%s is none of XGBoost's", name)
		}
	}
}

// TestUnknownObjective holds that the way around that the error shows is one.
func TestUnknownObjective(t *testing.T) {
	_, _, err := Parse(change(t, `reg:squarederror => reg:mine`), "model")
	if fault.CodeOf(err) != fault.Unsupported || !strings.Contains(err.Error(), `{"name": "reg:squarederror"}`) {
		t.Fatal(err)
	}
	f, _, err := Parse(change(t, `{"name":"reg:squarederror","reg_loss_param":{"scale_pos_weight":"1"}} => {"name": "reg:squarederror"}`), "model")
	if err != nil || f.Base[0] != 0.5 || f.Link.Kind != forest.Identity {
		t.Errorf("%+v, %v", f, err)
	}
}

// TestUnfitted holds when XGBoost takes base_score for a margin: each base here was measured with 3.4.1 on such a file.
func TestUnfitted(t *testing.T) {
	none := []string{`"num_trees":"1" => "num_trees":"0"`, `"iteration_indptr":[0,1] => "iteration_indptr":[0]`, `"tree_info":[0] => "tree_info":[]`,
		"reg:squarederror => binary:logistic", `"5E-1" => "[2.5E-1]"`, small[strings.Index(small, `"trees":[`):strings.Index(small, `},"name":"gbtree"}`)] + ` => "trees":[]`}
	for _, c := range []struct {
		edits []string
		want  float32
	}{
		{nil, 0.25},
		{[]string{`"boost_from_average":"1" => "boost_from_average":"0"`}, -logf(3)},
		{[]string{`"boost_from_average":"1", => `}, 0.25},
		{[]string{`"iteration_indptr":[0], => `, "[2,1,4] => [1,7,6]"}, -logf(3)}, // 3.4.1 does not read this; 1.7.6 does
	} {
		f, _, err := Parse(change(t, append(none, c.edits...)...), "model")
		if err != nil {
			t.Error(c.edits, err)
		} else if f.Base[0] != float64(c.want) {
			t.Errorf("%v: base %v, want %v", c.edits, f.Base[0], c.want)
		}
	}
}

// TestLarge holds that the goldens have a tree of depth 30 and a model of 5,000 trees.
func TestLarge(t *testing.T) {
	for name, want := range map[string][2]int{"deep.ubj": {1, 30}, "many_trees.json": {5000, 1}} {
		data, err := os.ReadFile(goldens + name)
		if err != nil {
			t.Fatal(err)
		}
		f, _, err := Parse(data, name)
		if err != nil {
			t.Fatal(err)
		}
		depth := 0
		var walk func(node int32, at int)
		walk = func(node int32, at int) {
			if node < 0 {
				depth = max(depth, at)
				return
			}
			walk(f.Nodes[node].Left, at+1)
			walk(f.Nodes[node].Right, at+1)
		}
		for _, tree := range f.Trees {
			walk(tree.Root, 0)
		}
		if got := [2]int{len(f.Trees), depth}; got != want {
			t.Errorf("%s: %d trees of depth %d, want %v", name, got[0], got[1], want)
		}
	}
}
