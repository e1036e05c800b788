package catboost

import (
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
)

// TestFormatsAgree holds the JSON of each golden model to its .cbm: the same forest, to the last bit. Only the leaves of
// non-symmetric trees are counted otherwise.
func TestFormatsAgree(t *testing.T) {
	paths, err := filepath.Glob(cases + "/*.json")
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		if name == "cases" || name == "hashes" {
			continue
		}
		a, b := parse(t, path), parse(t, cases+"/"+name+".cbm")
		compared++
		if strings.Contains(name, "lossguide") || strings.Contains(name, "depthwise") || name == "chain" {
			if !slices.Equal(margins(a), margins(b)) {
				t.Errorf("%s: the margins differ", name)
			}
			continue
		}
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if compared < 20 {
		t.Errorf("%d models compared", compared)
	}
}

// margins gives the margins of rows on, below and above the thresholds.
func margins(f *forest.Forest) []float64 {
	const rows = 200
	x := make([]float64, rows*len(f.Features))
	for i := range x {
		if n := len(f.Nodes); n > 0 {
			x[i] = f.Nodes[i*7919%n].Threshold + float64(i%3-1)
		}
	}
	out := make([]float64, rows*f.Outputs)
	forest.NewReference(f).Margins(x, rows, out)
	return out
}

