package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// message reads the fields of one protobuf message, one after the other. It copies nothing.
//
// See protobuf.dev/programming-guides/encoding. Groups, which ONNX never had, are an error.
type message struct {
	rest []byte
	at   int    // how much of rest is read
	num  uint64 // the field's number
	wire uint8  // how it is written
	val  uint64 // of a varint or a fixed-width number
	data []byte // of a length-delimited field
	seen uint64 // fields that may occur once and did
	err  error
}

const (
	wireVarint = 0
	wire64     = 1
	wireBytes  = 2
	wire32     = 5
)

var errCut = errors.New("it ends in the middle of a field")

// next reads a field; false: there is none, or m.err says what is wrong.
func (m *message) next() bool {
	if m.err != nil || m.at >= len(m.rest) {
		return false
	}
	tag := m.uvarint()
	m.num, m.wire = tag>>3, uint8(tag&7)
	switch m.wire {
	case wireVarint:
		m.val = m.uvarint()
	case wire64:
		if len(m.rest)-m.at < 8 {
			m.fail(errCut)
			break
		}
		m.val = binary.LittleEndian.Uint64(m.rest[m.at:])
		m.at += 8
	case wire32:
		if len(m.rest)-m.at < 4 {
			m.fail(errCut)
			break
		}
		m.val = uint64(binary.LittleEndian.Uint32(m.rest[m.at:]))
		m.at += 4
	case wireBytes:
		n := m.uvarint()
		if n > uint64(len(m.rest)-m.at) {
			m.fail(errCut)
			break
		}
		end := m.at + int(n)
		m.data, m.at = m.rest[m.at:end:end], end
	default:
		m.fail(fmt.Errorf("field %d is written in the unknown way %d", m.num, m.wire))
	}
	if m.num == 0 {
		m.fail(errors.New("a field has number 0"))
	}
	return m.err == nil
}

func (m *message) uvarint() uint64 {
	if m.at < len(m.rest) && m.rest[m.at] < 0x80 {
		m.at++
		return uint64(m.rest[m.at-1])
	}
	v, n := binary.Uvarint(m.rest[m.at:])
	if n <= 0 {
		m.fail(errCut)
		return 0
	}
	m.at += n
	return v
}

func (m *message) fail(err error) {
	if m.err == nil {
		m.err = err
	}
}

// once notes a field that may occur once only.
func (m *message) once() {
	bit := uint64(1) << (m.num & 63)
	if m.seen&bit != 0 {
		m.fail(fmt.Errorf("field %d occurs twice", m.num))
	}
	m.seen |= bit
}

func (m *message) is(wire uint8) bool {
	if m.wire != wire {
		m.fail(fmt.Errorf("field %d is not written as its type is", m.num))
	}
	return m.err == nil
}

// unknown refuses a field that ONNX does not have, or that this package has no use for.
func (m *message) unknown() { m.fail(unknownField(m.num)) }

type unknownField uint64

func (u unknownField) Error() string {
	return fmt.Sprintf("it has a field %d, which is not known", uint64(u))
}

func (m *message) integer() int64 {
	m.once()
	if !m.is(wireVarint) {
		return 0
	}
	return int64(m.val)
}

func (m *message) float() float32 {
	m.once()
	if !m.is(wire32) {
		return 0
	}
	return math.Float32frombits(uint32(m.val))
}

func (m *message) bytes() []byte {
	if !m.is(wireBytes) {
		return nil
	}
	return m.data
}

func (m *message) text() string {
	m.once()
	return string(m.bytes())
}

// The lists below append one number, or a packed run of them.

func (m *message) integers(to []int64) []int64 {
	if m.wire == wireVarint {
		return append(to, int64(m.val))
	}
	if !m.is(wireBytes) {
		return to
	}
	n := 0
	for _, b := range m.data {
		if b < 0x80 {
			n++
		}
	}
	to = grow(to, n)
	for data := m.data; len(data) > 0; {
		v, n := binary.Uvarint(data)
		if n <= 0 {
			m.fail(errCut)
			break
		}
		to, data = append(to, int64(v)), data[n:]
	}
	return to
}

func (m *message) floats(to []float32) []float32 {
	if m.wire == wire32 {
		return append(to, math.Float32frombits(uint32(m.val)))
	}
	if !m.is(wireBytes) {
		return to
	}
	if len(m.data)%4 != 0 {
		m.fail(errCut)
		return to
	}
	to = grow(to, len(m.data)/4)
	for data := m.data; len(data) > 0; data = data[4:] {
		to = append(to, math.Float32frombits(binary.LittleEndian.Uint32(data)))
	}
	return to
}

func (m *message) doubles(to []float64) []float64 {
	if m.wire == wire64 {
		return append(to, math.Float64frombits(m.val))
	}
	if !m.is(wireBytes) {
		return to
	}
	if len(m.data)%8 != 0 {
		m.fail(errCut)
		return to
	}
	to = grow(to, len(m.data)/8)
	for data := m.data; len(data) > 0; data = data[8:] {
		to = append(to, math.Float64frombits(binary.LittleEndian.Uint64(data)))
	}
	return to
}

// grow makes room for n more, exactly that many if there were none.
func grow[T any](s []T, n int) []T {
	if s == nil {
		return make([]T, 0, n)
	}
	return s
}
