package model

import (
	"encoding/binary"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
)

// numeric is any Arrow array of values that convert to float64.
type numeric interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// values writes rows values of a column, v being all of its own, from row first on, to dst[0], dst[width], dst[2*width] and
// so on: NaN for a null.
func values[T numeric](v []T, a arrow.Array, first, rows int, dst []float64, width int) {
	v = v[first : first+rows]
	var valid []byte
	if a.NullN() > 0 {
		valid = a.NullBitmapBytes()
	}
	if width == 1 {
		dst = dst[:rows]
		if same, ok := any(v).([]float64); ok {
			copy(dst, same)
		} else {
			for i, x := range v {
				dst[i] = float64(x)
			}
		}
		if valid != nil {
			dropNulls(dst, valid, a.Data().Offset()+first)
		}
		return
	}
	for i, x := range v {
		dst[i*width] = float64(x)
	}
	if valid == nil {
		return
	}
	offset := a.Data().Offset() + first
	for i := range v {
		if bit := offset + i; valid[bit>>3]>>(bit&7)&1 == 0 {
			dst[i*width] = math.NaN()
		}
	}
}

// dropNulls makes NaN of the values whose bits in valid, from bit offset on, are not set. No branch depends on a bit.
func dropNulls(dst []float64, valid []byte, offset int) {
	nan := math.Float64bits(math.NaN())
	for i := 0; i < len(dst); {
		bit := offset + i
		at, skip := bit>>3, uint(bit&7)
		var word uint64
		n := 64 - int(skip)
		if at+8 <= len(valid) {
			word = binary.LittleEndian.Uint64(valid[at:]) >> skip
		} else {
			for k, b := range valid[at:] {
				word |= uint64(b) << (8 * k)
			}
			word >>= skip
		}
		part := dst[i:min(i+n, len(dst))]
		i += len(part)
		if word<<skip>>skip == 1<<n-1 {
			continue
		}
		for k, x := range part {
			keep := -(word >> k & 1)
			part[k] = math.Float64frombits(math.Float64bits(x)&keep | nan&^keep)
		}
	}
}
