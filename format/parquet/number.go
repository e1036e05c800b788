package parquet

import (
	"math"
	"math/big"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/format/number"
)

// numbers is an output of Kind Number: float64 without nulls, NaN for missing. dense appends the values that are there,
// present says whether row i has one.
type numbers struct {
	dense   func(dst []float64) ([]float64, error)
	present presence
	// same gives the values as they are, where they are float64 already.
	same func() []float64
	buf  []float64
}

func (o *numbers) build(n int) (arrow.Array, error) {
	if o.same != nil {
		if vals := o.same(); len(vals) == n {
			return float64s(vals), nil
		}
	}
	if cap(o.buf) < n {
		o.buf = make([]float64, 0, n)
	}
	vals, err := o.dense(o.buf[:0])
	if err != nil {
		return nil, err
	}
	if k := len(vals); k < n {
		vals = vals[:n]
		nan := math.NaN()
		for i := n - 1; i >= 0; i-- {
			if o.present.at(i) {
				k--
				vals[i] = vals[k]
			} else {
				vals[i] = nan
			}
		}
	}
	o.buf = vals
	return float64s(vals), nil
}

func float64s(vals []float64) arrow.Array {
	return plainArray(arrow.PrimitiveTypes.Float64, len(vals), arrow.Float64Traits.CastToBytes(vals), nil, 0)
}

// plainArray makes an array of fixed width around memory that it does not own.
func plainArray(dt arrow.DataType, n int, values, validity []byte, nulls int) arrow.Array {
	bufs := []*memory.Buffer{nil, memory.NewBufferBytes(values)}
	if nulls > 0 {
		bufs[0] = memory.NewBufferBytes(validity)
	}
	data := array.NewData(dt, n, bufs, nil, nulls, 0)
	defer data.Release()
	return array.MakeFromData(data)
}

// missing is an output of Kind Number for a column of Arrow's type null: NaN throughout.
type missing struct{ buf []float64 }

func (o *missing) build(n int) (arrow.Array, error) {
	for len(o.buf) < n {
		o.buf = append(o.buf, math.NaN())
	}
	return float64s(o.buf[:n]), nil
}

// widen converts values for which Go's conversion is exact, or rounds to the nearest float64 as it does for 64 bits.
func widen[T int32 | int64 | float32 | float64](src *fixed[T]) func([]float64) ([]float64, error) {
	return func(dst []float64) ([]float64, error) {
		dst = dst[:len(src.vals)]
		for i, v := range src.vals {
			dst[i] = float64(v)
		}
		return dst, nil
	}
}

func widenUint32(src *fixed[int32]) func([]float64) ([]float64, error) {
	return func(dst []float64) ([]float64, error) {
		for _, v := range src.vals {
			dst = append(dst, float64(uint32(v)))
		}
		return dst, nil
	}
}

func widenUint64(src *fixed[int64]) func([]float64) ([]float64, error) {
	return func(dst []float64) ([]float64, error) {
		for _, v := range src.vals {
			dst = append(dst, float64(uint64(v)))
		}
		return dst, nil
	}
}

func widenBool(src *fixed[bool]) func([]float64) ([]float64, error) {
	return func(dst []float64) ([]float64, error) {
		for _, v := range src.vals {
			x := 0.0
			if v {
				x = 1
			}
			dst = append(dst, x)
		}
		return dst, nil
	}
}

func widenHalf(src *fixedBytes) func([]float64) ([]float64, error) {
	return func(dst []float64) ([]float64, error) {
		for i := 0; i < len(src.data); i += 2 {
			dst = append(dst, number.Half(uint16(src.data[i])|uint16(src.data[i+1])<<8))
		}
		return dst, nil
	}
}

// scaleInt converts decimals stored as integers.
func scaleInt[T int32 | int64](src *fixed[T], scale int) func([]float64) ([]float64, error) {
	return func(dst []float64) ([]float64, error) {
		for _, v := range src.vals {
			dst = append(dst, decimalFloat(int64(v), scale))
		}
		return dst, nil
	}
}

func scaleBytes(src *fixedBytes, scale int) func([]float64) ([]float64, error) {
	return func(dst []float64) ([]float64, error) {
		for i := 0; i < len(src.data); i += src.width {
			dst = append(dst, decimalBytes(src.data[i:i+src.width], scale))
		}
		return dst, nil
	}
}

func scaleTexts(src *texts, scale int) func([]float64) ([]float64, error) {
	return func(dst []float64) ([]float64, error) {
		for i, ok := range src.valid[:src.taken] {
			if ok {
				dst = append(dst, decimalBytes(src.value(i), scale))
			}
		}
		return dst, nil
	}
}

// powers of ten that float64 has exactly.
var powers = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// decimalFloat is the float64 nearest to v times ten to the minus scale. One division, or multiplication, of two numbers
// that are exact rounds correctly; everything else goes through strconv, which always does.
func decimalFloat(v int64, scale int) float64 {
	if -1<<53 <= v && v <= 1<<53 {
		switch {
		case 0 <= scale && scale < len(powers):
			return float64(v) / powers[scale]
		case scale < 0 && -scale < len(powers):
			return float64(v) * powers[-scale]
		}
	}
	return parseDecimal(strconv.FormatInt(v, 10), scale)
}

// decimalBytes is decimalFloat of a big-endian two's complement number.
func decimalBytes(b []byte, scale int) float64 {
	if len(b) <= 8 {
		var v uint64
		for _, c := range b {
			v = v<<8 | uint64(c)
		}
		shift := 64 - 8*len(b)
		return decimalFloat(int64(v<<shift)>>shift, scale)
	}
	n := bigEndian(b)
	if n.IsInt64() {
		return decimalFloat(n.Int64(), scale)
	}
	return parseDecimal(n.String(), scale)
}

func bigEndian(b []byte) *big.Int {
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), 8*uint(len(b))))
	}
	return n
}

func parseDecimal(digits string, scale int) float64 {
	// The error can only be that of a number out of range, and then the result is infinite, which is the nearest.
	v, _ := strconv.ParseFloat(digits+"e"+strconv.Itoa(-scale), 64)
	return v
}
