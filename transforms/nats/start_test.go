package nats

import (
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/nats/natstest"
	"github.com/glulam/glulam/transforms/stream"
)

// TestStart holds where a consumer starts that was not there, and that a process that comes after goes on there.
func TestStart(t *testing.T) {
	h := serve(t, natstest.Options{})
	in := h.stream(t, name("in"))
	h.put(t, in+".a", values(numbers(0, 5)...)...)
	time.Sleep(30 * time.Millisecond)
	at := time.Now().UnixMilli()
	time.Sleep(30 * time.Millisecond)
	h.put(t, in+".a", values(numbers(5, 8)...)...)
	for start, from := range map[string]int{"": 0, "all": 0, "last": 7, "seq:3": 2, fmt.Sprint(at): 5, time.UnixMilli(at).UTC().Format(time.RFC3339Nano): 5} {
		e := h.url(in)
		if start != "" {
			e.Options["start"] = start
		}
		id := run()
		r := started(t, e, id)
		got, _ := take(t, r, 8-from)
		same(t, got, numbers(from, 8))
		r.Close() // nothing is committed
		got, _ = take(t, started(t, h.url(in), id), 8-from)
		same(t, got, numbers(from, 8))
	}
	id := run()
	r := started(t, h.url(in, "start", "new"), id)
	r.Close()
	h.put(t, in+".a", values("8")...)
	got, _ := take(t, started(t, h.url(in, "start", "new"), id), 1)
	same(t, got, numbers(8, 9))
}

// TestOtherStream holds that a stream that was created anew is not taken for the one that was read.
func TestOtherStream(t *testing.T) {
	h := serve(t, natstest.Options{})
	in := h.stream(t, name("in"))
	h.put(t, in+".a", values("0")...)
	r := open(t, h.url(in), run())
	err := r.Start(t.Context(), []stream.Position{{Partition: stream.Partition{Topic: in}, Next: 500}})
	want(t, err, fault.Changed, "ends at 1", "up to 499")
}

// TestReaders holds that readers share patterns, whatever their number is from one run to the next.
func TestReaders(t *testing.T) {
	h := serve(t, natstest.Options{})
	in, id := h.stream(t, name("in")), run()
	e := h.url(in, "subjects", in+".a.*,"+in+".b.*,"+in+".c.>")
	put := func(i int) {
		for _, s := range []string{"a.1", "b.1", "c.1.2", "d.1"} {
			h.put(t, in+"."+s, values(fmt.Sprint(s, " ", i))...)
		}
	}
	for round, of := range []int{2, 1, 3} {
		put(round)
		for i := range of {
			id.Index, id.Of = i, of
			r := started(t, e, id)
			n := len(r.mine)
			got, at := take(t, r, n)
			if len(at) != n {
				t.Errorf("%q came of %d partitions, want %d", got, len(at), n)
			}
			settle(t, r, at)
			r.Close()
		}
	}
	_, err := openSource(t.Context(), e, stream.ReaderID{Run: "x", Index: 3, Of: 4})
	want(t, err, fault.Usage, "none of the 3 partitions", "subjects=")
	_, err = openSource(t.Context(), h.url(in), stream.ReaderID{Run: "x", Of: 2})
	want(t, err, fault.Usage, "none of the 1 partitions")
}

