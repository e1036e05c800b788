package avro

import (
	"encoding/hex"
	"math/big"
	"strconv"
	"time"

	"github.com/twmb/avro"
)

// logical is what a value means beyond its type; what is not known means nothing, as the specification has it.
type logical uint8

const (
	plain logical = iota
	decimal
	uuid // of fixed: that of a string is its text
	date
	millis // and the next two: since 1970, UTC
	micros
	nanos
	localMillis // and the next two: a date and time of day without a zone, as if in UTC
	localMicros
	localNanos
)

var logicalOf = map[string]logical{
	"timestamp-millis": millis, "timestamp-micros": micros, "timestamp-nanos": nanos,
	"local-timestamp-millis": localMillis, "local-timestamp-micros": localMicros, "local-timestamp-nanos": localNanos,
}

// setLogical sets what the values of a type mean.
func (g *grapher) setLogical(n *node, s *avro.SchemaNode) {
	switch {
	case n.kind == longKind:
		n.logical = logicalOf[s.LogicalType]
	case n.kind == intKind && s.LogicalType == "date":
		n.logical = date
	case n.kind == fixedKind && n.size == 16 && s.LogicalType == "uuid":
		n.logical = uuid
	case s.LogicalType == "decimal" && (n.kind == bytesKind || n.kind == fixedKind):
		if s.Precision < 1 || s.Precision > maxPrecision || s.Scale < 0 || s.Scale > s.Precision {
			g.fail("a decimal of precision %d and scale %d: at most %d digits", s.Precision, s.Scale, maxPrecision)
			return
		}
		n.logical, n.digits, n.scale = decimal, s.Precision, s.Scale
	}
}

// appendTime appends a date or time as text, as in RFC 3339. A local one has no zone.
func appendTime(dst []byte, l logical, v int64) []byte {
	var t time.Time
	fraction := 0
	switch l {
	case date:
		return time.Unix(v*86400, 0).UTC().AppendFormat(dst, time.DateOnly)
	case millis, localMillis:
		t, fraction = time.UnixMilli(v), 3
	case micros, localMicros:
		t, fraction = time.UnixMicro(v), 6
	default:
		t, fraction = time.Unix(0, v), 9
	}
	layout := "2006-01-02T15:04:05.000000000"
	layout = layout[:len("2006-01-02T15:04:05.")+fraction]
	if l < localMillis {
		layout += "Z"
	}
	return t.UTC().AppendFormat(dst, layout)
}

// appendDecimal appends the digits of a decimal: b is the unscaled value, in two's complement. It is not ok if there are
// more digits than the type has.
func appendDecimal(dst, b []byte, n *node) ([]byte, bool) {
	for len(b) > 1 && (b[0] == 0 && b[1] < 0x80 || b[0] == 0xff && b[1] >= 0x80) {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > n.digits/2+1 { // a byte is more than two digits
		return dst, false
	}
	from := len(dst)
	if len(b) <= 8 {
		v := int64(0)
		if len(b) > 0 && b[0] >= 0x80 {
			v = -1
		}
		for _, c := range b {
			v = v<<8 | int64(c)
		}
		dst = strconv.AppendInt(dst, v, 10)
	} else {
		v := new(big.Int).SetBytes(b)
		if b[0] >= 0x80 {
			v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
		dst = v.Append(dst, 10)
	}
	if dst[from] == '-' {
		from++
	}
	digits := len(dst) - from
	if digits > n.digits {
		return dst, false
	}
	if n.scale == 0 {
		return dst, true
	}
	for ; digits <= n.scale; digits++ { // a zero before the point, and those behind it
		dst = append(dst, 0)
		copy(dst[from+1:], dst[from:])
		dst[from] = '0'
	}
	point := len(dst) - n.scale
	dst = append(dst, 0)
	copy(dst[point+1:], dst[point:])
	dst[point] = '.'
	return dst, true
}

// appendUUID appends 16 bytes as 6ba7b810-9dad-11d1-80b4-00c04fd430c8.
func appendUUID(dst, b []byte) []byte {
	for i, end := range [...]int{4, 6, 8, 10, 16} {
		if i > 0 {
			dst = append(dst, '-')
		}
		from := [...]int{0, 4, 6, 8, 10}[i]
		dst = hex.AppendEncode(dst, b[from:end])
	}
	return dst
}

// appendBytes appends bytes as the specification's JSON has them: a string of the code points 0 to 255.
func appendBytes(dst, b []byte) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	for _, c := range b {
		switch {
		case c < 0x20 || c >= 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
