package onnx_test

import (
	"fmt"
	"log"
	"os"

	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/onnx"
	"github.com/glulam/glulam/model/prep"
)

// A ColumnTransformer and a random forest, of which skl2onnx made one graph. Texts come as their places in the input's list.
func ExampleParse() {
	data, err := os.ReadFile("../../testdata/onnx/columns_strict.onnx")
	if err != nil {
		log.Fatal(err)
	}
	f, steps, err := onnx.Parse(data, "columns_strict.onnx")
	if err != nil {
		log.Fatal(err)
	}
	for _, in := range steps.Inputs {
		fmt.Println(in.Name, len(in.Texts))
	}
	x := make([]float64, len(f.Features))
	steps.Run([]float64{3, 1089}, 1, x, &prep.Scratch{}) // the fourth carrier, 1,089 miles
	margins := make([]float64, f.Outputs)
	forest.NewReference(f).Margins(x, 1, margins)
	f.Predictions(margins, margins)
	fmt.Printf("%s: %s of %s: %.3f\n", f.Version, f.Objective, f.Classes, margins)
	// Output:
	// carrier 15
	// distance 0
	// skl2onnx 1.20.0: TreeEnsembleClassifier SUM NONE of [0 1 2]: [0.505 0.360 0.134]
}
