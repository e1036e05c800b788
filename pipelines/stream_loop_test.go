package pipelines_test

import (
	"strings"
	"testing"

	"github.com/glulam/glulam/pipelines"
	_ "github.com/glulam/glulam/transforms/kafka"
	_ "github.com/glulam/glulam/transforms/nats"
)

// TestStreamLoop: a sink that the source reads is refused, before anything runs.
func TestStreamLoop(t *testing.T) {
	for _, c := range []struct {
		from, to, rejected string
		loop               string // the flag that is at fault; "" none
	}{
		{"kafka://a,b/in", "kafka://b/in", "kafka://b/bad", "to"},
		{"kafka://a:9092/in", "kafka://a/out", "kafka://a/in", "rejected"},
		{"kafka://a/in,more", "kafka://a/more", "kafka://a/bad", "to"},
		{"kafka://a/flights.*?pattern=true", "kafka://a/flights-scored", "kafka://a/bad", "to"},
		{"kafka://a/in", "kafka://c/in", "kafka://a/bad", ""},
		{"kafka://a/in", "nats://a/in", "kafka://a/bad", ""},
		{"nats://a/S?subjects=f.*", "nats://a:4222/f.scored", "nats://a/bad", "to"},
		{"nats://a/S?subjects=f.in", "nats://a/f.scored", "nats://a/bad", ""},
		{"jsonl:x/*.jsonl", "jsonl:x/", "jsonl:bad/", "to"},
		{"jsonl:in.jsonl", "jsonl:./in.jsonl", "jsonl:bad/", "to"},
		{"jsonl:in.jsonl", "jsonl:out.jsonl", "jsonl:in.jsonl", "rejected"},
		{"jsonl:-", "jsonl:-", "jsonl:bad", ""},
	} {
		s := pipelines.Stream{Model: "m", From: c.from, To: c.to, Rejected: c.rejected}
		err := s.Validate()
		if got := err != nil; got != (c.loop != "") || got && !strings.Contains(err.Error(), c.loop+": "+"") {
			t.Errorf("%s to %s and %s: %v, want one of %q", c.from, c.to, c.rejected, err, c.loop)
		}
	}
}
