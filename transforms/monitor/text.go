package monitor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// String is the summary for people: a line for the window, then one for each output, class column, group of missing
// features and for the latency. It ends with a line's end.
func (s *Summary) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s to %s  %s", s.Start.Format(time.RFC3339), s.clockEnd(), s.paneText())
	if s.Model == "" {
		b.WriteString("  before any model")
	} else {
		fmt.Fprintf(&b, "  model %.19s", s.Model)
	}
	fmt.Fprintf(&b, "  %d scored", s.Rows)
	if len(s.Rejected) > 0 {
		fmt.Fprintf(&b, ", rejected: %s", list(s.Rejected, func(n int64) string { return fmt.Sprint(n) }))
	}
	b.WriteByte('\n')
	wide := len("latency ms")
	for _, names := range []([]string){slices.Sorted(maps.Keys(s.Outputs)), slices.Sorted(maps.Keys(s.Classes))} {
		for _, n := range names {
			wide = max(wide, utf8.RuneCountInString(n))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Outputs)) {
		d := s.Outputs[name]
		fmt.Fprintf(&b, "  %-*s  %s\n", wide, name, d.text())
	}
	for _, name := range slices.Sorted(maps.Keys(s.Classes)) {
		text := list(s.Classes[name], percent)
		if len(s.Classes[name]) == 0 {
			text = "no values, or too many"
		}
		fmt.Fprintf(&b, "  %-*s  %s\n", wide, name, text)
	}
	lacking := maps.Clone(s.Missing)
	maps.DeleteFunc(lacking, func(_ string, m Share) bool { return m.Rows == 0 })
	if len(lacking) > 0 {
		fmt.Fprintf(&b, "  %-*s  %s\n", wide, "missing", list(lacking, percent))
	}
	if s.Latency != nil {
		fmt.Fprintf(&b, "  %-*s  %s\n", wide, "latency ms", s.Latency.text())
	}
	return b.String()
}

// clockEnd is the end of the window, without its date if the start has the same.
func (s *Summary) clockEnd() string {
	if s.Start.Truncate(24 * time.Hour).Equal(s.End.Truncate(24 * time.Hour)) {
		return s.End.Format("15:04:05Z07:00")
	}
	return s.End.Format(time.RFC3339)
}

func (s *Summary) paneText() string {
	text := strings.ReplaceAll(string(s.Pane), "_", " ")
	if s.Index > 0 {
		text += fmt.Sprintf(" (%d)", s.Index)
	}
	if s.Partial {
		text += ", partial"
	}
	return text
}

func (d *Distribution) text() string {
	text := "no numbers"
	if d.Count > 0 {
		q := &d.Quantiles
		text = fmt.Sprintf("mean %.4g  min %.4g  1%% %.4g  5%% %.4g  25%% %.4g  50%% %.4g  75%% %.4g  95%% %.4g  99%% %.4g  max %.4g",
			d.Mean, d.Min, q.Q01, q.Q05, q.Q25, q.Q50, q.Q75, q.Q95, q.Q99, d.Max)
	}
	if d.NotFinite > 0 {
		text += fmt.Sprintf("  %d not finite", d.NotFinite)
	}
	return text
}

func percent(s Share) string { return fmt.Sprintf("%.3g%%", 100*s.Share) }

// list says names and values in the names' order, 20 of them.
func list[T any](m map[string]T, say func(T) string) string {
	const most = 20
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if len(parts) == most {
			parts = append(parts, fmt.Sprintf("and %d more", len(m)-most))
			break
		}
		parts = append(parts, name+" "+say(m[name]))
	}
	return strings.Join(parts, ", ")
}
