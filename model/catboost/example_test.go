package catboost_test

import (
	"fmt"
	"os"

	"github.com/glulam/glulam/model/catboost"
)

func ExampleParse() {
	data, err := os.ReadFile("../../testdata/catboost/onehot.cbm")
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := catboost.Parse(data, "onehot.cbm")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(f.Format, f.Version, f.Objective, len(f.Trees), "trees")
	fmt.Println(f.Features[5].Name, len(f.Features[5].Categories.Hash), "hashes")
	// Output:
	// catboost 1.2.10 Logloss 30 trees
	// carrier 5 hashes
}
