package jsonl

import (
	"math"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format/arrowtext"
)

// encoder appends value i of a column as JSON.
type encoder func(dst []byte, col arrow.Array, i int) ([]byte, error)

// encoderOf gives the encoder of a type: for the types that most columns have one that loses no time, for all others
// [arrowtext.AppendJSON], which these here agree with.
func encoderOf(dt arrow.DataType) encoder {
	switch dt.ID() {
	case arrow.FLOAT64:
		return encodeFloat64
	case arrow.INT64:
		return encodeInt64
	case arrow.INT32:
		return encodeInt32
	case arrow.STRING:
		return encodeString
	}
	return arrowtext.AppendJSON
}

func encodeFloat64(dst []byte, col arrow.Array, i int) ([]byte, error) {
	a := col.(*array.Float64)
	v := a.Value(i)
	switch {
	case a.IsNull(i):
		return append(dst, "null"...), nil
	case v != v:
		return append(dst, `"NaN"`...), nil
	case math.IsInf(v, 0):
		return arrowtext.AppendJSON(dst, col, i)
	}
	if out, ok := appendShort(dst, v); ok {
		return out, nil
	}
	return arrowtext.AppendFloat(dst, v, 64), nil
}

// appendShort appends a number that has at most four digits behind the point and fifteen in all.
//
// If m is a whole number below 1e15, then m/1e4 rounds to v exactly if m with the point moved reads back as v (both
// operands are exact and division rounds once). No two decimals of up to fifteen digits read back as the same float64, so
// that there is none shorter but m without its trailing zeros: it is what strconv finds.
func appendShort(dst []byte, v float64) ([]byte, bool) {
	const limit = 1e15
	t := v * 1e4
	if !(-limit < t && t < limit) {
		return dst, false
	}
	m := int64(math.RoundToEven(t))
	if float64(m)/1e4 != v || m == 0 && math.Signbit(v) {
		return dst, false
	}
	if whole := m / 1e4; whole*1e4 == m {
		return strconv.AppendInt(dst, whole, 10), true
	}
	if m < 0 {
		dst, m = append(dst, '-'), -m
	}
	dst = strconv.AppendInt(dst, m/1e4, 10)
	r := int(m % 1e4)
	dst = append(dst, '.', byte('0'+r/1000))
	for r = r % 1000 * 10; r > 0; r = r % 1000 * 10 {
		dst = append(dst, byte('0'+r/1000))
	}
	return dst, true
}

func encodeInt64(dst []byte, col arrow.Array, i int) ([]byte, error) {
	if col.IsNull(i) {
		return append(dst, "null"...), nil
	}
	return strconv.AppendInt(dst, col.(*array.Int64).Value(i), 10), nil
}

func encodeInt32(dst []byte, col arrow.Array, i int) ([]byte, error) {
	if col.IsNull(i) {
		return append(dst, "null"...), nil
	}
	return strconv.AppendInt(dst, int64(col.(*array.Int32).Value(i)), 10), nil
}

func encodeString(dst []byte, col arrow.Array, i int) ([]byte, error) {
	a := col.(*array.String)
	if a.IsNull(i) {
		return append(dst, "null"...), nil
	}
	v := a.Value(i)
	if plain(v) {
		dst = append(dst, '"')
		dst = append(dst, v...)
		return append(dst, '"'), nil
	}
	out, ok := arrowtext.AppendQuoted(dst, v)
	if !ok {
		return dst, fault.New(fault.BadText, "", "the text %s is not UTF-8, which JSON cannot hold", fault.Quote(v))
	}
	return out, nil
}

// plain reports whether s is ASCII that needs no escapes. As in scanner.str, eight bytes at a time.
func plain(s string) bool {
	for ; len(s) >= 8; s = s[8:] {
		x := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		quote, slash := x^each('"'), x^each('\\')
		if ((quote-ones)&^quote|(slash-ones)&^slash|(x-each(0x20))&^x|x)&highs != 0 {
			return false
		}
	}
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x80 || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
