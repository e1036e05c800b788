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

// TestStreamNames: a job that is only tuned goes on where it stopped.
func TestStreamNames(t *testing.T) {
	name := func(from, to string, options map[string]string) string {
		s := pipelines.Stream{Model: "../testdata/flights/one_feature.txt", From: from, To: to, Rejected: "kafka://a/bad", Options: options}
		j, err := s.Prepare(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return j.Links.Run
	}
	first := name("kafka://a/in", "kafka://a/out", nil)
	if again := name("kafka://a/in?fetch.max.wait.ms=20", "kafka://a/out?linger.ms=5", map[string]string{"client.id": "x"}); again != first {
		t.Errorf("%s, then %s", first, again)
	}
	if other := name("kafka://a/in2", "kafka://a/out", nil); other == first {
		t.Error("another topic is another job")
	}
	one, two := name("nats://a/S?subjects=a.*", "nats://a/out", nil), name("nats://a/S?subjects=b.*", "nats://a/out", nil)
	if one == two {
		t.Error("other subjects are another job")
	}
}

// TestStreamApart: two kinds of rows in one file would overwrite each other.
func TestStreamApart(t *testing.T) {
	for _, s := range []pipelines.Stream{
		{Model: "m", From: "jsonl:in", To: "jsonl:out/", Rejected: "jsonl:./out"},
		{Model: "m", From: "jsonl:in", To: "jsonl:-", Rejected: "jsonl:-"},
		{Model: "m", From: "jsonl:in", To: "jsonl:out/", Rejected: "jsonl:bad/", Window: 60e9, Summary: "jsonl:bad/"},
	} {
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), "one file") {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

// TestStreamSecrets: what is wrong with a URL is told without the password in it.
func TestStreamSecrets(t *testing.T) {
	s := pipelines.Stream{Model: "m", From: "kafka://u:pass%ZZword@h/t", To: "kafka://a/out", Rejected: "kafka://a/bad"}
	if err := s.Validate(); err == nil || strings.Contains(err.Error(), "pass") {
		t.Error(err)
	}
}
