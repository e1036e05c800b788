package model_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/model/engine"
)

// refused are the models of the test data that the parser refuses, with a part of what it says: they do not tell which
// features their lists of categories belong to.
var refused = map[string]string{
	"category_mixed": `pandas_categorical: the file does not say which feature list 2 of 2 (16 texts from "9E") belongs to`,
}

// few are models of every kind, for runs that are to be short or are slow because of the race detector.
var few = []string{
	"lightgbm", "multiclass", "rf_multiclass", "linear_category", "zero_as_missing", "category_int", "category_float", "category_bool",
	"category_ordered", "codes", "odd_names", "one_leaf", "v3_linear",
}

// models are the models of the test data, without the refused: all of them, or few.
func models(tb testing.TB) []golden.Model {
	tb.Helper()
	return slices.DeleteFunc(slices.Clone(golden.Models(tb)), func(g golden.Model) bool {
		return refused[g.Name] != "" || (testing.Short() || model.RaceEnabled) && !slices.Contains(few, g.Name)
	})
}

// engines are those that every model is tested with: all that run here.
var engines = slices.Concat([]string{"reference", "leaves"}, engine.Running())

// load loads a model of the test data, giving it the names of its columns if it has none. It skips the refused.
func load(tb testing.TB, g golden.Model, engine string) *model.Model {
	tb.Helper()
	o := model.Options{Engine: engine}
	if nameless(g) {
		o.Features = g.Columns()
	}
	m, err := model.Load(context.Background(), g.Path(), o)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// nameless says whether the model has only the names that LightGBM makes up.
func nameless(g golden.Model) bool { return g.Features[0].Name == "Column_0" }

// rename is how the model's features get to the columns, once load gave it names.
func rename(g golden.Model) map[string]string {
	if nameless(g) {
		return nil
	}
	return g.Rename()
}

// sameBits says whether two margins are the same: any NaN is as good as another.
func sameBits(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b
}

// ulps counts the float64s between a and b; it is huge for numbers of different signs.
func ulps(a, b float64) uint64 {
	if sameBits(a, b) || a == b {
		return 0
	}
	if a != a || b != b || math.Signbit(a) != math.Signbit(b) {
		return math.MaxUint64
	}
	x, y := math.Float64bits(a), math.Float64bits(b)
	return max(x, y) - min(x, y)
}
