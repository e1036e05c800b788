package streamtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/stream"
)

// Topic is a source of its own for one test, empty at first.
type Topic struct {
	// Put appends messages to a partition, in order, and returns when readers can see them. Their Offset and ID mean nothing.
	Put func(t *testing.T, partition int32, messages ...stream.Message)
	// Open opens the source, as the same reader of the same run each time. The suite calls Start and Close.
	Open func(t *testing.T) stream.Source
}

// SourceSetup says what is tested.
type SourceSetup struct {
	New        func(t *testing.T) Topic
	Partitions int32 // how many a topic has; 0 is 1
	Envelopes  bool  // keys, headers and timestamps come back
	Tombstones bool  // a message without a value is told from one with an empty value
	Resumes    bool  // another process goes on where the last one committed
	// Bounded says that Poll gives io.EOF after what was put before Open.
	Bounded bool
	// Named says that the first Poll after Start names every partition.
	Named bool
}

// patience is how long a test waits for what must come.
const patience = 60 * time.Second

// Source tests a source.
func Source(t *testing.T, s SourceSetup) {
	s.Partitions = max(1, s.Partitions)
	t.Run("order", s.order)
	t.Run("empty", s.empty)
	t.Run("most", s.most)
	if s.Named {
		t.Run("named", s.named)
	}
	if s.Envelopes {
		t.Run("envelopes", s.envelopes)
	}
	if s.Tombstones {
		t.Run("tombstones", s.tombstones)
	}
	if s.Resumes {
		t.Run("resume", s.resume)
		t.Run("uncommitted", s.uncommitted)
		t.Run("position", s.position)
	}
}

// numbered are n messages that say which they are.
func numbered(partition int32, from, n int) []stream.Message {
	out := make([]stream.Message, n)
	for i := range out {
		out[i] = stream.Message{Value: fmt.Appendf(nil, `{"partition":%d,"number":%d}`, partition, from+i), Envelope: block.Envelope{Time: 1_700_000_000_000 + int64(from+i)}}
	}
	return out
}

// reading is a started source, with what it gave.
type reading struct {
	t       *testing.T
	source  stream.Source
	got     map[stream.Partition][]stream.Message // copies
	next    map[stream.Partition]int64
	ended   bool
	fetches []stream.Fetch // of the last poll, as they came
}

func start(t *testing.T, topic Topic, from []stream.Position) *reading {
	t.Helper()
	r := &reading{t: t, source: topic.Open(t), got: map[stream.Partition][]stream.Message{}, next: map[stream.Partition]int64{}}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := r.source.Start(ctx, from); err != nil {
		r.source.Close()
		t.Fatal(err)
	}
	return r
}

// poll polls once and keeps what came.
func (r *reading) poll(wait time.Duration, most int) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), wait)
	defer cancel()
	fetches, err := r.source.Poll(ctx, most)
	if r.ended = errors.Is(err, io.EOF); err != nil && !r.ended {
		r.t.Fatal(err)
	}
	r.fetches = fetches
	n := 0
	for _, f := range fetches {
		n += len(f.Messages)
		if f.Source == "" {
			r.t.Error("a fetch without the name of its source")
		}
		for i := range f.Messages {
			m := f.Messages[i]
			if next, ok := r.next[f.Partition]; ok && m.Offset < next {
				r.t.Fatalf("%v: offset %d after %d", f.Partition, m.Offset, next-1)
			}
			r.next[f.Partition] = m.Offset + 1
			m.Value, m.Key, m.Headers = bytes.Clone(m.Value), bytes.Clone(m.Key), slices.Clone(m.Headers)
			r.got[f.Partition] = append(r.got[f.Partition], m)
		}
		if k := len(f.Messages); k > 0 && f.End >= 0 && f.End <= f.Messages[k-1].Offset {
			r.t.Errorf("%v ends at %d, but has a message at %d", f.Partition, f.End, f.Messages[k-1].Offset)
		}
	}
	if n > most {
		r.t.Errorf("%d messages of one poll, at most %d were asked for", n, most)
	}
}

func (r *reading) count() (n int) {
	for _, m := range r.got {
		n += len(m)
	}
	return n
}

