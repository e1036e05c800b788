package model_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/model/bundle"
	"github.com/glulam/glulam/model/parity"
)

const bundles, mlflow = "../testdata/bundle/", "../testdata/mlflow/"

// table reads a file of testdata into memory.
func table(t testing.TB, path string) *parity.Table {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	tab, err := parity.Memory(context.Background(), path, data)
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

// equal fails the test if a check found a difference, or compared nothing.
func equal(t testing.TB, r *parity.Report, rows int64, outputs ...string) {
	t.Helper()
	if r.Rows != rows || len(r.Engines) < 2 {
		t.Errorf("%d rows on %d engines", r.Rows, len(r.Engines))
	}
	for _, e := range r.Engines {
		var names []string
		for _, o := range e.Outputs {
			names = append(names, o.Output)
			t.Logf("%s %s: %d values, %d different, %d ulps", e.Engine, o.Output, o.Values, o.Different, o.MaxULPs)
			if o.Different > 0 {
				t.Errorf("%s: %s: %d different, the first %+v", e.Engine, o.Output, o.Different, o.First)
			}
		}
		if e.Reason == "" && !slices.Equal(names, outputs) {
			t.Errorf("%s: compared %q, not %q", e.Engine, names, outputs)
		}
	}
}

// TestMLflow loads folders that MLflow saved and holds them against what the libraries predict.
func TestMLflow(t *testing.T) {
	margin, both := []string{"margin"}, []string{"margin", "prediction"}
	for name, want := range map[string][]string{
		"lightgbm": both, "lightgbm_blank": both, "lightgbm_matrix": margin, "xgboost": both, "xgboost_json": both,
		"xgboost_sklearn": both, "catboost": both, "onnx": {"prediction"},
		"v1_lightgbm": both, "v1_lightgbm_blank": both, "v1_lightgbm_matrix": margin,
	} {
		t.Run(name, func(t *testing.T) {
			m, err := model.Load(context.Background(), mlflow+name, model.Options{})
			if err != nil {
				t.Fatal(err)
			}
			rows, rename := "rows.csv", map[string]string(nil)
			if name == "onnx" {
				rows = "rows_whole.csv"
			}
			if strings.HasSuffix(name, "_blank") {
				if in, err := m.Inputs(nil); err != nil || in[2].Feature != "wind_gust" || in[2].Column != "wind gust" {
					t.Errorf("inputs %v, %v", in, err)
				}
				rename = map[string]string{"wind_gust": "wind_gust"} // wins over the bundle's
			}
			r, err := parity.Check(context.Background(), table(t, mlflow+rows), table(t, mlflow+name+".expected.csv"), parity.DefaultTolerance, m.Scorers(rename))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, r, 300, want...)
		})
	}
}

