package number

import "math"

// Rule reads the cells of a numeric column: a null is NaN, true and false are 1 and 0, all else is for [Parse]. The zero
// value knows no nulls. It is immutable and safe for concurrent use.
type Rule struct {
	nulls []string
	empty bool
	first [256]bool // bytes that a null starts with: any other cell needs no comparison
	// numeric says that a null may look like a number.
	numeric bool
}

// NewRule makes a Rule whose nulls are these texts, compared exactly after blanks around the cell are dropped; "" is the
// empty cell. The slice is copied.
func NewRule(nulls []string) *Rule {
	r := &Rule{}
	for _, n := range nulls {
		if n == "" {
			r.empty = true
			continue
		}
		r.nulls = append(r.nulls, n)
		r.first[n[0]] = true
		r.numeric = r.numeric || n[0] == '-' || n[0] == '.' || n[0]-'0' <= 9
	}
	return r
}

// Parse reads one cell. It keeps nothing of b.
func (r *Rule) Parse(b []byte) (float64, Status) {
	b = Trim(b)
	if len(b) == 0 {
		if r.empty {
			return math.NaN(), OK
		}
		return 0, Bad
	}
	if r.first[b[0]] {
		for _, n := range r.nulls {
			if string(b) == n {
				return math.NaN(), OK
			}
		}
	}
	f, status := Parse(b)
	if status == Bad {
		if f, ok := Bool(b); ok {
			return f, OK
		}
	}
	return f, status
}

// Prefix is [Prefix] for a cell of a longer text: n is 0 also where the cell might be a null, which [Rule.Parse] tells
// once the end of the cell is known.
func (r *Rule) Prefix(b []byte) (f float64, n int) {
	if len(b) == 0 || r.first[b[0]] {
		return 0, 0
	}
	return Prefix(b)
}
