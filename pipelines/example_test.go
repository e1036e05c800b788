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

// A whole stream: what `glulam stream` runs. Its source ends, so the run does.
func ExampleStream() {
	if !beam.Initialized() {
		beam.Init()
	}
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	in, out := filepath.Join(dir, "flights.jsonl"), filepath.Join(dir, "scored.jsonl")
	if err := os.WriteFile(in, []byte(`{"flight": "UA 1029", "hour": 6}`+"\n"+`{"flight": "B6 1403", "hour": "late"}`+"\n"), 0o600); err != nil {
		fmt.Println(err)
		return
	}

	ctx := context.Background()
	job, err := pipelines.Stream{
		Model: "../testdata/flights/one_feature.txt",
		From:  "jsonl:" + in, To: "jsonl:" + out, Rejected: "jsonl:" + filepath.Join(dir, "rejected.jsonl"),
	}.Prepare(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer job.Cleanup()
	p, s := beam.NewPipelineWithRoot()
	job.Build(s)
	if _, err := runners.Run(ctx, p, runners.Options{Job: job.Links.Run}); err != nil {
		fmt.Println(err)
		return
	}
	scored, err := os.ReadFile(out)
	fmt.Print(string(scored))
	fmt.Println(job.Stats().Codes(), err)
	// Output:
	// {"flight": "UA 1029", "hour": 6,"prediction":0.13492269860746287}
	// map[wrong_type:1] <nil>
}
