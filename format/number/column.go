package number

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// Marks say where the cells of a block of text end, as tokenizers find them: mark 0 is one less than where the first cell
// begins (so -1, as a uint16, at the block's first byte), mark i+1 is where cell i ends, and the next one begins a byte
// behind that.
type Marks []uint16

// Column reads the cells number first, first+stride, first+2*stride and so on into dst, and gives how many it read:
// len(dst), or fewer where it meets a cell that it leaves to [Rule.Parse], which also knows what is wrong with it. text is
// the block, and may go on behind it: numbers near its end take longer. Every cell of marks must be within text.
//
// It is Parse for many cells at once: digits are read eight at a time, without a branch for each.
func (r *Rule) Column(dst []float64, text []byte, marks Marks, first, stride int) int {
	if r.numeric {
		return 0
	}
	if len(dst) == 0 || (len(dst)-1)*stride+first+1 >= len(marks) {
		return 0
	}
	at := first
	for i := range dst {
		start, end := int(marks[at]+1), int(marks[at+1])
		at += stride
		n := end - start
		if start+8 > len(text) { // no whole word
			if n == 0 && r.empty {
				dst[i] = math.NaN()
				continue
			}
			return i
		}
		w := binary.LittleEndian.Uint64(text[start:start+8:len(text)]) ^ zeros
		if n > 8 {
			f, ok := long(text, w, start, end)
			if !ok {
				return i
			}
			dst[i] = f
			continue
		}
		x := w << (64 - 8*uint(n)) // the last digit is in the highest byte, and zeros stand before the first
		if digits(x) {
			if n == 0 {
				if !r.empty {
					return i
				}
				dst[i] = math.NaN()
				continue
			}
			dst[i] = float64(int64(eight(x)))
			continue
		}
		if p := points(x); p != 0 && n > 1 {
			if y, after := joined(x, p); digits(y) {
				dst[i] = float64(int64(eight(y))) / exact[after&7]
				continue
			}
		}
		f, ok := negative(x, n)
		if !ok {
			return i
		}
		dst[i] = f
	}
	return len(dst)
}

const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
	zeros = '0' * ones
	point = uint64('.'^'0') * ones
)

// digits reports whether all bytes of x are digits, less '0'.
func digits(x uint64) bool { return (x+0x76*ones|x)&highs == 0 }

// eight is the number of eight digits, the first of them in the lowest byte.
func eight(x uint64) uint64 {
	x = x*10 + x>>8
	return ((x&0x000000ff000000ff)*0x000f424000000064 + (x>>16&0x000000ff000000ff)*0x0000271000000001) >> 32
}

// points has the lowest bit of each byte of x that is a point, and of no other below the first.
func points(x uint64) uint64 {
	x ^= point
	return (x - ones) &^ x & highs
}

// joined takes the first point out of x, where points found it, and says how many bytes are behind it.
func joined(x, p uint64) (digits uint64, after int) {
	p &= -p
	below := p>>7 - 1 // the bytes before the point
	return x&below<<8 | x&^(below<<8|0xff), 7 - bits.OnesCount64(below)>>3
}

// negative reads a cell of n bytes, at most 8, that starts with a minus. x is as in Column.
func negative(x uint64, n int) (f float64, ok bool) {
	first := 64 - 8*uint(n)
	if byte(x>>first) != '-'^'0' || n == 1 {
		return 0, false
	}
	x &^= 0xff << first // a leading zero instead
	after := 0
	if p := points(x); p != 0 {
		if n == 2 {
			return 0, false
		}
		x, after = joined(x, p)
	}
	return -(float64(int64(eight(x))) / exact[after&7]), digits(x)
}

// long reads the cell text[start:end] of more than 8 bytes, the first of which are in w, less '0': up to 7 digits, a point
// and up to 16 digits; or up to 16 digits; with or without a minus.
func long(text []byte, w uint64, start, end int) (f float64, ok bool) {
	sign := uint64(0)
	if byte(w) == '-'^'0' {
		sign = 1 << 63
		if start++; start+8 > len(text) {
			return 0, false
		}
		w = binary.LittleEndian.Uint64(text[start:]) ^ zeros
	}
	var whole uint64
	before, decimals := 0, 0
	if p := points(w); p != 0 {
		before = bits.OnesCount64(p&-p-1) >> 3
		x := w << (64 - 8*uint(before))
		if !digits(x) {
			return 0, false
		}
		whole = eight(x)
		start += before + 1
		decimals = end - start
	}

	// What is left is digits alone, or else no number.
	n := end - start
	if n > 16 || before+n > maxDigits {
		return 0, false
	}
	x := last(text, end, n)
	mant := uint64(0)
	if n > 8 {
		w = binary.LittleEndian.Uint64(text[start:]) ^ zeros
		x = last(text, end, n-8)
		if !digits(w) {
			return 0, false
		}
		mant = eight(w) * whole10[n-8]
	}
	if !digits(x) {
		return 0, false
	}
	mant += eight(x) + whole*whole10[n]
	if mant < 1<<53 {
		f = float64(int64(mant)) / exact[decimals]
	} else if f, ok = product(mant, -decimals); !ok {
		return 0, false
	}
	return math.Float64frombits(math.Float64bits(f) | sign), true
}

// last gives the last n bytes before text[end], at most 8, less '0', in the highest bytes. There must be 8 before end.
func last(text []byte, end, n int) uint64 {
	return (binary.LittleEndian.Uint64(text[end-8:]) ^ zeros) & (^uint64(0) << (64 - 8*uint(min(n, 8))))
}

// whole10 are powers of ten.
var whole10 = [17]uint64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
}
