package parquet

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
)

var errArrowSchema = errors.New("its encoding is broken")

// checkArrowSchema walks the Arrow schema that a footer holds (base64 of an IPC message, which is a flatbuffer) before
// arrow-go reads it. A flatbuffer is a graph: a few bytes can say "two children, both of them this one" again and again,
// and its vectors say themselves how long they are.
func checkArrowSchema(text string) error {
	msg, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		if msg, err = base64.RawStdEncoding.DecodeString(text); err != nil {
			return err
		}
	}
	if len(msg) < 8 {
		return errArrowSchema
	}
	if binary.LittleEndian.Uint32(msg) == 0xffffffff {
		msg = msg[4:]
	}
	size := binary.LittleEndian.Uint32(msg)
	msg = msg[4:]
	if size == 0 || uint64(size) > uint64(len(msg)) {
		return errArrowSchema
	}
	w := &flatWalk{buf: msg[:size], body: uint64(len(msg)) - uint64(size), seen: map[uint32]bool{}, text: 4 * int64(size)}
	w.message()
	if w.bad {
		return errArrowSchema
	}
	return nil
}

// flatWalk walks the tables of Message.fbs and Schema.fbs.
type flatWalk struct {
	buf  []byte
	body uint64 // how many bytes follow
	bad  bool
	seen map[uint32]bool // tables visited: none may hang in two places
	text int64           // how many bytes of strings may still come
}

func (w *flatWalk) u32(pos uint32) uint32 {
	if uint64(pos)+4 > uint64(len(w.buf)) {
		w.bad = true
		return 0
	}
	return binary.LittleEndian.Uint32(w.buf[pos:])
}

func (w *flatWalk) u16(pos uint32) uint16 {
	if uint64(pos)+2 > uint64(len(w.buf)) {
		w.bad = true
		return 0
	}
	return binary.LittleEndian.Uint16(w.buf[pos:])
}

// follow gives the position that the offset at pos points to: always further on.
func (w *flatWalk) follow(pos uint32) uint32 {
	to := uint64(pos) + uint64(w.u32(pos))
	if to >= uint64(len(w.buf)) {
		w.bad = true
		return 0
	}
	return uint32(to)
}

// field gives the position of a table's field, 0 if it is not set.
func (w *flatWalk) field(table uint32, n uint32) uint32 {
	vtable := int64(table) - int64(int32(w.u32(table)))
	if vtable < 0 || vtable+4 > int64(len(w.buf)) {
		w.bad = true
		return 0
	}
	slot := 4 + 2*n
	if slot+2 > uint32(w.u16(uint32(vtable))) {
		return 0
	}
	off := w.u16(uint32(vtable) + slot)
	if off == 0 || w.bad {
		return 0
	}
	return table + uint32(off)
}

// vector gives a vector's elements, offsets of 4 bytes each.
func (w *flatWalk) vector(pos uint32) (first, n uint32) {
	at := w.follow(pos)
	n = w.u32(at)
	if w.bad || uint64(at)+4+4*uint64(n) > uint64(len(w.buf)) {
		w.bad = true
		return 0, 0
	}
	return at + 4, n
}

func (w *flatWalk) string(pos uint32) {
	if pos == 0 || w.bad {
		return
	}
	at := w.follow(pos)
	n := w.u32(at)
	w.text -= int64(n)
	if w.text < 0 || uint64(at)+4+uint64(n) > uint64(len(w.buf)) {
		w.bad = true
	}
}

func (w *flatWalk) each(pos uint32, visit func(table uint32)) {
	if pos == 0 || w.bad {
		return
	}
	first, n := w.vector(pos)
	for i := uint32(0); i < n && !w.bad; i++ {
		visit(w.follow(first + 4*i))
	}
}

func (w *flatWalk) keyValue(table uint32) {
	w.string(w.field(table, 0))
	w.string(w.field(table, 1))
}

func (w *flatWalk) message() {
	const headerType, header, bodyLength, customMetadata = 1, 2, 3, 4
	msg := w.follow(0)
	if at := w.field(msg, bodyLength); at != 0 && uint64(w.u32(at))|uint64(w.u32(at+4))<<32 > w.body {
		w.bad = true
	}
	if at := w.field(msg, headerType); at == 0 || w.bad || w.buf[min(int(at), len(w.buf)-1)] != 1 { // Schema
		w.bad = true
		return
	}
	w.each(w.field(msg, customMetadata), w.keyValue)
	at := w.field(msg, header)
	if at == 0 || w.bad {
		w.bad = true
		return
	}
	const fields, schemaMetadata = 1, 2
	sc := w.follow(at)
	w.each(w.field(sc, schemaMetadata), w.keyValue)
	w.each(w.field(sc, fields), func(t uint32) { w.column(t, 1) })
}

func (w *flatWalk) column(table uint32, depth int) {
	const name, typeType, typ, children, customMetadata = 0, 2, 3, 5, 6
	const timestamp, union = 10, 14
	if depth > maxDepth || w.seen[table] {
		w.bad = true
	}
	if w.bad {
		return
	}
	w.seen[table] = true
	w.string(w.field(table, name))
	w.each(w.field(table, customMetadata), w.keyValue)
	if at := w.field(table, typeType); at != 0 && int(at) < len(w.buf) {
		switch w.buf[at] {
		case timestamp:
			if t := w.field(table, typ); t != 0 {
				w.string(w.field(w.follow(t), 1))
			}
		case union: // Parquet has none
			w.bad = true
		}
	}
	w.each(w.field(table, children), func(t uint32) { w.column(t, depth+1) })
}
