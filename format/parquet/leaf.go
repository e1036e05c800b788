package parquet

import (
	"errors"
	"fmt"
	"sync"

	"github.com/apache/arrow-go/v18/arrow/memory"
	pq "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
)

// leaf is a flat column of the file, one that is not inside a list or map: what all of fixed, fixedBytes and texts have.
type leaf struct {
	pages
	column int
	maxDef int16
	// defs are the definition levels of the rows loaded: maxDef where there is a value. Unused if maxDef is 0.
	defs []int16
}

func newLeaf(ft *footer, column int, b *budget) leaf {
	descr := ft.meta.Schema.Column(column)
	return leaf{pages: pages{file: ft.file, descr: descr, budget: b}, column: column, maxDef: descr.MaxDefinitionLevel()}
}

// levels gives room for the definition levels of n rows.
func (l *leaf) levels(n int) []int16 {
	if l.maxDef == 0 {
		return nil
	}
	if cap(l.defs) < n {
		l.defs = make([]int16, n)
	}
	l.defs = l.defs[:n]
	return l.defs
}

// present says which of the loaded rows have a value.
func (l *leaf) present() presence { return presence{defs: &l.defs, highest: l.maxDef} }

// path is the column's name for messages.
func (l *leaf) path() string { return l.descr.Path() }

// batcher is one of arrow-go's column readers, whose values are of type T.
type batcher[T any] interface {
	ReadBatchInPage(batchSize int64, values []T, defLvls, repLvls []int16) (total int64, valuesRead int, err error)
	Err() error
}

var columnBuffers = sync.Pool{New: func() any { return memory.NewResizableBuffer(memory.DefaultAllocator) }}

// openColumn goes to a row group and gives arrow-go's reader for it.
func openColumn[T any](p *pages, ft *footer, group, column int) (batcher[T], error) {
	if err := p.open(ft, group, column); err != nil {
		return nil, err
	}
	return columnReader[T](p, p)
}

// columnReader gives arrow-go's reader of a column for the pages of from, which are those of p.
func columnReader[T any](from file.PageReader, p *pages) (batcher[T], error) {
	// The one way to give a column reader pages of one's own. It is deprecated for being easy to misuse (the pages must be
	// of one column chunk), not for having a successor.
	//lint:ignore SA1019 see above
	r, ok := file.NewColumnReader(p.descr, from, memory.DefaultAllocator, &columnBuffers).(batcher[T])
	if !ok {
		return nil, fmt.Errorf("no reader for %s", p.descr.PhysicalType())
	}
	return r, nil
}

var errColumnEnds = errors.New("its pages end before its rows do")

// step reads up to n levels and their values, at least one, from one page. It checks what arrow-go does not: that there
// are as many values as the levels say, and that it moves at all.
func step[T any](r batcher[T], values []T, defs, reps []int16, n int, maxDef int16) (levels, got int, err error) {
	total, got, err := r.ReadBatchInPage(int64(n), values, defs, reps)
	if err == nil && total <= 0 {
		if err = r.Err(); err == nil {
			err = errColumnEnds
		}
	}
	if err != nil {
		return 0, 0, err
	}
	want := int(total)
	if maxDef > 0 && got < want {
		want = 0
		for _, d := range defs[:total] {
			if d > maxDef || d < 0 {
				return 0, 0, fmt.Errorf("a definition level of %d, the highest is %d", d, maxDef)
			}
			if d == maxDef {
				want++
			}
		}
	}
	if got != want {
		return 0, 0, fmt.Errorf("a page has %d values instead of %d", got, want)
	}
	return int(total), got, nil
}

// loader is a source whose rows are all of one size.
type loader interface {
	open(ft *footer, group int) error
	// load makes the next n rows the loaded ones.
	load(n int) error
	path() string
}

// fixed is a flat column of numbers or booleans.
type fixed[T any] struct {
	leaf
	r    batcher[T]
	vals []T // the values of the rows loaded, without nulls
	// own reads the column, if it is not nil, and not arrow-go.
	own interface {
		batcher[T]
		open(p *pages)
	}
}

func (f *fixed[T]) open(ft *footer, group int) (err error) {
	if f.own != nil {
		if err := f.pages.open(ft, group, f.column); err != nil {
			return err
		}
		f.own.open(&f.pages)
		f.r = f.own
		return nil
	}
	f.r, err = openColumn[T](&f.pages, ft, group, f.column)
	return err
}

func (f *fixed[T]) load(n int) error {
	if cap(f.vals) < n {
		f.vals = make([]T, n)
	}
	vals, defs := f.vals[:n], f.levels(n)
	rows, count := 0, 0
	for rows < n {
		var d []int16
		if defs != nil {
			d = defs[rows:]
		}
		levels, got, err := step(f.r, vals[count:], d, nil, n-rows, f.maxDef)
		if err != nil {
			return err
		}
		rows += levels
		count += got
	}
	f.vals = vals[:count]
	return nil
}

// fixedBytes is a flat column of byte arrays of one length.
type fixedBytes struct {
	leaf
	r     batcher[pq.FixedLenByteArray]
	width int
	slots []pq.FixedLenByteArray
	data  []byte // the values of the rows loaded, without nulls
	count int
}

func (f *fixedBytes) open(ft *footer, group int) (err error) {
	f.r, err = openColumn[pq.FixedLenByteArray](&f.pages, ft, group, f.column)
	return err
}

func (f *fixedBytes) load(n int) error {
	if cap(f.slots) < n {
		f.slots = make([]pq.FixedLenByteArray, n)
	}
	defs := f.levels(n)
	f.data, f.count = f.data[:0], 0
	for rows := 0; rows < n; {
		var d []int16
		if defs != nil {
			d = defs[rows:]
		}
		levels, got, err := step(f.r, f.slots[:n-rows], d, nil, n-rows, f.maxDef)
		if err != nil {
			return err
		}
		for _, v := range f.slots[:got] { // they point into the page
			if len(v) != f.width {
				return fmt.Errorf("a value of %d bytes instead of %d", len(v), f.width)
			}
			f.data = append(f.data, v...)
		}
		rows += levels
		f.count += got
	}
	return nil
}
