// Command boundaryrows prints the boundary rows of a model for the scripts of testdata/gen: see package boundary.
//
// It reads a line of JSON:
//
//	{"model": "path", "rows": "path.csv", "text": [...], "features": [...], "trees": "...", "finite": true}
//
// or, instead of rows and text, "matrix": a file of little-endian float64s, rows of the features as the trees see them. Options
// have the names and meanings of a case's.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"

	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/internal/golden/boundary"
	"github.com/glulam/glulam/model"
)

type request struct {
	Model    string   `json:"model"`
	Rows     string   `json:"rows"`
	Text     []string `json:"text"`
	Matrix   string   `json:"matrix"`
	Features []string `json:"features"`
	Trees    string   `json:"trees"`
	Finite   bool     `json:"finite"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "boundaryrows:", err)
		os.Exit(1)
	}
}

func run() error {
	var r request
	d := json.NewDecoder(os.Stdin)
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return err
	}
	m, err := model.Load(context.Background(), r.Model, model.Options{Features: r.Features, Trees: r.Trees, Raw: true})
	if err != nil {
		return err
	}
	set, err := rows(m, &r)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(os.Stdout)
	if err := set.Write(w); err != nil {
		return err
	}
	return w.Flush()
}

func rows(m *model.Model, r *request) (*boundary.Set, error) {
	o := boundary.Options{Finite: r.Finite}
	if r.Matrix == "" {
		base, err := golden.ReadColumns(r.Rows, r.Text)
		if err != nil {
			return nil, err
		}
		return boundary.Make(m, base, o)
	}
	raw, err := os.ReadFile(r.Matrix)
	if err != nil {
		return nil, err
	}
	x := make([]float64, len(raw)/8)
	for i := range x {
		x[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	return boundary.MakeCodes(m.Forest(), x, o), nil
}
