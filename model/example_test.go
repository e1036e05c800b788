package model_test

import (
	"context"
	"fmt"
	"log"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/model"
)

// A model that wants one column, hour, is bound to records that have it somewhere, and scores one of them.
func Example() {
	m, err := model.Load(context.Background(), "../testdata/flights/one_feature.txt", model.Options{})
	if err != nil {
		log.Fatal(err)
	}
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "flight", Type: arrow.BinaryTypes.String},
		{Name: "hour", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	}, nil)
	binding, err := m.Bind(schema, nil)
	if err != nil {
		log.Fatal(err)
	}

	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	builder.Field(0).(*array.StringBuilder).AppendValues([]string{"B6 371", "UA 1696", "AA 2019"}, nil)
	builder.Field(1).(*array.Int64Builder).AppendValues([]int64{6, 20, 0}, []bool{true, true, false})

	scores := model.Scores{Want: model.WantPrediction | model.WantClass}
	if err := binding.Score(builder.NewRecordBatch(), &scores); err != nil {
		log.Fatal(err)
	}
	for i, p := range scores.Prediction {
		fmt.Printf("late with probability %.3f: class %d\n", p, scores.Class[i])
	}
	// Output:
	// late with probability 0.135: class 0
	// late with probability 0.337: class 0
	// late with probability 0.117: class 0
}

// What a model wants and gives, without a look at its trees.
func ExampleModel_Signature() {
	m, err := model.Load(context.Background(), "../testdata/flights/category_bool.txt", model.Options{})
	if err != nil {
		log.Fatal(err)
	}
	s := m.Signature()
	fmt.Println(s.Name, s.Objective, s.Trees, "trees")
	for _, f := range s.Features {
		fmt.Println(f.Name, f.Kind, f.Categories)
	}
	// Output:
	// category_bool binary sigmoid:1 20 trees
	// weekend category [false true]
	// hour number []
	// temp number []
}
