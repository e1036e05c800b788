package xgboost

import (
	"os"
	"strings"
	"testing"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
)

// small is a model of one tree with one split, two features and the objective reg:squarederror.
const small = `{"learner":{"attributes":{},"feature_names":["a","b"],"feature_types":["float","float"],` +
	`"gradient_booster":{"model":{"gbtree_model_param":{"num_parallel_tree":"1","num_trees":"1"},"iteration_indptr":[0,1],"tree_info":[0],` +
	`"trees":[{"base_weights":[0E0,1E0,2E0],"categories":[],"categories_nodes":[],"categories_segments":[],"categories_sizes":[],` +
	`"default_left":[0,0,0],"id":0,"left_children":[1,-1,-1],"loss_changes":[9E0,0E0,0E0],"parents":[2147483647,0,0],` +
	`"right_children":[2,-1,-1],"split_conditions":[5E-1,1E0,2E0],"split_indices":[1,0,0],"split_type":[0,0,0],"sum_hessian":[9E0,4E0,5E0],` +
	`"tree_param":{"num_deleted":"0","num_feature":"2","num_nodes":"3","size_leaf_vector":"1"}}]},"name":"gbtree"},` +
	`"learner_model_param":{"base_score":"5E-1","boost_from_average":"1","num_class":"0","num_feature":"2","num_target":"1"},` +
	`"objective":{"name":"reg:squarederror","reg_loss_param":{"scale_pos_weight":"1"}}},"version":[2,1,4]}`

