package e2e

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/glulam/glulam/internal/services/kafka"
)

// TestStreamFailures holds the table "When something goes wrong" of docs/stream.md, line by line, and that nothing else is lost.
func TestStreamFailures(t *testing.T) {
	b, err := kafka.Start(t.Context(), kafka.Options{Dir: t.TempDir(), SASL: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Stop() })
	for _, c := range []struct {
		name string
		test func(t *testing.T, b *kafka.Broker)
	}{
		{"broker gone", brokerGone}, // the longest ones first
		{"topic deleted", topicDeleted},
		{"swap", swapUnderLoad},
		{"replay killed", replayKilled},
		{"replay", replayAfterFix},
		{"poison", poison},
		{"oversize", oversize},
		{"no topic", noTopic},
		{"login", login},
		{"offsets lost", offsetsLost},
		{"two of a name", twoOfAName},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, b)
		})
	}
}

// poison holds that messages which cannot be scored are rejected with the reason, and that those around them are scored.
func poison(t *testing.T, b *kafka.Broker) {
	x := newTable(t, b.Addr, 2)
	pad := strings.Repeat("x", 900_000)
	for _, p := range []struct{ code, value string }{
		{"bad_json", `nonsense`},
		{"bad_json", `[1, 2]`},
		{"bad_json", `{"id": %d, "hour": 1`},
		{"bad_json", ``},
		{"bad_text", "{\"id\": %d, \"hour\": 3} \xff"},
		{"bad_json", "\x00\x00\x00\x00\x01Avro"},
		{"wrong_type", `{"id": %d, "hour": "never"}`},
		{"wrong_type", `{"id": %d, "hour": [1]}`},
		{"bad_text", "{\"id\": %d, \"hour\": \"\xff\xfe\"}"},
		{"number_range", `{"id": %d, "hour": 1e999}`},
		{"duplicate_name", `{"id": %d, "hour": 1, "hour": 2}`},
		{"duplicate_name", `{"id": %d, "hour": 1, "prediction": 2}`},
		{"bad_json", strings.Repeat("[", 100_000)},
		{"bad_json", `{"hour": 1, "x": ` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "}"},
		{"bad_json", strings.Repeat(`"`, 900_000)}, // its dead letter has no room for it
		{"wrong_type", `{"id": %d, "hour": {}, "pad": "` + pad + `"}`},
		{"", `{"id": %d, "hour": %d, "pad": "` + pad + `"}`},
		{"bad_text", "{\"id\": %d, \"hour\": %d, \"text\": \"\xff\xfe\"}"},
		{"", "{\"id\": %d,\r\n \"hour\":\n%d}"},
		{"", `{"id": %d, "hour": %d, "x": ` + strings.Repeat("[", 60) + strings.Repeat("]", 60) + "}"},
	} {
		x.send(x.good(5)...)
		m := x.bad(p.code, p.value)
		if p.value == "" {
			m.Value = []byte{}
		}
		x.send(m)
	}
	tombstone := x.bad("tombstone", "")
	tombstone.Value = nil
	x.send(tombstone)
	x.send(x.good(5)...)
	p := x.start("--delivery", "exactly-once")
	x.settled(p)
	p.stop()
	// The last message as it came is in its letter.
	var shortened int
	for _, r := range x.read(1, nil, x.rejected) {
		if bytes.Contains(r.Value, []byte("(shortened: ")) {
			shortened++
		}
	}
	if shortened != 1 {
		t.Errorf("%d letters are shortened, want 1", shortened)
	}
}

