package lightgbm

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
)

// realModels are the files of testdata/real, by name.
func realModels(t testing.TB) map[string][]byte {
	paths, err := filepath.Glob("testdata/real/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no models in testdata/real: %v", err)
	}
	models := map[string][]byte{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		models[filepath.Base(path)] = data
	}
	return models
}

func mustParse(t testing.TB, data []byte) *forest.Forest {
	t.Helper()
	f, err := Parse(data, "model.txt")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestDetect(t *testing.T) {
	for text, want := range map[string]bool{
		"tree\nversion=v4\n":           true,
		"tree\r\nversion=v4\r\n":       true,
		"\xef\xbb\xbftree\nversion=v4": true,
		"tree\n":                       true,
		"tree":                         false,
		"":                             false,
		"\n":                           false,
		"trees\n":                      false,
		" tree\n":                      false,
		"{\"name\":\"tree\",\n":        false,
	} {
		if got := Detect([]byte(text)); got != want {
			t.Errorf("Detect(%q) = %v", text, got)
		}
	}
	for name, data := range realModels(t) {
		if !Detect(data) || !Detect(data[:5]) {
			t.Errorf("%s is not detected", name)
		}
	}
}

// TestSameForest rewrites real files in ways that mean nothing.
func TestSameForest(t *testing.T) {
	rewrites := map[string]func(string) string{
		"CRLF":               func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		"CRLF at some lines": func(s string) string { return strings.ReplaceAll(s, "\n\n", "\n\r\n") },
		"byte order mark":    func(s string) string { return "\xef\xbb\xbf" + s },
		"no last line end":   func(s string) string { return strings.TrimSuffix(s, "\n") },
		"more empty lines":   func(s string) string { return strings.ReplaceAll(s, "\n\n", "\n\n\n\n") + "\n\n" },
		"no tree sizes":      func(s string) string { return dropLines(s, "tree_sizes=") },
		"no importances":     func(s string) string { return dropLines(s, "Column_", "age=", "income=", "balance=") },
		"nothing unread": func(s string) string {
			return dropLines(s, "split_gain=", "leaf_weight=", "leaf_count=", "internal_", "shrinkage=", "label_index=", "[learning_rate")
		},
	}
	for name, data := range realModels(t) {
		want := mustParse(t, data)
		for what, rewrite := range rewrites {
			t.Run(name+"/"+what, func(t *testing.T) {
				got := mustParse(t, []byte(rewrite(string(data))))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

func dropLines(s string, prefixes ...string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		drop := false
		for _, p := range prefixes {
			drop = drop || strings.HasPrefix(line, p)
		}
		if !drop {
			b.WriteString(line)
		}
	}
	return b.String()
}

// TestKeepsNothing changes the bytes after they were parsed.
func TestKeepsNothing(t *testing.T) {
	for name, data := range realModels(t) {
		want := mustParse(t, bytes.Clone(data))
		got := mustParse(t, data)
		clear(data)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestObjectives(t *testing.T) {
	const one, three = "num_class=1\n", "num_class=3\n"
	for _, c := range []struct {
		classes, objective string
		link               forest.Link
		task               forest.Task
	}{
		{one, "regression", forest.Link{}, forest.TaskRegression},
		{one, "regression sqrt", forest.Link{Kind: forest.SignedSquare}, forest.TaskRegression},
		{one, "regression_l1", forest.Link{}, forest.TaskRegression},
		{one, "regression_l1 sqrt", forest.Link{Kind: forest.SignedSquare}, forest.TaskRegression},
		{one, "huber", forest.Link{}, forest.TaskRegression},
		{one, "fair", forest.Link{}, forest.TaskRegression},
		{one, "fair sqrt", forest.Link{Kind: forest.SignedSquare}, forest.TaskRegression},
		{one, "quantile", forest.Link{}, forest.TaskRegression},
		{one, "quantile sqrt", forest.Link{Kind: forest.SignedSquare}, forest.TaskRegression},
		{one, "mape", forest.Link{}, forest.TaskRegression},
		{one, "mape sqrt", forest.Link{Kind: forest.SignedSquare}, forest.TaskRegression},
		{one, "poisson", forest.Link{Kind: forest.Exp}, forest.TaskRegression},
		{one, "gamma", forest.Link{Kind: forest.Exp}, forest.TaskRegression},
		{one, "tweedie", forest.Link{Kind: forest.Exp}, forest.TaskRegression},
		{one, "tweedie tweedie_variance_power:1.3", forest.Link{Kind: forest.Exp}, forest.TaskRegression},
		{one, "binary sigmoid:1", forest.Link{Kind: forest.Sigmoid, Param: 1}, forest.TaskBinary},
		{one, "binary sigmoid:0.7", forest.Link{Kind: forest.Sigmoid, Param: 0.7}, forest.TaskBinary},
		{one, "cross_entropy", forest.Link{Kind: forest.Sigmoid, Param: 1}, forest.TaskRegression},
		{one, "xentropy", forest.Link{Kind: forest.Sigmoid, Param: 1}, forest.TaskRegression},
		{one, "cross_entropy_lambda", forest.Link{Kind: forest.Log1pExp}, forest.TaskRegression},
		{one, "xentlambda", forest.Link{Kind: forest.Log1pExp}, forest.TaskRegression},
		{one, "lambdarank", forest.Link{}, forest.TaskRanking},
		{one, "rank_xendcg", forest.Link{}, forest.TaskRanking},
		{one, "rmse", forest.Link{}, forest.TaskRegression},
		{one, "none", forest.Link{}, forest.TaskRegression},
		{three, "multiclass num_class:3", forest.Link{Kind: forest.Softmax}, forest.TaskMulticlass},
		{three, "multiclassova num_class:3 sigmoid:2", forest.Link{Kind: forest.Sigmoid, Param: 2}, forest.TaskMulticlass},
		{three, "custom", forest.Link{}, forest.TaskRegression},
	} {
		text := "tree\nversion=v4\n" + c.classes + "max_feature_idx=0\nobjective=" + c.objective +
			"\nfeature_names=a\nfeature_infos=none\n" + tailLine
		f := mustParse(t, []byte(text))
		if f.Link != c.link || f.Task != c.task || f.Objective != c.objective || f.Outputs != int(c.classes[10]-'0') {
			t.Errorf("%s: link %v, task %v, %q, %d outputs", c.objective, f.Link, f.Task, f.Objective, f.Outputs)
		}
	}
}

// TestForestConstants checks what is the same for every LightGBM model.
func TestForestConstants(t *testing.T) {
	for name, data := range realModels(t) {
		f := mustParse(t, data)
		if f.Format != "lightgbm" || f.LeafWidth != 1 || f.ZeroBand != forest.ZeroThreshold || f.Input != forest.Float64 ||
			f.Sum != forest.Float64 || f.Base != nil || f.LeafIDs != nil {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// TestErrorsHaveSource sees to it that an error of Validate, which knows no file, gets one.
func TestErrorsHaveSource(t *testing.T) {
	text := strings.Replace(string(realModels(t)["custom.txt"]), "left_child=-1", "left_child=-2", 1)
	_, err := Parse([]byte(text), "model.txt")
	if fault.CodeOf(err) != fault.Corrupt || !strings.HasPrefix(err.Error(), "model.txt:11: tree 0: ") {
		t.Errorf("got %v", err)
	}
}
