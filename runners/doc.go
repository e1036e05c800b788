// Package runners is where a pipeline runs: it submits, follows, cancels, and turns what a runner says of a failure back
// into a *fault.Error.
//
//	result, err := runners.Run(ctx, p, runners.Options{Runner: "prism", Job: "flights"})
//
// There is prism, Beam's local runner, in this process, and Flink, a cluster. A runner is one entry in the table of run.go;
// Dataflow will be another. The submitter is our own (submit.go): the SDK's leaves a temporary file behind with every
// local run, cannot be cancelled, and reports a cancelled job as success.
package runners
