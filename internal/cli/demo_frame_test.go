package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glulam/glulam/internal/demo"
	"github.com/glulam/glulam/transforms/monitor"
	"github.com/glulam/glulam/transforms/score"
	"github.com/glulam/glulam/transforms/stream"
)

// aFrame is a demo that goes well, with windows on time, late and of two models.
func aFrame() *frame {
	f := &frame{
		elapsed: 83 * time.Second, rate: 1000, perSecond: 999.7, keys: true, alias: "/tmp/glulam-demo-1/model", leadsTo: demo.Challenger, file: demo.Challenger,
		counts: demo.Counts{Sent: 83_012, Bad: 166, Late: 415, Scored: 82_840, Rejected: 165, Open: 7, Equal: 82_840,
			Codes: map[string]int64{"bad_json": 33, "wrong_type": 34, "tombstone": 32, "bad_time": 33, "duplicate_name": 33}},
		model:    score.Refreshing{Digest: "sha256:" + strings.Repeat("beef0123", 8), Name: "challenger", Format: "lightgbm v3", Swaps: 1},
		lastWord: "challenger.txt took over",
	}
	var latency stream.Histogram
	for i := range 1000 {
		latency.Add(time.Duration(i*i) * time.Microsecond / 30)
	}
	f.now, f.whole = latency.Snapshot(), latency.Snapshot()
	for i := range f.scores.Bins {
		n := max(0, int64(900-(i-18)*(i-18)*5))
		if i > 18 {
			n = max(n, int64(500-5*i))
		}
		f.scores.Bins[i] = n
		f.scores.Count += n
	}
	f.scores.Mean = 0.1817
	at := time.Date(2026, 3, 4, 9, 8, 6, 0, time.Local)
	dist := func(n int64, v float64) map[string]monitor.Distribution {
		return map[string]monitor.Distribution{"prediction": {Count: n, Mean: v, Quantiles: monitor.Quantiles{Q05: v / 3, Q50: v * 0.9, Q95: v * 2.5}}}
	}
	window := func(i int, pane monitor.Pane, model string, rows int64, rejected int64) monitor.Summary {
		s := monitor.Summary{Start: at.Add(time.Duration(2*i) * time.Second), End: at.Add(time.Duration(2*i+2) * time.Second), Pane: pane, Model: model, Rows: rows}
		if rows > 0 {
			s.Outputs = dist(rows, 0.15+0.01*float64(i))
		}
		if rejected > 0 {
			s.Rejected = map[string]int64{"bad_json": rejected - 1, "bad_time": 1}
		}
		return s
	}
	const champion = "sha256:cfdbd5a863edc6536e93"
	f.windows = windowRows([]monitor.Summary{
		window(0, monitor.Late, "", 0, 4), window(0, monitor.Late, champion, 2007, 0),
		window(1, monitor.OnTime, "", 0, 3), window(1, monitor.Late, f.model.Digest, 1200, 0), window(1, monitor.Late, champion, 803, 0),
		window(2, monitor.OnTime, f.model.Digest, 1998, 0),
		window(3, monitor.OnTime, "", 0, 9),
	})
	return f
}

// someFrames are what may be on the screen, by name.
func someFrames() map[string]*frame {
	refused := aFrame()
	refused.model.Refused, refused.leadsTo = 1, demo.Corrupt
	refused.model.LastError = "/tmp/glulam-demo-1/corrupt.txt:341: the file ends in the middle of a tree\x1b[2J"
	wrong := aFrame()
	wrong.counts.Wrong, wrong.counts.First, wrong.held, wrong.keys = 2, "event 17 was scored, and not rejected as \"bad_json\"", true, false
	wrong.counts.Unknown = 5
	empty := &frame{phase: "starting Beam", rate: 5, alias: "/tmp/glulam-demo-1/model", leadsTo: demo.Champion}
	return map[string]*frame{"going well": aFrame(), "refused": refused, "wrong": wrong, "starting": empty}
}

// TestDemoFrames compares frames on terminals of several sizes with testdata/demo/frames.golden.
func TestDemoFrames(t *testing.T) {
	var got strings.Builder
	all := someFrames()
	for _, c := range []struct {
		name          string
		width, height int
	}{{"going well", 119, 40}, {"going well", 99, 30}, {"going well", 79, 24}, {"refused", 79, 24}, {"wrong", 99, 24}, {"starting", 79, 24}, {"going well", 59, 20}, {"going well", 30, 14}, {"refused", 20, 6}, {"going well", 1, 1}} {
		lines := all[c.name].lines(c.width, c.height, false)
		fmt.Fprintf(&got, "# %s, %d x %d\n%s\n", c.name, c.width, c.height, strings.Join(lines, "|\n")+"|")
	}
	golden := filepath.Join("testdata", "demo", "frames.golden")
	if *update {
		if err := os.MkdirAll(filepath.Dir(golden), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, []byte(got.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A frame fits every terminal, with colours and without, and has no other control characters than those of colours.
func TestDemoFits(t *testing.T) {
	for name, f := range someFrames() {
		for width := range 130 {
			for height := 1; height < 50; height += 3 {
				lines := f.lines(width, height, false)
				coloured := f.lines(width, height, true)
				if len(lines) != height || len(coloured) != height {
					t.Fatalf("%s: %d and %d lines for %d", name, len(lines), len(coloured), height)
				}
				for i, l := range lines {
					if wide(l) > width || strings.ContainsFunc(l, func(r rune) bool { return r < ' ' }) {
						t.Fatalf("%s at %d x %d: %q", name, width, height, l)
					}
					if bare := strings.TrimRight(colours.Replace(coloured[i]), " "); bare != l {
						t.Fatalf("%s at %d x %d: with colours %q, without %q", name, width, height, bare, l)
					}
				}
			}
		}
	}
}

var colours = strings.NewReplacer("\x1b[0m", "", "\x1b[1m", "", "\x1b[2m", "", "\x1b[31m", "", "\x1b[32m", "", "\x1b[34m", "")

func TestPortion(t *testing.T) {
	for text, want := range map[string]float64{"0": 0, "0%": 0, "0.2%": 0.002, "100%": 1} {
		var p portion
		if err := p.set(text); err != nil || float64(p) != want {
			t.Errorf("%q: %v, %v", text, float64(p), err)
		}
	}
	for _, text := range []string{"", "%", "1", "0.1", "101%", "-1%", "NaN%", "x"} {
		var p portion
		if err := p.set(text); err == nil {
			t.Errorf("%q is %v", text, float64(p))
		}
	}
}
