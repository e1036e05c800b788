package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	pq "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// footer is a file's footer, checked: every row group has every column, every column's bytes lie in the file, and the
// counts of rows agree.
type footer struct {
	file     *format.File
	meta     *metadata.FileMetaData
	manifest *pqarrow.SchemaManifest
	// first[i] is how many rows come before row group i; the last element is all of them.
	first []int64
	// starts[i] is where row group i begins in the file. starts[0] is 0 and the last element is the file's size, so that
	// the row groups share out every byte of the file, footer and indexes included.
	starts []int64
	// end is where the footer begins.
	end int64
}

func (ft *footer) groups() int { return len(ft.first) - 1 }

func (ft *footer) rows(group int) int64 { return ft.first[group+1] - ft.first[group] }

func (ft *footer) corrupt(msg string, args ...any) *fault.Error {
	return fault.New(fault.Corrupt, ft.file.Name, msg, args...)
}

const magic, encryptedMagic = "PAR1", "PARE"

// readFooter reads and checks the footer.
func readFooter(f *format.File) (*footer, error) {
	if f.Codec != format.Plain {
		return nil, fault.New(fault.Unsupported, f.Name, "a Parquet file inside %s", f.Codec).
			WithHint("decompress it: Parquet compresses its own content")
	}
	ft := &footer{file: f}
	data, err := ft.bytes()
	if err != nil {
		return nil, err
	}
	if known := footers.find(data, f.Size); known != nil {
		ft := *known
		ft.file = f
		return &ft, nil
	}
	if err := ft.parse(data); err != nil {
		return nil, err
	}
	footers.keep(data, f.Size, *ft)
	return ft, nil
}

// parse makes sense of the footer's bytes.
func (ft *footer) parse(data []byte) (err error) {
	f := ft.file
	if err := checkThrift(data); err != nil {
		if errors.Is(err, errTooWide) {
			return &fault.Error{Code: fault.TooLarge, Source: f.Name, Err: err}
		}
		return ft.corrupt("the footer is damaged: %w", err)
	}
	if ft.meta, err = metadata.NewFileMetaData(data, nil); err != nil {
		return ft.corrupt("the footer is damaged: %w", err)
	}
	ft.meta.SetSourceFileSize(f.Size)
	if ft.meta.IsSetEncryptionAlgorithm() {
		return ft.encrypted()
	}
	if ft.meta.Schema.Root().NumFields() == 0 {
		return fault.New(fault.Empty, f.Name, "no columns")
	}
	if err := ft.arrowTypes(); err != nil {
		return err
	}
	return ft.rowGroups()
}

func (ft *footer) encrypted() *fault.Error {
	return ft.corrupt("the file is encrypted").WithHint("decrypt it first: glulam takes no keys")
}

// bytes reads the footer as it stands.
func (ft *footer) bytes() ([]byte, error) {
	f := ft.file
	if f.Size == 0 {
		return nil, fault.New(fault.Empty, f.Name, "no bytes, not even a footer")
	}
	if f.Size < 12 {
		return nil, ft.corrupt("not a Parquet file: it has only %d bytes", f.Size)
	}
	head, tail := make([]byte, 4), make([]byte, 8)
	if err := readAt(f, head, 0); err != nil {
		return nil, err
	}
	if err := readAt(f, tail, f.Size-8); err != nil {
		return nil, err
	}
	if string(tail[4:]) == encryptedMagic {
		return nil, ft.encrypted()
	}
	if string(tail[4:]) != magic {
		if string(head) == magic || string(head) == encryptedMagic {
			return nil, ft.corrupt("the file is cut off: a Parquet file ends with its footer, and this one has none").
				WithHint("write or copy it again")
		}
		return nil, ft.corrupt("not a Parquet file: it neither begins nor ends with %s", magic)
	}
	if string(head) != magic {
		return nil, ft.corrupt("the file ends like a Parquet file, but does not begin with %s", magic)
	}
	size := int64(binary.LittleEndian.Uint32(tail))
	ft.end = f.Size - 8 - size
	if size == 0 || ft.end < 4 {
		return nil, ft.corrupt("the footer is said to have %d bytes, the file has %d", size, f.Size)
	}
	if size > maxFooter {
		return nil, fault.New(fault.TooLarge, f.Name, "the footer has %d bytes, over the limit of %d", size, maxFooter).
			WithHint("write fewer row groups or columns")
	}
	data := make([]byte, size)
	return data, readAt(f, data, ft.end)
}

