package xgboost

import (
	"encoding/binary"
	"math"
)

// ubjReader reads Universal Binary JSON (draft 12) as XGBoost has written it since 1.6: big-endian numbers, lengths that are
// int64 (XGBoost takes no others), typed arrays "[$dL" and counted ones "[#L", which have no closing bracket.
type ubjReader struct {
	data []byte
	at   int
}

func (r *ubjReader) position() int     { return r.at }
func (r *ubjReader) seek(position int) { r.at = position }

func (r *ubjReader) end() error {
	if r.at < len(r.data) {
		return bad(r.at, "%d bytes after the end of the model", len(r.data)-r.at)
	}
	return nil
}

// peek is the next byte; 0 at the end.
func (r *ubjReader) peek() byte {
	if r.at < len(r.data) {
		return r.data[r.at]
	}
	return 0
}

func (r *ubjReader) expect(c byte, what string) error {
	if r.peek() != c {
		return r.unexpected(what)
	}
	r.at++
	return nil
}

func (r *ubjReader) unexpected(want string) error {
	if r.at >= len(r.data) {
		return bad(r.at, "the file ends here, before its end")
	}
	return bad(r.at, "byte %#02x where %s should be", r.data[r.at], want)
}

// take gives the next n bytes.
func (r *ubjReader) take(n int64) ([]byte, error) {
	if n < 0 || n > int64(len(r.data)-r.at) {
		return nil, bad(r.at, "%d bytes are to follow, but the file has %d", n, len(r.data)-r.at)
	}
	b := r.data[r.at : r.at+int(n)]
	r.at += int(n)
	return b, nil
}

// length reads the "L" and int64 in front of strings and counted arrays.
func (r *ubjReader) length() (int64, error) {
	if err := r.expect('L', "a length"); err != nil {
		return 0, err
	}
	b, err := r.take(8)
	if err != nil {
		return 0, err
	}
	return int64(binary.BigEndian.Uint64(b)), nil
}

func (r *ubjReader) lengthAndText() ([]byte, error) {
	n, err := r.length()
	if err != nil {
		return nil, err
	}
	return r.take(n)
}

func (r *ubjReader) text() (string, error) {
	if err := r.expect('S', "a text"); err != nil {
		return "", err
	}
	b, err := r.lengthAndText()
	return string(b), err
}

func (r *ubjReader) object(each func(key []byte) error) error {
	if err := r.expect('{', "an object"); err != nil {
		return err
	}
	for r.peek() != '}' {
		key, err := r.lengthAndText()
		if err != nil {
			return err
		}
		if err := each(key); err != nil {
			return err
		}
	}
	r.at++
	return nil
}

// header reads the start of an array: the type of its elements (0: each has a marker of its own) and how many they are (-1:
// up to a closing bracket). It has made sure that the file is long enough for them.
func (r *ubjReader) header() (kind byte, n int64, err error) {
	if err := r.expect('[', "an array"); err != nil {
		return 0, 0, err
	}
	if r.peek() == '$' {
		r.at++
		kind = r.peek()
		r.at++
		if width(kind) == 0 {
			r.at--
			return 0, 0, r.unexpected("the type of an array")
		}
		if r.peek() != '#' {
			return 0, 0, r.unexpected("the length of an array")
		}
	}
	if r.peek() != '#' {
		return 0, -1, nil
	}
	r.at++
	start := r.at
	if n, err = r.length(); err != nil {
		return 0, 0, err
	}
	if left := int64(len(r.data) - r.at); n < 0 || n > left/max(1, width(kind)) {
		return 0, 0, bad(start, "%d elements are to follow, but the file has %d bytes", n, left)
	}
	return kind, n, nil
}

// width is how many bytes a number has; 0 for what is no number.
func width(kind byte) int64 {
	switch kind {
	case 'i', 'U':
		return 1
	case 'I':
		return 2
	case 'l', 'd':
		return 4
	case 'L', 'D':
		return 8
	}
	return 0
}

// array takes only arrays whose elements have markers.
func (r *ubjReader) array(each func(i int) error) error {
	kind, n, err := r.header()
	if err != nil {
		return err
	}
	if kind != 0 {
		return bad(r.at, "an array of numbers where another one should be")
	}
	return r.elements(n, each)
}

// elements calls each n times, or up to the closing bracket.
func (r *ubjReader) elements(n int64, each func(i int) error) error {
	for i := 0; n < 0 && r.peek() != ']' || int64(i) < n; i++ {
		if err := each(i); err != nil {
			return err
		}
	}
	if n < 0 {
		r.at++
	}
	return nil
}

