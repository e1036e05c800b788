package csv

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// flushAt is how many bytes the writer collects before it writes them.
const flushAt = 64 << 10

// writer writes records as rows.
type writer struct {
	w      io.Writer
	schema *arrow.Schema
	cells  []appender
	raw    []bool // columns of bytes as they stand
	plain  []plain
	buf    []byte
	closed bool
	err    error

	cellWriter
}

// NewWriter writes a header and then the rows of the records that it is given. See the package documentation for what
// cells look like. The header is written in any case, with the first rows or by Close.
//
// Errors are *fault.Error: Schema for a schema without columns, Internal for columns that hold the raw bytes of another
// format, Usage for raw columns of another delimiter and for options that make no sense; then Unwritable for what w
// gives (if that is no *fault.Error itself), Unsupported for an Arrow type that has no text, BadText for text inside a
// list or struct that is not UTF-8. After an error of w all later calls give it again.
func (f Format) NewWriter(w io.Writer, schema *arrow.Schema) (format.Writer, error) {
	if err := f.Validate(); err != nil {
		return nil, err
	}
	if schema.NumFields() == 0 {
		return nil, fault.New(fault.Schema, "", "no columns to write")
	}
	nulls := f.nulls()
	out := &writer{w: w, schema: schema, cellWriter: newCellWriter(f.delimiter(), nulls)}
	out.buf = make([]byte, 0, 2*flushAt)
	for i, field := range schema.Fields() {
		if err := f.checkRaw(field); err != nil {
			return nil, err
		}
		out.cells = append(out.cells, out.appender(field))
		out.raw = append(out.raw, isRaw(field, format.MetaRaw) || isRaw(field, format.MetaRawRow))
		if i > 0 {
			out.buf = append(out.buf, out.delim)
		}
		if header, ok := field.Metadata.GetValue(format.MetaHeader); ok && isRaw(field, format.MetaRawRow) {
			out.buf = append(out.buf, header...)
		} else {
			out.buf = out.name(out.buf, field.Name)
		}
	}
	out.buf = out.endRow(out.buf, 0)
	out.plain = make([]plain, len(out.cells))
	return out, nil
}

func isRaw(field arrow.Field, key string) bool {
	_, ok := field.Metadata.GetValue(key)
	return ok
}

// checkRaw refuses raw columns whose bytes would not be cells or rows of this file.
func (f Format) checkRaw(field arrow.Field) error {
	raw := false
	for _, key := range []string{format.MetaRaw, format.MetaRawRow} {
		origin, ok := field.Metadata.GetValue(key)
		if !ok {
			continue
		}
		if origin != name || field.Type.ID() != arrow.BINARY {
			return fault.New(fault.Internal, "", "csv: raw bytes of %s (%s) cannot pass through", origin, field.Type).OnField(field.Name)
		}
		raw = true
	}
	delim, ok := field.Metadata.GetValue(metaDelimiter)
	if raw && ok && delim != string(f.delimiter()) {
		return fault.New(fault.Usage, "", "its bytes pass through from a file with the delimiter %q, but are to be written with %q", delim, f.delimiter()).
			OnField(field.Name).WithHint("write with the delimiter %q", delim)
	}
	return nil
}

// Write appends the rows of rec.
func (w *writer) Write(rec arrow.RecordBatch) error {
	if w.err != nil {
		return w.err
	}
	if w.closed {
		return fault.New(fault.Internal, "", "csv: Write after Close")
	}
	if !w.fits(rec.Schema()) {
		return fault.New(fault.Internal, "", "csv: the record has another schema than the writer")
	}
	columns := rec.Columns()
	defer clear(w.plain)
	for i, c := range columns {
		w.plain[i] = plainOf(c, w.raw[i])
	}
	for row := range int(rec.NumRows()) {
		b := w.buf
		start := len(b)
		for i := range w.plain {
			if i > 0 {
				b = append(b, w.delim)
			}
			switch p := &w.plain[i]; {
			case p.offsets != nil:
				b = append(b, p.data[p.offsets[row]:p.offsets[row+1]]...)
			case p.floats != nil:
				b = appendFloat(b, p.floats[row], 64)
			default:
				var err error
				if b, err = w.cells[i](&w.cellWriter, b, columns[i], row); err != nil {
					w.buf = b[:start]
					return onField(err, w.schema.Field(i).Name)
				}
			}
		}
		w.buf = w.endRow(b, start)
		if len(w.buf) >= flushAt {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// plain is a column of the record that is being written, of one of the kinds that most columns are: bytes as they stand, or
// float64 without nulls. Neither is set for any other column.
type plain struct {
	data    []byte
	offsets []int32
	floats  []float64
}

func plainOf(c arrow.Array, raw bool) (p plain) {
	switch a := c.(type) {
	case *array.Binary:
		if raw && a.Len() > 0 {
			p.offsets = a.ValueOffsets()
			if data := a.Data().Buffers()[2]; data != nil {
				p.data = data.Bytes()
			}
		}
	case *array.Float64:
		if a.NullN() == 0 {
			p.floats = a.Float64Values()
		}
	}
	return p
}

// fits reports whether columns of schema are what the writer's own schema promised.
func (w *writer) fits(schema *arrow.Schema) bool {
	if schema == w.schema {
		return true
	}
	return slices.EqualFunc(schema.Fields(), w.schema.Fields(), func(a, b arrow.Field) bool {
		return a.Name == b.Name && arrow.TypeEqual(a.Type, b.Type)
	})
}

func onField(err error, field string) error {
	fe := (*fault.Error)(nil)
	if errors.As(err, &fe) {
		return fe.OnField(field)
	}
	return err
}

func (w *writer) flush() error {
	if _, err := w.w.Write(w.buf); err != nil {
		w.err = err
		if fe := (*fault.Error)(nil); !errors.As(err, &fe) {
			w.err = &fault.Error{Code: fault.Unwritable, Err: err}
		}
	}
	w.buf = w.buf[:0]
	return w.err
}

// Close writes what is left.
func (w *writer) Close() error {
	if w.closed || w.err != nil {
		return w.err
	}
	w.closed = true
	if len(w.buf) == 0 {
		return nil
	}
	return w.flush()
}

// name appends a column's name to the header.
func (w *writer) name(b []byte, text string) []byte {
	if text == "" || w.special(text) || len(b) == 0 && strings.HasPrefix(text, byteOrderMark) {
		return appendQuoted(b, text)
	}
	return append(b, text...)
}

// endRow ends the row that starts at b[start]. An empty line would not be a row, and a raw cell may end with a CR that
// must not become part of the line ending.
func (w *writer) endRow(b []byte, start int) []byte {
	if len(b) == start {
		b = append(b, `""`...)
	}
	if b[len(b)-1] == '\r' {
		b = append(b, '\r')
	}
	return append(b, '\n')
}
