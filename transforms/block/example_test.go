package block_test

import (
	"context"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/glulam/glulam/runners"
	"github.com/glulam/glulam/transforms/block"
)

func init() {
	register.Function2x0(hours)
	register.Function1x0(list)
	register.Emitter1[block.Block]()
}

// hours is a source: one block of two rows, which say where they came from.
func hours(_ []byte, emit func(block.Block)) {
	b := array.NewInt64Builder(memory.DefaultAllocator)
	defer b.Release()
	b.AppendValues([]int64{6, 20}, nil)
	schema := arrow.NewSchema([]arrow.Field{{Name: "hour", Type: arrow.PrimitiveTypes.Int64}}, nil)
	rec := array.NewRecordBatch(schema, []arrow.Array{b.NewArray()}, 2)
	defer rec.Release()
	emit(block.Block{Record: rec, Origin: block.Origin{Source: "departures.csv", Row: []int64{1, 2}, Offset: []int64{5, 7}}})
}

// list prints the rows of a block.
func list(b block.Block) {
	hour := b.Record.Column(0).(*array.Int64)
	for i := range hour.Len() {
		row, offset := b.Origin.At(i)
		fmt.Printf("%s, row %d (byte %d): %d o'clock\n", b.Origin.Source, row, offset, hour.Value(i))
	}
}

// Blocks go from one DoFn to another. The second one reads the block before it returns.
func Example() {
	if !beam.Initialized() {
		beam.Init()
	}
	p, s := beam.NewPipelineWithRoot()
	beam.ParDo0(s, list, beam.ParDo(s, hours, beam.Impulse(s)))
	if _, err := runners.Run(context.Background(), p, runners.Options{}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// departures.csv, row 1 (byte 5): 6 o'clock
	// departures.csv, row 2 (byte 7): 20 o'clock
}
