package jsonread

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/glulam/glulam/fault"
)

// Reader reads a piece of JSON. It must not be used by two goroutines at once.
type Reader struct {
	d    *jsontext.Decoder
	data []byte
	at   string
	hint string
}

// New makes a reader of data, which must not be changed while it is in use. at is where data is in the file, for errors: a
// path, "" for the whole file. hint is the next step that errors give.
func New(data []byte, at, hint string) *Reader {
	return &Reader{d: jsontext.NewDecoder(bytes.NewBuffer(data)), data: data, at: at, hint: hint}
}

// Place is the path of the value that was read last.
func (r *Reader) Place() string {
	var b strings.Builder
	b.WriteString(r.at)
	for token := range r.d.StackPointer().Tokens() {
		if _, err := strconv.Atoi(token); err == nil {
			fmt.Fprintf(&b, "[%s]", token)
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(token)
	}
	return fault.Short(b.String())
}

// Corrupt makes an error about the value that was read last.
func (r *Reader) Corrupt(format string, args ...any) error {
	return fault.New(fault.Corrupt, "", format, args...).OnField(r.Place()).WithHint("%s", r.hint)
}

// broken makes an error of what the decoder says.
func (r *Reader) broken(err error) error {
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return r.Corrupt("a key is there twice")
	}
	return r.Corrupt("not JSON at byte %d, or cut off", r.d.InputOffset())
}

// want is the error for something else than what.
func (r *Reader) want(what string) error {
	v, err := r.d.ReadValue()
	if err != nil {
		return r.broken(err)
	}
	return r.Corrupt("%s is not %s", Quote(v), what)
}

// Kind is what comes next: '{', '[', '"', '0' for a number, 't', 'f', 'n', and 0 for nothing or an error.
func (r *Reader) Kind() byte { return byte(r.d.PeekKind()) }

// Object calls do for each member of the object that comes next; do has to read its value.
func (r *Reader) Object(do func(key string) error) error {
	if r.Kind() != '{' {
		return r.want("an object")
	}
	if _, err := r.d.ReadToken(); err != nil {
		return r.broken(err)
	}
	for r.Kind() != '}' {
		t, err := r.d.ReadToken()
		if err != nil {
			return r.broken(err)
		}
		if err := do(t.String()); err != nil {
			return err
		}
	}
	return r.close()
}

// Array calls do for each element of the array that comes next; do has to read it. null is an empty array, which CatBoost
// writes so.
func (r *Reader) Array(do func(i int) error) error {
	switch r.Kind() {
	case 'n':
		_, err := r.Value()
		return err
	case '[':
	default:
		return r.want("an array")
	}
	if _, err := r.d.ReadToken(); err != nil {
		return r.broken(err)
	}
	for i := 0; r.Kind() != ']'; i++ {
		if r.Kind() == 0 {
			return r.want("a value")
		}
		if err := do(i); err != nil {
			return err
		}
	}
	return r.close()
}

func (r *Reader) close() error {
	if _, err := r.d.ReadToken(); err != nil {
		return r.broken(err)
	}
	return nil
}

// Value reads any value and gives its text, a part of the reader's data.
func (r *Reader) Value() ([]byte, error) {
	v, err := r.d.ReadValue()
	if err != nil {
		return nil, r.broken(err)
	}
	end := r.d.InputOffset()
	return r.data[end-int64(len(v)) : end : end], nil
}

// Text reads a string.
func (r *Reader) Text() (string, error) {
	if r.Kind() != '"' {
		return "", r.want("a text")
	}
	t, err := r.d.ReadToken()
	if err != nil {
		return "", r.broken(err)
	}
	return t.String(), nil
}

// Bool reads true or false.
func (r *Reader) Bool() (bool, error) {
	if k := r.Kind(); k != 't' && k != 'f' {
		return false, r.want("true or false")
	}
	t, err := r.d.ReadToken()
	if err != nil {
		return false, r.broken(err)
	}
	return t.Bool(), nil
}

// Literal reads a number and gives its text, a part of the reader's data.
func (r *Reader) Literal() ([]byte, error) {
	if r.Kind() != '0' {
		return nil, r.want("a number")
	}
	return r.Value()
}

// Number reads a number as its nearest float64.
func (r *Reader) Number() (float64, error) {
	v, err := r.Literal()
	if err != nil {
		return 0, err
	}
	x, err := strconv.ParseFloat(string(v), 64)
	if err != nil {
		return 0, r.Corrupt("%s is beyond float64", Quote(v))
	}
	return x, nil
}

// Numbers appends the array that comes next to dst.
func (r *Reader) Numbers(dst []float64) ([]float64, error) {
	err := r.Array(func(int) error {
		x, err := r.Number()
		dst = append(dst, x)
		return err
	})
	return dst, err
}

// Integer reads a number that is an integer from lo to hi.
func (r *Reader) Integer(lo, hi int64) (int, error) {
	v, err := r.Literal()
	if err != nil {
		return 0, err
	}
	x, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil || x < lo || x > hi {
		return 0, r.Corrupt("%s is not an integer from %d to %d", Quote(v), lo, hi)
	}
	return int(x), nil
}

// Index reads an integer that counts something, or -1.
func (r *Reader) Index() (int, error) { return r.Integer(-1, math.MaxInt32) }

// End makes sure that nothing follows.
func (r *Reader) End() error {
	if _, err := r.d.ReadToken(); err == nil || r.d.InputOffset() != int64(len(r.data)) && len(bytes.TrimSpace(r.data[r.d.InputOffset():])) > 0 {
		return r.Corrupt("something follows at byte %d", r.d.InputOffset())
	}
	return nil
}

// FirstKey gives the first key of the object that data starts with, and what follows it if that is a text. The first few bytes
// of a file are enough; "" if it is no object.
func FirstKey(data []byte) (key, text string) {
	const most = 1 << 12
	data = bytes.TrimLeft(data, " \t\r\n")
	if len(data) == 0 || data[0] != '{' {
		return "", ""
	}
	d := jsontext.NewDecoder(bytes.NewBuffer(data[:min(len(data), most)]))
	if _, err := d.ReadToken(); err != nil {
		return "", ""
	}
	t, err := d.ReadToken()
	if err != nil || t.Kind() != '"' {
		return "", ""
	}
	key = t.String()
	if d.PeekKind() == '"' {
		if t, err := d.ReadToken(); err == nil {
			text = t.String()
		}
	}
	return key, text
}

// Valid says whether data is JSON without keys that occur twice.
func Valid(data []byte) bool { return jsontext.Value(data).IsValid() }

// Quote shows a piece of a file in an error: enough to recognise.
func Quote[T ~string | ~[]byte](s T) string { return fault.Quote(s) }
