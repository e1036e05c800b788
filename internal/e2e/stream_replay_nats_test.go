package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/transforms/nats/natstest"
)

// TestReplayNATS kills a replay over JetStream in its middle, twice, and runs it again: every message goes back once, to its subject,
// and is scored under its id.
func TestReplayNATS(t *testing.T) {
	s, err := natstest.Start(t.TempDir(), natstest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	nc, err := nats.Connect(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(10_000))
	if err != nil {
		t.Fatal(err)
	}
	streams := map[string]jetstream.Stream{}
	for name, subject := range map[string]string{"FLIGHTS": "flights.*", "SCORED": "scored", "REJECTED": "rejected"} {
		if streams[name], err = js.CreateStream(t.Context(), jetstream.StreamConfig{Name: name, Subjects: []string{subject}}); err != nil {
			t.Fatal(err)
		}
	}
	stored := func(name string) int {
		t.Helper()
		info, err := streams[name].Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return int(info.State.Msgs)
	}
	const n = 10_000
	for i := range n {
		if _, err := js.PublishAsync([]string{"flights.lhr", "flights.jfk"}[i%2], fmt.Appendf(nil, `{"id": %d, "hour": {}, "hr": %d}`, i, i%24)); err != nil {
			t.Fatal(err)
		}
	}
	<-js.PublishAsyncComplete()
	start := func(flags ...string) *process {
		t.Helper()
		return run(t, nil, append([]string{"stream", "--model", golden.Path("one_feature.txt"), "--name", "replayed", "--from", s.URL() + "/FLIGHTS", "--to", s.URL() + "/scored",
			"--rejected", s.URL() + "/rejected", "--max-rejected", "100%"}, flags...)...)
	}
	p := start()
	p.until("all messages are rejected", func() bool { return stored("REJECTED") >= n })
	p.stop()

	args := []string{"replay", s.URL() + "/REJECTED", "--from", s.URL() + "/FLIGHTS"}
	middle := 0
	for range 2 {
		before := stored("FLIGHTS")
		r := run(t, nil, args...)
		for stored("FLIGHTS") == before && !r.ended() {
		}
		if !r.ended() {
			middle++
		}
		r.kill()
	}
	if middle == 0 {
		t.Fatal("no replay was killed in its middle")
	}
	if r := glulam(t, append(args, "--dry-run")...); r.code != 0 || !strings.Contains(r.stderr, "sent before") {
		t.Fatalf("%+v", r)
	}
	r := glulam(t, append(args, "--json")...)
	if r.code != 0 || strings.Contains(r.stdout, `"sent_before": 0,`) || !strings.Contains(r.stdout, fmt.Sprintf(`"letters": %d,`, n)) {
		t.Fatalf("%+v", r)
	}
	if got := stored("FLIGHTS"); got != 2*n {
		t.Fatalf("%d messages in the stream, want %d", got, 2*n)
	}
	p = start("--rename", "hour=hr")
	p.until("all messages are scored", func() bool { return stored("SCORED") >= n })
	p.stop()

	c, err := streams["SCORED"].OrderedConsumer(t.Context(), jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	messages, err := c.Messages()
	if err != nil {
		t.Fatal(err)
	}
	defer messages.Stop()
	seen := map[int]bool{}
	for range stored("SCORED") {
		m, err := messages.Next(jetstream.NextMaxWait(patience))
		if err != nil {
			t.Fatal(err)
		}
		var out struct{ ID int }
		if err := json.Unmarshal(m.Data(), &out); err != nil {
			t.Fatalf("%s: %v", m.Data(), err)
		}
		if from := m.Headers().Get("glulam-source"); seen[out.ID] || from != fmt.Sprintf("nats://FLIGHTS@%d", out.ID+1) {
			t.Fatalf("the message %d came from %s: %s", out.ID, from, m.Data())
		}
		seen[out.ID] = true
	}
	if len(seen) != n {
		t.Errorf("%d of %d messages were scored", len(seen), n)
	}
	last, err := streams["FLIGHTS"].GetLastMsgForSubject(t.Context(), "flights.lhr")
	if err != nil || !strings.HasPrefix(string(last.Data), `{"id": 9998,`) {
		t.Errorf("the last message of the subject is %v, %v", last, err)
	}
}
