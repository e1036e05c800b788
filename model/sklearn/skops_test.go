package sklearn

import (
	"archive/zip"
	"encoding/binary"
	"hash/fnv"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/prep"
)

// sameBits tells 0 from -0, and takes NaN for equal to itself.
var sameBits = cmp.Comparer(func(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b
})

// TestSkopsCorpus: a file of skops and the document that the exporter wrote of the same model are the same model, to the last
// bit. GLULAM_SKOPS names more folders with such pairs.
func TestSkopsCorpus(t *testing.T) {
	folders := append([]string{folder}, filepath.SplitList(os.Getenv("GLULAM_SKOPS"))...)
	for _, dir := range folders {
		paths, err := filepath.Glob(dir + "/*.skops")
		if err != nil || len(paths) < 20 {
			t.Errorf("%d models in %s, %v", len(paths), dir, err)
		}
		for _, path := range paths {
			t.Run(filepath.Join(filepath.Base(dir), strings.TrimSuffix(filepath.Base(path), ".skops")), func(t *testing.T) {
				sameModel(t, path, strings.TrimSuffix(path, ".skops")+".json")
			})
		}
	}
}

func sameModel(t *testing.T, file, document string) {
	t.Helper()
	parse := func(path string, parse func([]byte, string) (*forest.Forest, *prep.Graph, error)) (*forest.Forest, *prep.Graph) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, g, err := parse(data, path)
		if err != nil {
			t.Fatal(err)
		}
		return f, g
	}
	f, g := parse(file, ParseSkops)
	wantForest, wantGraph := parse(document, Parse)
	if diff := cmp.Diff(wantForest, f, sameBits, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(forest.Forest{})); diff != "" {
		t.Errorf("forests differ:\n%.2000s", diff)
	}
	if diff := cmp.Diff(wantGraph, g, sameBits, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("steps differ:\n%.2000s", diff)
	}
}

// edit changes the schema of a file of skops, wherever the old text is.
func edit(t testing.TB, data []byte, old, new string) []byte {
	t.Helper()
	a := unpack(t, data)
	text := string(a["schema.json"])
	if !strings.Contains(text, old) {
		t.Fatalf("no %s", old)
	}
	a["schema.json"] = []byte(strings.ReplaceAll(text, old, new))
	return a.pack(zip.Store)
}

// TestSkopsErrors: what is wrong, where, and what a person reads.
func TestSkopsErrors(t *testing.T) {
	tree, hist, pipeline, gradient := readSkops(t, "tree_one_leaf"), readSkops(t, "hist_one_leaf"), readSkops(t, "pipeline_all"), readSkops(t, "gradient_binary")
	isolation, hot := readSkops(t, "isolation_one_row"), readSkops(t, "pipeline_one_hot_rare")
	const export = "; write the model as JSON, which asks scikit-learn itself: `glulam export-sklearn > export.py`, then export(model, \"model.json\") in Python"
	const again = "; the file is not as skops.io.dump wrote it: save the model again"
	for _, c := range []struct {
		data     []byte
		old, new string
		code     fault.Code
		want     string
	}{
		{tree, `"DecisionTreeRegressor"`, `"LinearRegression"`, fault.Unsupported, `m.skops: the model: the estimator "LinearRegression" is not among those that glulam knows; glulam reads scikit-learn's trees`},
		{tree, `"sklearn.tree._classes"`, `"mine"`, fault.Unsupported, `the estimator "mine.DecisionTreeRegressor" is not`},
		{tree, `\"1.9.1\"`, `\"1.10.0\"`, fault.Unsupported, `m.skops: _sklearn_version: scikit-learn "1.10.0"; the skops files of 1.3 to 1.9 are known` + export},
		{tree, `\"1.9.1\"`, `\"1.2.2\"`, fault.Unsupported, `scikit-learn "1.2.2"`},
		{tree, `"protocol": 2`, `"protocol": 3`, fault.Unsupported, "schema.json: protocol 3 of skops"},
		{tree, `"protocol": 2`, `"protocol": 2, "protocol": 2`, fault.Corrupt, `schema.json: the key "protocol" is there twice in an object (at byte `},
		{tree, `"tree_"`, `"tree"`, fault.Corrupt, "m.skops: the model: the model is not fitted" + again},
		{tree, `"criterion"`, `"criteria"`, fault.Corrupt, "the model: sklearn.tree._classes.DecisionTreeRegressor has no criterion" + again},
		{tree, `"Tree"`, `"Trees"`, fault.Unsupported, `tree_: "sklearn.tree._tree.Trees" where a sklearn.tree._tree.Tree belongs` + export},
		{tree, `.npy"`, `.npx"`, fault.Corrupt, `its file is called "`},
		{hist, `"TreePredictor"`, `"Other"`, fault.Unsupported, `_predictors[0][0]: "Other" where a TreePredictor belongs`},
		{hist, `"IdentityLink"`, `"ProbitLink"`, fault.Unsupported, `HistGradientBoosting with loss="squared_error", whose link is "ProbitLink"` + export},
		{hist, `"content": "1"`, `"content": "x"`, fault.Corrupt, ``},
		{pipeline, `"StandardScaler"`, `"PowerTransformer"`, fault.Unsupported, `steps[0][1].transformers_[0][1].steps[1][1]: the transformer "PowerTransformer" is not among those that glulam knows; do what it does before`},
		{pipeline, `"sparse_threshold"`, `"x"`, "", ""},
		{pipeline, `"_transformer_to_input_indices"`, `"x"`, fault.Corrupt, "steps[0][1]: sklearn.compose._column_transformer.ColumnTransformer has no _transformer_to_input_indices"},
		{gradient, `\"log_loss\"`, `\"other\"`, fault.Unsupported, `GradientBoosting with loss="other"`},
		{gradient, `"DummyClassifier"`, `"LogisticRegression"`, fault.Unsupported, "init_: GradientBoosting that starts from init=\"LogisticRegression\", which is a model of its own"},
		{isolation, `"_decision_path_lengths"`, `"x"`, fault.Corrupt, "has no _decision_path_lengths"},
		{hot, `\"infrequent_if_exist\"`, `\"perhaps\"`, fault.Unsupported, `OneHotEncoder with handle_unknown="perhaps"` + export},
	} {
		_, _, err := ParseSkops(edit(t, c.data, c.old, c.new), "m.skops")
		if c.code == "" {
			if err != nil {
				t.Errorf("%s for %s: %v", c.new, c.old, err)
			}
			continue
		}
		if fault.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s for %s: %v, want %s", c.new, c.old, err, c.want)
		}
	}
}

