package report

import (
	"fmt"
	"slices"
)

// Spread is a median and the least and the most of what it is the median of. The zero value is that of nothing.
type Spread struct{ Median, Low, High float64 }

// Of makes the spread of values, which are not changed.
func Of(values ...float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	v := slices.Sorted(slices.Values(values))
	n := len(v)
	return Spread{(v[(n-1)/2] + v[n/2]) / 2, v[0], v[n-1]}
}

// Exactly is the spread of one value.
func Exactly(value float64) Spread { return Spread{value, value, value} }

// Format writes the median and, in brackets, least and most unless they look the same.
func (s Spread) Format(f string) string {
	low, high := fmt.Sprintf(f, s.Low), fmt.Sprintf(f, s.High)
	if low == high {
		return low
	}
	return fmt.Sprintf(f, s.Median) + " (" + low + "–" + high + ")"
}

// Times writes a ratio with two digits, more when it is large.
func (s Spread) Times() string {
	switch {
	case s.Median == 0:
		return "–"
	case s.Median < 9.95:
		return s.Format("%.2f")
	case s.Median < 99.5:
		return s.Format("%.1f")
	}
	return s.Format("%.0f")
}

// Ratio is a/b, place by place: values of the same round. A place that either of them lacks, or that is 0, does not count.
func Ratio(a, b []float64) Spread {
	var v []float64
	for i := range min(len(a), len(b)) {
		if a[i] > 0 && b[i] > 0 {
			v = append(v, a[i]/b[i])
		}
	}
	return Of(v...)
}
