package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
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
	Date   string `json:"date"`
	System string `json:"system"`
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Memory int64  `json:"memory_bytes"`
	Glulam string `json:"glulam"`
	Commit string `json:"commit"`
	Go     string `json:"go"`
	Python string `json:"python,omitempty"`
}

// report is everything that was measured.
type report struct {
	About   about   `json:"about"`
	Sizes   []int   `json:"sizes"`
	Runs    []entry `json:"runs"`
	Options options `json:"-"`
	at      func(c contender, rows int) bool
}

// record writes all runs to a file.
func (r *report) record(path string) error {
	data, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}

// runs are the good runs of a job, by round.
func (r *report) runs(model, job string, rows int) []entry {
	var out []entry
	for _, e := range r.Runs {
		if e.Model == model && e.Job == job && e.Rows == rows && e.Failed == "" {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b entry) int { return a.Round - b.Round })
	return out
}

// spread is a median and what it is the median of.
type spread struct{ median, low, high float64 }

func spreadOf(v []float64) spread {
	if len(v) == 0 {
		return spread{}
	}
	v = slices.Sorted(slices.Values(v))
	n := len(v)
	return spread{(v[(n-1)/2] + v[n/2]) / 2, v[0], v[n-1]}
}

func over(runs []entry, f func(entry) float64) spread {
	v := make([]float64, len(runs))
	for i, e := range runs {
		v[i] = f(e)
	}
	return spreadOf(v)
}

func wall(e entry) float64 { return e.Wall }
func peak(e entry) float64 { return float64(e.Peak) }

// ratio is how many times longer a job took than another, round by round.
func ratio(a, b []entry) spread {
	var v []float64
	for _, x := range a {
		if i := slices.IndexFunc(b, func(y entry) bool { return y.Round == x.Round }); i >= 0 {
			v = append(v, x.Wall/b[i].Wall)
		}
	}
	return spreadOf(v)
}

func (s spread) format(f string) string {
	low, high := fmt.Sprintf(f, s.low), fmt.Sprintf(f, s.high)
	if low == high {
		return low
	}
	return fmt.Sprintf(f, s.median) + " (" + low + "–" + high + ")"
}

// times writes a ratio with two digits, more when it is large.
func (s spread) times() string {
	switch {
	case s.median == 0:
		return "–"
	case s.median < 9.95:
		return s.format("%.2f")
	case s.median < 99.5:
		return s.format("%.1f")
	}
	return s.format("%.0f")
}

// rate writes rows a second with three digits.
func rate(v float64) string {
	switch {
	case v <= 0:
		return "–"
	case v < 1e4:
		return fmt.Sprintf("%.2fk", v/1e3)
	case v < 1e5:
		return fmt.Sprintf("%.1fk", v/1e3)
	case v < 1e6:
		return fmt.Sprintf("%.0fk", v/1e3)
	}
	return fmt.Sprintf("%.2fM", v/1e6)
}

func megabytes(v float64) string {
	if v == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f", v/1e6)
}

