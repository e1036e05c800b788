package nats

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/nats/natstest"
	"github.com/glulam/glulam/transforms/stream"
)

// TestSourceServerRestarts holds that a source goes on, in order and without a gap, when the server comes back, and that what
// was committed while there was none is done with.
func TestSourceServerRestarts(t *testing.T) {
	h := serve(t, natstest.Options{})
	in, id := h.stream(t, name("in")), run()
	h.put(t, in+".a", values(numbers(0, 100)...)...)
	r := started(t, h.url(in), id)
	got, at := take(t, r, 100)
	same(t, got, numbers(0, 100))
	h.restart(t, func() {
		if err := r.Commit(t.Context(), at); err != nil { // nobody is there to be told
			t.Error(err)
		}
	})
	h.put(t, in+".a", values(numbers(100, 200)...)...)
	if err := r.Settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, at = take(t, r, 100)
	same(t, got, numbers(100, 200))
	settle(t, r, at)
	if r.link.t.Stats.Retries.Load() == 0 {
		t.Error("no failure was counted")
	}
	r.Close()
	h.put(t, in+".a", values("200")...)
	got, _ = take(t, started(t, h.url(in), id), 1)
	same(t, got, numbers(200, 201))
}

// TestSinkServerRestarts holds that a sink delivers everything once and in order when the server goes and comes back meanwhile.
func TestSinkServerRestarts(t *testing.T) {
	h := serve(t, natstest.Options{})
	out := h.stream(t, name("out"))
	w := sinkOf(t, h.url(out+".x", "max-pending", "64"))
	const n = 3000
	written := make(chan error, 1)
	begun := make(chan struct{})
	go func() {
		for i := range n {
			if i == n/4 {
				close(begun)
			}
			m := stream.Message{Value: fmt.Append(nil, i), ID: fmt.Sprint("m", i), Envelope: block.Envelope{Time: 1}}
			if err := w.Write(context.Background(), []stream.Message{m}); err != nil {
				written <- err
				return
			}
		}
		written <- w.Flush(context.Background())
	}()
	<-begun
	h.restart(t, func() { time.Sleep(100 * time.Millisecond) })
	select {
	case err := <-written:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the sink does not go on")
	}
	var got []string
	for _, m := range h.read(t, out, n) {
		got = append(got, string(m.Value))
	}
	same(t, got, numbers(0, n))
}
