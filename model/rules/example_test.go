package rules_test

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/model/rules"
)

// A column that is computed before scoring. The rule reads a missing value in the second row, and refuses it.
func ExampleDerive() {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "sched_dep", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
		{Name: "sched_arr", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	}, nil)
	rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, strings.NewReader(`[{"sched_dep": 360, "sched_arr": 480}, {"sched_dep": 360}]`))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rec.Release()

	set, err := rules.Derive([]string{"gap = sched_arr - sched_dep"})
	if err != nil {
		fmt.Println(err)
		return
	}
	program, err := set.Bind(rec.Schema(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	out, refused, err := program.Derive(rec)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer out.Release()
	fmt.Println(out.ColumnName(2), out.Column(2).(*array.Float64).Value(0))
	fmt.Printf("row %d: %s\n", refused[0].Row, refused[0].Message)
	// Output:
	// gap 120
	// row 1: "sched_arr" is missing in this row
}
