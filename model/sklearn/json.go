package sklearn

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/glulam/glulam/fault"
)

// reader takes a JSON document apart from its first byte to its last. The grammar of the document decides what is read
// next, so nothing nests deeper than that, and each number goes where it belongs without a tree of values in between.
//
// Every method reads a whole value and skips the white space before it. field, where there is one, is for errors.
//
// Package jsonread takes four to five times as long for integers, of which most of a document consists, and knows no lines.
type reader struct {
	text   string
	at     int
	source string
	tree   int  // that is being read, if inTree: for errors
	inTree bool // fields are those of a tree
	skops  bool // there is no text, but a file of skops
}

// next skips white space and gives the byte that follows, 0 at the end.
func (r *reader) next() byte {
	for r.at < len(r.text) {
		switch c := r.text[r.at]; c {
		case ' ', '\n', '\t', '\r':
			r.at++
		default:
			return c
		}
	}
	return 0
}

// expect reads one byte of punctuation.
func (r *reader) expect(c byte, field string) error {
	if got := r.next(); got != c {
		return r.unexpected(field, "%q", c)
	}
	r.at++
	return nil
}

func (r *reader) unexpected(field, format string, args ...any) error {
	if r.next() == 0 {
		return r.corrupt(field, "the file ends here, before its end")
	}
	return r.corrupt(field, "%s instead of "+format, append([]any{fault.Quote(r.text[r.at:min(len(r.text), r.at+20)])}, args...)...)
}

// object reads an object and calls member for each key, which reads its value. A key that occurs twice is refused.
func (r *reader) object(field string, member func(key string) error) error {
	if err := r.expect('{', field); err != nil {
		return err
	}
	if r.next() == '}' {
		r.at++
		return nil
	}
	var buf [16]string
	seen := buf[:0]
	for {
		key, err := r.string(field)
		if err != nil {
			return err
		}
		if slices.Contains(seen, key) {
			return r.corrupt(field, "the member %s occurs twice", fault.Quote(key))
		}
		seen = append(seen, key) // few: member refuses keys that it does not know
		if err := r.expect(':', field); err != nil {
			return err
		}
		if err := member(key); err != nil {
			return err
		}
		if r.next() != ',' {
			return r.expect('}', field)
		}
		r.at++
	}
}

// array reads an array and calls element for each of its elements, which reads it.
func (r *reader) array(field string, element func(i int) error) error {
	more, err := r.open(field)
	for i := 0; more && err == nil; i++ {
		if err = element(i); err == nil {
			more, err = r.more(field)
		}
	}
	return err
}

// open reads the bracket before an array, and the one behind it if there are no elements: then there is no more.
func (r *reader) open(field string) (more bool, err error) {
	if err := r.expect('[', field); err != nil {
		return false, err
	}
	if r.next() == ']' {
		r.at++
		return false, nil
	}
	return true, nil
}

// more reads what stands behind an element: a comma if there are more, else the bracket.
func (r *reader) more(field string) (bool, error) {
	if r.next() == ',' {
		r.at++
		return true, nil
	}
	return false, r.expect(']', field)
}

func (r *reader) string(field string) (string, error) {
	if r.next() != '"' {
		return "", r.unexpected(field, "a text")
	}
	start, escaped := r.at, false
	for i := start + 1; i < len(r.text); i++ {
		switch c := r.text[i]; {
		case c == '\\':
			escaped = true
			i++
		case c < ' ':
			return "", r.corrupt(field, "a text with the control character %q in it", c)
		case c == '"':
			r.at = i + 1
			return r.unquote(field, r.text[start:r.at], escaped)
		}
	}
	return "", r.corrupt(field, "the file ends within a text")
}

func (r *reader) unquote(field, quoted string, escaped bool) (string, error) {
	if !utf8.ValidString(quoted) {
		return "", r.corrupt(field, "%s is not UTF-8", fault.Quote(quoted))
	}
	if !escaped {
		return quoted[1 : len(quoted)-1], nil
	}
	var s string
	if err := json.Unmarshal([]byte(quoted), &s); err != nil {
		return "", r.corrupt(field, "%s is no text of JSON", fault.Quote(quoted))
	}
	return s, nil
}

