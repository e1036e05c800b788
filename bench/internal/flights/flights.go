package flights

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Rows is how many the table has.
const Rows = 5000

// Table is a CSV file of rows to repeat. It is not to be changed.
type Table struct {
	Columns []string
	Places  map[int64]int // id -> row

	head []byte // the header, with its line end
	body []byte // the rows, with their line ends
	ends []int  // where in body each row ends
}

// Read reads a table. A cell with a quote is refused: lines are taken for rows here.
func Read(path string) (*Table, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	end := bytes.IndexByte(data, '\n') + 1
	if end == 0 || data[len(data)-1] != '\n' || bytes.IndexByte(data, '"') >= 0 {
		return nil, fmt.Errorf("%s: not a header and rows, each with a line end and without quotes", path)
	}
	t := &Table{head: data[:end], body: data[end:], Places: map[int64]int{}}
	t.Columns, err = csv.NewReader(bytes.NewReader(t.head)).Read()
	if err != nil {
		return nil, err
	}
	if t.Columns[0] != "id" {
		return nil, fmt.Errorf("%s: the first column is not the id", path)
	}
	for at := 0; at < len(t.body); {
		line := t.body[at : at+bytes.IndexByte(t.body[at:], '\n')]
		cell, _, _ := bytes.Cut(line, []byte{','})
		id, err := strconv.ParseInt(string(cell), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: row %d: %w", path, len(t.ends)+1, err)
		}
		if _, twice := t.Places[id]; twice {
			return nil, fmt.Errorf("%s: id %d is there twice", path, id)
		}
		t.Places[id] = len(t.ends)
		at += len(line) + 1
		t.ends = append(t.ends, at)
	}
	if len(t.ends) != Rows {
		return nil, fmt.Errorf("%s: %d rows instead of %d", path, len(t.ends), Rows)
	}
	return t, nil
}

// Times says how often each row is in a table of so many rows.
func (t *Table) Times(place, rows int) int {
	n := rows / len(t.ends)
	if place < rows%len(t.ends) {
		n++
	}
	return n
}

// Repeat writes the header and the rows, over and over, until there are so many. A file that is there already, and as
// long as it is to be, is left alone.
func (t *Table) Repeat(path string, rows int) error {
	whole, rest := rows/len(t.ends), 0
	if n := rows % len(t.ends); n > 0 {
		rest = t.ends[n-1]
	}
	size := int64(len(t.head)) + int64(whole)*int64(len(t.body)) + int64(rest)
	if s, err := os.Stat(path); err == nil && s.Size() == size {
		return nil
	}
	part := Part(path)
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

// Part is where a file is written until it is whole: another process may write the same one at the same time.
func Part(path string) string { return fmt.Sprintf("%s.%d.part", path, os.Getpid()) }

// RepeatNumbers is Repeat for some of the columns, in their order: what programs get that cannot read the others. It is refused
// if there is no such column.
func (t *Table) RepeatNumbers(path string, rows int, columns []string) error {
	part := &Table{Columns: columns, head: []byte(strings.Join(columns, ",") + "\n")}
	var at []int
	for _, c := range columns {
		i := slices.Index(t.Columns, c)
		if i < 0 {
			return fmt.Errorf("the flights have no column %q", c)
		}
		at = append(at, i)
	}
	begin := 0
	for _, end := range t.ends {
		cells := bytes.Split(t.body[begin:end-1], []byte{','})
		for k, i := range at {
			if k > 0 {
				part.body = append(part.body, ',')
			}
			part.body = append(part.body, cells[i]...)
		}
		part.body = append(part.body, '\n')
		part.ends = append(part.ends, len(part.body))
		begin = end
	}
	return part.Repeat(path, rows)
}
