package parquet

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// without copies arr, leaving out the rows of bad, which are in order. It is for the odd row: the cost is that of a copy
// of the column for each batch that has one.
func without(arr arrow.Array, bad []int, mem memory.Allocator) (arrow.Array, error) {
	var runs []arrow.Array
	defer func() {
		for _, run := range runs {
			run.Release()
		}
	}()
	from := 0
	for _, i := range append(bad[:len(bad):len(bad)], arr.Len()) {
		if i > from {
			runs = append(runs, array.NewSlice(arr, int64(from), int64(i)))
		}
		from = i + 1
	}
	switch len(runs) {
	case 0:
		return array.NewSlice(arr, 0, 0), nil
	case 1:
		runs[0].Retain()
		return runs[0], nil
	}
	return array.Concatenate(runs, mem)
}
