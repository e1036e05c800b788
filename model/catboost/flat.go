package catboost

import (
	"encoding/binary"
	"fmt"
	"math"
)

// flat reads a FlatBuffer. It remembers the first error and reads zeros and nothing from then on, so that callers ask for
// the error now and then, and before they believe what they read.
//
// A FlatBuffer may refer to the same bytes again and again, which CatBoost's do not; left makes sure that what is read is
// never more than what is there.
type flat struct {
	data []byte
	left int // bytes that vectors may still have
	err  error
}

func newFlat(data []byte) *flat { return &flat{data: data, left: len(data)} }

func (f *flat) fail(field, format string, args ...any) {
	if f.err == nil {
		f.err = corrupt(field, format, args...)
	}
}

// bytes gives n bytes; zeros beyond the end.
func (f *flat) bytes(at, n int, field string) []byte {
	if f.err == nil && (at < 0 || n < 0 || at > len(f.data)-n) {
		f.fail(field, "%d bytes at %d of %d", n, at, len(f.data))
	}
	if f.err != nil {
		return make([]byte, min(max(n, 0), 8))
	}
	return f.data[at : at+n]
}

func (f *flat) u16(at int, field string) int {
	return int(binary.LittleEndian.Uint16(f.bytes(at, 2, field)))
}

func (f *flat) u32(at int, field string) int {
	return int(binary.LittleEndian.Uint32(f.bytes(at, 4, field)))
}

// table is a FlatBuffers table: fields by number, some of which may be absent.
type table struct {
	f          *flat
	name       string
	at         int
	slots      int // where the fields' offsets are
	count      int // of fields
	size       int // of the table itself
	fieldNames []string
}

// table reads the table at a position. names are those of its fields, in order; a field beyond them is refused.
func (f *flat) table(at int, name string, names ...string) table {
	t := table{f: f, name: name, at: at, fieldNames: names}
	vtable := at - int(int32(f.u32(at, name)))
	length := f.u16(vtable, name)
	t.size = f.u16(vtable+2, name)
	f.bytes(vtable, length, name)
	if f.err != nil {
		return t
	}
	if length < 4 || length%2 != 0 {
		f.fail(name, "a table of fields with %d bytes", length)
		return t
	}
	t.slots, t.count = vtable+4, length/2-2
	for i := len(names); i < t.count; i++ {
		if f.u16(t.slots+2*i, name) != 0 && f.err == nil {
			f.err = unsupported(name, unknown, "has the unknown field number %d", i)
		}
	}
	return t
}

// field gives the position of field i with n bytes, and its name; 0 if it is absent.
func (t table) field(i, n int) (at int, name string) {
	name = t.name + t.fieldNames[i]
	if t.f.err != nil || i >= t.count {
		return 0, name
	}
	offset := t.f.u16(t.slots+2*i, name)
	if offset == 0 {
		return 0, name
	}
	if offset > t.size-n {
		t.f.fail(name, "is at %d of a table of %d bytes", offset, t.size)
		return 0, name
	}
	return t.at + offset, name
}

func (t table) i32(i int, absent int32) int {
	at, name := t.field(i, 4)
	if at == 0 {
		return int(absent)
	}
	return int(int32(t.f.u32(at, name)))
}

func (t table) f64(i int, absent float64) float64 {
	at, name := t.field(i, 8)
	if at == 0 {
		return absent
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(t.f.bytes(at, 8, name)))
}

func (t table) u8(i int) byte {
	at, name := t.field(i, 1)
	if at == 0 {
		return 0
	}
	return t.f.bytes(at, 1, name)[0]
}

// flag is a bool, false if it is absent.
func (t table) flag(i int) bool {
	b := t.u8(i)
	if b > 1 {
		t.f.fail(t.name+t.fieldNames[i], "%d is neither true nor false", b)
	}
	return b == 1
}

// vector gives the bytes of field i, whose elements have size bytes, and how many elements they are.
func (t table) vector(i, size int) (elements []byte, n, at int) {
	at, name := t.field(i, 4)
	if at == 0 {
		return nil, 0, 0
	}
	f := t.f
	at += f.u32(at, name)
	n = f.u32(at, name)
	if n > (len(f.data)-at)/size || n*size > f.left {
		f.fail(name, "%d elements of %d bytes, in a file of %d", n, size, len(f.data))
		return nil, 0, 0
	}
	f.left -= n * size
	elements = f.bytes(at+4, n*size, name)
	if f.err != nil {
		return nil, 0, 0
	}
	return elements, n, at + 4
}

func (t table) text(i int) string {
	b, _, _ := t.vector(i, 1)
	return string(b)
}

func (t table) i32s(i int) []int32 {
	b, n, _ := t.vector(i, 4)
	out := make([]int32, n)
	for j := range out {
		out[j] = int32(binary.LittleEndian.Uint32(b[4*j:]))
	}
	return out
}

func (t table) f32s(i int) []float32 {
	b, n, _ := t.vector(i, 4)
	out := make([]float32, n)
	for j := range out {
		out[j] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*j:]))
	}
	return out
}

func (t table) f64s(i int) []float64 {
	b, n, _ := t.vector(i, 8)
	out := make([]float64, n)
	for j := range out {
		out[j] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*j:]))
	}
	return out
}

// sub is the table that field i refers to; ok is false if it is absent.
func (t table) sub(i int, names ...string) (sub table, ok bool) {
	at, name := t.field(i, 4)
	if at == 0 {
		return table{f: t.f, fieldNames: names}, false
	}
	return t.f.table(at+t.f.u32(at, name), name+".", names...), t.f.err == nil
}

// each calls do for each table of the vector that field i is.
func (t table) each(i int, names []string, do func(table)) {
	b, n, at := t.vector(i, 4)
	for j := range n {
		if t.f.err != nil {
			return
		}
		place := at + 4*j
		do(t.f.table(place+int(binary.LittleEndian.Uint32(b[4*j:])), fmt.Sprintf("%s%s[%d].", t.name, t.fieldNames[i], j), names...))
	}
}
