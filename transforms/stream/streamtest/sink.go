package streamtest

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/stream"
)

// Output is a place of its own for one test, empty at first.
type Output struct {
	// Open opens the sink.
	Open func(t *testing.T) stream.Sink
	// Read waits for n messages that readers can see and gives them; messages with one key in order. If there are more it gives
	// more.
	Read func(t *testing.T, n int) []stream.Message
}

// SinkSetup says what is tested.
type SinkSetup struct {
	New        func(t *testing.T) Output
	Envelopes  bool // keys, headers and timestamps arrive
	Tombstones bool
	// Many is how many messages of a kilobyte the test of back-pressure writes at once: more than the sink may hold in memory.
	// 0 is 20,000.
	Many int
}

// Sink tests a sink.
func Sink(t *testing.T, s SinkSetup) {
	t.Run("order", s.order)
	t.Run("nothing", s.nothing)
	t.Run("pressure", s.pressure)
	t.Run("limit", s.limit)
	if s.Envelopes {
		t.Run("envelopes", s.envelopes)
	}
	if s.Tombstones {
		t.Run("tombstones", s.tombstones)
	}
}

func flush(t *testing.T, sink stream.Sink) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := sink.Flush(ctx); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, sink stream.Sink, messages ...stream.Message) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := sink.Write(ctx, messages); err != nil {
		t.Fatal(err)
	}
}

func closing(t *testing.T, sink stream.Sink) {
	t.Helper()
	if err := sink.Close(); err != nil {
		t.Error(err)
	}
}

// order holds the order, that the slice of messages is the caller's again after Write, and their bytes after Flush.
func (s SinkSetup) order(t *testing.T) {
	out := s.New(t)
	sink := out.Open(t)
	key := []byte("one") // one key: one order
	var messages []stream.Message
	var arena []byte
	const rounds, each = 5, 200
	for round := range rounds {
		arena = arena[:0]
		for part := range 2 {
			messages = messages[:0]
			for i := range each / 2 {
				at := len(arena)
				arena = fmt.Appendf(arena, `{"n":%d}`, round*each+part*each/2+i)
				messages = append(messages, stream.Message{Value: arena[at:len(arena):len(arena)], Envelope: block.Envelope{Key: key, Time: 1_700_000_000_000}, ID: fmt.Sprint("order", round, part, i)})
			}
			write(t, sink, messages...)
			clear(messages)
		}
		flush(t, sink)
		for i := range arena { // ours again
			arena[i] = '!'
		}
	}
	closing(t, sink)
	got := out.Read(t, rounds*each)
	if len(got) != rounds*each {
		t.Fatalf("%d messages arrived, %d were written", len(got), rounds*each)
	}
	for i, m := range got {
		if want := fmt.Sprintf(`{"n":%d}`, i); string(m.Value) != want {
			t.Fatalf("message %d is %s, want %s", i, m.Value, want)
		}
	}
}

func (s SinkSetup) nothing(t *testing.T) {
	sink := s.New(t).Open(t)
	flush(t, sink)
	write(t, sink)
	flush(t, sink)
	flush(t, sink)
	closing(t, sink)
}

// pressure holds that a sink that cannot keep up makes its writer wait.
func (s SinkSetup) pressure(t *testing.T) {
	out := s.New(t)
	sink := out.Open(t)
	many := s.Many
	if many == 0 {
		many = 20_000
	}
	value := []byte(`"` + string(bytes.Repeat([]byte("x"), 1000)) + `"`)
	messages := make([]stream.Message, many)
	for i := range messages {
		messages[i] = stream.Message{Value: value, Envelope: block.Envelope{Key: fmt.Append(nil, i), Time: 1_700_000_000_000}, ID: fmt.Sprint("pressure", i)}
	}
	write(t, sink, messages...)
	flush(t, sink)
	closing(t, sink)
	if got := out.Read(t, many); len(got) != many {
		t.Errorf("%d messages arrived, %d were written", len(got), many)
	}
}

// limit holds that a sink with a limit takes whatever it does not say is too large.
func (s SinkSetup) limit(t *testing.T) {
	out := s.New(t)
	sink := out.Open(t)
	defer closing(t, sink)
	limited, ok := sink.(stream.Limited)
	if !ok {
		t.Skip("there is no limit")
	}
	of := func(n int) *stream.Message {
		return &stream.Message{Value: bytes.Repeat([]byte("1"), n), Envelope: block.Envelope{Key: []byte("k"), Time: 1_700_000_000_000, Headers: []block.Header{{Key: "h", Value: []byte("v")}}}, ID: fmt.Sprint("limit", n)}
	}
	fits, not := 1, 64<<20
	if limited.TooLarge(of(fits)) != nil || limited.TooLarge(of(not)) == nil {
		t.Fatal("the limit is not between 1 B and 64 MiB")
	}
	for not-fits > 1 {
		if mid := (fits + not) / 2; limited.TooLarge(of(mid)) == nil {
			fits = mid
		} else {
			not = mid
		}
	}
	write(t, sink, *of(1), *of(fits), *of(2))
	flush(t, sink)
	if got := out.Read(t, 3); len(got) != 3 || len(got[1].Value) != fits {
		t.Errorf("%d messages arrived", len(got))
	}
	t.Logf("the largest value that fits has %d bytes: %v", fits, limited.TooLarge(of(not)))
}

func (s SinkSetup) envelopes(t *testing.T) {
	out := s.New(t)
	sink := out.Open(t)
	want := telling()
	for i := range want {
		want[i].ID = fmt.Sprint("envelopes", i)
		want[i].Key = []byte("k1") // one order
	}
	want = append(want, stream.Message{Value: []byte(`{"a":4}`), ID: "envelopes without a key", Envelope: block.Envelope{Time: 1_700_000_000_004}})
	write(t, sink, want[:3]...)
	flush(t, sink)
	write(t, sink, want[3])
	flush(t, sink)
	closing(t, sink)
	byValue := map[string]stream.Message{}
	for _, m := range out.Read(t, len(want)) {
		byValue[string(m.Value)] = m
	}
	for _, w := range want {
		m, ok := byValue[string(w.Value)]
		if !ok {
			t.Fatalf("%s did not arrive", w.Value)
		}
		sameEnvelope(t, m, w)
	}
}

func (s SinkSetup) tombstones(t *testing.T) {
	out := s.New(t)
	sink := out.Open(t)
	key := []byte("k")
	write(t, sink, stream.Message{ID: "t1", Envelope: block.Envelope{Key: key, Time: 1_700_000_000_000}},
		stream.Message{ID: "t2", Value: []byte{}, Envelope: block.Envelope{Key: key, Time: 1_700_000_000_000}})
	flush(t, sink)
	closing(t, sink)
	got := out.Read(t, 2)
	if len(got) != 2 || got[0].Value != nil || got[1].Value == nil {
		t.Errorf("a tombstone and an empty value arrived as %+v", got)
	}
}
