package parquet

import (
	"encoding/binary"
	"errors"
	"slices"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

var (
	goMemory = memory.DefaultAllocator
	errCodes = errors.New("more different texts than the index type of its dictionary can number")
)

// textArray is an output for a column of byte arrays: utf8 or binary, also with offsets of 64 bits.
type textArray struct {
	src     *texts
	typ     arrow.DataType
	checked bool // Kind Text: what is not UTF-8 is refused, row by row
	bits    []byte
	large   []int64
}

func (o *textArray) build(n int) (arrow.Array, error) {
	nulls := o.src.nulls(n)
	bufs := []*memory.Buffer{nil, nil, memory.NewBufferBytes(o.src.data[:o.src.offsets[n]])}
	if nulls > 0 {
		o.bits = o.src.present().bitmap(o.bits, n)
		bufs[0] = memory.NewBufferBytes(o.bits)
	}
	return storageArray(o.typ, func(dt arrow.DataType) arrow.Array {
		switch dt.ID() {
		case arrow.LARGE_STRING, arrow.LARGE_BINARY:
			o.large = o.large[:0]
			for _, off := range o.src.offsets[:n+1] {
				o.large = append(o.large, int64(off))
			}
			bufs[1] = memory.NewBufferBytes(arrow.Int64Traits.CastToBytes(o.large))
		default:
			bufs[1] = memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(o.src.offsets[:n+1]))
		}
		data := array.NewData(dt, n, bufs, nil, nulls, 0)
		defer data.Release()
		return array.MakeFromData(data)
	}), nil
}

// bad gives the rows, of the first n, whose text is not UTF-8.
func (o *textArray) bad(n int) (rows []int) {
	// All the bytes at once are quick to check. That they are UTF-8 together, and no text begins inside a character, makes
	// each of them UTF-8.
	all := o.src.data[:o.src.offsets[n]]
	fine := utf8.Valid(all)
	for i := 0; i < n && fine; i++ {
		from := int(o.src.offsets[i])
		fine = from == len(all) || utf8.RuneStart(all[from])
	}
	if fine {
		return nil
	}
	for i := range n {
		if !utf8.Valid(o.src.value(i)) {
			rows = append(rows, i)
		}
	}
	return rows
}

// dictionary is an output of Kind Native for strings whose Arrow type is a dictionary. Each batch has a dictionary of its
// own, of the values that it has, in the order in which they come.
type dictionary struct {
	src   *texts
	typ   *arrow.DictionaryType
	codes map[string]uint64
	keys  []byte
	bits  []byte

	data    []byte
	offsets []int32
	large   []int64
}

func (o *dictionary) build(n int) (arrow.Array, error) {
	if o.codes == nil {
		o.codes = map[string]uint64{}
	}
	clear(o.codes)
	width := o.typ.IndexType.(arrow.FixedWidthDataType).BitWidth() / 8
	o.keys = slices.Grow(o.keys[:0], n*width+8)
	o.data, o.offsets = o.data[:0], append(o.offsets[:0], 0)
	highest := uint64(1)<<(8*width) - 1
	if arrow.IsSignedInteger(o.typ.IndexType.ID()) {
		highest >>= 1
	}
	for i := range n {
		var code uint64
		if o.src.valid[i] {
			v := o.src.value(i)
			var known bool
			if code, known = o.codes[string(v)]; !known {
				code = uint64(len(o.codes))
				if code > highest {
					return nil, errCodes
				}
				o.codes[string(v)] = code
				o.data = append(o.data, v...)
				o.offsets = append(o.offsets, int32(len(o.data)))
			}
		}
		o.keys = binary.LittleEndian.AppendUint64(o.keys, code)[:len(o.keys)+width]
	}
	nulls := o.src.nulls(n)
	if nulls > 0 {
		o.bits = o.src.present().bitmap(o.bits, n)
	}
	keys := plainArray(o.typ.IndexType, n, o.keys, o.bits, nulls)
	defer keys.Release()
	values := o.values()
	defer values.Release()
	return array.NewDictionaryArray(o.typ, keys, values), nil
}

// values is the dictionary.
func (o *dictionary) values() arrow.Array {
	n := len(o.offsets) - 1
	offsets := arrow.Int32Traits.CastToBytes(o.offsets)
	switch o.typ.ValueType.ID() {
	case arrow.LARGE_STRING, arrow.LARGE_BINARY:
		o.large = o.large[:0]
		for _, off := range o.offsets {
			o.large = append(o.large, int64(off))
		}
		offsets = arrow.Int64Traits.CastToBytes(o.large)
	}
	data := array.NewData(o.typ.ValueType, n, []*memory.Buffer{nil, memory.NewBufferBytes(offsets), memory.NewBufferBytes(o.data)}, nil, 0, 0)
	defer data.Release()
	return array.MakeFromData(data)
}