// readAt fills p. Errors are of the machine, not of the content; a file that ends too early shrank since it was opened.
func readAt(f *format.File, p []byte, off int64) error {
	n, err := f.ReadAt(p, off)
	switch {
	case n == len(p):
		return nil
	case err == nil || err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF):
		return fault.New(fault.Changed, f.Name, "the file became shorter than %d bytes while it was read", f.Size)
	case fault.CodeOf(err) != fault.Internal:
		return err
	}
	return &fault.Error{Code: fault.Unreadable, Source: f.Name, Err: err}
}

var errTooWide = fmt.Errorf("more than %d columns", format.MaxColumns)

// checkThrift walks the footer before arrow-go does, which trusts what lists and schema nodes say about their sizes and
// calls itself for each level of the schema.
func checkThrift(data []byte) error {
	c := &compact{buf: data}
	seen := false
	c.structure(func(id int16, typ byte) {
		if id != 2 || typ != tList || seen {
			c.skip(typ, 1)
			return
		}
		seen = true
		checkSchema(c)
	})
	if c.err == nil && !seen {
		return errors.New("it has no schema")
	}
	return c.err
}

// checkSchema walks the list of schema elements, a tree in depth-first order.
func checkSchema(c *compact) {
	elem, n := c.list()
	if elem != tStruct {
		c.fail(errThrift)
	}
	var open []int32 // how many children are still to come, on each level
	leaves := 0
	for i := 0; i < n && c.err == nil; i++ {
		children := int32(0)
		c.structure(func(id int16, typ byte) {
			if id == 5 && typ == tI32 {
				children = c.i32()
				return
			}
			c.skip(typ, 2)
		})
		switch {
		case children < 0 || int(children) > n-i-1:
			c.fail(errors.New("a column group has more members than there are columns"))
		case i > 0 && len(open) == 0:
			c.fail(errors.New("it has columns outside the root"))
		}
		if children == 0 && i > 0 {
			if leaves++; leaves > format.MaxColumns {
				c.fail(errTooWide)
			}
		}
		if len(open) > 0 {
			open[len(open)-1]--
		}
		if children > 0 {
			if open = append(open, children); len(open) > maxDepth {
				c.fail(errDeep)
			}
		}
		for len(open) > 0 && open[len(open)-1] == 0 {
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		c.fail(errors.New("its schema has fewer columns than it says"))
	}
}

// arrowTypes finds out the Arrow types of the columns.
func (ft *footer) arrowTypes() error {
	kv := ft.meta.KeyValueMetadata()
	if stored := kv.FindValue("ARROW:schema"); stored != nil {
		if err := checkArrowSchema(*stored); err != nil {
			return ft.corrupt("the Arrow schema in the footer is damaged: %w", err)
		}
	}
	manifest, err := pqarrow.NewSchemaManifest(ft.meta.Schema, kv, &pqarrow.ArrowReadProperties{})
	if err != nil {
		return fault.New(fault.Unsupported, ft.file.Name, "its columns have no Arrow types: %w", err).
			WithHint("write the file without the column of that type")
	}
	ft.manifest = manifest
	return nil
}

// rowGroups checks the row groups and finds out where each begins.
func (ft *footer) rowGroups() error {
	size := ft.file.Size
	n := len(ft.meta.RowGroups)
	ft.first, ft.starts = make([]int64, n+1), make([]int64, n+1)
	for g, rg := range ft.meta.RowGroups {
		if rg.NumRows < 0 || rg.NumRows > math.MaxInt64-ft.first[g] {
			return ft.corrupt("row group %d is said to have %d rows", g, rg.NumRows)
		}
		ft.first[g+1] = ft.first[g] + rg.NumRows
		if len(rg.Columns) != ft.meta.Schema.NumColumns() {
			return ft.corrupt("row group %d has %d columns, the schema %d", g, len(rg.Columns), ft.meta.Schema.NumColumns())
		}
		start := size
		for i := range rg.Columns {
			from, _, err := ft.chunk(g, i)
			if err != nil {
				return err
			}
			start = min(start, from)
		}
		if rg.NumRows == 0 { // may point anywhere
			start = ft.starts[g]
		}
		ft.starts[g] = start
		ft.starts[g+1] = start
	}
	if ft.meta.NumRows != ft.first[n] {
		return ft.corrupt("the file is said to have %d rows, its row groups have %d", ft.meta.NumRows, ft.first[n])
	}
	ft.starts[0], ft.starts[n] = 0, size
	for g := range n {
		if ft.starts[g+1] < ft.starts[g] { // row groups in another order than their bytes: nobody does that
			for k := range ft.starts {
				ft.starts[k] = int64(float64(size) * float64(k) / float64(max(n, 1)))
			}
			ft.starts[n] = size
			break
		}
	}
	return nil
}

// chunk checks the metadata of a column of a row group and gives the stored bytes [from, to) of its pages.
func (ft *footer) chunk(g, i int) (from, to int64, err error) {
	col, descr := ft.meta.RowGroups[g].Columns[i], ft.meta.Schema.Column(i)
	bad := func(msg string, args ...any) (int64, int64, error) {
		return 0, 0, ft.corrupt("row group %d, column %s: %w", g, descr.Path(), fmt.Errorf(msg, args...))
	}
	if col.CryptoMetadata != nil {
		return 0, 0, ft.encrypted().OnField(descr.Path())
	}
	m := col.MetaData
	switch {
	case m == nil:
		return bad("its metadata is missing")
	case col.FilePath != nil && *col.FilePath != "":
		return 0, 0, fault.New(fault.Unsupported, ft.file.Name, "column %s of row group %d is in another file, %q", descr.Path(), g, *col.FilePath)
	case pq.Type(m.Type) != descr.PhysicalType():
		return bad("it is stored as %s, the schema says %s", pq.Type(m.Type), descr.PhysicalType())
	case m.NumValues < 0 || m.TotalCompressedSize < 0 || m.TotalUncompressedSize < 0:
		return bad("a size is negative")
	case !samePath(m.PathInSchema, descr):
		return bad("its data are said to be of column %v", m.PathInSchema)
	}
	rows := ft.meta.RowGroups[g].NumRows
	if rows == 0 {
		return 0, 0, nil
	}
	if descr.MaxRepetitionLevel() == 0 && m.NumValues != rows {
		return bad("%d values, but the row group has %d rows", m.NumValues, rows)
	}
	if m.NumValues < rows {
		return bad("%d values for %d rows", m.NumValues, rows)
	}
	from = m.DataPageOffset
	if m.DictionaryPageOffset != nil && *m.DictionaryPageOffset > 0 && *m.DictionaryPageOffset < from {
		from = *m.DictionaryPageOffset
	}
	if from < 4 || from > ft.end || m.TotalCompressedSize > ft.end-from {
		return bad("its data are said to be the %d bytes from %d on, but the data of the file end at %d", m.TotalCompressedSize, from, ft.end)
	}
	to = from + m.TotalCompressedSize
	if ft.meta.WriterVersion().LessThan(metadata.Parquet816FixedVersion) {
		to = min(to+100, ft.end) // PARQUET-816: old parquet-mr forgot to count a page's header
	}
	return from, to, nil
}

func samePath(path []string, descr *schema.Column) bool {
	want := descr.ColumnPath()
	if len(path) != len(want) {
		return false
	}
	for i := range path {
		if path[i] != want[i] {
			return false
		}
	}
	return true
}