// TestSkopsSame: what skops knows by __id__ must be one thing.
func TestSkopsSame(t *testing.T) {
	data := readSkops(t, "tree_one_leaf")
	text := string(unpack(t, data)["schema.json"])
	ids := regexp.MustCompile(`"content": "([^"]*)",\s+"is_json": true,\s+"__id__": \d+`).FindAllString(text, -1)
	for _, other := range ids[1:] {
		if strings.Split(other, "\n")[0] != strings.Split(ids[0], "\n")[0] {
			number := other[strings.LastIndexByte(other, ' ')+1:]
			_, _, err := ParseSkops(edit(t, data, ids[0], ids[0][:strings.LastIndexByte(ids[0], ' ')+1]+number), "m.skops")
			if fault.CodeOf(err) != fault.Corrupt || !strings.Contains(err.Error(), "two different objects have the __id__ "+number) {
				t.Error(err)
			}
			return
		}
	}
	t.Error("all values are the same")
}

// TestStart: the start of GradientBoosting is right, or the model is refused. In the middle scipy 1.14 and 1.15 differ.
func TestStart(t *testing.T) {
	for _, c := range []struct {
		p, want float64
		scipy   bool
		sure    bool
	}{
		{0.2257, -1.2327527115691876, true, true},
		{0.9, 2.1972245773362196, true, true},
		{0.5, 0, true, true},
		{0.4, -0.4054651081081643, false, true},
		{0.4, -0.4054651081081643, true, true},
		{0.3025, -0.8354212362246246, true, false},
	} {
		if got, sure := logit(c.p, c.scipy); got != c.want || sure != c.sure {
			t.Errorf("%v: %v, %v, want %v, %v", c.p, got, sure, c.want, c.sure)
		}
	}
}

// TestLogarithm holds logarithm against glibc 2.36, by Python's math.log, where it is certain.
func TestLogarithm(t *testing.T) {
	hash, open := fnv.New64a(), 0
	const n = 20_000
	for i := range n {
		x := math.Ldexp(1+float64(i*104729%n)/n, i%41-20)
		y, sure := logarithm(x)
		if !sure {
			open++
			continue
		}
		hash.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(y)))
	}
	if got := hash.Sum64(); got != 0xaeb18622eee51e99 || open != 22 {
		t.Errorf("some values differ from glibc's: sum %#x with %d of %d open", got, open, n)
	}
}

// TestNumpySum: numpy's own sums, of 1/3, 1/4, 1/5, ...
func TestNumpySum(t *testing.T) {
	for n, want := range map[int]float64{3: 0.7833333333333332, 7: 1.328968253968254, 8: 1.4289682539682538, 9: 1.5198773448773446,
		20: 2.190813250217275, 128: 3.948591338265976, 129: 3.956224926052236, 300: 4.789297397713862} {
		v := make([]float64, n)
		for i := range v {
			v[i] = 1 / float64(i+3)
		}
		if got := numpySum(v); got != want {
			t.Errorf("%d: %v, want %v", n, got, want)
		}
	}
}

// TestPythonText: str(label) in Python.
func TestPythonText(t *testing.T) {
	for want, v := range map[string]any{
		"1.0": 1.0, "-0.0": math.Copysign(0, -1), "0.1": 0.1, "1e-05": 1e-5, "0.0001": 1e-4, "1e+16": 1e16, "1234567890123456.0": 1234567890123456.0,
		"1.5e+300": 1.5e300, "nan": math.NaN(), "-inf": math.Inf(-1), "inf": math.Inf(1), "7": int64(7), "True": true, "False": false, "x": "x", "None": nil,
	} {
		if got := pythonText(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}
