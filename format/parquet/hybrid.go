package parquet

import (
	"encoding/binary"
	"errors"
)

// hybrid reads Parquet's runs of repeated and of bit-packed values: definition levels and indices of a dictionary. It
// never reads beyond its data, whatever they say.
type hybrid struct {
	data  []byte
	width int // bits of a value, at most 32

	run    int    // values left of the run
	value  uint32 // of a run of repeated values
	packed bool
	bits   []byte // of a run of packed values
	bit    int    // where in bits the next value is
}

var errRuns = errors.New("a page's levels or indices end before its values do")

func (h *hybrid) reset(data []byte, width int) { *h = hybrid{data: data, width: width} }

// next goes to the next run that has values.
func (h *hybrid) next() error {
	for h.run == 0 {
		head, n := binary.Uvarint(h.data)
		if n <= 0 || head>>1 > 1<<31 {
			return errRuns
		}
		h.data = h.data[n:]
		h.packed = head&1 != 0
		if h.packed && h.width > 0 {
			groups := int(min(head>>1, 1<<27)) // of eight values, which take width bytes; no page has as many
			size := groups * h.width
			h.run = 8 * groups
			if groups > len(h.data)/h.width { // the last run may lack what nobody needs
				size = len(h.data)
				if h.run = 8 * size / h.width; h.run == 0 {
					return errRuns
				}
			}
			h.bits, h.bit, h.data = h.data[:size], 0, h.data[size:]
			continue
		}
		if h.packed { // values without a bit
			h.packed = false
			h.run, h.value = 8*int(min(head>>1, 1<<27)), 0
			continue
		}
		size := (h.width + 7) / 8
		if size > len(h.data) {
			return errRuns
		}
		h.run, h.value = int(head>>1), 0
		for i, b := range h.data[:size] {
			h.value |= uint32(b) << (8 * i)
		}
		h.data = h.data[size:]
	}
	return nil
}

// word gives at least 57 bits from bit on; those behind the end are 0.
func (h *hybrid) word(bit int) uint64 {
	at := bit >> 3
	if at+8 <= len(h.bits) {
		return binary.LittleEndian.Uint64(h.bits[at:]) >> (bit & 7)
	}
	w := uint64(0)
	for i, b := range h.bits[min(at, len(h.bits)):] {
		w |= uint64(b) << (8 * i)
	}
	return w >> (bit & 7)
}

// levels reads as many values as dst has, none of which may be over highest, and counts those that are highest.
func (h *hybrid) levels(dst []int16, highest int16) (count int, err error) {
	for len(dst) > 0 {
		if err := h.next(); err != nil {
			return 0, err
		}
		n := min(h.run, len(dst))
		part := dst[:n]
		dst = dst[n:]
		h.run -= n
		if !h.packed {
			if h.value > uint32(highest) {
				return 0, errLevel
			}
			level := int16(h.value)
			for i := range part {
				part[i] = level
			}
			if level == highest {
				count += n
			}
			continue
		}
		mask, each := uint64(1)<<h.width-1, 56/h.width
		for len(part) > 0 {
			w := h.word(h.bit)
			some := part[:min(each, len(part))]
			part = part[len(some):]
			for i := range some {
				level := int16(w & mask)
				w >>= h.width
				if level > highest {
					return 0, errLevel
				}
				some[i] = level
				count += int(bit(level == highest))
			}
			h.bit += len(some) * h.width
		}
	}
	return count, nil
}

var (
	errLevel = errors.New("a definition level is over the highest")
	errIndex = errors.New("an index is beyond the dictionary")
)

// lookUp reads as many indices as dst has and puts the values of dict there.
func lookUp[T any](h *hybrid, dst, dict []T) error {
	for len(dst) > 0 {
		if err := h.next(); err != nil {
			return err
		}
		n := min(h.run, len(dst))
		part := dst[:n]
		dst = dst[n:]
		h.run -= n
		if !h.packed {
			if uint64(h.value) >= uint64(len(dict)) {
				return errIndex
			}
			v := dict[h.value]
			for i := range part {
				part[i] = v
			}
			continue
		}
		mask, each := uint64(1)<<h.width-1, 56/h.width
		for len(part) > 0 {
			w := h.word(h.bit)
			some := part[:min(each, len(part))]
			part = part[len(some):]
			for i := range some {
				at := w & mask
				w >>= h.width
				if at >= uint64(len(dict)) {
					return errIndex
				}
				some[i] = dict[at]
			}
			h.bit += len(some) * h.width
		}
	}
	return nil
}
