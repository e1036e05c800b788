package format

import (
	"iter"
	"strings"

	"github.com/glulam/glulam/fault"
)

// DidYouMean says which columns the missing ones might be called: names that differ in case or blanks, or by a typing
// error. "" if nothing is near.
func DidYouMean(missing []string, columns []ColumnInfo) string {
	const most = 10 // comparing all with all takes its time
	if len(missing) > most || len(columns) > 2000 {
		return ""
	}
	names := func(yield func(string) bool) {
		for _, c := range columns {
			if !yield(c.Name) {
				return
			}
		}
	}
	var close []string
	for _, m := range missing {
		if c := Nearest(m, names); c != "" {
			close = append(close, fault.Quote(c))
		}
	}
	if close == nil {
		return ""
	}
	return "did you mean " + strings.Join(close, ", ") + "?"
}

// Nearest finds the name that somebody who wrote name most likely means, or "".
func Nearest(name string, names iter.Seq[string]) string {
	fold := strings.ToLower(strings.TrimSpace(name))
	best, least := "", len(fold)/4+1
	if len(fold) < 3 {
		least = 0
	}
	for n := range names {
		other := strings.ToLower(strings.TrimSpace(n))
		if other == fold {
			return n
		}
		if d := distance(fold, other, least); d <= least && (best == "" || d < least) {
			best, least = n, d
		}
	}
	return best
}

// distance is how many bytes must be put in, left out or replaced to make b of a; any number above most stands for more
// than that.
func distance(a, b string, most int) int {
	if len(a)-len(b) > most || len(b)-len(a) > most {
		return most + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
