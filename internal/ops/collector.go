package ops

import (
	"cmp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/monitor"
	"github.com/glulam/glulam/transforms/score"
	"github.com/glulam/glulam/transforms/stream"
)

var (
	buildInfo = gauge("build_info", "1, with the version of glulam.", "version", "goversion")
	// A label called job would be Prometheus' own.
	streamInfo = gauge("stream_info", "1, with what the run connects.", "name", "from", "to", "delivery")

	read      = counter("stream_messages_read_total", "Messages read.")
	scored    = counter("stream_rows_scored_total", "Rows written as predictions.")
	rejected  = counter("stream_rows_rejected_total", "Rows written as dead letters, by code.", "code")
	blocks    = counter("stream_blocks_total", "Blocks of messages that went through the pipeline, at least one for each partition and poll.")
	commits   = counter("stream_commits_total", "Commits of positions or transactions.")
	retries   = counter("stream_retries_total", "Failures of brokers after which a connector tried again.")
	lost      = counter("stream_offsets_lost_total", "Offsets passed over because the source had deleted them.")
	committed = gauge("stream_last_commit_timestamp_seconds", "When positions were committed last.")
	batches   = describe("stream_batch_messages", "Messages of a commit.", nil)
	readersUp = gauge("stream_readers_open", "Readers that have their source and sinks open.")
	readersOf = gauge("stream_readers", "Readers that share the source.")
	draining  = gauge("stream_draining", "1 if the run is being ended.")

	watermark    = gauge("stream_watermark_timestamp_seconds", "Watermark: no row with an earlier event time is expected.")
	watermarkLag = gauge("stream_watermark_lag_seconds", "How far the watermark is behind the clock.")
	lag          = gauge("stream_lag_messages", "Messages of a partition that are still to be read.", "topic", "partition")

	endToEnd = describe("stream_latency_seconds", "From the timestamp of a micro-batch's oldest message to the acknowledgement of its outputs.", nil)
	own      = describe("stream_own_latency_seconds", "From a poll to the acknowledgement of what came of it.", nil)
	scoring  = describe("stream_scoring_latency_seconds", "From a poll until outputs of it were handed to a sink, for each block.", nil)

	modelInfo     = gauge("model_info", "1, with the model that scores.", "digest", "name", "format", "engine")
	swaps         = counter("model_swaps_total", "New models that took the place of one.")
	swapsRefused  = counter("model_swaps_refused_total", "New models that were not taken.")
	servingSince  = gauge("model_serving_since_timestamp_seconds", "When the model began to score.", "digest")
	modelLooked   = gauge("model_looked_timestamp_seconds", "When the model's files were looked at last.")
	modelOutdated = gauge("model_outdated", "1 if what is at --model now was refused, so that an older model scores.")
)

// Bounds of latencies.
var (
	endToEndBounds = []time.Duration{
		500 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond,
		50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2500 * time.Millisecond,
		5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, time.Hour,
	}
	ownBounds = []time.Duration{
		100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
		10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
		time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
	}
)

// rowCodes have a series from the start, so that rate() sees their first rows.
var rowCodes = []fault.Code{
	fault.BadNumber, fault.NumberRange, fault.BadText, fault.BadJSON, fault.WrongType, fault.DuplicateName, fault.RowTooLarge,
	fault.Tombstone, fault.BadMessage, fault.BadSchema, fault.BadTime, fault.RuleFailed,
}

// collector reads the numbers of a run at each scrape.
type collector struct {
	options Options
	stats   *stream.Stats
	now     func() time.Time
	// What follows is of stats, score and monitor; tests have others.
	codes      func() map[string]int64
	lag        func() map[stream.Partition]int64
	readers    func() []stream.ReaderState
	refreshing func() []score.Refreshing
	summaries  func() []monitor.Summary
}

func newCollector(o *Options) *collector {
	run := o.Links.Run
	c := &collector{options: *o, stats: stream.StatsOf(run), now: time.Now}
	c.codes, c.lag, c.readers = c.stats.Codes, c.stats.Lag, c.stats.Readers
	c.refreshing = func() []score.Refreshing { return score.RefreshOf(run) }
	c.summaries = func() []monitor.Summary { return monitor.Latest(run) }
	return c
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range all {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	s, l := sink(ch), &c.options.Links
	s.put(buildInfo, 1, c.options.Version, runtime.Version())
	s.put(streamInfo, 1, text(l.Run), text(l.From.Redacted()), text(l.To.Redacted()), string(cmp.Or(l.Delivery, stream.AtLeastOnce)))
	c.rows(s)
	c.progress(s)
	c.models(s)
	newestWindow(s, c.summaries())
}

// rows counts what came in and went out.
func (c *collector) rows(s sink) {
	st := c.stats
	s.put(read, float64(st.Rows.Load()))
	s.put(scored, float64(st.Scored.Load()))
	s.put(blocks, float64(st.Blocks.Load()))
	s.put(commits, float64(st.Commits.Load()))
	s.put(retries, float64(st.Retries.Load()))
	s.put(lost, float64(st.Lost.Load()))
	codes := c.codes()
	for _, code := range rowCodes {
		if _, ok := codes[string(code)]; !ok {
			s.put(rejected, 0, string(code))
		}
	}
	for code, n := range codes {
		s.put(rejected, float64(n), text(code))
	}
	s.sizes(batches, &st.Batches)
	s.durations(endToEnd, &st.EndToEnd, endToEndBounds)
	s.durations(own, &st.Own, ownBounds)
	s.durations(scoring, &st.Scoring, ownBounds)
}

// progress says where the run stands.
func (c *collector) progress(s sink) {
	s.atMillis(committed, c.stats.Committed.Load())
	open, least := 0, time.Time{}
	for _, r := range c.readers() {
		if r.Open {
			open++
		}
		if !r.Done && !r.Watermark.IsZero() && (least.IsZero() || r.Watermark.Before(least)) {
			least = r.Watermark
		}
	}
	s.put(readersOf, float64(max(1, c.options.Links.Readers)))
	s.put(readersUp, float64(open))
	s.put(draining, truth(c.stats.Draining()))
	if !least.IsZero() {
		s.at(watermark, least)
		s.put(watermarkLag, c.now().Sub(least).Seconds())
	}
	for p, n := range c.lag() {
		s.put(lag, float64(n), text(p.Topic), strconv.Itoa(int(p.ID)))
	}
}

// models says which model scores, and how it came to that.
func (c *collector) models(s sink) {
	refreshing := c.refreshing()
	if len(refreshing) == 0 {
		m := c.options.Model
		s.put(modelInfo, 1, text(m.Digest), text(m.Name), text(m.Format), m.Engine)
		return
	}
	var took, refused int64
	var looked time.Time
	outdated := false
	seen := map[string]bool{}
	for _, r := range refreshing {
		took += r.Swaps
		refused += r.Refused
		outdated = outdated || r.LastError != ""
		if looked.IsZero() || r.Looked.Before(looked) {
			looked = r.Looked
		}
		if !seen[r.Digest] {
			seen[r.Digest] = true
			s.put(modelInfo, 1, text(r.Digest), text(r.Name), text(r.Format), r.Engine)
			s.at(servingSince, r.Since, text(r.Digest))
		}
	}
	s.put(swaps, float64(took))
	s.put(swapsRefused, float64(refused))
	s.put(modelOutdated, truth(outdated))
	s.at(modelLooked, looked)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// text makes a value of a label of whatever it is: those are UTF-8.
func text(v string) string { return strings.ToValidUTF8(v, "?") }
