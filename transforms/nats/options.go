package nats

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// options are all of them, in the order of the documentation.
var options = stream.Options[config]{
	{Name: "subjects", Side: stream.OfSource, Set: (*config).setFilters},
	{Name: "consumer", Side: stream.OfSource, Set: (*config).setConsumer},
	{Name: "start", Side: stream.OfSource, Set: (*config).setStart},
	{Name: "key", Side: stream.OfSource, Set: (*config).setKey},
	{Name: "ack-wait", Side: stream.OfSource, Set: duration(func(c *config) *time.Duration { return &c.ackWait }, time.Second, 24*time.Hour)},
	{Name: "max-ack-pending", Side: stream.OfSource, Set: number(func(c *config) *int { return &c.maxAckPending }, 1, 1_000_000)},

	{Name: "max-pending", Side: stream.OfSink, Set: number(func(c *config) *int { return &c.maxPending }, 1, 1_000_000)},
	{Name: "delivery-timeout", Side: stream.OfSink, Set: duration(func(c *config) *time.Duration { return &c.delivery }, time.Second, 24*time.Hour)},

	{Name: "name", Side: stream.OfBoth, Set: text(func(c *config) *string { return &c.clientName })},
	{Name: "timeout", Side: stream.OfBoth, Set: duration(func(c *config) *time.Duration { return &c.patience }, 100*time.Millisecond, time.Hour)},
	{Name: "domain", Side: stream.OfBoth, Set: text(func(c *config) *string { return &c.domain })},
	{Name: "inbox-prefix", Side: stream.OfBoth, Set: text(func(c *config) *string { return &c.inbox })},
	{Name: "user", Side: stream.OfBoth, Set: text(func(c *config) *string { return &c.user })},
	{Name: "password", Side: stream.OfBoth, Set: stream.SecretOption(func(c *config) *stream.Secret { return &c.password })},
	{Name: "token", Side: stream.OfBoth, Set: stream.SecretOption(func(c *config) *stream.Secret { return &c.token })},
	{Name: "nkey", Side: stream.OfBoth, Set: stream.SecretOption(func(c *config) *stream.Secret { return &c.nkey })},
	{Name: "creds", Side: stream.OfBoth, Set: stream.SecretOption(func(c *config) *stream.Secret { return &c.creds })},
	{Name: "tls", Side: stream.OfBoth, Set: flag(func(c *config) *bool { return &c.tls })},
	{Name: "tls-first", Side: stream.OfBoth, Set: flag(func(c *config) *bool { return &c.tlsFirst })},
	{Name: "tls-ca", Side: stream.OfBoth, Set: text(func(c *config) *string { return &c.ca })},
	{Name: "tls-cert", Side: stream.OfBoth, Set: text(func(c *config) *string { return &c.certificate })},
	{Name: "tls-key", Side: stream.OfBoth, Set: text(func(c *config) *string { return &c.certificateKey })},
}

// config is an endpoint taken apart.
type config struct {
	name    string // of the endpoint, as messages may show it
	servers []string

	stream        string   // of a source
	filters       []string // subjects; none: all
	consumer      string   // "": made from the run's name
	start         start
	key           keyFrom
	ackWait       time.Duration
	maxAckPending int
	mostQueued    int // bytes read ahead

	subject    string // of a sink
	maxPending int
	delivery   time.Duration

	clientName, domain, inbox string
	patience                  time.Duration // how long opening tries
	user                      string
	password, token           stream.Secret
	nkey, creds               stream.Secret
	tls, tlsFirst             bool
	ca                        string
	certificate               string
	certificateKey            string
}

// start says where a consumer that is not there yet begins.
type start struct {
	at   startAt
	seq  uint64
	time time.Time
}

type startAt uint8

const (
	startAll startAt = iota
	startNew
	startLast
	startSequence
	startTime
)

// keyFrom says what the key of a message is.
type keyFrom struct {
	subject bool
	header  string // "": headerKey, as sinks write it
}

func defaults() *config {
	return &config{ackWait: time.Minute, maxAckPending: 10_000, mostQueued: 64 << 20, maxPending: 4000, delivery: 5 * time.Minute, clientName: "glulam", patience: 30 * time.Second}
}

// parse takes an endpoint apart, as source or as sink.
func parse(e stream.Endpoint, as stream.Side) (*config, error) {
	hosts, path, given, err := e.Parse(options.Names()...)
	if err != nil {
		return nil, err
	}
	c := defaults()
	c.name = e.Redacted()
	errs := options.Apply(e, as, given, c)
	errs = append(errs, c.setServers(hosts), c.setPath(path, as), c.checkSecurity())
	return c, errors.Join(errs...)
}

func (c *config) usage(format string, args ...any) *fault.Error {
	return fault.New(fault.Usage, c.name, format, args...)
}

func (c *config) setServers(hosts []string) error {
	scheme := "nats://"
	if c.secure() {
		scheme = "tls://"
	}
	for _, h := range hosts {
		if h == "" || strings.HasPrefix(h, ":") {
			return c.usage("no server is named").WithHint("write nats://host:4222/STREAM, or nats://host1:4222,host2:4222/STREAM")
		}
		if _, _, err := net.SplitHostPort(h); err != nil {
			h = net.JoinHostPort(strings.Trim(h, "[]"), "4222")
		}
		c.servers = append(c.servers, scheme+h)
	}
	return nil
}