// oversize holds that an output which is too large for its topic becomes a dead letter with its message, which goes back once
// the topic takes it.
func oversize(t *testing.T, b *kafka.Broker) {
	x := newTable(t, b.Addr, 1)
	limit := func(n string) {
		t.Helper()
		resp, err := x.adm.AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Name: "max.message.bytes", Value: &n}}, x.out)
		if err != nil || resp[0].Err != nil {
			t.Fatal(err, resp)
		}
	}
	limit("2000")
	x.send(x.good(20)...)
	var large []*message
	for range 5 {
		m := x.bad("row_too_large", `{"id": %d, "hour": %d, "pad": "`+strings.Repeat("x", 2000)+`"}`)
		large = append(large, m)
		x.send(m)
		x.send(x.good(3)...)
	}
	p := x.start("--delivery", "exactly-once")
	x.settled(p)
	p.stop()

	limit("100000")
	p = x.start("--delivery", "exactly-once")
	r := glulam(t, "replay", x.url(x.rejected), "--from", x.url(x.in), "--json")
	if r.code != 0 || !strings.Contains(r.stdout, `"sent": 5`) {
		t.Fatalf("%+v", r)
	}
	x.scoredToo(p, large)
	p.stop()
}

// noTopic holds that a run does not begin when one of its topics is not there.
func noTopic(t *testing.T, b *kafka.Broker) {
	x := newTable(t, b.Addr, 1)
	x.send(x.good(10)...)
	for _, flag := range []string{"--from", "--to", "--rejected"} {
		p := x.start(flag, x.url(x.name+"-inn"))
		p.ends(1, "there is no topic "+x.name+"-inn", "did you mean "+x.in+"?")
	}
	p := x.start()
	x.settled(p)
	p.stop()
}

// login holds that a wrong password ends a run before it begins, and that the right one does not.
func login(t *testing.T, b *kafka.Broker) {
	x := newTable(t, b.Addr, 1)
	x.send(x.good(10)...)
	sasl := strings.NewReplacer(b.Addr, b.SASL)
	flags := []string{"--from", sasl.Replace(x.url(x.in)), "--to", sasl.Replace(x.url(x.out)), "--rejected", sasl.Replace(x.url(x.rejected)),
		"--option", "security.protocol=SASL_PLAINTEXT", "--option", "sasl.mechanism=PLAIN", "--option", "sasl.username=app", "--option", "sasl.password=env:GLULAM_TEST_PASSWORD"}
	for _, c := range []struct{ password, says string }{{"wrong", "the broker refuses the login"}, {"secret", ""}} {
		p := x.startWith([]string{"GLULAM_TEST_PASSWORD=" + c.password}, flags...)
		if c.says != "" {
			p.ends(1, c.says)
			continue
		}
		x.settled(p)
		p.stop()
	}
	p := x.start("--from", sasl.Replace(x.url(x.in)), "--to", sasl.Replace(x.url(x.out)), "--rejected", sasl.Replace(x.url(x.rejected)))
	p.ends(1, "security.protocol")
}

// topicDeleted holds that a run ends whose topic is deleted, after everything that it had read came through.
func topicDeleted(t *testing.T, b *kafka.Broker) {
	x := newTable(t, b.Addr, 2)
	x.send(x.good(100)...)
	p := x.start()
	x.settled(p)
	if _, err := x.adm.DeleteTopic(t.Context(), x.in); err != nil {
		t.Fatal(err)
	}
	p.ends(1, "was deleted while it was read")
	x.settled(nil)
}

// offsetsLost holds that a run ends when messages were deleted before it read them, and that with on-lost=earliest it goes on
// behind them, and counts them.
func offsetsLost(t *testing.T, b *kafka.Broker) {
	for _, delivery := range []string{"at-least-once", "exactly-once"} {
		t.Run(delivery, func(t *testing.T) {
			x := newTable(t, b.Addr, 1)
			x.send(x.good(50)...)
			p := x.start("--delivery", delivery)
			x.settled(p)
			p.stop()

			lost := x.good(30)
			x.send(lost...)
			x.send(x.good(20)...)
			var offsets kadm.Offsets
			offsets.AddOffset(x.in, 0, 80, -1)
			if resp, err := x.adm.DeleteRecords(t.Context(), offsets); err != nil || resp.Error() != nil {
				t.Fatal(err, resp.Error())
			}
			for _, m := range lost {
				m.lost = true
			}
			p = x.start("--delivery", delivery)
			p.ends(1, "offsets 50 to 79 were deleted before they were read", "on-lost=earliest")
			addr := freeAddr(t)
			p = x.start("--delivery", delivery, "--option", "on-lost=earliest", "--metrics", addr)
			x.settled(p)
			if got := metric(addr, "glulam_stream_offsets_lost_total"); got != 30 {
				t.Errorf("%v messages are counted as lost, want 30", got)
			}
			p.stop()
			if !strings.Contains(p.text(), "messages were deleted before they were read") {
				t.Errorf("the log does not say so:\n%s", p.text())
			}
		})
	}
}

