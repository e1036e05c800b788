// Package monitor summarizes what a stream scored: for each window of event time and each model the number of rows, dead
// letters by code, quantiles of outputs and latency, shares of classes, and how often features were missing.
//
//	summaries := monitor.Summarize(s, monitor.Options{Window: time.Minute, Outputs: []string{"prediction"}}, scored, rejected)
//	monitor.Keep(s, "flights", summaries)
//
// # Windows
//
// Windows are fixed, or slide by Options.Period. They are aligned to 1970 in UTC and know no time zones: an hour is 3600
// seconds also when clocks change. A row counts by its own event time (Block.Times, Rejected.EventTime), whatever block it
// came in.
//
// A window's summary is made when the watermark passes its end (pane on_time). With Options.AllowedLateness there is a second
// one (pane late) when that is over, if rows came in between. It holds everything, also what the first one held, because
// quantiles of parts cannot be put together from their JSON: the last summary of a window and model is the one to keep. Rows
// that are later than allowed are left out. Windows without any row have no summary.
//
// A run that is drained closes its windows at once; those that had not ended are marked as partial. The rest of their rows
// comes with the next run, in a summary that does not know of the first. So does what a crash of the runner cut off, where
// the runner has no durable state: prism has none.
//
// # Cost
//
// Rows are counted in the DoFn that takes the block, into one partial a bundle, model and step; a step divides window and
// period and is at most about 10 seconds in windows longer than a minute. Only partials cross to other stages, about one
// kilobyte each. They are grouped by step first, and then by window, so that neither long nor overlapping windows make many
// of them. There is no Combine in this: Beam's Go SDK forgets the pane of what it combines (docs/upstream.md), and lifting
// is what the DoFn does.
//
// # Accuracy
//
// Counts are exact. Quantiles come from DDSketches of Accuracy, relatively, for negative numbers, too; their bins are never
// merged, so it does not matter in which order and in how many parts rows came. Minimum and maximum are exact. Means are sums
// with compensation, and may differ in the last digits between orders.
//
// # Runners
//
// All there is are fixed windows, the default trigger and GroupByKey: Beam's sliding windows, panes that accumulate, state
// and timers are not used, because prism goes wrong with each of them (docs/upstream.md). The panes that the trigger gives are
// discarding. Partial needs the run's stream.Stats in the process that closes windows.
package monitor
