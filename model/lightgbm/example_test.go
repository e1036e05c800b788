package lightgbm_test

import (
	"fmt"
	"log"
	"os"

	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/lightgbm"
)

func Example() {
	data, err := os.ReadFile("testdata/real/pandas.txt")
	if err != nil {
		log.Fatal(err)
	}
	if !lightgbm.Detect(data) {
		log.Fatal("not a LightGBM model")
	}
	f, err := lightgbm.Parse(data, "pandas.txt")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %s of %d trees\n", f.Objective, f.Booster, len(f.Trees))
	for _, x := range f.Features {
		fmt.Print(x.Name)
		if x.Categories != nil {
			fmt.Print(" ", x.Categories.Text, x.Categories.Number)
		}
		fmt.Println()
	}
	row := []float64{35, 2, 1, 0, 28000} // categories are codes: Rome, M, 1010
	margin := make([]float64, f.Outputs)
	forest.NewReference(f).Margins(row, 1, margin)
	fmt.Println(margin)
	// Output:
	// binary sigmoid:1: gbdt of 3 trees
	// age
	// town [Köln Paris, TX Rome] []
	// size [S M L] []
	// zip [] [1010 1020 8010]
	// income
	// [0.2955846873454063]
}
