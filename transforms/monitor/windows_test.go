package monitor

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// expected is what a window of a model has to have, computed from the log alone.
type expected struct {
	values   []float64
	onTime   int64 // rows and letters that came before the watermark passed the window's end
	late     int64
	rejected map[string]int64
	classes  map[string]int64
	lacking  int64
}

// recompute counts a log's rows by window and model.
func recompute(o Options, log []moment) map[key]*expected {
	window, period, late := o.Window.Milliseconds(), o.period().Milliseconds(), o.AllowedLateness.Milliseconds()
	out, watermark := map[key]*expected{}, int64(math.MinInt64)
	for _, m := range log {
		if m.Rows == nil {
			watermark = m.Watermark
		}
		for _, r := range m.Rows {
			first := int64(math.Floor(float64(r.Time)/float64(period))) * period
			for start := first; start > r.Time-window; start -= period {
				end := start + window
				if end-1+late < watermark {
					continue
				}
				k := key{end, r.Model}
				e := out[k]
				if e == nil {
					e = &expected{rejected: map[string]int64{}, classes: map[string]int64{}}
					out[k] = e
				}
				if watermark < end {
					e.onTime++
				} else {
					e.late++
				}
				if r.Code != "" {
					e.rejected[string(r.Code)]++
					continue
				}
				e.values = append(e.values, r.Value)
				e.classes[fmt.Sprint(r.Class)]++
				if r.Lacking {
					e.lacking++
				}
			}
		}
	}
	return out
}

func (e *expected) check(t *testing.T, k key, s Summary) {
	t.Helper()
	name := fmt.Sprintf("window to %s of %q", s.End.Format(time.RFC3339), k.model)
	rejected := s.Rejected
	if rejected == nil {
		rejected = map[string]int64{}
	}
	if d := cmp.Diff(e.rejected, rejected); d != "" || s.Rows != int64(len(e.values)) {
		t.Errorf("%s: %d rows, want %d; rejected %s", name, s.Rows, len(e.values), d)
		return
	}
	if len(e.values) == 0 {
		if s.Outputs != nil || s.Missing != nil || s.Classes != nil || s.Latency != nil {
			t.Errorf("%s: outputs without rows: %+v", name, s)
		}
		return
	}
	if got := s.Missing["x"]; got != share(e.lacking, s.Rows) {
		t.Errorf("%s: missing %+v, want %d", name, got, e.lacking)
	}
	for class, n := range e.classes {
		if got := s.Classes["class"][class]; got != share(n, s.Rows) {
			t.Errorf("%s: class %s %+v, want %d of %d", name, class, got, n, s.Rows)
		}
	}
	if s.Latency == nil || s.Latency.Count != s.Rows {
		t.Errorf("%s: latency %+v of %d rows", name, s.Latency, s.Rows)
	}
	checkDistribution(t, name, e.values, s.Outputs["prediction"])
}

// checkDistribution holds a distribution against the values themselves.
func checkDistribution(t *testing.T, name string, values []float64, d Distribution) {
	t.Helper()
	values = slices.Sorted(slices.Values(values))
	n, sum, all := len(values), 0.0, 0.0
	for _, v := range values {
		sum += v / float64(n)
		all += math.Abs(v) / float64(n)
	}
	if d.Count != int64(n) || d.Min != values[0] || d.Max != values[n-1] || math.Abs(d.Mean-sum) > 1e-13*all {
		t.Errorf("%s: %d values from %g to %g, mean %g; want %d from %g to %g, mean %g", name, d.Count, d.Min, d.Max, d.Mean, n, values[0], values[n-1], sum)
	}
	q := d.Quantiles
	for at, got := range map[float64]float64{0.01: q.Q01, 0.05: q.Q05, 0.25: q.Q25, 0.5: q.Q50, 0.75: q.Q75, 0.95: q.Q95, 0.99: q.Q99} {
		want := values[int(at*float64(n-1))]
		if math.Abs(got-want) > Accuracy*math.Abs(want)*(1+1e-9)+leastIndexable {
			t.Errorf("%s: quantile %g is %g, want %g", name, at, got, want)
		}
	}
}

