package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// table is a CSV file of rows to repeat.
type table struct {
	head    []byte // the header, with its line end
	body    []byte // the rows, with their line ends
	ends    []int  // where in body each row ends
	columns []string
	places  map[int64]int // id -> row
}

// readTable reads a table. A cell with a quote is refused: lines are taken for rows here.
func readTable(path string) (*table, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	end := bytes.IndexByte(data, '\n') + 1
	if end == 0 || data[len(data)-1] != '\n' || bytes.IndexByte(data, '"') >= 0 {
		return nil, fmt.Errorf("%s: not a header and rows, each with a line end and without quotes", path)
	}
	t := &table{head: data[:end], body: data[end:], places: map[int64]int{}}
	t.columns, err = csv.NewReader(bytes.NewReader(t.head)).Read()
	if err != nil {
		return nil, err
	}
	if t.columns[0] != "id" {
		return nil, fmt.Errorf("%s: the first column is not the id", path)
	}
	for at := 0; at < len(t.body); {
		line := t.body[at : at+bytes.IndexByte(t.body[at:], '\n')]
		cell, _, _ := bytes.Cut(line, []byte{','})
		id, err := strconv.ParseInt(string(cell), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: row %d: %w", path, len(t.ends)+1, err)
		}
		if _, twice := t.places[id]; twice {
			return nil, fmt.Errorf("%s: id %d is there twice", path, id)
		}
		t.places[id] = len(t.ends)
		at += len(line) + 1
		t.ends = append(t.ends, at)
	}
	if len(t.ends) != startRows {
		return nil, fmt.Errorf("%s: %d rows instead of %d", path, len(t.ends), startRows)
	}
	return t, nil
}

// times says how often each row is in a table of so many rows.
func (t *table) times(place, rows int) int {
	n := rows / len(t.ends)
	if place < rows%len(t.ends) {
		n++
	}
	return n
}

// repeat writes the header and the rows, over and over, until there are so many. A file that is there already, and as
// long as it is to be, is left alone.
func (t *table) repeat(path string, rows int) error {
	whole, rest := rows/len(t.ends), 0
	if n := rows % len(t.ends); n > 0 {
		rest = t.ends[n-1]
	}
	size := int64(len(t.head)) + int64(whole)*int64(len(t.body)) + int64(rest)
	if s, err := os.Stat(path); err == nil && s.Size() == size {
		return nil
	}
	part := path + ".part"
	file, err := os.Create(part)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(file, 1<<20)
	w.Write(t.head) // a bufio.Writer keeps its first error for Flush
	for range whole {
		w.Write(t.body)
	}
	w.Write(t.body[:rest])
	if err := errors.Join(w.Flush(), file.Close()); err != nil {
		return err
	}
	return os.Rename(part, path)
}

// warm reads a file once, so that every job finds it in the page cache.
func warm(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{file}, make([]byte, 1<<20))
	return err
}

// digits writes 1234567 as 1,234,567.
func digits(n int) string {
	s := strconv.Itoa(n)
	var b strings.Builder
	for i, c := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return b.String()
}
