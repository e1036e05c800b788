package parquet

import (
	"encoding/binary"
	"errors"
)

// compact reads Thrift's compact protocol from a buffer, the little of it that Parquet needs. It allocates nothing and
// never reads past the buffer; the first error stays. See
// https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md.
type compact struct {
	buf []byte
	pos int
	err error
}

var (
	// errShort: the buffer ends inside the value; more bytes may help.
	errShort = errors.New("it ends too early")
	// errThrift: no number of bytes will help.
	errThrift = errors.New("it is not Thrift")
	errDeep   = errors.New("it is nested too deeply")
)

// Types of the compact protocol.
const (
	tStop   = 0
	tTrue   = 1
	tFalse  = 2
	tByte   = 3
	tI16    = 4
	tI32    = 5
	tI64    = 6
	tDouble = 7
	tBinary = 8
	tList   = 9
	tSet    = 10
	tMap    = 11
	tStruct = 12
	tUUID   = 13
)

func (c *compact) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

func (c *compact) byte() byte {
	if c.err != nil || c.pos >= len(c.buf) {
		c.fail(errShort)
		return 0
	}
	c.pos++
	return c.buf[c.pos-1]
}

func (c *compact) uvarint() uint64 {
	if c.err != nil {
		return 0
	}
	v, n := binary.Uvarint(c.buf[c.pos:])
	switch {
	case n == 0:
		c.fail(errShort)
		return 0
	case n < 0:
		c.fail(errThrift)
		return 0
	}
	c.pos += n
	return v
}

// varint is a zigzag varint: all of Thrift's whole numbers.
func (c *compact) varint() int64 {
	v := c.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// i32 is a varint that must fit.
func (c *compact) i32() int32 {
	v := c.varint()
	if v != int64(int32(v)) {
		c.fail(errThrift)
	}
	return int32(v)
}

func (c *compact) skipBytes(n uint64) {
	if c.err == nil && n > uint64(len(c.buf)-c.pos) {
		c.fail(errShort)
	}
	if c.err == nil {
		c.pos += int(n)
	}
}

// structure calls field with each field of the struct at the position. field must read or skip the value.
func (c *compact) structure(field func(id int16, typ byte)) {
	id := int16(0)
	for c.err == nil {
		head := c.byte()
		typ := head & 15
		if c.err != nil || typ == tStop {
			return
		}
		if delta := head >> 4; delta != 0 {
			id += int16(delta)
		} else {
			id = int16(c.varint())
		}
		field(id, typ)
	}
}

// list reads a list's head. A list that could not be in the bytes left is refused here, before anybody makes room for it.
func (c *compact) list() (typ byte, size int) {
	head := c.byte()
	n := uint64(head >> 4)
	if n == 15 {
		n = c.uvarint()
	}
	if c.err == nil && n > uint64(len(c.buf)-c.pos) {
		c.fail(errShort)
	}
	if c.err != nil {
		return 0, 0
	}
	return head & 15, int(n)
}

// skip passes over a value.
func (c *compact) skip(typ byte, depth int) {
	if depth > maxDepth {
		c.fail(errDeep)
	}
	if c.err != nil {
		return
	}
	switch typ {
	case tTrue, tFalse: // the value is in the type
	case tByte:
		c.byte()
	case tI16, tI32, tI64:
		c.uvarint()
	case tDouble:
		c.skipBytes(8)
	case tUUID:
		c.skipBytes(16)
	case tBinary:
		c.skipBytes(c.uvarint())
	case tList, tSet:
		elem, n := c.list()
		for ; n > 0 && c.err == nil; n-- {
			c.skipElement(elem, depth)
		}
	case tMap:
		n := c.uvarint()
		if n == 0 {
			return
		}
		types := c.byte()
		for ; n > 0 && c.err == nil; n-- {
			c.skipElement(types>>4, depth)
			c.skipElement(types&15, depth)
		}
	case tStruct:
		c.structure(func(_ int16, typ byte) { c.skip(typ, depth+1) })
	default:
		c.fail(errThrift)
	}
}

// skipElement passes over a value of a list or map, where a boolean takes a byte.
func (c *compact) skipElement(typ byte, depth int) {
	if typ == tTrue || typ == tFalse {
		c.byte()
		return
	}
	c.skip(typ, depth+1)
}
