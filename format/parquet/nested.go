package parquet

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	pq "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/glulam/glulam/format"
)

// nested is an output of Kind Native for what pqarrow puts together: structs, lists, maps, and the flat types that are
// too rare for a path of their own, as INT96 timestamps. pqarrow trusts what it reads, so each row group's pages are read
// and decoded once before it, to see that they are sound.
type nested struct {
	plan   *plan
	index  int // in the schema, and in the manifest
	typ    arrow.DataType
	leaves []int
	pages  []*pages
	files  *pqarrow.FileReader
	reader *pqarrow.ColumnReader
}

func newNested(p *plan, index int) *nested {
	f := &p.ft.manifest.Fields[index]
	n := &nested{plan: p, index: index, typ: f.Field.Type}
	n.collect(f)
	return n
}

func (n *nested) collect(f *pqarrow.SchemaField) {
	if len(f.Children) == 0 {
		n.leaves = append(n.leaves, f.ColIndex)
		n.pages = append(n.pages, &pages{file: n.plan.ft.file, descr: n.plan.ft.meta.Schema.Column(f.ColIndex), budget: n.plan.budget})
	}
	for i := range f.Children {
		n.collect(&f.Children[i])
	}
}

func (n *nested) path() string { return n.plan.ft.manifest.Fields[n.index].Field.Name }

// open goes to a row group.
func (n *nested) open(ctx context.Context, group int) (err error) {
	n.close()
	for i, leaf := range n.leaves {
		if err := n.verify(n.pages[i], group, leaf); err != nil {
			return err
		}
	}
	if n.files == nil {
		if n.files, err = n.plan.arrowReader(); err != nil {
			return err
		}
	}
	included := map[int]bool{}
	for _, leaf := range n.leaves {
		included[leaf] = true
	}
	n.reader, err = n.files.GetFieldReader(ctx, n.index, included, []int{group})
	return err
}

func (n *nested) close() {
	if n.reader != nil {
		n.reader.Release()
		n.reader = nil
	}
}

// rowSize is about how many bytes a row has in a row group.
func (n *nested) rowSize(group int) int64 {
	size := int64(0)
	rg := n.plan.ft.meta.RowGroups[group]
	for _, leaf := range n.leaves {
		m := rg.Columns[leaf].MetaData
		size += max(m.TotalUncompressedSize, 8*m.NumValues)
	}
	return size / rg.NumRows
}

func (n *nested) build(rows int) (arrow.Array, error) {
	chunked, err := n.reader.NextBatch(int64(rows))
	if err != nil {
		return nil, err
	}
	defer chunked.Release()
	if chunked.Len() != rows {
		return nil, fmt.Errorf("%d rows instead of %d", chunked.Len(), rows)
	}
	if !arrow.TypeEqual(chunked.DataType(), n.typ) {
		return nil, fmt.Errorf("it has the type %s instead of %s", chunked.DataType(), n.typ)
	}
	for _, c := range chunked.Chunks() {
		if err := sound(c); err != nil {
			return nil, err
		}
	}
	if chunks := chunked.Chunks(); len(chunks) == 1 {
		chunks[0].Retain()
		return chunks[0], nil
	}
	return array.Concatenate(chunked.Chunks(), n.plan.options.allocator())
}

// sound checks that an array's parts fit together: leaves of one list can disagree about how long it is.
func sound(arr arrow.Array) error {
	if v, ok := arr.(interface{ ValidateFull() error }); ok {
		if err := v.ValidateFull(); err != nil {
			return err
		}
	}
	switch a := arr.(type) {
	case array.ExtensionArray:
		return sound(a.Storage())
	case *array.Struct:
		for i := range a.NumField() {
			if n := a.Field(i).Len(); n != a.Len() {
				return fmt.Errorf("a struct of %d rows with a member of %d", a.Len(), n)
			}
			if err := sound(a.Field(i)); err != nil {
				return err
			}
		}
	case array.ListLike: // maps too
		return sound(a.ListValues())
	}
	return nil
}

