package nats

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/nats/natstest"
	"github.com/glulam/glulam/transforms/stream"
)

// TestCrash holds that what was not committed comes again, before what was put since and in order, without waiting for ack-wait;
// and that nothing committed does.
func TestCrash(t *testing.T) {
	h := serve(t, natstest.Options{})
	for what, retention := range map[string]jetstream.RetentionPolicy{"limits": jetstream.LimitsPolicy, "interest": jetstream.InterestPolicy, "work queue": jetstream.WorkQueuePolicy} {
		t.Run(what, func(t *testing.T) {
			in, id := h.stream(t, name("in"), func(c *jetstream.StreamConfig) { c.Retention = retention }), run()
			e := h.url(in, "ack-wait", "10m")
			r := started(t, e, id)
			h.put(t, in+".a", values(numbers(0, 100)...)...)
			_, at := take(t, r, 100)
			settle(t, r, []stream.Position{{Partition: at[0].Partition, Next: 41}})
			r.Close() // it says nothing to the server about what it has
			h.put(t, in+".a", values(numbers(100, 120)...)...)

			r = started(t, e, id)
			got, at := take(t, r, 80)
			same(t, got, numbers(40, 120))
			settle(t, r, at)
			r.Close()
			take(t, started(t, e, id), 0)
			st, err := h.js.Stream(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if n := st.CachedInfo().State.Consumers; n != 1 {
				t.Errorf("there are %d consumers, want 1", n)
			}
		})
	}
}

// TestConnectionBreaks holds that connections which break again and again neither lose nor repeat nor reorder anything.
func TestConnectionBreaks(t *testing.T) {
	h := serve(t, natstest.Options{})
	for _, pending := range []string{"7", "10000"} {
		in, id := h.stream(t, name("in")), run()
		const n = 2000
		h.put(t, in+".a", values(numbers(0, n)...)...)
		r := started(t, h.url(in, "max-ack-pending", pending), id)
		var got []string
		breaks := 0
		for begin := time.Now(); len(got) < n; {
			if time.Since(begin) > time.Minute {
				t.Fatalf("%d messages came, want %d", len(got), n)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			fetches, err := r.Poll(ctx, 50)
			cancel()
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range fetches {
				for _, m := range f.Messages {
					got = append(got, string(m.Value))
				}
				if k := len(f.Messages); k > 0 {
					if err := r.Commit(t.Context(), []stream.Position{{Partition: f.Partition, Next: f.Messages[k-1].Offset + 1}}); err != nil {
						t.Fatal(err)
					}
				}
			}
			if len(got) >= breaks*300 { // with acknowledgements on their way, and with messages
				breaks++
				if c, _ := r.link.current(); c != nil {
					c.Close()
				}
			}
			if err := r.Settled(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		same(t, got, numbers(0, n))
		r.Close()
		take(t, started(t, h.url(in), id), 0)
	}
}

// TestFullQueue holds that a source which is not polled reads ahead to a limit only, and that acknowledgements get through
// meanwhile, also when the connection breaks.
func TestFullQueue(t *testing.T) {
	h := serve(t, natstest.Options{})
	in := h.stream(t, name("in"))
	h.put(t, in+".a", values(numbers(0, 1000)...)...)
	c, err := parse(h.url(in), stream.OfSource)
	if err != nil {
		t.Fatal(err)
	}
	c.mostQueued = 500
	r, err := openReader(c, run())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Start(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	var fetches []stream.Fetch
	for begin := time.Now(); len(fetches) == 0 || len(fetches[0].Messages) == 0; {
		if fetches, err = r.Poll(t.Context(), 1); err != nil || time.Since(begin) > time.Minute {
			t.Fatal("nothing comes", err)
		}
	}
	full := func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.queued > c.mostQueued
	}
	within(t, "the queue is full", full)
	time.Sleep(50 * time.Millisecond)
	r.mu.Lock()
	if r.queued > 2*c.mostQueued {
		t.Errorf("%d bytes are read ahead of %d", r.queued, c.mostQueued)
	}
	r.mu.Unlock()
	if c, _ := r.link.current(); c != nil {
		c.Close()
	}
	settle(t, r, []stream.Position{{Partition: fetches[0].Partition, Next: 2}})
	got, _ := take(t, r, 999)
	same(t, got, numbers(1, 1000))
}

// TestEndsWhileRewinding holds that the position outlives a process that ends while it makes the consumer anew.
func TestEndsWhileRewinding(t *testing.T) {
	h := serve(t, natstest.Options{})
	prepare := func(t *testing.T) (*part, stream.ReaderID, jetstream.Stream) {
		in, id := h.stream(t, name("in")), run()
		h.put(t, in+".a", values(numbers(0, 10)...)...)
		r := started(t, h.url(in), id)
		_, at := take(t, r, 10)
		settle(t, r, []stream.Position{{Partition: at[0].Partition, Next: 6}})
		r.Close()
		st, err := h.js.Stream(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		return r.mine[0], id, st
	}
	guard := func(t *testing.T, p *part, st jetstream.Stream) {
		if _, err := st.CreateConsumer(t.Context(), startingAt(p.config(), p.guard(), 6)); err != nil {
			t.Fatal(err)
		}
	}
	goesOn := func(t *testing.T, p *part, id stream.ReaderID, st jetstream.Stream) {
		r := started(t, h.url(p.c.stream), id)
		got, at := take(t, r, 5)
		same(t, got, numbers(5, 10))
		settle(t, r, at)
		if _, err := st.Consumer(t.Context(), p.guard()); err == nil {
			t.Error("what keeps the position is left over")
		}
		r.Close()
		take(t, started(t, h.url(p.c.stream), id), 0)
	}
	t.Run("before deleting", func(t *testing.T) {
		p, id, st := prepare(t)
		guard(t, p, st)
		goesOn(t, p, id, st)
	})
	t.Run("after deleting", func(t *testing.T) {
		p, id, st := prepare(t)
		guard(t, p, st)
		if err := st.DeleteConsumer(t.Context(), p.consumer); err != nil {
			t.Fatal(err)
		}
		goesOn(t, p, id, st)
	})
	t.Run("after making it", func(t *testing.T) {
		p, id, st := prepare(t)
		guard(t, p, st)
		if err := st.DeleteConsumer(t.Context(), p.consumer); err != nil {
			t.Fatal(err)
		}
		if _, err := st.CreateConsumer(t.Context(), startingAt(p.config(), p.consumer, 6)); err != nil {
			t.Fatal(err)
		}
		goesOn(t, p, id, st)
	})
}

// TestSecondProcess holds that of two processes of a run the later one goes on, and the earlier one fails.
func TestSecondProcess(t *testing.T) {
	h := serve(t, natstest.Options{})
	in, id := h.stream(t, name("in")), run()
	h.put(t, in+".a", values(numbers(0, 10)...)...)
	first := started(t, h.url(in), id)
	take(t, first, 10)
	second := started(t, h.url(in), id)
	got, at := take(t, second, 10)
	same(t, got, numbers(0, 10))
	want(t, failing(t, first), fault.Conflict, "another process")
	settle(t, second, at)
	h.put(t, in+".a", values(numbers(10, 20)...)...)
	got, _ = take(t, second, 10)
	same(t, got, numbers(10, 20))
}

// TestDeleted holds that a stream, or a consumer, that is deleted while it is read ends reading.
func TestDeleted(t *testing.T) {
	h := serve(t, natstest.Options{})
	in, id := h.stream(t, name("in")), run()
	h.put(t, in+".a", values(numbers(0, 10)...)...)
	r := started(t, h.url(in), id)
	_, at := take(t, r, 10)
	settle(t, r, at)
	if err := h.js.DeleteConsumer(t.Context(), in, r.mine[0].consumer); err != nil {
		t.Fatal(err)
	}
	want(t, failing(t, r), fault.NotFound, "was deleted while it was read", "start=seq:11")

	r = started(t, h.url(in), run())
	take(t, r, 10)
	if err := h.js.DeleteStream(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	want(t, failing(t, r), fault.NotFound, "the stream "+in+" was deleted while it was read")
	if err := r.Commit(t.Context(), at); err == nil {
		t.Error("a commit to a stream that is not there succeeds")
	}
}
