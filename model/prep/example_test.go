package prep_test

import (
	"fmt"
	"log"
	"math"

	"github.com/glulam/glulam/model/prep"
)

// What a ColumnTransformer does: gaps of age are filled and the ages scaled, and a category becomes a column of zeros and ones
// for each of its texts. A text that was not there in training refuses its row.
func Example() {
	g := &prep.Graph{
		Inputs: []prep.Input{{Name: "age"}, {Name: "port", Texts: []string{"EWR", "JFK"}}},
		Steps: []prep.Step{
			{Op: prep.FillNaN, From: 0, A: 40},  // column 2
			{Op: prep.Subtract, From: 2, A: 40}, // 3
			{Op: prep.Divide, From: 3, A: 8},    // 4
			{Op: prep.Lookup, From: 1, Table: []float64{0, 1}, A: math.NaN(), B: math.NaN(), Refuse: "no category that was there in training"}, // 5
			{Op: prep.Equals, From: 5, A: 0}, // 6
			{Op: prep.Equals, From: 5, A: 1}, // 7
		},
		Features: []int32{4, 6, 7},
	}
	if err := g.Validate(3); err != nil {
		log.Fatal(err)
	}
	rows := []float64{
		44, 1, // JFK
		math.NaN(), 0, // EWR
		36, prep.Unseen,
	}
	features := make([]float64, 3*3)
	var s prep.Scratch
	g.Run(rows, 3, features, &s)
	fmt.Println(features[:6])
	for _, r := range s.Refused {
		fmt.Printf("row %d: %s: %s (%s)\n", r.Row, g.Inputs[r.Input].Name, r.Message, r.Code)
	}
	// Output:
	// [0.5 0 1 0 1 0]
	// row 2: port: no category that was there in training (wrong_type)
}
