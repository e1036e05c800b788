package model_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/model/parity"
)

func signature(t *testing.T, path string, features ...string) (*model.Model, model.Signature) {
	t.Helper()
	m, err := model.Load(context.Background(), "../testdata/"+path, model.Options{Features: features, Trees: "all"})
	if err != nil {
		t.Fatal(err)
	}
	return m, m.Signature()
}

// TestCoded: XGBoost's categories are codes where the file has no values, and values where it has.
func TestCoded(t *testing.T) {
	for path, want := range map[string][]string{
		"xgboost/v16_category.json":           {"carrier_code", "month_code"},
		"xgboost/v21_category_partition.json": {"carrier_code", "month_code"},
		"xgboost/category_onehot.ubj":         {"carrier_code", "month_code"},
		"xgboost/text_json.json":              nil,
		"xgboost/softprob.json":               nil,
		"lightgbm-dump/category_int.json":     nil, // the numbers of training themselves
		"flights/category_ordered.txt":        nil,
	} {
		m, s := signature(t, path)
		if got := m.Coded(); !slices.Equal(got, want) {
			t.Errorf("%s: codes of %q, not %q", path, got, want)
		}
		for _, f := range s.Features {
			is := slices.Contains(want, f.Name)
			if f.Codes != is || (f.LastCode != nil) != is || is && (f.Kind != "category" || f.Categories != nil || *f.LastCode < 0 || *f.LastCode > 40) {
				t.Errorf("%s: %+v", path, f)
			}
		}
	}
}

// TestNumberCategories: categories that are numbers are told, as texts are.
func TestNumberCategories(t *testing.T) {
	_, s := signature(t, "xgboost/text_json.json")
	kinds := 0
	for _, f := range s.Features {
		if len(f.Categories) == 0 {
			continue
		}
		if _, number := f.Categories[0].(float64); number && f.Kind == "category" {
			kinds |= 1
		}
		if _, text := f.Categories[0].(string); text && f.Kind == "category" {
			kinds |= 2
		}
	}
	if kinds != 3 {
		t.Errorf("%+v", s.Features)
	}
}

// TestStepInfo: what is done before the trees is told.
func TestStepInfo(t *testing.T) {
	for path, want := range map[string][]model.StepInfo{
		"flights/category_ordered.txt": nil,
		"xgboost/text_json.json":       {{Step: "look up", Count: 3}},
		"onnx/pipeline_double.onnx":    {{Step: "subtract", Count: 6}, {Step: "divide", Count: 6}},
		"sklearn/pipeline_all.json": {{Step: "refuse infinite", Count: 40}, {Step: "fill missing", Count: 4}, {Step: "is missing", Count: 4}, {Step: "subtract", Count: 8},
			{Step: "divide", Count: 8}, {Step: "look up", Count: 4}, {Step: "equals", Count: 15}, {Step: "copy", Count: 28}},
	} {
		_, s := signature(t, path)
		if !slices.Equal(s.Steps, want) {
			t.Errorf("%s: %+v", path, s.Steps)
		}
	}
}

// TestClassIsAPlace: whatever labels a model has, texts or numbers, and in whatever format, the class of a row is the place
// of its class among them, from 0.
func TestClassIsAPlace(t *testing.T) {
	libraries := map[string]int{}
	for _, library := range golden.Libraries(t) {
		for _, c := range golden.Cases(t, library) {
			if c.Prediction == nil || len(c.Refused) > 0 || libraries[library] == 4 {
				continue
			}
			m, err := model.Load(context.Background(), c.Path(), model.Options{Features: c.Features, Trees: cmp.Or(c.Trees, "all")})
			if err != nil {
				t.Fatal(err)
			}
			labels := m.Signature().Classes
			if !m.HasClass() || !slices.ContainsFunc(labels, func(l string) bool { return l != fmt.Sprint(slices.Index(labels, l)) }) {
				continue
			}
			libraries[library]++
			expected, all, width := "class\n", c.Floats(t, c.Prediction), c.Prediction.Width
			for row := range slices.Chunk(all, width) {
				place := slices.Index(row, slices.Max(row))
				if width == 1 && row[0] > 0.5 {
					place = 1
				}
				expected += fmt.Sprintln(place)
			}
			e, err := parity.Memory(context.Background(), "expected.csv", []byte(expected))
			if err != nil {
				t.Fatal(err)
			}
			r, err := parity.Check(context.Background(), table(t, filepath.Join(filepath.Dir(c.Path()), c.Rows)), e, parity.DefaultTolerance, m.Scorers(nil))
			if err != nil {
				t.Fatal(err)
			}
			if !r.Equal() {
				t.Errorf("%s/%s, of %q: %+v", library, c.Name, labels, r.Worst())
			}
		}
	}
	if want := map[string]int{"xgboost": 4, "sklearn": 4, "catboost": 1, "onnx": 4}; !maps.Equal(libraries, want) {
		t.Errorf("models with labels that are not their places: %v", libraries)
	}
}
