package csv

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// name is the format's name, which is also what raw columns are marked with.
const name = "csv"

// metaDelimiter is a key in the metadata of the fields that a reader gives for [format.Raw] and [format.RawRow]: the
// delimiter of the file. A writer refuses fields that say another one than its own, as their bytes would fall apart
// differently. Fields without the key are trusted.
const metaDelimiter = "glulam.csv.delimiter"

// Options say how the cells of a file are separated and which of them are missing. The zero value is a comma and
// [format.DefaultNulls].
type Options struct {
	// Delimiter is ',' ';' '\t' or '|'; 0 means ','.
	Delimiter byte
	// Nulls are the cells that mean missing, for each list: nil means that of [format.DefaultNulls], an empty list that is
	// not nil means that no cell is missing. The first of a list is what a writer writes for a null; if it is empty, that
	// is nothing. A null may not hold a quote, the delimiter, or a line break.
	Nulls format.Nulls
}

// Delimiters are those that there may be between cells; "" is a comma.
var Delimiters = []string{"", ",", ";", "\t", "|"}

// Validate reports all that is wrong with the options, as fault.Usage.
func (o Options) Validate() error {
	var wrong []string
	if o.Delimiter != 0 && !slices.Contains(Delimiters, string(o.Delimiter)) {
		wrong = append(wrong, fmt.Sprintf("the delimiter %q is none of %q", o.Delimiter, Delimiters[1:]))
	}
	for _, list := range [][]string{o.Nulls.Number, o.Nulls.Text} {
		for _, null := range list {
			if strings.ContainsAny(null, "\"\r\n"+string(o.delimiter())) {
				wrong = append(wrong, fmt.Sprintf("the null %q holds a quote, the delimiter or a line break", null))
			}
		}
	}
	if wrong == nil {
		return nil
	}
	return &fault.Error{Code: fault.Usage, Err: errors.New("csv options: " + strings.Join(wrong, ", "))}
}

func (o Options) delimiter() byte {
	if o.Delimiter == 0 {
		return ','
	}
	return o.Delimiter
}

func (o Options) nulls() format.Nulls {
	n := o.Nulls
	if n.Number == nil {
		n.Number = format.DefaultNulls.Number
	}
	if n.Text == nil {
		n.Text = format.DefaultNulls.Text
	}
	return n
}

// Format is the CSV format. The zero value reads and writes commas. It is an immutable value, safe for concurrent use.
type Format struct {
	Options

	// sizes are 0 outside of tests.
	sizes sizes
	// lines is for tests: rows are read one by one, and none in bulk.
	lines bool
}

// sizes are the limits that tests make small.
type sizes struct {
	row   int // largest record
	chunk int // bytes that are read at once
	batch int // records of a batch
	bytes int // bytes of a batch
}

func (f Format) limits(chunk int) sizes {
	s := f.sizes
	for _, d := range []struct {
		size *int
		is   int
	}{{&s.row, format.MaxRow}, {&s.chunk, chunk}, {&s.batch, format.BatchRows}, {&s.bytes, format.BatchBytes}} {
		if *d.size == 0 {
			*d.size = d.is
		}
	}
	return s
}

var _ format.Format = Format{}

// Name is "csv".
func (Format) Name() string { return name }

// trimCR drops the CR of a line ending.
func trimCR(line []byte) []byte { return bytes.TrimSuffix(line, []byte{'\r'}) }
