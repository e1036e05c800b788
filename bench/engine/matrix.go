package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"

	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/model/forest"
)

// matrix holds rows of doubles, row after row: NaN where missing, categories as their codes.
type matrix struct {
	rows, width int
	x           []float64
}

// span gives the rows from..to-1.
func (m *matrix) span(from, to int) []float64 { return m.x[from*m.width : to*m.width] }

// readMatrix reads what bench/train.py wrote: rows and width as 64-bit integers, then doubles, all little-endian.
func readMatrix(path string) (*matrix, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(data) < 16 {
		return nil, fmt.Errorf("%s: no matrix", path)
	}
	rows, width := binary.LittleEndian.Uint64(data), binary.LittleEndian.Uint64(data[8:])
	if rows < 2*largestBatch || rows > 1<<24 || width < 1 || width > 1<<12 || uint64(len(data)) != 16+8*rows*width {
		return nil, fmt.Errorf("%s: %d bytes are no matrix of %d x %d", path, len(data), rows, width)
	}
	m := &matrix{rows: int(rows), width: int(width), x: readDoubles(data[16:])}
	return m, nil
}

func readDoubles(data []byte) []float64 {
	x := make([]float64, len(data)/8)
	for i := range x {
		x[i] = math.Float64frombits(binary.LittleEndian.Uint64(data[8*i:]))
	}
	return x
}

// flightsMatrix makes a matrix of the flights of testdata for a forest that names its features, over and over until there are
// enough rows. It is for the short form, which does without Python.
func flightsMatrix(f *forest.Forest) (*matrix, error) {
	var texts []string
	for _, feature := range f.Features {
		if feature.Categories != nil {
			texts = append(texts, feature.Name)
		}
	}
	columns, err := golden.ReadColumns("testdata/flights/rows.csv", append(texts, otherTexts...))
	if err != nil {
		return nil, err
	}
	byName := map[string]golden.Column{}
	for _, c := range columns {
		byName[c.Name] = c
	}
	m := &matrix{rows: 2 * largestBatch, width: len(f.Features)}
	m.x = make([]float64, m.rows*m.width)
	for j, feature := range f.Features {
		c, ok := byName[feature.Name]
		if !ok {
			return nil, fmt.Errorf("the flights have no column %q", feature.Name)
		}
		codes := map[string]float64{}
		if feature.Categories != nil {
			for code, text := range feature.Categories.Text {
				codes[text] = float64(code)
			}
		}
		for i := range m.rows {
			m.x[i*m.width+j] = cellOf(&c, i, codes)
		}
	}
	return m, nil
}

// otherTexts are columns of the flights that no model of numbers needs, but that are texts all the same.
var otherTexts = []string{"time_hour", "carrier", "tailnum", "origin", "dest", "manufacturer", "engine", "size", "weekend"}

// cellOf is the value of a column in row i, round and round.
func cellOf(c *golden.Column, i int, codes map[string]float64) float64 {
	if !c.IsText {
		return c.Number[i%len(c.Number)]
	}
	i %= len(c.Text)
	if code, ok := codes[c.Text[i]]; ok && !c.Null[i] {
		return code
	}
	return math.NaN()
}
