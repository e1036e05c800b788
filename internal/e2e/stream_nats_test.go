package e2e

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/transforms/nats/natstest"
)

// TestStreamNATS kills a stream over JetStream twice while messages come: none is lost, and what is written again is dropped by
// the server.
func TestStreamNATS(t *testing.T) {
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
	for name, subject := range map[string]string{"FLIGHTS": "flights", "SCORED": "scored", "REJECTED": "rejected"} {
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
	start := func() *process {
		t.Helper()
		return run(t, nil, "stream", "--model", golden.Path("one_feature.txt"), "--name", "nats", "--from", s.URL()+"/FLIGHTS", "--to", s.URL()+"/scored",
			"--rejected", s.URL()+"/rejected", "--max-in-flight", "500", "--max-rejected", "100%")
	}

	sent := 0
	send := func(n int) {
		t.Helper()
		for range n {
			value := fmt.Appendf(nil, `{"id": %d, "hour": %d}`, sent, sent%24)
			if sent%50 == 0 {
				value = fmt.Appendf(nil, `{"id": %d, "hour": "never"}`, sent)
			}
			if _, err := js.PublishAsync("flights", value); err != nil {
				t.Fatal(err)
			}
			sent++
		}
		select {
		case <-js.PublishAsyncComplete():
		case <-time.After(patience):
			t.Fatal("the server does not acknowledge")
		}
	}
	p := start()
	for range 2 {
		send(5000)
		before := stored("SCORED")
		p.until("predictions come", func() bool { return stored("SCORED") > before })
		p.kill()
		if stored("SCORED")+stored("REJECTED") == sent {
			t.Log("the stream was killed when it had nothing to do")
		}
		p = start()
	}
	send(5000)
	p.until("all messages are through", func() bool { return stored("SCORED")+stored("REJECTED") >= sent })
	p.stop()

	x := &table{t: t, predictions: map[string][]float64{}}
	x.knows(golden.Path("one_feature.txt"))
	seen := map[int]bool{}
	for _, name := range []string{"SCORED", "REJECTED"} {
		c, err := streams[name].OrderedConsumer(t.Context(), jetstream.OrderedConsumerConfig{})
		if err != nil {
			t.Fatal(err)
		}
		messages, err := c.Messages()
		if err != nil {
			t.Fatal(err)
		}
		defer messages.Stop()
		for range stored(name) {
			m, err := messages.Next(jetstream.NextMaxWait(patience))
			if err != nil {
				t.Fatal(err)
			}
			var out struct {
				ID         int      `json:"id"`
				Prediction *float64 `json:"prediction"`
				Code, Raw  string
			}
			if err := json.Unmarshal(m.Data(), &out); err != nil {
				t.Fatalf("%s: %v", m.Data(), err)
			}
			if name == "REJECTED" {
				fmt.Sscanf(out.Raw, `{"id": %d`, &out.ID)
			}
			if seen[out.ID] {
				t.Errorf("the message %d came through twice: %s", out.ID, m.Data())
			}
			seen[out.ID] = true
			says := x.predictions[m.Headers().Get("glulam-model")]
			switch bad := out.ID%50 == 0; {
			case bad != (name == "REJECTED") || bad && out.Code != "wrong_type":
				t.Errorf("the message %d became %s", out.ID, m.Data())
			case !bad && (says == nil || out.Prediction == nil || math.Float64bits(*out.Prediction) != math.Float64bits(says[out.ID%24])):
				t.Errorf("the message %d became %s", out.ID, m.Data())
			}
		}
	}
	if len(seen) != sent {
		t.Errorf("%d of %d messages came through", len(seen), sent)
	}
}