// change replaces pieces of small: "old => new"; old must be there.
func change(t *testing.T, edits ...string) []byte {
	t.Helper()
	text := small
	for _, e := range edits {
		old, new, _ := strings.Cut(e, " => ")
		if !strings.Contains(text, old) {
			t.Fatalf("%q is not there", old)
		}
		text = strings.Replace(text, old, new, 1)
	}
	return []byte(text)
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		edits []string
		code  fault.Code
		want  string // a part of the error
	}{
		{[]string{`"id":0 => "id":1`}, fault.Corrupt, "trees[0].id: tree 1 where tree 0 should be"},
		{[]string{`"left_children":[1,-1,-1] => "left_children":[1,-1]`}, fault.Corrupt, "trees[0].left_children: 2 values for 3 nodes"},
		{[]string{`"parents":[2147483647,0,0] => "parents":[0]`}, fault.Corrupt, "trees[0].parents: 1 values for 3 nodes"},
		{[]string{`"left_children":[1,-1,-1] => "left_children":[1,-1,x]`}, fault.Corrupt, `model:1:398: trees[0].left_children: "x],\"loss_cha" where`},
		{[]string{`"left_children":[1,-1,-1] => "left_children":[0,-1,-1]`}, fault.Corrupt, "trees[0]: node 0 has child 0 of 3 nodes"},
		{[]string{`"left_children":[1,-1,-1] => "left_children":[9,-1,-1]`}, fault.Corrupt, "trees[0]: node 0 has child 9"},
		{[]string{`"left_children":[1,-1,-1] => "left_children":[1,1,-1]`}, fault.Corrupt, "trees[0]: is not a tree"},
		{[]string{`"right_children":[2, => "right_children":[1,`}, fault.Unsupported, "XGBoost takes the node after the left child"},
		{[]string{`"split_indices":[1, => "split_indices":[2,`}, fault.Corrupt, "trees[0]: tree 0 node 0: splits on feature 2; the model has 2"},
		{[]string{`[5E-1,1E0,2E0] => [NaN,1E0,2E0]`}, fault.Corrupt, "the threshold is not a number"},
		{[]string{`[5E-1,1E0,2E0] => [5E-1,1E0,Infinity]`}, fault.Corrupt, "leaf value 1 is +Inf"},
		{[]string{`[5E-1,1E0,2E0] => [5E-1,1E0,1E39]`}, fault.Corrupt, "leaf value 1 is +Inf"},
		{[]string{`"loss_changes":[9E0, => "loss_changes":["x",`}, fault.Corrupt, "trees[0].loss_changes: an array that is to hold numbers holds something else"},
		{[]string{`"split_type":[0, => "split_type":[1,`}, fault.Corrupt, "node 0 is categorical without categories"},
		{[]string{`"split_type":[0, => "split_type":[2,`}, fault.Unsupported, "unknown type 2"},
		{[]string{`"split_type":[0, => "split_type":[1,`, `_nodes":[] => _nodes":[0]`, `_segments":[] => _segments":[0]`, `_sizes":[] => _sizes":[1]`, `"categories":[] => "categories":[-3]`}, fault.Corrupt, "category 3"},
		{[]string{`"split_type":[0, => "split_type":[1,`, `_nodes":[] => _nodes":[0]`, `_segments":[] => _segments":[0]`, `_sizes":[] => _sizes":[2]`, `"categories":[] => "categories":[3]`}, fault.Corrupt, "node 0 has the categories 0 to 2 of 1"},
		{[]string{`"num_nodes":"3" => "num_nodes":"4"`}, fault.Corrupt, "3 values for 4 nodes"},
		{[]string{`"num_nodes":"3" => "num_nodes":"-3"`}, fault.Corrupt, "trees[0].tree_param.num_nodes"},
		{[]string{`"sum_hessian" => "sum_hessians"`}, fault.Unsupported, `trees[0]: unknown key "sum_hessians"`},
		{[]string{`"parents" => "categories"`}, fault.Corrupt, `the key "categories" is there twice`},
		{[]string{`"default_left":[0,0,0], => `}, fault.Corrupt, `the key "default_left" is missing`},
		{[]string{`"num_trees":"1" => "num_trees":"2"`}, fault.Corrupt, "tree_info: 1 trees, where num_trees is 2"},
		{[]string{`"tree_info":[0] => "tree_info":[1]`}, fault.Corrupt, "tree 0 adds to output 1 of 1"},
		{[]string{`"tree_info":[0] => "tree_info":[]`}, fault.Corrupt, "0 entries for 1 trees"},
		{[]string{`"iteration_indptr":[0,1] => "iteration_indptr":[0,2]`}, fault.Corrupt, "the rounds do not go up from 0 to the 1 trees"},
		{[]string{`"name":"gbtree" => "name":"gblinear"`}, fault.Corrupt, "gradient_booster: the model is not that of a gblinear"},
		{[]string{`"name":"gbtree" => "name":"gboblivious"`}, fault.Unsupported, `unknown booster "gboblivious"`},
		{[]string{`"name":"gbtree" => "name":"dart"`}, fault.Corrupt, `the key "gbtree" is missing`},
		{[]string{`"name":"gbtree" => "name":"gbtree","weight_drop":[1,1]`}, fault.Corrupt, "weight_drop: 2 weights for 1 trees"},
		{[]string{`reg:squarederror => reg:mine`}, fault.Unsupported, `objective: unknown objective "reg:mine"`},
		{[]string{`reg:squarederror => multi:softprob`}, fault.Corrupt, "multi:softprob with 0 classes"},
		{[]string{`reg:squarederror => reg:mine`, `"reg_loss_param" => "my_param"`}, fault.Unsupported, `objective: unknown objective "reg:mine"`},
		{[]string{`"reg_loss_param" => "my_param"`}, fault.Unsupported, `objective: unknown key "my_param"`},
		{[]string{`"reg_loss_param":{" => "name":"x","reg_loss_param":{"`}, fault.Corrupt, `the key "name" is there twice`},
		{[]string{`"name":"reg:squarederror", => `}, fault.Corrupt, `the key "name" is missing`},
		{[]string{`"boost_from_average":"1" => "boost_from_average":"2"`}, fault.TooLarge, "boost_from_average"},
		{[]string{`reg:squarederror => binary:logistic`, `"5E-1" => "1.5"`}, fault.Corrupt, "base_score is 1.5; for this objective"},
		{[]string{`reg:squarederror => count:poisson`, `"5E-1" => "0"`}, fault.Corrupt, "base_score is 0; for this objective"},
		{[]string{`"5E-1" => "[5E-1,1E0]"`}, fault.Corrupt, "2 numbers in base_score for 1 outputs"},
		{[]string{`"5E-1" => "nan"`}, fault.Corrupt, "learner_model_param.base_score"},
		{[]string{`"num_class":"0" => "num_class":"99999999"`}, fault.TooLarge, "num_class: 99999999 is more than"},
		{[]string{`"num_feature":"2","num_target" => "num_feature":"3","num_target"`}, fault.Corrupt, "2 entries for 3 features"},
		{[]string{`["a","b"] => ["a","a"]`}, fault.Unsupported, `two features are named "a"`},
		{[]string{`"attributes":{} => "attributes":{"best_iteration":"x"}`}, fault.Corrupt, "attributes.best_iteration"},
		{[]string{`[2,1,4] => [4,0,0]`}, fault.Unsupported, "a file of XGBoost 4.0"},
		{[]string{`[2,1,4] => [0,90,0]`}, fault.Unsupported, "a file of XGBoost 0.90"},
		{[]string{`[2,1,4]} => [2,1,4]}}`}, fault.Corrupt, "after the end of the model"},
		{[]string{`,"version":[2,1,4] => `}, fault.Corrupt, `the key "version" is missing`},
	} {
		_, _, err := Parse(change(t, c.edits...), "model")
		if err == nil {
			t.Errorf("%v is accepted", c.edits)
			continue
		}
		checkError(t, err)
		if fault.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v:\n got %s: %v\nwant %s: %s", c.edits, fault.CodeOf(err), err, c.code, c.want)
		}
	}
}

