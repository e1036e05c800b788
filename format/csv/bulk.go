package csv

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/number"
)

// bulk reads rows that are all alike, many at once and one column after the other: lines without quotes that have as many
// fields as the header, and cells that are what the columns want. Its outcome is that of reading these lines one by one,
// which is what happens to all that it leaves: a line that is not like that, or a block of them with such a cell.
//
// It begins where the window is, and goes up to limit, an offset. It says whether it moved on.
func (r *reader) bulk(limit int64) bool {
	w := r.window
	if w.offset() < r.oneByOne {
		return false
	}
	text := w.buf[w.pos:w.nextQuote()]
	if len(text) < len(r.names) {
		return false
	}
	x := r.index
	x.scan(text, r.delim)
	rows := r.regular(text, limit)
	if rows == 0 || !r.columns(w.buf[w.pos:w.end], rows) {
		// Once is enough for each byte: what was looked at is read line by line. Where one quote is, more are near.
		r.oneByOne = w.offset() + int64(min(len(text), blockBytes))
		if rows == 0 && w.pos+len(text) < w.end {
			r.oneByOne += nearQuotes
		}
		return false
	}
	fields := len(r.names)
	for i := range rows {
		r.row++
		r.rowNumber[r.n] = r.row
		r.offset[r.n] = w.offset() + int64(x.marks[i*fields]+1)
		r.n++
	}
	w.pos += int(x.marks[rows*fields]) + 1
	return true
}

// nearQuotes is how many bytes behind a quote are not tried in bulk.
const nearQuotes = 1 << 10

// regular counts the lines from the start of the indexed text on that are rows of the batch with the right number of
// fields.
func (r *reader) regular(text []byte, limit int64) int {
	x, fields := r.index, len(r.names)
	most := min(len(x.ends), r.sizes.batch-r.n-len(r.letters), len(r.rowNumber)-r.n)
	left := limit - r.window.offset()
	for i := range most {
		start, end := int(x.marks[i*fields]+1), 0
		if int(x.ends[i]) != (i+1)*fields || int64(start) >= left {
			return i
		}
		end = int(x.marks[(i+1)*fields])
		if end-start > r.sizes.row || len(trimCR(text[start:end])) == 0 {
			return i
		}
	}
	return most
}

// columns reads all columns of so many rows. If there is a cell that does not fit then nothing was read. text goes on
// behind the rows.
func (r *reader) columns(text []byte, rows int) bool {
	for i := range r.groups {
		g := &r.groups[i]
		for _, c := range g.out {
			ok := false
			switch {
			case c.kind == format.Number:
				ok = r.bulkNumbers(c, g.field, text, rows)
			case c.kind == format.Raw:
				ok = r.bulkBytes(c, g.field, text, rows)
			default:
				ok = r.bulkTexts(c, g.field, text, rows)
			}
			if !ok {
				r.undo()
				return false
			}
		}
	}
	fields := len(r.names)
	for _, c := range r.rawRows {
		for i := range rows {
			c.append(r.n+i, trimCR(text[r.index.marks[i*fields]+1:r.index.marks[(i+1)*fields]]))
		}
	}
	return true
}

// undo forgets what columns have of the rows that were not read after all.
func (r *reader) undo() {
	for _, c := range r.out {
		for n := len(c.nulls); n > 0 && int(c.nulls[n-1]) >= r.n; n = len(c.nulls) {
			c.nulls = c.nulls[:n-1]
		}
	}
}

// bulkCell gives where the cell of a field is in row i of the indexed text.
func (r *reader) bulkCell(text []byte, i, field int) (start, end int) {
	at := i*len(r.names) + field
	start, end = int(r.index.marks[at]+1), int(r.index.marks[at+1])
	if field == len(r.names)-1 && end > start && text[end-1] == '\r' {
		end--
	}
	return start, end
}

func (r *reader) bulkNumbers(c *column, field int, text []byte, rows int) bool {
	dst := c.nums[r.n : r.n+rows]
	fields := len(r.names)
	for i := 0; ; i++ {
		i += r.numbers.Column(dst[i:], text, r.index.marks, i*fields+field, fields)
		if i == rows {
			break
		}
		start, end := r.bulkCell(text, i, field)
		f, st := r.numbers.Parse(text[start:end])
		if st != number.OK {
			return false
		}
		dst[i] = f
	}
	if !c.exact {
		return true
	}
	for i, f := range dst {
		if f > -1<<53 && f < 1<<53 {
			continue
		}
		if start, end := r.bulkCell(text, i, field); number.Inexact(text[start:end], f) {
			return false
		}
	}
	return true
}

func (r *reader) bulkBytes(c *column, field int, text []byte, rows int) bool {
	c.room(r.n, len(text))
	for i := range rows {
		start, end := r.bulkCell(text, i, field)
		c.put(r.n+i, text, start, end)
	}
	return true
}

func (r *reader) bulkTexts(c *column, field int, text []byte, rows int) bool {
	c.room(r.n, len(text))
	for i := range rows {
		start, end := r.bulkCell(text, i, field)
		if cell := text[start:end]; len(cell) == 0 && r.noText || r.texts != nil && r.isNull(cell) {
			c.appendNull(r.n + i)
			continue
		}
		c.put(r.n+i, text, start, end)
	}
	return ascii(c.data[c.offsets[r.n]:c.offsets[r.n+rows]]) || r.validTexts(c, rows)
}

// validTexts reports whether each of the cells is UTF-8.
func (r *reader) validTexts(c *column, rows int) bool {
	for i := r.n; i < r.n+rows; i++ {
		if !utf8.Valid(c.data[c.offsets[i]:c.offsets[i+1]]) {
			return false
		}
	}
	return true
}

// ascii reports whether b is ASCII only.
func ascii(b []byte) bool {
	var all uint64
	for ; len(b) >= wordSize; b = b[wordSize:] {
		all |= binary.LittleEndian.Uint64(b)
	}
	for _, c := range b {
		all |= uint64(c)
	}
	return all&(lowBits<<7) == 0
}
