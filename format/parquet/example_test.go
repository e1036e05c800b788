package parquet_test

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/parquet"
)

// A file is written and its column of whole numbers read back as float64, a gap as NaN.
func Example() {
	ctx := context.Background()
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.BinaryTypes.String},
		{Name: "age", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	b.Field(0).(*array.StringBuilder).AppendValues([]string{"a", "b", "c"}, nil)
	b.Field(1).(*array.Int32Builder).AppendValues([]int32{34, 0, 71}, []bool{true, false, true})

	var content bytes.Buffer
	w, err := parquet.Format{}.NewWriter(&content, schema)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := w.Write(b.NewRecordBatch()); err != nil {
		fmt.Println(err)
		return
	}
	if err := w.Close(); err != nil {
		fmt.Println(err)
		return
	}

	f, err := format.NewFile("people.parquet", bytes.NewReader(content.Bytes()), int64(content.Len()))
	if err != nil {
		fmt.Println(err)
		return
	}
	layout, err := parquet.Format{}.Describe(ctx, f)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range layout.Columns {
		fmt.Println(c.Name, c.Type)
	}
	pieces, err := parquet.Format{}.Split(ctx, f, layout, 64<<20)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range pieces {
		r, err := parquet.Format{}.Open(ctx, f, layout, p, []format.Column{{Name: "years", Path: "age", Kind: format.Number}})
		if err != nil {
			fmt.Println(err)
			return
		}
		for {
			batch, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				fmt.Println(err)
				return
			}
			fmt.Println(batch.Record.ColumnName(0), batch.Record.Column(0), "rows", batch.Row)
		}
		if err := r.Close(); err != nil {
			fmt.Println(err)
			return
		}
	}
	// Output:
	// id utf8
	// age int32
	// years [34 NaN 71] rows [1 2 3]
}
