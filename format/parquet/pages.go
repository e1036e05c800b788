package parquet

import (
	"errors"
	"fmt"
	"hash/crc32"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow/memory"
	pq "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// pages reads the pages of one column, one row group after the other, for arrow-go's column readers. Unlike arrow-go's own
// page reader it checks what it hands on: the checksums of pages that have one, that sizes are possible before it makes
// room for them, that dictionaries and delta encodings do not ask for more room than their bytes can fill, and that the
// pages of a row group have as many values together as its metadata say.
type pages struct {
	file   *format.File
	descr  *schema.Column
	budget *budget

	codec   compress.Compression
	ratio   int64
	off     int64  // where the bytes after window begin in the file
	end     int64  // where the column's bytes end
	window  []byte // read, but not used yet: a part of buf
	buf     []byte
	packed  []byte // a stored page that was not in window as a whole
	data    []byte // the page handed on
	dict    []byte // the row group's dictionary
	total   int64  // values of the row group
	seen    int64  // values in the pages handed on
	hasDict bool
	decoder int64 // bytes that the decoder needs besides, at most so far
	page    file.Page
	err     error
}

var _ file.PageReader = (*pages)(nil)

const windowSize = 64 << 10

// budget is the memory that all columns of a reader share for pages.
type budget struct{ left int64 }

func (b *budget) take(n int64) error {
	if b.left -= n; b.left < 0 {
		return errBudget
	}
	return nil
}

var errBudget = errors.New("the pages of all columns together take more memory than Options.MaxPages")

// open goes to the pages of a row group.
func (p *pages) open(ft *footer, group, column int) error {
	from, to, err := ft.chunk(group, column)
	if err != nil {
		return err
	}
	m := ft.meta.RowGroups[group].Columns[column].MetaData
	p.codec = compress.Compression(m.Codec)
	if p.ratio, err = maxRatio(p.codec); err != nil {
		return fault.New(fault.Unsupported, ft.file.Name, "row group %d, column %s: %w", group, p.descr.Path(), err)
	}
	p.off, p.end, p.window = from, to, nil
	p.total, p.seen, p.hasDict, p.page, p.err = m.NumValues, 0, false, nil, nil
	return nil
}

// slack is left behind the bytes of every buffer. arrow-go takes pointers to values at the end of a page even if there is
// none any more, which Go's checkptr forbids beyond an allocation.
const slack = 16

// grow gives a buffer of n bytes in place of b, whose content is lost.
func (p *pages) grow(b []byte, n int) ([]byte, error) {
	if n+slack <= cap(b) {
		return b[:n], nil
	}
	if err := p.budget.take(int64(n + slack - cap(b))); err != nil {
		return nil, err
	}
	return make([]byte, n, n+slack), nil
}

// decoding takes what arrow-go's decoder will need for a page or dictionary.
func (p *pages) decoding(n int64) error {
	if n <= p.decoder {
		return nil
	}
	defer func() { p.decoder = n }()
	return p.budget.take(n - p.decoder)
}

// peek makes at least n bytes of the column visible in window, or all that are left.
func (p *pages) peek(n int) error {
	n = int(min(int64(n), int64(len(p.window))+p.end-p.off))
	if len(p.window) >= n {
		return nil
	}
	size := int(min(int64(max(n, windowSize)), int64(len(p.window))+p.end-p.off))
	if size+slack > cap(p.buf) {
		if err := p.budget.take(int64(size + slack - cap(p.buf))); err != nil {
			return err
		}
		next := make([]byte, size+slack)
		copy(next, p.window)
		p.buf = next
	} else {
		copy(p.buf[:size], p.window)
	}
	have := len(p.window)
	if err := readAt(p.file, p.buf[have:size], p.off); err != nil {
		return err
	}
	p.off += int64(size - have)
	p.window = p.buf[:size]
	return nil
}

// header reads the next page's header.
func (p *pages) header() (h pageHeader, err error) {
	for want := 1 << 10; ; want *= 4 {
		if err := p.peek(want); err != nil {
			return h, err
		}
		h, size, err := readPageHeader(p.window)
		if err == nil {
			p.window = p.window[size:]
			return h, h.check(int64(len(p.window))+p.end-p.off, p.ratio)
		}
		if !errors.Is(err, errShort) || p.off == p.end || want >= maxPageHeader {
			return h, errPageHeader
		}
	}
}

// body gives the n stored bytes of a page, valid until the next call.
func (p *pages) body(n int) ([]byte, error) {
	if n <= len(p.window) {
		b := p.window[:n]
		p.window = p.window[n:]
		return b, nil
	}
	var err error
	if p.packed, err = p.grow(p.packed, n); err != nil {
		return nil, err
	}
	have := copy(p.packed, p.window)
	p.window = nil
	if err := readAt(p.file, p.packed[have:], p.off); err != nil {
		return nil, err
	}
	p.off += int64(n - have)
	return p.packed, nil
}

// Next goes to the next page that has values or is a dictionary.
func (p *pages) Next() bool {
	p.page = nil
	for p.err == nil && p.page == nil {
		if p.seen == p.total {
			return false
		}
		p.err = p.next()
	}
	return p.err == nil
}

func (p *pages) next() error {
	if len(p.window) == 0 && p.off == p.end {
		return fmt.Errorf("its pages have %d values instead of %d", p.seen, p.total)
	}
	h, err := p.header()
	if err != nil {
		return err
	}
	stored, err := p.body(int(h.stored))
	if err != nil {
		return err
	}
	if h.hasCRC && crc32.ChecksumIEEE(stored) != h.crc {
		return errors.New("a page's checksum is wrong: its bytes were changed after they were written")
	}
	switch h.typ {
	case dictionaryPage:
		return p.dictionary(&h, stored)
	case dataPage, dataPageV2:
		return p.values(&h, stored)
	}
	return nil // index pages, and what later versions may add
}

func (p *pages) dictionary(h *pageHeader, stored []byte) (err error) {
	if p.hasDict || p.seen > 0 {
		return errors.New("a dictionary in the wrong place")
	}
	p.hasDict = true
	if p.dict, err = p.grow(p.dict, int(h.unpacked)); err != nil {
		return err
	}
	if err := p.unpack(p.dict, stored); err != nil {
		return err
	}
	width := int64(4)                       // the length of a byte array
	decoded := int64(unsafe.Sizeof(p.dict)) // a slice
	switch t := p.descr.PhysicalType(); t {
	case pq.Types.ByteArray:
	case pq.Types.FixedLenByteArray:
		width = int64(p.descr.TypeLength())
	case pq.Types.Boolean:
		return errors.New("a dictionary of booleans")
	default:
		width = int64(t.ByteSize())
		decoded = width
	}
	if int64(h.values)*max(width, 1) > int64(len(p.dict)) {
		return fmt.Errorf("a dictionary of %d values in %d bytes", h.values, len(p.dict))
	}
	if err := p.decoding(int64(h.values) * decoded); err != nil {
		return err
	}
	p.page = file.NewDictionaryPage(memory.NewBufferBytes(p.dict), h.values, h.encoding())
	return nil
}

func (p *pages) values(h *pageHeader, stored []byte) (err error) {
	if int64(h.values) > p.total-p.seen {
		return fmt.Errorf("its pages have more values than the %d that it is said to have", p.total)
	}
	p.seen += int64(h.values)
	if h.values == 0 {
		return nil
	}
	plain := p.codec == compress.Codecs.Uncompressed || h.typ == dataPageV2 && !h.compressed
	if plain && h.stored != h.unpacked {
		return fmt.Errorf("a page that is not compressed has %d bytes stored and %d read", h.stored, h.unpacked)
	}
	page := stored
	if !plain {
		if p.data, err = p.grow(p.data, int(h.unpacked)); err != nil {
			return err
		}
		page = p.data
		levels := 0
		if h.typ == dataPageV2 { // whose levels are never compressed
			levels = int(h.defBytes + h.repBytes)
			copy(page, stored[:levels])
		}
		if err := p.unpack(page[levels:], stored[levels:]); err != nil {
			return err
		}
	}
	if err := p.checkEncoding(h, page); err != nil {
		return err
	}
	buf := memory.NewBufferBytes(page)
	if h.typ == dataPage {
		p.page = file.NewDataPageV1(buf, h.values, h.encoding(), pq.Encoding(h.defEncoding), pq.Encoding(h.repEncoding), h.unpacked)
	} else {
		p.page = file.NewDataPageV2(buf, h.values, h.nulls, h.rows, h.encoding(), h.defBytes, h.repBytes, h.unpacked, h.compressed)
	}
	return nil
}

func (p *pages) unpack(dst, src []byte) error {
	if len(dst) == 0 { // some writers leave src empty then, which no codec takes
		return nil
	}
	if err := decompress(p.codec, dst, src); err != nil {
		return fmt.Errorf("a page does not decompress: %w", err)
	}
	return nil
}

// Page gives the current page.
func (p *pages) Page() file.Page { return p.page }

// Err gives the error that ended Next.
func (p *pages) Err() error { return p.err }

// Close does nothing: the buffers serve the next row group.
func (p *pages) Close() error { return nil }

// GetDictionaryPage has nothing to give: the dictionary is the first page.
func (p *pages) GetDictionaryPage() (*file.DictionaryPage, error) { return nil, nil }

// SetMaxPageHeaderSize does nothing: the limit is maxPageHeader.
func (p *pages) SetMaxPageHeaderSize(int) {}

// SeekToPageWithRow is not for this reader.
func (p *pages) SeekToPageWithRow(int64) error { return errors.ErrUnsupported }

// Reset is not for this reader.
func (p *pages) Reset(pq.BufferedReader, int64, compress.Compression, *file.CryptoContext) {
	p.err = errors.ErrUnsupported
}
