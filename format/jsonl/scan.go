package jsonl

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"github.com/glulam/glulam/fault"
)

// A scanner checks JSON text and finds where values end. It works on a whole buffer and absolute positions in it, and
// relies on two things about that buffer: the line ends with '\n', which no rule below passes over, so that no loop has
// to ask whether the line goes on; and at least slack bytes may be loaded behind that '\n', so that words of eight bytes
// may be.
//
// The methods return the position behind what they scanned, or -1 after [scanner.fail].
type scanner struct {
	code fault.Code // why the line is refused
	pos  int        // and where, in the buffer
	what string     // and what about it: "a comma or } is missing"
}

// slack is how many bytes behind a line's '\n' must be there to be loaded; what they are does not matter.
const slack = 32

func (s *scanner) fail(code fault.Code, pos int, what string) int {
	s.code, s.pos, s.what = code, pos, what
	return -1
}

// malformed refuses the line at b[i] because of a rule of the grammar, or because b[i] is not even text.
func (s *scanner) malformed(b []byte, i int, what string) int {
	if b[i] >= utf8.RuneSelf {
		if r, n := utf8.DecodeRune(b[i:min(i+utf8.UTFMax, len(b))]); r == utf8.RuneError && n == 1 {
			return s.fail(fault.BadText, i, notUTF8)
		}
	}
	if b[i] == '\n' {
		what = "the line ends too early: " + what
	}
	return s.fail(fault.BadJSON, i, what)
}

const notUTF8 = "bytes that are not UTF-8"

func load(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }

// each puts c into all eight bytes of a word.
func each(c byte) uint64 { return uint64(c) * ones }

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// blanks passes over white space within a line.
func blanks(b []byte, i int) int {
	for b[i] == ' ' || b[i] == '\t' || b[i] == '\r' {
		i++
	}
	return i
}

// str scans a string from behind its opening quote to its closing quote, and returns the position of the latter and
// whether there are escapes between them.
//
// Eight bytes at a time: the lowest marked byte of a word is the first that is a quote, a backslash or a control
// character. (Subtraction carries can mark bytes wrongly, but only above a byte that is marked rightly.)
func (s *scanner) str(b []byte, i int) (end int, escaped bool) {
	start := i
	var high uint64
	for {
		x := load(b, i)
		quote, slash := x^each('"'), x^each('\\')
		mark := ((quote-ones)&^quote | (slash-ones)&^slash | (x-each(0x20))&^x) & highs
		if mark == 0 {
			high |= x
			i += 8
			continue
		}
		high |= x & (mark&-mark - 1)
		i += bits.TrailingZeros64(mark) >> 3
		if b[i] == '"' {
			break
		}
		if b[i] != '\\' {
			if b[i] == '\n' {
				return s.fail(fault.BadJSON, i, "the line ends too early: a string is not closed"), false
			}
			return s.fail(fault.BadJSON, i, "a control character in a string"), false
		}
		escaped = true
		if i = s.escape(b, i); i < 0 {
			return -1, false
		}
	}
	if high&highs != 0 && !utf8.Valid(b[start:i]) {
		return s.fail(fault.BadText, firstInvalid(b, start), notUTF8), false
	}
	return i, escaped
}

// escape scans the escape at b[i], a backslash.
func (s *scanner) escape(b []byte, i int) int {
	switch b[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		for k := i + 2; k < i+6; k++ {
			if unhex[b[k]] < 0 {
				return s.fail(fault.BadJSON, i, "\\u without four hexadecimal digits")
			}
		}
		return i + 6
	}
	return s.fail(fault.BadJSON, i, "an unknown escape")
}

// firstInvalid is the first byte from i on that is not UTF-8; there must be one.
func firstInvalid(b []byte, i int) int {
	for {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
}

// unhex is the value of a hexadecimal digit, -1 for other bytes.
var unhex = func() (t [256]int8) {
	for i := range t {
		t[i] = -1
	}
	for i := range 10 {
		t['0'+i] = int8(i)
	}
	for i := range 6 {
		t['a'+i], t['A'+i] = int8(10+i), int8(10+i)
	}
	return t
}()

// skip scans the value at b[i], which is not blank, inside depth open objects and arrays, without recursion.
func (s *scanner) skip(b []byte, i, depth int) int {
	var objects uint64 // one bit for each level below: is it an object?
	base := depth
value:
	switch c := b[i]; {
	case c-'0' <= 9 || c == '-':
		i, _, _ = s.number(b, i)
	case c == '"':
		i, _ = s.str(b, i+1)
		if i >= 0 {
			i++
		}
	case c == '{' || c == '[':
		if depth == maxDepth {
			return s.fail(fault.BadJSON, i, tooDeep)
		}
		depth++
		objects <<= 1
		i = blanks(b, i+1)
		if c == '[' {
			if b[i] == ']' {
				break
			}
			goto value
		}
		objects |= 1
		if b[i] == '}' {
			break
		}
		goto member
	default:
		i, _ = s.word(b, i)
	}
	if i < 0 {
		return -1
	}
after:
	if depth == base {
		return i
	}
	i = blanks(b, i)
	switch c := b[i]; {
	case c == ',':
		i = blanks(b, i+1)
		if objects&1 == 0 {
			goto value
		}
		goto member
	case c == ']' && objects&1 == 0, c == '}' && objects&1 == 1:
		i++
		depth--
		objects >>= 1
		goto after
	case objects&1 == 0:
		return s.malformed(b, i, "a comma or ] is missing")
	}
	return s.malformed(b, i, noComma)
member:
	if b[i] != '"' {
		return s.malformed(b, i, noName)
	}
	if i, _ = s.str(b, i+1); i < 0 {
		return -1
	}
	if i = blanks(b, i+1); b[i] != ':' {
		return s.malformed(b, i, noColon)
	}
	i = blanks(b, i+1)
	goto value
}

const (
	tooDeep = "nested deeper than 64 levels"
	noComma = "a comma or } is missing"
	noName  = "a member's name in quotes is missing"
	noColon = "a colon is missing"
)

// word scans null, true, false, NaN and Infinity. (-Infinity is scanned by number.)
func (s *scanner) word(b []byte, i int) (end int, k kind) {
	switch x := load(b, i); {
	case uint32(x) == nullWord:
		return i + 4, null
	case uint32(x) == 't'|'r'<<8|'u'<<16|'e'<<24:
		return i + 4, yes
	case x<<24 == 'f'<<24|'a'<<32|'l'<<40|'s'<<48|'e'<<56:
		return i + 5, no
	case uint32(x)<<8 == 'N'<<8|'a'<<16|'N'<<24:
		return i + 3, nan
	case x == infinity:
		return i + 8, inf
	}
	return s.malformed(b, i, "a value is missing"), 0
}

const (
	nullWord = 'n' | 'u'<<8 | 'l'<<16 | 'l'<<24
	infinity = 'I' | 'n'<<8 | 'f'<<16 | 'i'<<24 | 'n'<<32 | 'i'<<40 | 't'<<48 | 'y'<<56
)
