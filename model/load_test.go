package model_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/model/engine"
)

func TestLoad(t *testing.T) {
	g := golden.Find(t, "lightgbm")
	m, err := model.Load(context.Background(), g.Path(), model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256(g.Bytes(t)))
	if m.Name() != "lightgbm" || m.Digest() != digest || m.Outputs() != 1 || m.Engine() != engine.Best() {
		t.Errorf("%s, %s, %d outputs, engine %s", m.Name(), m.Digest(), m.Outputs(), m.Engine())
	}
	if want := "lightgbm (" + digest[:len("sha256:")+12] + ")"; m.String() != want {
		t.Errorf("String: %s, want %s", m, want)
	}
}

// TestParseName: a model's name is its file's without folders and without the last extension.
func TestParseName(t *testing.T) {
	data := golden.Find(t, "one_tree").Bytes(t)
	for source, want := range map[string]string{
		"late.txt": "late", "a/b/late.v2.txt": "late.v2", "late": "late", ".txt": ".txt", "a.b/late": "late",
	} {
		m, err := model.Parse(data, source, model.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if m.Name() != want {
			t.Errorf("%s: name %q, want %q", source, m.Name(), want)
		}
	}
}

func TestEngines(t *testing.T) {
	data := golden.Find(t, "one_tree").Bytes(t)
	for name, want := range map[string]string{"": engine.Best(), "auto": engine.Best(), "portable": "portable", "reference": "reference", "leaves": "leaves"} {
		m, err := model.Parse(data, "late.txt", model.Options{Engine: name})
		if err != nil {
			t.Fatal(err)
		}
		if m.Engine() != want {
			t.Errorf("engine %q: %s, want %s", name, m.Engine(), want)
		}
		if name != "" && !slices.Contains(model.Engines, name) {
			t.Errorf("Engines has no %s", name)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	named, unnamed := golden.Find(t, "one_feature").Path(), golden.Find(t, "unnamed").Path()
	seventeen := strings.Split(strings.Repeat("x", 17), "")
	for _, c := range []struct {
		name string
		path string
		o    model.Options
		code fault.Code
		want string // after the path
	}{
		{"no file", filepath.Join(dir, "no.txt"), model.Options{}, fault.NotFound, ": no such file or directory; give the path of a model file, a bundle or an MLflow model"},
		{"a folder", dir, model.Options{}, fault.Unreadable, ": a directory, not a model file; a bundle has glulam.yaml in it, an MLflow model MLmodel; there is neither"},
		{"empty", write("empty.txt", ""), model.Options{}, fault.Empty, ": the model file is empty"},
		{"rows", write("rows.csv", "a,b\n1,2\n"), model.Options{}, fault.Unsupported, ": not a model file that this version reads (LightGBM text, scikit-learn JSON of glulam export-sklearn, scikit-learn in a file of skops, LightGBM dump_model JSON, XGBoost JSON and UBJSON, CatBoost JSON and cbm, ONNX); save the model with the training library's own save_model"},
		{"joblib", write("m.joblib", "\x78\x9c\x00\x00"), model.Options{}, fault.Unsupported, ": a compressed pickle of joblib, it seems, which glulam never reads; `glulam export-sklearn` exports scikit-learn's models; of other libraries, save the model with the training library's own save_model"},
		{"PMML", write("m.pmml", "<?xml version=\"1.0\"?>\n<PMML>"), model.Options{}, fault.Unsupported, ": a PMML file; save the model with the training library's own save_model"},
		{"treelite", write("m.bin", "\x04\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x02\x02"+strings.Repeat("\x00", 64)), model.Options{}, fault.Unsupported, ": a Treelite checkpoint, it seems, which does not say how the training library computes; save the model with the training library's own save_model"},
		{"engine", named, model.Options{Engine: "warp"}, fault.Usage, `: no engine is called "warp"; engines are ` + strings.Join(model.Engines, ", ")},
		{"names for a model that has them", named, model.Options{Features: []string{"hour"}}, fault.Usage, ": the model names its own 1 features, so --features must not; map a feature to a column of another name with --rename feature=column"},
		{"too few names", unnamed, model.Options{Features: []string{"a", "b"}}, fault.Usage, ": --features has 2 names, the model 17 features"},
		{"the same name", unnamed, model.Options{Features: seventeen}, fault.Usage, `: --features: name 2 ("x") is empty or a repetition`},
		{"an empty name", unnamed, model.Options{Features: make([]string, 17)}, fault.Usage, `: --features: name 1 ("") is empty or a repetition`},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := model.Load(context.Background(), c.path, c.o)
			if m != nil || err == nil || err.Error() != c.path+c.want || fault.CodeOf(err) != c.code {
				t.Errorf("got  %v (%s)\nwant %s%s (%s)", err, fault.CodeOf(err), c.path, c.want, c.code)
			}
		})
	}
}

func TestLoadCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := model.Load(ctx, golden.Find(t, "one_tree").Path(), model.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestParseKeepsNothing: the bytes may be used for something else afterwards.
func TestParseKeepsNothing(t *testing.T) {
	for _, name := range []string{"odd_names", "category_high"} {
		g := golden.Find(t, name)
		data := g.Bytes(t)
		m, err := model.Parse(data, g.File, model.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range data {
			data[i] = 'x'
		}
		compare(t, name, m, g.Golden(t), score(t, m, wanted(t, g), rename(g), 0))
		if f := m.Forest(); f.Objective != g.Objective || f.Version != g.Version {
			t.Errorf("objective %q, version %q", f.Objective, f.Version)
		}
	}
}

// TestSignature compares what a model says of itself with the index of the test data.
func TestSignature(t *testing.T) {
	for _, g := range models(t) {
		m, err := model.Load(context.Background(), g.Path(), model.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := m.Signature()
		if s.Name != g.Name || s.Digest != m.Digest() || s.Format != "lightgbm" || s.Version != g.Version || s.Objective != g.Objective ||
			s.Trees != g.Trees || s.Linear != g.Linear || s.Averaged != g.AverageOutput || s.Rounds != g.Trees/g.Outputs ||
			len(s.Outputs) != g.Outputs || s.Leaves != s.Nodes+s.Trees || len(s.Features) != len(g.Features) {
			t.Errorf("%s: %+v", g.Name, s)
		}
		if s.MaxDepth > s.Nodes || (s.MaxDepth == 0) != (s.Nodes == 0) {
			t.Errorf("%s: depth %d of %d nodes", g.Name, s.MaxDepth, s.Nodes)
		}
		splits := 0
		for i, f := range s.Features {
			want := g.Features[i]
			kind := "number"
			if want.Kind != golden.KindNumber {
				kind = "category"
			}
			// A category code without a single categorical split looks like a number.
			if f.Name != want.Name || f.Kind != kind && f.Thresholds > 0 || len(f.Categories) != want.Categories {
				t.Errorf("%s: feature %s is %+v, want %+v", g.Name, want.Name, f, want)
			}
			if f.Thresholds > 0 && !f.Used || f.Min != nil && (f.Max == nil || *f.Min > *f.Max) {
				t.Errorf("%s: feature %+v", g.Name, f)
			}
			splits += f.Thresholds
		}
		if splits != s.Nodes {
			t.Errorf("%s: %d splits over all features, %d nodes", g.Name, splits, s.Nodes)
		}
	}
}

func TestOutputNames(t *testing.T) {
	for k, want := range map[int]string{1: "p", 2: "p_0 p_1", 3: "p_0 p_1 p_2"} {
		if got := strings.Join(model.OutputNames("p", k), " "); got != want {
			t.Errorf("%d: %s, want %s", k, got, want)
		}
	}
}