// arrowReader gives pqarrow's reader of the file, which all nested columns share.
func (p *plan) arrowReader() (*pqarrow.FileReader, error) {
	for _, n := range p.nested {
		if n.files != nil {
			return n.files, nil
		}
	}
	mem := p.options.allocator()
	props := pq.NewReaderProperties(mem)
	props.BufferedStreamEnabled, props.BufferSize = true, windowSize
	props.MaxCompressedPageSize, props.MaxUncompressedPageSize = maxPage, maxPage
	at := io.NewSectionReader(readerAt{p.ft.file}, 0, p.ft.file.Size)
	r, err := file.NewParquetReader(at, file.WithMetadata(p.ft.meta), file.WithReadProps(props))
	if err != nil {
		return nil, err
	}
	return pqarrow.NewFileReader(r, pqarrow.ArrowReadProperties{}, mem)
}

// readerAt reads with this package's errors.
type readerAt struct{ f *format.File }

func (r readerAt) ReadAt(p []byte, off int64) (int, error) {
	want := int(max(0, min(int64(len(p)), r.f.Size-off)))
	if err := readAt(r.f, p[:want], off); err != nil {
		return 0, err
	}
	if want < len(p) {
		return want, io.EOF
	}
	return want, nil
}

// verify decodes all of a column of a row group.
func (n *nested) verify(p *pages, group, leaf int) error {
	ft := n.plan.ft
	switch p.descr.PhysicalType() {
	case pq.Types.Boolean:
		return verify[bool](p, ft, group, leaf)
	case pq.Types.Int32:
		return verify[int32](p, ft, group, leaf)
	case pq.Types.Int64:
		return verify[int64](p, ft, group, leaf)
	case pq.Types.Int96:
		return verify[pq.Int96](p, ft, group, leaf)
	case pq.Types.Float:
		return verify[float32](p, ft, group, leaf)
	case pq.Types.Double:
		return verify[float64](p, ft, group, leaf)
	case pq.Types.ByteArray:
		return verify[pq.ByteArray](p, ft, group, leaf)
	case pq.Types.FixedLenByteArray:
		return verify[pq.FixedLenByteArray](p, ft, group, leaf)
	}
	return errors.ErrUnsupported
}

func verify[T any](p *pages, ft *footer, group, leaf int) error {
	r, err := openColumn[T](p, ft, group, leaf)
	if err != nil {
		return err
	}
	const most = 1024
	maxDef, maxRep := p.descr.MaxDefinitionLevel(), p.descr.MaxRepetitionLevel()
	vals, defs := make([]T, most), make([]int16, most)
	var reps []int16
	if maxRep > 0 {
		reps = make([]int16, most)
	}
	rows, inRow := int64(0), 0
	for left := p.total; left > 0; {
		size := most
		if _, bytes := any(vals).([]pq.ByteArray); bytes && p.page != nil {
			size = max(1, min(size, 64<<20/max(1, len(p.page.Data())))) // see texts.step
		}
		size = int(min(int64(size), left))
		levels, _, err := step(r, vals, defs, reps, size, maxDef)
		if err != nil {
			return err
		}
		left -= int64(levels)
		if maxRep == 0 {
			rows += int64(levels)
			continue
		}
		for _, rep := range reps[:levels] {
			switch {
			case rep == 0:
				rows, inRow = rows+1, 0
			case rep < 0 || rep > maxRep || rows == 0:
				return fmt.Errorf("a repetition level of %d where the highest is %d", rep, maxRep)
			}
			if inRow++; inRow > maxRowLevels {
				return errLongRow
			}
		}
	}
	if want := ft.rows(group); rows != want {
		return fmt.Errorf("%d rows instead of %d", rows, want)
	}
	return nil
}

var errLongRow = fmt.Errorf("a list with more than %d values in one row", maxRowLevels)
