package flights

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/compute"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// groupTimes is how often the table is in a row group: 130,000 rows, about as many as Spark and pyarrow write.
const groupTimes = 26

// RepeatParquet writes a Parquet file of so many rows of another one, which holds the table, over and over: with snappy, in row
// groups of 130,000 rows, as other writers would. Each time the rows are in another order, always the same ones, because what
// repeats is compressed to nothing; only the last time, if it is not whole, has the first rows as they are. A file that is there
// already and has as many rows is left alone.
func RepeatParquet(source, path string, rows int) error {
	if n, err := parquetRows(path); err == nil && n == rows {
		return nil
	}
	table, err := oneRecord(source)
	if err != nil {
		return err
	}
	part := Part(path)
	out, err := os.Create(part)
	if err != nil {
		return err
	}
	defer out.Close()
	props := parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Snappy), parquet.WithMaxRowGroupLength(groupTimes*Rows))
	w, err := pqarrow.NewFileWriter(table.Schema(), out, props, pqarrow.DefaultWriterProps())
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(7, 7))
	for left := rows; left > 0 && err == nil; left -= groupTimes * Rows {
		var group arrow.RecordBatch
		if group, err = shuffled(table, min(left, groupTimes*Rows), random); err == nil {
			err = w.Write(group)
		}
	}
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	return os.Rename(part, path)
}

// ReadParquet reads a whole file.
func ReadParquet(path string) (arrow.Table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return pqarrow.ReadTable(context.Background(), f, parquet.NewReaderProperties(memory.DefaultAllocator), pqarrow.ArrowReadProperties{BatchSize: 1 << 16}, memory.DefaultAllocator)
}

// oneRecord reads a file of the table.
func oneRecord(path string) (arrow.RecordBatch, error) {
	table, err := ReadParquet(path)
	if err != nil {
		return nil, err
	}
	if table.NumRows() != Rows {
		return nil, fmt.Errorf("%s: %d rows instead of %d", path, table.NumRows(), Rows)
	}
	columns := make([]arrow.Array, table.NumCols())
	for j := range columns {
		if columns[j], err = array.Concatenate(table.Column(j).Data().Chunks(), memory.DefaultAllocator); err != nil {
			return nil, err
		}
	}
	return array.NewRecordBatch(table.Schema(), columns, Rows), nil
}

// shuffled is so many rows of the table, over and over.
func shuffled(table arrow.RecordBatch, rows int, random *rand.Rand) (arrow.RecordBatch, error) {
	b := array.NewInt64Builder(memory.DefaultAllocator)
	for ; rows >= Rows; rows -= Rows {
		for _, i := range random.Perm(Rows) {
			b.Append(int64(i))
		}
	}
	for i := range rows {
		b.Append(int64(i))
	}
	indices := b.NewArray()
	columns := make([]arrow.Array, table.NumCols())
	for j := range columns {
		var err error
		if columns[j], err = compute.TakeArray(context.Background(), table.Column(j), indices); err != nil {
			return nil, err
		}
	}
	return array.NewRecordBatch(table.Schema(), columns, int64(indices.Len())), nil
}

func parquetRows(path string) (int, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	r, err := file.NewParquetReader(f)
	if err != nil {
		return 0, err
	}
	return int(r.NumRows()), nil
}
