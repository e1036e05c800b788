package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/glulam/glulam/bench/internal/flights"
)

// add takes a row that was written.
func (a *answers) add(place int, prediction float64) {
	if a.times[place] == 0 {
		a.low[place], a.high[place] = prediction, prediction
	}
	a.low[place], a.high[place] = min(a.low[place], prediction), max(a.high[place], prediction)
	a.times[place]++
	a.rows++
}

func newAnswers() *answers {
	return &answers{times: make([]int, flights.Rows), low: make([]float64, flights.Rows), high: make([]float64, flights.Rows)}
}

// readParquetAnswers is readAnswers for Parquet.
func readParquetAnswers(dir string, t *flights.Table, columns []string) (*answers, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "part*.parquet"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, errors.New("the job wrote no part*.parquet")
	}
	a := newAnswers()
	for _, path := range paths {
		st, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		a.bytes += st.Size()
		table, err := flights.ReadParquet(path)
		if err == nil {
			err = a.addTable(table, t, columns)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
	}
	return a, nil
}

func (a *answers) addTable(table arrow.Table, t *flights.Table, columns []string) error {
	var names []string
	for _, f := range table.Schema().Fields() {
		names = append(names, f.Name)
	}
	if got, want := sorted(names), sorted(columns); !slices.Equal(got, want) {
		return fmt.Errorf("columns %q instead of %q", got, want)
	}
	rows := array.NewTableReader(table, 0)
	defer rows.Release()
	for rows.Next() {
		record := rows.RecordBatch()
		ids, ok := record.Column(slices.Index(names, "id")).(*array.Int64)
		predictions, fine := record.Column(slices.Index(names, "prediction")).(*array.Float64)
		if !ok || !fine {
			return errors.New("id and prediction are not int64 and float64")
		}
		for i := range ids.Len() {
			place, ok := t.Places[ids.Value(i)]
			switch p := predictions.Value(i); {
			case !ok || ids.IsNull(i):
				return fmt.Errorf("id %d is not of the input", ids.Value(i))
			case predictions.IsNull(i) || math.IsNaN(p):
				return fmt.Errorf("id %d: no prediction", ids.Value(i))
			default:
				a.add(place, p)
			}
		}
	}
	return rows.Err()
}

// readBareAnswers is readAnswers for a file of predictions alone, in the order of the input.
func readBareAnswers(dir string, _ *flights.Table, _ []string) (*answers, error) {
	file, err := os.Open(filepath.Join(dir, "part.csv"))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	a := newAnswers()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		p, err := strconv.ParseFloat(lines.Text(), 64)
		if err != nil || math.IsNaN(p) {
			return nil, fmt.Errorf("row %d: %q is no prediction", a.rows+1, lines.Text())
		}
		a.bytes += int64(len(lines.Bytes()) + 1)
		a.add(a.rows%flights.Rows, p)
	}
	return a, lines.Err()
}

// readFeatures reads the names of the features of a LightGBM model.
func readFeatures(path string) ([]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	_, rest, ok := bytes.Cut(data, []byte("\nfeature_names="))
	line, _, end := bytes.Cut(rest, []byte("\n"))
	if !ok || !end {
		return nil, fmt.Errorf("%s names no features", path)
	}
	return strings.Fields(string(line)), nil
}
