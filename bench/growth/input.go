package main

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"github.com/glulam/glulam/bench/internal/flights"
)

// mostInFile is how many flights one file has: more rows are more links to the same file, which take no disk.
const mostInFile = 10_000_000

// flights is a file of so many flights, or a pattern of files.
func (b *bench) flights(rows int) (string, error) {
	if rows <= mostInFile {
		path := b.Path(fmt.Sprintf("rows-%d.csv", rows))
		return path, b.table.Repeat(path, rows)
	}
	if rows%mostInFile != 0 {
		return "", fmt.Errorf("%d rows are no multiple of %d", rows, mostInFile)
	}
	return b.links(mostInFile, rows/mostInFile)
}

// flightsIn is a pattern of files that hold so many flights together.
func (b *bench) flightsIn(rows, files int) (string, error) {
	if rows%files != 0 {
		return "", fmt.Errorf("%d rows cannot be in %d equal files", rows, files)
	}
	return b.links(rows/files, files)
}

// links is a pattern of files of so many flights each. They are links to one file: that takes no disk.
func (b *bench) links(rows, files int) (string, error) {
	whole, err := b.flights(rows)
	if err != nil {
		return "", err
	}
	dir := b.Path(fmt.Sprintf("rows-%d-times-%d", rows, files))
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
		return "", err
	}
	for i := range files {
		if err := os.Link(whole, filepath.Join(dir, fmt.Sprintf("part-%05d.csv", i))); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, "*.csv"), nil
}

// made is a job of numbers and a model that are made up: always the same ones.
func (b *bench) made(rows, features, trees int) (job, error) {
	j := job{rows: rows, input: b.Path(fmt.Sprintf("made-%d-%d.csv", rows, features)), model: b.Path(fmt.Sprintf("made-%d-%d.txt", features, trees))}
	return j, errors.Join(
		once(j.input, func(w *bufio.Writer) { writeNumbers(w, rows, features) }),
		once(j.model, func(w *bufio.Writer) { writeModel(w, features, trees) }),
	)
}

// once writes a file unless it is there.
func once(path string, write func(w *bufio.Writer)) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	part := flights.Part(path)
	file, err := os.Create(part)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(file, 1<<20)
	write(w) // a bufio.Writer keeps its first error for Flush
	if err := errors.Join(w.Flush(), file.Close()); err != nil {
		return err
	}
	return os.Rename(part, path)
}

// writeNumbers writes a table of an id and numbers between 0 and 1, of which one in ten is missing.
func writeNumbers(w *bufio.Writer, rows, features int) {
	random := rand.New(rand.NewPCG(7, uint64(features)))
	w.WriteString("id")
	for j := range features {
		w.WriteString(",f" + strconv.Itoa(j))
	}
	var cell []byte
	for i := range rows {
		w.WriteByte('\n')
		w.WriteString(strconv.Itoa(i))
		for range features {
			w.WriteByte(',')
			if random.IntN(10) > 0 {
				cell = strconv.AppendFloat(cell[:0], random.Float64(), 'f', 5, 64)
				w.Write(cell)
			}
		}
	}
	w.WriteByte('\n')
}
