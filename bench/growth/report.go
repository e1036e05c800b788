package main

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/glulam/glulam/bench/internal/report"
)

// about is the machine, and what ran on it.
type about struct {
	report.Machine
	Glulam string `json:"glulam"`
	Commit string `json:"commit"`
}

// results are everything that was measured.
type results struct {
	About   about     `json:"about"`
	Engine  string    `json:"engine"`
	Stolen  string    `json:"stolen,omitempty"`
	Series  []*series `json:"series"`
	Options options   `json:"-"`
}

// series is what was measured along an axis.
type series struct {
	Axis   string   `json:"axis"`
	Unit   string   `json:"unit"`
	About  string   `json:"about"`
	Points []*point `json:"points"`
}

// point is one size, with all rounds.
type point struct {
	At     int       `json:"at"`
	Rows   int       `json:"rows"`
	Wall   []float64 `json:"wall_seconds"`
	CPU    []float64 `json:"cpu_seconds"`
	Peak   []float64 `json:"peak_bytes"`
	Failed string    `json:"failed,omitempty"`
}

func count(n int) string { return report.Digits(n) }

// write prints the report.
func (r *results) write(w io.Writer) {
	fmt.Fprintf(w, "# How the cost of `glulam batch` grows\n\nMade by `go run ./bench/growth`: [bench/README.md](../bench/README.md#growth) says what is measured, and how.\n\n")
	version := strings.TrimSpace(strings.TrimPrefix(r.About.Glulam, "glulam"))
	if version != "" {
		version = "glulam " + version
	}
	engine := ""
	if r.Engine != "" {
		engine = "engine " + r.Engine
	}
	how := "one round"
	if r.Options.rounds > 1 {
		how = fmt.Sprintf("%d rounds, interleaved; medians, with least and most in brackets; memory is the most of all", r.Options.rounds)
	}
	for _, l := range append(r.About.Lines(version, r.About.Commit, engine), how, r.Stolen) {
		if l != "" {
			fmt.Fprintf(w, "- %s\n", l)
		}
	}
	fmt.Fprintf(w, "\nWhole processes, from start to exit. *Slope* is what one more costs: the median beyond that of the line above, by how many more there are. *Power* is the p of cost ~ n^p between both lines: 1 is in proportion.\n")
	for _, s := range r.Series {
		s.write(w)
	}
}

// write prints a table.
func (s *series) write(w io.Writer) {
	more := fmt.Sprintf("wall µs/%s, slope | CPU µs/%s, slope | power of CPU", s.Unit, s.Unit)
	if s.Unit == "" {
		more = "× of the wall above | × of the CPU above | power of wall"
	}
	fmt.Fprintf(w, "\n## %s%s\n\n%s.\n\n| %s | wall s | CPU s | peak RSS MB | rows/s | %s |\n|--:|--:|--:|--:|--:|--:|--:|--:|\n",
		strings.ToUpper(s.Axis[:1]), s.Axis[1:], s.About, s.Axis, more)
	var last *point
	for _, p := range s.Points {
		if len(p.Wall) == 0 {
			if p.Failed != "" {
				first, _, _ := strings.Cut(p.Failed, "\n")
				fmt.Fprintf(w, "| %s | failed: %s | | | | | | |\n", count(p.At), strings.ReplaceAll(first, "|", "/"))
			}
			continue
		}
		wall, cpu := report.Of(p.Wall...), report.Of(p.CPU...)
		wallMore, cpuMore, power := "–", "–", "–"
		if last != nil {
			n, lastWall, lastCPU := float64(p.At-last.At), report.Of(last.Wall...).Median, report.Of(last.CPU...).Median
			times := cpu.Median / lastCPU
			if wallMore, cpuMore = slope(wall.Median-lastWall, n), slope(cpu.Median-lastCPU, n); s.Unit == "" {
				times = wall.Median / lastWall
				wallMore, cpuMore = report.Exactly(times).Times(), report.Exactly(cpu.Median/lastCPU).Times()
			}
			power = fmt.Sprintf("%.2f", math.Log(times)/math.Log(float64(p.At)/float64(last.At)))
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", count(p.At), wall.Format("%.2f"), cpu.Format("%.2f"),
			report.Megabytes(report.Of(p.Peak...).High), report.Rate(float64(p.Rows)/wall.Median), wallMore, cpuMore, power)
		last = p
	}
}

// slope is microseconds for each of more.
func slope(seconds, more float64) string {
	us := 1e6 * seconds / more
	if math.Abs(us) >= 100 {
		return fmt.Sprintf("%.0f", us)
	}
	return fmt.Sprintf("%.3g", us)
}
