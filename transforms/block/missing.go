package block

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
)

// Missing says which rows of a block had no value for which feature. The features' columns need not be in the block any
// more. The zero value says nothing.
type Missing struct {
	Features []string `json:"f,omitempty"`
	// Rows has a bitmap for each feature, a bit a row from Offset on, least significant bit first as in Arrow; 1 is missing. It
	// is nil where no row misses the feature.
	Rows [][]byte `json:"r,omitempty"`
	// Offset is where the first row of the block stands in the bitmaps.
	Offset int `json:"o,omitempty"`
}

// IsZero says whether nothing is known.
func (m Missing) IsZero() bool { return len(m.Features) == 0 }

// Count is how many of the rows from to to-1 miss the i-th feature.
func (m *Missing) Count(i, from, to int) int {
	if m.Rows[i] == nil {
		return 0
	}
	return bitutil.CountSetBits(m.Rows[i], m.Offset+from, to-from)
}

// FindMissing gives the bitmap of rows of a column that have no value, null or NaN; nil if there are none. It uses buf if that
// is large enough.
func FindMissing(buf []byte, col arrow.Array) []byte {
	switch a := col.(type) {
	case *array.Float64:
		return findNaN(buf, col, a.Float64Values())
	case *array.Float32:
		return findNaN(buf, col, a.Float32Values())
	}
	return findNaN[float64](buf, col, nil)
}

// findNaN finds the nulls of a column, and the NaN among its values.
func findNaN[T float32 | float64](buf []byte, col arrow.Array, values []T) []byte {
	first := len(values)
	for i, v := range values {
		if v != v {
			first = i
			break
		}
	}
	isNull := nullsOf(col)
	if first == len(values) && isNull == nil {
		return nil
	}
	n := (col.Len() + 7) / 8
	if cap(buf) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	clear(buf)
	for i := first; i < len(values); i++ {
		if values[i] != values[i] {
			bitutil.SetBit(buf, i)
		}
	}
	if isNull != nil {
		for i := range col.Len() {
			if isNull(i) {
				bitutil.SetBit(buf, i)
			}
		}
	}
	return buf
}

// nullsOf says which values of a column are null; nil: none.
func nullsOf(col arrow.Array) func(int) bool {
	if col.DataType().ID() == arrow.NULL { // it has no bitmap
		return func(int) bool { return true }
	}
	if d, ok := col.(*array.Dictionary); ok && d.Dictionary().NullN() > 0 {
		return func(i int) bool { return d.IsNull(i) || d.Dictionary().IsNull(d.GetValueIndex(i)) }
	}
	if col.NullN() > 0 {
		return col.IsNull
	}
	return nil
}
