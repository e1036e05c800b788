package cli

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/glulam/glulam/internal/demo"
	"github.com/glulam/glulam/transforms/monitor"
	"github.com/glulam/glulam/transforms/score"
	"github.com/glulam/glulam/transforms/stream"
)

// frame is what the demo shows at a moment.
type frame struct {
	phase   string // what it is at, if that is not plain scoring
	elapsed time.Duration
	rate    int // wanted
	held    bool

	counts    demo.Counts
	perSecond float64 // predictions and dead letters of late
	now       stream.Snapshot
	whole     stream.Snapshot
	scores    demo.Distribution
	windows   []windowRow // newest first

	model    score.Refreshing
	file     string // of the model that serves; "" if it is none of the demo's
	alias    string
	leadsTo  string
	keys     bool
	lastWord string // what the last key did
}

// windowRow is a line of the table of windows.
type windowRow struct {
	start    time.Time
	pane     string
	model    string
	rows     int64
	rejected int64
	output   monitor.Distribution
}

// windowRows makes rows of summaries, the newest first. Rows that were rejected before any model are counted with the window's
// first model.
func windowRows(all []monitor.Summary) []windowRow {
	var out []windowRow
	for i := range all {
		s := &all[i]
		r := windowRow{start: s.Start, pane: strings.ReplaceAll(string(s.Pane), "_", " "), model: s.Model, rows: s.Rows, output: s.Outputs["prediction"]}
		if s.Partial {
			r.pane = "partial"
		}
		for _, n := range s.Rejected {
			r.rejected += n
		}
		// Summaries are in the order of windows, and within them of models: that without a model is the first.
		if n := len(out) - 1; n >= 0 && out[n].start.Equal(r.start) && out[n].model == "" {
			r.rejected += out[n].rejected
			out = out[:n]
		}
		out = append(out, r)
	}
	slices.Reverse(out)
	return out
}

// lines lays the frame out for a terminal.
func (f *frame) lines(width, height int, colour bool) []string {
	head := f.head()
	foot := f.foot()
	room := height - len(head) - 1 // the foot's
	var body []drawn
	// The histogram has two lines beside its bars, and the windows have one; a blank line stands before each.
	bars := min(8, (room-6)/2)
	if bars >= 2 {
		body = append(append(body, nil), f.histogram(width, bars)...)
	}
	if n := min(len(f.windows), room-len(body)-2); n > 0 {
		body = append(append(body, nil), f.table(n)...)
	}
	all := append(head, body...)
	if len(all) > height-1 {
		all = all[:max(0, height-1)]
	}
	for len(all) < height-1 {
		all = append(all, nil)
	}
	all = append(all, foot)
	out := make([]string, len(all))
	for i, l := range all {
		out[i] = l.render(width, colour)
	}
	return out
}

// label begins a line.
func label(text string) drawn { return drawn{{fmt.Sprintf("  %-10s", text), faint}} }

// head is what is always there, the most important first.
func (f *frame) head() []drawn {
	title := drawn{{"glulam demo", strong}, {"  flights of New York, 2013, through NATS and Beam", plain}, {"  " + clock(f.elapsed), faint}}
	if f.phase != "" {
		title = drawn{{"glulam demo", strong}, {"  " + f.phase, blue}, {"  " + clock(f.elapsed), faint}}
	}
	rate := label("rate").add(strong, count(int64(math.Round(f.perSecond)))+"/s").add(plain, " of "+count(int64(f.rate))+"/s")
	if f.held {
		rate = rate.add(bad, "  sending waits")
	}
	c := &f.counts
	events := label("events").add(plain, fmt.Sprintf("%s sent = %s scored + %s rejected + %s on their way", count(c.Sent), count(c.Scored), count(c.Rejected), count(c.Open)))
	lines := []drawn{title, nil, rate, events, f.checked()}
	lines = append(lines, f.latency("latency", &f.now, false), f.latency("  all", &f.whole, true))
	lines = append(lines, f.rejects(), f.serving(), f.aliasLine())
	return append(lines, f.word())
}

// clock is a duration as 1:02:03 or 2:03.
func clock(d time.Duration) string {
	s := int64(d.Round(time.Second).Seconds())
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// checked says what the comparison with the models found.
func (f *frame) checked() drawn {
	c := &f.counts
	l := label("checked")
	if c.Wrong > 0 {
		return l.add(bad, fmt.Sprintf("%s wrong: %s", count(c.Wrong), c.First))
	}
	l = l.add(good, count(c.Equal)).add(plain, " predictions equal, bit for bit, to the model's own")
	if c.Unknown > 0 {
		l = l.add(plain, fmt.Sprintf("; %s of other models", count(c.Unknown)))
	}
	return l
}

func (f *frame) latency(name string, s *stream.Snapshot, most bool) drawn {
	l := label(name)
	if s.Count == 0 {
		return l.add(plain, "-")
	}
	for _, q := range []struct {
		name string
		q    float64
	}{{"p50", .5}, {"p95", .95}, {"p99", .99}} {
		l = l.add(faint, q.name+" ").add(plain, fmt.Sprintf("%-8s  ", millis(s.Quantile(q.q))))
	}
	if most {
		return l.add(faint, "max ").add(plain, fmt.Sprintf("%-8s  ", millis(s.Max))).add(faint, "in all")
	}
	return l.add(faint, "sent to seen, last 10 s")
}

func millis(d time.Duration) string { return ms(float64(d.Microseconds()) / 1000) }

func (f *frame) rejects() drawn {
	l := label("rejected")
	if f.counts.Rejected == 0 {
		return l.add(plain, "none")
	}
	return l.add(plain, codes(f.counts.Codes))
}

// codes lists how many rows were rejected for which reason.
func codes(by map[string]int64) string {
	var parts []string
	for _, c := range byCount(by) {
		parts = append(parts, count(c.n)+" "+c.code)
	}
	return strings.Join(parts, ", ")
}

func (f *frame) serving() drawn {
	l := label("model")
	if f.model.Digest == "" {
		return l.add(plain, "-")
	}
	l = l.add(strong, cmp.Or(f.file, f.model.Name)).add(plain, "  "+f.model.Format+"  "+shortDigest(f.model.Digest))
	l = l.add(plain, "  "+plural(f.model.Swaps, "swap"))
	if f.model.Refused > 0 {
		l = l.add(plain, ", "+count(f.model.Refused)+" refused")
	}
	return l
}

// shortDigest is the beginning of a digest, without its kind.
func shortDigest(digest string) string {
	return cut(strings.TrimPrefix(digest, "sha256:"), 12)
}

func (f *frame) aliasLine() drawn {
	l := label("alias").add(plain, f.alias)
	if f.leadsTo != "" {
		l = l.add(faint, " leads to ").add(plain, f.leadsTo)
	}
	return l
}

// word says what happened last with models: a refusal, or what a key did.
func (f *frame) word() drawn {
	if f.model.LastError != "" {
		return label("").add(bad, "refused, the old model serves on: "+strings.ReplaceAll(f.model.LastError, filepath.Dir(f.alias)+string(filepath.Separator), ""))
	}
	return label("").add(blue, f.lastWord)
}

func (f *frame) foot() drawn {
	if !f.keys || f.phase != "" { // s and b are for when events flow
		return drawn{{"  Ctrl-C", strong}, {" ends it", plain}}
	}
	return drawn{{"  s", strong}, {" swap the model   ", plain}, {"b", strong}, {" offer a corrupt model   ", plain}, {"q", strong}, {" end", plain}}
}
