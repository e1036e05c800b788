package arrowtext_test

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/format/arrowtext"
)

func Example() {
	b := array.NewTimestampBuilder(memory.DefaultAllocator, &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "Europe/Berlin"})
	b.Append(1709208429250)
	b.AppendNull()
	arr := b.NewArray()

	for i := range arr.Len() {
		cell, err := arrowtext.AppendCSV(nil, arr, i)
		if err != nil {
			fmt.Println(err)
			return
		}
		value, err := arrowtext.AppendJSON(nil, arr, i)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("[%s] %s\n", cell, value)
	}
	// Output:
	// [2024-02-29T13:07:09.250+01:00] "2024-02-29T13:07:09.250+01:00"
	// [] null
}
