package demo

import (
	"fmt"
	"maps"
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// Counts are what the demo knows of its events.
type Counts struct {
	Sent     int64            // events sent
	Bad      int64            // of them, bad ones
	Late     int64            // of them, late ones
	Scored   int64            // predictions that came out
	Rejected int64            // dead letters that came out
	Codes    map[string]int64 // those by code
	Open     int64            // events that nothing came out of yet
	Repeated int64            // outputs of events that had come out before; they are in nothing above
	Equal    int64            // predictions whose bits are those that their model gives without a pipeline
	Unknown  int64            // predictions of models that are not the demo's
	Wrong    int64            // outputs that are not what they must be
	First    string           // what is wrong with the first of them
}

// entry is an event that is under way.
type entry struct {
	row  int32
	bad  fault.Code
	sent time.Time
}

// ledger holds what comes out against what went in.
type ledger struct {
	latency stream.Histogram

	mu     sync.Mutex
	under  map[int64]entry
	counts Counts
	scores scores
	models map[string][]float64 // by digest
	failed error
}

func (l *ledger) init(models []contender) {
	l.under, l.models, l.counts.Codes = map[int64]entry{}, map[string][]float64{}, map[string]int64{}
	for i := range models {
		l.models[models[i].digest] = models[i].expected
	}
}

func (l *ledger) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed == nil {
		l.failed = err
	}
}

func (l *ledger) open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.under)
}

// sends notes that an event is about to be sent.
func (l *ledger) sends(n int64, e *event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.under[n] = entry{int32(e.row), e.bad, time.Now()}
	l.counts.Sent++
	if e.bad != "" {
		l.counts.Bad++
	}
	if e.late {
		l.counts.Late++
	}
}

// output is what came out.
type output struct {
	key        string
	rejected   bool
	code       string // of a dead letter
	digest     string
	prediction float64 // NaN: there is none
	seen       time.Time
}

// sees notes an output.
func (l *ledger) sees(o *output) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, err := strconv.ParseInt(o.key, 10, 64)
	if err != nil || n < 0 || n >= l.counts.Sent {
		l.wrong("an output has the key %.40q, which no event had", o.key)
		return
	}
	e, ok := l.under[n]
	if !ok {
		l.counts.Repeated++
		return
	}
	delete(l.under, n)
	l.latency.Add(o.seen.Sub(e.sent))
	if o.rejected {
		l.counts.Rejected++
		l.counts.Codes[o.code]++
		if o.code != string(e.bad) {
			l.wrong("event %d was rejected as %.40q, not as %.40q", n, o.code, e.bad)
		}
		return
	}
	l.counts.Scored++
	l.scores.add(o.seen, o.prediction)
	expected, ours := l.models[o.digest]
	switch {
	case e.bad != "":
		l.wrong("event %d was scored, and not rejected as %q", n, e.bad)
	case !ours:
		l.counts.Unknown++
	case math.Float64bits(o.prediction) != math.Float64bits(expected[e.row]):
		l.wrong("event %d got %v of %.19s, which gives %v for it", n, o.prediction, o.digest, expected[e.row])
	default:
		l.counts.Equal++
	}
}

func (l *ledger) wrong(format string, args ...any) {
	l.counts.Wrong++
	if l.counts.First == "" {
		l.counts.First = fmt.Sprintf(format, args...)
	}
}

// Counts gives them as they are now.
func (d *Demo) Counts() Counts {
	l := &d.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.counts
	c.Codes, c.Open = maps.Clone(c.Codes), int64(len(l.under))
	return c
}

// Latency is from the sending of an event to the moment at which its output was seen.
func (d *Demo) Latency() *stream.Histogram { return &d.ledger.latency }

// Failed is why sending or looking had to end; nil: it did not.
func (d *Demo) Failed() error {
	d.ledger.mu.Lock()
	defer d.ledger.mu.Unlock()
	return d.ledger.failed
}

// Check says whether everything that was sent came out and was right, when it is over.
func (d *Demo) Check() error {
	c := d.Counts()
	switch {
	case c.Wrong > 0:
		return fault.New(fault.Mismatch, "", "%d outputs are wrong; the first: %s", c.Wrong, c.First)
	case c.Open > 0 || c.Sent != c.Scored+c.Rejected:
		return fault.New(fault.Mismatch, "", "%d events were sent, but %d predictions and %d dead letters came out", c.Sent, c.Scored, c.Rejected)
	}
	return nil
}
