package monitor

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glulam/glulam/fault"
)

// example is a summary with everything in it.
func example() Summary {
	o := Options{Window: time.Hour, Outputs: []string{"prediction", "margin_0"}, Classes: []string{"class", "decision"}, Features: []string{"hour", "origin"}}
	p := newPartial(&o)
	p.rows = 4
	p.reject("bad_number", 2)
	p.reject("wrong_type", 1)
	p.outputs[0].addAll([]float64{0.25, 0.5, 0.75, 1})
	p.outputs[1].add(-2, 3)
	p.outputs[1].addAll([]float64{1 / zero})
	p.classes[0].addInt(0)
	p.classes[0].addInt(1)
	p.classes[0].addInt(1)
	p.classes[0].addInt(1)
	p.classes[1].over = true
	p.missing[1], p.counted[0], p.counted[1] = 1, 4, 4
	p.latency.add(2, 4)
	s := p.summary(&o, time.Date(2013, 10, 2, 0, 0, 0, 0, time.UTC).UnixMilli(), "sha256:0123456789abcdef")
	s.Pane, s.Index = Late, 1
	d := s.Outputs["prediction"] // exp is not the same on all processors
	d.Quantiles = Quantiles{0.25, 0.25, 0.25, 0.501, 0.749, 0.749, 0.749}
	s.Outputs["prediction"] = d
	return s
}

var zero float64

// TestJSON pins the members of the JSON form, and that it comes back as it was.
func TestJSON(t *testing.T) {
	in := example()
	data, err := encodeSummary(in)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"window_start":"2013-10-01T23:00:00Z","window_end":"2013-10-02T00:00:00Z","pane":"late","pane_index":1,` +
		`"model":"sha256:0123456789abcdef","rows":4,"rejected":{"bad_number":2,"wrong_type":1},"outputs":{` +
		`"margin_0":{"count":3,"not_finite":1,"mean":-2,"min":-2,"max":-2,"quantiles":{"0.01":-2,"0.05":-2,"0.25":-2,"0.5":-2,"0.75":-2,"0.95":-2,"0.99":-2}},` +
		`"prediction":{"count":4,"mean":0.625,"min":0.25,"max":1,"quantiles":{"0.01":0.25,"0.05":0.25,"0.25":0.25,"0.5":0.501,"0.75":0.749,"0.95":0.749,"0.99":0.749}}},` +
		`"classes":{"class":{"0":{"rows":1,"share":0.25},"1":{"rows":3,"share":0.75}},"decision":{}},` +
		`"missing":{"hour":{"rows":0,"share":0},"origin":{"rows":1,"share":0.25}},` +
		`"latency_ms":{"count":4,"mean":2,"min":2,"max":2,"quantiles":{"0.01":2,"0.05":2,"0.25":2,"0.5":2,"0.75":2,"0.95":2,"0.99":2}}}`
	if d := cmp.Diff(want, string(data)); d != "" {
		t.Error(d)
	}
	out, err := decodeSummary(data)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(in, out); d != "" {
		t.Error(d)
	}
	before, err := encodeSummary(Summary{Partial: true, Rejected: map[string]int64{"bad_json": 1}, Pane: OnTime})
	if err != nil {
		t.Fatal(err)
	}
	const short = `{"window_start":"0001-01-01T00:00:00Z","window_end":"0001-01-01T00:00:00Z","pane":"on_time","pane_index":0,"partial":true,"model":"","rows":0,"rejected":{"bad_json":1}}`
	if string(before) != short {
		t.Errorf("%s", before)
	}
}

func TestText(t *testing.T) {
	s := example()
	const want = `2013-10-01T23:00:00Z to 2013-10-02T00:00:00Z  late (1)  model sha256:0123456789ab  4 scored, rejected: bad_number 2, wrong_type 1
  margin_0    mean -2  min -2  1% -2  5% -2  25% -2  50% -2  75% -2  95% -2  99% -2  max -2  1 not finite
  prediction  mean 0.625  min 0.25  1% 0.25  5% 0.25  25% 0.25  50% 0.501  75% 0.749  95% 0.749  99% 0.749  max 1
  class       0 25%, 1 75%
  decision    no values, or too many
  missing     origin 25%
  latency ms  mean 2  min 2  1% 2  5% 2  25% 2  50% 2  75% 2  95% 2  99% 2  max 2
