package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/transforms/block"
)

// broker is a connector in memory: partitions of messages, and what was committed and written.
type broker struct {
	mu        sync.Mutex
	log       map[Partition][]Message
	committed map[Partition]int64
	out       map[string][]Message // by sink, acknowledged
	mark      int64                // behind the messages of each partition, which end with something that is no message; 0: they do not
	ends      bool
	recalling bool // the sinks are
	most      int  // messages that a poll gives; 0: all that it may
	failFlush error
	opened    int
}

var brokers sync.Map // host -> *broker

func init() {
	Register("mem", Connector{
		Source: func(_ context.Context, e Endpoint, id ReaderID) (Source, error) {
			b, _ := brokers.Load(strings.TrimPrefix(e.URL, "mem:"))
			b.(*broker).opened++
			return &memSource{b: b.(*broker)}, nil
		},
		Sink: func(_ context.Context, e Endpoint, id ReaderID, name string) (Sink, error) {
			b, _ := brokers.Load(strings.TrimPrefix(e.URL, "mem:"))
			sink := &memSink{b: b.(*broker), name: name}
			if sink.b.recalling {
				return &recallingSink{sink}, nil
			}
			return sink, nil
		},
	})
}

type memSource struct {
	b     *broker
	at    map[Partition]int64
	first bool
}

func (s *memSource) Start(_ context.Context, from []Position) error {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.at, s.first = map[Partition]int64{}, true
	for p := range s.b.log {
		s.at[p] = s.b.committed[p]
	}
	for _, p := range from {
		s.at[p.Partition] = max(s.at[p.Partition], p.Next)
	}
	return nil
}

func (s *memSource) Poll(ctx context.Context, most int) ([]Fetch, error) {
	for {
		s.b.mu.Lock()
		var out []Fetch
		left := false
		for p, log := range s.b.log {
			f := Fetch{Source: fmt.Sprintf("mem://%s/%d", p.Topic, p.ID), Partition: p, End: int64(len(log))}
			if from := s.at[p]; from < int64(len(log)) {
				if s.b.most > 0 {
					most = min(most, s.b.most)
				}
				to := min(int64(len(log)), from+int64(most))
				f.Messages = log[from:to]
				s.at[p] = to
				left = true
			}
			if s.b.mark > 0 && s.at[p] == int64(len(log)) && len(f.Messages) == 0 && !s.first {
				f.End, f.Next, s.at[p] = s.b.mark, s.b.mark, s.b.mark
				left = true
			}
			if len(f.Messages) > 0 || s.first || f.Next > 0 {
				out = append(out, f)
			}
		}
		ends := s.b.ends && !left
		s.first = false
		s.b.mu.Unlock()
		if len(out) > 0 {
			return out, nil
		}
		if ends {
			return nil, io.EOF
		}
		select {
		case <-ctx.Done():
			return nil, nil
		case <-time.After(time.Millisecond):
		}
	}
}

func (s *memSource) Commit(_ context.Context, at []Position) error {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	for _, p := range at {
		s.b.committed[p.Partition] = p.Next
	}
	return nil
}
func (s *memSource) Settled(context.Context) error { return nil }
func (s *memSource) Close() error                  { return nil }

type memSink struct {
	b    *broker
	name string
	buf  []Message
}

func (s *memSink) Write(_ context.Context, m []Message) error {
	s.buf = append(s.buf, m...)
	return nil
}

func (s *memSink) Flush(context.Context) error {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	if err := s.b.failFlush; err != nil {
		s.b.failFlush = nil
		return err
	}
	for _, m := range s.buf {
		m.Value = append([]byte(nil), m.Value...)
		s.b.out[s.name] = append(s.b.out[s.name], m)
	}
	s.buf = nil
	return nil
}
func (s *memSink) Close() error { return nil }

// recallingSink refuses what is written before everything of before is committed.
type recallingSink struct{ *memSink }

func (*recallingSink) RecallsLast() {}

func (s *recallingSink) Write(ctx context.Context, m []Message) error {
	s.b.mu.Lock()
	written, committed := len(s.b.out[s.name]), s.b.committed[Partition{"t", 0}]
	s.b.mu.Unlock()
	if int64(written) != committed {
		return fmt.Errorf("%d rows are written, %d are committed", written, committed)
	}
	return s.memSink.Write(ctx, m)
}

