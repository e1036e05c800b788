package parquet

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

const (
	// groupRows and groupBytes end a row group: whichever comes first. Bytes are those of the records, before encoding.
	groupRows  = 128 << 10
	groupBytes = 64 << 20
	// pageBytes is a page before compression; with many columns less, so that the open pages of all of them stay within
	// allPages.
	pageBytes, leastPage, allPages = 1 << 20, 8 << 10, 64 << 20
)

// NewWriter writes records of schema to w. It holds one row group in memory, at most 128 Ki rows and about 64 MiB of
// records before encoding. Pages are compressed with zstd at its fastest level: about as quick as snappy, smaller, and
// every page gets a checksum, which neither snappy nor arrow-go's page headers have. Strings are encoded with a dictionary
// as long as that pays, and whole numbers by their differences if those are much alike in the first record, as in identifiers;
// columns have statistics. The Arrow schema is stored, so that Native gives the same types again.
// The same records in the same batches make the same bytes.
//
// Metadata that begins with "glulam." are not written, be they of the schema or of fields. The types that Parquet does
// not have are written as the nearest one that loses nothing: dictionaries and run-end encoding by value, durations as
// int64, views as strings or binary, decimals of 32 and 64 bits as those of 128, seconds as milliseconds.
//
// Errors: fault.Internal for a Raw or RawRow field, fault.Schema for no columns or two of one name, fault.Unsupported for
// unions, list views and intervals. Errors of w come back as they are.
func (o Format) NewWriter(w io.Writer, schema *arrow.Schema) (wr format.Writer, err error) {
	defer guardWrite(&err)
	clean, lowered, err := writeSchemas(schema)
	if err != nil {
		return nil, err
	}
	if _, err := writeProperties(lowered, nil); err != nil {
		return nil, err
	}
	return &writer{sink: &sink{w: w}, schema: clean, lowered: lowered, options: o.Options}, nil
}

// begin opens the file, for which the first columns, if there are any, decide upon encodings.
func (w *writer) begin(columns []arrow.Array) error {
	if w.file != nil {
		return nil
	}
	props, err := writeProperties(w.lowered, columns)
	if err != nil {
		return err
	}
	if w.file, err = pqarrow.NewFileWriter(w.lowered, w.sink, props, pqarrow.DefaultWriterProps()); err != nil {
		return err
	}
	stored := base64.StdEncoding.EncodeToString(flight.SerializeSchema(w.schema, goMemory))
	return w.file.AppendKeyValueMetadata("ARROW:schema", stored)
}

// guardWrite turns a panic of arrow-go into an error. It must be deferred itself.
func guardWrite(err *error) {
	if r := recover(); r != nil {
		*err = fault.New(fault.Internal, "", "writing Parquet: %v", r)
	}
}

// writeSchemas gives the schema that is written without glulam's own metadata, and the same with Parquet's types.
func writeSchemas(schema *arrow.Schema) (clean, lowered *arrow.Schema, err error) {
	if schema.NumFields() == 0 {
		return nil, nil, fault.New(fault.Schema, "", "a Parquet file needs at least one column")
	}
	names := map[string]bool{}
	var cleanFields, loweredFields []arrow.Field
	for _, f := range schema.Fields() {
		if f.Metadata.FindKey(format.MetaRaw) >= 0 || f.Metadata.FindKey(format.MetaRawRow) >= 0 {
			return nil, nil, fault.New(fault.Internal, "", "column %s holds text of another format, which Parquet cannot take", f.Name)
		}
		if names[f.Name] {
			return nil, nil, fault.New(fault.Schema, "", "more than one column %s", f.Name).OnField(f.Name)
		}
		names[f.Name] = true
		f.Metadata = withoutOurs(f.Metadata)
		if f.Type.ID() == arrow.NULL {
			f.Nullable = true
		}
		cleanFields = append(cleanFields, f)
		if f.Type, err = lowerType(f.Type); err != nil {
			return nil, nil, fault.New(fault.Unsupported, "", "column %s: %w", f.Name, err).OnField(f.Name)
		}
		loweredFields = append(loweredFields, f)
	}
	meta := withoutOurs(schema.Metadata())
	return arrow.NewSchema(cleanFields, &meta), arrow.NewSchema(loweredFields, &meta), nil
}

func withoutOurs(m arrow.Metadata) arrow.Metadata {
	var keys, values []string
	for i, k := range m.Keys() {
		if !strings.HasPrefix(k, "glulam.") && k != "ARROW:schema" {
			keys, values = append(keys, k), append(values, m.Values()[i])
		}
	}
	return arrow.NewMetadata(keys, values)
}

type writer struct {
	sink    *sink
	file    *pqarrow.FileWriter
	schema  *arrow.Schema
	lowered *arrow.Schema
	options Options
	rows    int64 // of the open row group
	bytes   int64 // likewise, before encoding
	err     error
}

// fail makes err the writer's last word. What the underlying writer said comes first.
func (w *writer) fail(err error) error {
	if w.sink.err != nil {
		err = w.sink.err
	} else if fe := (*fault.Error)(nil); !errors.As(err, &fe) {
		err = fault.New(fault.Internal, "", "writing Parquet: %w", err)
	}
	w.err = err
	return err
}

