package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/glulam/glulam/bench/internal/flights"
	"github.com/glulam/glulam/bench/internal/report"
)

// answers is what a job wrote, whatever the order: the ids of the input repeat, and equal rows have equal predictions.
type answers struct {
	rows      int
	times     []int     // how often each row of the table was written
	low, high []float64 // its least and greatest prediction
	bytes     int64
}

// readAnswers reads all CSV files of an output folder. They are to have exactly these columns.
func readAnswers(dir string, t *flights.Table, columns []string) (*answers, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "part*.csv"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, errors.New("the job wrote no part*.csv")
	}
	a := newAnswers()
	for _, path := range paths {
		if err := a.read(path, t, columns); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
	}
	return a, nil
}

func (a *answers) read(path string, t *flights.Table, columns []string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(make([]byte, 1<<20), 1<<20)
	if !lines.Scan() {
		return errors.Join(errors.New("no header"), lines.Err())
	}
	head, err := cells(lines.Bytes(), nil)
	if err != nil {
		return err
	}
	if got, want := sorted(head), sorted(columns); !slices.Equal(got, want) {
		return fmt.Errorf("columns %q instead of %q", got, want)
	}
	idAt, predictionAt := slices.Index(head, "id"), slices.Index(head, "prediction")
	a.bytes += int64(len(lines.Bytes()) + 1)
	var row []string
	for lines.Scan() {
		line := lines.Bytes()
		a.bytes += int64(len(line) + 1)
		if row, err = cells(line, row); err != nil {
			return err
		}
		if len(row) != len(head) {
			return fmt.Errorf("%d cells under %d columns: %s", len(row), len(head), line)
		}
		id, err := strconv.ParseInt(row[idAt], 10, 64)
		if err != nil {
			return err
		}
		place, ok := t.Places[id]
		if !ok {
			return fmt.Errorf("id %d is not of the input", id)
		}
		p, err := strconv.ParseFloat(row[predictionAt], 64)
		if err != nil || math.IsNaN(p) {
			return fmt.Errorf("id %d: %q is no prediction", id, row[predictionAt])
		}
		a.add(place, p)
	}
	return lines.Err()
}

// cells splits a line of CSV, into the space of row.
func cells(line []byte, row []string) ([]string, error) {
	if bytes.IndexByte(line, '"') >= 0 {
		return csv.NewReader(bytes.NewReader(line)).Read()
	}
	row = row[:0]
	for s := range strings.SplitSeq(string(line), ",") {
		row = append(row, s)
	}
	return row, nil
}

func sorted(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return s
}

// check says whether exactly the rows of an input of so many rows are there.
func (a *answers) check(t *flights.Table, rows int) error {
	if a.rows != rows {
		return fmt.Errorf("%s rows were written instead of %s", report.Digits(a.rows), report.Digits(rows))
	}
	for id, place := range t.Places {
		if got, want := a.times[place], t.Times(place, rows); got != want {
			return fmt.Errorf("id %d was written %d times instead of %d", id, got, want)
		}
	}
	return nil
}

// furthest is the largest distance of a prediction from those wanted, which are in the table's order.
func (a *answers) furthest(want []float64) float64 {
	d := 0.0
	for i, w := range want {
		if a.times[i] > 0 {
			d = max(d, math.Abs(a.low[i]-w), math.Abs(a.high[i]-w))
		}
	}
	return d
}

// readPredictions reads the predictions of a golden file of testdata, whose README has the layout.
func readPredictions(path string) ([]float64, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	var h struct {
		Magic                                                    [4]byte
		Version, Rows, Outputs, Trees, LeafRows, Features, Flags uint32
	}
	if err := binary.Read(z, binary.LittleEndian, &h); err != nil {
		return nil, err
	}
	if string(h.Magic[:]) != "GLGD" || h.Version != 1 || h.Rows != flights.Rows || h.Outputs != 1 || h.Features != 0 {
		return nil, fmt.Errorf("%s: not the answers of a model of one output for %d rows", path, flights.Rows)
	}
	out := make([]float64, h.Rows)
	if h.Flags&1 != 0 {
		if _, err := io.CopyN(io.Discard, z, int64(8*h.Rows)); err != nil { // the margins
			return nil, err
		}
	}
	return out, binary.Read(z, binary.LittleEndian, out)
}
