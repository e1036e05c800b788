package stream

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/glulam/glulam/transforms/block"
)

// place is where a message came from: a partition and an offset in it.
type place struct {
	source string
	offset int64
}

// append appends it to dst as HeaderOffset tells it.
func (p place) append(dst []byte) []byte {
	dst = append(slices.Grow(dst, len(p.source)+20), p.source...)
	return strconv.AppendInt(append(dst, '@'), p.offset, 10)
}

// String is the same as text.
func (p place) String() string { return string(p.append(nil)) }

// maxPlace is how long a place may be that a message's header tells.
const maxPlace = 1024

// ParsePlace takes apart what HeaderOffset and HeaderReplay hold, such as "kafka://flights/3@17". ok says that it is a place:
// printable text of at most 1024 bytes, an @ and an offset.
func ParsePlace(text string) (source string, offset int64, ok bool) {
	at := strings.LastIndexByte(text, '@')
	if at < 1 || len(text) > maxPlace || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "", 0, false
	}
	offset, err := strconv.ParseInt(text[at+1:], 10, 64)
	if err != nil || offset < 0 || text[at+1] < '0' {
		return "", 0, false
	}
	return text[:at], offset, true
}

// placeOf is where a row came from first: what HeaderReplay says of a dead letter that was sent again, else where it stands.
// Anybody who writes to the source can set that header, so it decides nothing but what is told.
func placeOf(headers []block.Header, o *block.Origin, offset int64) place {
	for i := range headers {
		if headers[i].Key != HeaderReplay {
			continue
		}
		if source, offset, ok := ParsePlace(string(headers[i].Value)); ok {
			return place{source, offset}
		}
	}
	return place{o.Source, offset}
}
