package number

import (
	"math"
	"math/bits"
)

// Powers of ten that [tens] has.
const (
	minTen = -64
	maxTen = 63
)

// product gives the float64 nearest to mant·10^exp, or ok false in the few cases (of the order of one in a thousand
// million) where 128 bits of the power do not tell, for subnormal and infinite results, and for powers that [tens] does
// not have. mant must not be 0.
//
// It is the algorithm of Eisel and Lemire that strconv uses too (D. Lemire, "Number Parsing at a Gigabyte per Second",
// 2021, and N. Tao, "The Eisel-Lemire ParseNumberF64 Algorithm", 2020, whose steps the comments name).
func product(mant uint64, exp int) (f float64, ok bool) {
	if exp < minTen || exp > maxTen {
		return 0, false
	}
	ten := &tens[exp-minTen]

	// Normalization. 217706/65536 is log2(10), near enough for exponents this small.
	shift := bits.LeadingZeros64(mant)
	mant <<= uint(shift)
	exp2 := uint64((217706*exp)>>16+64+1023) - uint64(shift)

	// Multiplication.
	hi, lo := bits.Mul64(mant, ten.hi)

	// Wider approximation.
	if hi&0x1ff == 0x1ff && lo+mant < mant {
		hi2, lo2 := bits.Mul64(mant, ten.lo)
		sum, carry := bits.Add64(lo, hi2, 0)
		merged := hi + carry
		if merged&0x1ff == 0x1ff && sum+1 == 0 && lo2+mant < mant {
			return 0, false
		}
		hi, lo = merged, sum
	}

	// Shifting to 54 bits.
	top := hi >> 63
	m := hi >> (top + 9)
	exp2 -= 1 ^ top

	// Half-way ambiguity.
	if lo == 0 && hi&0x1ff == 0 && m&3 == 1 {
		return 0, false
	}

	// From 54 to 53 bits.
	m += m & 1
	m >>= 1
	if m>>53 > 0 {
		m >>= 1
		exp2++
	}
	if exp2-1 >= 0x7ff-1 { // also below 1: it wraps around
		return 0, false
	}
	return math.Float64frombits(exp2<<52 | m&(1<<52-1)), true
}