// whole reads an integer or boolean of a kind.
func (r *ubjReader) whole(kind byte) (int64, error) {
	switch kind {
	case 'T':
		return 1, nil
	case 'F':
		return 0, nil
	}
	b, err := r.take(width(kind))
	if err != nil {
		return 0, err
	}
	switch kind {
	case 'i':
		return int64(int8(b[0])), nil
	case 'U':
		return int64(b[0]), nil
	case 'I':
		return int64(int16(binary.BigEndian.Uint16(b))), nil
	case 'l':
		return int64(int32(binary.BigEndian.Uint32(b))), nil
	case 'L':
		return int64(binary.BigEndian.Uint64(b)), nil
	}
	r.at -= len(b) + 1
	return 0, r.unexpected("a whole number")
}

// float reads a number of a kind. A float64 and an integer have to be float32s.
func (r *ubjReader) float(kind byte) (float32, error) {
	if kind != 'd' && kind != 'D' {
		v, err := r.whole(kind)
		if f := float32(v); err == nil && int64(f) != v {
			return 0, bad(r.at, "%d is no float32", v)
		}
		return float32(v), err
	}
	b, err := r.take(width(kind))
	if err != nil {
		return 0, err
	}
	if kind == 'd' {
		return math.Float32frombits(binary.BigEndian.Uint32(b)), nil
	}
	d := math.Float64frombits(binary.BigEndian.Uint64(b))
	if f := float32(d); float64(f) == d || d != d {
		return f, nil
	}
	return 0, bad(r.at, "%v is no float32", d)
}

func (r *ubjReader) integer() (int64, error) {
	kind := r.peek()
	r.at++
	return r.whole(kind)
}

func (r *ubjReader) ints(dst []int32) ([]int32, error) {
	kind, n, err := r.header()
	if err != nil {
		return dst, err
	}
	switch kind {
	case 'l':
		b, err := r.take(4 * n)
		for ; len(b) >= 4; b = b[4:] {
			dst = append(dst, int32(binary.BigEndian.Uint32(b)))
		}
		return dst, err
	case 'U':
		b, err := r.take(n)
		for _, c := range b {
			dst = append(dst, int32(c))
		}
		return dst, err
	}
	err = r.elements(n, func(int) error {
		v, err := r.element(kind)
		if err == nil && v != int64(int32(v)) {
			return bad(r.at, "%d does not fit into 32 bits", v)
		}
		dst = append(dst, int32(v))
		return err
	})
	return dst, err
}

// element reads a whole number of an array whose elements are of a kind, or say their kind themselves if it is 0.
func (r *ubjReader) element(kind byte) (int64, error) {
	if kind == 0 {
		kind = r.peek()
		r.at++
	}
	return r.whole(kind)
}

func (r *ubjReader) longs(dst []int64) ([]int64, error) {
	kind, n, err := r.header()
	if err != nil {
		return dst, err
	}
	err = r.elements(n, func(int) error {
		v, err := r.element(kind)
		dst = append(dst, v)
		return err
	})
	return dst, err
}

func (r *ubjReader) floats(dst []float32) ([]float32, error) {
	kind, n, err := r.header()
	if err != nil {
		return dst, err
	}
	if kind == 'd' {
		b, err := r.take(4 * n)
		for ; len(b) >= 4; b = b[4:] {
			dst = append(dst, math.Float32frombits(binary.BigEndian.Uint32(b)))
		}
		return dst, err
	}
	err = r.elements(n, func(int) error {
		kind := kind
		if kind == 0 {
			kind = r.peek()
			r.at++
		}
		v, err := r.float(kind)
		dst = append(dst, v)
		return err
	})
	return dst, err
}

func (r *ubjReader) count() (int, error) {
	kind, n, err := r.header()
	if err != nil {
		return 0, err
	}
	if kind != 0 {
		_, err := r.take(n * width(kind))
		return int(n), err
	}
	seen := 0
	err = r.elements(n, func(int) error {
		seen++
		kind := r.peek()
		r.at++
		_, err := r.float(kind)
		return err
	})
	return seen, err
}

func (r *ubjReader) skip() error { return r.skipValue(maxDepth) }

func (r *ubjReader) skipValue(depth int) error {
	if depth == 0 {
		return bad(r.at, "nested more than %d deep", maxDepth)
	}
	kind := r.peek()
	switch kind {
	case '{':
		return r.object(func([]byte) error { return r.skipValue(depth - 1) })
	case '[':
		kind, n, err := r.header()
		if err != nil || kind != 0 {
			if err == nil {
				_, err = r.take(n * width(kind))
			}
			return err
		}
		return r.elements(n, func(int) error { return r.skipValue(depth - 1) })
	case 'S':
		_, err := r.text()
		return err
	case 'Z', 'T', 'F':
		r.at++
		return nil
	}
	if width(kind) == 0 {
		return r.unexpected("a value")
	}
	r.at++
	_, err := r.take(width(kind))
	return err
}
