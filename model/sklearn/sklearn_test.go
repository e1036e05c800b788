package sklearn

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/prep"
)

const folder = "../../testdata/sklearn"

func readModel(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// small is a document of one split by number, one by category, and a leaf alone.
const small = `{"format":"glulam-sklearn","version":1,"sklearn":"1.9.1","estimator":"HistGradientBoostingRegressor",
"objective":"squared_error","task":"regression","outputs":1,"rounds":2,"base":[0.5],"link":{"kind":"identity"},"input":"float64",
"known":[[],[14,0,0,0,0,0,0,0]],"columns":[{"name":"a"},{"name":"b"}],"steps":[],"features":[0,1],"trees":[
{"left":[3,2,0,0,0],"right":[1,4],"feature":[0,1],"threshold":[1.5,0],"missing":[1,0],"set":[-1,0],"sets":[[2,0,0,0,0,0,0,0]],"value":[10,20,40]},
{"left":[0],"right":[],"feature":[],"threshold":[],"value":[1]}
]}
`

func TestSmall(t *testing.T) {
	f, g, err := Parse([]byte(small), "model.json")
	if err != nil || g != nil {
		t.Fatal(g, err)
	}
	nan := math.NaN()
	for _, c := range []struct {
		a, b, want float64
		leaf       int32
	}{
		{1, 0, 21.5, 3}, {nan, 0, 21.5, 3}, {2, 1, 11.5, 2}, {2, 2, 41.5, 4}, {2, 9, 41.5, 4}, {2, nan, 41.5, 4}, {2, -1, 41.5, 4},
	} {
		var got [1]float64
		var leaves [2]int32
		r := forest.NewReference(f)
		r.Margins([]float64{c.a, c.b}, 1, got[:])
		r.LeafIndices([]float64{c.a, c.b}, 1, leaves[:])
		if got[0] != c.want || leaves != [2]int32{c.leaf, 0} {
			t.Errorf("%v, %v: %v in %v, want %v in %d", c.a, c.b, got[0], leaves, c.want, c.leaf)
		}
	}
	want := []forest.Feature{{Name: "a", Used: true}, {Name: "b", Kind: forest.Categorical, Used: true}}
	if diff := cmp.Diff(want, f.Features); diff != "" {
		t.Error(diff)
	}
	if f.Format != "sklearn" || f.Version != "1.9.1" || f.Objective != "squared_error" || f.Booster != "HistGradientBoostingRegressor" || f.Rounds != 2 {
		t.Errorf("%+v", f)
	}
}

// TestSteps: what a document says of columns and steps, and what it refuses.
func TestSteps(t *testing.T) {
	text := strings.NewReplacer(`"columns":[{"name":"a"},{"name":"b"}]`, `"refuses":["missing","infinite"],"columns":[{"name":"a"},{"name":"t","texts":["x","\u00fc"]}]`,
		`"steps":[]`, `"steps":[{"op":"lookup","from":1,"table":[1,2],"a":"nan","b":0.5,"refuse":"no"}]`, `[0,1],"trees"`, `[0,2],"trees"`, `"float64"`, `"float32"`).Replace(small)
	f, g, err := Parse([]byte(text), "model.json")
	if err != nil {
		t.Fatal(err)
	}
	missing, infinite := "a missing value, which HistGradientBoostingRegressor does not take", "infinite, or too large for a float32, which HistGradientBoostingRegressor does not take"
	want := &prep.Graph{
		Inputs: []prep.Input{{Name: "a"}, {Name: "t", Texts: []string{"x", "ü"}}},
		Steps: []prep.Step{
			{Op: prep.Lookup, From: 1, Table: []float64{1, 2}, A: math.NaN(), B: 0.5, Refuse: "no"},
			{Op: prep.RefuseNaN, From: 0, Refuse: missing, Code: fault.WrongType},
			{Op: prep.Copy, From: 0, Float32: true},
			{Op: prep.RefuseInf, From: 4, Refuse: infinite, Code: fault.NumberRange},
			{Op: prep.RefuseNaN, From: 2, Refuse: missing, Code: fault.WrongType},
			{Op: prep.Copy, From: 2, Float32: true},
			{Op: prep.RefuseInf, From: 7, Refuse: infinite, Code: fault.NumberRange},
		},
		Features: []int32{0, 2},
	}
	sameNaN := cmp.Comparer(func(a, b float64) bool { return a == b || a != a && b != b })
	if diff := cmp.Diff(want, g, sameNaN); diff != "" {
		t.Error(diff)
	}
	if f.Features[1].Name != "t" || f.Input != forest.Float32 {
		t.Errorf("%+v", f.Features)
	}
}

func TestDetect(t *testing.T) {
	for text, want := range map[string]bool{
		small:                                    true,
		" \n{ \"format\" :\t\"glulam-sklearn\",": true,
		`{"format":"glulam-sklearn"`:             true,
		`{"format":"glulam-sklear`:               false,
		`{"version":1,"format":"glulam-sklearn"`: false,
		`{"format":"other"}`:                     false,
		`{"learner":{}}`:                         false,
		"tree\nversion=v4\n":                     false,
		"\x80\x04\x95rest":                       true, // a pickle
		"":                                       false,
		"{":                                      false,
	} {
		if got := Detect([]byte(text)); got != want {
			t.Errorf("Detect(%q) = %v", text, got)
		}
	}
}

// TestErrors: what is wrong, where, and what a person reads.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		old, new string
		code     fault.Code
		want     string
	}{
		{`"version":1`, `"version":2`, fault.Unsupported, "model.json:1: version: a document of version 2; this glulam reads version 1; it may be of a newer glulam"},
		{`"identity"`, `"probit"`, fault.Unsupported, `model.json:2: link.kind: "probit" is not known`},
		{`"identity"`, `"sigmoid"`, fault.Corrupt, "link: a sigmoid of scale 0"},
		{`{"kind":"identity"}`, `{"kind":"identity","scale":2}`, fault.Unsupported, "link: identity with a scale of 2"},
		{`"regression"`, `"ranking"`, fault.Unsupported, `task: "ranking" is not known`},
		{`"regression"`, `"binary"`, fault.Corrupt, "task: binary with 1 outputs and 0 classes"},
		{`"outputs":1`, `"outputs":0`, fault.Corrupt, "outputs: 0 is not an integer from 1 to 65536"},
		{`"outputs":1`, `"outputs":1.0`, fault.Corrupt, `instead of an integer from 1 to 65536`},
		{`"outputs":1`, `"outputs":99999999999999999999`, fault.Corrupt, "instead of an integer"},
		{`"rounds":2`, `"rounds":3`, fault.Corrupt, "model.json:7: trees: 2 trees in 3 rounds of 1"},
		{`"rounds":2`, `"rounds":2,"rounds":2`, fault.Corrupt, `the member "rounds" occurs twice`},
		{`"rounds":2`, `"rounds":2,"shape":2`, fault.Unsupported, "shape: is not known"},
		{`"rounds":2,`, ``, fault.Corrupt, "rounds: is missing before the trees"},
		{`[0.5]`, `[0.5,1]`, fault.Corrupt, "base: 2 values for 1 outputs"},
		{`[0.5]`, `["inf"]`, fault.Corrupt, "base score: +Inf is not a finite number"},
		{`[0.5]`, `[1e999]`, fault.Corrupt, `base: "1e999" is not a number that a float64 can hold`},
		{`[0.5]`, `[.5]`, fault.Corrupt, "instead of a number"},
		{`[0.5]`, `["one"]`, fault.Corrupt, `base: "one" instead of a number`},
		{`{"name":"b"}`, `{"name":"a"}`, fault.Corrupt, `columns[1].name: "a" occurs twice`},
		{`{"name":"b"}`, `{"name":"b","texts":["x","x"]}`, fault.Corrupt, `columns[1].texts: "x" occurs twice`},
		{`"steps":[]`, `"steps":[{"op":"log","from":0}]`, fault.Unsupported, `steps[0].op: "log" is not known`},
		{`"steps":[]`, `"steps":[{"op":"add","from":2,"a":1}]`, fault.Corrupt, "step 0: takes column 2 of 2"},
		{`"features":[0,1]`, `"features":[0]`, fault.Corrupt, "known: 2 sets for 1 features"},
		{`"features":[0,1]`, `"features":[0,2]`, fault.Corrupt, "a feature is column 2 of 2"},
		{`[14,0,0,0,0,0,0,0]`, `[]`, fault.Corrupt, "trees[0].set[1]: a set for feature 1, which has no known categories"},
		{`[14,0,0,0,0,0,0,0]`, `[14,0,0,0,0,0,0,0,0]`, fault.Corrupt, "known: a set of 9 words; 8 belong there"},
		{`[2,0,0,0,0,0,0,0]`, `[4294967296]`, fault.Corrupt, "trees[0].sets: 4294967296 is not an integer from 0 to 4294967295"},
		{`"set":[-1,0]`, `"set":[-1,1]`, fault.Corrupt, "trees[0].set[1]: set 1 of 1"},
		{`"left":[3,2,0,0,0]`, `"left":[3,9,0,0,0]`, fault.Corrupt, "trees[0].right[1]: children 9 and 4 of 5 nodes"},
		{`"left":[3,2,0,0,0]`, `"left":[3,3,0,0,0]`, fault.Corrupt, "tree 0: is not a tree"},
		{`"left":[3,2,0,0,0]`, `"left":[1,2,0,0,0]`, fault.Corrupt, "tree 0: is not a tree"},
		{`"left":[3,2,0,0,0]`, `"left":[]`, fault.Corrupt, "trees[0]: has no nodes"},
		{`"right":[1,4]`, `"right":[1]`, fault.Corrupt, "trees[0]: 2 splits on the left with 1 right children"},
		{`"feature":[0,1]`, `"feature":[0,2]`, fault.Corrupt, "trees[0].feature[1]: feature 2 of 2"},
		{`"threshold":[1.5,0]`, `"threshold":["nan",0]`, fault.Corrupt, "model.json:4: trees[0].threshold[0]: is not a number"},
		{`[10,20,40]`, `[10,20]`, fault.Corrupt, "trees[0].value: 2 values for 3 leaves of 1"},
		{`[10,20,40]`, `[10,20,"inf"]`, fault.Corrupt, "leaves: leaf value 2 is +Inf"},
		{`"value":[1]}`, `"value":[1],"gain":[]}`, fault.Unsupported, "trees[1].gain: is not known"},
		{"\n]}", "\n],\"more\":1}", fault.Corrupt, "more: comes after the trees"},
		{"\n]}", "\n]} {", fault.Corrupt, `"{\n" instead of the end of the file`},
		{"\n]}", "", fault.Corrupt, "trees: the file ends here, before its end; the file is not as the exporter"},
		{`"a"`, "\"a\xff\"", fault.Corrupt, "is not UTF-8"},
		{`"a"`, "\"a\n\"", fault.Corrupt, "control character"},
		{`"a"`, `"\q"`, fault.Corrupt, "is no text of JSON"},
	} {
		if !strings.Contains(small, c.old) {
			t.Fatalf("no %s", c.old)
		}
		_, _, err := Parse([]byte(strings.Replace(small, c.old, c.new, 1)), "model.json")
		if fault.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s for %s: %v, want %s", c.new, c.old, err, c.want)
		}
		var e *fault.Error
		if !errors.As(err, &e) || e.Hint == "" || e.Source == "" {
			t.Errorf("%s: no hint or source: %v", c.new, err)
		}
	}
}