// checkPanes holds all summaries of a run against the log: each window's last one has everything, its first one on time what
// had come by then.
func checkPanes(t *testing.T, o Options, log []moment, got []Summary) {
	t.Helper()
	panes := map[key][]Summary{}
	for _, s := range got {
		if !s.Start.Equal(s.End.Add(-o.Window)) || s.End.UnixMilli() <= 0 && s.End.UnixMilli()%1000 != 0 || s.Partial {
			t.Errorf("a summary of %s to %s, partial %t", s.Start, s.End, s.Partial)
		}
		k := key{s.End.UnixMilli(), s.Model}
		panes[k] = append(panes[k], s)
	}
	want := recompute(o, log)
	for k, e := range want {
		of := panes[k]
		if len(of) == 0 {
			t.Errorf("no summary of the window to %s of %q", time.UnixMilli(k.end).UTC(), k.model)
			continue
		}
		slices.SortFunc(of, func(a, b Summary) int { return a.Index - b.Index })
		e.check(t, k, of[len(of)-1])
		for i, s := range of {
			if s.Index != i || (s.Pane == OnTime) != (i == 0 && e.onTime > 0) || s.Pane != OnTime && s.Pane != Late {
				t.Errorf("window to %s of %q: summary %d has index %d and is %s; %d rows were on time", s.End, k.model, i, s.Index, s.Pane, e.onTime)
			}
		}
		var first int64
		for _, n := range of[0].Rejected {
			first += n
		}
		if first += of[0].Rows; e.onTime > 0 && first != e.onTime {
			t.Errorf("window to %s of %q: %d on time, want %d", of[0].End, k.model, first, e.onTime)
		}
		if want := min(e.onTime, 1) + min(e.late, 1); int64(len(of)) != want {
			t.Errorf("window to %s of %q: %d summaries, want %d", of[0].End, k.model, len(of), want)
		}
	}
	for k := range panes {
		if want[k] == nil {
			t.Errorf("a summary of the window to %s of %q, which has no rows", time.UnixMilli(k.end).UTC(), k.model)
		}
	}
}

