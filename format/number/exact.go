package number

import (
	"bytes"
	"strconv"
)

// Inexact reports whether text is a whole number, written in digits alone, that f, which it was parsed as, does not hold: a
// long identifier, say. It allocates only for numbers beyond 2^53.
func Inexact(text []byte, f float64) bool {
	const exact = 1 << 53 // all whole numbers up to here are float64s
	if -exact < f && f < exact {
		return false
	}
	digits := bytes.Trim(text, " \t")
	if len(digits) > 0 && (digits[0] == '+' || digits[0] == '-') {
		digits = digits[1:]
	}
	if len(digits) == 0 || bytes.ContainsFunc(digits, func(r rune) bool { return r < '0' || r > '9' }) {
		return false
	}
	if f < 0 {
		f = -f
	}
	return string(bytes.TrimLeft(digits, "0")) != strconv.FormatFloat(f, 'f', 0, 64)
}
