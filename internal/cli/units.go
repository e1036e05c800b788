package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// count writes a number with thousands separators: 1,234,567.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// plural writes a count and what is counted: "1 file", "3 files".
func plural(n int64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + one + "s"
}

// byteUnits are decimal: 1 kB is 1000 bytes.
var byteUnits = []string{"B", "kB", "MB", "GB", "TB", "PB"}

// unitOf gives the unit in which n bytes are best said.
func unitOf(n int64) (scale float64, name string) {
	scale = 1
	i := 0
	for float64(n)/scale >= 999.5 && i < len(byteUnits)-1 {
		scale *= 1000
		i++
	}
	return scale, byteUnits[i]
}

// scaled writes n in a unit, with three digits at the least where there are that many: 1.23, 12.3, 123.
func scaled(n int64, scale float64) string {
	v := float64(n) / scale
	switch {
	case scale == 1 || v >= 99.95:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 9.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// size writes a number of bytes: "880 kB", "1.23 GB".
func size(n int64) string {
	scale, unit := unitOf(n)
	return scaled(n, scale) + " " + unit
}

// sizeOf writes how much is done of all, in the unit of all: "0.42 of 1.23 GB".
func sizeOf(done, all int64) string {
	scale, unit := unitOf(all)
	return scaled(done, scale) + " of " + scaled(all, scale) + " " + unit
}

// span writes a duration for people: "0.41 s", "12.3 s", "2 min 05 s", "1 h 02 min".
func span(d time.Duration) string {
	switch {
	case d < 9995*time.Millisecond:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d < 59950*time.Millisecond:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return wholeSpan(d)
}

// wholeSpan is span without fractions of a second.
func wholeSpan(d time.Duration) string {
	s := int64(math.Round(d.Seconds()))
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d min %02d s", s/60, s%60)
	case s < 48*3600:
		return fmt.Sprintf("%d h %02d min", s/3600, s%3600/60)
	}
	return fmt.Sprintf("%d days %d h", s/86400, s%86400/3600)
}

// percent writes a share of a whole: "0.24%". A little is never 0%, and nearly all never 100%.
func percent(part, whole int64) string {
	if whole <= 0 || part == 0 {
		return "0%"
	}
	if part >= whole {
		return "100%"
	}
	p := 100 * float64(part) / float64(whole)
	switch {
	case p < 0.01:
		return "<0.01%"
	case p > 99.99:
		return ">99.99%"
	case p < 1 || p > 99:
		return strconv.FormatFloat(p, 'f', 2, 64) + "%"
	}
	return strconv.FormatFloat(p, 'f', 1, 64) + "%"
}

// wide is how many columns of a terminal a text takes: two for the letters of East Asia and for emoji, none for marks
// that go on top of other letters.
func wide(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case unicode.In(r, doubled):
			n += 2
		default:
			n++
		}
	}
	return n
}

// doubled are the ranges of Unicode's East Asian Width W and F, as far as whole blocks go.
var doubled = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115f, Stride: 1}, {Lo: 0x2e80, Hi: 0x303e, Stride: 1}, {Lo: 0x3041, Hi: 0xa4cf, Stride: 1},
		{Lo: 0xac00, Hi: 0xd7a3, Stride: 1}, {Lo: 0xf900, Hi: 0xfaff, Stride: 1}, {Lo: 0xfe30, Hi: 0xfe6f, Stride: 1},
		{Lo: 0xff00, Hi: 0xff60, Stride: 1}, {Lo: 0xffe0, Hi: 0xffe6, Stride: 1},
	},
	R32: []unicode.Range32{{Lo: 0x1f300, Hi: 0x1faff, Stride: 1}, {Lo: 0x20000, Hi: 0x3fffd, Stride: 1}},
}

// pad fills a text up to n columns.
func pad(s string, n int) string { return s + strings.Repeat(" ", max(0, n-wide(s))) }
