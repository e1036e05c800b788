package jsonl

import (
	"encoding/binary"
	"math/bits"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// schemaOf is the Arrow schema of the columns.
func schemaOf(cols []format.Column) (*arrow.Schema, error) {
	fields := make([]arrow.Field, len(cols))
	for i, c := range cols {
		f := arrow.Field{Name: c.Name}
		switch c.Kind {
		case format.Number:
			f.Type = arrow.PrimitiveTypes.Float64
		case format.Text, format.Native:
			f.Type, f.Nullable = arrow.BinaryTypes.String, true
		case format.Raw:
			f.Type, f.Nullable = arrow.BinaryTypes.Binary, true
			f.Metadata = arrow.MetadataFrom(map[string]string{format.MetaRaw: name})
		case format.RawRow:
			f.Type = arrow.BinaryTypes.Binary
			f.Metadata = arrow.MetadataFrom(map[string]string{format.MetaRawRow: name})
		default:
			return nil, fault.New(fault.Internal, "", "no such kind of column: %d", c.Kind)
		}
		fields[i] = f
	}
	return arrow.NewSchema(fields, nil), nil
}

// append sets the value of a row to b[start:end], behind which slack bytes may be loaded. The rows before must be set.
func (d *column) append(row int, b []byte, start, end int) {
	at, n := int(d.offsets[row]), end-start
	if n <= 16 && cap(d.data) >= at+16 {
		// Most texts are short: two words, whatever is behind the text.
		dst := d.data[at : at+16]
		binary.LittleEndian.PutUint64(dst, load(b, start))
		binary.LittleEndian.PutUint64(dst[8:], load(b, start+8))
		d.data = d.data[:at+n]
	} else {
		d.data = append(d.data[:at], b[start:end]...)
	}
	d.end(row)
}

func (d *column) appendUnescaped(row int, text []byte) (ok bool) {
	d.data, ok = unescape(d.data[:d.offsets[row]], text)
	d.end(row)
	return ok
}

func (d *column) end(row int) {
	d.offsets[row+1] = int32(len(d.data))
	if d.nulls {
		d.valid[row>>3] |= 1 << (row & 7)
	}
}

func (d *column) appendNull(row int) {
	d.offsets[row+1] = d.offsets[row]
	if !d.nulls {
		d.nulls = true
		if d.valid == nil {
			d.valid = make([]byte, len(d.offsets)/8+1)
		}
		for i := range d.valid {
			d.valid[i] = 0xff
		}
	}
	d.valid[row>>3] &^= 1 << (row & 7)
}

// record makes a record batch of the first rows rows. It is valid until reset.
func (c *columns) record(rows int) arrow.RecordBatch {
	for i := range c.all {
		d := &c.all[i]
		if d.kind == format.Number {
			data := array.NewData(arrow.PrimitiveTypes.Float64, rows, []*memory.Buffer{nil,
				memory.NewBufferBytes(arrow.Float64Traits.CastToBytes(d.values[:rows]))}, nil, 0, 0)
			c.arrays[i] = array.NewFloat64Data(data)
			continue
		}
		buffers := []*memory.Buffer{nil, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(d.offsets[:rows+1])), memory.NewBufferBytes(d.data[:d.offsets[rows]])}
		nulls := d.countNulls(rows)
		if nulls > 0 {
			buffers[0] = memory.NewBufferBytes(d.valid[:(rows+7)/8])
		}
		if d.kind == format.Text || d.kind == format.Native {
			c.arrays[i] = array.NewStringData(array.NewData(arrow.BinaryTypes.String, rows, buffers, nil, nulls, 0))
		} else {
			c.arrays[i] = array.NewBinaryData(array.NewData(arrow.BinaryTypes.Binary, rows, buffers, nil, nulls, 0))
		}
	}
	return array.NewRecordBatch(c.schema, c.arrays, int64(rows))
}

func (d *column) countNulls(rows int) int {
	if !d.nulls {
		return 0
	}
	nulls := rows
	for row := 0; row+8 <= rows; row += 8 {
		nulls -= bits.OnesCount8(d.valid[row>>3])
	}
	if rest := rows & 7; rest > 0 {
		nulls -= bits.OnesCount8(d.valid[rows>>3] << (8 - rest))
	}
	return nulls
}

// reset makes room for the next batch.
func (c *columns) reset() {
	for i := range c.all {
		c.all[i].nulls = false
	}
}