// rig is a reader's DoFns, fused by hand.
type rig struct {
	t        *testing.T
	b        *broker
	read     *readFn
	write    *writeFn
	reject   *rejectFn
	lose     int  // rows to be lost between read and write
	split    bool // the runner takes the rest away after the first block
	estimate *estimator
	rest     Range
	ctx      context.Context // of the calls
}

func newRig(t *testing.T, ends bool, messages ...Message) *rig {
	t.Helper()
	b := &broker{log: map[Partition][]Message{}, committed: map[Partition]int64{}, out: map[string][]Message{}, ends: ends}
	for i, m := range messages {
		m.Offset = int64(i)
		b.log[Partition{"t", 0}] = append(b.log[Partition{"t", 0}], m)
	}
	brokers.Store(t.Name(), b)
	e := Endpoint{URL: "mem:" + t.Name()}
	links := Links{Run: t.Name(), From: e, To: e, Rejected: e, Stay: 20 * time.Millisecond}
	r := &rig{t: t, b: b, estimate: &estimator{}, ctx: t.Context()}
	r.read = &readFn{Options: ReadOptions{Links: links, Columns: []block.Column{
		{Column: format.Column{Name: "message", Kind: format.RawRow}},
		{Column: format.Column{Name: "x", Kind: format.Number}, Feature: true},
	}}}
	r.write = &writeFn{Options: WriteOptions{Links: links, Version: "v1"}}
	r.reject = &rejectFn{Options: r.write.Options}
	if err := r.read.Setup(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { End(t.Name()) })
	return r
}

// call makes one call of the reading DoFn, as a runner does.
func (r *rig) call() (more bool, err error) {
	ctx := r.ctx
	rt := r.read.CreateTracker(r.rest)
	var werr error
	note := func(err error) {
		if werr == nil {
			werr = err
		}
	}
	cont, err := r.read.ProcessElement(ctx, r.estimate, rt, Reader{Of: 1}.key(),
		func(_ beam.EventTime, b block.Block) {
			if r.lose > 0 {
				b = b.Slice(int64(r.lose), b.Record.NumRows())
				r.lose = 0
			}
			s := b.Record.Schema() // scoring drops the feature
			b.Record = array.NewRecordBatch(arrow.NewSchema(s.Fields()[:1], nil), b.Record.Columns()[:1], b.Record.NumRows())
			note(r.write.ProcessElement(ctx, b, nil))
			if r.split {
				rt.TrySplit(0)
			}
		},
		func(_ beam.EventTime, l block.Rejected) { note(r.reject.ProcessElement(ctx, l, nil)) })
	if err = errors.Join(err, werr); err != nil {
		return false, err
	}
	if !cont.ShouldResume() {
		if !rt.IsDone() {
			r.t.Error("stopped, but the restriction is not done")
		}
		return false, nil
	}
	_, residual, err := rt.TrySplit(0)
	if err != nil {
		r.t.Fatal(err)
	}
	r.rest = residual.(Range)
	return true, nil
}

func message(t int64, value string) Message {
	return Message{Value: []byte(value), Envelope: block.Envelope{Key: []byte("k"), Time: t, Headers: []block.Header{{Key: "a", Value: []byte("b")}}}}
}