func TestMLflowRefused(t *testing.T) {
	for name, want := range map[string]string{
		"lightgbm_sklearn":    `MLmodel:4:11: flavors.lightgbm.data: the model is the pickle "model.skops", which glulam never opens`,
		"v1_lightgbm_sklearn": `MLmodel:4:11: flavors.lightgbm.data: the model is the pickle "model.pkl", which glulam never opens`,
		"v1_xgboost":          "model.xgb: a model in XGBoost's old binary format",
		"sklearn":             "MLmodel:2:3: flavors: the flavor sklearn is not read",
		"pyfunc":              `MLmodel:2:3: flavors: the only flavor is python_function (loader_module "mlflow.pyfunc.model")`,
	} {
		_, err := model.Load(context.Background(), mlflow+name, model.Options{})
		if fault.CodeOf(err) != fault.Unsupported || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBundles loads bundles whose golden outputs LightGBM and scikit-learn wrote.
func TestBundles(t *testing.T) {
	both := []string{"margin", "prediction"}
	for name, want := range map[string][]string{"late": {"margin", "prediction", "class", "leaf"}, "late.tar.gz": {"margin", "prediction", "class", "leaf"}, "platt": both, "isotonic": both} {
		t.Run(name, func(t *testing.T) {
			m, err := model.Load(context.Background(), bundles+name, model.Options{Unchecked: true})
			if err != nil {
				t.Fatal(err)
			}
			r, err := m.Check(context.Background(), nil)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, r, 400, want...)
			if _, err := model.Load(context.Background(), bundles+name, model.Options{Trees: "0:1"}); err != nil {
				t.Errorf("with other trees: %v", err)
			}
		})
	}
}

// TestBundleDigest: a folder and an archive of it, in any order and with other files beside, are the same model.
func TestBundleDigest(t *testing.T) {
	folder, err := model.Load(context.Background(), bundles+"late/", model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	archive, err := model.Load(context.Background(), bundles+"late.tar.gz", model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	// (cd testdata/bundle/late && sha256sum category_ordered.txt expected.csv glulam.yaml rows.csv | sha256sum)
	const want = "sha256:571d0ec70c0f2bb015f233235ee4faa8304d3748503ec112e8eea19bc79635e7"
	if folder.Digest() != want || archive.Digest() != want || folder.Name() != "late" || archive.Name() != "late" {
		t.Errorf("%s and %s, not %s", folder, archive, want)
	}
}

// TestBundleFails: a bundle whose golden rows do not come out is refused, unless somebody asks for the reason.
func TestBundleFails(t *testing.T) {
	dir := copyBundle(t, "platt", "expected.csv", "-2.0526115624510695,", "-2.0526115624510690,")
	_, err := model.Load(context.Background(), dir, model.Options{})
	if fault.CodeOf(err) != fault.Corrupt || !strings.Contains(err.Error(), "the golden rows do not come out as expected: 1 of 400 values of margin differ on engine reference, the first in row 1: -2.0526115624510695, not -2.052611562451069") {
		t.Error(err)
	}
	m, err := model.Load(context.Background(), dir, model.Options{Unchecked: true})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := m.Check(context.Background(), nil); err != nil || r.Equal() {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestBundleULPs: what a bundle tolerates it tolerates in predictions only, and what was off is told.
func TestBundleULPs(t *testing.T) {
	for _, c := range []struct {
		old, new, ulps string
		off            uint64
		want           string // of the error
	}{
		{"-2.0526115624510695,", "-2.0526115624510690,", "ulps: 64", 0, "1 of 400 values of margin differ"},
		{",0.1159190204328416", ",0.1159190204328416", "ulps: 0", 0, ""},
		{",0.1159190204328416", ",0.11591902043284161", "", 1, ""},
		{",0.1159190204328416", ",0.11591902043284168", "ulps: 6", 6, ""},
		{",0.1159190204328416", ",0.11591902043284168", "", 0, "1 of 400 values of prediction differ"},
	} {
		dir := copyBundle(t, "platt", "expected.csv", c.old, c.new)
		path := filepath.Join(dir, "glulam.yaml")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(text), "expected: expected.csv", "expected: expected.csv\n  "+c.ulps, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := model.Load(context.Background(), dir, model.Options{})
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s, %s: %v", c.new, c.ulps, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s, %s: %v", c.new, c.ulps, err)
		} else if off := m.Signature().Bundle.GoldenULPs; off != c.off {
			t.Errorf("%s, %s: %d ulps off, not %d", c.new, c.ulps, off, c.off)
		}
		// The same rounds by another name: another model is checked then.
		if m, err = model.Load(context.Background(), dir, model.Options{Trees: "all"}); err != nil || m.Signature().Bundle.GoldenULPs != c.off {
			t.Errorf("%s, %s, all rounds: %v", c.new, c.ulps, err)
		}
	}
}

// TestBundleMisfits: what a manifest says has to go with the model.
func TestBundleMisfits(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"calibration:", "threshold: 0.5\nrename: {tmp: t}\ncalibration:", `glulam.yaml:6:10: rename.tmp: the model has no feature "tmp"`},
		{"category_ordered.txt", "expected.csv", "not a model file"},
		{"calibration:", "trees: best\ncalibration:", "which rounds were best"},
		{"calibration:", "features: [a, b, c, d]\ncalibration:", "names its own 4 features"},
		{"rows: rows.csv", "rows: expected2.csv", `glulam.yaml:7:9: golden.rows: the file of golden rows, "expected2.csv", is not there`},
	} {
		dir := copyBundle(t, "platt", "glulam.yaml", c.old, c.new)
		if _, err := model.Load(context.Background(), dir, model.Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.new, err)
		}
	}
}

