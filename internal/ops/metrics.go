package ops

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/glulam/glulam/transforms/stream"
)

// metric is one name, with what it is.
type metric struct {
	*prometheus.Desc
	kind prometheus.ValueType
}

// all are the descriptions of all metrics.
var all []*prometheus.Desc

func describe(name, help string, labels []string) *prometheus.Desc {
	d := prometheus.NewDesc("glulam_"+name, help, labels, nil)
	all = append(all, d)
	return d
}

func counter(name, help string, labels ...string) metric {
	return metric{describe(name, help, labels), prometheus.CounterValue}
}

func gauge(name, help string, labels ...string) metric {
	return metric{describe(name, help, labels), prometheus.GaugeValue}
}

// sink takes the metrics of a scrape.
type sink chan<- prometheus.Metric

// put gives one value.
func (s sink) put(m metric, v float64, labels ...string) {
	out, err := prometheus.NewConstMetric(m.Desc, m.kind, v, labels...)
	if err != nil {
		out = prometheus.NewInvalidMetric(m.Desc, err)
	}
	s <- out
}

// at gives a time in seconds since 1970; nothing if it is zero.
func (s sink) at(m metric, t time.Time, labels ...string) {
	if !t.IsZero() {
		s.put(m, float64(t.UnixMilli())/1000, labels...)
	}
}

// atMillis is at for milliseconds since 1970; 0: none.
func (s sink) atMillis(m metric, ms int64) {
	if ms != 0 {
		s.put(m, float64(ms)/1000)
	}
}

// durations gives a histogram in seconds. stream.Histogram's bounds are others: what is less than 6% below a bound may count
// as more.
func (s sink) durations(d *prometheus.Desc, h *stream.Histogram, bounds []time.Duration) {
	snap := h.Snapshot()
	buckets := make(map[float64]uint64, len(bounds))
	for _, b := range bounds {
		buckets[b.Seconds()] = uint64(snap.Below(b))
	}
	s.histogram(d, uint64(snap.Count), snap.Sum.Seconds(), buckets)
}

// sizes gives a histogram of numbers of things.
func (s sink) sizes(d *prometheus.Desc, of *stream.Sizes) {
	counts, sum := of.UpTo()
	last := len(counts) - 1
	buckets := make(map[float64]uint64, last)
	for i, n := range counts[:last] {
		buckets[float64(int64(1)<<i)] = uint64(n)
	}
	s.histogram(d, uint64(counts[last]), float64(sum), buckets)
}

func (s sink) histogram(d *prometheus.Desc, count uint64, sum float64, buckets map[float64]uint64) {
	out, err := prometheus.NewConstHistogram(d, count, sum, buckets)
	if err != nil {
		out = prometheus.NewInvalidMetric(d, err)
	}
	s <- out
}
