package kafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/glulam/glulam/fault"
	services "github.com/glulam/glulam/internal/services/kafka"
	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/stream"
)

// cluster is what a test runs against, with a client of the test's own.
type cluster struct {
	addr   string
	client *kgo.Client
	adm    *kadm.Client
	fake   *kfake.Cluster // nil: a real broker
}

var names atomic.Int64

// name gives a name that nothing on the cluster has.
func name(what string) string {
	return fmt.Sprintf("%s-%d-%d", what, time.Now().UnixNano()%1e12, names.Add(1))
}

func of(t *testing.T, addr string, fake *kfake.Cluster, opts ...kgo.Opt) *cluster {
	t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(addr), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(0)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return &cluster{addr, client, kadm.NewClient(client), fake}
}

// fake starts a cluster of one broker in this process.
func fake(t *testing.T, opts ...kfake.Opt) *cluster {
	t.Helper()
	k, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	return of(t, k.ListenAddrs()[0], k)
}

// broker is the real broker of this process's tests; the first test that wants it starts it.
var broker = sync.OnceValues(func() (*services.Broker, error) {
	dir, err := os.MkdirTemp("", "glulam-kafka-")
	if err != nil {
		return nil, err
	}
	stopBroker = func() error { return os.RemoveAll(dir) }
	b, err := services.Start(context.Background(), services.Options{Dir: dir})
	if err == nil {
		stopBroker = func() error { return errors.Join(b.Stop(), os.RemoveAll(dir)) }
	}
	return b, err
})

var stopBroker = func() error { return nil }

func TestMain(m *testing.M) {
	code := m.Run()
	if err := stopBroker(); err != nil {
		fmt.Fprintln(os.Stderr, "stopping the broker:", err)
		code = 1
	}
	os.Exit(code)
}

// each runs a test against a cluster in this process and, but for -short, against a real broker.
func each(t *testing.T, f func(t *testing.T, k *cluster)) {
	t.Run("fake", func(t *testing.T) { f(t, fake(t)) })
	if testing.Short() {
		return
	}
	t.Run("broker", func(t *testing.T) {
		b, err := broker()
		if err != nil {
			t.Fatal(err)
		}
		f(t, of(t, b.Addr, nil))
	})
}

// topic creates a topic. configs are pairs. Messages stay, whatever their timestamps are.
func (k *cluster) topic(t *testing.T, name string, partitions int32, configs ...string) string {
	t.Helper()
	forever := "-1"
	m := map[string]*string{"retention.ms": &forever}
	for i := 0; i < len(configs); i += 2 {
		m[configs[i]] = &configs[i+1]
	}
	if _, err := k.adm.CreateTopic(t.Context(), partitions, 1, m, name); err != nil {
		t.Fatal(err)
	}
	within(t, "the topic is there", func() bool {
		d, err := k.adm.ListTopics(t.Context(), name)
		if err != nil || d[name].Err != nil || len(d[name].Partitions) != int(partitions) {
			return false
		}
		_, err = k.adm.ListEndOffsets(t.Context(), name)
		return err == nil && d.Error() == nil
	})
	return name
}

// grow gives a topic more partitions: n in all.
func (k *cluster) grow(t *testing.T, topic string, n int) {
	t.Helper()
	if _, err := k.adm.UpdatePartitions(t.Context(), n, topic); err != nil {
		t.Fatal(err)
	}
	within(t, "there are more partitions", func() bool {
		d, err := k.adm.ListTopics(t.Context(), topic)
		return err == nil && len(d[topic].Partitions) == n
	})
	k.client.PurgeTopicsFromClient(topic)
}

// put appends messages to a partition.
func (k *cluster) put(t *testing.T, topic string, partition int32, messages ...stream.Message) {
	t.Helper()
	records := recordsOf(topic, messages)
	ptrs := make([]*kgo.Record, len(records))
	for i := range records {
		records[i].Partition = partition
		ptrs[i] = &records[i]
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := k.client.ProduceSync(ctx, ptrs...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// values are messages with these values.
func values(vs ...string) (out []stream.Message) {
	for _, v := range vs {
		out = append(out, stream.Message{Value: []byte(v), Envelope: block.Envelope{Time: time.Now().UnixMilli()}})
	}
	return out
}

// read gives what a topic holds for readers of committed messages; it waits for n of them, and then for more.
func (k *cluster) read(t *testing.T, topic string, n int) []stream.Message {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(k.addr), kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.FetchMaxWait(50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var out []stream.Message
	wait := time.Minute
	for {
		if len(out) >= n {
			wait = 300 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		fs := client.PollFetches(ctx)
		over := ctx.Err() != nil
		cancel()
		if over {
			return out
		}
		fs.EachRecord(func(r *kgo.Record) {
			m := stream.Message{Value: r.Value, Offset: r.Offset, Envelope: block.Envelope{Key: r.Key, Time: r.Timestamp.UnixMilli()}}
			for _, h := range r.Headers {
				m.Headers = append(m.Headers, block.Header(h))
			}
			out = append(out, m)
		})
	}
}

// url is that of topics, with options as pairs.
func (k *cluster) url(topics string, options ...string) stream.Endpoint {
	e := stream.Endpoint{URL: "kafka://" + k.addr + "/" + topics, Options: map[string]string{}}
	for i := 0; i < len(options); i += 2 {
		e.Options[options[i]] = options[i+1]
	}
	return e
}

// run names a run of its own with one reader.
func run() stream.ReaderID { return stream.ReaderID{Run: name("run"), Of: 1} }

// quick makes a source with short times.
func quick(t *testing.T, e stream.Endpoint, id stream.ReaderID) *reader {
	t.Helper()
	c, err := parse(e, stream.OfSource)
	if err != nil {
		t.Fatal(err)
	}
	if _, given := c.given["metadata.max.age.ms"]; !given {
		c.metadataAge = 200 * time.Millisecond
	}
	c.deletedAfter, c.eofPatience = 500*time.Millisecond, 300*time.Millisecond
	c.fetchWait = 50 * time.Millisecond
	r, err := openReader(c, id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// started is quick and Start.
func started(t *testing.T, e stream.Endpoint, id stream.ReaderID, from ...stream.Position) *reader {
	t.Helper()
	r := quick(t, e, id)
	if err := r.Start(t.Context(), from); err != nil {
		t.Fatal(err)
	}
	return r
}

// take polls until n messages came and gives their values and, with them, where reading goes on. One that then comes still is
// an error.
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
	if err := r.Commit(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	if err := r.Settled(t.Context()); err != nil {
		t.Fatal(err)
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
