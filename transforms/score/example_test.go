package score_test

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
	"github.com/glulam/glulam/transforms/score"
)

func init() {
	register.Function2x0(departures)
	register.Function1x0(show)
	register.Emitter1[block.Block]()
}

// departures makes one block of three rows. A missing value is a null.
func departures(_ []byte, emit func(block.Block)) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
		{Name: "flight", Type: arrow.BinaryTypes.String},
		{Name: "hour", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	}, nil))
	defer b.Release()
	b.Field(0).(*array.StringBuilder).AppendValues([]string{"UA 1029", "B6 1403", "AA 2243"}, nil)
	b.Field(1).(*array.Int64Builder).AppendValues([]int64{6, 20, 0}, []bool{true, true, false})
	rec := b.NewRecordBatch()
	defer rec.Release()
	emit(block.Block{Record: rec})
}

// show prints the rows of a block.
func show(b block.Block) {
	flight := b.Record.Column(0).(*array.String)
	late := b.Record.Column(2).(*array.Float64)
	for i := range flight.Len() {
		fmt.Printf("%s: late with probability %.3f\n", flight.Value(i), late.Value(i))
	}
}

// A pipeline that makes blocks, scores them with a model that asks for one column, hour, and prints them. The other
// column is kept.
func ExampleScore() {
	if !beam.Initialized() {
		beam.Init()
	}
	p, s := beam.NewPipelineWithRoot()
	blocks := beam.ParDo(s, departures, beam.Impulse(s))
	scored, _ := score.Score(s, score.Options{Model: "../../testdata/flights/one_feature.txt"}, blocks)
	beam.ParDo0(s, show, scored)
	if _, err := runners.Run(context.Background(), p, runners.Options{}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// UA 1029: late with probability 0.135
	// B6 1403: late with probability 0.337
	// AA 2243: late with probability 0.117
}
