package skops

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/glulam/glulam/fault"
)

// Array is a numpy array of numbers, texts, or records of numbers.
type Array struct {
	Type   string // numpy's name without the byte order: "f8", "i8", "u1", "b1", "U5"; "" for records
	Shape  []int
	Fields []Field // of records
	data   []byte
	size   int // of an element
	count  int
	node   Node
}

// Field is a member of records.
type Field struct {
	Name, Type string
	offset     int
}

// IsArray says whether the object is an array, or numpy scalar, that a member holds.
func (n Node) IsArray() bool { return n.loader() == "NdArrayNode" && n.text("type") == "numpy" }

// IsObjects says whether the object is an array of objects.
func (n Node) IsObjects() bool { return n.loader() == "NdArrayNode" && n.text("type") == "json" }

// Array reads the array that the object is, in the order of its last axis.
func (n Node) Array() *Array {
	a := &Array{node: n}
	if !n.OK() {
		return a
	}
	if !n.IsArray() {
		n.Corrupt("%s where an array of numbers or texts belongs", n.Type())
		return a
	}
	name := n.text("file")
	if !strings.HasSuffix(name, ".npy") {
		n.Corrupt("its file is called %s", fault.Quote(name))
		return a
	}
	data, err := n.f.read(name)
	if err != nil {
		if e, ok := err.(*fault.Error); ok {
			err = e.OnField(n.Path())
		}
		n.f.Fail(err)
		return a
	}
	if why := a.parse(data); why != "" {
		n.Corrupt("the member %s: %s", name, why)
		return &Array{node: n}
	}
	return a
}

// parse reads an .npy file. It says what is wrong.
func (a *Array) parse(data []byte) string {
	if len(data) < 12 || !bytes.HasPrefix(data, []byte("\x93NUMPY")) {
		return "not an .npy file"
	}
	start, head := 10, int(binary.LittleEndian.Uint16(data[8:]))
	switch {
	case data[6] == 2 || data[6] == 3:
		start, head = 12, int(min(binary.LittleEndian.Uint32(data[8:]), math.MaxInt32))
	case data[6] != 1:
		return "a version of .npy that is not known"
	}
	const most = 1 << 16
	if head > most || head > len(data)-start {
		return "its head is longer than the file, or too long"
	}
	order, why := a.head(string(data[start : start+head]))
	if why != "" {
		return why
	}
	a.data = data[start+head:]
	a.count = 1
	if slices.Contains(a.Shape, 0) {
		a.count = 0
	}
	for _, n := range a.Shape {
		if a.count > len(a.data)/max(n, 1) {
			return "more elements than bytes"
		}
		a.count *= n
	}
	if a.size == 0 && a.count > 0 || a.count*a.size != len(a.data) {
		return "not as many bytes as elements"
	}
	if order && len(a.Shape) > 1 {
		a.transpose()
	}
	return ""
}

// transpose changes the order of the elements from that of the first axis, Fortran's, to that of the last.
func (a *Array) transpose() {
	out := make([]byte, 0, len(a.data))
	index, step := make([]int, len(a.Shape)), make([]int, len(a.Shape))
	for i, at := 0, a.size; i < len(step); i++ {
		step[i] = at
		at *= a.Shape[i]
	}
	for range a.count {
		at := 0
		for i, k := range index {
			at += k * step[i]
		}
		out = append(out, a.data[at:at+a.size]...)
		for i := len(index) - 1; i >= 0; i-- {
			if index[i]++; index[i] < a.Shape[i] {
				break
			}
			index[i] = 0
		}
	}
	a.data = out
}

// Len is the number of elements.
func (a *Array) Len() int { return a.count }

// Is says whether the elements are numbers of one of numpy's kinds: "f" for floats, "iu" for whole numbers.
func (a *Array) Is(kinds string) bool { return a.Type != "" && strings.ContainsAny(a.Type[:1], kinds) }