// TestAccepted reads what is unusual but clear.
func TestAccepted(t *testing.T) {
	for _, c := range []struct {
		edits []string
		want  func(f *forest.Forest) bool
	}{
		{nil, func(f *forest.Forest) bool {
			return f.Base[0] == 0.5 && f.Version == "2.1.4" && f.Features[1].Used && !f.Features[0].Used
		}},
		{[]string{`[5E-1,1E0,2E0] => [ 0.5 , 1,2e0 ]`}, func(f *forest.Forest) bool { return f.Nodes[0].Threshold == 0.5 && f.Leaves[1] == 2 }},
		{[]string{`"default_left":[0,0,0] => "default_left":[true,false,false]`}, func(f *forest.Forest) bool { return f.Nodes[0].DefaultLeft }},
		{[]string{`["a","b"] => ["a\u00e9\n","\ud83d\ude00"]`}, func(f *forest.Forest) bool { return f.Features[0].Name == "aé\n" && f.Features[1].Name == "😀" }},
		{[]string{`"5E-1" => "[2.5E-1]"`}, func(f *forest.Forest) bool { return f.Base[0] == 0.25 }},
		{[]string{`"attributes":{} => "attributes":{"best_iteration":"0","other":"x"}`}, func(f *forest.Forest) bool { return f.BestRounds == 1 }},
		{[]string{`reg:squarederror => binary:logistic`, `"5E-1" => "1"`}, func(f *forest.Forest) bool { return f.Base[0] > 13 && f.Base[0] < 14 }},
		{[]string{`reg:squarederror => binary:logitraw`}, func(f *forest.Forest) bool { return f.Base[0] == 0.5 }},
		{[]string{`reg:squarederror => binary:logitraw`, `[2,1,4] => [1,2,1]`}, func(f *forest.Forest) bool { return f.Base[0] == 0.5 }},
		{[]string{`reg:squarederror => reg:quantileerror`, `"num_target":"1" => "num_target":"2"`}, func(f *forest.Forest) bool { return f.Link.Kind == forest.Sorted }},
		{[]string{`"name":"gbtree" => "name":"gbtree","weight_drop":[0.1]`}, func(f *forest.Forest) bool {
			return f.Booster == "dart" && f.Leaves[1] == float64(float32(2)*float32(0.1))
		}},
		// The pruner leaves nodes behind.
		{[]string{`"num_nodes":"3" => "num_nodes":"5"`, `[1,-1,-1] => [1,-1,-1,-1,-1]`, `[2,-1,-1] => [2,-1,-1,-1,-1]`, `[0E0,1E0,2E0] => [0,0,0,0,0]`, `[0,0,0] => [0,0,0,0,0]`,
			`[9E0,0E0,0E0] => [0,0,0,0,0]`, `[2147483647,0,0] => [0,0,0,0,0]`, `[5E-1,1E0,2E0] => [5E-1,1E0,2E0,3E0,4E0]`, `[1,0,0] => [1,0,0,2147483647,2147483647]`,
			`"split_type":[0,0,0] => "split_type":[0,0,0,0,0]`, `[9E0,4E0,5E0] => [0,0,0,0,0]`}, func(f *forest.Forest) bool { return len(f.Leaves) == 2 }},
	} {
		f, _, err := Parse(change(t, c.edits...), "model")
		if err != nil {
			t.Errorf("%v: %v", c.edits, err)
		} else if !c.want(f) {
			t.Errorf("%v: %+v", c.edits, f)
		}
	}
}

