package arrowtext

import (
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // the same zones on every machine, also in a container that has no zoneinfo

	"github.com/apache/arrow-go/v18/arrow"
)

// appendTimestamp appends v, units since 1970-01-01T00:00:00 in UTC, or by the clock on the wall where dt has no zone.
func appendTimestamp(dst []byte, v int64, dt *arrow.TimestampType) []byte {
	per, _ := perSecond(dt.Unit)
	sec, frac := floorDiv(v, per)
	offset := int64(0)
	if dt.TimeZone != "" {
		_, o := time.Unix(sec, 0).In(zone(dt.TimeZone)).Zone()
		if o%60 == 0 { // RFC 3339 has no other
			offset = int64(o)
		}
	}
	days, clock := floorDiv(sec, secondsOfDay)
	more, clock := floorDiv(clock+offset, secondsOfDay)
	dst = append(appendDate(dst, days+more), 'T')
	dst = appendTime(dst, clock, arrow.Second)
	dst = appendFraction(dst, frac, dt.Unit)
	switch {
	case dt.TimeZone == "":
		return dst
	case offset == 0:
		return append(dst, 'Z')
	case offset < 0:
		dst, offset = append(dst, '-'), -offset
	default:
		dst = append(dst, '+')
	}
	dst = append(appendPadded(dst, offset/3600, 2), ':')
	return appendPadded(dst, offset/60%60, 2)
}

var zones sync.Map // string -> *time.Location

// zone finds an Arrow time zone: a name of the time zone database, or +hh:mm. UTC stands in for one that is neither.
func zone(name string) *time.Location {
	if loc, ok := zones.Load(name); ok {
		return loc.(*time.Location)
	}
	loc := time.UTC
	if o, ok := parseOffset(name); ok {
		loc = time.FixedZone(name, o)
	} else if !strings.EqualFold(name, "local") { // which is another one on each machine
		if l, err := time.LoadLocation(name); err == nil {
			loc = l
		}
	}
	zones.Store(name, loc)
	return loc
}

// parseOffset reads +hh:mm, +hhmm and +hh as seconds.
func parseOffset(s string) (seconds int, ok bool) {
	if len(s) < 3 || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	digits := strings.Replace(s[1:], ":", "", 1)
	if len(digits) == 2 {
		digits += "00"
	}
	if len(digits) != 4 || len(s) == 6 && s[3] != ':' {
		return 0, false
	}
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	n := func(k int) int { return int(digits[k]-'0')*10 + int(digits[k+1]-'0') }
	h, m := n(0), n(2)
	if h > 23 || m > 59 {
		return 0, false
	}
	seconds = h*3600 + m*60
	if s[0] == '-' {
		seconds = -seconds
	}
	return seconds, true
}
