package parity

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"math"
	"path"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/csv"
	"github.com/glulam/glulam/format/jsonl"
)

// Table is a file of rows.
type Table struct {
	Name string
	// MaxRows refuses a table with more rows; 0: any number.
	MaxRows int64

	format format.Format
	file   *format.File
	layout *format.Layout
}

// Open looks at the columns of a file. The table reads from file, which stays the caller's to close.
func Open(ctx context.Context, f format.Format, file *format.File) (*Table, error) {
	l, err := f.Describe(ctx, file)
	if err != nil {
		return nil, err
	}
	if l.Problem != nil {
		return nil, l.Problem
	}
	return &Table{Name: file.Name, format: f, file: file, layout: l}, nil
}

// Memory is the table of a file's bytes: .csv, .tsv, .jsonl or .ndjson, as the name says.
func Memory(ctx context.Context, name string, data []byte) (*Table, error) {
	var f format.Format
	switch strings.ToLower(path.Ext(name)) {
	case ".csv":
		f = csv.Format{}
	case ".tsv":
		f = csv.Format{Options: csv.Options{Delimiter: '\t'}}
	case ".jsonl", ".ndjson":
		f = jsonl.Format{Options: jsonl.Options{Whole: true}}
	default:
		return nil, fault.New(fault.Unsupported, name, "golden files are .csv, .tsv or .jsonl")
	}
	file, err := format.NewFile(name, bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	if file.Codec != format.Plain {
		return nil, fault.New(fault.Unsupported, name, "golden files are not compressed, this one is with %s", file.Codec)
	}
	return Open(ctx, f, file)
}

// Columns are the names of the table's columns.
func (t *Table) Columns() []string {
	names := make([]string, len(t.layout.Columns))
	for i, c := range t.layout.Columns {
		names[i] = c.Name
	}
	return names
}

// Format is the name of the table's format: csv, jsonl or parquet.
func (t *Table) Format() string { return t.format.Name() }

// read starts to read columns.
func (t *Table) read(ctx context.Context, columns []format.Column) (*rows, error) {
	pieces, err := t.format.Split(ctx, t.file, t.layout, math.MaxInt64/2)
	if err != nil {
		return nil, err
	}
	return &rows{ctx: ctx, t: t, columns: columns, pieces: pieces}, nil
}

// rows gives the rows of a table, in order. A row that cannot be read ends it: what is compared has to be whole.
type rows struct {
	ctx     context.Context
	t       *Table
	columns []format.Column
	pieces  []format.Piece
	reader  format.Reader

	rec  arrow.RecordBatch // what was read
	used int64             // rows of it that were taken
	done int64             // rows that were taken in all
}

// ready says how many rows can be taken; 0 is the end.
func (r *rows) ready() (int64, error) {
	for r.rec == nil || r.used == r.rec.NumRows() {
		if r.reader == nil {
			if len(r.pieces) == 0 {
				return 0, nil
			}
			reader, err := r.t.format.Open(r.ctx, r.t.file, r.t.layout, r.pieces[0], r.columns)
			if err != nil {
				return 0, err
			}
			r.reader, r.pieces = reader, r.pieces[1:]
		}
		b, err := r.reader.Next()
		if err == io.EOF {
			r.reader.Close()
			r.reader, r.rec = nil, nil
			continue
		}
		if err != nil {
			return 0, err
		}
		if len(b.Rejected) > 0 {
			l := b.Rejected[0]
			return 0, fault.New(l.Code, l.Source, "row %d: %s", l.Row, l.Message).OnField(l.Field).WithHint("every row counts here: mend it, or take it out of both files")
		}
		r.rec, r.used = b.Record, 0
	}
	return r.rec.NumRows() - r.used, nil
}

// take gives the next n rows, of those that are ready. They are valid until the next call of ready.
func (r *rows) take(n int64) (arrow.RecordBatch, error) {
	rec := r.rec.NewSlice(r.used, r.used+n)
	r.used += n
	r.done += n
	if r.t.MaxRows > 0 && r.done > r.t.MaxRows {
		rec.Release()
		return nil, fault.New(fault.TooLarge, r.t.Name, "more than %d rows", r.t.MaxRows).WithHint("keep a sample of them")
	}
	return rec, nil
}

func (r *rows) close() {
	if r.reader != nil {
		r.reader.Close()
	}
}

// Misfit names the table in an error about its columns, and says which of them the missing ones might be.
func (t *Table) Misfit(err error, missing []string) error {
	if fe := (*fault.Error)(nil); errors.As(t.named(err), &fe) {
		guess := format.DidYouMean(missing, t.layout.Columns)
		if f, ok := t.format.(csv.Format); ok {
			guess = csv.MissingHint(missing, t.layout, cmp.Or(f.Options.Delimiter, ','))
		}
		if guess != "" {
			fe.Hint = strings.TrimRight(guess+"\n"+fe.Hint, "\n")
		}
	}
	return err
}

// named names the table in an error that says no place.
func (t *Table) named(err error) error {
	if fe := (*fault.Error)(nil); errors.As(err, &fe) && fe.Source == "" {
		fe.Source = t.Name
	}
	return err
}
