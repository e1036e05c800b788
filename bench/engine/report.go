package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/glulam/glulam/bench/internal/report"
)

// about is the machine, and what ran on it.
type about struct {
	report.Machine
	Commit string `json:"commit"`
	Python string `json:"python,omitempty"`
}

// results are everything that was measured.
type results struct {
	About   about    `json:"about"`
	Notes   []string `json:"notes,omitempty"`
	Stolen  string   `json:"stolen,omitempty"`
	Tables  []*table `json:"tables"`
	Options options  `json:"-"`
}

// table is a model with a number of threads.
type table struct {
	Model   string   `json:"model"`
	About   string   `json:"about"`
	Threads int      `json:"threads"`
	Auto    string   `json:"auto"` // the engine that glulam takes if nobody asks for one
	Batches []int    `json:"batches"`
	Lines   []*line  `json:"contenders"`
	Notes   []string `json:"notes,omitempty"`
}

// line is a contender.
type line struct {
	Contender string            `json:"contender"`
	Ours      bool              `json:"ours"`
	Bound     float64           `json:"bound"`
	Furthest  float64           `json:"furthest"` // from the reference
	NS        map[int][]float64 `json:"ns_per_row"`
	Failed    string            `json:"failed,omitempty"`
}

func (l *line) median(batch int) float64 { return report.Of(l.NS[batch]...).Median }

// best is the fastest line for a batch among those that are wanted; nil: none was measured.
func (t *table) best(batch int, want func(*line) bool) *line {
	var best *line
	for _, l := range t.Lines {
		if v := l.median(batch); v > 0 && l.Failed == "" && want(l) && (best == nil || v < best.median(batch)) {
			best = l
		}
	}
	return best
}

func peers(l *line) bool { return !l.Ours }

// called is for the lines of a library, whichever way it is called.
func called(title string) func(*line) bool {
	return func(l *line) bool {
		return !l.Ours && (l.Contender == title || strings.HasPrefix(l.Contender, title+" from C"))
	}
}

// write prints the report.
func (r *results) write(w io.Writer) {
	fmt.Fprintf(w, "# How fast forests are evaluated\n\nMade by `go run ./bench/engine`: [bench/README.md](../bench/README.md#engines) says what is measured, and how.\n\n")
	lines := append(r.About.Lines(r.About.Commit, r.About.Python), fmt.Sprintf("%s, each pass %v or one call", rounds(r.Options.rounds), r.Options.pass))
	for _, l := range append(lines, r.Stolen) {
		if l != "" {
			fmt.Fprintf(w, "- %s\n", l)
		}
	}
	for _, n := range r.Notes {
		fmt.Fprintf(w, "\n%s\n", n)
	}
	fmt.Fprintf(w, "\n## Ratios\n\nHow many times the rows a second of the fastest peer for that model, of the library that made it, and of leaves: medians of the rounds' ratios, with least and most.\n")
	for _, threads := range r.Options.threads {
		for _, batch := range slices.Backward(r.Options.batches) {
			r.writeRatios(w, threads, batch)
		}
	}
	for _, t := range r.Tables {
		t.write(w)
	}
}

func rounds(n int) string {
	if n == 1 {
		return "one round"
	}
	return fmt.Sprintf("%d rounds, interleaved; medians", n)
}

// writeRatios prints how many times faster glulam is, of all models.
func (r *results) writeRatios(w io.Writer, threads, batch int) {
	head := fmt.Sprintf("\n### %s, %s\n\n"+
		"| model | | fastest peer | × | its library | × | × leaves |\n|---|---|---|--:|---|--:|--:|\n", counted(threads, "thread"), counted(batch, "row")+" a call")
	for _, t := range r.Tables {
		best := t.best(batch, peers)
		if t.Threads != threads || best == nil {
			continue
		}
		library := t.best(batch, called(t.library()))
		for _, l := range t.Lines {
			if !l.Ours || l.median(batch) == 0 || l.Failed != "" {
				continue
			}
			name, times := "–", "–"
			if library != nil {
				name, times = library.Contender, report.Ratio(library.NS[batch], l.NS[batch]).Times()
			}
			fmt.Fprintf(w, "%s| %s | %s | %s | %s | %s | %s | %s |\n", head, t.Model, l.Contender, best.Contender,
				report.Ratio(best.NS[batch], l.NS[batch]).Times(), name, times, t.ratio("leaves", l, batch))
			head = ""
		}
	}
}

// library is the first peer that is not leaves: the one that made the model.
func (t *table) library() string {
	for _, l := range t.Lines {
		if !l.Ours && l.Contender != "leaves" {
			return l.Contender
		}
	}
	return ""
}

func (t *table) ratio(title string, l *line, batch int) string {
	other := t.best(batch, called(title))
	if other == nil {
		return "–"
	}
	return report.Ratio(other.NS[batch], l.NS[batch]).Times()
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return report.Digits(n) + " " + what + "s"
}

// write prints what was measured of a model.
func (t *table) write(w io.Writer) {
	fmt.Fprintf(w, "\n## %s, %s\n\n%s. glulam takes its engine %s if nobody asks for another.\n\n| ns a row |", t.Model, counted(t.Threads, "thread"), t.About, t.Auto)
	for _, b := range t.Batches {
		fmt.Fprintf(w, " %s a call |", counted(b, "row"))
	}
	fmt.Fprintf(w, " rows/s | furthest from the reference |\n|---|%s--:|--:|\n", strings.Repeat("--:|", len(t.Batches)))
	for _, l := range t.Lines {
		fmt.Fprintf(w, "| %s |", l.Contender)
		fastest := 0.0
		for _, b := range t.Batches {
			v := l.median(b)
			if v > 0 {
				fastest = max(fastest, 1e9/v)
			}
			fmt.Fprintf(w, " %s |", report.Nanoseconds(v))
		}
		if l.Failed != "" {
			first, _, _ := strings.Cut(l.Failed, "\n")
			fmt.Fprintf(w, " failed | %s |\n", strings.ReplaceAll(first, "|", "/"))
			continue
		}
		fmt.Fprintf(w, " %s | %.1g |\n", report.Rate(fastest), l.Furthest)
	}
	for _, n := range t.Notes {
		fmt.Fprintf(w, "\n- %s", n)
	}
	if len(t.Notes) > 0 {
		fmt.Fprintln(w)
	}
}
