package jsonl

import (
	"math"
	"math/bits"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format/number"
)

// What number says in place of an exponent, which otherwise is 0 to -19.
const (
	longNumber = math.MinInt32     // too many digits, or an exponent: the mantissa says nothing
	minusInf   = math.MinInt32 + 1 // it was -Infinity
)

// number scans the number at b[i], a digit or a minus, by the grammar of RFC 8259; -Infinity, as Python writes it, too.
// If it is short, its value is mant * 10^exp, without the sign.
//
// Like str it takes eight bytes at a time: x-'0' has its high bit set for bytes below '0' (by the borrow) and x+0x46 for
// those above '9', rightly so at least up to the first such byte.
func (s *scanner) number(b []byte, i int) (end int, mant uint64, exp int) {
	if b[i] == '-' {
		i++
		if load(b, i) == infinity {
			return i + 8, 0, minusInf
		}
	}
	x := load(b, i)
	y := x - each('0')
	n := bits.TrailingZeros64((x+each(0x46)|y)&highs) >> 3
	if n == 0 {
		return s.malformed(b, i, "a digit is missing"), 0, 0
	}
	if byte(x) == '0' && n > 1 {
		return s.fail(fault.BadJSON, i, "a number with a leading zero"), 0, 0
	}
	mant = eight(y << (64 - 8*uint(n)))
	i += n
	digits := n
	for n == 8 {
		x = load(b, i)
		y = x - each('0')
		n = bits.TrailingZeros64((x+each(0x46)|y)&highs) >> 3
		mant = mant*tens[n] + eight(y<<(64-8*uint(n)))
		i += n
		digits += n
	}
	if b[i] == '.' {
		i++
		point := i
		for {
			x = load(b, i)
			y = x - each('0')
			n = bits.TrailingZeros64((x+each(0x46)|y)&highs) >> 3
			mant = mant*tens[n] + eight(y<<(64-8*uint(n)))
			i += n
			if n != 8 {
				break
			}
		}
		exp = point - i
		if exp == 0 {
			return s.malformed(b, i, "a digit is missing after the point"), 0, 0
		}
		digits -= exp
	}
	if digits > 19 {
		exp = longNumber // mant may have run over
	}
	if b[i]|0x20 == 'e' {
		i++
		if b[i] == '+' || b[i] == '-' {
			i++
		}
		if b[i]-'0' > 9 {
			return s.malformed(b, i, "a digit is missing in the exponent"), 0, 0
		}
		for b[i]-'0' <= 9 {
			i++
		}
		exp = longNumber
	}
	return i, mant, exp
}

// eight is the number that the eight decimal digits in y say, the first in the lowest byte, their '0' taken off.
func eight(y uint64) uint64 {
	const pair = 0x000000ff000000ff
	y = y*10 + y>>8
	return (y&pair*(100+1000000<<32) + y>>16&pair*(1+10000<<32)) >> 32
}

// tens are the powers of ten that eight digits and less go up to.
var tens = [9]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8}

// float is the value of the number whose text is text and that number found to be mant * 10^exp, and num, or huge if
// there is none. As in [number.Parse], a short one is one exact division (Clinger 1990); all others go there.
func float(text []byte, mant uint64, exp int) (float64, kind) {
	if mant >= 1<<53 || exp == longNumber {
		f, status := number.Parse(text)
		if status != number.OK {
			return f, huge
		}
		return f, num
	}
	f := float64(mant)
	if exp < 0 {
		f /= powers[-exp]
	}
	if text[0] == '-' {
		f = -f
	}
	return f, num
}

// powers are powers of ten that float64 holds exactly; no short number has more digits behind its point.
var powers = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
}
