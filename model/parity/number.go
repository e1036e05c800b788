package parity

import (
	"encoding/json"
	"math"
	"strconv"
)

// Number is a float64 that JSON can say: NaN and infinities are texts.
type Number float64

// MarshalJSON writes the fewest digits that read back to the same bits.
func (n Number) MarshalJSON() ([]byte, error) {
	v := float64(n)
	if v-v != 0 {
		return json.Marshal(strconv.FormatFloat(v, 'g', -1, 64))
	}
	return strconv.AppendFloat(nil, v, 'g', -1, 64), nil
}

// Incomparable is the distance of NaN from a number.
const Incomparable = math.MaxUint64

// ULPs is how far two values are from each other in units of the last place: 0 for the same bits and for two NaNs, 1 for
// neighbours, which 0 and -0 are. single asks for units of float32; both have to be float32 values then.
func ULPs(a, b float64, single bool) uint64 {
	switch {
	case a != a && b != b:
		return 0
	case a != a || b != b:
		return Incomparable
	}
	x, y := place(a, single), place(b, single)
	if x > y {
		x, y = y, x
	}
	return uint64(y) - uint64(x)
}

// place numbers the values of a precision in their order.
func place(v float64, single bool) int64 {
	if single {
		bits := int64(math.Float32bits(float32(v)))
		if bits >= 1<<31 {
			return 1<<31 - 1 - bits
		}
		return bits
	}
	bits := math.Float64bits(v)
	if bits >= 1<<63 {
		return -1 - int64(bits&^(1<<63))
	}
	return int64(bits)
}

// apart is the absolute difference; NaN between NaN and a number.
func apart(a, b float64) float64 {
	if a == b || a != a && b != b {
		return 0
	}
	return math.Abs(a - b) // infinities of two signs are infinitely far apart
}
