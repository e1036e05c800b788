package csv

import (
	"fmt"
	"strings"

	"github.com/glulam/glulam/fault"
)

// rawOfLong is how much of a record over the limit a letter holds.
const rawOfLong = 4 << 10

// problem is the first cell of a record that could not be read.
type problem struct {
	code  fault.Code
	field int
	cell  []byte
	exact bool // float64 holds the number, but not exactly
}

// note remembers a cell that could not be read. The record is read on: if its number of fields is wrong, then that is
// what is wrong.
func (r *reader) note(code fault.Code, field int, cell []byte) {
	if r.problem.code == "" {
		// The cell may be scratch, which the next cell overwrites.
		r.problem = problem{code: code, field: field, cell: append(r.problem.cell[:0], cell...)}
	}
}

// noteInexact notes a cell of a column that has to be exact.
func (r *reader) noteInexact(field int, cell []byte) {
	if r.problem.code == "" {
		r.note(fault.NumberRange, field, cell)
		r.problem.exact = true
	}
}

func (r *reader) rejectCell(line []byte) {
	what := "is not a number"
	switch r.problem.code {
	case fault.NumberRange:
		what = "is beyond what a float64 can hold"
		if r.problem.exact {
			what = "would not come out as it is: the output has float64 for numbers"
		}
	case fault.BadText:
		what = "is not UTF-8"
	}
	r.reject(r.problem.code, r.problem.field, line, quote(r.problem.cell)+" "+what)
}

func (r *reader) rejectFields(n int, line []byte) {
	r.reject(fault.FieldCount, -1, line, fmt.Sprintf("%d fields, the header has %d", n, len(r.names)))
}

func (r *reader) rejectLong(line []byte) {
	r.reject(fault.RowTooLarge, -1, line[:min(r.sizes.row, rawOfLong)], fmt.Sprintf("longer than %d bytes", r.sizes.row))
}

// reject makes the record a letter. field is -1 or a field of the file, which may be one too many.
func (r *reader) reject(code fault.Code, field int, raw []byte, message string) {
	for _, c := range r.out {
		c.drop(r.n)
	}
	l := fault.Letter{Source: r.file, Row: r.row, Offset: r.window.offset(), Stage: "read", Code: code, Message: message}
	if field >= 0 && field < len(r.names) {
		l.Field = r.names[field].Name
	}
	at := len(r.raw)
	r.raw = append(r.raw, raw...)
	l.Raw = r.raw[at:] // Next sets it again, once r.raw does not move any more
	r.letters = append(r.letters, l)
}

// quote shows a cell in a message.
func quote(cell []byte) string { return fault.Quote(cell) }

// list shows some names: all, unless they are very many.
func list(names []string) string {
	const most = 20
	var b strings.Builder
	b.WriteString("column ")
	if len(names) > 1 {
		b.Reset()
		b.WriteString("columns ")
	}
	for i, n := range names {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(names)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(fault.Quote(n))
	}
	return b.String()
}