`
	if d := cmp.Diff(want, s.String()); d != "" {
		t.Error(d)
	}
	s = Summary{Start: s.Start.Add(-2 * time.Hour), End: s.Start, Pane: OnTime, Partial: true, Rejected: map[string]int64{"bad_json": 3}}
	const short = "2013-10-01T21:00:00Z to 23:00:00Z  on time, partial  before any model  0 scored, rejected: bad_json 3\n"
	if d := cmp.Diff(short, s.String()); d != "" {
		t.Error(d)
	}
}

// TestLatest: the last summary of each window and model, and no more windows than there is room for.
func TestLatest(t *testing.T) {
	run := t.Name()
	defer Forget(run)
	at := func(i int) time.Time { return time.Unix(int64(i)*60, 0) }
	for i := range MaxLatest + 10 {
		for index := range 2 {
			for _, rows := range []int64{1, 2} { // a repeated bundle
				keep(run, Summary{End: at(i), Model: "m", Index: index, Rows: rows + int64(10*index)})
			}
		}
		keep(run, Summary{End: at(i), Model: "m", Index: 0})
	}
	keep(run, Summary{End: at(MaxLatest + 5), Model: "a", Rows: 7})
	got := Latest(run)
	if len(got) != MaxLatest {
		t.Fatalf("%d windows", len(got))
	}
	for i, s := range got {
		if i > 0 && byWindow(got[i-1], s) >= 0 {
			t.Errorf("%v of %s after %v of %s", s.End, s.Model, got[i-1].End, got[i-1].Model)
		}
		if s.Model == "m" && s.Rows != 12 || s.Model == "a" && s.Rows != 7 {
			t.Errorf("window %v of %s has %d rows", s.End, s.Model, s.Rows)
		}
	}
	if last := got[len(got)-1]; !last.End.Equal(at(MaxLatest + 9)) {
		t.Errorf("the last window ends at %v", last.End)
	}
	if Forget(run); len(Latest(run)) != 0 || len(Latest("another")) != 0 {
		t.Error("summaries of a run that is forgotten or never was")
	}
}

func TestOptions(t *testing.T) {
	many := make([]string, MaxColumns+1)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	for field, o := range map[string]Options{
		"window":   {},
		"period":   {Window: time.Minute, Period: 2 * time.Minute},
		"lateness": {Window: time.Minute, AllowedLateness: -1},
		"outputs":  {Window: time.Minute, Outputs: many},
		"class":    {Window: time.Minute, Classes: []string{"class", "class"}},
	} {
		e, ok := o.Check().(*fault.Error)
		if !ok || e.Code != fault.Usage || e.Field != field {
			t.Errorf("%s: %v", field, e)
		}
	}
	for _, o := range []Options{
		{Window: time.Microsecond}, {Window: -time.Minute}, {Window: time.Minute, Period: -1}, {Window: 24 * time.Hour, Period: time.Second},
		{Window: time.Minute, AllowedLateness: time.Microsecond},
	} {
		if o.Check() == nil {
			t.Errorf("%+v is right", o)
		}
	}
	for _, c := range []struct {
		window, period        time.Duration
		step, length, period2 time.Duration
	}{
		{time.Minute, 0, time.Minute, time.Minute, time.Minute},
		{time.Hour, 0, 10 * time.Second, time.Hour, time.Hour},
		{time.Hour, time.Minute, 10 * time.Second, time.Hour, time.Minute},
		{20 * time.Second, 15 * time.Second, 5 * time.Second, 20 * time.Second, 15 * time.Second},
		{time.Minute, time.Minute, time.Minute, time.Minute, time.Minute},
		{70 * time.Second, 0, 10 * time.Second, 70 * time.Second, 70 * time.Second},
		{1_000_003 * time.Millisecond, 0, 1_000_003 * time.Millisecond, 1_000_003 * time.Millisecond, 1_000_003 * time.Millisecond}, // a prime
	} {
		o := Options{Window: c.window, Period: c.period}
		if err := o.Check(); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
		step, window, period := o.steps()
		if got, want := [3]int64{step, window, period}, [3]int64{c.step.Milliseconds(), c.length.Milliseconds(), c.period2.Milliseconds()}; got != want {
			t.Errorf("%s every %s: %v, want %v", c.window, c.period, got, want)
		}
	}
}
