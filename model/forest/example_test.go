package forest_test

import (
	"fmt"
	"log"
	"math"

	"github.com/glulam/glulam/model/forest"
)

// A binary model of two trees, as LightGBM has them: one asks for a number, the other whether a category is in a set.
func Example() {
	f := &forest.Forest{
		Features: []forest.Feature{
			{Name: "hour"},
			{Name: "carrier", Kind: forest.Categorical, Categories: &forest.Categories{Text: []string{"AA", "B6", "UA"}}},
		},
		Outputs: 1,
		Nodes: []forest.Node{
			{Feature: 0, Op: forest.LessEqual, Threshold: 11.5, Left: ^0, Right: ^1, DefaultLeft: true},
			{Feature: 1, Op: forest.InSet, Set: 0, Left: ^0, Right: ^1},
		},
		Leaves:    []float64{-1.5, -0.5, 0.25, -0.25},
		LeafWidth: 1,
		Trees: []forest.Tree{
			{Root: 0, FirstNode: 0, NumNodes: 1, FirstLeaf: 0, NumLeaves: 2},
			{Root: 1, FirstNode: 1, NumNodes: 1, FirstLeaf: 2, NumLeaves: 2},
		},
		Sets:   []forest.Set{{First: 0, Len: 1, Known: -1}},
		Words:  []uint32{1<<0 | 1<<1}, // AA and B6
		Rounds: 2,
		Link:   forest.Link{Kind: forest.Sigmoid, Param: 1},
		Task:   forest.TaskBinary,
	}
	if err := f.Validate(); err != nil {
		log.Fatal(err)
	}
	rows := []float64{
		6, 1, // B6
		20, 2, // UA
		math.NaN(), -1, // an unseen carrier
	}
	margins, predictions, leaves := make([]float64, 3), make([]float64, 3), make([]int32, 6)
	r := forest.NewReference(f)
	r.Margins(rows, 3, margins)
	r.LeafIndices(rows, 3, leaves)
	f.Predictions(predictions, margins)
	fmt.Println(margins, leaves)
	for i, p := range predictions {
		fmt.Printf("%.4f: class %d\n", p, f.Class(predictions[i:i+1]))
	}
	// Output:
	// [-1.25 -0.75 -1.75] [0 0 1 1 0 1]
	// 0.2227: class 0
	// 0.3208: class 0
	// 0.1480: class 0
}

// The first boosting rounds of a model are a model as well.
func ExampleForest_Keep() {
	leaf := func(l int32) forest.Tree { return forest.Tree{Root: ^0, FirstLeaf: l, NumLeaves: 1} }
	f := &forest.Forest{
		Features: []forest.Feature{{Name: "x"}}, Outputs: 1, Leaves: []float64{1, 0.5, 0.25}, LeafWidth: 1,
		Trees: []forest.Tree{leaf(0), leaf(1), leaf(2)}, Base: []float64{10}, Rounds: 3,
	}
	if err := f.Validate(); err != nil {
		log.Fatal(err)
	}
	margin := make([]float64, 1)
	forest.NewReference(f).Margins([]float64{0}, 1, margin)
	fmt.Println(f.Rounds, "rounds:", margin[0])
	if err := f.Keep(0, 2); err != nil {
		log.Fatal(err)
	}
	if err := f.Validate(); err != nil {
		log.Fatal(err)
	}
	forest.NewReference(f).Margins([]float64{0}, 1, margin)
	fmt.Println(f.Rounds, "rounds:", margin[0])
	// Output:
	// 3 rounds: 11.75
	// 2 rounds: 11.5
}
