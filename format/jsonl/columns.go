package jsonl

import (
	"math"
	"slices"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/number"
)

// columns holds the typed values of a batch and makes Arrow arrays over them. All its memory is used again for the next
// batch.
type columns struct {
	schema *arrow.Schema
	rows   int // how many records fit
	all    []column
	direct []*column // the parser fills them, unless a record is out of the ordinary
	others []*column
	nulls  format.Nulls
	arrays []arrow.Array
}

// column is one column. A Number column has values only, all others have offsets, data and, once a null came, valid.
type column struct {
	kind    format.Kind
	text    bool // strings are taken as they are
	exact   bool // see format.Column
	path    string
	at      place
	values  []float64
	offsets []int32
	data    []byte
	valid   []byte // a bit for each row
	nulls   bool   // valid means something
}

// newColumns makes columns for up to rows records (0 and less: not known).
func newColumns(p *parser, cols []format.Column, nulls format.Nulls, rows int64) (*columns, error) {
	schema, err := schemaOf(cols)
	if err != nil {
		return nil, err
	}
	c := &columns{schema: schema, rows: format.RowsOf(len(cols)), nulls: nulls}
	if rows > 0 {
		c.rows = int(min(int64(c.rows), rows))
	}
	c.all = make([]column, len(cols))
	c.arrays = make([]arrow.Array, len(cols))
	uses := map[*slot]int{}
	numbers := 0
	for i, col := range cols {
		d := &c.all[i]
		d.kind, d.path, d.exact = col.Kind, col.Source(), col.Exact
		if d.kind == format.Number {
			numbers++
		}
		if d.kind != format.RawRow {
			d.at = p.ask(d.path, d.kind == format.Number)
			uses[d.at.exact]++
			uses[d.at.nested]++
			for _, s := range d.at.way {
				uses[s]++
			}
		}
	}
	// One cache line between the columns, or the same rows of all of them would fall into the same cache set.
	stride := c.rows + 8
	values := make([]float64, numbers*stride)
	for i := range c.all {
		d := &c.all[i]
		if d.kind != format.Number {
			d.text = (d.kind == format.Text || d.kind == format.Native) && len(nulls.Text) == 0
			d.offsets = make([]int32, c.rows+1)
			if d.kind == format.RawRow && (rows <= 0 || rows > 1000) {
				d.data = make([]byte, 0, format.BatchBytes+chunk)
			}
			c.others = append(c.others, d)
			continue
		}
		d.values, values = values[:c.rows:c.rows], values[stride:]
		s := d.at.exact
		if d.at.nested != nil {
			s.slow = true // it goes first, should it ever occur
			s = d.at.nested
		}
		if uses[s] > 1 || d.exact {
			c.others = append(c.others, d)
			continue
		}
		s.slow, s.values = true, d.values
		c.direct = append(c.direct, d)
	}
	return c, nil
}

// add puts the record that p parsed last from b into row, which is where p put numbers already. If a value does not fit
// its column it returns the column and why; the row may then be used again.
func (c *columns) add(p *parser, b []byte, row int) (*column, fault.Code, string) {
	if p.slow || p.count != len(c.direct) {
		for _, d := range c.direct {
			if code, what := c.set(d, p, b, row); code != "" {
				return d, code, what
			}
		}
	}
	for _, d := range c.others {
		if s := d.at.exact; d.text && s.row == p.row && s.kind == str {
			d.append(row, b, int(s.start)+1, int(s.end)-1)
			continue
		}
		if code, what := c.set(d, p, b, row); code != "" {
			return d, code, what
		}
	}
	return nil, "", ""
}

// set puts the value of one column into row.
func (c *columns) set(d *column, p *parser, b []byte, row int) (fault.Code, string) {
	if d.kind == format.RawRow {
		d.append(row, b, p.start, p.end)
		return "", ""
	}
	s, blocked := p.value(&d.at)
	if blocked != nil {
		return fault.WrongType, blocked.path + " is " + kindNames[blocked.kind] + ", not an object"
	}
	switch {
	case d.kind == format.Number:
		if s == nil {
			d.values[row] = math.NaN()
			return "", ""
		}
		if s.kind == done {
			return "", ""
		}
		v, code, what := c.number(b, s)
		if d.exact && s.kind == num && number.Inexact(b[s.start:s.end], v) {
			return fault.NumberRange, "float64, which the output has for numbers, cannot hold " + excerpt(b, s) + " exactly"
		}
		d.values[row] = v
		return code, what
	case s == nil:
		d.appendNull(row)
		return "", ""
	case d.kind == format.Raw:
		d.append(row, b, int(s.start), int(s.end))
		return "", ""
	}
	switch s.kind {
	case null:
		d.appendNull(row)
		return "", ""
	case str:
		d.append(row, b, int(s.start)+1, int(s.end)-1)
	case strEscaped:
		if !d.appendUnescaped(row, b[s.start+1:s.end-1]) {
			return fault.BadText, "half of a surrogate pair, which is no character: " + excerpt(b, s)
		}
	default:
		d.append(row, b, int(s.start), int(s.end))
		return "", ""
	}
	if len(c.nulls.Text) > 0 && slices.Contains(c.nulls.Text, string(d.data[d.offsets[row]:])) {
		d.appendNull(row)
	}
	return "", ""
}

// number is the value of a Number column.
func (c *columns) number(b []byte, s *slot) (float64, fault.Code, string) {
	switch s.kind {
	case num:
		return s.value, "", ""
	case huge:
		return 0, fault.NumberRange, "float64 cannot hold " + excerpt(b, s)
	case null, nan:
		return math.NaN(), "", ""
	case inf:
		return math.Inf(1), "", ""
	case negInf:
		return math.Inf(-1), "", ""
	case yes:
		return 1, "", ""
	case no:
		return 0, "", ""
	case str, strEscaped:
		text := b[s.start+1 : s.end-1]
		if s.kind == strEscaped {
			var ok bool
			if text, ok = unescape(nil, text); !ok {
				break
			}
		}
		switch string(text) {
		case "NaN":
			return math.NaN(), "", ""
		case "Infinity":
			return math.Inf(1), "", ""
		case "-Infinity":
			return math.Inf(-1), "", ""
		}
		if slices.Contains(c.nulls.Number, string(text)) {
			return math.NaN(), "", ""
		}
	}
	return 0, fault.WrongType, "a number is needed, not " + kindNames[s.kind] + ": " + excerpt(b, s)
}

// excerpt is the value as it stands, cut if it is long.
func excerpt(b []byte, s *slot) string {
	text := b[s.start:s.end]
	most := 60
	if len(text) <= most {
		return string(text)
	}
	for !utf8.RuneStart(text[most]) {
		most--
	}
	return string(text[:most]) + "..."
}
