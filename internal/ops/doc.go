// Package ops is the HTTP server beside a streaming run: what it does, for Prometheus, and how it is, for whatever starts and
// stops it.
//
//	server, err := ops.Serve(ops.Options{Addr: ":9464", Links: job.Links, Model: ..., Version: pipelines.Version})
//	defer server.Close()
//
// It answers GET and HEAD of
//
//	/metrics  metrics of the run, of Go and of the process, as text or OpenMetrics
//	/healthz  200 for as long as the server runs
//	/readyz   200 if every reader has its source and sinks open and has come back from them not long ago; otherwise, and when
//	          the run is being drained, 503 with the reason
//
// Numbers are those of the process that it runs in: with prism that is the whole run. The server has no TLS and asks nobody for
// a password. It shows names of topics, files, models, features and classes, and no row.
//
// # Metrics
//
// Everything is read when somebody asks; a run without a scraper pays nothing. docs/stream.md has the table. Summaries of
// windows are gauges of the newest window only, at most MaxSeries for each of its lists: Prometheus is no place to keep
// windows, --summary is.
package ops