// TestLost holds that messages which the stream deleted before they were read are counted.
func TestLost(t *testing.T) {
	h := serve(t, natstest.Options{})
	in, id := h.stream(t, name("in")), run()
	h.put(t, in+".a", values(numbers(0, 40)...)...)
	r := started(t, h.url(in, "max-ack-pending", "5"), id)
	_, at := take(t, r, 5)
	st, err := h.js.Stream(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Purge(t.Context(), jetstream.WithPurgeSequence(31)); err != nil {
		t.Fatal(err)
	}
	settle(t, r, at)
	var got []string
	for range 2 {
		part, at := take(t, r, 5)
		got = append(got, part...)
		settle(t, r, at)
	}
	same(t, got, numbers(30, 40))
	if n := stream.StatsOf(id.Run).Lost.Load(); n != 25 {
		t.Errorf("%d messages were lost, want 25", n)
	}
}

// TestNoSource holds what is said of a source that cannot be read.
func TestNoSource(t *testing.T) {
	h := serve(t, natstest.Options{})
	in := h.stream(t, name("in"))
	fails := func(e stream.Endpoint) error {
		t.Helper()
		err := open(t, e, run()).Start(t.Context(), nil)
		if err == nil {
			t.Fatal("it can be read")
		}
		return err
	}
	want(t, fails(h.url("nothing")), fault.NotFound, "there is no stream nothing", "create it")
	h.stream(t, "things", func(c *jetstream.StreamConfig) { c.Subjects = []string{"thing"} })
	want(t, fails(h.url("thing")), fault.NotFound, "a subject of the stream things", "/things?subjects=thing")
	for what, change := range map[string]func(*jetstream.ConsumerConfig){
		"not explicit":   func(c *jetstream.ConsumerConfig) { c.AckPolicy = jetstream.AckAllPolicy },
		"another filter": func(c *jetstream.ConsumerConfig) { c.FilterSubject = in + ".a" },
		"gives messages": func(c *jetstream.ConsumerConfig) { c.MaxDeliver = 3 },
		"headers only":   func(c *jetstream.ConsumerConfig) { c.HeadersOnly = true },
	} {
		cfg := jetstream.ConsumerConfig{Durable: name("own"), AckPolicy: jetstream.AckExplicitPolicy}
		change(&cfg)
		if _, err := h.js.CreateConsumer(t.Context(), in, cfg); err != nil {
			t.Fatal(err)
		}
		want(t, fails(h.url(in, "consumer", cfg.Durable)), fault.Conflict, cfg.Durable, what)
	}
	queue := h.stream(t, name("queue"), func(c *jetstream.StreamConfig) { c.Retention = jetstream.WorkQueuePolicy })
	want(t, fails(h.url(queue, "start", "new")), fault.Usage, "work queue")
	away := h.url(in, "timeout", "200ms")
	h.Stop()
	want(t, fails(away), fault.Unreadable, "is a server running there?")
}

// TestOwnConsumer holds that a consumer somebody else made is used, and keeps what it was made with.
func TestOwnConsumer(t *testing.T) {
	h := serve(t, natstest.Options{})
	in, id := h.stream(t, name("in")), run()
	h.put(t, in+".a", values(numbers(0, 10)...)...)
	if _, err := h.js.CreateConsumer(t.Context(), in, jetstream.ConsumerConfig{Durable: "mine", Description: "made by hand", AckPolicy: jetstream.AckExplicitPolicy,
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: 3, Metadata: map[string]string{"team": "flights"}}); err != nil {
		t.Fatal(err)
	}
	e := h.url(in, "consumer", "mine", "ack-wait", "5m")
	for range 2 { // made anew the second time
		r := started(t, e, id)
		got, _ := take(t, r, 8)
		same(t, got, numbers(2, 10))
		r.Close()
	}
	c, err := h.js.Consumer(t.Context(), in, "mine")
	if err != nil {
		t.Fatal(err)
	}
	cfg := c.CachedInfo().Config
	if cfg.Description != "made by hand" || cfg.Metadata["team"] != "flights" || cfg.AckWait != 5*time.Minute {
		t.Errorf("the consumer has become %+v", cfg)
	}
}

// TestReads: a sink whose subject the source's stream takes is known by the stream, whatever the server is called.
func TestReads(t *testing.T) {
	h := serve(t, natstest.Options{})
	in, out := h.stream(t, name("in")), h.stream(t, name("out"))
	for _, c := range []struct {
		from stream.Endpoint
		to   string
		want bool
	}{{h.url(in), in + ".scored", true}, {h.url(in), out + ".scored", false}, {h.url(in, "subjects", in+".a"), in + ".b", false}, {h.url(in, "subjects", in+".*"), in + ".b", true}} {
		r := started(t, c.from, run())
		w := sinkOf(t, h.url(c.to))
		if got := r.Reads(w); got != c.want {
			t.Errorf("%v to %s: %t", c.from, c.to, got)
		}
		w.Close()
		r.Close()
	}
}
