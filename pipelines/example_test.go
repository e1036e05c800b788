package pipelines_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/glulam/glulam/pipelines"
	"github.com/glulam/glulam/runners"
)

// A whole batch job: what `glulam batch` runs.
func ExampleBatch() {
	if !beam.Initialized() {
		beam.Init()
	}
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	ctx := context.Background()
	job, err := pipelines.Batch{
		Model:   "../testdata/flights/one_feature.txt",
		Input:   []string{"../testdata/flights/rows.csv"},
		Output:  filepath.Join(dir, "predictions"),
		Columns: []string{"id"},
	}.Prepare(ctx, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer job.Cleanup()
	p := beam.NewPipeline()
	job.Build(p.Root(), runners.Lanes("prism"))
	if _, err := runners.Run(ctx, p, runners.Options{}); err != nil {
		fmt.Println(err)
		return
	}
	m, err := job.Manifest()
	fmt.Println(m.Rows.Scored, "of", m.Rows.In, "rows in", m.Outputs[0].Name, err)
	// Output: 5000 of 5000 rows in part-00000.csv <nil>
}
