package cli

import (
	"fmt"
	"strings"

	"github.com/glulam/glulam/internal/demo"
)

// eighths are blocks that fill a cell from below, in eighths of its height.
var eighths = []rune(" ▁▂▃▄▅▆▇█")

// binCounts are the numbers of bars that the bins can be summed up to.
var binCounts = []int{120, 60, 40, 30, 24, 20, 12, 10}

// histogram draws the scores in so many lines of bars, with a line above and an axis below.
func (f *frame) histogram(width, bars int) []drawn {
	title := label("scores").add(plain, "of the last seconds")
	if f.scores.Count > 0 {
		title = title.add(faint, "  mean ").add(plain, fmt.Sprintf("%.3f", f.scores.Mean))
	}
	const indent = 12
	columns := 0
	for _, n := range binCounts {
		if n <= width-indent-2 {
			columns = n
			break
		}
	}
	if columns == 0 { // too narrow for bars
		return []drawn{title}
	}
	sums := make([]int64, columns)
	most := int64(0)
	for i, n := range f.scores.Bins {
		at := i * columns / demo.Bins
		sums[at] += n
		most = max(most, sums[at])
	}
	lines := []drawn{title}
	for row := bars - 1; row >= 0; row-- {
		var b strings.Builder
		for _, n := range sums {
			b.WriteRune(eighths[eighth(n, most, row, bars)])
		}
		lines = append(lines, drawn{{strings.Repeat(" ", indent), plain}, {b.String(), good}})
	}
	return append(lines, drawn{{strings.Repeat(" ", indent) + axis(columns), faint}})
}

// eighth is how full the row-th cell from below is, of a bar for n of at most most.
func eighth(n, most int64, row, bars int) int {
	if n == 0 || most == 0 {
		return 0
	}
	full := max(1, int(n*int64(bars)*8/most)) // what is there is seen
	return min(8, max(0, full-8*row))
}

// axis is a line under the bars, with what the scores are.
func axis(columns int) string {
	line := []rune(strings.Repeat(" ", columns+3))
	marks := []string{"0", "0.25", "0.5", "0.75", "1"}
	if columns < 20 {
		marks = []string{"0", "0.5", "1"}
	}
	for i, m := range marks {
		at := i * columns / (len(marks) - 1)
		if i > 0 {
			at = min(at-len(m)/2, len(line)-len(m))
		}
		copy(line[at:], []rune(m))
	}
	return string(line)
}

// table draws the newest n windows.
func (f *frame) table(n int) []drawn {
	lines := []drawn{{{fmt.Sprintf("  %-8s  %-7s  %-12s %7s %8s %6s %6s %6s %6s", "window", "", "model", "rows", "rejected", "mean", "5%", "50%", "95%"), faint}}}
	for _, w := range f.windows[:n] {
		mark := plain
		if w.pane == "late" {
			mark = blue
		}
		l := drawn{{fmt.Sprintf("  %-8s  ", w.start.Local().Format("15:04:05")), plain}, {fmt.Sprintf("%-7s  ", w.pane), mark}}
		l = l.add(plain, fmt.Sprintf("%-12s %7s %8s", shortDigest(w.model), count(w.rows), count(w.rejected)))
		if w.output.Count > 0 {
			q := &w.output.Quantiles
			l = l.add(plain, fmt.Sprintf(" %6.3f %6.3f %6.3f %6.3f", w.output.Mean, q.Q05, q.Q50, q.Q95))
		}
		lines = append(lines, l)
	}
	return lines
}
