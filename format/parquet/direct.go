package parquet

import (
	"encoding/binary"
	"errors"
	"math/bits"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	pq "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
)

// plainNumber is a type whose plain encoding is its memory.
type plainNumber interface {
	int32 | int64 | float32 | float64
}

// direct decodes a column of numbers from its pages, without the copies and allocations that arrow-go's readers need for
// it (BenchmarkDirect). It knows the encodings that nearly all files have: plain, and indices of a dictionary. From the first page
// of any other on, arrow-go's reader takes over until the row group ends.
type direct[T plainNumber] struct {
	pages  *pages
	maxDef int16

	dict   []T
	left   int // levels of the page that were not read
	levels hybrid
	plain  []byte // values of the page that were not read, if they are plain
	index  hybrid // likewise if they are indices
	kind   valueKind
	other  batcher[T]
	err    error
}

type valueKind uint8

const (
	plainValues valueKind = iota
	indexValues
)

// open begins a row group, that p has just opened.
func (d *direct[T]) open(p *pages) {
	d.pages, d.maxDef = p, p.descr.MaxDefinitionLevel()
	d.dict, d.left, d.other, d.err = d.dict[:0], 0, nil, nil
}

// Err gives the error that ended ReadBatchInPage.
func (d *direct[T]) Err() error {
	if d.other != nil {
		return d.other.Err()
	}
	return d.err
}

// ReadBatchInPage reads up to n levels from one page, and their values, as arrow-go's readers do.
func (d *direct[T]) ReadBatchInPage(n int64, values []T, defs, reps []int16) (total int64, got int, err error) {
	for d.left == 0 && d.other == nil {
		if !d.pages.Next() {
			d.err = d.pages.Err()
			return 0, 0, d.err
		}
		if err := d.page(); err != nil {
			d.err = err
			return 0, 0, err
		}
	}
	if d.other != nil {
		return d.other.ReadBatchInPage(n, values, defs, reps)
	}
	k := int(min(n, int64(d.left)))
	got = k
	if d.maxDef > 0 {
		if got, err = d.levels.levels(defs[:k], d.maxDef); err != nil {
			return 0, 0, err
		}
	}
	if d.kind == plainValues {
		dst := arrow.GetBytes(values[:got])
		if len(dst) > len(d.plain) {
			return 0, 0, errRuns
		}
		copy(dst, d.plain)
		d.plain = d.plain[len(dst):]
	} else if err := lookUp(&d.index, values[:got], d.dict); err != nil {
		return 0, 0, err
	}
	d.left -= k
	return int64(k), got, nil
}

// page begins the page that pages has come to.
func (d *direct[T]) page() error {
	var data []byte
	var encoding pq.Encoding
	levels := 0
	known := true
	switch p := d.pages.Page().(type) {
	case *file.DictionaryPage:
		return d.dictionary(p)
	case *file.DataPageV1:
		data, encoding = p.Data(), pq.Encoding(p.Encoding())
		if d.maxDef > 0 {
			known = p.DefinitionLevelEncoding() == pq.Encodings.RLE
			if known { // pages has checked that they are there
				levels = 4 + int(binary.LittleEndian.Uint32(data))
				d.levels.reset(data[4:levels], bits.Len16(uint16(d.maxDef)))
			}
		}
	case *file.DataPageV2:
		data, encoding = p.Data(), pq.Encoding(p.Encoding())
		rep := int(p.RepetitionLevelByteLen())
		levels = rep + int(p.DefinitionLevelByteLen())
		if rep < 0 || levels < rep || levels > len(data) {
			return errLevels
		}
		d.levels.reset(data[rep:levels], bits.Len16(uint16(d.maxDef)))
	}
	switch {
	case known && encoding == pq.Encodings.Plain:
		d.kind, d.plain = plainValues, data[levels:]
	case known && (encoding == pq.Encodings.RLEDict || encoding == pq.Encodings.PlainDict):
		if !d.pages.hasDict {
			return errors.New("a page of indices without a dictionary")
		}
		d.kind = indexValues
		d.index.reset(nil, 0)
		if data = data[levels:]; len(data) > 0 { // else there are nothing but nulls
			if data[0] > 32 {
				return errRuns
			}
			d.index.reset(data[1:], int(data[0]))
		}
	default:
		return d.handOver()
	}
	d.left = int(d.pages.Page().(file.DataPage).NumValues())
	return nil
}

// dictionary reads the row group's dictionary.
func (d *direct[T]) dictionary(p *file.DictionaryPage) error {
	if e := pq.Encoding(p.Encoding()); e != pq.Encodings.Plain && e != pq.Encodings.PlainDict {
		return errors.New("a dictionary that is not plain")
	}
	n := int(p.NumValues())
	if cap(d.dict) < n {
		d.dict = make([]T, n) // pages has checked that the page has as many
	}
	d.dict = d.dict[:n]
	copy(arrow.GetBytes(d.dict), p.Data())
	return nil
}

// handOver leaves the page, and all that follow, to arrow-go's reader.
func (d *direct[T]) handOver() error {
	again := &replay{pages: d.pages, first: []file.Page{d.pages.Page()}}
	if d.pages.hasDict {
		dict := file.NewDictionaryPage(memory.NewBufferBytes(d.pages.dict), int32(len(d.dict)), pq.Encodings.Plain)
		again.first = []file.Page{dict, d.pages.Page()}
	}
	var err error
	d.other, err = columnReader[T](again, d.pages)
	return err
}

// replay gives some pages once more before it goes on with those that follow.
type replay struct {
	*pages
	first []file.Page
	page  file.Page
}

// Next goes to the next page.
func (r *replay) Next() bool {
	if len(r.first) > 0 {
		r.page, r.first = r.first[0], r.first[1:]
		return true
	}
	ok := r.pages.Next()
	r.page = r.pages.Page()
	return ok
}

// Page gives the current page.
func (r *replay) Page() file.Page { return r.page }
