package nats

import (
	"crypto/rand"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/glulam/glulam/fault"
)

// fits says whether an existing consumer can be used.
func (p *part) fits(cfg *jetstream.ConsumerConfig) error {
	filter := cfg.FilterSubject
	if len(cfg.FilterSubjects) == 1 {
		filter = cfg.FilterSubjects[0]
	}
	what := ""
	switch {
	case cfg.AckPolicy != jetstream.AckExplicitPolicy:
		what = "its acknowledgements are not explicit"
	case len(cfg.FilterSubjects) > 1 || filter != p.filter && !(p.filter == "" && filter == ">"):
		what = "it has another filter"
	case cfg.MaxDeliver > 0:
		what = "it gives messages up after some deliveries"
	case cfg.HeadersOnly:
		what = "it gives headers only"
	case len(cfg.PriorityGroups) > 0:
		what = "it has priority groups"
	default:
		return nil
	}
	return p.unfit(what)
}

func (p *part) unfit(what string) error {
	return fault.New(fault.Conflict, p.c.name, "the consumer %s is not one that can be read with: %s", p.consumer, what).WithHint("name another with the option consumer; it is created")
}

// config is that of the consumer, without its start.
func (p *part) config() jetstream.ConsumerConfig {
	if p.token == "" {
		p.token = rand.Text()
	}
	return jetstream.ConsumerConfig{
		Durable: p.consumer, AckPolicy: jetstream.AckExplicitPolicy, AckWait: p.c.ackWait, MaxAckPending: p.c.maxAckPending, MaxDeliver: -1,
		FilterSubject: p.filter, DeliverPolicy: jetstream.DeliverAllPolicy, Metadata: map[string]string{metaToken: p.token},
	}
}

// signed is a consumer's configuration with the options that may change, and with who reads in its metadata.
func (p *part) signed(cfg jetstream.ConsumerConfig) jetstream.ConsumerConfig {
	ours := p.config()
	cfg.AckWait, cfg.MaxAckPending = ours.AckWait, ours.MaxAckPending
	for k, v := range cfg.Metadata {
		if _, mine := ours.Metadata[k]; !mine && !strings.HasPrefix(k, "_nats.") { // those are the server's
			ours.Metadata[k] = v
		}
	}
	cfg.Metadata = ours.Metadata
	return cfg
}
