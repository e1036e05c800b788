package rows

import (
	"math"
	"slices"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/arrowtext"
	"github.com/glulam/glulam/format/number"
)

// Columns holds the values of a batch and makes Arrow arrays over them. All its memory is used again for the next batch.
// Columns are named by their index. Not safe for concurrent use.
type Columns struct {
	schema  *arrow.Schema
	all     []column
	nulls   format.Nulls
	row     int
	stamp   uint64 // of the row: a column that has another one was not set
	scratch []byte
	arrays  []arrow.Array
}

// column is one column. A Number column has values only, all others have offsets, data and, once a null came, valid.
type column struct {
	kind    format.Kind
	exact   bool // see format.Column
	path    string
	stamp   uint64
	values  []float64
	offsets []int32
	data    []byte
	valid   []byte // a bit for each row
	nulls   bool   // valid means something
}

// JSON is the format of RawRow columns that hold messages as JSON.
const JSON = raw

// New makes columns for up to format.RowsOf(len(cols)) rows. Strings that nulls has are missing. row is the format of RawRow and
// Head columns.
func New(cols []format.Column, nulls format.Nulls, row string) (*Columns, error) {
	schema, err := schemaOf(cols, row)
	if err != nil {
		return nil, err
	}
	c := &Columns{schema: schema, all: make([]column, len(cols)), nulls: nulls, arrays: make([]arrow.Array, len(cols))}
	rows := format.RowsOf(len(cols))
	for i, col := range cols {
		d := &c.all[i]
		d.kind, d.exact, d.path = col.Kind, col.Exact, col.Source()
		if d.kind == format.Number {
			d.values = make([]float64, rows)
		} else {
			d.offsets = make([]int32, rows+1)
		}
	}
	return c, nil
}

// Reset begins a new batch.
func (c *Columns) Reset() {
	c.row = 0
	for i := range c.all {
		c.all[i].nulls = false
	}
}

// Begin begins a row. What was set since the last Finish is forgotten.
func (c *Columns) Begin() { c.stamp++ }

// Finish ends the row: a column that was not set is missing.
func (c *Columns) Finish() {
	for i := range c.all {
		d := &c.all[i]
		switch {
		case d.stamp == c.stamp:
		case d.kind == format.Number:
			d.values[c.row] = math.NaN()
		default:
			d.appendNull(c.row)
		}
	}
	c.row++
}

// Rows is how many rows are finished.
func (c *Columns) Rows() int { return c.row }

// Kind is the kind of column i.
func (c *Columns) Kind(i int) format.Kind { return c.all[i].kind }

// Path is where column i comes from.
func (c *Columns) Path(i int) string { return c.all[i].path }

// Set says whether column i was set in this row.
func (c *Columns) Set(i int) bool { return c.all[i].stamp == c.stamp }

// Float sets a number, which may be NaN or infinite.
func (c *Columns) Float(i int, v float64) *fault.Error {
	d := c.begin(i)
	if d.kind == format.Number {
		if v != v {
			v = math.NaN() // whatever its bits were
		}
		d.values[c.row] = v
		return nil
	}
	c.scratch = AppendFloat(c.scratch[:0], v)
	if s := c.scratch; d.kind != format.Raw && s[0] == '"' {
		return d.append(c.row, s[1:len(s)-1])
	}
	return d.append(c.row, c.scratch)
}

// Int sets a whole number.
func (c *Columns) Int(i int, v int64) *fault.Error {
	d := c.begin(i)
	if d.kind == format.Number && -1<<53 <= v && v <= 1<<53 {
		d.values[c.row] = float64(v)
		return nil
	}
	c.scratch = strconv.AppendInt(c.scratch[:0], v, 10)
	return c.whole(d, float64(v))
}

// Uint sets a whole number.
func (c *Columns) Uint(i int, v uint64) *fault.Error {
	d := c.begin(i)
	c.scratch = strconv.AppendUint(c.scratch[:0], v, 10)
	return c.whole(d, float64(v))
}