func (r *reader) bool(field string) (bool, error) {
	r.next()
	for _, word := range []string{"true", "false"} {
		if end := r.at + len(word); end <= len(r.text) && r.text[r.at:end] == word {
			r.at = end
			return word == "true", nil
		}
	}
	return false, r.unexpected(field, "true or false")
}

// float reads a number, or one of the texts "inf", "-inf" and "nan".
func (r *reader) float(field string) (float64, error) {
	if r.next() == '"' {
		s, err := r.string(field)
		if err != nil {
			return 0, err
		}
		switch s {
		case "inf":
			return math.Inf(1), nil
		case "-inf":
			return math.Inf(-1), nil
		case "nan":
			return math.NaN(), nil
		}
		return 0, r.corrupt(field, "%s instead of a number", fault.Quote(s))
	}
	start := r.at
	for r.at < len(r.text) && isNumber(r.text[r.at]) {
		r.at++
	}
	word := r.text[start:r.at]
	if word == "" || word[0] == '+' || word[0] == '.' {
		r.at = start
		return 0, r.unexpected(field, "a number")
	}
	x, err := strconv.ParseFloat(word, 64)
	if err != nil {
		return 0, r.corrupt(field, "%s is not a number that a float64 can hold", fault.Quote(word))
	}
	return x, nil
}

func isNumber(c byte) bool {
	return c-'0' <= 9 || c == '.' || c == '-' || c == 'e' || c == 'E' || c == '+'
}

// finite reads a number that is neither infinite nor NaN.
func (r *reader) finite(field string) (float64, error) {
	x, err := r.float(field)
	if err == nil && x-x != 0 {
		return 0, r.corrupt(field, "%v where a finite number belongs", x)
	}
	return x, err
}

// integer reads a whole number from lo to hi.
func (r *reader) integer(field string, lo, hi int64) (int64, error) {
	c := r.next()
	start := r.at
	if c == '-' {
		r.at++
	}
	x, digits := int64(0), r.at
	for r.at < len(r.text) && r.text[r.at]-'0' <= 9 && r.at-digits < 18 {
		x = x*10 + int64(r.text[r.at]-'0')
		r.at++
	}
	if r.at == digits || r.at < len(r.text) && isNumber(r.text[r.at]) {
		r.at = start
		return 0, r.unexpected(field, "an integer from %d to %d", lo, hi)
	}
	if c == '-' {
		x = -x
	}
	if x < lo || x > hi {
		return 0, r.corrupt(field, "%d is not an integer from %d to %d", x, lo, hi)
	}
	return x, nil
}

// floats appends the numbers of an array to dst.
func (r *reader) floats(field string, dst []float64) ([]float64, error) {
	more, err := r.open(field)
	for more && err == nil {
		var x float64
		if x, err = r.float(field); err == nil {
			dst = append(dst, x)
			more, err = r.more(field)
		}
	}
	return dst, err
}

// ints appends the whole numbers of an array, which lie from lo to hi, to dst.
func (r *reader) ints(field string, dst []int32, lo, hi int32) ([]int32, error) {
	more, err := r.open(field)
	for more && err == nil {
		var x int64
		if x, err = r.integer(field, int64(lo), int64(hi)); err == nil {
			dst = append(dst, int32(x))
			more, err = r.more(field)
		}
	}
	return dst, err
}

// texts appends the texts of an array to dst, and refuses one that occurs twice.
func (r *reader) texts(field string) ([]string, error) {
	dst := []string{}
	seen := map[string]struct{}{}
	err := r.array(field, func(int) error {
		s, err := r.string(field)
		if err != nil {
			return err
		}
		if _, twice := seen[s]; twice {
			return r.corrupt(field, "%s occurs twice", fault.Quote(s))
		}
		seen[s] = struct{}{}
		dst = append(dst, s)
		return nil
	})
	return dst, err
}
