package xgboost

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonReader reads JSON as XGBoost has written it: RFC 8259, and NaN and infinities besides.
type jsonReader struct {
	data []byte
	at   int
}

func (r *jsonReader) position() int     { return r.at }
func (r *jsonReader) seek(position int) { r.at = position }

// space goes to the next byte that is not white space and gives it; 0 at the end.
func (r *jsonReader) space() byte {
	for r.at < len(r.data) {
		switch c := r.data[r.at]; c {
		case ' ', '\n', '\r', '\t':
			r.at++
		default:
			return c
		}
	}
	return 0
}

// expect goes past c.
func (r *jsonReader) expect(c byte) error {
	if got := r.space(); got != c {
		return r.unexpected(strconv.QuoteRune(rune(c)))
	}
	r.at++
	return nil
}

func (r *jsonReader) unexpected(want string) error {
	if r.at >= len(r.data) {
		return bad(r.at, "the file ends here, before its end")
	}
	return bad(r.at, "%s where %s should be", quote(r.data[r.at:min(len(r.data), r.at+12)]), want)
}

func (r *jsonReader) end() error {
	if r.space(); r.at < len(r.data) {
		return bad(r.at, "%s after the end of the model", quote(r.data[r.at:min(len(r.data), r.at+12)]))
	}
	return nil
}

func (r *jsonReader) object(each func(key []byte) error) error {
	if err := r.expect('{'); err != nil {
		return err
	}
	if r.space() == '}' {
		r.at++
		return nil
	}
	for {
		if c := r.space(); c != '"' {
			return r.unexpected("a key")
		}
		key, err := r.rawText()
		if err != nil {
			return err
		}
		if err := r.expect(':'); err != nil {
			return err
		}
		if err := each(key); err != nil {
			return err
		}
		if more, err := r.more('}'); err != nil || !more {
			return err
		}
	}
}

// more goes past a comma, which means that there is more, or past the end.
func (r *jsonReader) more(end byte) (bool, error) {
	switch r.space() {
	case ',':
		r.at++
		return true, nil
	case end:
		r.at++
		return false, nil
	}
	return false, r.unexpected("a comma or " + strconv.QuoteRune(rune(end)))
}

func (r *jsonReader) array(each func(i int) error) error {
	if err := r.expect('['); err != nil {
		return err
	}
	if r.space() == ']' {
		r.at++
		return nil
	}
	for i := 0; ; i++ {
		if err := each(i); err != nil {
			return err
		}
		if more, err := r.more(']'); err != nil || !more {
			return err
		}
	}
}

func (r *jsonReader) text() (string, error) {
	if r.space() != '"' {
		return "", r.unexpected("a text")
	}
	b, err := r.rawText()
	return string(b), err
}

// rawText reads the string that starts here. Without escapes it is a piece of the file.
func (r *jsonReader) rawText() ([]byte, error) {
	start := r.at + 1
	for i := start; i < len(r.data); i++ {
		switch c := r.data[i]; {
		case c == '"':
			r.at = i + 1
			return r.data[start:i], nil
		case c == '\\':
			return r.escaped(start, i)
		case c < ' ':
			r.at = i
			return nil, bad(i, "%q inside a text", c)
		}
	}
	r.at = len(r.data)
	return nil, r.unexpected("the end of a text")
}

// escaped is rawText for strings with escapes, the first of which is at i.
func (r *jsonReader) escaped(start, i int) ([]byte, error) {
	out := bytes.Clone(r.data[start:i])
	for i < len(r.data) {
		c := r.data[i]
		switch {
		case c == '"':
			r.at = i + 1
			return out, nil
		case c < ' ':
			return nil, bad(i, "%q inside a text", c)
		case c != '\\':
			out = append(out, c)
			i++
			continue
		}
		if i+1 >= len(r.data) {
			break
		}
		if k := bytes.IndexByte([]byte(`"\/bfnrt`), r.data[i+1]); k >= 0 {
			out = append(out, "\"\\/\b\f\n\r\t"[k])
			i += 2
			continue
		}
		u, ok := r.hex(i)
		if !ok {
			return nil, bad(i, "%s is no escape", quote(r.data[i:min(len(r.data), i+6)]))
		}
		i += 6
		if low, ok := r.hex(i); ok && utf16.IsSurrogate(u) {
			if both := utf16.DecodeRune(u, low); both != utf8.RuneError {
				u, i = both, i+6
			}
		}
		out = utf8.AppendRune(out, u)
	}
	r.at = len(r.data)
	return nil, r.unexpected("the end of a text")
}