// whole sets a whole number whose digits are in scratch, and whose nearest float64 is f.
func (c *Columns) whole(d *column, f float64) *fault.Error {
	if d.kind != format.Number {
		return d.append(c.row, c.scratch)
	}
	if d.exact && number.Inexact(c.scratch, f) {
		return fault.New(fault.NumberRange, "", "float64, which the output has for numbers, cannot hold %s exactly", c.scratch).OnField(d.path)
	}
	d.values[c.row] = f
	return nil
}

// Decimal sets a number that is given by its digits.
func (c *Columns) Decimal(i int, digits []byte) *fault.Error {
	d := c.begin(i)
	if d.kind != format.Number {
		return d.append(c.row, digits)
	}
	f, status := number.Parse(digits)
	if status != number.OK {
		return fault.New(fault.NumberRange, "", "float64 cannot hold %s", excerpt(digits)).OnField(d.path)
	}
	c.scratch = append(c.scratch[:0], digits...)
	return c.whole(d, f)
}

// Bool sets a truth value.
func (c *Columns) Bool(i int, v bool) *fault.Error {
	d := c.begin(i)
	if d.kind != format.Number {
		return d.append(c.row, strconv.AppendBool(c.scratch[:0], v))
	}
	d.values[c.row] = 0
	if v {
		d.values[c.row] = 1
	}
	return nil
}

// Null sets a value that is said to be missing.
func (c *Columns) Null(i int) *fault.Error {
	d := c.begin(i)
	switch d.kind {
	case format.Number:
		d.values[c.row] = math.NaN()
	case format.Raw:
		return d.append(c.row, null)
	default:
		d.appendNull(c.row)
	}
	return nil
}

var null = []byte("null")

// Text sets a text.
func (c *Columns) Text(i int, s []byte) *fault.Error {
	d := c.begin(i)
	switch d.kind {
	case format.Number:
		v, ok := c.word(string(s))
		if !ok {
			return fault.New(fault.WrongType, "", "a number is needed, not a string: %s", fault.Quote(string(excerpt(s)))).OnField(d.path)
		}
		d.values[c.row] = v
		return nil
	case format.Raw:
		var ok bool
		if c.scratch, ok = AppendText(c.scratch[:0], s); !ok {
			return NotText(s).OnField(d.path)
		}
		return d.append(c.row, c.scratch)
	}
	if !valid(s) {
		return NotText(s).OnField(d.path)
	}
	if len(c.nulls.Text) > 0 && slices.Contains(c.nulls.Text, string(s)) {
		d.appendNull(c.row)
		return nil
	}
	return d.append(c.row, s)
}

// word is the number that a text stands for.
func (c *Columns) word(s string) (float64, bool) {
	switch s {
	case "NaN":
		return math.NaN(), true
	case "Infinity":
		return math.Inf(1), true
	case "-Infinity":
		return math.Inf(-1), true
	}
	return math.NaN(), slices.Contains(c.nulls.Number, s)
}

// JSON sets a value that is rendered as JSON; what says what it is: "an array".
func (c *Columns) JSON(i int, json []byte, what string) *fault.Error {
	d := c.begin(i)
	if d.kind == format.Number {
		return fault.New(fault.WrongType, "", "a number is needed, not %s: %s", what, excerpt(json)).OnField(d.path)
	}
	return d.append(c.row, json)
}

// Bytes sets a RawRow or Head column, whose bytes no other function sets.
func (c *Columns) Bytes(i int, b []byte) *fault.Error { return c.begin(i).append(c.row, b) }

// begin finds a column that is about to be set.
func (c *Columns) begin(i int) *column {
	d := &c.all[i]
	d.stamp = c.stamp
	return d
}

// AppendFloat appends a number as JSON lines have it: "NaN", "Infinity" and "-Infinity" are strings.
func AppendFloat(dst []byte, v float64) []byte {
	switch {
	case v != v:
		return append(dst, `"NaN"`...)
	case math.IsInf(v, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(v, -1):
		return append(dst, `"-Infinity"`...)
	}
	return arrowtext.AppendFloat(dst, v, 64)
}
