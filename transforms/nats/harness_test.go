package nats

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/nats/natstest"
	"github.com/glulam/glulam/transforms/stream"
)

// host is a server of a test, with a client of the test's own.
type host struct {
	*natstest.Server
	dir string
	o   natstest.Options
	nc  *nats.Conn
	js  jetstream.JetStream
}

var names atomic.Int64

// name gives a name that nothing has.
func name(what string) string { return fmt.Sprintf("%s-%d", what, names.Add(1)) }

func serve(t *testing.T, o natstest.Options, opts ...nats.Option) *host {
	t.Helper()
	h := &host{dir: t.TempDir(), o: o}
	var err error
	if h.Server, err = natstest.Start(h.dir, o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Stop() })
	h.o.Port = h.Port()
	if h.nc, err = nats.Connect(h.URL(), append([]nats.Option{nats.MaxReconnects(-1), nats.ReconnectWait(20 * time.Millisecond), nats.RetryOnFailedConnect(false)}, opts...)...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.nc.Close)
	if h.js, err = jetstream.New(h.nc); err != nil {
		t.Fatal(err)
	}
	return h
}

// restart starts the server again, on the same port and store. between runs while there is none.
func (h *host) restart(t *testing.T, between func()) {
	t.Helper()
	before := h.nc.Stats().Reconnects
	h.Stop()
	if between != nil {
		between()
	}
	var err error
	if h.Server, err = natstest.Start(h.dir, h.o); err != nil {
		t.Fatal(err)
	}
	within(t, "the test's client is connected again", func() bool { return h.nc.IsConnected() && h.nc.Stats().Reconnects > before })
}

// stream makes a stream that takes NAME.>, which change may alter.
func (h *host) stream(t *testing.T, name string, change ...func(*jetstream.StreamConfig)) string {
	t.Helper()
	cfg := jetstream.StreamConfig{Name: name, Subjects: []string{name + ".>"}, Storage: jetstream.FileStorage}
	for _, f := range change {
		f(&cfg)
	}
	if _, err := h.js.CreateStream(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	return name
}

// put appends messages to a subject, in order.
func (h *host) put(t *testing.T, subject string, messages ...stream.Message) {
	t.Helper()
	var sent []jetstream.PubAckFuture
	for i := range messages {
		f, err := h.js.PublishMsgAsync(messageOf(subject, &messages[i]))
		if err != nil {
			t.Fatal(err)
		}
		sent = append(sent, f)
	}
	late := time.After(time.Minute)
	for _, f := range sent {
		select {
		case <-f.Ok():
		case err := <-f.Err():
			t.Fatal(err)
		case <-late:
			t.Fatal("messages are not stored")
		}
	}
}

// values are messages with these values.
func values(vs ...string) (out []stream.Message) {
	for _, v := range vs {
		out = append(out, stream.Message{Value: []byte(v)})
	}
	return out
}

// numbers are the values from to to-1.
func numbers(from, to int) (out []string) {
	for i := from; i < to; i++ {
		out = append(out, fmt.Sprint(i))
	}
	return out
}

// read gives what a stream holds; it waits for n messages, and then for more.
func (h *host) read(t *testing.T, name string, n int) (out []stream.Message) {
	t.Helper()
	c, err := h.js.OrderedConsumer(t.Context(), name, jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	it, err := c.Messages()
	if err != nil {
		t.Fatal(err)
	}
	defer it.Stop()
	for wait := time.Minute; ; {
		if len(out) >= n {
			wait = 200 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		msg, err := it.Next(jetstream.NextContext(ctx))
		cancel()
		if err != nil {
			return out
		}
		meta, err := msg.Metadata()
		if err != nil {
			t.Fatal(err)
		}
		m := stream.Message{Offset: int64(meta.Sequence.Stream)}
		keyFrom{}.read(&m, msg.Subject(), msg.Headers(), msg.Data(), meta.Timestamp.UnixMilli())
		out = append(out, m)
	}
}

// url is that of a stream or a subject, with options as pairs.
func (h *host) url(path string, options ...string) stream.Endpoint {
	e := stream.Endpoint{URL: h.URL() + "/" + path, Options: map[string]string{}}
	for i := 0; i < len(options); i += 2 {
		e.Options[options[i]] = options[i+1]
	}
	return e
}

// run names a run of its own with one reader.
func run() stream.ReaderID { return stream.ReaderID{Run: name("run"), Of: 1} }

// open opens a source, and closes it when the test is over.
func open(t *testing.T, e stream.Endpoint, id stream.ReaderID) *reader {
	t.Helper()
	s, err := openSource(t.Context(), e, id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s.(*reader)
}

// started is open and Start.
func started(t *testing.T, e stream.Endpoint, id stream.ReaderID, from ...stream.Position) *reader {
	t.Helper()
	r := open(t, e, id)
	if err := r.Start(t.Context(), from); err != nil {
		t.Fatal(err)
	}
	return r
}

// sinkOf opens a sink, and closes it when the test is over.
func sinkOf(t *testing.T, e stream.Endpoint) *writer {
	t.Helper()
	s, err := openSink(t.Context(), e, run(), "to")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s.(*writer)
}

// take polls until n messages came and gives their values and, with them, where reading goes on. One that then comes still is
// an error, and so is one out of order.
func take(t *testing.T, r stream.Source, n int) (got []string, at []stream.Position) {
	t.Helper()
	next := map[stream.Partition]int64{}
	poll := func(wait time.Duration) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		defer cancel()
		fetches, err := r.Poll(ctx, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range fetches {
			for _, m := range f.Messages {
				if m.Offset < next[f.Partition] {
					t.Fatalf("offset %d after %d", m.Offset, next[f.Partition]-1)
				}
				got = append(got, string(m.Value))
				next[f.Partition] = m.Offset + 1
			}
		}
	}
	for begin := time.Now(); len(got) < n; {
		if time.Since(begin) > time.Minute {
			t.Fatalf("%d messages came (%.500q), want %d", len(got), got, n)
		}
		poll(time.Second)
	}
	for range 4 {
		poll(30 * time.Millisecond)
	}
	if len(got) != n {
		t.Fatalf("%d messages came (%.500q), want %d", len(got), got, n)
	}
	for p, o := range next {
		at = append(at, stream.Position{Partition: p, Next: o})
	}
	return got, at
}

// failing polls until that fails.
func failing(t *testing.T, r stream.Source) error {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < time.Minute; {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		_, err := r.Poll(ctx, 100)
		cancel()
		if err != nil {
			return err
		}
	}
	t.Fatal("no poll fails")
	return nil
}

// settle commits and waits.
func settle(t *testing.T, r stream.Source, at []stream.Position) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := r.Commit(ctx, at); err != nil {
		t.Fatal(err)
	}
	if err := r.Settled(ctx); err != nil {
		t.Fatal(err)
	}
}

// same holds that values are these.
func same(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("value %d is %s, want %s", i, got[i], want[i])
		}
	}
}

// want holds that an error has a code and says some words.
func want(t *testing.T, err error, code fault.Code, words ...string) {
	t.Helper()
	if fault.CodeOf(err) != code {
		t.Errorf("code %q of %v, want %q", fault.CodeOf(err), err, code)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
}

// within holds that something becomes true.
func within(t *testing.T, what string, is func() bool) {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < time.Minute; time.Sleep(10 * time.Millisecond) {
		if is() {
			return
		}
	}
	t.Fatalf("it does not happen that %s", what)
}

func header(k, v string) block.Header { return block.Header{Key: k, Value: []byte(v)} }
