package ops

import (
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/glulam/glulam/transforms/monitor"
	"github.com/glulam/glulam/transforms/score"
	"github.com/glulam/glulam/transforms/stream"
)

var update = flag.Bool("update", false, "rewrite the golden texts")

// noon is the clock of the tests.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// made is the collector of a run that never was.
func made(t *testing.T) *collector {
	t.Helper()
	links := stream.Links{Run: t.Name(), From: stream.Endpoint{URL: "kafka://broker:9092/flights"}, To: stream.Endpoint{URL: "kafka://broker:9092/scored"}, Readers: 3}
	t.Cleanup(func() { stream.End(t.Name()) })
	c := newCollector(&Options{Links: links, Version: "v1.2.3", Model: Model{"sha256:aa", "flights", "lightgbm v4", "leaves"}})
	st := c.stats
	st.Rows.Store(1000)
	st.Blocks.Store(40)
	st.Scored.Store(990)
	st.Commits.Store(20)
	st.Retries.Store(2)
	st.Lost.Store(5)
	st.Committed.Store(noon.Add(-250 * time.Millisecond).UnixMilli())
	for _, n := range []int64{0, 1, 2, 3, 4, 5, 1000, stream.MaxSize, stream.MaxSize + 1} {
		st.Batches.Add(n)
	}
	for _, d := range []time.Duration{40 * time.Microsecond, 900 * time.Microsecond, 990 * time.Microsecond, 999 * time.Microsecond, 3 * time.Millisecond, 20 * time.Minute, 2 * time.Hour} {
		st.EndToEnd.Add(d)
		st.Own.Add(d)
	}
	c.now = func() time.Time { return noon }
	c.codes = func() map[string]int64 { return map[string]int64{"bad_json": 7, "some_new_code": 3} }
	c.lag = func() map[stream.Partition]int64 {
		return map[stream.Partition]int64{{Topic: "flights", ID: 0}: 0, {Topic: "flights", ID: 11}: 42, {Topic: "no\xffname"}: 1}
	}
	c.readers = func() []stream.ReaderState {
		return []stream.ReaderState{
			{Index: 0, Open: true, Turned: noon, Watermark: noon.Add(-90 * time.Second)},
			{Index: 1, Open: true, Turned: noon, Watermark: noon.Add(-30 * time.Second)},
			{Index: 2, Done: true, Watermark: noon.Add(-time.Hour)},
		}
	}
	return c
}

// scrape gives what Prometheus would read.
func scrape(t *testing.T, c prometheus.Collector) string {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(c)
	w := httptest.NewRecorder()
	promhttp.HandlerFor(reg, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	return regexp.MustCompile(`goversion="[^"]*"`).ReplaceAllString(w.Body.String(), `goversion="(go)"`)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("not %s (-want +got):\n%s", path, diff)
	}
}

func TestMetrics(t *testing.T) {
	golden(t, "run.txt", scrape(t, made(t)))
}

// windowTo is a summary of the hour that ends then.
func windowTo(end time.Time, model string, rows int64) monitor.Summary {
	return monitor.Summary{Start: end.Add(-time.Hour), End: end, Pane: monitor.OnTime, Model: model, Rows: rows}
}

