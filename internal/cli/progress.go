package cli

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/glulam/glulam/transforms/files"
)

// redraw is how often the progress line is drawn.
const redraw = 200 * time.Millisecond

// recent is how far back the speed is measured.
const recent = 10 * time.Second

// reading is what the counters of a run said at a time.
type reading struct {
	at                           time.Duration // since the first one
	rows, bytes, total, planning int64
}

func read(p *files.Progress, at time.Duration) reading {
	return reading{at: at, rows: p.Rows.Load(), bytes: p.Bytes.Load(), total: p.Total.Load(), planning: p.Planning.Load()}
}

// follow draws the progress of a run until done is called, if anybody watches.
func follow(s *screen, p *files.Progress) (done func()) {
	start := time.Now()
	var m meter
	return watch(s, func(now time.Time, width int) string {
		m.add(read(p, now.Sub(start)))
		return m.line(width)
	})
}

// watch draws what line gives, again and again until done is called, if anybody watches.
func watch(s *screen, line func(now time.Time, width int) string) (done func()) {
	if !s.terminal() {
		return func() {}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		defer s.clear()
		tick := time.NewTicker(redraw)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case now := <-tick.C:
				// The last column stays free: some terminals go to the next line when it is written.
				s.draw(line(now, s.width()-1))
			}
		}
	}()
	return func() {
		close(stop)
		<-stopped
	}
}

// meter makes lines of readings.
type meter struct {
	past []reading // of the recent time, oldest first, and one before
}

func (m *meter) add(r reading) {
	m.past = append(m.past, r)
	for len(m.past) > 2 && r.at-m.past[1].at >= recent {
		m.past = m.past[1:]
	}
}

// line says how far the run is, in at most width columns: what matters least is left out first.
func (m *meter) line(width int) string {
	if len(m.past) == 0 {
		return ""
	}
	now := m.past[len(m.past)-1]
	switch {
	case now.total == 0:
		return fit(width, "starting")
	case now.rows == 0 && now.bytes == 0 && now.planning < now.total:
		return fit(width, "looking through the input", sizeOf(now.planning, now.total), wholePercent(now.planning, now.total))
	case now.bytes == 0 && now.rows == 0:
		return fit(width, "loading the model")
	case now.bytes >= now.total:
		return fit(width, "finishing", count(now.rows)+" rows")
	}
	rows, bytes := m.speed()
	parts := []string{fmt.Sprintf("scoring %3s", wholePercent(now.bytes, now.total)), count(now.rows) + " rows"}
	if rows > 0 {
		parts = append(parts, count(int64(rows))+" rows/s")
	}
	if bytes > 0 {
		left := time.Duration(float64(now.total-now.bytes) / bytes * float64(time.Second))
		parts = append(parts, wholeSpan(max(left, time.Second))+" left")
	}
	parts = append(parts, sizeOf(now.bytes, now.total))
	return fit(width, parts...)
}

// speed is rows and bytes a second of late; 0 while it cannot be told.
func (m *meter) speed() (rows, bytes float64) {
	now := m.past[len(m.past)-1]
	from := now
	for i := len(m.past) - 1; i >= 0; i-- {
		from = m.past[i]
		if from.bytes == 0 { // what was before the first row does not count
			break
		}
	}
	s := (now.at - from.at).Seconds()
	if s < 0.5 {
		return 0, 0
	}
	return float64(now.rows-from.rows) / s, float64(now.bytes-from.bytes) / s
}

// wholePercent is a share of a whole, 100% only when it is.
func wholePercent(part, whole int64) string {
	if part >= whole {
		return "100%"
	}
	return fmt.Sprintf("%d%%", min(99, int(100*float64(part)/float64(whole))))
}

// fit joins as many parts as there is room for, at least the first, cut if need be.
func fit(width int, parts ...string) string {
	for n := len(parts); n > 1; n-- {
		if line := strings.Join(parts[:n], "   "); utf8.RuneCountInString(line) <= width {
			return line
		}
	}
	r := []rune(parts[0])
	return string(r[:max(0, min(len(r), width))])
}
