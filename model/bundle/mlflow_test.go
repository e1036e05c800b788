package bundle

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mlmodel reads an MLmodel file beside a few others.
func mlmodel(text string, files ...File) (*Bundle, error) {
	return FromFiles(append(files, File{MLmodelName, []byte(text)}, File{"m", []byte("tree")}), "b")
}

const flavored = "flavors:\n  lightgbm: {data: m, lgb_version: 4.7.0}\n  python_function: {loader_module: mlflow.lightgbm}\n"

func TestMLmodel(t *testing.T) {
	b, err := mlmodel(flavored + `signature:
  inputs: '[{"type": "double", "name": "a b", "required": true}, {"name": "c", "type": "string"}]'
run_id: abc
`)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]SignatureColumn{{"a b", "double"}, {"c", "string"}}, b.Signature.Columns); d != "" || b.Flavor != "lightgbm" || b.Library != "4.7.0" {
		t.Error(d, b.Flavor, b.Library)
	}
	if d := cmp.Diff([]Note{{"run_id", "abc"}, {"library", "lightgbm 4.7.0"}}, b.Provenance); d != "" {
		t.Error(d)
	}
	if err := b.Match([]Input{{"a_b", false}, {"c", true}}, false); err != nil || b.Rename["a_b"] != "a b" {
		t.Error(err, b.Rename)
	}
	for _, c := range []struct {
		inputs []Input
		want   string
	}{
		{[]Input{{"a_b", false}}, "b/MLmodel:5:3: signature: the signature has 2 columns, the model file 1 features"},
		{[]Input{{"c", true}, {"a_b", false}}, `column 1 of the signature is "a b", feature 1 of the model file is "c"`},
		{[]Input{{"a_b", true}, {"c", true}}, `the column "a b" of the signature is double, the model wants string`},
		{[]Input{{"a_b", false}, {"c", false}}, `the column "c" of the signature is string, the model wants boolean, integer`},
	} {
		if err := b.Match(c.inputs, false); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v", c.inputs, err)
		}
	}
	if err := b.Match([]Input{{"Column_0", false}, {"Column_1", true}}, true); err != nil || b.Features[0] != "a b" {
		t.Error(err, b.Features)
	}
}

func TestMLmodelRefuses(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"a: b\n", "b/MLmodel:1:1: the key flavors is missing"},
		{"flavors: {}\n", "none of the flavors"},
		{"flavors: {spark: {}}\n", "the flavor spark is not read"},
		{"flavors: {fastai: {}, python_function: {}}\n", "none of the flavors fastai, python_function is read; flavors that are read are catboost, lightgbm, onnx, xgboost"},
		{"flavors: {python_function: {loader_module: x.y}}\n", `the only flavor is python_function (loader_module "x.y"): only Python can run it`},
		{"flavors: {onnx: {data: m}, lightgbm: {data: m}}\n", "the model has the flavors lightgbm and onnx: which is to be read?"},
		{"flavors: {onnx: {}}\n", "data is missing"},
		{"flavors: {onnx: {data: ../m}}\n", "leads out of the bundle"},
		{"flavors: {onnx: {data: n}}\n", `the model file, "n", is not there`},
		{"flavors: {xgboost: {data: model.pkl}}\n", `the model is the pickle "model.pkl", which glulam never opens`},
		{flavored + "signature: {inputs: '[{'}\n", "the inputs are no JSON list of columns"},
		{flavored + "signature: {inputs: '[{\"name\": \"a\"}, {\"name\": \"a\"}]'}\n", `the column "a" is empty or stands twice`},
		{flavored + "saved_input_example_info: {type: dataframe, pandas_orient: split}\n", "artifact_path is missing"},
		{flavored + "saved_input_example_info: {type: dataframe, pandas_orient: split, artifact_path: x.json}\n", `the input example, "x.json", is not there`},
		{flavored + "saved_input_example_info: {type: dataframe, pandas_orient: split, artifact_path: bad.json}\n", "not a table in pandas' split form"},
	} {
		if _, err := mlmodel(c.text, File{"bad.json", []byte(`{"columns":["a"],"data":[[1,2]]}`)}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v", c.text, err)
		}
	}
	b, err := mlmodel(flavored + "saved_input_example_info: {type: ndarray, artifact_path: x.json}\nsignature:\n  inputs: '[{\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"float64\", \"shape\": [-1, 2]}}]'\n")
	if err != nil || b.Golden != nil || b.NoGolden == "" || b.Signature != nil {
		t.Errorf("%+v, %v", b, err)
	}
}

func TestSplitRows(t *testing.T) {
	got, err := splitRows([]byte(`{"columns": ["a", "NaN \" x", 3], "index": [0], "data": [[1.50, "NaN", NaN], [-Infinity,
		"a\\", true], [Infinity, null, "\"NaN"]]}`))
	want := `{"a":1.50,"NaN \" x":"NaN","3":null}
{"a":"-Infinity","NaN \" x":"a\\","3":true}
{"a":"Infinity","NaN \" x":null,"3":"\"NaN"}
`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
	for _, bad := range []string{"", "[]", `{"columns":["a"],"data":[[1,2]]}`, `{"columns":["a"],"data":[1]}`, "{\"columns\":[\"a\"],\"data\":[[nan]]}"} {
		if _, err := splitRows([]byte(bad)); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

// FuzzManifest: no panic, and what is read is written and read again as the same.
func FuzzManifest(f *testing.F) {
	f.Add("glulam: 1\nmodel: m.txt\nfeatures: [a, b]\nthreshold: 0.5\ngolden: {rows: r.csv, expected: e.csv}\n")
	f.Add("glulam: 1\nmodel: m.txt\ncalibration: {method: isotonic, x: [0, 1], y: [0, 1]}\nrename: {a: b}\nprovenance: {x: |\n  y\n}\n")
	f.Add("glulam: 1\nmodel: 'm.txt'\noutputs:\n- class\nname: \"\\u00e9\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		b, err := manifest(text)
		if err != nil {
			return
		}
		again, err := FromFiles(b.Files(), "b")
		if err != nil {
			t.Fatalf("%q is written as %s, which is refused: %v", text, b.Files()[0].Data, err)
		}
		if a, b := fmt.Sprintf("%s", b.Files()), fmt.Sprintf("%s", again.Files()); a != b {
			t.Fatalf("%s\nis read back as\n%s", a, b)
		}
	})
}

// FuzzMLmodel: no panic.
func FuzzMLmodel(f *testing.F) {
	f.Add(flavored+"signature:\n  inputs: '[{\"type\": \"double\", \"name\": \"a\"}]'\n", `{"columns":["a"],"data":[[NaN]]}`)
	f.Add(flavored+"saved_input_example_info:\n  artifact_path: x.json\n  pandas_orient: split\n  type: dataframe\n", `{"columns":["a"],"data":[[1],["b"]]}`)
	f.Fuzz(func(t *testing.T, text, example string) {
		b, err := mlmodel(text, File{"x.json", []byte(example)})
		if err == nil {
			b.Match([]Input{{"a", false}}, false)
		}
	})
}

// FuzzArchive: no panic, whatever an archive holds.
func FuzzArchive(f *testing.F) {
	f.Add(pack(f, file("glulam.yaml", "glulam: 1\nmodel: m.txt\n"), file("m.txt", "tree")))
	f.Add(pack(f, file("b/MLmodel", flavored), file("b/m", "tree")))
	f.Fuzz(func(t *testing.T, data []byte) {
		if Detect(data) {
			FromArchive(data, "a")
		}
	})
}
