package parquet

import (
	"errors"
	"fmt"

	pq "github.com/apache/arrow-go/v18/parquet"
)

// Types of pages, from parquet.thrift.
const (
	dataPage       = 0
	indexPage      = 1
	dictionaryPage = 2
	dataPageV2     = 3
)

// pageHeader is the PageHeader of parquet.thrift, without statistics.
type pageHeader struct {
	typ              int32
	stored, unpacked int32 // sizes of the page without this header
	crc              uint32
	hasCRC           bool

	values                   int32
	enc                      int32
	defEncoding, repEncoding int32 // version 1
	nulls, rows              int32 // version 2
	defBytes, repBytes       int32 // version 2
	compressed               bool  // version 2
	kind                     int32 // the header of which type of page there was; -1: none
}

var errPageHeader = errors.New("the page's header is broken")

// readPageHeader reads the header at the beginning of b and says how long it is. errShort means that b is too short.
func readPageHeader(b []byte) (h pageHeader, size int, err error) {
	c := &compact{buf: b}
	h.compressed, h.kind, h.typ, h.stored, h.unpacked = true, -1, -1, -1, -1
	c.structure(func(id int16, typ byte) {
		switch {
		case id == 1 && typ == tI32:
			h.typ = c.i32()
		case id == 2 && typ == tI32:
			h.unpacked = c.i32()
		case id == 3 && typ == tI32:
			h.stored = c.i32()
		case id == 4 && typ == tI32:
			h.crc, h.hasCRC = uint32(c.i32()), true
		case id == 5 && typ == tStruct:
			h.kind = dataPage
			h.read(c, &h.values, &h.enc, &h.defEncoding, &h.repEncoding)
		case id == 7 && typ == tStruct:
			h.kind = dictionaryPage
			h.read(c, &h.values, &h.enc)
		case id == 8 && typ == tStruct:
			h.kind = dataPageV2
			h.read(c, &h.values, &h.nulls, &h.rows, &h.enc, &h.defBytes, &h.repBytes)
		default:
			c.skip(typ, 1)
		}
	})
	if c.err != nil {
		return h, 0, c.err
	}
	return h, c.pos, nil
}

func (h *pageHeader) encoding() pq.Encoding { return pq.Encoding(h.enc) }

// read reads a struct whose fields 1, 2, 3... are numbers, and field 7 of version 2, which is a boolean.
func (h *pageHeader) read(c *compact, fields ...*int32) {
	c.structure(func(id int16, typ byte) {
		switch {
		case typ == tI32 && id >= 1 && int(id) <= len(fields):
			*fields[id-1] = c.i32()
		case id == 7 && h.kind == dataPageV2 && (typ == tTrue || typ == tFalse):
			h.compressed = typ == tTrue
		default:
			c.skip(typ, 2)
		}
	})
}

// check says what of the header cannot be. left is how many bytes the column has after the header.
func (h *pageHeader) check(left int64, ratio int64) error {
	if h.stored < 0 || h.unpacked < 0 || h.values < 0 {
		return errPageHeader
	}
	if int64(h.stored) > left {
		return fmt.Errorf("a page of %d bytes is said to be in the %d bytes that the column has left", h.stored, left)
	}
	if h.stored > maxPage || h.unpacked > maxPage {
		return fmt.Errorf("a page of %d bytes, the limit is %d", max(h.stored, h.unpacked), maxPage)
	}
	if int64(h.unpacked) > int64(h.stored)*ratio+64<<10 {
		return fmt.Errorf("a page of %d bytes is said to have been compressed to %d, which is not possible", h.unpacked, h.stored)
	}
	switch h.typ {
	case dataPage, dictionaryPage:
		if h.kind != h.typ {
			return errPageHeader
		}
	case dataPageV2:
		if h.kind != h.typ || h.defBytes < 0 || h.repBytes < 0 || int64(h.defBytes)+int64(h.repBytes) > int64(min(h.stored, h.unpacked)) ||
			h.nulls < 0 || h.nulls > h.values || h.rows < 0 || h.rows > h.values {
			return errPageHeader
		}
	}
	return nil
}
