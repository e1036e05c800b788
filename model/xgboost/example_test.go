package xgboost_test

import (
	"fmt"
	"os"

	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/xgboost"
)

func Example() {
	data, err := os.ReadFile("../../testdata/xgboost/one_feature.json")
	if err != nil {
		panic(err)
	}
	f, _, err := xgboost.Parse(data, "one_feature.json")
	if err != nil {
		panic(err)
	}
	fmt.Println(f.Format, f.Version, f.Booster, f.Objective)
	fmt.Println(f.Rounds, "rounds of", f.Features[0].Name)
	margin := make([]float64, 1)
	forest.NewReference(f).Margins([]float64{733}, 1, margin)
	fmt.Println(float32(margin[0]))
	// Output:
	// xgboost 3.4.1 gbtree reg:squarederror
	// 5 rounds of distance
	// 1.5593665
}
