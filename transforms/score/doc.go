// Package score holds the transform that the rest of glulam is built around: blocks of rows in, blocks with predictions
// out, and the rows that cannot be scored as dead letters beside them.
//
//	scored, rejected := score.Score(s, score.Options{Model: "flights.txt"}, blocks)
//
// # Behavior
//
// The model is loaded in Setup from a cache of the process, so it is loaded exactly once per process and set of options,
// however many bundles run at once and whatever the runner does to DoFn instances; the counter "glulam/model_loads" says
// how often. Its features are bound to the block's columns by name, once a schema. Columns of the block are passed on,
// except those marked with block.MetaFeature and those that Options.Keep leaves out; then come the outputs.
//
// A row that the model cannot take becomes a [block.Rejected]; it never fails its block. Rows in = rows out + rejected.
// Columns that do not fit the model (missing, of the wrong kind) fail the bundle with a *fault.Error: that is no property
// of a row.
//
// # Determinism
//
// The same rows give the same bits, whatever the sizes of blocks and bundles. The order of rows is kept.
//
// # Differences
//
// From Beam Python's RunInference: no batching by element and no futures; the unit is a block, its numbers are the
// training library's own, and model updates do not travel as side inputs.
package score
