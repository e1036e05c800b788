package parquet

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
)

// natives is an output of Kind Native for a flat column whose Arrow type has one width. dense gives the values that are
// there, in Arrow's form and without nulls; the result may be the source's own memory.
type natives struct {
	typ     arrow.DataType
	width   int
	dense   func(buf []byte) ([]byte, error)
	present presence
	buf     []byte // what dense converts into
	out     []byte // with room for nulls
	bits    []byte
}

func (o *natives) build(n int) (arrow.Array, error) {
	o.buf = slices.Grow(o.buf[:0], n*o.width)
	vals, err := o.dense(o.buf)
	if err != nil {
		return nil, err
	}
	nulls := n - len(vals)/o.width
	if nulls == 0 {
		return storageArray(o.typ, func(dt arrow.DataType) arrow.Array { return plainArray(dt, n, vals, nil, 0) }), nil
	}
	o.out = slices.Grow(o.out[:0], n*o.width)[:n*o.width]
	o.bits = o.present.bitmap(o.bits, n)
	spread(o.out, vals, o.width, o.bits)
	return storageArray(o.typ, func(dt arrow.DataType) arrow.Array { return plainArray(dt, n, o.out, o.bits, nulls) }), nil
}

// storageArray makes an array of dt, which may be an extension type, from one of its storage type.
func storageArray(dt arrow.DataType, storage func(arrow.DataType) arrow.Array) arrow.Array {
	ext, ok := dt.(arrow.ExtensionType)
	if !ok {
		return storage(dt)
	}
	s := storage(ext.StorageType())
	defer s.Release()
	return array.NewExtensionArrayWithStorage(ext, s)
}

// booleans is an output of Kind Native for booleans.
type booleans struct {
	src         *fixed[bool]
	vals, valid []byte
}

func (o *booleans) build(n int) (arrow.Array, error) {
	size := int(bitutil.BytesForBits(int64(n)))
	o.vals = slices.Grow(o.vals[:0], size)[:size]
	clear(o.vals)
	nulls := n - len(o.src.vals)
	if nulls > 0 {
		o.valid = o.src.present().bitmap(o.valid, n)
	}
	at, present := 0, o.src.present()
	for i := range n {
		if nulls > 0 && !present.at(i) {
			continue
		}
		bitutil.SetBitTo(o.vals, i, o.src.vals[at])
		at++
	}
	return plainArray(arrow.FixedWidthTypes.Boolean, n, o.vals, o.valid, nulls), nil
}

// nothing is an output of Kind Text or Native for a column of Arrow's type null.
type nothing struct{ typ arrow.DataType }

func (o nothing) build(n int) (arrow.Array, error) {
	if o.typ.ID() == arrow.NULL {
		return array.NewNull(n), nil
	}
	b := array.NewStringBuilder(goMemory)
	defer b.Release()
	b.AppendNulls(n)
	return b.NewArray(), nil
}

// asIs gives the values of a source whose memory is in Arrow's form already.
func asIs[T any](src *fixed[T], bytes func([]T) []byte) func([]byte) ([]byte, error) {
	return func([]byte) ([]byte, error) { return bytes(src.vals), nil }
}

// narrow stores 32-bit values in one or two bytes.
func narrow(src *fixed[int32], dt arrow.DataType, width int, lowest, highest int32) func([]byte) ([]byte, error) {
	return func(dst []byte) ([]byte, error) {
		for _, v := range src.vals {
			if v < lowest || v > highest {
				return nil, fmt.Errorf("%d is out of the range of %s", v, dt)
			}
			dst = append(dst, byte(v))
			if width == 2 {
				dst = append(dst, byte(v>>8))
			}
		}
		return dst, nil
	}
}

// decimalsFromInt stores decimals of 32 or 64 bits as Arrow's 128 or 256 bits, little-endian.
func decimalsFromInt[T int32 | int64](src *fixed[T], width int) func([]byte) ([]byte, error) {
	return func(dst []byte) ([]byte, error) {
		for _, v := range src.vals {
			x := int64(v)
			for range width {
				dst = append(dst, byte(x))
				x >>= 8
			}
		}
		return dst, nil
	}
}

// appendDecimal stores a big-endian decimal as Arrow's 128 or 256 bits, little-endian.
func appendDecimal(dst, b []byte, width int) ([]byte, error) {
	if len(b) > width { // with as many bytes of sign in front as its writer liked
		if n := bigEndian(b); n.BitLen() > 8*width-1 {
			return nil, fmt.Errorf("the decimal %s has more than %d bits", clipNumber(n), 8*width)
		}
		b = b[len(b)-width:]
	}
	fill := byte(0)
	if len(b) > 0 && b[0]&0x80 != 0 {
		fill = 0xff
	}
	for i := len(b) - 1; i >= 0; i-- {
		dst = append(dst, b[i])
	}
	for range width - len(b) {
		dst = append(dst, fill)
	}
	return dst, nil
}

func clipNumber(n *big.Int) string {
	if s := n.String(); len(s) > 90 {
		return s[:90] + "..."
	} else {
		return s
	}
}

func decimalsFromTexts(src *texts, width int) func([]byte) ([]byte, error) {
	return func(dst []byte) (out []byte, err error) {
		for i, ok := range src.valid[:src.taken] {
			if ok && err == nil {
				dst, err = appendDecimal(dst, src.value(i), width)
			}
		}
		return dst, err
	}
}

func decimalsFromBytes(src *fixedBytes, width int) func([]byte) ([]byte, error) {
	return func(dst []byte) (out []byte, err error) {
		for i := 0; i < len(src.data) && err == nil; i += src.width {
			dst, err = appendDecimal(dst, src.data[i:i+src.width], width)
		}
		return dst, err
	}
}
