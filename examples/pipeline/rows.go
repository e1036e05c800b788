package main

import (
	"reflect"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/glulam/glulam/transforms/block"
)

func init() {
	beam.RegisterType(reflect.TypeFor[day]())
	register.DoFn2x0[day, func(block.Block)](&toBlock{})
	register.Emitter1[block.Block]()
}

// flight is a row as this program has it.
type flight struct {
	Carrier string
	Hour    int      // of departure
	Size    string   // of the aircraft: small, medium, large; "" if nobody knows
	Temp    *float64 // in degrees Fahrenheit; nil if nobody measured
}

// day is what flows into the pipeline. Elements that hold many rows make good blocks: some thousand is best.
type day struct {
	Date    string
	Flights []flight
}

func degrees(f float64) *float64 { return &f }

var schedule = []day{
	{"2013-10-01", []flight{
		{"US", 6, "medium", degrees(62.06)},
		{"B6", 21, "medium", degrees(71.96)},
		{"EV", 18, "small", degrees(77)},
		{"HA", 9, "large", nil},
		{"EV", 20, "", degrees(75.92)},
	}},
	{"2013-12-08", []flight{
		{"EV", 19, "small", degrees(30.92)},
		{"B6", 7, "medium", degrees(32)},
		{"\xff\xfe", 12, "medium", degrees(33.08)}, // somebody's broken bytes: a dead letter, not a number
		{"ZZ", 12, "medium", degrees(33.08)},       // a carrier that the model never saw: scored as one that is missing
	}},
}

// columns are the names that the model asks for, in any order, and the types that are at hand.
var columns = arrow.NewSchema([]arrow.Field{
	{Name: "carrier", Type: arrow.BinaryTypes.String},
	{Name: "hour", Type: arrow.PrimitiveTypes.Int64},
	{Name: "size", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "temp", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
}, nil)

// toBlock turns a day's flights into Arrow columns.
type toBlock struct{}

// ProcessElement emits one block a day. The score transform is done with it when emit returns.
func (*toBlock) ProcessElement(d day, emit func(block.Block)) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, columns)
	defer b.Release()
	for _, f := range d.Flights {
		b.Field(0).(*array.StringBuilder).Append(f.Carrier)
		b.Field(1).(*array.Int64Builder).Append(int64(f.Hour))
		if f.Size == "" {
			b.Field(2).AppendNull()
		} else {
			b.Field(2).(*array.StringBuilder).Append(f.Size)
		}
		if f.Temp == nil {
			b.Field(3).AppendNull()
		} else {
			b.Field(3).(*array.Float64Builder).Append(*f.Temp)
		}
	}
	rec := b.NewRecordBatch()
	defer rec.Release()
	emit(block.Block{Record: rec, Origin: block.Origin{Source: d.Date, Row: numbers(len(d.Flights))}})
}

// numbers counts from 1 to n: dead letters say with it which row they are.
func numbers(n int) []int64 {
	rows := make([]int64, n)
	for i := range rows {
		rows[i] = int64(i + 1)
	}
	return rows
}
