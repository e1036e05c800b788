package jsonl

import (
	"bytes"
	"errors"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/arrowtext"
)

// NewWriter writes one object a line, its members in the order of the schema's fields. It writes to w in pieces of 64 KiB
// and more, always whole lines.
//
// Errors: fault.Internal for raw columns that another format read, or for more than one raw row; fault.Schema for two
// fields of one name; fault.BadText for a name that is not UTF-8.
func (f Format) NewWriter(w io.Writer, schema *arrow.Schema) (format.Writer, error) {
	wr, err := newWriter(w, schema)
	if err != nil {
		return nil, err
	}
	return wr, nil
}

func newWriter(w io.Writer, schema *arrow.Schema) (*writer, error) {
	wr := &writer{w: w, schema: schema, row: -1}
	seen := map[string]bool{}
	for i, field := range schema.Fields() {
		if from, ok := field.Metadata.GetValue(format.MetaRawRow); ok {
			if err := checkRaw(field, from); err != nil {
				return nil, err
			}
			if wr.row >= 0 {
				return nil, fault.New(fault.Internal, "", "two columns are raw rows").OnField(field.Name)
			}
			wr.row = i
			continue
		}
		if seen[field.Name] {
			return nil, fault.New(fault.Schema, "", "two columns have the same name, which cannot be told apart in an object").OnField(field.Name)
		}
		seen[field.Name] = true
		c := output{index: i, name: field.Name, encode: encoderOf(field.Type)}
		if from, ok := field.Metadata.GetValue(format.MetaRaw); ok {
			if err := checkRaw(field, from); err != nil {
				return nil, err
			}
			c.raw, c.encode = true, encodeRaw
		}
		key, ok := arrowtext.AppendQuoted(nil, field.Name)
		if !ok {
			return nil, fault.New(fault.BadText, "", "the column's name is not UTF-8").OnField(field.Name)
		}
		c.key = append(key, ':')
		wr.outputs = append(wr.outputs, c)
	}
	return wr, nil
}

func checkRaw(field arrow.Field, from string) error {
	if from != name {
		return fault.New(fault.Internal, "", "raw %s cannot be written to JSON lines", from).OnField(field.Name)
	}
	if field.Type.ID() != arrow.BINARY {
		return fault.New(fault.Internal, "", "a raw column is binary, not %s", field.Type).OnField(field.Name)
	}
	return nil
}

// writer is a [format.Writer].
type writer struct {
	w       io.Writer
	schema  *arrow.Schema
	outputs []output
	row     int // the field that is the raw row, or -1
	buf     []byte
	err     error
}

// output is a member to be written.
type output struct {
	index  int
	name   string
	key    []byte // `"name":`
	raw    bool   // a null is left out
	encode encoder
}

// flushAt is how much text is worth a write.
const flushAt = 64 << 10

// Write appends the records of rec. After an error the writer is of no more use and says it again; the error is a
// fault.BadText for a string that is not UTF-8, fault.Unwritable if w failed, fault.Internal for another schema than the
// writer's or a raw column that is none.
func (w *writer) Write(rec arrow.RecordBatch) error {
	if w.err != nil {
		return w.err
	}
	if s := rec.Schema(); s != w.schema && !s.Equal(w.schema) {
		return w.fail(fault.New(fault.Internal, "", "a record batch with another schema than the writer's"))
	}
	for row := range int(rec.NumRows()) {
		if err := w.record(rec, row); err != nil {
			return w.fail(err)
		}
		if len(w.buf) >= flushAt {
			if err := w.flush(); err != nil {
				return w.fail(err)
			}
		}
	}
	return nil
}

// record appends a line to the buffer.
func (w *writer) record(rec arrow.RecordBatch, row int) error {
	b, err := w.Append(w.buf, rec, row)
	if err == nil {
		w.buf = append(b, '\n')
	}
	return err
}

// Append implements [format.Encoder].
func (w *writer) Append(b []byte, rec arrow.RecordBatch, row int) ([]byte, error) {
	sep, rest := byte('{'), closing
	if w.row >= 0 {
		if a := rec.Column(w.row).(*array.Binary); a.IsValid(row) {
			head, tail, err := splitObject(a.Value(row))
			if err != nil {
				return b, fault.New(fault.Internal, "", "%w", err).OnField(w.schema.Field(w.row).Name)
			}
			b, rest = append(b, head...), tail
			if sep = ','; len(head) == 1 {
				sep = 0
			}
		}
	}
	for i := range w.outputs {
		c := &w.outputs[i]
		col := rec.Column(c.index)
		if c.raw && col.IsNull(row) {
			continue
		}
		if sep != 0 {
			b = append(b, sep)
		}
		sep = ','
		b = append(b, c.key...)
		var err error
		if b, err = c.encode(b, col, row); err != nil {
			return b, named(err, c.name)
		}
	}
	if sep == '{' {
		b = append(b, sep)
	}
	return append(b, rest...), nil
}

var closing = []byte("}")

// named puts the column's name into an error that has none.
func named(err error, field string) error {
	if fe := (*fault.Error)(nil); errors.As(err, &fe) && fe.Field == "" {
		fe.Field = field
	}
	return err
}

// encodeRaw copies a raw value.
func encodeRaw(dst []byte, col arrow.Array, i int) ([]byte, error) {
	v := col.(*array.Binary).Value(i)
	if len(v) == 0 || bytes.IndexByte(v, '\n') >= 0 {
		return dst, fault.New(fault.Internal, "", "a raw value that is empty or has a line break")
	}
	return append(dst, v...), nil
}

var errRawRow = errors.New("a raw row that is not one object in braces on one line")

// splitObject cuts a JSON object where further members go: behind its last value, before the blanks and the brace.
func splitObject(row []byte) (head, tail []byte, err error) {
	n := len(row)
	if n < 2 || row[0] != '{' || row[n-1] != '}' || bytes.IndexByte(row, '\n') >= 0 {
		return nil, nil, errRawRow
	}
	n--
	for row[n-1] == ' ' || row[n-1] == '\t' || row[n-1] == '\r' {
		n--
	}
	return row[:n], row[n:], nil
}

func (w *writer) fail(err error) error {
	w.err = err
	return err
}

func (w *writer) flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	n, err := w.w.Write(w.buf)
	if err == nil && n < len(w.buf) {
		err = io.ErrShortWrite
	}
	w.buf = w.buf[:0]
	if err == nil {
		return nil
	}
	if fe := (*fault.Error)(nil); errors.As(err, &fe) {
		return err
	}
	return fault.New(fault.Unwritable, "", "%w", err)
}

// Close writes what is left. It does not close the io.Writer.
func (w *writer) Close() error {
	if w.err != nil {
		return w.err
	}
	if err := w.flush(); err != nil {
		return w.fail(err)
	}
	return nil
}
