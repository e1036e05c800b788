// Package files reads and writes CSV, JSON lines and Parquet files in a pipeline: a splittable source that gives blocks,
// and a sharded sink that nobody ever sees half of.
//
//	plan := files.Plan(s, files.PlanOptions{Files: inputs, Format: csv})
//	rows := files.Read(s, files.ReadOptions{...}, plan.Units)
//	... score rows.Blocks ...
//	parts := files.Write(s, files.WriteOptions{...}, scored)
//	letters := files.WriteRejected(s, ...)
//	files.Commit(s, files.CommitOptions{...}, plan.Reports, rows.Reports, parts, letters)
//
// # Behavior
//
// Plan cuts the input into units, each one output shard, and each unit into pieces (byte ranges that start and end
// between records, row groups, or whole files where they are compressed). It reads every file once, to find where records
// end and to take its checksum. Read is a splittable DoFn over the pieces of a unit. Write puts the rows of a unit into a
// temporary file under the output directory; a unit that a runner has split becomes several, which Commit joins. Read,
// whatever comes between, and Write fuse: rows are never shuffled, only reports of a few hundred bytes are.
//
// Commit runs once. It holds that every piece was read exactly once and that rows in = rows written + rows rejected,
// counted by different DoFns; then it renames the temporary files and writes run.json last. Killed at any moment, no
// file under its final name is partial, and without a run.json the output is not complete.
//
// # Determinism
//
// Units depend on the files and the options only. The same input gives the same output files, byte for byte, run.json
// included; order within a shard is the input's.
//
// # Differences
//
// From textio and parquetio: gzip is read whole, quoted newlines do not break splits, shards are written in parallel and
// atomically, and memory does not grow with files. Paths are local; others are refused (fs.go is the one place that knows
// what a file system is).
package files