// TestOwnThreshold: a CatBoost model that was saved with a probability threshold of its own is binary, but has no class until
// a bundle says which threshold counts.
func TestOwnThreshold(t *testing.T) {
	cases := golden.Cases(t, "catboost")
	c := cases[slices.IndexFunc(cases, func(c golden.Case) bool { return c.Name == "threshold" })]
	data, err := os.ReadFile(c.Path())
	if err != nil {
		t.Fatal(err)
	}
	rows, err := os.ReadFile(filepath.Join(filepath.Dir(c.Path()), c.Rows))
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.Parse(data, c.Model, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s := m.Signature(); s.Task != "binary" || m.HasClass() || !strings.Contains(s.NoClass, "a probability threshold of its own, 0.3") {
		t.Errorf("%s; class: %v, %q", s.Task, m.HasClass(), s.NoClass)
	}
	load := func(lines string, above float64) error {
		expected := "prediction,class\n"
		for _, p := range c.Floats(t, c.Prediction) { // the library's own
			class := 0
			if p > above {
				class = 1
			}
			expected += fmt.Sprintf("%v,%d\n", p, class)
		}
		b, err := bundle.FromFiles([]bundle.File{
			{Name: bundle.ManifestName, Data: []byte("glulam: 1\nmodel: m.cbm\noutputs: [class]\ngolden: {rows: rows.csv, expected: expected.csv}\n" + lines)},
			{Name: "m.cbm", Data: data}, {Name: "rows.csv", Data: rows}, {Name: "expected.csv", Data: []byte(expected)},
		}, "b")
		if err != nil {
			t.Fatal(err)
		}
		_, err = model.FromBundle(context.Background(), b, model.Options{})
		return err
	}
	if err := load("", 0.3); fault.CodeOf(err) != fault.Unsupported || !strings.Contains(err.Error(), "write the threshold that is to count into b/glulam.yaml") {
		t.Errorf("without a threshold: %v", err)
	}
	for _, threshold := range []float64{0.15, 0.3, 0.5} {
		if err := load(fmt.Sprintf("threshold: %v\n", threshold), threshold); err != nil {
			t.Errorf("%v: %v", threshold, err)
		}
	}
	if err := load("threshold: 0.5\n", 0.3); fault.CodeOf(err) != fault.Corrupt || !strings.Contains(err.Error(), "of class differ") {
		t.Errorf("classes of another threshold: %v", err)
	}
}

// copyBundle copies a bundle and changes one of its files.
func copyBundle(t testing.TB, name, file, old, with string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	if err := os.CopyFS(dir, os.DirFS(bundles+name)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, file)
	data, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(data), old) {
		t.Fatalf("%s has no %q: %v", path, old, err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(data), old, with, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestMLflowExpected: outputs beside an input example make golden rows of it.
func TestMLflowExpected(t *testing.T) {
	m, err := model.Load(context.Background(), mlflow+"lightgbm", model.Options{Unchecked: true})
	if err != nil {
		t.Fatal(err)
	}
	r, err := m.Check(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Equal() || r.Expected || r.Rows != 20 || r.Against != "reference" || len(r.Engines) < 3 || len(r.Engines[1].Outputs) != 4 {
		t.Errorf("engines against each other: %+v", r)
	}
	dir := filepath.Join(t.TempDir(), "m")
	if err := os.CopyFS(dir, os.DirFS(mlflow+"lightgbm")); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(mlflow + "lightgbm.expected.csv")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(data), "\n")[:21]
	for changed, ok := range map[string]bool{"": true, "margin,prediction\n0,0\n": false} {
		if changed == "" {
			changed = strings.Join(lines, "")
		}
		if err := os.WriteFile(filepath.Join(dir, "expected.csv"), []byte(changed), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := model.Load(context.Background(), dir, model.Options{}); (err == nil) != ok {
			t.Errorf("%.30q: %v", changed, err)
		}
	}
}

// BenchmarkLoadBundle is the price of the check at load.
func BenchmarkLoadBundle(b *testing.B) {
	for _, unchecked := range []bool{true, false} {
		b.Run(map[bool]string{true: "unchecked", false: "checked"}[unchecked], func(b *testing.B) {
			for b.Loop() {
				if _, err := model.Load(context.Background(), bundles+"late", model.Options{Unchecked: unchecked}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
