package nats

import (
	"strings"
	"testing"
	"time"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

func TestCheckRefuses(t *testing.T) {
	for url, says := range map[string]string{
		"nats://h":                           "no stream is named",
		"nats://h/":                          "no stream is named",
		"nats:///S":                          "no server is named",
		"nats://h,/S":                        "no server is named",
		"nats://h/a.b":                       "subjects=a.b",
		"nats://h/S?subjects=a..b":           "is no subject",
		"nats://h/S?subjects=":               "is no subject",
		"nats://h/S?subjects=a.>.b":          "is no subject",
		"nats://h/S?subjects=a.*,a.b":        "have subjects in common",
		"nats://h/S?subjects=a.>,*.b.c":      "have subjects in common",
		"nats://h/S?consumer=a.b":            "cannot be the name of a consumer",
		"nats://h/S?start=yesterday":         "none of all, new, last and seq:NUMBER",
		"nats://h/S?start=seq:0":             "no sequence number",
		"nats://h/S?key=id":                  "neither subject nor header:NAME",
		"nats://h/S?key=header:":             "neither subject nor header:NAME",
		"nats://h/S?ack-wait=5":              "no time from 1s",
		"nats://h/S?max-ack-pending=0":       "no number from 1",
		"nats://h/S?max-pending=5":           "a source has no option max-pending",
		"nats://h/S?retries=3":               `no option "retries"`,
		"nats://h/S?domain=":                 "it is empty",
		"nats://h/S?tls=maybe":               "neither true nor false",
		"nats://u:p@h/S":                     "seen in process lists",
		"nats://h/S?password=tiger&user=a":   "env:NAME or file:PATH",
		"nats://h/S?creds=tiger.creds":       "env:NAME or file:PATH",
		"nats://h/S?user=a":                  "needs the option password",
		"nats://h/S?password=env:A":          "needs the option user",
		"nats://h/S?token=env:A&nkey=file:b": "more than one login",
		"nats://h/S?tls-key=a":               "needs the option tls-cert",
	} {
		err := check(stream.Endpoint{URL: url}, false)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", url, err, says)
			continue
		}
		want(t, err, fault.Usage)
		if strings.Contains(err.Error(), "tiger") {
			t.Errorf("a secret is in %v", err)
		}
	}
	for url, says := range map[string]string{
		"nats://h/":                       "no subject is named",
		"nats://h/a.*":                    "cannot be the subject",
		"nats://h/a.>":                    "cannot be the subject",
		"nats://h/a..b":                   "cannot be the subject",
		"nats://h/a b":                    "cannot be the subject",
		"nats://h/a?start=new":            "a sink has no option start",
		"nats://h/a?subjects=a":           "a sink has no option subjects",
		"nats://h/a?delivery-timeout=1ms": "no time from 1s",
	} {
		if err := check(stream.Endpoint{URL: url}, true); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", url, err, says)
		}
	}
}

func TestOptions(t *testing.T) {
	beside := map[string]string{"max-pending": "7", "start": "seq:9", "ack-wait": "5m"} // for source and sink alike
	c, err := parse(stream.Endpoint{URL: "nats://a,b:5,c:6/S?subjects=x.*,y&key=header:Id", Options: beside}, stream.OfSource)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(c.servers, " ") != "nats://a:4222 nats://b:5 nats://c:6" || c.stream != "S" || len(c.filters) != 2 || c.key.header != "Id" || c.start.seq != 9 || c.ackWait != 5*time.Minute {
		t.Errorf("the source is %+v", c)
	}
	if c, err = parse(stream.Endpoint{URL: "nats://[::1]/S"}, stream.OfSource); err != nil || c.servers[0] != "nats://[::1]:4222" {
		t.Errorf("the servers are %q, %v", c.servers, err)
	}
	if c, err = parse(stream.Endpoint{URL: "nats://a/x.y?tls=true", Options: beside}, stream.OfSink); err != nil {
		t.Fatal(err)
	}
	if c.servers[0] != "tls://a:4222" || c.subject != "x.y" || c.maxPending != 7 {
		t.Errorf("the sink is %+v", c)
	}
}

// TestConsumerNames holds the names of consumers: they are where positions are.
func TestConsumerNames(t *testing.T) {
	c := &config{}
	for _, n := range []struct{ run, filter, want string }{
		{"flights", "", "glulam-flights"},
		{"flights", "a.*", "glulam-flights-d88b9ce4"},
		{"a.b", "", "glulam-a_b-"},
		{strings.Repeat("x", 300), "", "glulam-xxx"},
	} {
		got := c.consumerOf(n.run, n.filter)
		if !strings.HasPrefix(got, n.want) || !isName(got) || len(got) > 240 {
			t.Errorf("the consumer of %s %s is %s, want %s", n.run, n.filter, got, n.want)
		}
	}
	if c.consumerOf("a.b", "") == c.consumerOf("a/b", "") {
		t.Error("two runs have one consumer")
	}
}

func TestOverlap(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"a", "a", true}, {"a", "b", false}, {"a.*", "a.b", true}, {"a.*", "*.b", true}, {"a.*", "a.b.c", false}, {"a.>", "a.b.c", true},
		{"a.>", "a", false}, {">", "a", true}, {"a.*.c", "a.b.*", true}, {"a.*.c", "a.b.d", false},
	} {
		if overlap(c.a, c.b) != c.want || overlap(c.b, c.a) != c.want {
			t.Errorf("%s and %s: want %v", c.a, c.b, c.want)
		}
	}
}

// TestConnector holds that the connector is registered, and has no transactions.
func TestConnector(t *testing.T) {
	c, err := stream.Find(stream.Endpoint{URL: "nats://h/S"})
	if err != nil {
		t.Fatal(err)
	}
	if c.ExactlyOnce != nil || !c.Knows("max-ack-pending") || c.Knows("nothing") {
		t.Errorf("the connector is %+v", c)
	}
}
