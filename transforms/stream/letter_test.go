package stream

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/block"
)

// smallSink keeps messages and takes none whose value, key and headers are larger than most together.
type smallSink struct {
	most int
	got  []Message
}

func (s *smallSink) Write(_ context.Context, messages []Message) error {
	for _, m := range messages {
		if s.TooLarge(&m) != nil {
			return fmt.Errorf("a message that is too large was written")
		}
		m.Value = bytes.Clone(m.Value)
		s.got = append(s.got, m)
	}
	return nil
}

func (s *smallSink) Flush(context.Context) error { return nil }
func (s *smallSink) Close() error                { return nil }

func (*smallSink) NamedMessages() {}

func (s *smallSink) TooLarge(m *Message) error {
	n := len(m.Value) + len(m.Key)
	for _, h := range m.Headers {
		n += len(h.Key) + len(h.Value)
	}
	if n > s.most {
		return fmt.Errorf("%d bytes, at most %d fit", n, s.most)
	}
	return nil
}

// nowhere is a source of nothing.
type nowhere struct{ Source }

func (nowhere) Settled(context.Context) error { return nil }

func sessionTo(t *testing.T, to, rejected Sink) *session {
	t.Helper()
	id := ReaderID{Run: t.Name(), Of: 1}
	t.Cleanup(func() { End(id.Run) })
	return &session{id: id, stats: StatsOf(id.Run), source: nowhere{}, to: to, rejected: rejected, links: Links{Rejected: Endpoint{URL: "x:rejected"}}}
}

func textBlock(t *testing.T, values ...string) *block.Block {
	t.Helper()
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.BinaryTypes.String}}, nil))
	defer b.Release()
	out := &block.Block{Origin: block.Origin{Source: "kafka://flights/3"}, Model: "digest"}
	for i, v := range values {
		b.Field(0).(*array.StringBuilder).Append(v)
		out.Origin.Offset = append(out.Origin.Offset, int64(100+i))
		out.Envelopes = append(out.Envelopes, block.Envelope{Key: fmt.Appendf(nil, "k%d", i), Time: int64(i + 1)})
	}
	out.Record = b.NewRecordBatch()
	t.Cleanup(out.Record.Release)
	return out
}

// TestLargePrediction holds that a prediction that the sink does not take becomes a dead letter, that those around it are
// written, in order, and that none is missing in the count.
func TestLargePrediction(t *testing.T) {
	to, rejected := &smallSink{most: 300}, &smallSink{most: 1000}
	s := sessionTo(t, to, rejected)
	f := &writeFn{Options: WriteOptions{Version: "v"}}
	if err := f.write(t.Context(), s, textBlock(t, "1", strings.Repeat("x", 500), "3")); err != nil {
		t.Fatal(err)
	}
	if len(to.got) != 2 || string(to.got[0].Value) != `{"a":"1"}` || string(to.got[1].Value) != `{"a":"3"}` || string(to.got[1].Key) != "k2" {
		t.Errorf("written: %v", to.got)
	}
	if len(rejected.got) != 1 {
		t.Fatalf("dead letters: %v", rejected.got)
	}
	l, err := fault.ParseLetter(rejected.got[0].Value)
	if err != nil {
		t.Fatal(err)
	}
	if l.Code != fault.RowTooLarge || l.Stage != "write" || l.Source != "kafka://flights/3" || l.Offset != 101 || l.Model != "digest" || string(l.Key) != "k1" || l.Time != 2 ||
		!strings.Contains(l.Message, "at most 300 fit") {
		t.Errorf("%+v", l)
	}
	if s.put != 3 || s.stats.Scored.Load() != 2 || s.stats.Rejected.Load() != 1 || s.stats.Codes()["row_too_large"] != 1 {
		t.Errorf("%d put, %d scored, %v", s.put, s.stats.Scored.Load(), s.stats.Codes())
	}
}

// TestLargeLetter holds what a dead letter loses that is too large itself, and that its reason stays.
func TestLargeLetter(t *testing.T) {
	letter := func() (fault.Letter, block.Envelope) {
		return fault.Letter{Source: "kafka://flights/3", Offset: 7, Stage: "read", Code: fault.BadJSON, Field: "f", Message: "no object", Raw: bytes.Repeat([]byte("r"), 1000)},
			block.Envelope{Key: bytes.Repeat([]byte("k"), 400), Time: 5, Headers: []block.Header{{Key: "h", Value: bytes.Repeat([]byte("v"), 600)}}}
	}
	for _, c := range []struct {
		most              int
		raw, headers, key bool
	}{{4000, true, true, true}, {2200, false, true, true}, {1400, false, false, true}, {700, false, false, false}} {
		rejected := &smallSink{most: c.most}
		s := sessionTo(t, rejected, rejected)
		l, e := letter()
		if err := s.reject(t.Context(), "v", &block.Origin{Source: l.Source}, l, e); err != nil {
			t.Errorf("%d: %v", c.most, err)
			continue
		}
		m := rejected.got[0]
		got, err := fault.ParseLetter(m.Value)
		if err != nil {
			t.Fatal(err)
		}
		own := len(m.Headers) > 0 && m.Headers[0].Key == "h"
		if (got.Raw != nil) != c.raw || own != c.headers || (m.Key != nil) != c.key || (got.Key != nil) != c.key {
			t.Errorf("%d: %+v with headers %v", c.most, got, m.Headers)
		}
		if got.Code != fault.BadJSON || got.Offset != 7 || got.Time != 5 || !strings.HasPrefix(got.Message, "no object") || strings.Contains(got.Message, "shortened") == c.raw {
			t.Errorf("%d: %+v", c.most, got)
		}
		if s.put != 1 {
			t.Errorf("%d put", s.put)
		}
	}
	rejected := &smallSink{most: 50}
	l, e := letter()
	err := sessionTo(t, rejected, rejected).reject(t.Context(), "v", &block.Origin{}, l, e)
	if fault.CodeOf(err) != fault.Unwritable || len(rejected.got) != 0 {
		t.Errorf("a letter larger than 50 bytes: %v", err)
	}
}

// TestUnwritableRow: a row that the encoder cannot write is a dead letter, and those around it are written.
func TestUnwritableRow(t *testing.T) {
	to, rejected := &smallSink{most: 300}, &smallSink{most: 1000}
	s := sessionTo(t, to, rejected)
	f := &writeFn{Options: WriteOptions{Version: "v"}}
	if err := f.write(t.Context(), s, textBlock(t, "\xff", "2", "\xff", "\xff", strings.Repeat("x", 500), "6")); err != nil {
		t.Fatal(err)
	}
	if len(to.got) != 2 || string(to.got[0].Value) != `{"a":"2"}` || string(to.got[0].Key) != "k1" || string(to.got[1].Value) != `{"a":"6"}` || string(to.got[1].Key) != "k5" {
		t.Errorf("written: %v", to.got)
	}
	var got []string
	for _, m := range rejected.got {
		l, err := fault.ParseLetter(m.Value)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%d %s %s", l.Offset, l.Code, l.Field))
	}
	if want := "[100 bad_text a 102 bad_text a 103 bad_text a 104 row_too_large ]"; fmt.Sprint(got) != want || s.put != 6 {
		t.Errorf("%v, %d put", got, s.put)
	}
}
