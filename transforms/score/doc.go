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
// # Rules
//
// Options.Derive and Options.Decide are expressions in CEL (package model/rules): columns that are computed before scoring, which
// the model may read, and columns that are computed of what it gave. A row that a rule fails for is rejected with code
// fault.RuleFailed. Whoever plans what is read asks Options.Inputs for the columns, and Options.Fits whether they fit.
//
// # A model that changes
//
// With Options.Refresh a goroutine of the process, one for each set of options, looks at the files that Options.Model leads to,
// through alias files (model.Resolve) and links: their paths, sizes, times and inodes. What has changed is read when it looks the same
// twice, so that nobody's half-written file is loaded; best is to rename a whole file onto the old one, or an alias. A new model serves if it
// loads (a bundle's golden rows come out as expected), if the columns that the running pipeline reads are all that it and the rules
// want, if its outputs have the same names and types, and if it keeps the limits Options.MaxLoad and Options.MaxSlowdown. Otherwise the
// old one serves on, and the new one is not tried again until its bytes change. The log (slog), the counters "glulam/model_swaps" and
// "glulam/models_refused", and [RefreshOf] say so. Every block is scored by one model, and Block.Model is its digest.
//
// The run ends the goroutines with [StopRefresh].
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
