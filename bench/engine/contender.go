package main

import (
	"fmt"
	"math"
	"time"
)

// contender scores the rows of a subject with a number of threads.
type contender struct {
	name  string
	ours  bool
	batch int     // the only batch that it is for; 0: all
	bound float64 // how far it may be from the reference; exact: not by a bit
	// prediction says that scores gives predictions, not margins.
	prediction bool
	// pass scores batches for so long, once at least, and gives nanoseconds a row. It returns when all threads rest.
	pass func(batch int, long time.Duration) (float64, error)
	// scores scores all rows, or the first ones, at least leastChecked: of several numbers a row, the last.
	scores func() ([]float64, error)

	line *line // of the report
}

// timed calls score for batch after batch of so many rows, round and round, for so long and once at least.
func timed(rows, batch int, long time.Duration, at *int, score func(first int)) float64 {
	calls := 0
	begin := time.Now()
	for {
		first := *at * batch
		if first+batch > rows {
			*at, first = 0, 0
		}
		score(first)
		*at++
		calls++
		// A look at the clock takes as long as a row of a small model.
		if batch > 1 || calls%16 == 0 {
			if took := time.Since(begin); took >= long {
				return float64(took.Nanoseconds()) / float64(calls) / float64(batch)
			}
		}
	}
}

// leastChecked is how many rows are compared at least. Some libraries take seconds for all of them, one by one.
const leastChecked = 2048

// furthest is the largest distance of numbers from those wanted, of which there may be more; infinite where one is NaN and the other is not. Zeros of
// different signs are a distance, the smallest there is, because they are different bits.
func furthest(got, want []float64) (float64, error) {
	if len(got) > len(want) || len(got) < min(len(want), leastChecked) {
		return 0, fmt.Errorf("%d numbers instead of %d", len(got), len(want))
	}
	far := 0.0
	for i, g := range got {
		w := want[i]
		switch {
		case math.Float64bits(g) == math.Float64bits(w), math.IsNaN(g) && math.IsNaN(w):
		case math.IsNaN(g), math.IsNaN(w):
			return math.Inf(1), nil
		default:
			far = max(far, math.Abs(g-w), math.SmallestNonzeroFloat64)
		}
	}
	return far, nil
}