// until polls until n messages came in all, and then a little longer: no more may come.
func (r *reading) until(n, most int) {
	r.t.Helper()
	for begin := time.Now(); r.count() < n && !r.ended; {
		if time.Since(begin) > patience {
			r.t.Fatalf("%d messages came, %d were put", r.count(), n)
		}
		r.poll(time.Second, most)
	}
	for i := 0; i < 3 && !r.ended; i++ {
		r.poll(50*time.Millisecond, most)
	}
	if r.count() != n {
		r.t.Fatalf("%d messages came, %d were put", r.count(), n)
	}
}

// commit commits everything read, and waits for that.
func (r *reading) commit() {
	r.t.Helper()
	var at []stream.Position
	for p, next := range r.next {
		at = append(at, stream.Position{Partition: p, Next: next})
	}
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	if err := r.source.Commit(ctx, at); err != nil {
		r.t.Fatal(err)
	}
	if err := r.source.Settled(ctx); err != nil {
		r.t.Fatal(err)
	}
}

func (r *reading) close() {
	r.t.Helper()
	if err := r.source.Close(); err != nil {
		r.t.Fatal(err)
	}
}

// values are the values read of a partition.
func (r *reading) values(partition int32) (out []string) {
	for p, messages := range r.got {
		if p.ID == partition {
			for _, m := range messages {
				out = append(out, string(m.Value))
			}
		}
	}
	return out
}

// same holds that the partition gave the values of numbered messages.
func (r *reading) same(partition int32, want []stream.Message) {
	r.t.Helper()
	got := r.values(partition)
	if len(got) != len(want) {
		r.t.Fatalf("partition %d gave %d messages, want %d", partition, len(got), len(want))
	}
	for i := range want {
		if got[i] != string(want[i].Value) {
			r.t.Fatalf("partition %d, message %d is %s, want %s", partition, i, got[i], want[i].Value)
		}
	}
}

func (s SourceSetup) order(t *testing.T) {
	topic := s.New(t)
	const n = 1000
	for p := range s.Partitions {
		topic.Put(t, p, numbered(p, 0, n)...)
	}
	r := start(t, topic, nil)
	defer r.close()
	r.until(n*int(s.Partitions), 700)
	for p := range s.Partitions {
		r.same(p, numbered(p, 0, n))
	}
	if s.Bounded {
		return
	}
	topic.Put(t, 0, numbered(0, n, 10)...)
	r.until(n*int(s.Partitions)+10, 700)
	r.same(0, numbered(0, 0, n+10))
}

