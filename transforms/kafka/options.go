package kafka

import (
	"errors"
	"fmt"
	"math"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// options are all of them, in the order of the documentation.
var options = stream.Options[config]{
	{Name: "pattern", Side: stream.OfSource, Set: flag(func(c *config) *bool { return &c.pattern })},
	{Name: "group", Side: stream.OfSource, Set: text(func(c *config) *string { return &c.group })},
	{Name: "start", Side: stream.OfSource, Set: (*config).setStart},
	{Name: "on-lost", Side: stream.OfSource, Set: choice(func(c *config) *string { return &c.onLost }, "fail", "earliest", "latest")},
	{Name: "isolation.level", Side: stream.OfSource, Set: choice(func(c *config) *string { return &c.isolation }, "read_committed", "read_uncommitted")},
	{Name: "fetch.min.bytes", Side: stream.OfSource, Set: size(func(c *config) *int32 { return &c.fetchMin }, 1, 1<<30)},
	{Name: "fetch.max.bytes", Side: stream.OfSource, Set: size(func(c *config) *int32 { return &c.fetchMax }, 1<<10, 1<<30)},
	{Name: "max.partition.fetch.bytes", Side: stream.OfSource, Set: size(func(c *config) *int32 { return &c.partitionMax }, 1<<10, 1<<30)},
	{Name: "fetch.max.wait.ms", Side: stream.OfSource, Set: millis(func(c *config) *time.Duration { return &c.fetchWait }, 10, 600_000)},
	{Name: "metadata.max.age.ms", Side: stream.OfSource, Set: millis(func(c *config) *time.Duration { return &c.metadataAge }, 100, 3_600_000)},
	{Name: "client.rack", Side: stream.OfSource, Set: text(func(c *config) *string { return &c.rack })},

	{Name: "acks", Side: stream.OfSink, Set: (*config).setAcks},
	{Name: "linger.ms", Side: stream.OfSink, Set: millis(func(c *config) *time.Duration { return &c.linger }, 0, 60_000)},
	{Name: "compression.type", Side: stream.OfSink, Set: (*config).setCompression},
	{Name: "max.request.size", Side: stream.OfSink, Set: size(func(c *config) *int32 { return &c.maxRequest }, 1<<10, maxLimit)},
	{Name: "buffer.memory", Side: stream.OfSink, Set: size(func(c *config) *int32 { return &c.buffer }, 1<<16, math.MaxInt32)},
	{Name: "delivery.timeout.ms", Side: stream.OfSink, Set: millis(func(c *config) *time.Duration { return &c.delivery }, 1000, math.MaxInt32)},
	{Name: "transaction.timeout.ms", Side: stream.OfSink, Set: millis(func(c *config) *time.Duration { return &c.transaction }, 1000, math.MaxInt32)},

	{Name: "client.id", Side: stream.OfBoth, Set: text(func(c *config) *string { return &c.clientID })},
	{Name: "default.api.timeout.ms", Side: stream.OfBoth, Set: millis(func(c *config) *time.Duration { return &c.patience }, 1000, math.MaxInt32)},
	{Name: "request.timeout.ms", Side: stream.OfBoth, Set: millis(func(c *config) *time.Duration { return &c.request }, 100, 900_000)},
	{Name: "socket.connection.setup.timeout.ms", Side: stream.OfBoth, Set: millis(func(c *config) *time.Duration { return &c.dial }, 100, 600_000)},
	{Name: "security.protocol", Side: stream.OfBoth, Set: choice(func(c *config) *string { return &c.protocol }, "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")},
	{Name: "sasl.mechanism", Side: stream.OfBoth, Set: choice(func(c *config) *string { return &c.mechanism }, "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "AWS_MSK_IAM")},
	{Name: "sasl.username", Side: stream.OfBoth, Set: text(func(c *config) *string { return &c.user })},
	{Name: "sasl.password", Side: stream.OfBoth, Set: stream.SecretOption(func(c *config) *stream.Secret { return &c.password })},
	{Name: "sasl.jaas.config", Side: stream.OfBoth, Set: stream.SecretOption(func(c *config) *stream.Secret { return &c.jaas })},
	{Name: "sasl.token", Side: stream.OfBoth, Set: stream.SecretOption(func(c *config) *stream.Secret { return &c.token })},
	{Name: "ssl.ca.location", Side: stream.OfBoth, Set: text(func(c *config) *string { return &c.ca })},
	{Name: "ssl.truststore.location", Side: stream.OfBoth, Set: text(func(c *config) *string { return &c.ca })},
	{Name: "ssl.certificate.location", Side: stream.OfBoth, Set: text(func(c *config) *string { return &c.certificate })},
	{Name: "ssl.keystore.location", Side: stream.OfBoth, Set: text(func(c *config) *string { return &c.certificate })},
	{Name: "ssl.key.location", Side: stream.OfBoth, Set: text(func(c *config) *string { return &c.key })},
	{Name: "ssl.endpoint.identification.algorithm", Side: stream.OfBoth, Set: (*config).setIdentification},
}

// config is an endpoint taken apart.
type config struct {
	name  string // of the endpoint, as messages may show it
	seeds []string
	// topics are those of the path; with pattern, they are one regular expression, which is matching.
	topics   []string
	id       kadm.TopicID // of a sink's topic, when it was looked for
	pattern  bool
	matching *regexp.Regexp

	group     string // "": made from the run's name
	start     start
	onLost    string
	isolation string
	fetchMin, fetchMax,
	partitionMax int32
	fetchWait, metadataAge time.Duration
	rack                   string

	acks                          kgo.Acks
	compression                   kgo.CompressionCodec
	maxRequest, buffer            int32
	linger, delivery, transaction time.Duration

	clientID                string
	patience, request, dial time.Duration
	protocol, mechanism     string
	user                    string
	password, jaas, token   stream.Secret
	ca, certificate, key    string
	anyName                 bool // the certificate's name is not looked at

	eofPatience  time.Duration // how long a broker that was never reached may end connections at once
	deletedAfter time.Duration // how long brokers say that a topic is unknown until it counts as deleted
	given        map[string]string
}

// start says where a partition without a committed position starts.
type start struct {
	latest bool
	after  int64 // milliseconds since 1970, if timed
	timed  bool
}

// maxLimit is the largest limit of messages that the client can be told.
const maxLimit = 1<<30 - 1<<20

func defaults() *config {
	return &config{
		onLost: "fail", isolation: "read_committed", fetchMin: 1, fetchMax: 16 << 20, partitionMax: 1 << 20, fetchWait: 500 * time.Millisecond,
		metadataAge: 30 * time.Second, acks: kgo.AllISRAcks(), compression: kgo.NoCompression(), buffer: 64 << 20,
		delivery: 5 * time.Minute, transaction: time.Minute, patience: 30 * time.Second, request: 10 * time.Second, dial: 10 * time.Second,
		protocol: "PLAINTEXT", eofPatience: 3 * time.Second, deletedAfter: 10 * time.Second,
	}
}

// parse takes an endpoint apart, as source or as sink.
func parse(e stream.Endpoint, as stream.Side) (*config, error) {
	hosts, path, given, err := e.Parse(options.Names()...)
	if err != nil {
		return nil, err
	}
	c := defaults()
	c.name, c.given = e.Redacted(), given
	errs := options.Apply(e, as, given, c)
	errs = append(errs, c.setHosts(hosts), c.setTopics(path, as), c.checkSecurity())
	return c, errors.Join(errs...)
}

func (c *config) usage(format string, args ...any) *fault.Error {
	return fault.New(fault.Usage, c.name, format, args...)
}

func (c *config) setHosts(hosts []string) error {
	for _, h := range hosts {
		if h == "" || strings.HasPrefix(h, ":") {
			return c.usage("no broker is named").WithHint("write kafka://host:9092/topic, or kafka://host1:9092,host2:9092/topic")
		}
		if _, _, err := net.SplitHostPort(h); err != nil {
			h = net.JoinHostPort(strings.Trim(h, "[]"), "9092")
		}
		c.seeds = append(c.seeds, h)
	}
	return nil
}

var topicName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)

func (c *config) setTopics(path string, as stream.Side) error {
	if path == "" {
		return c.usage("no topic is named").WithHint("write kafka://host:9092/topic")
	}
	if c.pattern {
		re, err := regexp.Compile("^(?:" + path + ")$")
		if err != nil {
			return c.usage("the topics' pattern is no regular expression: %w", err)
		}
		c.topics, c.matching = []string{path}, re
		return nil
	}
	c.topics = strings.Split(path, ",")
	for i, t := range c.topics {
		if !topicName.MatchString(t) || t == "." || t == ".." {
			e := c.usage("%s cannot be the name of a topic", fault.Quote(t))
			if as == stream.OfSource && strings.ContainsAny(t, "*+?|()[]^$") {
				return e.WithHint("a regular expression needs the option pattern=true, and %%3F for ?")
			}
			return e.WithHint("names are of letters, digits, dots, underscores and hyphens")
		}
		if slices.Contains(c.topics[:i], t) {
			return c.usage("the topic %s is named twice", t)
		}
	}
	if as == stream.OfSink && len(c.topics) > 1 {
		return c.usage("a sink is one topic, these are %d", len(c.topics))
	}
	return nil
}

func (c *config) setStart(v string) error {
	switch v {
	case "committed", "earliest":
		return nil
	case "latest":
		c.start.latest = true
		return nil
	}
	c.start.timed = true
	if ms, err := strconv.ParseInt(v, 10, 64); err == nil && ms >= 0 {
		c.start.after = ms
		return nil
	}
	at, err := time.Parse(time.RFC3339, v)
	if err != nil {
		return fmt.Errorf("%s is none of committed, earliest and latest, and no time: neither as in RFC 3339 nor milliseconds since 1970", fault.Quote(v))
	}
	c.start.after = at.UnixMilli()
	return nil
}

func (c *config) setAcks(v string) error {
	switch v {
	case "all", "-1":
		return nil
	case "1":
		c.acks = kgo.LeaderAck()
		return nil
	}
	return fmt.Errorf("%s is none of all and 1: a position is committed only after its outputs are acknowledged", fault.Quote(v))
}

func (c *config) setCompression(v string) error {
	codec, ok := map[string]kgo.CompressionCodec{"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression()}[v]
	if !ok {
		return fmt.Errorf("%s is none of none, gzip, snappy, lz4, zstd", fault.Quote(v))
	}
	c.compression = codec
	return nil
}

func (c *config) setIdentification(v string) error {
	if v != "" && v != "https" {
		return fmt.Errorf("%s is neither https nor empty", fault.Quote(v))
	}
	c.anyName = v == ""
	return nil
}

func text(field func(*config) *string) func(*config, string) error {
	return func(c *config, v string) error {
		if v == "" {
			return errors.New("it is empty")
		}
		if p := field(c); *p == "" {
			*p = v
			return nil
		}
		return errors.New("it is given under another name, too")
	}
}

func flag(field func(*config) *bool) func(*config, string) error {
	return func(c *config, v string) (err error) {
		if *field(c), err = strconv.ParseBool(v); err != nil {
			return fmt.Errorf("%s is neither true nor false", fault.Quote(v))
		}
		return nil
	}
}

func choice(field func(*config) *string, of ...string) func(*config, string) error {
	return func(c *config, v string) error {
		if !slices.Contains(of, v) {
			return fmt.Errorf("%s is none of %s", fault.Quote(v), strings.Join(of, ", "))
		}
		*field(c) = v
		return nil
	}
}

func number(v string, least, most int64) (int64, error) {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%s is no number from %d to %d", fault.Quote(v), least, most)
	}
	return n, nil
}

func size(field func(*config) *int32, least, most int64) func(*config, string) error {
	return func(c *config, v string) error {
		n, err := number(v, least, most)
		if err == nil {
			*field(c) = int32(n)
		}
		return err
	}
}

func millis(field func(*config) *time.Duration, least, most int64) func(*config, string) error {
	return func(c *config, v string) error {
		n, err := number(v, least, most)
		if err == nil {
			*field(c) = time.Duration(n) * time.Millisecond
		}
		return err
	}
}