// TestWindows: random logs, out of order and late, with idle times and clocks that jump, give the same counts, windows and
// panes as a plain recomputation, and quantiles within the sketches' accuracy.
func TestWindows(t *testing.T) {
	base := time.Date(2013, 10, 1, 5, 59, 0, 0, time.UTC).UnixMilli()
	for i, o := range []Options{
		{Window: 10 * time.Second},
		{Window: 10 * time.Second, AllowedLateness: 15 * time.Second},
		{Window: 30 * time.Second, Period: 10 * time.Second},
		{Window: 30 * time.Second, Period: 10 * time.Second, AllowedLateness: 20 * time.Second},
		{Window: 20 * time.Second, Period: 15 * time.Second, AllowedLateness: 7 * time.Second}, // neither divides the other
		{Window: 2 * time.Minute},
		{Window: 90 * time.Second, AllowedLateness: 3 * time.Minute},
		{Window: 1777 * time.Millisecond, Period: 1777 * time.Millisecond, AllowedLateness: time.Second},
	} {
		o.Outputs, o.Classes, o.Features = []string{"prediction"}, []string{"class"}, []string{"x"}
		t.Run(fmt.Sprintf("%s_%s_%s", o.Window, o.Period, o.AllowedLateness), func(t *testing.T) {
			for seed := range uint64(3) {
				log := randomLog(rand.New(rand.NewPCG(seed, uint64(i))), o, base)
				got := summarize(t, o, log)
				checkPanes(t, o, log, got)
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
		})
	}
}

func randomLog(r *rand.Rand, o Options, now int64) (log []moment) {
	window, late := o.Window.Milliseconds(), o.AllowedLateness.Milliseconds()
	watermark := int64(math.MinInt64)
	for range 30 {
		switch r.IntN(12) {
		case 0: // nothing for a long time
			now += window * (1 + r.Int64N(5))
			if r.IntN(2) == 0 {
				watermark = max(watermark+1, now-window)
				log = append(log, moment{Watermark: watermark})
			}
		case 1: // some clock is ahead
			log = append(log, moment{Rows: []row{randomRow(r, now+window*10)}})
		default:
			now += r.Int64N(window/2 + 1)
		}
		rows := make([]row, 1+r.IntN(20))
		for i := range rows {
			ago := r.Int64N(window/2 + 1)
			if r.IntN(6) == 0 {
				ago = r.Int64N(2*window + 2*late)
			}
			rows[i] = randomRow(r, now-ago)
		}
		log = append(log, moment{Rows: rows})
		if next := now - r.Int64N(window+1); next > watermark && r.IntN(3) > 0 {
			watermark = next
			log = append(log, moment{Watermark: watermark})
		}
	}
	return log
}

func randomRow(r *rand.Rand, at int64) row {
	out := row{Time: at, Model: []string{"sha256:a", "sha256:b"}[r.IntN(2)], Value: math.Exp(r.NormFloat64() * 5), Class: r.Int32N(3), Lacking: r.IntN(4) == 0}
	switch r.IntN(12) {
	case 0:
		out.Value = 0
	case 1, 2:
		out.Value = -out.Value
	case 3:
		out.Code = fault.BadNumber
	case 4:
		out.Code, out.Model = fault.BadJSON, ""
	}
	return out
}

// TestDrain: windows that a drain closes before their end are partial, and no others.
func TestDrain(t *testing.T) {
	run := t.Name()
	stream.StatsOf(run).Watermark.Store(20_000)
	stream.Drain(run)
	defer stream.End(run)
	var rows []row
	for _, s := range []int64{5_000, 15_000, 19_999, 20_000} {
		rows = append(rows, row{Time: s, Model: "m"})
	}
	for _, s := range summarize(t, Options{Run: run, Window: 10 * time.Second, AllowedLateness: time.Second}, []moment{{Rows: rows}}) {
		if want := s.End.UnixMilli() > 20_000; s.Partial != want || s.Pane != OnTime {
			t.Errorf("the window to %s: partial %t, %s", s.End, s.Partial, s.Pane)
		}
	}
}

// TestBefore1970: Beam gives times before 1970 to windows that they are not in; ours are right.
func TestBefore1970(t *testing.T) {
	for _, o := range []Options{
		{Window: time.Minute, Outputs: []string{"prediction"}, Classes: []string{"class"}, Features: []string{"x"}},
		{Window: time.Minute, Period: 20 * time.Second, Outputs: []string{"prediction"}, Classes: []string{"class"}, Features: []string{"x"}},
	} {
		var rows []row
		for _, s := range []int64{-200_000, -121_000, -120_000, -60_001, -60_000, -1, 0, 1, 59_999, 60_000} {
			rows = append(rows, row{Time: s, Model: "m", Value: float64(s)})
		}
		log := []moment{{Rows: rows}}
		checkPanes(t, o, log, summarize(t, o, log))
	}
}

// TestClocksChange: on the days when clocks in New York change there are 23 and 25 windows of an hour, all of the same length.
func TestClocksChange(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Window: time.Hour, Outputs: []string{"prediction"}}
	for day, hours := range map[time.Time]int{
		time.Date(2013, 3, 10, 0, 0, 0, 0, zone):  23,
		time.Date(2013, 11, 3, 0, 0, 0, 0, zone):  25,
		time.Date(2013, 11, 10, 0, 0, 0, 0, zone): 24,
	} {
		var rows []row
		for at := day; at.Before(day.AddDate(0, 0, 1)); at = at.Add(10 * time.Minute) {
			rows = append(rows, row{Time: at.UnixMilli(), Model: "m", Value: 1})
		}
		got := summarize(t, o, []moment{{Rows: rows}})
		slices.SortFunc(got, byWindow)
		if len(got) != hours {
			t.Errorf("%s: %d windows, want %d", day, len(got), hours)
		}
		for i, s := range got {
			if want := day.Add(time.Duration(i) * time.Hour); !s.Start.Equal(want) || s.Rows != 6 || s.Start.In(zone).Minute() != 0 {
				t.Errorf("window %d begins at %s and has %d rows, want %s and 6", i, s.Start, s.Rows, want.UTC())
			}
		}
	}
}
