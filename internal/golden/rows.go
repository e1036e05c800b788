package golden

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// Rows gives rows.csv as one Arrow record with all its columns, in the types of rows.parquet: int64, float64, float32,
// utf8, bool and timestamp, null where missing.
func Rows(tb TB) arrow.RecordBatch {
	tb.Helper()
	rec, err := fromCSV()
	if err != nil {
		tb.Fatalf("test data: %v", err)
	}
	return rec
}

// ParquetRows gives rows.parquet as one Arrow record, read by arrow-go's own reader.
func ParquetRows(tb TB) arrow.RecordBatch {
	tb.Helper()
	rec, err := fromParquet()
	if err != nil {
		tb.Fatalf("test data: %v", err)
	}
	return rec
}

var fromParquet = sync.OnceValues(func() (arrow.RecordBatch, error) {
	f, err := file.OpenParquetFile(Path("rows.parquet"), false)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := pqarrow.NewFileReader(f, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		return nil, err
	}
	table, err := r.ReadTable(context.Background())
	if err != nil {
		return nil, err
	}
	columns := make([]arrow.Array, table.NumCols())
	for i := range columns {
		if columns[i], err = array.Concatenate(table.Column(i).Data().Chunks(), memory.DefaultAllocator); err != nil {
			return nil, err
		}
	}
	return array.NewRecordBatch(table.Schema(), columns, table.NumRows()), nil
})

var fromCSV = sync.OnceValues(func() (arrow.RecordBatch, error) {
	typed, err := fromParquet()
	if err != nil {
		return nil, err
	}
	f, err := os.Open(Path("rows.csv"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	cells, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, err
	}
	at := map[string]int{}
	for i, name := range cells[0] {
		at[name] = i
	}
	cells = cells[1:]
	columns := make([]arrow.Array, typed.NumCols())
	for i, field := range typed.Schema().Fields() {
		if columns[i], err = parse(field, cells, at[field.Name]); err != nil {
			return nil, err
		}
	}
	return array.NewRecordBatch(typed.Schema(), columns, int64(len(cells))), nil
})

// parse makes a column of cells; an empty cell is null.
func parse(field arrow.Field, cells [][]string, at int) (arrow.Array, error) {
	b := array.NewBuilder(memory.DefaultAllocator, field.Type)
	b.Reserve(len(cells))
	for row, record := range cells {
		cell := record[at]
		var err error
		switch b := b.(type) {
		case *array.TimestampBuilder:
			var t time.Time
			if t, err = time.Parse(time.RFC3339, cell); err == nil {
				b.AppendTime(t)
			}
		default:
			if cell == "" {
				b.AppendNull()
			} else {
				err = b.AppendValueFromString(cell)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("rows.csv: row %d: %s: %w", row+1, field.Name, err)
		}
	}
	return b.NewArray(), nil
}
