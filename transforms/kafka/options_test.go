package kafka

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

func TestCheckRefuses(t *testing.T) {
	for url, says := range map[string]string{
		"kafka://h/":                             "no topic is named",
		"kafka://h":                              "no topic is named",
		"kafka:///t":                             "no broker is named",
		"kafka://h,/t":                           "no broker is named",
		"kafka://h/a,a":                          "named twice",
		"kafka://h/a b":                          "cannot be the name",
		"kafka://h/flights*":                     "pattern=true",
		"kafka://h/..":                           "cannot be the name",
		"kafka://h/(?pattern=true":               "no regular expression",
		"kafka://h/t?pattern=maybe":              "neither true nor false",
		"kafka://h/t?retries=3":                  `no option "retries"`,
		"kafka://h/t?start=yesterday":            "none of committed, earliest and latest",
		"kafka://h/t?start=-5":                   "none of committed",
		"kafka://h/t?on-lost=ignore":             "none of fail, earliest, latest",
		"kafka://h/t?group=":                     "it is empty",
		"kafka://h/t?fetch.max.bytes=1":          "no number from 1024",
		"kafka://h/t?acks=1":                     "a source has no option acks",
		"kafka://u:p@h/t":                        "seen in process lists",
		"kafka://h/t?security.protocol=TLS":      "none of PLAINTEXT, SSL",
		"kafka://h/t?security.protocol=SASL_SSL": "needs the option sasl.mechanism",
		"kafka://h/t?security.protocol=SASL_SSL&sasl.mechanism=PLAIN":                                        "needs the option sasl.username",
		"kafka://h/t?security.protocol=SASL_SSL&sasl.mechanism=OAUTHBEARER":                                  "needs the option sasl.token",
		"kafka://h/t?security.protocol=SASL_PLAINTEXT&sasl.mechanism=AWS_MSK_IAM":                            "TLS only",
		"kafka://h/t?sasl.mechanism=PLAIN":                                                                   "says nothing without SASL",
		"kafka://h/t?ssl.ca.location=x":                                                                      "says nothing without TLS",
		"kafka://h/t?sasl.password=tiger":                                                                    "env:NAME or file:PATH",
		"kafka://h/t?ssl.ca.location=a&ssl.truststore.location=b":                                            "under another name",
		"kafka://h/t?security.protocol=SASL_SSL&sasl.mechanism=PLAIN&sasl.username=a&sasl.jaas.config=env:X": "given twice",
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
		"kafka://h/a,b":                       "a sink is one topic",
		"kafka://h/t?group=g":                 "a sink has no option group",
		"kafka://h/t?pattern=true":            "a sink has no option pattern",
		"kafka://h/t?acks=0":                  "none of all and 1",
		"kafka://h/t?compression.type=brotli": "none of none, gzip",
		"kafka://h/t?linger.ms=-1":            "no number from 0",
	} {
		if err := check(stream.Endpoint{URL: url}, true); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", url, err, says)
		}
	}
}

// TestManyFaults holds that everything that is wrong is said at once.
func TestManyFaults(t *testing.T) {
	err := check(stream.Endpoint{URL: "kafka://h/?start=x&on-lost=y"}, false)
	for _, says := range []string{"no topic", "start", "on-lost"} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v does not say %q", err, says)
		}
	}
}

func TestOptions(t *testing.T) {
	// Options beside the URL go to all ends: those of the other side are passed over.
	shared := map[string]string{"group": "g", "acks": "1", "client.id": "me", "start": "2024-01-01T00:00:00Z", "compression.type": "zstd", "metadata.max.age.ms": "500"}
	c, err := parse(stream.Endpoint{URL: "kafka://h1:1,h2:2/a,b?fetch.max.wait.ms=20", Options: shared}, stream.OfSource)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.seeds) != 2 || len(c.topics) != 2 || c.group != "g" || c.clientID != "me" || !c.start.timed || c.start.after != 1704067200000 ||
		c.fetchWait != 20*time.Millisecond || c.metadataAge != 500*time.Millisecond || c.acks != kgo.AllISRAcks() {
		t.Errorf("%+v", c)
	}
	c, err = parse(stream.Endpoint{URL: "kafka://h/t", Options: shared}, stream.OfSink)
	if err != nil {
		t.Fatal(err)
	}
	if c.acks != kgo.LeaderAck() || c.group != "" || c.clientID != "me" {
		t.Errorf("%+v", c)
	}
	c, err = parse(stream.Endpoint{URL: "kafka://h/fl.+%3F(a|b)?pattern=true"}, stream.OfSource)
	if err != nil {
		t.Fatal(err)
	}
	for topic, is := range map[string]bool{"flxa": true, "flxb": true, "flxxxa": true, "flxc": false, "xflxa": false, "flxba": true, "flxad": false} {
		if c.reads(topic) != is {
			t.Errorf("%s: %v", topic, c.reads(topic))
		}
	}
}

// TestClientTakesAllOptions holds that what is in range here is in range for the client.
func TestClientTakesAllOptions(t *testing.T) {
	for _, protocol := range []string{"PLAINTEXT", "SSL"} {
		c, err := parse(stream.Endpoint{URL: "kafka://h/t", Options: map[string]string{"security.protocol": protocol, "client.rack": "r", "fetch.max.bytes": "1073741824",
			"max.partition.fetch.bytes": "1073741824", "request.timeout.ms": "900000", "metadata.max.age.ms": "3600000"}}, stream.OfSource)
		if err != nil {
			t.Fatal(err)
		}
		r, err := openReader(c, run())
		if err != nil {
			t.Fatal(err)
		}
		r.parts = map[stream.Partition]*part{}
		if err := r.begin(nil); err != nil {
			t.Error(err)
		}
		r.Close()
	}
	for _, request := range []string{"1024", "1072693248"} {
		c, err := parse(stream.Endpoint{URL: "kafka://h/t", Options: map[string]string{"max.request.size": request, "buffer.memory": "65536", "linger.ms": "60000", "compression.type": "lz4"}}, stream.OfSink)
		if err != nil {
			t.Fatal(err)
		}
		client, err := c.client(newTroubles(run(), "x"), c.producing(map[string]int32{"t": c.maxRequest})...)
		if err != nil {
			t.Error(err)
			continue
		}
		client.Close()
	}
}

// TestDocumented holds that the package's documentation names every option.
func TestDocumented(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range options.Names() {
		if !strings.Contains(string(doc), name) {
			t.Errorf("%s is not in the documentation", name)
		}
	}
}
