package cli

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/glulam/glulam/pipelines"
	"github.com/glulam/glulam/transforms/files"
	"github.com/glulam/glulam/transforms/score"
	"github.com/glulam/glulam/transforms/stream"
)

// streamSummary is what `glulam stream` says at its end, as JSON with --json. Its keys are stable, like those of summary.
type streamSummary struct {
	Glulam string          `json:"glulam"` // version
	Job    string          `json:"job"`
	Model  files.ModelInfo `json:"model"` // that the run began with
	From   string          `json:"from"`
	To     string          `json:"to"`
	Rows   files.RowCounts `json:"rows"` // in, scored, rejected; rejected_by_code where there are any

	MaxRejected string `json:"max_rejected"` // the limit: a count or a percentage
	OverLimit   bool   `json:"over_limit"`   // more were rejected: the exit code is 3

	FirstRejected *firstLetter `json:"first_rejected"` // null when there is none

	// Swaps is there with --refresh.
	Swaps *swapSummary `json:"swaps,omitempty"`

	Commits int64 `json:"commits"`
	// Latency is from a micro-batch's oldest message's timestamp to the acknowledgement of its outputs, Own from a poll to
	// that.
	Latency quantiles `json:"latency_ms"`
	Own     quantiles `json:"own_latency_ms"`
	// Scoring is from a poll until its outputs were handed to a sink.
	Scoring quantiles `json:"scoring_latency_ms"`

	// Savepoint is where the job can go on that was stopped on Flink.
	Savepoint string `json:"savepoint,omitzero"`

	Seconds       float64 `json:"seconds"`
	RowsPerSecond float64 `json:"rows_per_second"`
	PeakMemory    int64   `json:"peak_memory_bytes"`
}

// swapSummary says which models came after the first.
type swapSummary struct {
	Taken   int64  `json:"taken"`
	Refused int64  `json:"refused"`
	Name    string `json:"name"`   // of the model that served at the end
	Digest  string `json:"digest"` // likewise
}

// swapsOf is that of a run; nil without --refresh.
func swapsOf(run string) *swapSummary {
	var s *swapSummary
	for _, r := range score.RefreshOf(run) {
		if s == nil {
			s = &swapSummary{}
		}
		s.Taken, s.Refused, s.Name, s.Digest = s.Taken+r.Swaps, s.Refused+r.Refused, r.Name, r.Digest
	}
	return s
}

// quantiles of a latency in milliseconds.
type quantiles struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

func quantilesOf(h *stream.Histogram) quantiles {
	s := h.Snapshot()
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return quantiles{P50: ms(s.Quantile(.5)), P95: ms(s.Quantile(.95)), P99: ms(s.Quantile(.99)), Max: ms(s.Max)}
}

func newStreamSummary(j *pipelines.StreamJob, took time.Duration, peak int64) *streamSummary {
	st := j.Stats()
	s := &streamSummary{
		Glulam: pipelines.Version, Job: j.Links.Run, Model: j.ModelInfo(), From: j.Links.From.Redacted(), To: j.Links.To.Redacted(),
		Rows:        files.RowCounts{In: st.Rows.Load(), Scored: st.Scored.Load(), Rejected: st.Rejected.Load(), RejectedByCode: st.Codes()},
		MaxRejected: "0", Swaps: swapsOf(j.Links.Run), Commits: st.Commits.Load(), Latency: quantilesOf(&st.EndToEnd), Own: quantilesOf(&st.Own), Scoring: quantilesOf(&st.Scoring),
		Seconds: float64(took.Milliseconds()) / 1000, PeakMemory: peak,
	}
	if l := st.FirstRejected(); l != nil {
		s.FirstRejected = &firstLetter{Source: l.Source, Row: l.Row, Offset: l.Offset, Code: l.Code, Field: l.Field, Message: l.Message}
	}
	if took > 0 {
		s.RowsPerSecond = float64(int64(float64(s.Rows.In) / took.Seconds()))
	}
	return s
}

func (s *streamSummary) finding() *findings { return overLimit(&s.Rows, s.MaxRejected) }

// text renders the summary for people.
func (s *streamSummary) text() string {
	var t table
	t.counts(&s.Rows)
	if s.FirstRejected != nil {
		t.row("  first", s.FirstRejected.String())
	}
	t.gap()
	t.row("time", fmt.Sprintf("%s, %s rows/s", span(time.Duration(s.Seconds*float64(time.Second))), count(int64(s.RowsPerSecond))))
	if s.Commits > 0 {
		t.row("latency", s.Latency.String()+", from a message's timestamp to its output's acknowledgement")
		t.row("  from a poll", s.Own.String())
		t.row("  to a sink", s.Scoring.String()+", from a poll, without the broker's answer")
	}
	if s.PeakMemory > 0 {
		t.row("peak memory", size(s.PeakMemory))
	}
	t.row("model", fmt.Sprintf("%s (%s, %s), %s engine", s.Model.Name, s.Model.Format, s.Model.Objective, s.Model.Engine))
	t.row("digest", s.Model.Digest)
	if w := s.Swaps; w != nil {
		t.row("swaps", fmt.Sprintf("%d, %d refused; %s served at the end", w.Taken, w.Refused, w.Name))
		t.row("  digest", w.Digest)
	}
	t.row("job", s.Job)
	if s.Savepoint != "" {
		t.row("savepoint", s.Savepoint)
	}
	return t.String()
}

// String says them for people.
func (q quantiles) String() string {
	return fmt.Sprintf("p50 %s, p95 %s, p99 %s, max %s", ms(q.P50), ms(q.P95), ms(q.P99), ms(q.Max))
}

// ms writes milliseconds with three digits.
func ms(v float64) string {
	switch {
	case v < 10:
		return fmt.Sprintf("%.2f ms", v)
	case v < 100:
		return fmt.Sprintf("%.1f ms", v)
	case v < 10000:
		return fmt.Sprintf("%.0f ms", v)
	}
	return span(time.Duration(v * float64(time.Millisecond)))
}

// followStream draws the progress of a streaming run until done is called, if anybody watches.
func followStream(s *screen, st *stream.Stats) (done func()) {
	type moment struct {
		at      time.Time
		rows    int64
		latency stream.Snapshot
	}
	past := []moment{{at: time.Now()}}
	return watch(s, func(now time.Time, width int) string {
		past = append(past, moment{now, st.Rows.Load(), st.EndToEnd.Snapshot()})
		if len(past) > int(recent/redraw) {
			past = past[1:]
		}
		first, last := past[0], past[len(past)-1]
		latency := last.latency.Since(first.latency)
		parts := []string{count(last.rows) + " rows", count(int64(float64(last.rows-first.rows)/now.Sub(first.at).Seconds())) + " rows/s"}
		if latency.Count > 0 {
			parts = append(parts, "p99 "+ms(float64(latency.Quantile(.99).Microseconds())/1000))
		}
		if n := st.Rejected.Load(); n > 0 {
			parts = append(parts, fmt.Sprintf("%s rejected (%s)", count(n), most(st.Codes())))
		}
		if lag := total(st.Lag()); lag > 0 {
			parts = append(parts, count(lag)+" behind")
		}
		return fit(width, parts...)
	})
}

// most is the code that counts most, the first of the alphabet among equals.
func most(codes map[string]int64) (code string) {
	for _, c := range slices.Sorted(maps.Keys(codes)) {
		if codes[c] > codes[code] {
			code = c
		}
	}
	return code
}

func total(lag map[stream.Partition]int64) (sum int64) {
	for _, n := range lag {
		sum += n
	}
	return sum
}