// TestRecalling: with a sink that recalls the last micro-batch only, that one is committed before the next one is written.
func TestRecalling(t *testing.T) {
	var messages []Message
	for i := range 20 {
		messages = append(messages, message(int64(i), `{"x":1}`))
	}
	r := newRig(t, true, messages...)
	r.b.recalling, r.b.most = true, 3
	for more := true; more; {
		var err error
		if more, err = r.call(); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(r.b.out["to"]); n != 20 {
		t.Errorf("%d written", n)
	}
}

// waited is a context that knows how many wait for its end.
type waited struct {
	context.Context
	done chan struct{} // its own: the standard library looks past a context that has its parent's
	by   atomic.Int64
}

func (w *waited) Done() <-chan struct{} { return w.done }

// AfterFunc is what contexts call that are made of it.
func (w *waited) AfterFunc(func()) (stop func() bool) {
	w.by.Add(1)
	return sync.OnceValue(func() bool { w.by.Add(-1); return true })
}

// TestCallsEnd: nothing of a call stays with the runner's context, which keeps all that Beam counted in the bundle.
func TestCallsEnd(t *testing.T) {
	r := newRig(t, false, message(1000, `{"x":1}`), message(2000, `{"x":2}`))
	w := &waited{Context: t.Context(), done: make(chan struct{})}
	r.ctx = w
	for range 3 {
		if _, err := r.call(); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.by.Load(); n != 0 {
		t.Errorf("%d contexts still wait for the runner's", n)
	}
}

func TestReadWrite(t *testing.T) {
	r := newRig(t, true, message(1000, `{"x":1}`), message(2000, `{"x":"no"}`), message(3000, "{\n \"x\": 3}"), Message{Envelope: block.Envelope{Time: 4000}}, message(5000, " "))
	for {
		more, err := r.call()
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			break
		}
	}
	to, rejected := r.b.out["to"], r.b.out["rejected"]
	if len(to) != 2 || string(to[0].Value) != `{"x":1}` || string(to[1].Value) != `{"x":3}` || string(to[0].Key) != "k" || to[1].Time != 3000 {
		t.Errorf("written: %+v", to)
	}
	var headers []string
	for _, h := range to[1].Headers {
		headers = append(headers, h.Key+"="+string(h.Value))
	}
	if got := strings.Join(headers, " "); !strings.HasPrefix(got, "a=b glulam-model= glulam-version=v1 glulam-latency=") || !strings.HasSuffix(got, "glulam-source=mem://t/0@2") {
		t.Errorf("headers: %s", got)
	}
	var codes []fault.Code
	for _, m := range rejected {
		l, err := fault.ParseLetter(m.Value)
		if err != nil {
			t.Fatal(err)
		}
		codes = append(codes, l.Code)
		if l.Source != "mem://t/0" {
			t.Errorf("source %q", l.Source)
		}
	}
	if fmt.Sprint(codes) != "[wrong_type tombstone bad_json]" {
		t.Errorf("rejected: %v", codes)
	}
	if r.b.committed[Partition{"t", 0}] != 5 {
		t.Errorf("committed %v", r.b.committed)
	}
	if got := r.estimate.at.Load(); got != 3000 { // of rows; letters do not count
		t.Errorf("watermark %d", got)
	}
}

// TestLoss: a row that gets lost between reading and writing fails the bundle, and nothing is committed.
func TestLoss(t *testing.T) {
	r := newRig(t, false, message(1, `{"x":1}`), message(2, `{"x":2}`))
	r.lose = 1
	if _, err := r.call(); fault.CodeOf(err) != fault.Mismatch {
		t.Fatalf("got %v", err)
	}
	if len(r.b.committed) > 0 || len(r.b.out["to"]) > 0 {
		t.Errorf("committed %v, written %v", r.b.committed, r.b.out)
	}
	if _, err := r.call(); err != nil { // the runner tries again
		t.Fatal(err)
	}
	if n := len(r.b.out["to"]); n != 2 || r.b.committed[Partition{"t", 0}] != 2 {
		t.Errorf("%d written, committed %v", n, r.b.committed)
	}
}

// TestFlushFails: a micro-batch that a sink does not take is not committed, and is written again.
func TestFlushFails(t *testing.T) {
	r := newRig(t, false, message(1, `{"x":1}`))
	r.b.failFlush = errors.New("the broker is gone")
	if _, err := r.call(); err == nil || len(r.b.committed) > 0 {
		t.Fatalf("got %v, committed %v", err, r.b.committed)
	}
	if _, err := r.call(); err != nil || len(r.b.out["to"]) != 1 || r.b.opened != 2 {
		t.Errorf("got %v, written %v, opened %d times", err, r.b.out, r.b.opened)
	}
}

// TestResume: a runner that repeats an old restriction after what is committed does not read anything twice.
func TestResume(t *testing.T) {
	r := newRig(t, false, message(1, `{"x":1}`), message(2, `{"x":2}`))
	if _, err := r.call(); err != nil {
		t.Fatal(err)
	}
	r.rest = Range{}
	if _, err := r.call(); err != nil {
		t.Fatal(err)
	}
	if n := len(r.b.out["to"]); n != 2 {
		t.Errorf("%d written, want 2", n)
	}
}

func TestDrain(t *testing.T) {
	r := newRig(t, false, message(1, `{"x":1}`))
	if more, err := r.call(); !more || err != nil {
		t.Fatalf("%t %v", more, err)
	}
	Drain(t.Name())
	if more, err := r.call(); more || err != nil {
		t.Fatalf("drained: %t %v", more, err)
	}
}

// TestWatermark: partitions hold it back until they are idle.
func TestWatermark(t *testing.T) {
	now := time.Now()
	w := newWatermark(StatsOf(t.Name()), &Links{Idle: time.Second, Disorder: 100 * time.Millisecond}, ReaderID{})
	a, b := Fetch{Partition: Partition{"t", 0}}, Fetch{Partition: Partition{"t", 1}}
	w.of(&a)
	w.of(&b)
	w.of(&a).saw(5000)
	step := func(what string, at time.Time, want int64, moved bool) {
		t.Helper()
		if got, ok := w.advance(at); got != want || ok != moved {
			t.Errorf("%s: %d %t, want %d %t", what, got, ok, want, moved)
		}
	}
	step("one partition brought nothing yet", now, noWatermark, false)
	w.of(&b).saw(3000)
	step("both", now, 2900, true)
	w.of(&b).saw(2000)
	step("a late one", now, 2900, false)
	w.lag(&a, 17)
	w.parts[a.Partition].seen = now.Add(2 * time.Second)
	step("one is idle", now.Add(2*time.Second), 4900, true)
	step("both are idle", now.Add(4*time.Second), 4900, false)
}

// TestTakenAway: what was claimed before the runner took the rest away is written and committed, since the rest begins behind it.
func TestTakenAway(t *testing.T) {
	r := newRig(t, false, message(1, `{"x":1}`))
	other := message(1, `{"x":2}`)
	r.b.log[Partition{"t", 1}] = []Message{other}
	r.split = true
	if more, err := r.call(); more || err != nil {
		t.Fatal(more, err)
	}
	if len(r.b.out["to"]) != 1 || len(r.b.committed) != 1 {
		t.Errorf("written %v, committed %v", r.b.out["to"], r.b.committed)
	}
}

// TestBacklog: a partition whose messages are there and were not read yet is not idle.
func TestBacklog(t *testing.T) {
	now := time.Now()
	w := newWatermark(StatsOf(t.Name()), &Links{Idle: time.Second}, ReaderID{})
	a, b := Fetch{Partition: Partition{"t", 0}, End: 9}, Fetch{Partition: Partition{"t", 1}, End: 9}
	w.of(&a).saw(1000)
	w.lag(&a, 5)
	w.of(&b).saw(5000)
	w.lag(&b, 9)
	now = now.Add(10 * time.Second)
	w.parts[b.Partition].seen = now
	if at, _ := w.advance(now); at != 1000 {
		t.Errorf("at %d while messages wait, want 1000", at)
	}
	w.lag(&a, 9)
	w.parts[a.Partition].seen = now.Add(-10 * time.Second)
	if at, _ := w.advance(now); at != 5000 {
		t.Errorf("at %d, want 5000", at)
	}
}

// TestGone: a partition that there is no more holds nothing back, and nothing waits in it.
func TestGone(t *testing.T) {
	st := StatsOf(t.Name())
	w := newWatermark(st, &Links{Idle: time.Second}, ReaderID{})
	a, b := Fetch{Partition: Partition{"gone", 0}, End: 9}, Fetch{Partition: Partition{"t", 0}, End: 9}
	w.of(&a).saw(1000)
	w.lag(&a, 5)
	w.of(&b).saw(5000)
	w.lag(&b, 9)
	w.drop(a.Partition)
	if at, _ := w.advance(time.Now()); at != 5000 {
		t.Errorf("at %d, want 5000", at)
	}
	if lag := st.Lag(); len(lag) != 1 || lag[b.Partition] != 0 {
		t.Errorf("lag %v", lag)
	}
}

// TestMarks: what comes behind the last message and is none, such as the end of a transaction, is committed with the messages.
func TestMarks(t *testing.T) {
	r := newRig(t, false, message(1000, `{"x":1}`))
	r.b.mark = 3
	for range 3 {
		if _, err := r.call(); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.b.committed[Partition{"t", 0}]; got != 3 {
		t.Errorf("committed %d, want 3", got)
	}
	if lag := StatsOf(t.Name()).Lag(); lag[Partition{"t", 0}] != 0 {
		t.Errorf("lag %v", lag)
	}
}

// TestAhead: a time too far ahead of the clock is none, because the watermark would follow it for good.
func TestAhead(t *testing.T) {
	now := time.Now().UnixMilli()
	r := newRig(t, true, message(now, `{"x":1}`), message(now+2*DefaultAhead.Milliseconds(), `{"x":2}`), message(math.MaxInt64, `{"x":3}`))
	for more := true; more; {
		var err error
		if more, err = r.call(); err != nil {
			t.Fatal(err)
		}
	}
	if len(r.b.out["to"]) != 1 || len(r.b.out["rejected"]) != 2 || !strings.Contains(string(r.b.out["rejected"][0].Value), `"bad_time"`) {
		t.Errorf("written %d, rejected %+v", len(r.b.out["to"]), r.b.out["rejected"])
	}
	if got := r.estimate.at.Load(); got != now {
		t.Errorf("watermark %d, want %d", got, now)
	}
}

func TestTracker(t *testing.T) {
	rt := newTracker(Range{At: []Position{{Partition{"t", 0}, 5}}})
	if !rt.TryClaim(claim{Position: Position{Partition{"t", 0}, 9}}) || !rt.TryClaim(claim{Position: Position{Partition{"t", 1}, 2}}) {
		t.Fatal("claims refused")
	}
	if p, r, err := rt.TrySplit(0.5); r != nil || err != nil || p.(Range).Done {
		t.Errorf("a fraction: %v %v %v", p, r, err)
	}
	p, r, err := rt.TrySplit(0)
	if err != nil || !p.(Range).Done || fmt.Sprint(r) != "{[{{t 0} 9} {{t 1} 2}] false}" {
		t.Errorf("a checkpoint: %v %v %v", p, r, err)
	}
	if rt.TryClaim(claim{Position: Position{Partition{"t", 0}, 10}}) {
		t.Error("a claim after the checkpoint")
	}
}

func TestTimes(t *testing.T) {
	newYork := newTimeReader(EventTime{Column: "t", Zone: "America/New_York"}, 0)
	lordHowe := newTimeReader(EventTime{Column: "t", Zone: "Australia/Lord_Howe"}, 0)
	utc := newTimeReader(EventTime{Column: "t", Unit: "s"}, 0)
	for _, c := range []struct {
		in   string
		with timeReader
		want string
	}{
		{"2013-10-01T06:00:00Z", utc, "2013-10-01T06:00:00Z"},
		{"2013-10-01T06:00:00.25+02:00", utc, "2013-10-01T04:00:00.25Z"},
		{"1380607200", utc, "2013-10-01T06:00:00Z"},
		{"1380607200.5", utc, "2013-10-01T06:00:00.5Z"},
		{"2013-10-01 02:00", newYork, "2013-10-01T06:00:00Z"},
		{"2013-11-03 01:30:00", newYork, "2013-11-03T05:30:00Z"}, // shown twice
		{"2013-03-10 02:30:00", newYork, ""},                     // never shown
		{"2024-04-07 01:45", lordHowe, "2024-04-06T14:45:00Z"},   // likewise, half an hour later
		{"2013-10-01 02:00", utc, ""},
		{"yesterday", utc, ""}, {"1e300", utc, ""}, {"NaN", utc, ""}, {"", utc, ""},
	} {
		ms, err := c.with.parse(c.in)
		got := time.UnixMilli(ms).UTC().Format(time.RFC3339Nano)
		if err != nil {
			got = ""
		}
		if got != c.want {
			t.Errorf("%q is %s (%v), want %s", c.in, got, err, c.want)
		}
	}
}

func TestHistogram(t *testing.T) {
	var h Histogram
	for us := int64(1); us <= 100_000; us++ {
		h.Add(time.Duration(us) * time.Microsecond)
	}
	s := h.Snapshot()
	for _, q := range []float64{.01, .5, .99, 1} {
		got, want := float64(s.Quantile(q).Microseconds()), q*100_000
		if got < want || got > want*1.0626+1 {
			t.Errorf("quantile %v is %v, want %v to 6%%", q, got, want)
		}
	}
	for i := range 511 {
		if bucket(bound(i)-1) != i || bucket(bound(i)) != i+1 {
			t.Fatalf("bucket %d ends at %d, whose buckets are %d and %d", i, bound(i), bucket(bound(i)-1), bucket(bound(i)))
		}
	}
	if n := s.Below(time.Millisecond); n < 940 || n > 1000 {
		t.Errorf("%d below a millisecond", n)
	}
}