func parse(t testing.TB, path string) *forest.Forest {
	t.Helper()
	data := readFile(t, path)
	if !Detect(data) {
		t.Fatalf("%s is not detected", path)
	}
	f, err := Parse(data, filepath.Base(path))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestRefused holds the errors of models that CatBoost makes, but glulam does not read.
func TestRefused(t *testing.T) {
	for name, want := range map[string]string{
		"statistics.cbm":   `statistics.cbm: CtrFeatures: the trees ask for target statistics (CTR) on "carrier", which glulam does not compute; ` + withoutTargets,
		"statistics.json":  `statistics.json: features_info.ctrs: the trees ask for target statistics (CTR) on "carrier", which glulam does not compute; ` + withoutTargets,
		"text.cbm":         `text.cbm: TextFeatures: the model depends on "text", which glulam does not compute; ` + withoutTexts,
		"embedding.cbm":    `embedding.cbm: EmbeddingFeatures: the model depends on "embedding", which glulam does not compute; ` + withoutEmbeddings,
		"absent_class.cbm": "absent_class.cbm: model_info.class_params: 3 classes, of which 1 did not occur in training; train without class_names and classes_count, or with rows of every class",
	} {
		_, err := Parse(readFile(t, cases+"/refused/"+name), name)
		if fault.CodeOf(err) != fault.Unsupported || err.Error() != want {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestInfo holds what inspect shows.
func TestInfo(t *testing.T) {
	for name, want := range map[string]struct {
		version, objective, booster string
		task                        forest.Task
		link                        forest.LinkKind
		classes                     []string
	}{
		"binary.cbm":              {"1.2.10", "Logloss", "Plain", forest.TaskBinary, forest.Sigmoid, []string{"0", "1"}},
		"old_binary.json":         {"", "Logloss", "Plain", forest.TaskBinary, forest.Sigmoid, []string{"0", "1"}}, // 1.2 says nothing
		"ordered.cbm":             {"1.2.10", "Logloss", "Ordered", forest.TaskBinary, forest.Sigmoid, []string{"0", "1"}},
		"labels.cbm":              {"1.2.10", "MultiClass", "Plain", forest.TaskMulticlass, forest.FastSoftmax, []string{"early", "late", "on time", "very late"}},
		"quantile.cbm":            {"1.2.10", "Quantile:alpha=0.9", "Plain", forest.TaskRegression, forest.Identity, nil},
		"yetirank.cbm":            {"1.2.10", "YetiRank", "Plain", forest.TaskRanking, forest.Identity, nil},
		"threshold.cbm":           {"1.2.10", "Logloss", "Plain", forest.TaskBinary, forest.Sigmoid, []string{"0", "1"}},
		"cross_entropy.cbm":       {"1.2.10", "CrossEntropy", "Plain", forest.TaskBinary, forest.Sigmoid, nil},
		"summed.json":             {"", "Logloss", "", forest.TaskBinary, forest.Sigmoid, []string{"0", "1"}},
		"custom.cbm":              {"1.2.10", "PythonUserDefinedPerObject", "Plain", forest.TaskRegression, forest.LinkUnknown, nil},
		"rmsewithuncertainty.cbm": {"1.2.10", "RMSEWithUncertainty", "Plain", forest.TaskRegression, forest.MeanVariance, nil},
	} {
		f := parse(t, cases+"/"+name)
		if f.Format != "catboost" || f.Version != want.version || f.Objective != want.objective || f.Booster != want.booster ||
			f.Task != want.task || f.Link.Kind != want.link || !slices.Equal(f.Classes, want.classes) || f.Rounds != len(f.Trees) {
			t.Errorf("%s: %s %q %q %q, task %d, link %d, classes %q", name, f.Format, f.Version, f.Objective, f.Booster, f.Task, f.Link.Kind, f.Classes)
		}
	}
	f := parse(t, cases+"/dropped.cbm")
	if names := []string{f.Features[0].Name, f.Features[1].Name}; names[0] != "distance" || names[1] != "wind_gust" {
		t.Errorf("features %q", names)
	}
	if f = parse(t, cases+"/unnamed.json"); f.Features[0].Name != "" {
		t.Errorf("a name was made up: %q", f.Features[0].Name)
	}
	f = parse(t, cases+"/onehot.cbm")
	if c := f.Features[5]; c.Name != "carrier" || c.Kind != forest.Categorical || len(c.Categories.Hash) == 0 || !c.Used {
		t.Errorf("feature 5 is %+v", c)
	}
}

// small is a JSON model of one numeric and one categorical feature.
const small = `{"features_info":{"float_features":[{"borders":[-1.5,0.10000000149011612],"feature_id":"a","feature_index":0,"flat_feature_index":0,"has_nans":true,"nan_value_treatment":"AsTrue"}],
"categorical_features":[{"feature_id":"b","feature_index":0,"flat_feature_index":1,"values":[-5,7]}]},
"model_info":{"params":{"loss_function":{"type":"RMSE","params":{}}}},
"oblivious_trees":[{"leaf_values":[1,2,4,8],"splits":[{"border":0.10000000149011612,"float_feature_index":0,"split_index":1,"split_type":"FloatFeature"},{"cat_feature_index":0,"split_index":3,"split_type":"OneHotFeature","value":7}]}],
"scale_and_bias":[2,[0.5]]}`

func TestSmall(t *testing.T) {
	for _, text := range []string{small, strings.Replace(small, "[2,[0.5]]", "[2,0.5]", 1)} {
		f, err := Parse([]byte(text), "small.json")
		if err != nil {
			t.Fatal(err)
		}
		inf, nan := math.Inf(1), math.NaN()
		x := []float64{0.1, 1, 0.1, -1, 0.2, 1, nan, 1, inf, 0, -inf, nan}
		out := make([]float64, 6)
		forest.NewReference(f).Margins(x, 6, out)
		if want := []float64{8.5, 2.5, 16.5, 16.5, 4.5, 2.5}; !slices.Equal(out, want) { // 0.1 is the border as a float32, and 7 code 1
			t.Errorf("margins %v, want %v", out, want)
		}
	}
}

// TestRefusedSmall spoils the small model.
func TestRefusedSmall(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{`"has_nans":true`, `"has_nan":true`, `features_info.float_features[0].has_nan: unknown key "has_nan"`},
		{`"has_nans":true,`, ``, `features_info.float_features[0]: has_nans, nan_value_treatment and borders belong there`},
		{`"AsTrue"`, `"AsMaybe"`, `features_info.float_features[0].nan_value_treatment: unknown treatment of NaN: "AsMaybe"`},
		{`[-1.5,0.1`, `[1.5,0.1`, `float_features[0]: border 1 is 0.1 after 1.5; borders ascend`},
		{`[-1.5,0.1`, `[-1.5e39,0.1`, `features_info.float_features[0].borders[0]: the border -1.5e+39 is beyond float32`},
		{`[-5,7]`, `[7,7]`, `categorical_features[0]: the value 7 is there twice`},
		{`[-5,7]`, `[-5,70000000000]`, `features_info.categorical_features[0].values[1]: "70000000000" is not an integer from -2147483648 to 2147483647`},
		{`"value":7`, `"value":8`, `oblivious_trees[0].splits[1]: split_index 3 is the value 7 of categorical feature 0`},
		{`"split_index":1`, `"split_index":0`, `oblivious_trees[0].splits[0]: split_index 0 is the border -1.5 of numeric feature 0`},
		{`"split_index":1`, `"split_index":4`, `oblivious_trees[0].splits[0]: split_index 4 of 4 borders and values`},
		{`"OneHotFeature"`, `"OnlineCtr"`, `oblivious_trees[0].splits[1]: a split of type "OnlineCtr"`},
		{`[1,2,4,8]`, `[1,2,4]`, `oblivious_trees[0]: 3 leaf values for 2 splits`},
		{`[1,2,4,8]`, `[1,2,4,1e999]`, `oblivious_trees[0].leaf_values[3]: "1e999" is beyond float64`},
		{`[1,2,4,8]`, `[1,2,4,NaN]`, `oblivious_trees: not JSON at byte`},
		{`[1,2,4,8]`, `[1,2,4,null]`, `oblivious_trees[0].leaf_values[3]: "null" is not a number`},
		{`[2,[0.5]]`, `[0,[0.5]]`, `scale: the scale is 0: every margin would be the bias`},
		{`[2,[0.5]]`, `[2,[0.5,1]]`, `bias: 2 values for 1 outputs`},
		{`[2,[0.5]]`, `[2]`, `scale_and_bias: a scale and a bias belong there`},
		{`"flat_feature_index":1`, `"flat_feature_index":0`, `features_info: the feature with flat_feature_index 0 is there twice, or has no place`},
		{`"type":"RMSE"`, `"type":"Logloss","type":"RMSE"`, `model_info: a key is there twice`},
		{`"type":"RMSE"`, `"type":"MultiClass"`, `model_info: the loss function MultiClass with 1 outputs`},
		{`"scale_and_bias":[2,[0.5]]}`, `"scale_and_bias":[2,[0.5]]}{}`, `something follows at byte`},
		{`"scale_and_bias"`, `"scale"`, `scale: unknown key "scale"`},
	} {
		if !strings.Contains(small, c.from) {
			t.Fatalf("%s is not in the model", c.from)
		}
		_, err := Parse([]byte(strings.Replace(small, c.from, c.to, 1)), "small.json")
		var e *fault.Error
		if !errors.As(err, &e) || !strings.HasPrefix(err.Error(), "small.json: "+c.want) || e.Hint == "" {
			t.Errorf("%s for %s: got %v", c.to, c.from, err)
		}
	}
}

// TestUnknownLoss: the margins of a loss function that is not known are certain.
func TestUnknownLoss(t *testing.T) {
	for _, name := range []string{`"type":"Brand new"`, ``} {
		f, err := Parse([]byte(strings.Replace(small, `"type":"RMSE"`, name, 1)), "small.json")
		if name == "" {
			f, err = Parse([]byte(strings.Replace(small, `"loss_function":{"type":"RMSE","params":{}}`, "", 1)), "small.json")
		}
		if err != nil {
			t.Fatal(err)
		}
		if f.Link.Kind != forest.LinkUnknown {
			t.Errorf("%s: link %d", name, f.Link.Kind)
		}
	}
}

// TestDetect: others' files are not CatBoost's.
func TestDetect(t *testing.T) {
	for text, want := range map[string]bool{
		small: true, "CBM1": true, " \n{ \"features_info\" :": true, `{"ctr_data":{`: true,
		"": false, "{}": false, "[]": false, "tree\n": false, `{"learner":{}}`: false, `{"name":"tree"`: false, "{L": false, "\x80\x03": false,
	} {
		if Detect([]byte(text)) != want {
			t.Errorf("%.30q: want %v", text, want)
		}
	}
}