// TestModelsAndWindows: a run whose model is refreshed, and that has windows.
func TestModelsAndWindows(t *testing.T) {
	c := made(t)
	c.refreshing = func() []score.Refreshing {
		one := score.Refreshing{Digest: "sha256:bb", Name: "flights-8", Format: "xgboost 3.0", Engine: "leaves", Since: noon.Add(-time.Hour), Swaps: 2, Refused: 1, LastError: "no", Looked: noon}
		two := one
		two.Swaps, two.Refused, two.LastError, two.Looked = 1, 0, "", noon.Add(-time.Second)
		return []score.Refreshing{one, two}
	}
	full := windowTo(noon, "sha256:bb", 100)
	full.Rejected = map[string]int64{"bad_number": 3}
	full.Outputs = map[string]monitor.Distribution{
		"prediction": {Count: 100, Mean: .5, Min: .01, Max: .99, Quantiles: monitor.Quantiles{Q01: .02, Q05: .06, Q25: .25, Q50: .5, Q75: .75, Q95: .95, Q99: .98}},
		"margin":     {NotFinite: 100},
	}
	full.Classes = map[string]map[string]monitor.Share{"class": {"0": {Rows: 25, Share: .25}, "1": {Rows: 75, Share: .75}}}
	full.Missing = map[string]monitor.Share{"hour": {}, "dep_delay": {Rows: 10, Share: .1}}
	full.Latency = &monitor.Distribution{Count: 100, Mean: 2, Min: 1, Max: 9, Quantiles: monitor.Quantiles{Q01: 1, Q05: 1, Q25: 1.5, Q50: 2, Q75: 3, Q95: 5, Q99: 8}}
	c.summaries = func() []monitor.Summary {
		return []monitor.Summary{windowTo(noon.Add(-time.Hour), "sha256:bb", 7), windowTo(noon, "", 0), full}
	}
	var part []string
	for line := range strings.Lines(scrape(t, c)) {
		if strings.Contains(line, "glulam_model_") || strings.Contains(line, "glulam_window_") {
			part = append(part, line)
		}
	}
	golden(t, "window.txt", strings.Join(part, ""))
	problems, err := testutil.CollectAndLint(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// TestManySeries: wide models and columns of many classes name those with the largest shares.
func TestManySeries(t *testing.T) {
	c := made(t)
	w := windowTo(noon, "sha256:aa", 1000)
	w.Missing = map[string]monitor.Share{}
	for i := range int64(MaxSeries + 50) {
		w.Missing[fmt.Sprintf("f%03d", i)] = monitor.Share{Rows: i, Share: float64(i) / 1000}
	}
	c.summaries = func() []monitor.Summary { return []monitor.Summary{w} }
	if n := testutil.CollectAndCount(c, "glulam_window_missing_ratio"); n != MaxSeries {
		t.Errorf("%d features, want %d", n, MaxSeries)
	}
	text := scrape(t, c)
	if strings.Contains(text, `feature="f049"`) || !strings.Contains(text, `feature="f050"`) {
		t.Error("not those with the largest shares")
	}
}

// TestNothingYet: a run that has not begun has no watermark, no commit and no window.
func TestNothingYet(t *testing.T) {
	t.Cleanup(func() { stream.End(t.Name()) })
	text := scrape(t, newCollector(&Options{Links: stream.Links{Run: t.Name()}}))
	for _, name := range []string{"watermark", "last_commit", "window", "lag"} {
		if strings.Contains(text, "glulam_stream_"+name) || strings.Contains(text, "glulam_"+name) {
			t.Errorf("there is a %s:\n%s", name, text)
		}
	}
	if !strings.Contains(text, `glulam_stream_rows_rejected_total{code="bad_json"} 0`) {
		t.Errorf("codes have no series before their first row:\n%s", text)
	}
}

// TestEveryMetricIsDocumented holds docs/stream.md against what there is.
func TestEveryMetricIsDocumented(t *testing.T) {
	data, err := os.ReadFile("../../docs/stream.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, m := range regexp.MustCompile("`(glulam_[a-z_]+)`").FindAllStringSubmatch(string(data), -1) {
		documented[m[1]] = true
	}
	there := map[string]bool{}
	for _, d := range all {
		m := regexp.MustCompile(`fqName: "([^"]+)"`).FindStringSubmatch(d.String())
		if m == nil {
			t.Fatalf("no name in %s", d)
		}
		there[m[1]] = true
		if !documented[m[1]] {
			t.Errorf("docs/stream.md has no %s", m[1])
		}
	}
	for name := range documented {
		if !there[name] {
			t.Errorf("docs/stream.md has %s, which there is not", name)
		}
	}
}