func (s SourceSetup) empty(t *testing.T) {
	r := start(t, s.New(t), nil)
	defer r.close()
	for range 4 { // that the time is over is no error
		r.poll(20*time.Millisecond, 10)
	}
	if !s.Bounded && r.ended || s.Bounded && !r.ended || r.count() != 0 {
		t.Fatalf("%d messages, ended: %v", r.count(), r.ended)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.source.Poll(ctx, 10); err != nil && !errors.Is(err, io.EOF) {
		t.Errorf("a poll whose context has ended gives %v", err)
	}
	if err := r.source.Settled(t.Context()); err != nil {
		t.Errorf("nothing was committed, Settled gives %v", err)
	}
}

func (s SourceSetup) most(t *testing.T) {
	topic := s.New(t)
	topic.Put(t, 0, numbered(0, 0, 50)...)
	r := start(t, topic, nil)
	defer r.close()
	r.until(50, 7) // poll holds the limit
	r.same(0, numbered(0, 0, 50))
}

func (s SourceSetup) named(t *testing.T) {
	r := start(t, s.New(t), nil)
	defer r.close()
	r.poll(patience, 10)
	var named []int32
	for _, f := range r.fetches {
		named = append(named, f.Partition.ID)
	}
	slices.Sort(named)
	if len(slices.Compact(named)) != int(s.Partitions) {
		t.Errorf("the first poll names partitions %v of %d", named, s.Partitions)
	}
}

// telling are messages whose every part says something.
func telling() []stream.Message {
	return []stream.Message{
		{Value: []byte(`{"a":1}`), Envelope: block.Envelope{Key: []byte("k1"), Time: 1_700_000_000_001}},
		{Value: []byte(`{"a":2}`), Envelope: block.Envelope{Key: []byte("k1"), Time: 1_600_000_000_000, Headers: []block.Header{
			{Key: "x", Value: []byte("1")}, {Key: "y", Value: []byte{0, 255}}, {Key: "x", Value: []byte("2")}}}},
		{Value: []byte(`{"a":3}`), Envelope: block.Envelope{Time: 1_700_000_000_003}},
	}
}

func sameEnvelope(t *testing.T, got, want stream.Message) {
	t.Helper()
	if !bytes.Equal(got.Key, want.Key) || got.Time != want.Time || len(got.Headers) != len(want.Headers) {
		t.Errorf("%s came with %+v, want %+v", want.Value, got.Envelope, want.Envelope)
		return
	}
	for i, h := range want.Headers {
		if got.Headers[i].Key != h.Key || !bytes.Equal(got.Headers[i].Value, h.Value) {
			t.Errorf("%s came with %+v, want %+v", want.Value, got.Envelope, want.Envelope)
		}
	}
}

func (s SourceSetup) envelopes(t *testing.T) {
	topic := s.New(t)
	topic.Put(t, 0, telling()...)
	r := start(t, topic, nil)
	defer r.close()
	r.until(3, 100)
	r.same(0, telling())
	for _, got := range r.got {
		for i, want := range telling() {
			sameEnvelope(t, got[i], want)
		}
	}
}

func (s SourceSetup) tombstones(t *testing.T) {
	topic := s.New(t)
	topic.Put(t, 0, stream.Message{Envelope: block.Envelope{Key: []byte("gone"), Time: 5}},
		stream.Message{Value: []byte{}, Envelope: block.Envelope{Key: []byte("empty"), Time: 6}})
	r := start(t, topic, nil)
	defer r.close()
	r.until(2, 100)
	for _, got := range r.got {
		if got[0].Value != nil || got[1].Value == nil || len(got[1].Value) != 0 {
			t.Errorf("a tombstone and an empty value came as %v and %v", got[0].Value, got[1].Value)
		}
	}
}

// resume holds that nothing is lost or comes twice over commits, closing and opening.
func (s SourceSetup) resume(t *testing.T) {
	topic := s.New(t)
	const each = 100
	for round := range 3 {
		for p := range s.Partitions {
			topic.Put(t, p, numbered(p, round*each, each)...)
		}
		r := start(t, topic, nil)
		r.until(each*int(s.Partitions), 64)
		for p := range s.Partitions {
			r.same(p, numbered(p, round*each, each))
		}
		r.commit()
		r.close()
	}
}

// uncommitted holds that what was read and not committed comes again, and that commits hold for their partitions only.
func (s SourceSetup) uncommitted(t *testing.T) {
	topic := s.New(t)
	for p := range s.Partitions {
		topic.Put(t, p, numbered(p, 0, 40)...)
	}
	r := start(t, topic, nil)
	for r.count() < 10 {
		r.poll(time.Second, 10)
	}
	r.commit()
	committed := r.count()
	done := map[int32]int{}
	for p, m := range r.got {
		done[p.ID] = len(m)
	}
	r.until(40*int(s.Partitions), 1000)
	r.close()
	r = start(t, topic, nil)
	defer r.close()
	r.until(40*int(s.Partitions)-committed, 1000)
	for p := range s.Partitions {
		r.same(p, numbered(p, done[p], 40-done[p]))
	}
}

// position holds that the larger of a position given and the one committed counts.
func (s SourceSetup) position(t *testing.T) {
	topic := s.New(t)
	topic.Put(t, 0, numbered(0, 0, 30)...)
	r := start(t, topic, nil)
	r.until(30, 100)
	var at stream.Partition
	for at = range r.got {
	}
	tenth, twentieth := r.got[at][10].Offset, r.got[at][20].Offset
	if err := r.source.Commit(t.Context(), []stream.Position{{Partition: at, Next: tenth}}); err != nil {
		t.Fatal(err)
	}
	if err := r.source.Settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.close()

	r = start(t, topic, []stream.Position{{Partition: at, Next: twentieth}})
	r.until(10, 100)
	r.same(0, numbered(0, 20, 10))
	r.commit()
	r.close()

	topic.Put(t, 0, numbered(0, 30, 1)...)
	r = start(t, topic, []stream.Position{{Partition: at, Next: tenth}})
	defer r.close()
	r.until(1, 100)
	r.same(0, numbered(0, 30, 1))
}
