package monitor_test

import (
	"context"
	"fmt"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/glulam/glulam/runners"
	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/monitor"
)

func init() {
	register.Function2x0(departures)
	register.Emitter1[block.Block]()
}

// departures makes a block of four scored rows, of two minutes.
func departures(_ []byte, emit func(block.Block)) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
		{Name: "prediction", Type: arrow.PrimitiveTypes.Float64},
		{Name: "class", Type: arrow.PrimitiveTypes.Int32},
	}, nil))
	defer b.Release()
	b.Field(0).(*array.Float64Builder).AppendValues([]float64{0.25, 0.75, 0.5, 0.25}, nil)
	b.Field(1).(*array.Int32Builder).AppendValues([]int32{0, 1, 1, 0}, nil)
	rec := b.NewRecordBatch()
	defer rec.Release()
	six := time.Date(2013, 10, 1, 6, 0, 0, 0, time.UTC).UnixMilli()
	emit(block.Block{Record: rec, Model: "sha256:5f2c", Times: []int64{six + 1000, six + 59_999, six + 60_000, six + 5000}})
}

// Summaries of a minute each, kept in the process.
func ExampleSummarize() {
	if !beam.Initialized() {
		beam.Init()
	}
	p, s := beam.NewPipelineWithRoot()
	scored := beam.ParDo(s, departures, beam.Impulse(s))
	summaries := monitor.Summarize(s, monitor.Options{Window: time.Minute, Outputs: []string{"prediction"}, Classes: []string{"class"}}, scored)
	monitor.Keep(s, "example", summaries)
	if _, err := runners.Run(context.Background(), p, runners.Options{}); err != nil {
		fmt.Println(err)
	}
	for _, s := range monitor.Latest("example") {
		fmt.Printf("%s: %d rows, mean %.3f, %.0f%% of class 1\n", s.Start.Format("15:04"), s.Rows, s.Outputs["prediction"].Mean, 100*s.Classes["class"]["1"].Share)
	}
	// Output:
	// 06:00: 3 rows, mean 0.417, 33% of class 1
	// 06:01: 1 rows, mean 0.500, 100% of class 1
}
