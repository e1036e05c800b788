package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/glulam/glulam/bench/internal/flights"
	"github.com/glulam/glulam/bench/internal/report"
)

// entry is one job, run once.
type entry struct {
	Model     string  `json:"model"`
	Rows      int     `json:"rows"`
	Job       string  `json:"job"`
	Round     int     `json:"round"`
	Wall      float64 `json:"wall_seconds"`
	CPU       float64 `json:"cpu_seconds"`
	Peak      int64   `json:"peak_bytes"` // of resident memory; 0 unknown
	Processes int     `json:"processes"`
	Output    int64   `json:"output_bytes"`
	Furthest  float64 `json:"furthest"` // prediction from LightGBM's own
	Failed    string  `json:"failed,omitempty"`
}

// about is the machine, and what ran on it.
type about struct {
	report.Machine
	Glulam string `json:"glulam"`
	Commit string `json:"commit"`
	Python string `json:"python,omitempty"`
}

// results is everything that was measured.
type results struct {
	About   about   `json:"about"`
	Stolen  string  `json:"stolen,omitempty"`
	Sizes   []int   `json:"sizes"`
	Runs    []entry `json:"runs"`
	Options options `json:"-"`
	at      func(c contender, rows int) bool
}

// record writes all runs to a file.
func (r *results) record(path string) error {
	data, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}

// runs are the good runs of a job, by round.
func (r *results) runs(model, job string, rows int) []entry {
	var out []entry
	for _, e := range r.Runs {
		if e.Model == model && e.Job == job && e.Rows == rows && e.Failed == "" {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b entry) int { return a.Round - b.Round })
	return out
}

func over(runs []entry, f func(entry) float64) report.Spread {
	v := make([]float64, len(runs))
	for i, e := range runs {
		v[i] = f(e)
	}
	return report.Of(v...)
}

func wall(e entry) float64 { return e.Wall }
func cpu(e entry) float64  { return e.CPU }
func peak(e entry) float64 { return float64(e.Peak) }

// ratio is how many times more a job took than another, round by round.
func ratio(a, b []entry, of func(entry) float64) report.Spread {
	var v []float64
	for _, x := range a {
		if i := slices.IndexFunc(b, func(y entry) bool { return y.Round == x.Round }); i >= 0 {
			v = append(v, of(x)/of(b[i]))
		}
	}
	return report.Of(v...)
}

// write prints the report.
func (r *results) write(w io.Writer) {
	fmt.Fprintf(w, "# Whole jobs: a file in, predictions out\n\nMade by `go run ./bench/jobs`: [bench/README.md](../bench/README.md#whole-jobs) says what is measured, and how.\n\n")
	r.writeAbout(w)
	for _, model := range r.Options.models {
		if !slices.ContainsFunc(r.Runs, func(e entry) bool { return e.Model == model }) {
			continue
		}
		fmt.Fprintf(w, "\n## Model %s\n", model)
		for _, rows := range r.Sizes {
			r.writeSize(w, model, rows)
		}
		r.writeRates(w, model)
		r.writeMemory(w, model)
	}
	r.writeFailures(w)
}

func (r *results) writeAbout(w io.Writer) {
	a := r.About
	version := strings.TrimSpace(strings.TrimPrefix(a.Glulam, "glulam"))
	if version != "" {
		version = "glulam " + version
	}
	lines := append(a.Lines(version, a.Commit, a.Python), rounds(r.Options.rounds))
	for _, l := range append(lines, r.Stolen) {
		if l != "" {
			fmt.Fprintf(w, "- %s\n", l)
		}
	}
	fmt.Fprintf(w, "\n| job | what it is |\n|---|---|\n")
	for _, c := range contenders {
		if slices.ContainsFunc(r.Sizes, func(n int) bool { return r.at(c, n) }) {
			fmt.Fprintf(w, "| %s | %s |\n", c.name, c.about)
		}
	}
}

func rounds(n int) string {
	if n == 1 {
		return "one round"
	}
	return fmt.Sprintf("%d rounds, interleaved; medians, with least and most in brackets; memory is the most of all", n)
}

