package jsonl

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// NewEncoder makes an encoder of messages that are one object each, without a line's end: see [Format.NewWriter] for the
// members and the errors.
func NewEncoder(schema *arrow.Schema) (format.Encoder, error) {
	w, err := newWriter(nil, schema)
	if err != nil {
		return nil, err
	}
	return w, nil
}

// NewDecoder makes a decoder of messages that are one object each, which may have line breaks in it. The rules are those of
// records in files.
func NewDecoder(o Options, cols []format.Column) (format.Decoder, error) {
	p := newParser()
	c, err := newColumns(p, cols, o.Nulls, 0)
	if err != nil {
		return nil, err
	}
	if o.Closed {
		p.close(o.Known)
	}
	p.take(o.Taken)
	return &decoder{reader: reader{
		file: &format.File{}, lines: &lines{}, parser: p, columns: c,
		row: make([]int64, 0, c.rows), offset: make([]int64, 0, c.rows),
	}}, nil
}

// decoder is a [format.Decoder]: a reader whose lines are given to it.
type decoder struct{ reader }

// Decode implements [format.Decoder].
func (d *decoder) Decode(values [][]byte) (*format.Batch, error) {
	r := &d.reader
	if len(values) > r.columns.rows {
		return nil, fault.New(fault.Internal, "", "%d messages at once, of %d columns at most %d", len(values), len(r.columns.all), r.columns.rows)
	}
	r.columns.reset()
	r.row, r.offset, r.letters, r.raws = r.row[:0], r.offset[:0], r.letters[:0], r.raws[:0]
	for i, v := range values {
		r.line = int64(i) + 1
		buf := slices.Grow(r.lines.buf[:0], len(v)+1+slack)
		switch {
		case v == nil:
			r.lines.buf = buf
			r.reject(line{}, fault.Tombstone, "", "a message without a value")
			continue
		case len(v) > format.MaxRow:
			r.lines.buf = append(buf, v[:keep]...)
			r.reject(line{end: keep, long: true}, fault.RowTooLarge, "", fmt.Sprintf("the record is larger than %d MiB", format.MaxRow>>20))
			continue
		}
		buf = append(buf, v...)
		if bytes.IndexByte(buf, '\n') >= 0 { // a line's end within a string is not JSON; elsewhere it is only a blank
			if c := jsontext.Value(bytes.Clone(v)); c.Compact() == nil {
				buf = append(buf[:0], c...)
			}
		}
		n := len(buf)
		r.lines.buf = append(append(buf, '\n'), make([]byte, slack)...)
		if !r.take(line{end: n}) {
			r.reject(line{end: n}, fault.BadJSON, "", "an empty message")
		}
	}
	r.batch = format.Batch{Record: r.columns.record(len(r.row)), Row: r.row, Rejected: r.letters}
	return &r.batch, nil
}
