package ops

import (
	"cmp"
	"maps"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/glulam/glulam/transforms/monitor"
)

// MaxSeries is how many features, or classes of a column, a window's metrics name for a model at the most: those with the
// largest shares.
const MaxSeries = 200

var (
	windowEnd      = gauge("window_end_timestamp_seconds", "End of the newest window that has a summary, in event time. The other glulam_window metrics are of that window.")
	windowRows     = gauge("window_rows", "Rows of the window that were scored, by model.", "model")
	windowRejected = gauge("window_rows_rejected", "Rows of the window that were rejected, by model and code.", "model", "code")
	windowOutput   = gauge("window_output", "Quantiles of an output of the window; 0 is the least value, 1 the largest.", "model", "output", "q")
	windowMean     = gauge("window_output_mean", "Mean of an output of the window.", "model", "output")
	windowClass    = gauge("window_class_ratio", "Share of the window's rows with a class.", "model", "output", "class")
	windowMissing  = gauge("window_missing_ratio", "Share of the window's rows without a value for a feature.", "model", "feature")
	windowLatency  = gauge("window_latency_seconds", "Quantiles from the messages' timestamps until their rows were scored.", "model", "q")
)

// newestWindow gives the summaries of the newest window, one for each model that scored in it.
func newestWindow(s sink, summaries []monitor.Summary) {
	if len(summaries) == 0 {
		return
	}
	end := slices.MaxFunc(summaries, func(a, b monitor.Summary) int { return a.End.Compare(b.End) }).End
	s.at(windowEnd, end)
	for i := range summaries {
		if summaries[i].End.Equal(end) {
			window(s, &summaries[i])
		}
	}
}

func window(s sink, w *monitor.Summary) {
	model := text(w.Model)
	s.put(windowRows, float64(w.Rows), model)
	for code, n := range w.Rejected {
		s.put(windowRejected, float64(n), model, text(code))
	}
	for name, d := range w.Outputs {
		if d.Count > 0 {
			quantiles(s, windowOutput, &d, 1, model, text(name))
			s.put(windowMean, d.Mean, model, text(name))
		}
	}
	for name, classes := range w.Classes {
		shares(s, windowClass, classes, model, text(name))
	}
	shares(s, windowMissing, w.Missing, model)
	if w.Latency != nil && w.Latency.Count > 0 {
		quantiles(s, windowLatency, w.Latency, 1000, model)
	}
}

// quantiles gives those of a distribution in units of per.
func quantiles(s sink, m metric, d *monitor.Distribution, per float64, labels ...string) {
	q := &d.Quantiles
	for _, at := range []struct {
		q string
		v float64
	}{{"0", d.Min}, {"0.01", q.Q01}, {"0.05", q.Q05}, {"0.25", q.Q25}, {"0.5", q.Q50}, {"0.75", q.Q75}, {"0.95", q.Q95}, {"0.99", q.Q99}, {"1", d.Max}} {
		s.put(m, at.v/per, append(slices.Clip(labels), at.q)...)
	}
}

// shares gives the MaxSeries largest.
func shares(s sink, m metric, of map[string]monitor.Share, labels ...string) {
	names := slices.SortedFunc(maps.Keys(of), func(a, b string) int {
		return cmp.Or(cmp.Compare(of[b].Rows, of[a].Rows), cmp.Compare(a, b))
	})
	for _, name := range names[:min(len(names), MaxSeries)] {
		s.put(m, of[name].Share, append(slices.Clip(labels), text(name))...)
	}
}

var _ prometheus.Collector = (*collector)(nil)
