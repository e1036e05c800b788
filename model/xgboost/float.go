package xgboost

import (
	"math"
	"strconv"
	"unsafe"
)

// powers of ten that float64 holds exactly.
var powers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// prefix reads the number that b starts with as the float32 that is nearest to it, ties to even, and says how many bytes it
// has; 0 if there is none. NaN and infinities are read in each spelling that XGBoost and Python have used.
//
// Up to 15 digits and powers up to 10^22 take one float64 operation, which is exact or correctly rounded. Rounding its
// result once more is wrong only if it is just between two float32s, where the first rounding may have come from either
// side, or below the normal float32s, where the place between two is elsewhere: both are left to strconv.
func prefix(b []byte) (v float32, n int) {
	i, negative := 0, false
	if i < len(b) && b[i] == '-' {
		negative = true
		i++
	}
	start := i
	var mantissa uint64
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		mantissa = mantissa*10 + uint64(b[i]-'0')
	}
	digits := i - start
	if digits == 0 {
		return special(b)
	}
	exponent := 0
	if i < len(b) && b[i] == '.' {
		point := i
		for i++; i < len(b) && b[i]-'0' <= 9; i++ {
			mantissa = mantissa*10 + uint64(b[i]-'0')
		}
		exponent = point + 1 - i
		digits -= exponent
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		e, used := power(b[i:])
		if used == 0 {
			return 0, 0
		}
		exponent += e
		i += used
	}
	if digits > 15 || exponent > 22 || exponent < -22 {
		return slow(b[:i])
	}
	f := float64(mantissa)
	if exponent < 0 {
		f /= powers[-exponent]
	} else {
		f *= powers[exponent]
	}
	bits := math.Float64bits(f)
	const half, below = 1 << 28, 1<<29 - 1 // of the bits that a float32 has no room for
	if bits&below == half || (f < 0x1p-126 || f > 0x1p127) && mantissa != 0 {
		return slow(b[:i])
	}
	v = float32(f)
	if negative {
		v = -v
	}
	return v, i
}

// power reads "e-12"; used is 0 if there are no digits.
func power(b []byte) (e, used int) {
	i, negative := 1, false
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		negative = b[i] == '-'
		i++
	}
	start := i
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		e = min(e*10+int(b[i]-'0'), 1<<20)
	}
	if i == start {
		return 0, 0
	}
	if negative {
		e = -e
	}
	return e, i
}

// slow leaves the number to strconv. One that is too large for float32 is infinite, as in XGBoost.
func slow(b []byte) (float32, int) {
	f, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(b), len(b)), 32)
	if err != nil && !math.IsInf(f, 0) {
		return 0, 0
	}
	return float32(f), len(b)
}

// special reads what is no number in JSON.
func special(b []byte) (float32, int) {
	for _, s := range []struct {
		text  string
		value float64
	}{
		{"NaN", math.NaN()}, {"nan", math.NaN()}, {"-nan", math.NaN()},
		{"Infinity", math.Inf(1)}, {"-Infinity", math.Inf(-1)}, {"inf", math.Inf(1)}, {"-inf", math.Inf(-1)},
	} {
		if len(b) >= len(s.text) && string(b[:len(s.text)]) == s.text {
			return float32(s.value), len(s.text)
		}
	}
	return 0, 0
}