// write prints the report.
func (r *report) write(w io.Writer) {
	fmt.Fprintf(w, "# Whole jobs: a CSV file in, predictions out\n\n")
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

func (r *report) writeAbout(w io.Writer) {
	a := r.About
	lines := []string{a.Date, strings.Join(slices.DeleteFunc([]string{
		a.CPU, fmt.Sprintf("%d cores", a.Cores), megabytesOfMemory(a.Memory), a.System,
	}, func(s string) bool { return s == "" }), ", ")}
	version := strings.TrimSpace(strings.TrimPrefix(a.Glulam, "glulam"))
	lines = append(lines, strings.Join(slices.DeleteFunc([]string{
		prefixed("glulam ", version), prefixed("commit ", a.Commit), prefixed("Go ", a.Go), a.Python,
	}, func(s string) bool { return s == "" }), ", "))
	lines = append(lines, rounds(r.Options.rounds))
	for _, l := range lines {
		fmt.Fprintf(w, "- %s\n", l)
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

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

func megabytesOfMemory(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f GiB of memory", float64(n)/(1<<30))
}

// writeSize prints the table of one number of rows.
func (r *report) writeSize(w io.Writer, model string, rows int) {
	// An interrupted measurement has not come to everything.
	tried := func(c contender) bool {
		return slices.ContainsFunc(r.Runs, func(e entry) bool { return e.Model == model && e.Rows == rows && e.Job == c.name })
	}
	if !slices.ContainsFunc(contenders, tried) {
		return
	}
	fmt.Fprintf(w, "\n### %s, %s rows\n\n", model, digits(rows))
	fmt.Fprintln(w, "| job | wall s | CPU s | cores busy | peak RSS MB | output MB | rows/s | glulam is × faster | furthest from LightGBM |")
	fmt.Fprintln(w, "|---|--:|--:|--:|--:|--:|--:|--:|--:|")
	for _, c := range contenders {
		if !tried(c) {
			continue
		}
		runs := r.runs(model, c.name, rows)
		if len(runs) == 0 {
			fmt.Fprintf(w, "| %s | failed | | | | | | | |\n", c.name)
			continue
		}
		times := "1"
		if c.name != c.against() {
			times = ratio(runs, r.runs(model, c.against(), rows)).times()
		}
		fmt.Fprintf(w, "| %s | %s | %.2f | %.2f | %s | %s | %s | %s | %.1g |\n", c.name,
			over(runs, wall).format("%.2f"),
			over(runs, func(e entry) float64 { return e.CPU }).median,
			over(runs, func(e entry) float64 { return e.CPU / e.Wall }).median,
			megabytes(over(runs, peak).high),
			megabytes(over(runs, func(e entry) float64 { return float64(e.Output) }).median),
			rate(float64(rows)/over(runs, wall).median), times,
			over(runs, func(e entry) float64 { return e.Furthest }).high)
	}
}

// writeRates compares what was not run at the same sizes: by rows a second at the largest size of each job, and by rows a
// second without what it takes to start.
func (r *report) writeRates(w io.Writer, model string) {
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
		if runs := r.runs(model, c.name, startRows); len(runs) > 0 {
			l.start = over(runs, wall).median
		}
		for _, rows := range r.Sizes {
			runs := r.runs(model, c.name, rows)
			if len(runs) == 0 {
				continue
			}
			t := over(runs, wall).median
			l.rows, l.there, l.beyond = rows, float64(rows)/t, 0
			if l.start > 0 && rows > startRows && t > l.start {
				l.beyond = float64(rows-startRows) / (t - l.start)
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
	fmt.Fprintf(w, "Start is the wall time of %s rows. Beyond it: the rows a second of all others. Jobs differ in rows here.\n\n", digits(startRows))
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
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %s |\n", l.c.name, start, digits(l.rows),
			rate(l.there), there, rate(l.beyond), beyond)
	}
}

func quotient(a, b float64) string {
	if a == 0 || b == 0 {
		return "–"
	}
	return spread{median: a / b}.single()
}

// single writes a ratio without bounds.
func (s spread) single() string { return spread{s.median, s.median, s.median}.times() }

// writeMemory shows how memory grows with rows.
func (r *report) writeMemory(w io.Writer, model string) {
	if len(r.Options.rows) < 2 {
		return
	}
	sizes := r.Options.rows
	var lines strings.Builder
	for _, c := range contenders {
		var all []float64
		for _, n := range sizes {
			if runs := r.runs(model, c.name, n); len(runs) > 0 {
				all = append(all, over(runs, peak).high)
			}
		}
		if len(all) < len(sizes) || all[0] == 0 {
			continue
		}
		fmt.Fprintf(&lines, "| %s |", c.name)
		for _, v := range all {
			fmt.Fprintf(&lines, " %s |", megabytes(v))
		}
		fmt.Fprintf(&lines, " %.2f |\n", all[len(all)-1]/all[0])
	}
	if lines.Len() == 0 {
		return
	}
	fmt.Fprintf(w, "\n### %s, peak memory\n\n| job |", model)
	for _, n := range sizes {
		fmt.Fprintf(w, " MB at %s rows |", digits(n))
	}
	fmt.Fprintf(w, " most to least rows |\n|---|%s--:|\n%s", strings.Repeat("--:|", len(sizes)), lines.String())
}

func (r *report) writeFailures(w io.Writer) {
	title := "\n## Failed\n\n"
	for _, e := range r.Runs {
		if e.Failed != "" {
			first, _, _ := strings.Cut(e.Failed, "\n")
			fmt.Fprintf(w, "%s- %s, %s rows, %s, round %d: %s\n", title, e.Model, digits(e.Rows), e.Job, e.Round, first)
			title = ""
		}
	}
}
