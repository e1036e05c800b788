package stream

import (
	"strings"
	"testing"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/block"
)

func TestParsePlace(t *testing.T) {
	for text, want := range map[string]place{"kafka://flights/3@17": {"kafka://flights/3", 17}, "a@b.jsonl@0": {"a@b.jsonl", 0}, "-@9223372036854775807": {"-", 1<<63 - 1}} {
		source, offset, ok := ParsePlace(text)
		if got := (place{source, offset}); !ok || got != want || got.String() != text {
			t.Errorf("%q: %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "@", "@1", "a", "a@", "a@-1", "a@+1", "a@1x", "a@-0", "a@9223372036854775808", "a\n@1", "\xff@1", "a\x1b[2J@1", strings.Repeat("a", 1023) + "@1"} {
		if source, offset, ok := ParsePlace(text); ok {
			t.Errorf("%q is %s and %d", text, source, offset)
		}
	}
}

func header(m *Message, key string) (values []string) {
	for _, h := range m.Headers {
		if h.Key == key {
			values = append(values, string(h.Value))
		}
	}
	return values
}

// TestReplayedKeepsItsPlace holds that predictions and dead letters of a message that was sent again tell where it stood first,
// that a header which is no place is none, and that none of them decides what a sink drops.
func TestReplayedKeepsItsPlace(t *testing.T) {
	to, rejected := &smallSink{most: 600}, &smallSink{most: 1400}
	s := sessionTo(t, to, rejected)
	b := textBlock(t, "1", "2", strings.Repeat("x", 500), "4")
	replayed := []block.Header{{Key: "own"}, {Key: HeaderReplay, Value: []byte("kafka://flights/1@7")}}
	for _, i := range []int{0, 2, 3} {
		b.Envelopes[i].Headers = replayed
	}
	b.Envelopes[1].Headers = []block.Header{{Key: HeaderReplay, Value: []byte("nowhere")}}
	f := &writeFn{Options: WriteOptions{Version: "v"}}
	if err := f.write(t.Context(), s, b); err != nil {
		t.Fatal(err)
	}
	if len(to.got) != 3 || len(rejected.got) != 1 {
		t.Fatalf("%d written, %d rejected", len(to.got), len(rejected.got))
	}
	ids := map[string]bool{}
	for i, want := range []string{"kafka://flights/1@7", "kafka://flights/3@101", "kafka://flights/1@7"} {
		m := &to.got[i]
		if got := header(m, HeaderOffset); len(got) != 1 || got[0] != want || len(header(m, HeaderReplay)) != 0 {
			t.Errorf("prediction %d: %v", i, m.Headers)
		}
		ids[m.ID] = true
	}
	m := &rejected.got[0]
	if got := header(m, HeaderOffset); len(got) != 1 || got[0] != "kafka://flights/1@7" || len(header(m, HeaderReplay)) != 0 || len(header(m, "own")) != 1 {
		t.Errorf("dead letter: %v", m.Headers)
	}
	if ids[m.ID] = true; len(ids) != 4 {
		t.Errorf("a sink would drop some: %v", ids)
	}
	l, err := fault.ParseLetter(m.Value)
	if err != nil || l.Source != "kafka://flights/3" || l.Offset != 102 || l.Replay != "kafka://flights/1@7" {
		t.Errorf("%+v, %v", l, err)
	}
	// It stays when the letter loses the message's headers.
	rejected.most = 700
	e := block.Envelope{Headers: append([]block.Header{{Key: "h", Value: make([]byte, 600)}}, replayed...)}
	if err := s.reject(t.Context(), "v", &block.Origin{Source: "kafka://flights/3"}, fault.Letter{Source: "kafka://flights/3", Offset: 9, Stage: "read", Code: fault.BadJSON}, e); err != nil {
		t.Fatal(err)
	}
	m = &rejected.got[1]
	if got := header(m, HeaderOffset); len(got) != 1 || got[0] != "kafka://flights/1@7" || len(header(m, "h")) != 0 {
		t.Errorf("shortened: %v", m.Headers)
	}
}
