package demo

import "time"

// Bins is how many bins the distribution of scores has, equally wide, from 0 to 1.
const Bins = 120

// scoresOf is how far back the distribution goes, in whole seconds.
const scoresOf = 5

// Distribution is how the predictions of the last seconds are spread. What is below 0 or above 1 is in the outer bins.
type Distribution struct {
	Bins  [Bins]int64
	Count int64
	Mean  float64 // 0 if Count is
}

// scores keeps a slot for each of the last seconds.
type scores struct {
	slots [scoresOf + 1]struct {
		second int64
		n      int64
		sum    float64
		bins   [Bins]int64
	}
}

// add counts a score; one that is no number is left out.
func (s *scores) add(now time.Time, v float64) {
	if v != v {
		return
	}
	second := now.Unix()
	slot := &s.slots[second%int64(len(s.slots))]
	if slot.second != second {
		slot.second, slot.n, slot.sum, slot.bins = second, 0, 0, [Bins]int64{}
	}
	slot.n++
	slot.sum += v
	slot.bins[int(min(max(v*Bins, 0), Bins-1))]++
}

// Scores is the distribution of the last five seconds or so.
func (d *Demo) Scores(now time.Time) Distribution {
	d.ledger.mu.Lock()
	defer d.ledger.mu.Unlock()
	return d.ledger.scores.last(now)
}

func (s *scores) last(now time.Time) (out Distribution) {
	sum := 0.0
	for i := range s.slots {
		slot := &s.slots[i]
		if slot.second <= now.Unix()-scoresOf || slot.n == 0 {
			continue
		}
		out.Count += slot.n
		sum += slot.sum
		for b, n := range slot.bins {
			out.Bins[b] += n
		}
	}
	if out.Count > 0 {
		out.Mean = sum / float64(out.Count)
	}
	return out
}
