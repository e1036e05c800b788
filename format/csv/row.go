package csv

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
	"unicode/utf8"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/number"
)

// plain reads a record without any quote. It finds the end of a number by reading it, and jumps over fields that nobody
// asked for.
func (r *reader) plain(line []byte) {
	r.problem.code = ""
	pos, field := 0, 0
	for i := range r.groups {
		g := &r.groups[i]
		if skip := g.field - field; skip > 0 {
			field = g.field
			if skip == 1 && pos < len(line) && line[pos] == r.delim {
				pos++
			} else if pos = after(line, pos, skip, r.delim); pos < 0 {
				r.rejectFields(bytes.Count(line, []byte{r.delim})+1, line)
				return
			}
		}
		if g.number != nil {
			f, n := r.numbers.Prefix(line[pos:])
			n += pos
			if n == len(line) || line[n] == r.delim {
				if n > pos {
					g.number.nums[r.n] = f
					pos = n
					continue
				}
				if r.noNumber {
					g.number.nums[r.n] = math.NaN()
					continue
				}
			}
		}
		end := cellEnd(line, pos, r.delim)
		cell := line[pos:end]
		pos = end
		if g.text != nil {
			r.text(g.text, g.field, cell, span{})
		} else {
			r.cell(g, cell, cell, span{})
		}
	}
	if n := field + 1 + bytes.Count(line[pos:], []byte{r.delim}); n != len(r.names) {
		r.rejectFields(n, line)
		return
	}
	r.keep(line)
}

// quoted reads the record that the scanner just found.
func (r *reader) quoted(line []byte) {
	if r.scanner.fields != len(r.names) {
		r.rejectFields(r.scanner.fields, line)
		return
	}
	r.problem.code = ""
	for i := range r.groups {
		g := &r.groups[i]
		s := r.scanner.spans[g.field]
		cell := line[s.start:s.end]
		raw := cell
		if s.quoted {
			raw = line[s.start-1 : s.end+1]
		}
		if g.number != nil {
			if f, n := r.numbers.Prefix(cell); n > 0 && n == len(cell) {
				g.number.nums[r.n] = f
				continue
			}
		}
		if g.text != nil {
			r.text(g.text, g.field, cell, s)
		} else {
			r.cell(g, raw, cell, s)
		}
	}
	r.keep(line)
}

// keep ends a record: a good row, unless a cell had a problem.
func (r *reader) keep(line []byte) {
	if r.problem.code != "" {
		r.rejectCell(line)
		return
	}
	for _, c := range r.rawRows {
		c.append(r.n, line)
	}
	r.rowNumber[r.n] = r.row
	r.offset[r.n] = r.window.offset()
	r.n++
}

// cell puts one cell into the columns that want it. raw is the cell as it stands, cell is without the quotes around it.
func (r *reader) cell(g *group, raw, cell []byte, s span) {
	for _, c := range g.out {
		switch c.kind {
		case format.Number:
			content := cell
			if s.escaped {
				r.scratch = unescape(r.scratch[:0], cell)
				content = r.scratch
			}
			f, st := r.numbers.Parse(content)
			switch {
			case st == number.OK && c.exact && number.Inexact(content, f):
				r.noteInexact(g.field, content)
			case st == number.OK:
				c.nums[r.n] = f
			case st == number.Bad:
				r.note(fault.BadNumber, g.field, content)
			case st == number.Range:
				r.note(fault.NumberRange, g.field, content)
			}
		case format.Raw:
			c.append(r.n, raw)
		default:
			r.text(c, g.field, cell, s)
		}
	}
}

// text puts one cell into a column of text.
func (r *reader) text(c *column, field int, cell []byte, s span) {
	switch {
	case !s.quoted && (len(cell) == 0 && r.noText || r.texts != nil && r.isNull(cell)):
		c.appendNull(r.n)
	case !utf8.Valid(cell):
		r.note(fault.BadText, field, cell)
	case s.escaped:
		c.appendEscaped(r.n, cell)
	default:
		c.append(r.n, cell)
	}
}

func (r *reader) isNull(cell []byte) bool {
	for _, n := range r.texts {
		if string(cell) == n {
			return true
		}
	}
	return false
}

const (
	lowBits  = 0x0101010101010101
	sevens   = 0x7f7f7f7f7f7f7f7f
	wordSize = 8
)

// matches has the highest bit of each byte of word that is equal to that byte of pattern, and no other.
func matches(word, pattern uint64) uint64 {
	x := word ^ pattern
	return ^(x&sevens + sevens | x | sevens)
}

// after finds what follows the n-th delimiter of line[pos:], n > 0, or -1 if there are fewer.
func after(line []byte, pos, n int, delim byte) int {
	pattern := lowBits * uint64(delim)
	for ; pos+wordSize <= len(line); pos += wordSize {
		m := matches(binary.LittleEndian.Uint64(line[pos:]), pattern)
		if k := bits.OnesCount64(m); k < n {
			n -= k
			continue
		}
		for ; n > 1; n-- {
			m &= m - 1
		}
		return pos + bits.TrailingZeros64(m)/8 + 1
	}
	for ; pos < len(line); pos++ {
		if line[pos] == delim {
			if n--; n == 0 {
				return pos + 1
			}
		}
	}
	return -1
}

// cellEnd finds the end of the cell at pos of a line without quotes.
func cellEnd(line []byte, pos int, delim byte) int {
	if end := after(line, pos, 1, delim); end > 0 {
		return end - 1
	}
	return len(line)
}

// unescape appends the content of a quoted cell: two quotes are one.
func unescape(dst, cell []byte) []byte {
	for {
		k := bytes.IndexByte(cell, '"')
		if k < 0 {
			return append(dst, cell...)
		}
		dst = append(dst, cell[:k+1]...)
		cell = cell[k+2:]
	}
}
