package nats

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/nats/natstest"
	"github.com/glulam/glulam/transforms/stream"
)

// identified are messages with values and ids.
func identified(vs ...string) []stream.Message {
	out := values(vs...)
	for i := range out {
		out[i].ID = "run:" + vs[i]
	}
	return out
}

func write(t *testing.T, w stream.Sink, messages ...stream.Message) error {
	t.Helper()
	if err := w.Write(t.Context(), messages); err != nil {
		return err
	}
	return w.Flush(t.Context())
}

// TestRepeats holds that what is written again, by another process, is there once.
func TestRepeats(t *testing.T) {
	h := serve(t, natstest.Options{})
	out := h.stream(t, name("out"))
	for _, n := range []int{60, 100} {
		if err := write(t, sinkOf(t, h.url(out+".x")), identified(numbers(0, n)...)...); err != nil {
			t.Fatal(err)
		}
	}
	got := h.read(t, out, 100)
	if len(got) != 100 {
		t.Fatalf("%d messages arrived, want 100", len(got))
	}
	for i, m := range got {
		if string(m.Value) != fmt.Sprint(i) {
			t.Fatalf("message %d is %s", i, m.Value)
		}
	}
}

// TestSinkConnectionBreaks holds that connections which break while messages are on their way neither lose nor repeat nor
// reorder any.
func TestSinkConnectionBreaks(t *testing.T) {
	h := serve(t, natstest.Options{})
	out := h.stream(t, name("out"))
	w := sinkOf(t, h.url(out+".x", "max-pending", "300"))
	const n = 3000
	for i := 0; i < n; i += 100 {
		if err := w.Write(t.Context(), identified(numbers(i, i+100)...)); err != nil {
			t.Fatal(err)
		}
		if i%500 == 0 {
			w.conn.Close()
		}
	}
	if err := w.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range h.read(t, out, n) {
		got = append(got, string(m.Value))
	}
	same(t, got, numbers(0, n))
}

// TestNoSink holds what is said of a sink that cannot be written to.
func TestNoSink(t *testing.T) {
	h := serve(t, natstest.Options{})
	fails := func(e stream.Endpoint) error {
		t.Helper()
		w, err := openSink(t.Context(), e, run(), "to")
		if err == nil {
			w.Close()
			t.Fatal("it can be written to")
		}
		return err
	}
	want(t, fails(h.url("no.stream")), fault.NotFound, "no stream takes messages of the subject no.stream", "nats stream add NAME --subjects no.stream")
	silent := h.stream(t, name("silent"), func(c *jetstream.StreamConfig) { c.NoAck = true })
	want(t, fails(h.url(silent+".x")), fault.Usage, "acknowledges nothing")
	plain := serve(t, natstest.Options{NoJetStream: true})
	want(t, fails(plain.url("x", "timeout", "300ms")), fault.Unwritable, "is JetStream enabled")
}

// TestStreamGoes holds that messages whose stream is deleted, or full, fail the sink.
func TestStreamGoes(t *testing.T) {
	h := serve(t, natstest.Options{})
	out := h.stream(t, name("out"))
	w := sinkOf(t, h.url(out+".x", "delivery-timeout", "1s"))
	if err := write(t, w, identified("1")...); err != nil {
		t.Fatal(err)
	}
	if err := h.js.DeleteStream(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	want(t, write(t, w, identified("2")...), fault.NotFound, "no stream takes messages of the subject")
	if n := w.link.t.Stats.Retries.Load(); n == 0 {
		t.Error("it was not tried again")
	}

	full := h.stream(t, name("full"), func(c *jetstream.StreamConfig) { c.MaxMsgs, c.Discard = 3, jetstream.DiscardNew })
	want(t, write(t, sinkOf(t, h.url(full+".x")), identified(numbers(0, 5)...)...), fault.Unwritable, "if it is full")
}

// TestLimits holds the limits of streams and headers; streamtest holds that of the server.
func TestLimits(t *testing.T) {
	h := serve(t, natstest.Options{MaxPayload: 200_000})
	out := h.stream(t, name("out"), func(c *jetstream.StreamConfig) { c.MaxMsgSize = 1000 })
	w := sinkOf(t, h.url(out+".x"))
	m := stream.Message{Value: []byte(strings.Repeat("1", 2000)), ID: "x"}
	if err := w.TooLarge(&m); err == nil || !strings.Contains(err.Error(), "the stream of "+out+".x takes 1000") {
		t.Errorf("a message larger than its stream takes: %v", err)
	}
	for m.Value = m.Value[:1000]; w.TooLarge(&m) != nil; m.Value = m.Value[1:] {
	}
	if err := write(t, w, m); err != nil {
		t.Errorf("a message of %d bytes that fits is not taken: %v", len(m.Value), err)
	}
	m.Value, m.ID = append(m.Value, '1'), "y"
	want(t, write(t, w, m), fault.TooLarge, "larger than the stream takes")

	w = sinkOf(t, h.url(h.stream(t, name("out"))+".x"))
	m = stream.Message{Value: []byte("1"), ID: "z", Envelope: block.Envelope{Headers: []block.Header{header("a", strings.Repeat("b", 70_000))}}}
	if err := w.TooLarge(&m); err == nil || !strings.Contains(err.Error(), "its headers have") {
		t.Errorf("a message with large headers: %v", err)
	}
	for v := &m.Headers[0].Value; w.TooLarge(&m) != nil; *v = (*v)[1:] {
	}
	if err := write(t, w, m); err != nil {
		t.Errorf("a message with headers that fit is not taken: %v", err)
	}
}
