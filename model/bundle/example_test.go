package bundle_test

import (
	"context"
	"fmt"
	"log"

	"github.com/glulam/glulam/model/bundle"
)

// What stands around a model file.
func Example() {
	b, err := bundle.Open(context.Background(), "../../testdata/bundle/late.tar.gz")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(b.Kind, b.Name, b.Version, b.ModelFile)
	fmt.Println(b.Rename, b.Outputs, *b.Threshold)
	fmt.Println(b.Golden.Rows.Name, b.Golden.Expected.Name)
	fmt.Println(b.Digest)
	// Output:
	// glulam bundle late 3 category_ordered.txt
	// map[temp:temperature] [prediction class] 0.25
	// rows.csv expected.csv
	// sha256:571d0ec70c0f2bb015f233235ee4faa8304d3748503ec112e8eea19bc79635e7
}

// The calibration that scikit-learn's IsotonicRegression makes.
func ExampleCalibration_Isotonic() {
	c := &bundle.Calibration{Method: "isotonic", X: []float64{0.1, 0.4, 0.8}, Y: []float64{0, 0.25, 1}}
	for _, p := range []float64{0.05, 0.1, 0.6, 0.9} {
		fmt.Printf("%.3f\n", c.Isotonic(p))
	}
	// Output:
	// 0.000
	// 0.000
	// 0.625
	// 1.000
}

// A bundle is made of files in memory, and errors about it have their place.
func ExampleFromFiles() {
	_, err := bundle.FromFiles([]bundle.File{
		{Name: bundle.ManifestName, Data: []byte("glulam: 1\nmodel: m.txt\nthreshold: half\n")},
		{Name: "m.txt", Data: []byte("tree\n")},
	}, "mine")
	fmt.Println(err)
	// Output:
	// mine/glulam.yaml:3:12: threshold: "half" is not a finite number
}
