package number

import (
	"math"
	"strconv"
	"unsafe"
)

// Status is how parsing a number ended.
type Status uint8

const (
	// OK is a number.
	OK Status = iota
	// Bad is text that is no number; the value with it is 0.
	Bad
	// Range is a number beyond float64; the value with it is ±Inf, as in strconv.ParseFloat.
	Range
)

func (s Status) String() string {
	switch s {
	case OK:
		return "ok"
	case Bad:
		return "bad"
	default:
		return "range"
	}
}

// Parse reads b as a decimal number. It keeps nothing of b. It allocates for Range only.
func Parse(b []byte) (float64, Status) {
	b = Trim(b)
	if f, n := Prefix(b); n > 0 && n == len(b) {
		return f, OK
	}
	if !decimal(b) {
		return infinity(b)
	}
	f, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(b), len(b)), 64)
	if err != nil {
		return f, Range // there is nothing else to complain about
	}
	return f, OK
}

// decimal reports whether b, all of it, is a decimal number: a sign, digits around a point, an exponent.
func decimal(b []byte) bool {
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		b = b[1:]
	}
	digits, i := 0, 0
	for point := false; i < len(b); i++ {
		if b[i] == '.' && !point {
			point = true
		} else if b[i]-'0' <= 9 {
			digits++
		} else {
			break
		}
	}
	if digits == 0 {
		return false
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		_, n := exponent(b[i:])
		i += n
	}
	return i == len(b)
}

// infinity reads b, all of it, as inf or infinity in any case with an optional sign.
func infinity(b []byte) (float64, Status) {
	sign := 1
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		if b[0] == '-' {
			sign = -1
		}
		b = b[1:]
	}
	if equalFold(b, "inf") || equalFold(b, "infinity") {
		return math.Inf(sign), OK
	}
	return 0, Bad
}

// equalFold reports whether b is word, which is lower case ASCII letters, in any case.
func equalFold(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i, c := range b {
		if c|0x20 != word[i] {
			return false
		}
	}
	return true
}

// Trim drops spaces and tabs around b.
func Trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// Bool reads true, True and TRUE as 1 and false, False and FALSE as 0; blanks around them do not count. Any other text is
// not ok.
func Bool(b []byte) (f float64, ok bool) {
	switch string(Trim(b)) {
	case "true", "True", "TRUE":
		return 1, true
	case "false", "False", "FALSE":
		return 0, true
	}
	return 0, false
}
