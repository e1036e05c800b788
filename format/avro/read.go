package avro

import (
	"encoding/binary"
	"math"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/internal/rows"
)

// reader reads the datum of a message. What it reads it holds to the schema: nothing is passed over unseen.
type reader struct {
	columns *rows.Columns
	b       []byte
	pos     int
	depth   int // objects and arrays that are open
	left    int // values that may still be read: some take no bytes, and could be without end
	room    int // bytes of JSON that the message may be

	scratch []byte
	jsonBuf []byte
	spans   []span // of fields that are kept
}

// begin begins a datum.
func (r *reader) begin(b []byte) {
	r.b, r.pos, r.depth = b, 0, 0
	r.left = 1<<20 + 16*len(b)
	r.room = min(format.MaxRow, 64<<10+64*len(b))
}

// bad is the error of a message that does not fit its schema.
func (r *reader) bad(format string, args ...any) *fault.Error {
	return fault.New(fault.BadMessage, "", format, args...)
}

// truncated is the error of a message that ends too early.
func (r *reader) truncated() *fault.Error {
	return r.bad("the message ends within a value: it has %d bytes", len(r.b))
}

// count notes that a value is read.
func (r *reader) count() *fault.Error {
	if r.left--; r.left < 0 {
		return fault.New(fault.RowTooLarge, "", "%d bytes hold more values than any message needs", len(r.b))
	}
	return nil
}

// enter notes that an object or array is open.
func (r *reader) enter() *fault.Error {
	if r.depth == maxDepth {
		return r.bad("objects and arrays are nested more than %d deep", maxDepth)
	}
	r.depth++
	return r.count()
}

// varint reads a whole number.
func (r *reader) varint() (int64, *fault.Error) {
	if r.pos < len(r.b) && r.b[r.pos] < 0x80 {
		u := r.b[r.pos]
		r.pos++
		return int64(u>>1) ^ -int64(u&1), nil
	}
	v, n := binary.Varint(r.b[r.pos:])
	switch {
	case n == 0:
		return 0, r.truncated()
	case n < 0:
		return 0, r.bad("a whole number is longer than 64 bits")
	}
	r.pos += n
	return v, nil
}

func (r *reader) whole(k kind) (int64, *fault.Error) {
	v, err := r.varint()
	if err == nil && k == intKind && int64(int32(v)) != v {
		err = r.bad("%d is no int, which has 32 bits", v)
	}
	return v, err
}

// float reads a number; one of 32 bits is widened, which changes nothing.
func (r *reader) float(k kind) (float64, *fault.Error) {
	rest := r.b[r.pos:]
	if k == floatKind {
		if len(rest) < 4 {
			return 0, r.truncated()
		}
		r.pos += 4
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(rest))), nil
	}
	if len(rest) < 8 {
		return 0, r.truncated()
	}
	r.pos += 8
	return math.Float64frombits(binary.LittleEndian.Uint64(rest)), nil
}

func (r *reader) boolean() (bool, *fault.Error) {
	if r.pos == len(r.b) {
		return false, r.truncated()
	}
	c := r.b[r.pos]
	if c > 1 {
		return false, r.bad("a boolean is 0 or 1, not %d", c)
	}
	r.pos++
	return c == 1, nil
}

// take reads n bytes. They are part of the message.
func (r *reader) take(n int64) ([]byte, *fault.Error) {
	if n < 0 {
		return nil, r.bad("a length of %d", n)
	}
	if n > int64(len(r.b)-r.pos) {
		return nil, r.truncated()
	}
	b := r.b[r.pos : r.pos+int(n)]
	r.pos += int(n)
	return b, nil
}

// text reads a string, as it is.
func (r *reader) text() ([]byte, *fault.Error) {
	n, err := r.varint()
	if err != nil {
		return nil, err
	}
	return r.take(n)
}

func (r *reader) bytes(n *node) ([]byte, *fault.Error) {
	if n.kind == fixedKind {
		return r.take(int64(n.size))
	}
	return r.text()
}

func (r *reader) symbol(n *node) (int, *fault.Error) {
	i, err := r.varint()
	if err == nil && (i < 0 || i >= int64(len(n.symbols))) {
		err = r.bad("symbol %d of an enum of %d", i, len(n.symbols))
	}
	return int(i), err
}

func (r *reader) symbolOrText(n *node) ([]byte, *fault.Error) {
	if n.kind == stringKind {
		return r.text()
	}
	i, err := r.symbol(n)
	if err != nil {
		return nil, err
	}
	return n.symbols[i], nil
}

func (r *reader) branch(n *node) (int, *fault.Error) {
	i, err := r.varint()
	if err == nil && (i < 0 || i >= int64(len(n.branches))) {
		err = r.bad("branch %d of a union of %d", i, len(n.branches))
	}
	return int(i), err
}

// blocks reads an array or map, item by item.
func (r *reader) blocks(item func() *fault.Error) *fault.Error {
	if err := r.enter(); err != nil {
		return err
	}
	for {
		n, err := r.varint()
		if err != nil {
			return err
		}
		if n == 0 {
			r.depth--
			return nil
		}
		size, sized := int64(0), n < 0
		if sized {
			if n == math.MinInt64 {
				return r.bad("a block of %d items", n)
			}
			n = -n
			if size, err = r.varint(); err != nil {
				return err
			}
		}
		start := r.pos
		for ; n > 0; n-- {
			if err := r.count(); err != nil {
				return err
			}
			if err := item(); err != nil {
				return err
			}
		}
		if sized && int64(r.pos-start) != size {
			return r.bad("a block of %d bytes says that it has %d", r.pos-start, size)
		}
	}
}

// skip passes over a value that nobody asked for.
func (r *reader) skip(n *node) (err *fault.Error) {
	if err := r.count(); err != nil {
		return err
	}
	switch n.kind {
	case intKind, longKind:
		_, err = r.whole(n.kind)
	case floatKind:
		_, err = r.take(4)
	case doubleKind:
		_, err = r.take(8)
	case booleanKind:
		_, err = r.boolean()
	case stringKind, bytesKind, fixedKind:
		_, err = r.bytes(n)
	case enumKind:
		_, err = r.symbol(n)
	case unionKind:
		var i int
		if i, err = r.branch(n); err == nil {
			err = r.skip(n.branches[i])
		}
	case recordKind:
		if err = r.enter(); err != nil {
			return err
		}
		for i := 0; err == nil && i < len(n.fields); i++ {
			err = r.skip(n.fields[i].node)
		}
		r.depth--
	case arrayKind:
		err = r.blocks(func() *fault.Error { return r.skip(n.item) })
	case mapKind:
		err = r.blocks(func() *fault.Error {
			if _, err := r.text(); err != nil {
				return err
			}
			return r.skip(n.item)
		})
	}
	return err
}
