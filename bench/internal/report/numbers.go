package report

import (
	"fmt"
	"strconv"
	"strings"
)

// Digits writes 1234567 as 1,234,567.
func Digits(n int) string {
	s := strconv.Itoa(n)
	var b strings.Builder
	for i, c := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// Rate writes rows a second with three digits; nothing is a dash.
func Rate(v float64) string {
	switch {
	case v <= 0:
		return "–"
	case v < 1e4:
		return fmt.Sprintf("%.2fk", v/1e3)
	case v < 1e5:
		return fmt.Sprintf("%.1fk", v/1e3)
	case v < 1e6:
		return fmt.Sprintf("%.0fk", v/1e3)
	}
	return fmt.Sprintf("%.2fM", v/1e6)
}

// Nanoseconds writes a time with three digits or more; nothing is a dash.
func Nanoseconds(v float64) string {
	switch {
	case v <= 0:
		return "–"
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	return Digits(int(v + 0.5))
}

// Megabytes writes bytes in millions; nothing is a dash.
func Megabytes(v float64) string {
	if v == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f", v/1e6)
}