func (c *config) setPath(path string, as stream.Side) error {
	if as == stream.OfSource {
		switch {
		case path == "":
			return c.usage("no stream is named").WithHint("write nats://host:4222/STREAM")
		case !isName(path):
			return c.usage("%s cannot be the name of a stream", fault.Quote(path)).WithHint("the path of a source is a stream; subjects of it are chosen with subjects=a.b,c.>")
		}
		c.stream = path
		return nil
	}
	switch {
	case path == "":
		return c.usage("no subject is named").WithHint("write nats://host:4222/subject, such as flights.scored")
	case !isSubject(path) || strings.ContainsAny(path, "*>"):
		return c.usage("%s cannot be the subject of messages", fault.Quote(path)).WithHint("a subject is of words with dots between them, without * and >")
	}
	c.subject = path
	return nil
}

// isName says that a stream or a consumer may have this name.
func isName(s string) bool {
	return s != "" && len(s) <= 255 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`.*>/\`, r) })
}

// isSubject says that a subject, or a pattern of subjects, is well formed.
func isSubject(s string) bool {
	words := strings.Split(s, ".")
	for i, w := range words {
		if w == "" || strings.ContainsFunc(w, func(r rune) bool { return r <= ' ' || r == 0x7f }) || w == ">" && i < len(words)-1 {
			return false
		}
	}
	return true
}

// overlap says that there are subjects which two patterns both match.
func overlap(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(as), len(bs)) {
		switch {
		case as[i] == ">" || bs[i] == ">":
			return true
		case as[i] != bs[i] && as[i] != "*" && bs[i] != "*":
			return false
		}
	}
	return len(as) == len(bs)
}

func (c *config) setFilters(v string) error {
	c.filters = strings.Split(v, ",")
	for i, f := range c.filters {
		if !isSubject(f) {
			return fmt.Errorf("%s is no subject", fault.Quote(f))
		}
		for _, other := range c.filters[:i] {
			if overlap(f, other) {
				return fmt.Errorf("%s and %s have subjects in common: their messages would come twice", other, f)
			}
		}
	}
	return nil
}

func (c *config) setConsumer(v string) error {
	if !isName(v) {
		return fmt.Errorf("%s cannot be the name of a consumer", fault.Quote(v))
	}
	c.consumer = v
	return nil
}

func (c *config) setStart(v string) error {
	switch v {
	case "all":
		return nil
	case "new":
		c.start.at = startNew
		return nil
	case "last":
		c.start.at = startLast
		return nil
	}
	if seq, ok := strings.CutPrefix(v, "seq:"); ok {
		n, err := strconv.ParseUint(seq, 10, 63)
		if err != nil || n == 0 {
			return fmt.Errorf("%s is no sequence number", fault.Quote(seq))
		}
		c.start = start{at: startSequence, seq: n}
		return nil
	}
	c.start.at = startTime
	if ms, err := strconv.ParseInt(v, 10, 64); err == nil && ms >= 0 {
		c.start.time = time.UnixMilli(ms)
		return nil
	}
	at, err := time.Parse(time.RFC3339, v)
	if err != nil {
		return fmt.Errorf("%s is none of all, new, last and seq:NUMBER, and no time: neither as in RFC 3339 nor milliseconds since 1970", fault.Quote(v))
	}
	c.start.time = at
	return nil
}

func (c *config) setKey(v string) error {
	if v == "subject" {
		c.key.subject = true
		return nil
	}
	name, ok := strings.CutPrefix(v, "header:")
	if !ok || !isHeaderName(name) {
		return fmt.Errorf("%s is neither subject nor header:NAME", fault.Quote(v))
	}
	c.key.header = name
	return nil
}

func text(field func(*config) *string) func(*config, string) error {
	return func(c *config, v string) error {
		if v == "" {
			return errors.New("it is empty")
		}
		*field(c) = v
		return nil
	}
}

func flag(field func(*config) *bool) func(*config, string) error {
	return func(c *config, v string) (err error) {
		if !slices.Contains([]string{"true", "false"}, v) {
			return fmt.Errorf("%s is neither true nor false", fault.Quote(v))
		}
		*field(c) = v == "true"
		return nil
	}
}

func number(field func(*config) *int, least, most int) func(*config, string) error {
	return func(c *config, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < least || n > most {
			return fmt.Errorf("%s is no number from %d to %d", fault.Quote(v), least, most)
		}
		*field(c) = n
		return nil
	}
}

func duration(field func(*config) *time.Duration, least, most time.Duration) func(*config, string) error {
	return func(c *config, v string) error {
		d, err := time.ParseDuration(v)
		if err != nil || d < least || d > most {
			return fmt.Errorf("%s is no time from %v to %v, such as 30s or 1m", fault.Quote(v), least, most)
		}
		*field(c) = d
		return nil
	}
}
