package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	pq "github.com/apache/arrow-go/v18/parquet"
)

// checkEncoding checks that the page has an encoding that is read, and what can be known of its values beforehand.
func (p *pages) checkEncoding(h *pageHeader, page []byte) error {
	e := h.encoding()
	if !readable(p.descr.PhysicalType(), e) {
		return fmt.Errorf("%w: %s of %s", errEncoding, e, p.descr.PhysicalType())
	}
	levels, err := p.levelBytes(h, page)
	if err != nil {
		return err
	}
	switch e {
	case pq.Encodings.Plain:
		return p.checkPlain(h, len(page)-levels)
	case pq.Encodings.DeltaBinaryPacked, pq.Encodings.DeltaLengthByteArray, pq.Encodings.DeltaByteArray:
		if levels == len(page) { // nothing but nulls
			return nil
		}
		if e != pq.Encodings.DeltaBinaryPacked { // the lengths of all values, of their prefixes too
			if err := p.decoding(8 * int64(h.values)); err != nil {
				return err
			}
		}
		return checkDelta(e, page[levels:], int(h.values))
	}
	return nil
}

var errLevels = errors.New("its levels are longer than its page")

// levelBytes is how long the levels are that come before a page's values.
func (p *pages) levelBytes(h *pageHeader, page []byte) (int, error) {
	if h.typ == dataPageV2 {
		return int(h.defBytes + h.repBytes), nil
	}
	levels := 0
	for _, l := range []struct {
		highest  int16
		encoding int32
	}{{p.descr.MaxRepetitionLevel(), h.repEncoding}, {p.descr.MaxDefinitionLevel(), h.defEncoding}} {
		if l.highest == 0 {
			continue
		}
		n := (int64(h.values)*int64(bits.Len16(uint16(l.highest))) + 7) / 8
		if pq.Encoding(l.encoding) == pq.Encodings.RLE {
			if len(page)-levels < 4 {
				return 0, errLevels
			}
			n = 4 + int64(binary.LittleEndian.Uint32(page[levels:]))
		}
		if n > int64(len(page)-levels) {
			return 0, errLevels
		}
		levels += int(n)
	}
	return levels, nil
}

// fastparquet leaves so many bytes behind the values of a page.
const padding = 8

// checkPlain checks that plain values of one width fill the n bytes that they have: a column whose levels are taken for
// values, or the other way round, shows here.
func (p *pages) checkPlain(h *pageHeader, n int) error {
	t := p.descr.PhysicalType()
	width := int64(1)
	switch t {
	case pq.Types.ByteArray:
		return nil
	case pq.Types.Boolean:
	case pq.Types.FixedLenByteArray:
		width = max(1, int64(p.descr.TypeLength()))
	default:
		width = int64(t.ByteSize())
	}
	want := int64(h.values) * width
	if t == pq.Types.Boolean {
		want = (int64(h.values) + 7) / 8
	}
	for _, size := range [2]int64{int64(n), int64(n) - padding} {
		if size == want || p.descr.MaxDefinitionLevel() > 0 && 0 <= size && size < want && size%width == 0 {
			return nil
		}
	}
	return fmt.Errorf("%d values of %s in %d bytes", h.values, t, n)
}

var errEncoding = errors.New("an encoding that is not read")

// readable reports whether arrow-go has a decoder; it panics where it has none.
func readable(t pq.Type, e pq.Encoding) bool {
	switch e {
	case pq.Encodings.Plain:
		return true
	case pq.Encodings.PlainDict, pq.Encodings.RLEDict:
		return t != pq.Types.Boolean
	case pq.Encodings.RLE:
		return t == pq.Types.Boolean
	case pq.Encodings.DeltaBinaryPacked:
		return t == pq.Types.Int32 || t == pq.Types.Int64
	case pq.Encodings.DeltaLengthByteArray, pq.Encodings.DeltaByteArray:
		return t == pq.Types.ByteArray
	case pq.Encodings.ByteStreamSplit:
		return t == pq.Types.Int32 || t == pq.Types.Int64 || t == pq.Types.Float || t == pq.Types.Double || t == pq.Types.FixedLenByteArray
	}
	return false
}
