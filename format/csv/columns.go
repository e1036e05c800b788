package csv

import (
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/format"
)

// column is one column of the batch, in the layout of Arrow. Cells are put in at a row number; what was there before is
// gone, so that a rejected row leaves nothing behind. The buffers are used for all batches.
type column struct {
	kind  format.Kind
	exact bool // see format.Column

	nums []float64 // Number

	offsets []int32 // all others: row i is data[offsets[i]:offsets[i+1]]
	data    []byte
	nulls   []int32 // rows
	valid   []byte
}

func newColumn(kind format.Kind, rows int) *column {
	c := &column{kind: kind}
	if kind == format.Number {
		c.nums = make([]float64, rows)
	} else {
		c.offsets = make([]int32, rows+1)
	}
	return c
}

func (c *column) append(row int, cell []byte) {
	c.data = append(c.data[:c.offsets[row]], cell...)
	c.offsets[row+1] = int32(len(c.data))
}

// room sees to it that there is room for n bytes of cells from row on, and that [column.put] may write beyond them.
func (c *column) room(row, n int) {
	c.data = slices.Grow(c.data[:c.offsets[row]], n+2*wordSize)
}

// put is append for the cell text[start:end], where there is room. Most cells are short, and are copied without a call.
func (c *column) put(row int, text []byte, start, end int) {
	at, n := int(c.offsets[row]), end-start
	c.offsets[row+1] = int32(at + n)
	if n <= 2*wordSize && start+2*wordSize <= len(text) {
		*(*[2 * wordSize]byte)(c.data[at : at+2*wordSize]) = [2 * wordSize]byte(text[start:])
		return
	}
	copy(c.data[at:at+n], text[start:end])
}

func (c *column) appendEscaped(row int, cell []byte) {
	c.data = unescape(c.data[:c.offsets[row]], cell)
	c.offsets[row+1] = int32(len(c.data))
}

func (c *column) appendNull(row int) {
	c.offsets[row+1] = c.offsets[row]
	c.nulls = append(c.nulls, int32(row))
}

// drop forgets row, which is the last one.
func (c *column) drop(row int) {
	if n := len(c.nulls); n > 0 && c.nulls[n-1] == int32(row) {
		c.nulls = c.nulls[:n-1]
	}
}

// array makes an Arrow array of n rows over the buffers and starts anew.
func (c *column) array(n int) arrow.Array {
	if c.kind == format.Number {
		data := array.NewData(arrow.PrimitiveTypes.Float64, n, []*memory.Buffer{
			nil, memory.NewBufferBytes(arrow.Float64Traits.CastToBytes(c.nums[:n])),
		}, nil, 0, 0)
		return array.NewFloat64Data(data)
	}
	var valid *memory.Buffer
	nulls := len(c.nulls)
	if nulls > 0 {
		size := int(bitutil.BytesForBits(int64(n)))
		if cap(c.valid) < size {
			c.valid = make([]byte, bitutil.BytesForBits(int64(len(c.offsets))))
		}
		c.valid = c.valid[:size]
		bitutil.SetBitsTo(c.valid, 0, int64(n), true)
		for _, row := range c.nulls {
			bitutil.ClearBit(c.valid, int(row))
		}
		valid = memory.NewBufferBytes(c.valid)
		c.nulls = c.nulls[:0]
	}
	buffers := []*memory.Buffer{
		valid, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(c.offsets[:n+1])), memory.NewBufferBytes(c.data[:c.offsets[n]]),
	}
	if c.kind == format.Text || c.kind == format.Native {
		return array.NewStringData(array.NewData(arrow.BinaryTypes.String, n, buffers, nil, nulls, 0))
	}
	return array.NewBinaryData(array.NewData(arrow.BinaryTypes.Binary, n, buffers, nil, nulls, 0))
}

// record makes the record of the batch.
func (r *reader) record() arrow.RecordBatch {
	arrays := make([]arrow.Array, len(r.out))
	for i, c := range r.out {
		arrays[i] = c.array(r.n)
	}
	rec := array.NewRecordBatch(r.schema, arrays, int64(r.n))
	for _, a := range arrays {
		a.Release()
	}
	return rec
}
