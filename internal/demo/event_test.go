package demo

import (
	"math"
	"testing"
	"time"
)

// TestChosen holds that a share is that of the events, evenly spread.
func TestChosen(t *testing.T) {
	for _, share := range []float64{0, 0.002, 0.3, 0.5, 1} {
		n := 0
		for i := range int64(10_000) {
			if chosen(i, share) {
				n++
			}
			if even := math.Floor(float64(i+1) * share); float64(n) != even {
				t.Fatalf("%v: %d of %d events", share, n, i+1)
			}
		}
	}
}

// TestEvents holds that events are what the ledger expects of them: their times are moved, and each way of being bad comes up.
func TestEvents(t *testing.T) {
	rows, err := readFlights(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d := &Demo{o: Options{Rate: 1000, Bad: 0.01, Late: 0.05, Window: time.Second}, flights: rows, began: time.UnixMilli(1_700_000_000_000)}
	bad, late := map[string]int{}, 0
	before := d.began
	for n := range int64(10_000) {
		e := d.event(n)
		at := d.timeOf(n)
		if at.Before(before) {
			t.Fatalf("event %d is before the one before it", n)
		}
		if off := at.Sub(d.began) - time.Duration(n)*time.Millisecond; off < -time.Second || off > time.Second {
			t.Fatalf("event %d is %s away from the clock", n, off)
		}
		before = at
		if e.late {
			late++
			at = at.Add(-time.Second)
		}
		if e.bad != "" {
			bad[string(e.bad)]++
			continue
		}
		row := parsed(t, e.msg.Data)
		if got := row[eventTime].(float64); got != float64(at.UnixMilli()) {
			t.Fatalf("event %d has the time %v, not %d", n, got, at.UnixMilli())
		}
	}
	if late != 500 {
		t.Errorf("%d late events", late)
	}
	for _, w := range ways {
		if bad[string(w.code)] != 100/len(ways) {
			t.Errorf("%d events are to be %s", bad[string(w.code)], w.code)
		}
	}
}
