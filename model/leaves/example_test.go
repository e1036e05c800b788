package leaves_test

import (
	"fmt"
	"log"
	"math"

	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/leaves"
)

func Example() {
	// One tree of one question, as XGBoost asks it: does float32(age) < 40 hold? A missing age goes left.
	f := &forest.Forest{
		Features:  []forest.Feature{{Name: "age"}},
		Outputs:   1,
		Nodes:     []forest.Node{{Feature: 0, Op: forest.Less, Threshold: 40, Left: ^0, Right: ^1, DefaultLeft: true}},
		Leaves:    []float64{-0.25, 0.5},
		LeafWidth: 1,
		Trees:     []forest.Tree{{Root: 0, FirstNode: 0, NumNodes: 1, FirstLeaf: 0, NumLeaves: 2}},
		Base:      []float64{1},
		Input:     forest.Float32,
		Sum:       forest.Float32,
	}
	if err := f.Validate(); err != nil {
		log.Fatal(err)
	}
	e, err := leaves.New(f)
	if err != nil {
		log.Fatal(err)
	}
	x := []float64{39, 39.9999999, 40, math.NaN()} // the second rounds to 40
	margins := make([]float64, 4)
	e.Margins(x, 4, margins)
	leaf := make([]int32, 4)
	e.LeafIndices(x, 4, leaf)
	fmt.Println(e.Name(), margins, leaf)
	// Output: leaves [0.75 1.5 1.5 0.75] [0 1 1 0]
}