// TestPickle: what people try first is refused with the way there is.
func TestPickle(t *testing.T) {
	_, _, err := Parse([]byte("\x80\x04\x95rest"), "model.pkl")
	const want = "model.pkl: a Python pickle, which glulam never opens: loading one runs what is in it; of a scikit-learn model, write the JSON: `glulam export-sklearn > export.py`"
	if fault.CodeOf(err) != fault.Unsupported || !strings.HasPrefix(err.Error(), want) {
		t.Error(err)
	}
}

// TestEscapes: texts with escapes are what they stand for.
func TestEscapes(t *testing.T) {
	f, _, err := Parse([]byte(strings.Replace(small, `"a"`, `"\u00e4\n\"\ud83d\ude00"`, 1)), "model.json")
	if err != nil || f.Features[0].Name != "ä\n\"😀" {
		t.Errorf("%v, %v", f, err)
	}
}

// TestCorpus reads every golden model; model/cases_test.go holds engines to their numbers.
func TestCorpus(t *testing.T) {
	paths, err := filepath.Glob(folder + "/*.json")
	if err != nil || len(paths) < 50 {
		t.Fatalf("%d models, %v", len(paths), err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		if name == "cases" {
			continue
		}
		data := readModel(t, name)
		f, _, err := Parse(data, path)
		if err != nil || !Detect(data) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if f.Format != "sklearn" || f.Objective == "" || f.Booster == "" || f.Rounds == 0 || len(f.LeafIDs)*f.LeafWidth != len(f.Leaves) {
			t.Errorf("%s: %s %s %s, %d rounds", name, f.Format, f.Objective, f.Booster, f.Rounds)
		}
		if (f.Task == forest.TaskRegression) != (f.Classes == nil) {
			t.Errorf("%s: task %d with classes %v", name, f.Task, f.Classes)
		}
	}
}
