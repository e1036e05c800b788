package parquet

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// Format reads and writes Parquet files. The zero value is ready for use. Immutable, safe for concurrent use.
type Format struct {
	Options
}

var _ format.Format = Format{}

// Options are what can be chosen. The zero value is good for nearly every file.
type Options struct {
	// MaxPages is how many bytes the pages that must be in memory at once may take, in one Reader; 0 means 2 GiB. A
	// reader holds one page of every column that it reads, stored and decompressed, and the dictionaries of the row
	// group. A file that needs more is refused (fault.TooLarge). Files of common writers have pages of about 1 MiB.
	MaxPages int64
	// Allocator is where nested columns, and batches from which rows were dropped, take their memory from; nil means
	// memory.DefaultAllocator, that is Go's heap. Everything else lives in buffers that the reader owns.
	Allocator memory.Allocator
}

// Limits of what is read. Real files stay far below all of them.
const (
	defaultMaxPages = 2 << 30
	// maxFooter is where arrow-go's Thrift reader stops.
	maxFooter = 100 << 20
	// maxDepth is how deep structs, lists and maps may be nested: their readers call themselves.
	maxDepth = 64
	// maxPage is one page, stored or decompressed.
	maxPage = 1 << 30
	// maxPageHeader is a page's header with its statistics.
	maxPageHeader = 4 << 20
	// maxRowLevels is how many values one row of a nested column may have.
	maxRowLevels = 16 << 20
)

func (o Options) maxPages() int64 {
	if o.MaxPages > 0 {
		return o.MaxPages
	}
	return defaultMaxPages
}

func (o Options) allocator() memory.Allocator {
	if o.Allocator != nil {
		return o.Allocator
	}
	return memory.DefaultAllocator
}

// Name is "parquet".
func (Format) Name() string { return "parquet" }

// Describe reads the footer. Columns have their Arrow types, which the footer's own Arrow schema refines where there is
// one (time zones, dictionaries, durations); a struct, list or map is one column. Reader's columns may also name a leaf
// inside structs: "address.zip".
//
// Errors: fault.Corrupt for what is not Parquet, is truncated, encrypted or contradicts itself; fault.Unsupported for a
// compressed file and for types that Arrow does not have; fault.TooLarge over the limits; fault.Empty for no bytes and
// for no columns. A file without rows is fine here.
func (Format) Describe(_ context.Context, f *format.File) (l *format.Layout, err error) {
	defer guard(f.Name, &err)
	ft, err := readFooter(f)
	if err != nil {
		return nil, err
	}
	l = &format.Layout{}
	for i := range ft.manifest.Fields {
		field := ft.manifest.Fields[i].Field
		l.Columns = append(l.Columns, format.ColumnInfo{Name: field.Name, Type: field.Type})
	}
	return l, nil
}

// guard turns a panic of arrow-go, which trusts what it reads, into fault.Corrupt. It must be deferred itself.
func guard(source string, err *error) {
	if r := recover(); r != nil {
		*err = fault.New(fault.Corrupt, source, "the content makes no sense as Parquet: %v", r)
	}
}