// hex reads the \u escape at i.
func (r *jsonReader) hex(i int) (rune, bool) {
	if i+6 > len(r.data) || r.data[i] != '\\' || r.data[i+1] != 'u' {
		return 0, false
	}
	u, err := strconv.ParseUint(string(r.data[i+2:i+6]), 16, 16)
	return rune(u), err == nil
}

func (r *jsonReader) integer() (int64, error) {
	r.space()
	v, n := wholeNumber(r.data[r.at:])
	if n == 0 {
		return 0, r.unexpected("a whole number")
	}
	r.at += n
	return v, nil
}

// wholeNumber reads the integer that b starts with; n is 0 if there is none, or it is too large, or no integer.
func wholeNumber(b []byte) (v int64, n int) {
	i, negative := 0, false
	if i < len(b) && b[i] == '-' {
		negative = true
		i++
	}
	start := i
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		v = v*10 + int64(b[i]-'0')
	}
	if i == start || i-start > 18 {
		return special01(b)
	}
	if i < len(b) && (b[i] == '.' || b[i]|0x20 == 'e') {
		return 0, 0
	}
	if negative {
		v = -v
	}
	return v, i
}

// special01 reads true and false.
func special01(b []byte) (v int64, n int) {
	switch {
	case bytes.HasPrefix(b, []byte("true")):
		return 1, 4
	case bytes.HasPrefix(b, []byte("false")):
		return 0, 5
	}
	return 0, 0
}

func (r *jsonReader) ints(dst []int32) ([]int32, error) {
	more, err := r.first()
	for more && err == nil {
		r.space()
		v, n := wholeNumber(r.data[r.at:])
		if n == 0 || v != int64(int32(v)) {
			return dst, r.unexpected("a whole number of 32 bits")
		}
		dst = append(dst, int32(v))
		r.at += n
		more, err = r.next()
	}
	return dst, err
}

func (r *jsonReader) longs(dst []int64) ([]int64, error) {
	more, err := r.first()
	for more && err == nil {
		var v int64
		if v, err = r.integer(); err == nil {
			dst = append(dst, v)
			more, err = r.next()
		}
	}
	return dst, err
}

func (r *jsonReader) floats(dst []float32) ([]float32, error) {
	more, err := r.first()
	for more && err == nil {
		r.space()
		v, n := prefix(r.data[r.at:])
		if n == 0 {
			return dst, r.unexpected("a number")
		}
		dst = append(dst, v)
		r.at += n
		more, err = r.next()
	}
	return dst, err
}

// first goes into an array and says whether it has an element.
func (r *jsonReader) first() (bool, error) {
	if err := r.expect('['); err != nil {
		return false, err
	}
	if r.space() == ']' {
		r.at++
		return false, nil
	}
	return true, nil
}

// next is more(']'), the usual case without a call.
func (r *jsonReader) next() (bool, error) {
	if r.at < len(r.data) && r.data[r.at] == ',' {
		r.at++
		return true, nil
	}
	return r.more(']')
}

// numeral says of each byte whether an array of numbers may hold it: 1, or 1<<32 for a comma; 0 for the others.
var numeral = func() (t [256]uint64) {
	for _, c := range []byte("0123456789+-.eE \n\r\tNaInfityn") {
		t[c] = 1
	}
	t[','] = 1 << 32
	return t
}()

func (r *jsonReader) count() (int, error) {
	more, err := r.first()
	if !more || err != nil {
		return 0, err
	}
	n := bytes.IndexByte(r.data[r.at:], ']')
	if n < 0 {
		r.at = len(r.data)
		return 0, r.unexpected("the end of an array")
	}
	var sum uint64 // commas and other bytes, 32 bits each: Parse refuses files with more
	for _, c := range r.data[r.at : r.at+n] {
		sum += numeral[c]
	}
	if int(sum>>32)+int(sum&math.MaxUint32) != n {
		return 0, bad(r.at, "an array that is to hold numbers holds something else")
	}
	r.at += n + 1
	return int(sum>>32) + 1, nil
}

func (r *jsonReader) skip() error { return r.skipValue(maxDepth) }

func (r *jsonReader) skipValue(depth int) error {
	if depth == 0 {
		return bad(r.at, "nested more than %d deep", maxDepth)
	}
	inner := func() error { return r.skipValue(depth - 1) }
	switch r.space() {
	case '{':
		return r.object(func([]byte) error { return inner() })
	case '[':
		return r.array(func(int) error { return inner() })
	case '"':
		_, err := r.rawText()
		return err
	}
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(r.data[r.at:], []byte(word)) {
			r.at += len(word)
			return nil
		}
	}
	_, n := prefix(r.data[r.at:])
	if n == 0 {
		return r.unexpected("a value")
	}
	r.at += n
	return nil
}