// Write appends rec.
func (w *writer) Write(rec arrow.RecordBatch) (err error) {
	if w.err != nil {
		return w.err
	}
	defer func() {
		if err != nil {
			err = w.fail(err)
		}
	}()
	defer guardWrite(&err)
	if rec.NumRows() == 0 {
		return nil
	}
	columns, err := w.lower(rec)
	if err != nil {
		return err
	}
	low := array.NewRecordBatch(w.lowered, columns, rec.NumRows())
	for _, c := range columns {
		c.Release()
	}
	defer low.Release()
	if err := w.begin(columns); err != nil {
		return err
	}
	for from := int64(0); from < low.NumRows(); {
		if w.rows >= groupRows || w.bytes >= groupBytes {
			if err := w.file.NewBufferedRowGroupChecked(); err != nil {
				return err
			}
			w.rows, w.bytes = 0, 0
		}
		to := min(low.NumRows(), from+groupRows-w.rows)
		part := low.NewSlice(from, to)
		err := w.file.WriteBuffered(part)
		w.bytes += recordBytes(part)
		part.Release()
		if err != nil {
			return err
		}
		w.rows += to - from
		from = to
	}
	return nil
}

// lower gives rec's columns with Parquet's types.
func (w *writer) lower(rec arrow.RecordBatch) (columns []arrow.Array, err error) {
	defer func() {
		if err != nil {
			for _, c := range columns {
				c.Release()
			}
		}
	}()
	if int(rec.NumCols()) != w.schema.NumFields() {
		return nil, fault.New(fault.Internal, "", "a record of %d columns for a file of %d", rec.NumCols(), w.schema.NumFields())
	}
	for i, c := range rec.Columns() {
		f := w.schema.Field(i)
		if !arrow.TypeEqual(c.DataType(), f.Type) || rec.ColumnName(i) != f.Name {
			return columns, fault.New(fault.Internal, "", "a record with column %s of type %s for a file with column %s of type %s",
				rec.ColumnName(i), c.DataType(), f.Name, f.Type)
		}
		if !f.Nullable && c.NullN() > 0 {
			return columns, fault.New(fault.Internal, "", "column %s has nulls, its field says that it has none", f.Name)
		}
		low, err := lowerArray(c, w.lowered.Field(i).Type)
		if err != nil {
			return columns, fault.New(fault.CodeOf(err), "", "column %s: %w", f.Name, err).OnField(f.Name)
		}
		columns = append(columns, low)
	}
	return columns, nil
}

// recordBytes is about how many bytes of values a record has.
func recordBytes(rec arrow.RecordBatch) int64 {
	n := int64(0)
	for _, c := range rec.Columns() {
		n += arrayBytes(c, 0, c.Len())
	}
	return n
}

// arrayBytes is about how many bytes the values [from, to) of an array have.
func arrayBytes(arr arrow.Array, from, to int) int64 {
	rows := int64(to - from)
	if rows <= 0 {
		return 0
	}
	switch a := arr.(type) {
	case array.BinaryLike:
		return a.ValueOffset64(to-1) + int64(a.ValueLen(to-1)) - a.ValueOffset64(from) + 4*rows
	case *array.Struct:
		n := rows / 8
		for i := range a.NumField() {
			n += arrayBytes(a.Field(i), from, to)
		}
		return n
	case array.ListLike:
		start, _ := a.ValueOffsets(from)
		_, end := a.ValueOffsets(to - 1)
		return 4*rows + arrayBytes(a.ListValues(), int(start), int(end))
	case array.ExtensionArray:
		return arrayBytes(a.Storage(), from, to)
	}
	if dt, ok := arr.DataType().(arrow.FixedWidthDataType); ok {
		return (rows*int64(dt.BitWidth()) + 7) / 8
	}
	return 8 * rows
}

// Close writes what is left and the footer.
func (w *writer) Close() (err error) {
	if w.err != nil {
		if errors.Is(w.err, errClosed) {
			return nil
		}
		return w.err
	}
	defer func() {
		if err != nil {
			err = w.fail(err)
			return
		}
		w.err = errClosed
	}()
	defer guardWrite(&err)
	if err := w.begin(nil); err != nil {
		return err
	}
	w.sink.hold = true
	if err := w.file.Close(); err != nil {
		return err
	}
	meta, err := w.file.FileMetadata()
	if err != nil {
		return err
	}
	for _, rg := range meta.RowGroups {
		for _, c := range rg.Columns {
			// arrow-go takes them out of a map, in any order.
			stats := c.MetaData.EncodingStats
			for i := range stats {
				for k := i; k > 0 && (stats[k].PageType < stats[k-1].PageType ||
					stats[k].PageType == stats[k-1].PageType && stats[k].Encoding < stats[k-1].Encoding); k-- {
					stats[k], stats[k-1] = stats[k-1], stats[k]
				}
			}
		}
	}
	footer, err := meta.SerializeString(context.Background())
	if err != nil {
		return err
	}
	return w.sink.finish(footer)
}

var errClosed = fault.New(fault.Internal, "", "writing Parquet: the file is closed")

// sink is the file that is written, without a Close for arrow-go to call. While hold is set it keeps what is written: the
// last row group and the footer, which is then replaced.
type sink struct {
	w    io.Writer
	hold bool
	held []byte
	err  error
}

func (s *sink) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	if s.hold {
		s.held = append(s.held, p...)
		return len(p), nil
	}
	n, err := s.w.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	s.err = err
	return n, err
}

// finish writes what was held, with another footer.
func (s *sink) finish(footer string) error {
	const tail = 8
	if len(s.held) < tail || len(footer) > math.MaxUint32 {
		return errors.New("no footer")
	}
	old := int64(binary.LittleEndian.Uint32(s.held[len(s.held)-tail:]))
	if old > int64(len(s.held)-tail) {
		return errors.New("no footer")
	}
	s.hold = false
	s.held = s.held[:int64(len(s.held)-tail)-old]
	s.held = append(s.held, footer...)
	s.held = binary.LittleEndian.AppendUint32(s.held, uint32(len(footer)))
	s.held = append(s.held, magic...)
	_, err := s.Write(s.held)
	s.held = nil
	return err
}
