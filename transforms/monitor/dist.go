package monitor

import (
	"math"

	"github.com/DataDog/sketches-go/ddsketch/mapping"
	"github.com/DataDog/sketches-go/ddsketch/store"
)

// Accuracy is the relative error of quantiles at the most.
const Accuracy = 0.01

// scale maps values to the sketches' bins.
var scale, _ = mapping.NewLogarithmicMapping(Accuracy) // an error is for an accuracy out of range

// largeValue is where values go into a sum of their own, in which they count as v/largeUnit: so no sum overflows.
const (
	largeValue = 0x1p900
	largeUnit  = 0x1p100
)

// dist is what is known of some numbers: a DDSketch, whose bins are never merged, so that sketches of parts merge into
// exactly that of the whole, and their sum and range. The zero value is empty.
type dist struct {
	positive, negative *store.BufferedPaginatedStore // nil: empty
	zero               int64
	count              int64 // of finite values
	notFinite          int64
	sum, large         total
	min, max           float64 // if count > 0
}

// total is a sum with what rounding took from it (Neumaier, 1974).
type total struct{ sum, rest float64 }

func (t *total) add(v float64) {
	s := t.sum + v
	if math.Abs(t.sum) >= math.Abs(v) {
		t.rest += (t.sum - s) + v
	} else {
		t.rest += (v - s) + t.sum
	}
	t.sum = s
}

func (t *total) value() float64 { return t.sum + t.rest }

// add counts a value n times.
func (d *dist) add(v float64, n int64) {
	if v-v != 0 { // NaN or infinite
		d.notFinite += n
		return
	}
	d.took(v, v, n)
	d.toSum(v, n)
	d.toBin(v, n)
}

// addAll counts each value once.
func (d *dist) addAll(values []float64) {
	least, most, sum, n := math.Inf(1), math.Inf(-1), 0.0, int64(0)
	for _, v := range values {
		if !(v-v == 0) {
			d.notFinite++
			continue
		}
		n++
		least, most = min(least, v), max(most, v)
		if math.Abs(v) < largeValue {
			sum += v
		} else {
			d.toSum(v, 1)
		}
		d.toBin(v, 1)
	}
	if n > 0 {
		d.took(least, most, n)
		d.sum.add(sum)
	}
}

// took notes n values of a range.
func (d *dist) took(least, most float64, n int64) {
	if d.count == 0 {
		d.min, d.max = least, most
	}
	d.min, d.max = min(d.min, least), max(d.max, most)
	d.count += n
}

func (d *dist) toSum(v float64, n int64) {
	if math.Abs(v) < largeValue {
		d.sum.add(v * float64(n))
	} else {
		d.large.add(v / largeUnit * float64(n))
	}
}

var leastIndexable = scale.MinIndexableValue()

func (d *dist) toBin(v float64, n int64) {
	at := &d.positive
	if v < 0 {
		at, v = &d.negative, -v
	}
	if v <= leastIndexable {
		d.zero += n
		return
	}
	if *at == nil {
		*at = store.NewBufferedPaginatedStore()
	}
	i := scale.Index(v)
	if n == 1 {
		(*at).Add(i)
	} else {
		(*at).AddWithCount(i, float64(n))
	}
}

// merge adds what another knows, which stays as it is.
func (d *dist) merge(o *dist) {
	for _, s := range []struct {
		to, from **store.BufferedPaginatedStore
	}{{&d.positive, &o.positive}, {&d.negative, &o.negative}} {
		if *s.from == nil {
			continue
		}
		if *s.to == nil {
			*s.to = store.NewBufferedPaginatedStore()
		}
		(*s.to).MergeWith(*s.from)
	}
	d.zero += o.zero
	d.notFinite += o.notFinite
	for _, t := range []struct{ to, from *total }{{&d.sum, &o.sum}, {&d.large, &o.large}} {
		t.to.add(t.from.sum)
		t.to.add(t.from.rest)
	}
	if o.count > 0 {
		d.took(o.min, o.max, o.count)
	}
}

// summary gives what people want to know. Its quantiles are at most Accuracy off the value of rank floor(q*(count-1)); values
// within 2% of the largest float64 may be off by that.
func (d *dist) summary() Distribution {
	out := Distribution{Count: d.count, NotFinite: d.notFinite}
	if d.count == 0 {
		return out
	}
	out.Min, out.Max = d.min, d.max
	n := float64(d.count)
	out.Mean = d.hold(d.sum.value()/n + d.large.value()/n*largeUnit)
	q := &out.Quantiles
	for _, at := range []struct {
		q  float64
		to *float64
	}{{0.01, &q.Q01}, {0.05, &q.Q05}, {0.25, &q.Q25}, {0.5, &q.Q50}, {0.75, &q.Q75}, {0.95, &q.Q95}, {0.99, &q.Q99}} {
		*at.to = d.hold(d.rank(math.Floor(at.q * (n - 1))))
	}
	return out
}

// rank gives the value that so many others are before. DDSketch.GetValueAtQuantile would do, but that it rounds ranks towards
// 0: down among positive values, and up among negative ones.
func (d *dist) rank(rank float64) float64 {
	zero, below := float64(d.zero), 0.0
	if d.negative != nil {
		below = d.negative.TotalCount()
	}
	switch {
	case rank < below:
		return -binValue(d.negative.KeyAtRank(below - 1 - rank))
	case rank < below+zero:
		return 0
	}
	return binValue(d.positive.KeyAtRank(rank - below - zero))
}

// topBin is where math.Exp, which scale.Value needs, overflows on some processors: at 0.7 of the largest float64. topStep is
// what lies between a bin's value and that of the bin 100 before it.
var (
	topBin  = scale.Index(scale.MaxIndexableValue())
	topStep = math.Pow((1+Accuracy)/(1-Accuracy), 100)
)

func binValue(i int) float64 {
	if i < topBin {
		return scale.Value(i)
	}
	return scale.Value(i-100) * topStep
}

// hold keeps what was computed within the range of what came.
func (d *dist) hold(v float64) float64 { return min(max(v, d.min), d.max) }