// writeSize prints the table of one number of rows.
func (r *results) writeSize(w io.Writer, model string, rows int) {
	// An interrupted measurement has not come to everything.
	tried := func(c contender) bool {
		return slices.ContainsFunc(r.Runs, func(e entry) bool { return e.Model == model && e.Rows == rows && e.Job == c.name })
	}
	if !slices.ContainsFunc(contenders, tried) {
		return
	}
	fmt.Fprintf(w, "\n### %s, %s rows\n\n", model, report.Digits(rows))
	fmt.Fprintln(w, "| job | wall s | CPU s | cores busy | peak RSS MB | output MB | rows/s | glulam is × faster | on × less CPU | furthest from LightGBM |")
	fmt.Fprintln(w, "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
	for _, c := range contenders {
		if !tried(c) {
			continue
		}
		runs := r.runs(model, c.name, rows)
		if len(runs) == 0 {
			fmt.Fprintf(w, "| %s | failed | | | | | | | | |\n", c.name)
			continue
		}
		times, less := "1", "1"
		if base := r.runs(model, c.against(), rows); c.name != c.against() {
			times, less = ratio(runs, base, wall).Times(), ratio(runs, base, cpu).Times()
		}
		fmt.Fprintf(w, "| %s | %s | %.2f | %.2f | %s | %s | %s | %s | %s | %.1g |\n", c.name,
			over(runs, wall).Format("%.2f"),
			over(runs, cpu).Median,
			over(runs, func(e entry) float64 { return e.CPU / e.Wall }).Median,
			report.Megabytes(over(runs, peak).High),
			report.Megabytes(over(runs, func(e entry) float64 { return float64(e.Output) }).Median),
			report.Rate(float64(rows)/over(runs, wall).Median), times, less,
			over(runs, func(e entry) float64 { return e.Furthest }).High)
	}
}

// writeRates compares what was not run at the same sizes: by rows a second at the largest size of each job, and by rows a
// second without what it takes to start.
func (r *results) writeRates(w io.Writer, model string) {
	type line struct {
		c             contender
		start         float64
		rows          int
		there, beyond float64
	}
	var lines []line
	base := map[string]line{}
	for _, c := range contenders {
		l := line{c: c}
		if runs := r.runs(model, c.name, flights.Rows); len(runs) > 0 {
			l.start = over(runs, wall).Median
		}
		for _, rows := range r.Sizes {
			runs := r.runs(model, c.name, rows)
			if len(runs) == 0 {
				continue
			}
			t := over(runs, wall).Median
			l.rows, l.there, l.beyond = rows, float64(rows)/t, 0
			if l.start > 0 && rows > flights.Rows && t > l.start {
				l.beyond = float64(rows-flights.Rows) / (t - l.start)
			}
		}
		if l.rows > 0 {
			lines = append(lines, l)
			base[c.name] = l
		}
	}
	if len(r.Sizes) < 2 || len(lines) == 0 {
		return
	}
	fmt.Fprintf(w, "\n### %s, each at its largest\n\n", model)
	fmt.Fprintf(w, "Start is the wall time of %s rows. Beyond it: the rows a second of all others. Jobs differ in rows here.\n\n", report.Digits(flights.Rows))
	fmt.Fprintln(w, "| job | start s | rows | rows/s | glulam is × faster | rows/s beyond start | glulam is × faster |")
	fmt.Fprintln(w, "|---|--:|--:|--:|--:|--:|--:|")
	for _, l := range lines {
		b := base[l.c.against()]
		there, beyond := quotient(b.there, l.there), quotient(b.beyond, l.beyond)
		if l.c.name == l.c.against() {
			there, beyond = "1", strings.Replace(beyond, "1.00", "1", 1)
		}
		start := "–"
		if l.start > 0 {
			start = fmt.Sprintf("%.2f", l.start)
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %s |\n", l.c.name, start, report.Digits(l.rows),
			report.Rate(l.there), there, report.Rate(l.beyond), beyond)
	}
}

func quotient(a, b float64) string {
	if a == 0 || b == 0 {
		return "–"
	}
	return report.Exactly(a / b).Times()
}

// writeMemory shows how memory grows with rows.
func (r *results) writeMemory(w io.Writer, model string) {
	if len(r.Options.rows) < 2 {
		return
	}
	sizes := r.Options.rows
	var lines strings.Builder
	for _, c := range contenders {
		var all []float64
		for _, n := range sizes {
			if runs := r.runs(model, c.name, n); len(runs) > 0 {
				all = append(all, over(runs, peak).High)
			}
		}
		if len(all) < len(sizes) || all[0] == 0 {
			continue
		}
		fmt.Fprintf(&lines, "| %s |", c.name)
		for _, v := range all {
			fmt.Fprintf(&lines, " %s |", report.Megabytes(v))
		}
		fmt.Fprintf(&lines, " %.2f |\n", all[len(all)-1]/all[0])
	}
	if lines.Len() == 0 {
		return
	}
	fmt.Fprintf(w, "\n### %s, peak memory\n\n| job |", model)
	for _, n := range sizes {
		fmt.Fprintf(w, " MB at %s rows |", report.Digits(n))
	}
	fmt.Fprintf(w, " most to least rows |\n|---|%s--:|\n%s", strings.Repeat("--:|", len(sizes)), lines.String())
}

func (r *results) writeFailures(w io.Writer) {
	title := "\n## Failed\n\n"
	for _, e := range r.Runs {
		if e.Failed != "" {
			first, _, _ := strings.Cut(e.Failed, "\n")
			fmt.Fprintf(w, "%s- %s, %s rows, %s, round %d: %s\n", title, e.Model, report.Digits(e.Rows), e.Job, e.Round, first)
			title = ""
		}
	}
}
