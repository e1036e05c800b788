package number

import (
	"encoding/binary"
)

// exact are the powers of ten that float64 holds exactly.
var exact = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// maxDigits is how many decimal digits always fit into a uint64.
const maxDigits = 19

// Prefix reads the number that b starts with: the longest run of bytes that is a decimal number, however b goes on. n is
// how many bytes it takes. n is 0 where b starts with none, and also for the few numbers that take longer to read (more
// than 19 digits, exponents far from 0, infinity): ask [Parse] for those. It lets a tokenizer find the end of a cell by
// reading it; what follows at b[n] is for the caller to judge. It keeps nothing of b and allocates nothing.
func Prefix(b []byte) (f float64, n int) {
	i := 0
	neg := false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		neg = b[0] == '-'
		i = 1
	}

	// The digits around the point, read as one integer. It may wrap around; then there are too many digits.
	start := i
	var mant uint64
	for i < len(b) {
		d := b[i] - '0'
		if d > 9 {
			break
		}
		mant = mant*10 + uint64(d)
		i++
	}
	digits := i - start
	exp := 0
	if i < len(b) && b[i] == '.' {
		i++
		point := i
		for i+8 <= len(b) {
			eight := binary.LittleEndian.Uint64(b[i:])
			if !allDigits(eight) {
				break
			}
			mant = mant*100_000_000 + eightDigits(eight)
			i += 8
		}
		for i < len(b) {
			d := b[i] - '0'
			if d > 9 {
				break
			}
			mant = mant*10 + uint64(d)
			i++
		}
		exp = point - i
		digits -= exp
	}
	if digits == 0 {
		return 0, 0
	}
	if digits > maxDigits && digits-leadingZeros(b[start:i]) > maxDigits {
		return 0, 0
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		e, k := exponent(b[i:])
		exp += e
		i += k
	}

	switch {
	case mant == 0:
	case mant < 1<<53 && exp >= -22 && exp <= 22:
		// Both operands are exact, so the result is rounded once (Clinger's fast path).
		f = float64(mant)
		if exp < 0 {
			f /= exact[-exp]
		} else {
			f *= exact[exp]
		}
	default:
		var ok bool
		if f, ok = product(mant, exp); !ok {
			return 0, 0
		}
	}
	if neg {
		f = -f
	}
	return f, i
}

// leadingZeros counts the zeros before the first other digit. b is digits with at most one point.
func leadingZeros(b []byte) (n int) {
	for _, c := range b {
		if c == '0' {
			n++
		} else if c != '.' {
			break
		}
	}
	return n
}

// exponent reads an "e", an optional sign and digits at the start of b, n bytes in all; n is 0 if one is missing. A huge
// exponent is cut to one that is no less out of range.
func exponent(b []byte) (e, n int) {
	i := 1
	neg := false
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		neg = b[i] == '-'
		i++
	}
	digits := i
	for i < len(b) {
		d := b[i] - '0'
		if d > 9 {
			break
		}
		if e < 1<<20 {
			e = e*10 + int(d)
		}
		i++
	}
	if i == digits {
		return 0, 0
	}
	if neg {
		e = -e
	}
	return e, i
}

// allDigits reports whether all eight bytes are ASCII digits.
func allDigits(v uint64) bool {
	return v&0xf0f0f0f0f0f0f0f0|(v+0x0606060606060606)&0xf0f0f0f0f0f0f0f0>>4 == 0x3333333333333333
}

// eightDigits is the number that eight ASCII digits make, the first of them in the lowest byte: pairs, then fours, then
// all of them at once. (Finding the length of shorter runs with a mask instead of a loop was tried: it is slower, as
// everything then waits for the multiplications.)
func eightDigits(v uint64) uint64 {
	v -= 0x3030303030303030
	v = v*10 + v>>8
	return ((v&0x000000ff000000ff)*0x000f424000000064 + (v>>16&0x000000ff000000ff)*0x0000271000000001) >> 32
}