// at is the number at some bytes: a whole one or a float64.
func at(b []byte, name string) (whole int64, x float64, isFloat, ok bool) {
	switch name {
	case "b1":
		return int64(b[0]), 0, false, b[0] <= 1
	case "u1":
		return int64(b[0]), 0, false, true
	case "i1":
		return int64(int8(b[0])), 0, false, true
	case "u2":
		return int64(binary.LittleEndian.Uint16(b)), 0, false, true
	case "i2":
		return int64(int16(binary.LittleEndian.Uint16(b))), 0, false, true
	case "u4":
		return int64(binary.LittleEndian.Uint32(b)), 0, false, true
	case "i4":
		return int64(int32(binary.LittleEndian.Uint32(b))), 0, false, true
	case "u8":
		u := binary.LittleEndian.Uint64(b)
		return int64(u), 0, false, u <= math.MaxInt64
	case "i8":
		return int64(binary.LittleEndian.Uint64(b)), 0, false, true
	case "f4":
		return 0, float64(math.Float32frombits(binary.LittleEndian.Uint32(b))), true, true
	case "f8":
		return 0, math.Float64frombits(binary.LittleEndian.Uint64(b)), true, true
	}
	return 0, 0, false, false
}

// Value is an element: bool, int64, float64 or string.
func (a *Array) Value(i int) any {
	b := a.data[i*a.size : (i+1)*a.size]
	if a.Is("U") {
		s, ok := text(b)
		if !ok {
			a.node.Corrupt("a text that is not Unicode")
		}
		return s
	}
	whole, x, isFloat, ok := at(b, a.Type)
	switch {
	case !ok:
		a.node.Corrupt("element %d is nothing that is known", i)
	case a.Type == "b1":
		return whole != 0
	case isFloat:
		return x
	}
	return whole
}

// text is a text of numpy's: UCS-4, filled up with zeros.
func text(b []byte) (string, bool) {
	var s []byte
	for len(b) > 0 && binary.LittleEndian.Uint32(b[len(b)-4:]) == 0 {
		b = b[:len(b)-4]
	}
	for ; len(b) > 0; b = b[4:] {
		c := binary.LittleEndian.Uint32(b)
		if c > utf8.MaxRune || !utf8.ValidRune(rune(c)) {
			return "", false
		}
		s = utf8.AppendRune(s, rune(c))
	}
	return string(s), true
}

// Floats appends the elements, which are floats or whole numbers, to dst.
func (a *Array) Floats(dst []float64) []float64 {
	return a.floats(dst, a.Type, 0)
}

// FieldFloats appends a field of all records to dst.
func (a *Array) FieldFloats(name string, dst []float64) []float64 {
	f, ok := a.field(name)
	if !ok {
		return dst
	}
	return a.floats(dst, f.Type, f.offset)
}

func (a *Array) floats(dst []float64, name string, offset int) []float64 {
	for i := range a.count {
		whole, x, isFloat, ok := at(a.data[i*a.size+offset:], name)
		if !isFloat {
			if x = float64(whole); int64(x) != whole {
				ok = false
			}
		}
		if !ok {
			a.node.Corrupt("element %d is not a number that a float64 can hold", i)
			return dst
		}
		dst = append(dst, x)
	}
	return dst
}

// Ints appends the elements, which are whole numbers from lo to hi, to dst.
func (a *Array) Ints(dst []int32, lo, hi int32) []int32 {
	return a.ints(dst, "", a.Type, 0, lo, hi)
}

// FieldInts appends a field of all records to dst.
func (a *Array) FieldInts(name string, dst []int32, lo, hi int32) []int32 {
	f, ok := a.field(name)
	if !ok {
		return dst
	}
	return a.ints(dst, f.Name+" ", f.Type, f.offset, lo, hi)
}

func (a *Array) ints(dst []int32, what, name string, offset int, lo, hi int32) []int32 {
	for i := range a.count {
		whole, _, isFloat, ok := at(a.data[i*a.size+offset:], name)
		if !ok || isFloat {
			a.node.Corrupt("%sof element %d is not a whole number", what, i)
			return dst
		}
		if whole < int64(lo) || whole > int64(hi) {
			a.node.Corrupt("%sof element %d is %d, which does not lie from %d to %d", what, i, whole, lo, hi)
			return dst
		}
		dst = append(dst, int32(whole))
	}
	return dst
}

// HasField says whether records have this field.
func (a *Array) HasField(name string) bool {
	for _, f := range a.Fields {
		if f.Name == name {
			return true
		}
	}
	return false
}

func (a *Array) field(name string) (Field, bool) {
	for _, f := range a.Fields {
		if f.Name == name {
			return f, true
		}
	}
	if a.data != nil {
		a.node.Corrupt("its records have no %s", name)
	}
	return Field{}, false
}
