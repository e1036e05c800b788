package format

import (
	"context"
	"io"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/glulam/glulam/fault"
)

// A Format reads and writes one kind of file. Implementations are immutable values, safe for concurrent use.
type Format interface {
	// Name is "csv", "jsonl" or "parquet".
	Name() string
	// Describe reads as little of f as it takes to know its columns. A file with no header or no record at all is
	// fault.Empty.
	Describe(ctx context.Context, f *File) (*Layout, error)
	// Split cuts f into consecutive pieces of about target bytes that start and end between records. It reads the whole
	// file where the format demands it (CSV: quoted newlines). A compressed file is one piece with Rows -1.
	Split(ctx context.Context, f *File, l *Layout, target int64) ([]Piece, error)
	// Open reads one piece. Every column of cols must be in l (JSON lines: may be absent), else fault.Schema.
	Open(ctx context.Context, f *File, l *Layout, p Piece, cols []Column) (Reader, error)
	// NewWriter writes records of schema to w. Close finishes the file but does not close w.
	NewWriter(w io.Writer, schema *arrow.Schema) (Writer, error)
}

// Reader gives the records of a piece, in order.
type Reader interface {
	// Next gives the next batch, or io.EOF. The batch, all its arrays and slices are valid until the next call of Next
	// or Close: whoever wants to keep them copies. A returned error other than io.EOF is final.
	Next() (*Batch, error)
	Close() error
}

// Writer writes records. Not safe for concurrent use.
type Writer interface {
	// Write appends rec, whose schema must be the writer's. It keeps nothing of rec after it returned.
	Write(rec arrow.RecordBatch) error
	Close() error
}

// Layout is what Describe found out about a file.
type Layout struct {
	Columns []ColumnInfo
	// Data is the offset of the first record (after BOM and header), in uncompressed bytes; Parquet: 0.
	Data int64
	// Header is the header line as it stands in the file without its line ending (CSV), else nil.
	Header []byte
	// Problem is why no record of those looked at could be read (JSON lines); nil if one could. Reading such a file gives
	// letters, and maybe records further on.
	Problem error
}

// ColumnInfo is a column of a file.
type ColumnInfo struct {
	Name string
	Type arrow.DataType // nil in text formats, which carry no types
}

// Piece is a run of whole records of a file.
type Piece struct {
	Start, End int64 // CSV, JSONL: byte range, End -1: to the end of the file. Parquet: row group range.
	FirstRow   int64 // records of the file before this piece
	Rows       int64 // records in it, blank lines included; -1 where only reading tells (compressed files)
}

// Kind says as what a column is read.
type Kind uint8

const (
	// Number: float64 without nulls, NaN for missing. Text is parsed as strconv.ParseFloat does for decimal numbers,
	// inf and infinity in any case; blanks around it do not count; hexadecimal, underscores and thousands separators are
	// refused. true and false (also True, TRUE...) are 1 and 0. Any Arrow integer, float, boolean or decimal is converted to
	// the nearest float64.
	Number Kind = iota
	// Text: utf8, null for missing. CSV cells are unquoted, JSON strings unescaped; other JSON values as they stand.
	// Parquet: strings (also dictionary-encoded).
	Text
	// Raw: binary, the cell or JSON value as it stands in the source, quotes and escapes and all. Never null in CSV; null
	// in JSON lines where the member is absent. The field's metadata has [MetaRaw] = the format's name.
	Raw
	// RawRow: binary, the whole record as it stands without its line ending. Path is ignored. The field's metadata has
	// [MetaRawRow] = the format's name and, for CSV, [MetaHeader] = the header line as it stands.
	RawRow
	// Native: Parquet: the column's own type; nothing is converted. Text formats: the same as Text.
	Native
	// Head: binary, what the message that a row becomes begins with, up to the columns that are added to it. Decoders of
	// formats whose values can be copied have it, if they are told what is written; RawRow is then the message as it came. The
	// field's metadata has [MetaHead] = the format's name.
	Head
)

// Keys in the metadata of Arrow fields: see Raw, RawRow and Head.
const (
	MetaRaw    = "glulam.raw"
	MetaRawRow = "glulam.raw_row"
	MetaHeader = "glulam.header"
	MetaHead   = "glulam.head"
)

// IsBytes says whether a field holds bytes of a row, and is no column that anybody computes with: Raw, RawRow and Head.
func IsBytes(f arrow.Field) bool {
	return f.HasMetadata() && (f.Metadata.FindKey(MetaRaw) >= 0 || f.Metadata.FindKey(MetaRawRow) >= 0 || f.Metadata.FindKey(MetaHead) >= 0)
}

// Column is a column that a reader is asked for. The batch has one field for each, in this order, named Name.
type Column struct {
	Name string
	Path string // the column in the file; "" = Name. JSON lines: a member's exact name, or else members joined by dots.
	Kind Kind
	// Exact, for Number: a whole number of digits alone that float64 does not hold is fault.NumberRange. For columns that
	// are passed on, where a long identifier must not come out as another one. Text formats only.
	Exact bool
}

// Source is the column's name in the file.
func (c Column) Source() string {
	if c.Path != "" {
		return c.Path
	}
	return c.Name
}

// Batch is some consecutive records of a piece: the good ones as Arrow, the others as letters.
type Batch struct {
	Record arrow.RecordBatch // may have 0 rows
	// Row and Offset say where each row of Record came from: 1-based record number in the file (blank lines count, the
	// header does not) and byte offset (uncompressed; Parquet: 0). Both have Record.NumRows() elements.
	Row, Offset []int64
	// Rejected holds the records that did not parse, Stage "read". Their Raw is valid as long as the batch.
	Rejected []fault.Letter
	// Blank counts the blank lines that were passed over. Row numbers and Piece.Rows count them too.
	Blank int64
	// Bytes is how many bytes of the file (compressed bytes, if it is compressed) this batch took: for progress.
	Bytes int64
}

// Limits that hold for every format.
const (
	// BatchRows is how many records a reader puts into a batch at the most.
	BatchRows = 4096
	// BatchBytes ends a batch early once it holds that many bytes of text.
	BatchBytes = 1 << 20
	// MaxRow is the largest record that is read; a longer one is rejected (RowTooLarge, its Raw cut to 4 KiB).
	MaxRow = 16 << 20
	// MaxColumns is how many columns a file may have.
	MaxColumns = 100_000
)

// Nulls are the cells that mean missing. Comparison is exact, after blanks around a number are dropped.
type Nulls struct {
	Number []string
	Text   []string
}

// DefaultNulls are empty, NA, NaN, nan, null for numbers and empty for text.
var DefaultNulls = Nulls{Number: []string{"", "NA", "NaN", "nan", "null"}, Text: []string{""}}

// RowsOf is how many records a batch of so many columns holds at the most: BatchRows, but less of a very wide table, whose
// cells would take too much memory.
func RowsOf(columns int) int {
	const cells, least = 4 << 20, 16
	return min(BatchRows, max(least, cells/max(1, columns)))
}
