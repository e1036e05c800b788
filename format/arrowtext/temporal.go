package arrowtext

import (
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

const secondsOfDay = 24 * 60 * 60

// appendTemporal appends dates, times, timestamps, durations and intervals. It reports whether arr is one of them.
//
// The calendar is computed here, over all that 64 bits can count: time.Time ends at years that Arrow can still say.
func appendTemporal(dst []byte, arr arrow.Array, i int, f form) ([]byte, bool) {
	var write func([]byte) []byte
	switch a := arr.(type) {
	case *array.Date32:
		write = func(dst []byte) []byte { return appendDate(dst, int64(a.Value(i))) }
	case *array.Date64:
		write = func(dst []byte) []byte { return appendDate64(dst, int64(a.Value(i))) }
	case *array.Time32:
		unit := a.DataType().(*arrow.Time32Type).Unit
		write = func(dst []byte) []byte { return appendTime(dst, int64(a.Value(i)), unit) }
	case *array.Time64:
		unit := a.DataType().(*arrow.Time64Type).Unit
		write = func(dst []byte) []byte { return appendTime(dst, int64(a.Value(i)), unit) }
	case *array.Timestamp:
		dt := a.DataType().(*arrow.TimestampType)
		write = func(dst []byte) []byte { return appendTimestamp(dst, int64(a.Value(i)), dt) }
	case *array.Duration:
		unit := a.DataType().(*arrow.DurationType).Unit
		write = func(dst []byte) []byte {
			v := int64(a.Value(i))
			if v < 0 {
				dst = append(dst, '-')
			}
			return append(appendSeconds(append(dst, "PT"...), magnitude(v), unit), 'S')
		}
	case *array.MonthInterval:
		write = func(dst []byte) []byte {
			return append(strconv.AppendInt(append(dst, 'P'), int64(a.Value(i)), 10), 'M')
		}
	case *array.DayTimeInterval:
		write = func(dst []byte) []byte {
			v := a.Value(i)
			dst = append(strconv.AppendInt(append(dst, 'P'), int64(v.Days), 10), "DT"...)
			return appendSigned(dst, int64(v.Milliseconds), arrow.Millisecond)
		}
	case *array.MonthDayNanoInterval:
		write = func(dst []byte) []byte {
			v := a.Value(i)
			dst = append(strconv.AppendInt(append(dst, 'P'), int64(v.Months), 10), 'M')
			dst = append(strconv.AppendInt(dst, int64(v.Days), 10), "DT"...)
			return appendSigned(dst, v.Nanoseconds, arrow.Nanosecond)
		}
	default:
		return dst, false
	}
	return f.quote(dst, write), true
}

// perSecond and digits of a unit.
func perSecond(u arrow.TimeUnit) (per int64, digits int) {
	switch u {
	case arrow.Millisecond:
		return 1e3, 3
	case arrow.Microsecond:
		return 1e6, 6
	case arrow.Nanosecond:
		return 1e9, 9
	}
	return 1, 0
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

// appendSigned appends seconds with their S.
func appendSigned(dst []byte, v int64, u arrow.TimeUnit) []byte {
	if v < 0 {
		dst = append(dst, '-')
	}
	return append(appendSeconds(dst, magnitude(v), u), 'S')
}

// appendSeconds appends v units as seconds with all the unit's digits.
func appendSeconds(dst []byte, v uint64, u arrow.TimeUnit) []byte {
	per, _ := perSecond(u)
	dst = strconv.AppendUint(dst, v/uint64(per), 10)
	return appendFraction(dst, int64(v%uint64(per)), u)
}

func appendFraction(dst []byte, v int64, u arrow.TimeUnit) []byte {
	if _, digits := perSecond(u); digits > 0 {
		dst = append(dst, '.')
		dst = appendPadded(dst, v, digits)
	}
	return dst
}

// appendPadded appends v >= 0 with at least width digits.
func appendPadded(dst []byte, v int64, width int) []byte {
	for limit := int64(10); width > 1; width, limit = width-1, limit*10 {
		if v < limit {
			for ; width > 1; width-- {
				dst = append(dst, '0')
			}
			break
		}
	}
	return strconv.AppendInt(dst, v, 10)
}

// floorDiv divides so that the remainder is never negative.
func floorDiv(v, by int64) (quotient, remainder int64) {
	quotient, remainder = v/by, v%by
	if remainder < 0 {
		quotient, remainder = quotient-1, remainder+by
	}
	return quotient, remainder
}

// appendDate appends the day that is days after 1970-01-01 in the proleptic Gregorian calendar.
func appendDate(dst []byte, days int64) []byte {
	// civil_from_days of Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
	era, doe := floorDiv(days+719468, 146097)
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day := doy - (153*mp+2)/5 + 1
	month, year := mp+3, yoe+era*400
	if month > 12 {
		month, year = month-12, year+1
	}
	switch {
	case year < 0:
		dst, year = append(dst, '-'), -year
	case year > 9999:
		dst = append(dst, '+')
	}
	dst = append(appendPadded(dst, year, 4), '-')
	dst = append(appendPadded(dst, month, 2), '-')
	return appendPadded(dst, day, 2)
}

// appendDate64 appends a date in milliseconds. One that is not a whole day, which Arrow forbids, keeps its time.
func appendDate64(dst []byte, ms int64) []byte {
	days, rest := floorDiv(ms, secondsOfDay*1000)
	dst = appendDate(dst, days)
	if rest != 0 {
		dst = appendTime(append(dst, 'T'), rest, arrow.Millisecond)
	}
	return dst
}

// appendTime appends a time of day. One outside the day, which Arrow forbids, shows as such: 25:00:00, -00:00:01.
func appendTime(dst []byte, v int64, u arrow.TimeUnit) []byte {
	if v < 0 {
		dst = append(dst, '-')
	}
	per, _ := perSecond(u)
	abs := magnitude(v)
	sec, frac := int64(abs/uint64(per)), int64(abs%uint64(per))
	dst = append(appendPadded(dst, sec/3600, 2), ':')
	dst = append(appendPadded(dst, sec/60%60, 2), ':')
	return appendFraction(appendPadded(dst, sec%60, 2), frac, u)
}
