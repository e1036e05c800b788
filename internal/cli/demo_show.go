package cli

import (
	"cmp"
	"fmt"
	"math"
	"time"

	"github.com/glulam/glulam/internal/demo"
	"github.com/glulam/glulam/transforms/score"
	"github.com/glulam/glulam/transforms/stream"
)

// recentPast is what was counted in the recent time.
type recentPast struct{ moments []pastMoment }

type pastMoment struct {
	at      time.Time
	out     int64
	latency stream.Snapshot
}

// add notes a moment and gives the events a second and the latency since the oldest one that counts.
func (r *recentPast) add(m pastMoment) (perSecond float64, latency stream.Snapshot) {
	r.moments = append(r.moments, m)
	for len(r.moments) > 2 && m.at.Sub(r.moments[1].at) >= recent {
		r.moments = r.moments[1:]
	}
	first := &r.moments[0]
	if s := m.at.Sub(first.at).Seconds(); s > 0 {
		perSecond = float64(m.out-first.out) / s
	}
	return perSecond, m.latency.Since(first.latency)
}

// show draws the view, or writes a line, if it is time for that.
func (p *play) show(n int, last bool) {
	switch {
	case p.stage != nil && (last || n%demoRedraw == 0):
		f := p.frame(time.Now())
		width, height := p.stage.size()
		p.stage.draw(f.lines(width, height, p.stage.colour))
	case p.stage == nil && !last && n%demoPlainly == demoPlainly-1:
		p.line(time.Now())
	}
}

// frame gathers what there is to show.
func (p *play) frame(now time.Time) *frame {
	f := &frame{
		phase: p.doing(), elapsed: p.took(), rate: int(p.c.Rate), held: p.d.Held() && p.phase == playing,
		counts: p.d.Counts(), whole: p.d.Latency().Snapshot(), scores: p.d.Scores(now), windows: windowRows(p.job.Summaries()),
		alias: p.d.Alias(), leadsTo: p.d.LeadsTo(), keys: p.stage != nil && p.stage.keys != nil, lastWord: p.lastWord,
	}
	f.model, _ = p.d.Refreshing()
	f.file = p.d.FileOf(f.model.Digest)
	if p.lastWord != "" && p.d.Decided() && f.model.LastError == "" {
		f.lastWord = servingName(p.d, f.model) + " took over"
	}
	if !p.began.IsZero() {
		f.perSecond, f.now = p.recent.add(pastMoment{now, f.counts.Scored + f.counts.Rejected, f.whole})
	}
	return f
}

// doing says what the demo is at, if events are not just flowing.
func (p *play) doing() string {
	switch p.phase {
	case starting:
		return "starting Beam"
	case emptying:
		return "ending: waiting for what is on its way; Ctrl-C stops at once"
	case finishing:
		return "ending: committing; Ctrl-C stops at once"
	}
	return ""
}

// servingName names the model that serves: its file if it is one of the demo's.
func servingName(d *demo.Demo, r score.Refreshing) string {
	return cmp.Or(d.FileOf(r.Digest), r.Name, "no model")
}

// line writes what there is to say each second where there is no terminal, and what happened to models.
func (p *play) line(now time.Time) {
	f := p.frame(now)
	if p.began.IsZero() {
		fmt.Fprintln(p.e.screen, "starting Beam")
		return
	}
	c := &f.counts
	text := fmt.Sprintf("%5s  %s/s  sent %s  scored %s  rejected %s  p50 %s  p99 %s  mean %.3f  %s %s", clock(f.elapsed), count(int64(math.Round(f.perSecond))),
		count(c.Sent), count(c.Scored), count(c.Rejected), millis(f.now.Quantile(.5)), millis(f.now.Quantile(.99)), f.scores.Mean,
		servingName(p.d, f.model), shortDigest(f.model.Digest))
	if len(f.windows) > 0 {
		w := &f.windows[0]
		text += fmt.Sprintf("  window %s %s %s rows", w.start.Local().Format("15:04:05"), w.pane, count(w.rows))
	}
	if f.model.Swaps > p.said.Swaps {
		text += "  swapped"
	}
	if f.model.Refused > p.said.Refused {
		text += "  refused a model"
	}
	p.said = f.model
	fmt.Fprintln(p.e.screen, text)
}