// TestForeign holds what is said of XGBoost's other files, and that others' files are left alone.
func TestForeign(t *testing.T) {
	text := func(n byte, s string) string { return string(n) + "\x00\x00\x00\x00\x00\x00\x00" + s }
	old := "\x00\x00\x00\x3f" + strings.Repeat("\x00", 132) + text(15, "binary:logistic") + text(6, "gbtree") + "\x05\x00"
	for data, want := range map[string]string{
		"binf" + old:             "save_model('new.json')",
		old:                      "save_model('new.json')",
		"bs64\tAAAA":             "save_model('new.json')",
		"[\n  { \"nodeid\": 0, ": "save_model('model.json')",
		`{"Config":{`:            "save_model('model.json')",
	} {
		_, _, err := Parse([]byte(data), "model")
		if !Detect([]byte(data)) || fault.CodeOf(err) != fault.Unsupported || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v", data, err)
		}
	}
	for _, data := range []string{"", "{", `{"name":"tree","version":"v4"`, `{"version":"v4"`, "tree\nversion=v4\n", `{"features_info":{`, "CBM1", "\x08\x07", "bin", "{L", `{"learner"`, "[1,2]", `{"format":`} {
		if Detect([]byte(data)) {
			t.Errorf("%q is taken for XGBoost's", data)
		}
	}
	for _, data := range []string{small, " \n" + small, "\xef\xbb\xbf" + small, `{"version":[2,1,4],"learner":{`} {
		if !Detect([]byte(data)) {
			t.Errorf("%.20q is not detected", data)
		}
	}
	all, err := os.ReadDir(goldens)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		data, err := os.ReadFile(goldens + e.Name())
		if model := strings.HasSuffix(e.Name(), ".ubj") || strings.HasSuffix(e.Name(), ".json") && e.Name() != "cases.json"; err != nil || Detect(data) != model {
			t.Errorf("%s: %v", e.Name(), err)
		}
	}
}

// TestSets holds that a category goes left that its set has no word for, also in files of 1.6, which had another rule.
func TestSets(t *testing.T) {
	categorical := []string{`"split_type":[0, => "split_type":[1,`, `_nodes":[] => _nodes":[0]`, `_segments":[] => _segments":[0]`, `_sizes":[] => _sizes":[1]`, `"categories":[] => "categories":[3]`}
	for _, version := range []string{"[1,5,2]", "[1,6,2]", "[1,7,6]"} {
		f, _, err := Parse(change(t, append(categorical, "[2,1,4] => "+version)...), "model")
		if err != nil {
			t.Fatal(err)
		}
		r := forest.NewReference(f)
		for category, want := range map[float64]float64{3: 2.5, 31: 1.5, 32: 1.5, -1: 1.5} {
			out := []float64{0}
			r.Margins([]float64{0, category}, 1, out)
			if out[0] != want {
				t.Errorf("%s: category %v gives %v, want %v", version, category, out[0], want)
			}
		}
	}
}
