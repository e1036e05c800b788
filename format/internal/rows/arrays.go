package rows

import (
	"math"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/arrowtext"
)

// raw is the format of Raw columns, whatever the messages are in.
const raw = "jsonl"

// schemaOf is the Arrow schema of the columns. row is the format of RawRow columns, and of Head.
func schemaOf(cols []format.Column, row string) (*arrow.Schema, error) {
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
			f.Metadata = arrow.MetadataFrom(map[string]string{format.MetaRaw: raw})
		case format.RawRow:
			f.Type = arrow.BinaryTypes.Binary
			f.Metadata = arrow.MetadataFrom(map[string]string{format.MetaRawRow: row})
		case format.Head:
			f.Type = arrow.BinaryTypes.Binary
			f.Metadata = arrow.MetadataFrom(map[string]string{format.MetaHead: row})
		default:
			return nil, fault.New(fault.Internal, "", "no such kind of column: %d", c.Kind)
		}
		fields[i] = f
	}
	return arrow.NewSchema(fields, nil), nil
}

// append sets the value of a row. The rows before must be set.
func (d *column) append(row int, b []byte) *fault.Error {
	at := d.offsets[row]
	if len(b) > math.MaxInt32-int(at) {
		return fault.New(fault.RowTooLarge, "", "the messages of a batch hold more than 2 GiB").OnField(d.path)
	}
	d.data = append(d.data[:at], b...)
	d.offsets[row+1] = int32(len(d.data))
	if d.nulls {
		d.valid[row>>3] |= 1 << (row & 7)
	}
	return nil
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

// Record makes a record batch of the finished rows. It is valid until Reset.
func (c *Columns) Record() arrow.RecordBatch {
	for i := range c.all {
		c.arrays[i] = c.all[i].array(c.row)
	}
	return array.NewRecordBatch(c.schema, c.arrays, int64(c.row))
}

func (d *column) array(rows int) arrow.Array {
	if d.kind == format.Number {
		return array.NewFloat64Data(array.NewData(arrow.PrimitiveTypes.Float64, rows, []*memory.Buffer{nil,
			memory.NewBufferBytes(arrow.Float64Traits.CastToBytes(d.values[:rows]))}, nil, 0, 0))
	}
	buffers := []*memory.Buffer{nil, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(d.offsets[:rows+1])), memory.NewBufferBytes(d.data[:d.offsets[rows]])}
	nulls := 0
	if d.nulls {
		for row := range rows {
			nulls += int(^d.valid[row>>3] >> (row & 7) & 1)
		}
		buffers[0] = memory.NewBufferBytes(d.valid[:(rows+7)/8])
	}
	if d.kind == format.Text || d.kind == format.Native {
		return array.NewStringData(array.NewData(arrow.BinaryTypes.String, rows, buffers, nil, nulls, 0))
	}
	return array.NewBinaryData(array.NewData(arrow.BinaryTypes.Binary, rows, buffers, nil, nulls, 0))
}

// AppendText appends a text as a JSON string. It is not ok if the text is not UTF-8.
func AppendText(dst, s []byte) ([]byte, bool) { return arrowtext.AppendQuoted(dst, string(s)) }

func valid(s []byte) bool { return utf8.Valid(s) }

// NotText is the error of a text that is not UTF-8.
func NotText(s []byte) *fault.Error {
	return fault.New(fault.BadText, "", "the text %s is not UTF-8", fault.Quote(string(excerpt(s))))
}

// excerpt is the value, cut if it is long.
func excerpt(text []byte) []byte {
	const most = 60
	if len(text) <= most {
		return text
	}
	n := most
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return append(text[:n:n], "..."...)
}
