package golden

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// Case is a model of any library and what the library says of some rows: an entry of testdata/LIBRARY/cases.json.
type Case struct {
	Name    string `json:"name"`
	About   string `json:"about"`
	Library string `json:"library"` // with its version
	Model   string `json:"model"`   // file
	Rows    string `json:"rows"`    // CSV file
	// Text lists the columns of text; all others hold numbers.
	Text []string `json:"text"`
	// Features, Trees and Raw are options of model.Options.
	Features []string `json:"features"`
	Trees    string   `json:"trees"`
	Raw      bool     `json:"raw"`
	// What the library says; nil: nothing.
	Margin     *Expected `json:"margin"`
	Prediction *Expected `json:"prediction"`
	Leaf       *Expected `json:"leaf"`
	Refused    []int     `json:"refused"` // rows, from 0, that the library raises an error for
	Without    []string  `json:"without"` // engines that refuse the model
	// Boundary is what the library says of the rows that package boundary makes of the model and Rows; nil: another case has
	// the same model.
	Boundary *Boundary `json:"boundary"`

	dir string
}

// Boundary is digests of what a library says: see package boundary.
type Boundary struct {
	File   string `json:"file"` // little-endian uint64s: the digest of the rows, then one of each block's margins
	Rows   int    `json:"rows"`
	Of     string `json:"of"` // "prediction" where the library gives no margins
	Finite bool   `json:"finite"`
}

// Expected is one kind of numbers, Width a row.
type Expected struct {
	File    string `json:"file"`
	Width   int    `json:"width"`
	ULPs    int    `json:"ulps"`
	Float32 bool   `json:"float32"` // ULPs are those of float32
}

// Libraries lists the folders that have cases.
func Libraries(tb TB) []string {
	tb.Helper()
	found, err := filepath.Glob(filepath.Join(root(), "testdata", "*", "cases.json"))
	if err != nil {
		tb.Fatalf("test data: %v", err)
	}
	for i, path := range found {
		found[i] = filepath.Base(filepath.Dir(path))
	}
	return found
}

// Cases gives all cases of a library's folder.
func Cases(tb TB, library string) []Case {
	tb.Helper()
	dir := filepath.Join(root(), "testdata", library)
	data, err := os.ReadFile(filepath.Join(dir, "cases.json"))
	if err != nil {
		tb.Fatalf("test data: %v", err)
	}
	var cases []Case
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&cases); err != nil {
		tb.Fatalf("test data: %s: %v", library, err)
	}
	for i := range cases {
		cases[i].dir = dir
		if slices.ContainsFunc(cases[:i], func(c Case) bool { return c.Name == cases[i].Name }) {
			tb.Fatalf("test data: %s has two cases %s", library, cases[i].Name)
		}
	}
	return cases
}

// Path is the model file.
func (c *Case) Path() string { return filepath.Join(c.dir, c.Model) }

// Column is a column of a case's rows: Number or, with IsText, Text and Null.
type Column struct {
	Name   string
	IsText bool
	Number []float64 // NaN is missing
	Text   []string
	Null   []bool
}

// Columns reads the rows, without glulam's own readers.
func (c *Case) Columns(tb TB) []Column {
	tb.Helper()
	columns, err := ReadColumns(filepath.Join(c.dir, c.Rows), c.Text)
	if err != nil {
		tb.Fatalf("test data: %v", err)
	}
	return columns
}

// ReadColumns reads a CSV file of rows as those of cases are; text lists its columns of text.
func ReadColumns(path string, text []string) ([]Column, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(records) < 2 {
		return nil, fmt.Errorf("%s has no rows", path)
	}
	columns := make([]Column, len(records[0]))
	for j, name := range records[0] {
		col := Column{Name: name, IsText: slices.Contains(text, name)}
		for i, record := range records[1:] {
			cell := record[j]
			if col.IsText {
				col.Text, col.Null = append(col.Text, cell), append(col.Null, cell == "")
				continue
			}
			v := math.NaN()
			if cell != "" {
				if v, err = strconv.ParseFloat(cell, 64); err != nil {
					return nil, fmt.Errorf("%s: row %d, %s: %w", path, i, name, err)
				}
			}
			col.Number = append(col.Number, v)
		}
		columns[j] = col
	}
	return columns, nil
}

// Floats reads margins or predictions.
func (c *Case) Floats(tb TB, e *Expected) []float64 {
	tb.Helper()
	raw := c.read(tb, e)
	out := make([]float64, len(raw)/8)
	for i := range out {
		out[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	return out
}

// Digests reads the file of Boundary.
func (c *Case) Digests(tb TB) []uint64 {
	tb.Helper()
	return readDigests(tb, filepath.Join(c.dir, c.Boundary.File))
}

func readDigests(tb TB, path string) []uint64 {
	tb.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		tb.Fatalf("test data: %v", err)
	}
	digests := make([]uint64, len(raw)/8)
	for i := range digests {
		digests[i] = binary.LittleEndian.Uint64(raw[8*i:])
	}
	return digests
}

// Ints reads leaf indices.
func (c *Case) Ints(tb TB, e *Expected) []int32 {
	tb.Helper()
	raw := c.read(tb, e)
	out := make([]int32, len(raw)/4)
	for i := range out {
		out[i] = int32(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return out
}

func (c *Case) read(tb TB, e *Expected) []byte {
	tb.Helper()
	f, err := os.Open(filepath.Join(c.dir, e.File))
	if err != nil {
		tb.Fatalf("test data: %v", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatalf("test data: %s: %v", e.File, err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		tb.Fatalf("test data: %s: %v", e.File, err)
	}
	return raw
}