// twoOfAName holds that with exactly-once the earlier one of two processes ends, and that no message has two outputs or none.
func twoOfAName(t *testing.T, b *kafka.Broker) {
	x := newTable(t, b.Addr, 2)
	x.send(x.good(100)...)
	first := x.start("--delivery", "exactly-once")
	first.until("the first one reads", func() bool { return len(x.read(1, first, x.out)) > 0 })
	second := x.start("--delivery", "exactly-once")
	for !first.ended() { // it finds out when it commits
		if second.ended() {
			second.ends(0)
		}
		x.send(x.good(20)...)
		time.Sleep(50 * time.Millisecond)
	}
	first.ends(1, "another process of the same run has taken over")
	x.send(x.good(100)...)
	x.settled(second)
	second.stop()
}

// brokerGone holds that a stream waits for a broker which is away for 15 seconds, and says so.
func brokerGone(t *testing.T, _ *kafka.Broker) {
	b, err := kafka.Start(t.Context(), kafka.Options{Dir: t.TempDir(), Heap: "256m"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Stop() })
	var tables []*table
	var streams []*process
	var addrs []string
	for _, delivery := range []string{"at-least-once", "exactly-once"} {
		x := newTable(t, b.Addr, 1, delivery)
		x.send(x.good(500)...)
		tables, addrs = append(tables, x), append(addrs, freeAddr(t))
		streams = append(streams, x.start("--delivery", delivery, "--metrics", addrs[len(addrs)-1]))
	}
	for i, x := range tables {
		x.settled(streams[i])
	}
	if err := b.Kill(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(10 * time.Second) // and the time that it takes to start
	for i, p := range streams {
		if p.ended() {
			t.Fatalf("the stream ended: %s", p.text())
		}
		if got := metric(addrs[i], "glulam_stream_retries_total"); got <= 0 {
			t.Errorf("%v failures are counted", got)
		}
		if !strings.Contains(p.text(), "trying again") {
			t.Errorf("the log does not say that it tries again:\n%s", p.text())
		}
	}
	if err := b.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, x := range tables {
		x.send(x.good(500)...)
	}
	for i, x := range tables {
		x.settled(streams[i])
		streams[i].stop()
	}
}

// produceEvery sends n messages after each pause until stop is called, or the test ends. Nothing else may be done with the table
// meanwhile.
func (x *table) produceEvery(pause time.Duration, n int) (stop func()) {
	end, done := make(chan struct{}), make(chan error, 1)
	go func() {
		tick := time.NewTicker(pause)
		defer tick.Stop()
		var failed atomic.Pointer[error]
		for {
			for _, m := range x.good(n) {
				x.client.Produce(context.Background(), m.Record, func(_ *kgo.Record, err error) {
					if err != nil {
						failed.Store(&err)
					}
				})
			}
			select {
			case <-tick.C:
				continue
			case <-end:
			}
			err := x.client.Flush(context.Background())
			if p := failed.Load(); p != nil {
				err = *p
			}
			done <- err
			return
		}
	}()
	stop = sync.OnceFunc(func() {
		close(end)
		if err := <-done; err != nil {
			x.t.Error(err)
		}
	})
	x.t.Cleanup(stop)
	return stop
}
