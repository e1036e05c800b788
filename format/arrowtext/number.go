package arrowtext

import (
	"math"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/glulam/glulam/format/number"
)

// AppendFloat appends a finite float in the fewest digits that read back to the same bits, bits being 32 or 64. Like
// encoding/json it writes plain decimals for magnitudes from 1e-6 up to, not including, 1e21 and for zero, and an
// exponent without padding otherwise: 0.000001, 1e-7, 100000000000000000000, 1e+21, -0.
//
// Values that are not finite come out as strconv writes them; [AppendCSV] and [AppendJSON] do not ask for them.
func AppendFloat(dst []byte, v float64, bits int) []byte {
	abs := math.Abs(v)
	plain := abs == 0
	if bits == 32 {
		// Compared as float32, or 1e-6 itself, which float32 rounds down, would get an exponent.
		plain = plain || float32(abs) >= 1e-6 && float32(abs) < 1e21
	} else {
		plain = plain || abs >= 1e-6 && abs < 1e21
	}
	if plain && bits == 64 {
		return number.AppendFloat(dst, v)
	}
	if plain {
		return strconv.AppendFloat(dst, v, 'f', -1, bits)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, v, 'e', -1, bits)
	// e-09 to e-9, as encoding/json has it
	if n := len(dst); n-start >= 4 && dst[n-4] == 'e' && dst[n-3] == '-' && dst[n-2] == '0' {
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}

func (f form) float(dst []byte, v float64, bits int) []byte {
	switch {
	case v != v:
		return f.quote(dst, func(dst []byte) []byte { return append(dst, "NaN"...) })
	case math.IsInf(v, 0):
		if v < 0 {
			return f.infinity(dst, "-")
		}
		return f.infinity(dst, "")
	}
	return AppendFloat(dst, v, bits)
}

func (f form) infinity(dst []byte, sign string) []byte {
	if f == cell {
		return append(append(dst, sign...), "inf"...)
	}
	return append(append(append(dst, '"'), sign...), `Infinity"`...)
}

// appendDecimal appends digits, a whole number that may have a minus, times ten to the minus scale of the type. Arrow's
// own ToString goes through a binary float for some widths.
func appendDecimal(dst []byte, digits string, dt arrow.DataType) []byte {
	scale := 0
	if d, ok := dt.(arrow.DecimalType); ok {
		scale = int(d.GetScale())
	}
	if strings.HasPrefix(digits, "-") {
		dst = append(dst, '-')
		digits = digits[1:]
	}
	switch {
	case scale <= 0:
		dst = append(dst, digits...)
		if digits != "0" {
			dst = append(dst, strings.Repeat("0", -scale)...)
		}
		return dst
	case len(digits) <= scale:
		dst = append(dst, "0."...)
		dst = append(dst, strings.Repeat("0", scale-len(digits))...)
		return append(dst, digits...)
	}
	point := len(digits) - scale
	dst = append(dst, digits[:point]...)
	dst = append(dst, '.')
	return append(dst, digits[point:]...)
}
