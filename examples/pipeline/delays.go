package main

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/transforms/stats"

	"github.com/glulam/glulam/transforms/block"
)

func init() {
	register.Function2x0(byCarrier)
	register.Function2x0(printMean)
	register.Function1x0(printRejected)
	register.Emitter2[string, float64]()
}

// report prints the mean prediction of each carrier.
func report(s beam.Scope, scored beam.PCollection) {
	s = s.Scope("report")
	means := stats.MeanPerKey(s, beam.ParDo(s, byCarrier, scored))
	beam.ParDo0(s, printMean, means)
}

// byCarrier takes a block apart. A block's memory may be used again once this returns, and the sums by key live longer, so
// they get a copy of the name.
func byCarrier(b block.Block, emit func(carrier string, late float64)) {
	carrier := b.Record.Column(0).(*array.String)
	late := b.Record.Column(1).(*array.Float64)
	for i := range late.Len() {
		emit(strings.Clone(carrier.Value(i)), late.Value(i))
	}
}

func printMean(carrier string, late float64) {
	fmt.Printf("%s is late with probability %.3f\n", carrier, late)
}

// complain prints the rows that the model could not take.
func complain(s beam.Scope, rejected beam.PCollection) {
	beam.ParDo0(s.Scope("complain"), printRejected, rejected)
}

func printRejected(r block.Rejected) {
	l := r.Letter
	fmt.Printf("%s, row %d: %s: %s: %s\n", l.Source, l.Row, l.Code, l.Field, l.Message)
}
