package sklearn_test

import (
	"fmt"
	"log"
	"os"

	"github.com/glulam/glulam/model/sklearn"
)

func ExampleParse() {
	data, err := os.ReadFile("../../testdata/sklearn/pipeline_all.json")
	if err != nil {
		log.Fatal(err)
	}
	f, steps, err := sklearn.Parse(data, "pipeline_all.json")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(f.Booster, len(f.Trees), "trees, classes", f.Classes)
	fmt.Println("first input:", steps.Inputs[0].Name, "of", len(steps.Inputs))
	// Output:
	// RandomForestClassifier 7 trees, classes [late on time]
	// first input: month of 11
}
