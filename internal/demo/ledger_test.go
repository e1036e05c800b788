package demo

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/glulam/glulam/fault"
)

// TestCheck holds that everything that can go wrong with an output is found.
func TestCheck(t *testing.T) {
	good := output{key: "0", digest: "sha256:a", prediction: 0.25}
	rejected := output{key: "1", rejected: true, code: "bad_json"}
	with := func(o output, change func(*output)) output {
		change(&o)
		return o
	}
	for _, c := range []struct {
		name string
		outs []output
		want string // in the error; "": it is right
	}{
		{"right", []output{good, rejected}, ""},
		{"a repeat", []output{good, rejected, good}, ""},
		{"another model", []output{with(good, func(o *output) { o.digest, o.prediction = "sha256:b", 7 }), rejected}, ""},
		{"missing", []output{good}, "2 events were sent, but 1 predictions and 0 dead letters"},
		{"a bit is wrong", []output{with(good, func(o *output) { o.prediction = math.Nextafter(0.25, 1) }), rejected}, "which gives 0.25"},
		{"no prediction", []output{with(good, func(o *output) { o.prediction = math.NaN() }), rejected}, "got NaN"},
		{"another code", []output{good, with(rejected, func(o *output) { o.code = "bad_text" })}, `rejected as "bad_text", not as "bad_json"`},
		{"a good one rejected", []output{with(rejected, func(o *output) { o.key = "0" }), rejected}, `as "bad_json", not as ""`},
		{"a bad one scored", []output{good, with(good, func(o *output) { o.key = "1" })}, "was scored"},
		{"a key of nobody", []output{good, rejected, with(good, func(o *output) { o.key = "2" })}, "which no event had"},
		{"no key", []output{good, rejected, with(good, func(o *output) { o.key = "" })}, "which no event had"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &Demo{}
			d.ledger.init([]contender{{"a", "sha256:a", []float64{0.25}}})
			d.ledger.sends(0, &event{})
			d.ledger.sends(1, &event{bad: fault.BadJSON})
			for i := range c.outs {
				c.outs[i].seen = time.Now()
				d.ledger.sees(&c.outs[i])
			}
			err := d.Check()
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (fault.CodeOf(err) != fault.Mismatch || !strings.Contains(err.Error(), c.want)):
				t.Errorf("%v does not say %q", err, c.want)
			}
			if n := d.Latency().Snapshot().Count; n != int64(2)-d.Counts().Open {
				t.Errorf("%d latencies", n)
			}
		})
	}
}

// TestScores holds that the distribution is of the last seconds, and that what is outside is in the outer bins.
func TestScores(t *testing.T) {
	var s scores
	at := time.Unix(1_700_000_000, 0)
	s.add(at.Add(-time.Minute), 0.5)
	s.add(at.Add(-2*time.Second), 0)
	s.add(at, 1)
	s.add(at, -3)
	s.add(at, math.Inf(1))
	s.add(at, math.NaN())
	s.add(at, 0.999)
	d := s.last(at)
	if d.Count != 5 || d.Bins[0] != 2 || d.Bins[Bins-1] != 3 {
		t.Errorf("%+v", d)
	}
	if d := s.last(at.Add(time.Minute)); d.Count != 0 || d.Mean != 0 {
		t.Errorf("a minute later: %+v", d)
	}
}
