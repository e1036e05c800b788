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

// checkPlain checks that plain values of one width fill the n bytes that they have: a column whose levels are taken for
// values, or the other way round, shows here.
func (p *pages) checkPlain(h *pageHeader, n int) error {
	width := int64(0)
	switch t := p.descr.PhysicalType(); t {
	case pq.Types.ByteArray:
		return nil
	case pq.Types.Boolean:
		if want := (int64(h.values) + 7) / 8; int64(n) > want || p.descr.MaxDefinitionLevel() == 0 && int64(n) != want {
			return fmt.Errorf("%d booleans in %d bytes", h.values, n)
		}
		return nil
	case pq.Types.FixedLenByteArray:
		width = int64(p.descr.TypeLength())
	default:
		width = int64(t.ByteSize())
	}
	want := int64(h.values) * width
	if int64(n) > want || p.descr.MaxDefinitionLevel() == 0 && int64(n) != want || width > 0 && int64(n)%width != 0 {
		return fmt.Errorf("%d values of %d bytes each in %d bytes", h.values, width, n)
	}
	return nil
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
