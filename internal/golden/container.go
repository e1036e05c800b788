package golden

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"sync"
)

// Golden is what LightGBM answers for some rows: the content of a .golden.gz or .boundary.gz file.
type Golden struct {
	Rows     int
	Outputs  int // values a row
	Trees    int
	LeafRows int // the first rows, which have leaf indices
	Features int // columns of Matrix; 0 when the rows are those of rows.csv

	Matrix      []float64 // Rows x Features, row after row
	Margins     []float64 // Rows x Outputs, row after row
	Predictions []float64 // the same; Margins itself where they are equal
	Leaves      []int32   // LeafRows x Trees, row after row
}

// header starts the file, after decompression.
type header struct {
	Magic                                                 [4]byte
	Version, Rows, Outputs, Trees, LeafRows, Cols, Stored uint32
}

// answers are the files that were read: path to *Golden.
var answers sync.Map

// Read reads a file of answers, once.
func Read(tb TB, path string) *Golden {
	tb.Helper()
	if g, ok := answers.Load(path); ok {
		return g.(*Golden)
	}
	g, err := read(path)
	if err != nil {
		tb.Fatalf("test data: %s: %v", path, err)
	}
	answers.Store(path, g)
	return g
}

func read(path string) (*Golden, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		return nil, err
	}
	return decode(raw)
}

func decode(raw []byte) (*Golden, error) {
	r := bytes.NewReader(raw)
	var h header
	if err := binary.Read(r, binary.LittleEndian, &h); err != nil {
		return nil, err
	}
	if string(h.Magic[:]) != "GLGD" || h.Version != 1 || h.Stored > 1 {
		return nil, fmt.Errorf("not an answer file of version 1")
	}
	g := &Golden{Rows: int(h.Rows), Outputs: int(h.Outputs), Trees: int(h.Trees), LeafRows: int(h.LeafRows), Features: int(h.Cols)}
	n := g.Rows * g.Outputs
	size := 8*(g.Rows*g.Features+n*(1+int(h.Stored))) + 2*g.LeafRows*g.Trees
	if size != r.Len() {
		return nil, fmt.Errorf("%d bytes after the header, which speaks of %d", r.Len(), size)
	}
	rest := raw[len(raw)-r.Len():]
	floats := func(n int) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = math.Float64frombits(binary.LittleEndian.Uint64(rest[8*i:]))
		}
		rest = rest[8*n:]
		return v
	}
	g.Matrix = floats(g.Rows * g.Features)
	g.Margins = floats(n)
	g.Predictions = g.Margins
	if h.Stored == 1 {
		g.Predictions = floats(n)
	}
	g.Leaves = make([]int32, g.LeafRows*g.Trees)
	for i := range g.Leaves {
		g.Leaves[i] = int32(binary.LittleEndian.Uint16(rest[2*i:]))
	}
	return g, nil
}
