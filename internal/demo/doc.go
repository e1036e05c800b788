// Package demo is what `glulam demo` has around the streaming pipeline: a NATS server in this process, real flights that are
// sent to it as events, a consumer that holds what comes out against what went in, and models that can be swapped. It runs no
// pipeline itself.
//
//	d, err := demo.Open(ctx, demo.Options{Rate: 1000, Bad: 0.002})
//	job, err := d.Spec().Prepare(ctx)   // build and run it
//	d.Start()                           // once the pipeline reads
//	d.Swap()                            // the other model, by rewriting the alias file
//	d.Stop()                            // no more events; wait until d.Counts().Open is 0, then drain the job
//	err = d.Check()                     // everything came out, and right
//	err = d.Close()
//
// # Events
//
// The flights come in the order of their hours, again and again, at an even rate. Event times are those of the flights, moved:
// a whole pass through the rows (three months of flights) takes as long in event time as on the clock, beginning when the
// sending began. Some events are late: their time is one window earlier. Some are bad, each in one of five ways.
//
// At most [MaxOpen] events are on their way at once; then sending waits. So the memory of the server is bounded.
//
// # What is checked
//
// Each event has a number as its key. What comes out must have the number of an event that is under way: a bad one comes out
// as a dead letter with the code that was to be expected, a good one as a prediction whose bits are those that the model which
// is named in its header gives for the row when it is asked directly. What comes out again is counted apart: the pipeline
// delivers at least once, and the server drops what is written twice within half a minute.
//
// Everything is in a temporary folder, which Close removes, and the server listens on the loopback interface only.
package demo
