package lightgbm

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
)

const flights = "../../testdata/flights"

// flightModel is an entry of models.json and models_v3.json.
type flightModel struct {
	Name, File, Golden, Boundary, Version, Objective string
	Outputs, Trees                                   int
	Features                                         []struct {
		Name, Column, Kind string
		Categories         int
	}
}

// TestFlights holds the models of testdata to what LightGBM says about real rows, and about rows on the edges of their
// splits: margins and leaf indices bit for bit, predictions closely.
func TestFlights(t *testing.T) {
	rows := readRows(t)
	for _, index := range []string{"models.json", "models_v3.json"} {
		var list struct{ Models []flightModel }
		if err := json.Unmarshal(readFile(t, filepath.Join(flights, index)), &list); err != nil {
			t.Fatal(err)
		}
		for _, m := range list.Models {
			t.Run(m.Name, func(t *testing.T) {
				f, err := Parse(readFile(t, filepath.Join(flights, m.File)), m.File)
				if m.Name == "category_mixed" {
					// carrier has a list, dow has none, and the file does not say so.
					if fault.CodeOf(err) != fault.Unsupported {
						t.Fatalf("got %v", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				checkAgainstIndex(t, f, m)
				rows.against(t, f, m)
				if m.Boundary != "" {
					g := readGolden(t, m.Boundary)
					g.against(t, f, g.matrix)
				}
			})
		}
	}
}

func checkAgainstIndex(t *testing.T, f *forest.Forest, m flightModel) {
	if f.Version != m.Version || f.Objective != m.Objective || f.Outputs != m.Outputs || len(f.Trees) != m.Trees {
		t.Errorf("%s %q, %d outputs, %d trees; want %s %q, %d, %d", f.Version, f.Objective, f.Outputs, len(f.Trees), m.Version, m.Objective, m.Outputs, m.Trees)
	}
	if len(f.Features) != len(m.Features) {
		t.Fatalf("%d features, want %d", len(f.Features), len(m.Features))
	}
	for i, want := range m.Features {
		got := f.Features[i]
		categories := 0
		if got.Categories != nil {
			categories = got.Categories.Len()
		}
		isCategorical := want.Kind == "category" || want.Kind == "code"
		if got.Name != want.Name || categories != want.Categories || (got.Kind == forest.Categorical) != isCategorical {
			t.Errorf("feature %d is %q, kind %d, %d categories; want %q %s %d", i, got.Name, got.Kind, categories, want.Name, want.Kind, want.Categories)
		}
	}
}

// flightRows is rows.csv by column.
type flightRows struct {
	n       int
	columns map[string][]string
}

func readRows(t *testing.T) flightRows {
	records, err := csv.NewReader(bytes.NewReader(readFile(t, filepath.Join(flights, "rows.csv")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	r := flightRows{n: len(records) - 1, columns: map[string][]string{}}
	for i, name := range records[0] {
		for _, rec := range records[1:] {
			r.columns[name] = append(r.columns[name], rec[i])
		}
	}
	return r
}

func (r flightRows) against(t *testing.T, f *forest.Forest, m flightModel) {
	x := make([]float64, r.n*len(f.Features))
	for j, feature := range m.Features {
		for i, cell := range r.columns[feature.Column] {
			x[i*len(f.Features)+j] = encode(t, f.Features[j].Categories, feature.Column, cell)
		}
	}
	readGolden(t, m.Golden).against(t, f, x)
}

// encode gives what a feature sees of a cell.
func encode(t *testing.T, c *forest.Categories, column, cell string) float64 {
	if cell == "" {
		return math.NaN()
	}
	if c != nil && c.Number == nil {
		for code := range c.Len() {
			if c.Bool != nil && strconv.FormatBool(c.Bool[code]) == cell || c.Bool == nil && c.Text[code] == cell {
				return float64(code)
			}
		}
		return math.NaN()
	}
	bits := 64
	if column == "visib" {
		bits = 32 // see testdata/README.md
	}
	v, err := strconv.ParseFloat(cell, bits)
	if err != nil {
		t.Fatal(err)
	}
	if c == nil {
		return v
	}
	for code, n := range c.Number {
		if n == v {
			return float64(code)
		}
	}
	return math.NaN()
}

// golden is a container of testdata: see its README.md.
type golden struct {
	head struct {
		Magic                                                     [4]byte
		Version, Rows, Outputs, Trees, LeafRows, Features, Stored uint32
	}
	matrix, margins, predictions []float64
	leaves                       []uint16
}

func readGolden(t *testing.T, name string) *golden {
	z, err := gzip.NewReader(bytes.NewReader(readFile(t, filepath.Join(flights, name))))
	if err != nil {
		t.Fatal(err)
	}
	g := &golden{}
	read := func(v any) {
		if err == nil {
			err = binary.Read(z, binary.LittleEndian, v)
		}
	}
	read(&g.head)
	h := g.head
	g.matrix = make([]float64, h.Rows*h.Features)
	g.margins = make([]float64, h.Rows*h.Outputs)
	g.predictions = g.margins
	g.leaves = make([]uint16, h.LeafRows*h.Trees)
	read(g.matrix)
	read(g.margins)
	if h.Stored&1 != 0 {
		g.predictions = make([]float64, len(g.margins))
		read(g.predictions)
	}
	read(g.leaves)
	if _, end := z.Read(make([]byte, 1)); err != nil || string(h.Magic[:]) != "GLGD" || end != io.EOF {
		t.Fatalf("%s is not a golden file: %v", name, err)
	}
	return g
}

func (g *golden) against(t *testing.T, f *forest.Forest, x []float64) {
	reference := forest.NewReference(f)
	rows := int(g.head.Rows)
	got := make([]float64, rows*f.Outputs)
	reference.Margins(x, rows, got)
	for i, want := range g.margins {
		if math.Float64bits(got[i]) != math.Float64bits(want) && !(math.IsNaN(got[i]) && math.IsNaN(want)) {
			t.Fatalf("row %d output %d: margin %v, LightGBM has %v", i/f.Outputs, i%f.Outputs, got[i], want)
		}
	}
	f.Predictions(got, got)
	for i, want := range g.predictions {
		if math.Abs(got[i]-want) > 1e-14*math.Abs(want) {
			t.Fatalf("row %d output %d: prediction %v, LightGBM has %v", i/f.Outputs, i%f.Outputs, got[i], want)
		}
	}
	leaves := make([]int32, rows*len(f.Trees))
	reference.LeafIndices(x, rows, leaves)
	for i, want := range g.leaves {
		if leaves[i] != int32(want) {
			t.Fatalf("row %d tree %d: leaf %d, LightGBM has %d", i/len(f.Trees), i%len(f.Trees), leaves[i], want)
		}
	}
}

func readFile(t testing.TB, path string) []byte {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%v: testdata/README.md says how to make it", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return data
}
