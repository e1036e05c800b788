package golden

import (
	"context"
	"errors"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/format"
)

// pieceBytes is small enough to make several pieces of each file.
const pieceBytes = 256 << 10

// Load reads columns of rows.csv, rows.jsonl or rows.parquet with a format, in pieces, and gives the records as they
// come, copied. No row may be rejected.
func Load(tb TB, f format.Format, name string, columns []format.Column) []arrow.RecordBatch {
	tb.Helper()
	records, err := load(f, Path(name), columns)
	if err != nil {
		tb.Fatalf("test data: %s: %v", name, err)
	}
	return records
}

func load(f format.Format, path string, columns []format.Column) ([]arrow.RecordBatch, error) {
	ctx := context.Background()
	file, err := format.OpenFile(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	layout, err := f.Describe(ctx, file)
	if err != nil {
		return nil, err
	}
	pieces, err := f.Split(ctx, file, layout, pieceBytes)
	if err != nil {
		return nil, err
	}
	var all []arrow.RecordBatch
	for _, p := range pieces {
		records, err := loadPiece(ctx, f, file, layout, p, columns)
		if err != nil {
			return nil, err
		}
		all = append(all, records...)
	}
	return all, nil
}

func loadPiece(ctx context.Context, f format.Format, file *format.File, l *format.Layout, p format.Piece, columns []format.Column) ([]arrow.RecordBatch, error) {
	r, err := f.Open(ctx, file, l, p, columns)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var all []arrow.RecordBatch
	for {
		b, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if len(b.Rejected) > 0 {
			return nil, errors.New(b.Rejected[0].Message)
		}
		rec, err := clone(b.Record)
		if err != nil {
			return nil, err
		}
		all = append(all, rec)
	}
}

// clone copies a record out of a reader's buffers.
func clone(rec arrow.RecordBatch) (arrow.RecordBatch, error) {
	columns := make([]arrow.Array, rec.NumCols())
	for i, c := range rec.Columns() {
		var err error
		if columns[i], err = array.Concatenate([]arrow.Array{c}, memory.DefaultAllocator); err != nil {
			return nil, err
		}
	}
	return array.NewRecordBatch(rec.Schema(), columns, rec.NumRows()), nil
}
