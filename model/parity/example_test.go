package parity_test

import (
	"context"
	"fmt"
	"log"

	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/model/parity"
)

// What LightGBM gave for three rows, held against every engine; the last of them somebody has changed.
func ExampleCheck() {
	ctx := context.Background()
	m, err := model.Load(ctx, "../../testdata/flights/one_feature.txt", model.Options{})
	if err != nil {
		log.Fatal(err)
	}
	rows, err := parity.Memory(ctx, "rows.csv", []byte("hour\n6\n13\n20\n"))
	if err != nil {
		log.Fatal(err)
	}
	expected, err := parity.Memory(ctx, "expected.csv", []byte("margin\n-1.8581168571796212\n-1.1376049653552416\n-0.6\n"))
	if err != nil {
		log.Fatal(err)
	}
	report, err := parity.Check(ctx, rows, expected, parity.DefaultTolerance, m.Scorers(nil))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Rows, report.Against, report.Equal())
	for _, e := range report.Engines[:1] { // which others there are depends on the processor
		for _, o := range e.Outputs {
			fmt.Printf("%s: %d of %d values differ, the first in row %d: %v, not %v\n", e.Engine, o.Different, o.Values, o.First.Row, float64(o.First.Got), float64(o.First.Expected))
		}
	}
	// Output:
	// 3 expected.csv false
	// reference: 1 of 3 values differ, the first in row 3: -0.6775502945748274, not -0.6
}

// The same model with fewer of its boosting rounds.
func ExampleDiff() {
	ctx := context.Background()
	var scorers []*parity.Scorer
	for _, trees := range []string{"all", "0:10"} {
		m, err := model.Load(ctx, "../../testdata/flights/one_feature.txt", model.Options{Trees: trees})
		if err != nil {
			log.Fatal(err)
		}
		scorers = append(scorers, m.Scorers(nil)[0])
	}
	rows, err := parity.Memory(ctx, "rows.csv", []byte("hour\n6\n13\n20\n"))
	if err != nil {
		log.Fatal(err)
	}
	report, err := parity.Diff(ctx, rows, scorers[0], scorers[1], 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.RowsDifferent, "of", report.Rows)
	w := report.Worst[0]
	fmt.Printf("row %d: %s %.4f and %.4f\n", w.Row, w.Column, float64(w.A), float64(w.B))
	// Output:
	// 3 of 3
	// row 1: prediction 0.1349 and 0.1641
}

// Units in the last place: how many other values lie between two, plus one.
func ExampleULPs() {
	a, b := 0.1, 0.2
	fmt.Println(parity.ULPs(a+b, 0.3, false), parity.ULPs(a, a, false))
	fmt.Println(parity.ULPs(1, 1+1e-7, true)) // of float32
	// Output:
	// 1 0
	// 1
}
