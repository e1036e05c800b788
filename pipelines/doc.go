// Package pipelines assembles whole jobs from transforms: what `glulam batch` runs.
//
//	job, err := pipelines.Batch{Model: "flights.txt", Input: []string{"rows.csv"}, Output: "predictions"}.Prepare(ctx, nil)
//	p := beam.NewPipeline()
//	job.Build(p.Root(), 1)
//	_, err = runners.Run(ctx, p, ...)
//	manifest, err := job.Manifest()
//
// Prepare does all that can be known before the first row: it loads the model, looks at every input file's columns, binds
// the model's features to them, and refuses what cannot work with one error that names everything wrong. The graph that
// Build makes is described in docs/design.md.
package pipelines
