package golden

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"
)

// RowCount is how many rows there are.
const RowCount = 5000

// Model is an entry of models.json or models_v3.json: see testdata/README.md.
type Model struct {
	Name          string    `json:"name"`
	About         string    `json:"about"`
	File          string    `json:"file"`
	GoldenFile    string    `json:"golden"`
	BoundaryFile  string    `json:"boundary"` // "" for most
	DigestFile    string    `json:"digest"`   // of the rows that package boundary makes; "" for models that glulam refuses
	LightGBM      string    `json:"lightgbm"`
	Version       string    `json:"version"`
	Objective     string    `json:"objective"`
	Outputs       int       `json:"outputs"`
	Trees         int       `json:"trees"`
	AverageOutput bool      `json:"average_output"`
	RawScore      string    `json:"raw_score"` // "sum" or "average"
	Linear        bool      `json:"linear"`
	LeafRows      int       `json:"leaf_rows"`
	Features      []Feature `json:"features"`
}

// Feature is a feature of a model and the column of the rows that feeds it.
type Feature struct {
	Name       string `json:"name"`
	Column     string `json:"column"`
	Kind       string `json:"kind"`       // see Kind*
	Categories int    `json:"categories"` // how many the model's list has
}

// Kinds of features; testdata/README.md explains them.
const (
	KindNumber   = "number"
	KindCategory = "category"
	KindOrdered  = "ordered"
	KindCode     = "code"
)

// Models gives all models of both indexes.
func Models(tb TB) []Model {
	tb.Helper()
	models, err := index()
	if err != nil {
		tb.Fatalf("test data: %v", err)
	}
	return models
}

// Find gives the model of this name.
func Find(tb TB, name string) Model {
	tb.Helper()
	for _, m := range Models(tb) {
		if m.Name == name {
			return m
		}
	}
	tb.Fatalf("test data: no model is called %s", name)
	return Model{}
}

var index = sync.OnceValues(func() ([]Model, error) {
	var all []Model
	for _, name := range []string{"models.json", "models_v3.json"} {
		data, err := os.ReadFile(Path(name))
		if err != nil {
			return nil, err
		}
		var ix struct {
			Rows   int     `json:"rows"`
			Models []Model `json:"models"`
		}
		if err := json.Unmarshal(data, &ix); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if ix.Rows != RowCount {
			return nil, fmt.Errorf("%s: made for %d rows, not %d", name, ix.Rows, RowCount)
		}
		all = append(all, ix.Models...)
	}
	return all, nil
})

// Path is the path of the model file.
func (m Model) Path() string { return Path(m.File) }

// Bytes is the content of the model file.
func (m Model) Bytes(tb TB) []byte {
	tb.Helper()
	return readFile(tb, m.File)
}

// Golden is what LightGBM answers for the rows.
func (m Model) Golden(tb TB) *Golden {
	tb.Helper()
	return Read(tb, Path(m.GoldenFile))
}

// Boundary is what LightGBM answers for rows made to be difficult, and these rows. Only for models with a BoundaryFile.
func (m Model) Boundary(tb TB) *Golden {
	tb.Helper()
	return Read(tb, Path(m.BoundaryFile))
}

// Digests reads the model's DigestFile: the digest of the boundary rows, then one of each block's margins.
func (m Model) Digests(tb TB) []uint64 {
	tb.Helper()
	return readDigests(tb, Path(m.DigestFile))
}

// Rename maps the features whose names are not those of their columns to the columns.
func (m Model) Rename() map[string]string {
	r := map[string]string{}
	for _, f := range m.Features {
		if f.Name != f.Column {
			r[f.Name] = f.Column
		}
	}
	return r
}

// Columns are the columns that the model needs, in the order of its features.
func (m Model) Columns() []string {
	names := make([]string, len(m.Features))
	for i, f := range m.Features {
		names[i] = f.Column
	}
	return names
}
