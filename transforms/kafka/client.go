package kafka

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// common are the options of every client of an endpoint.
func (c *config) common(t *troubles) ([]kgo.Opt, error) {
	opts := []kgo.Opt{kgo.SeedBrokers(c.seeds...), kgo.ClientID(cmp.Or(c.clientID, "glulam")), kgo.DialTimeout(c.dial), kgo.RequestTimeoutOverhead(c.request),
		kgo.WithHooks(t), kgo.MetadataMinAge(min(c.metadataAge, time.Second)), kgo.MetadataMaxAge(c.metadataAge), kgo.RetryBackoffFn(backoff), kgo.DisableClientMetrics()}
	secure, err := c.tlsOf()
	if err != nil {
		return nil, err
	}
	if secure != nil {
		opts = append(opts, kgo.DialTLSConfig(secure))
	}
	mechanism, err := c.mechanismOf()
	if err != nil {
		return nil, err
	}
	if mechanism != nil {
		opts = append(opts, kgo.SASL(mechanism))
	}
	return opts, nil
}

// backoff is how long is waited after some failures in a row: at most a second, so that a broker that is back is used soon.
func backoff(failures int) time.Duration {
	d := min(100*time.Millisecond<<min(max(0, failures-1), 10), time.Second)
	return d*3/4 + rand.N(d/4)
}

// asking is for clients that are asked within patient: that is what tries again.
var asking = kgo.RequestRetries(2)

// client makes a client. Nothing is sent yet.
func (c *config) client(t *troubles, more ...kgo.Opt) (*kgo.Client, error) {
	opts, err := c.common(t)
	if err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(append(opts, more...)...)
	if err != nil {
		return nil, c.usage("%w", err)
	}
	return client, nil
}

// find gives the topics that there are of those the endpoint means. One of a list that there is not is an error; a pattern may
// match none.
func (c *config) find(ctx context.Context, adm *kadm.Client) (kadm.TopicDetails, error) {
	if c.pattern {
		all, err := adm.ListTopics(ctx)
		if err != nil {
			return nil, err
		}
		all.FilterInternal()
		for name, d := range all {
			if !c.matching.MatchString(name) || isUnknown(d.Err) { // one that is being deleted
				delete(all, name)
			}
		}
		return all, firstError(all)
	}
	topics, err := adm.ListTopicsWithInternal(ctx, c.topics...)
	if err != nil {
		return nil, err
	}
	return topics, firstError(topics)
}

// firstError is the first topic's error, by name; that it is unknown is none.
func firstError(topics kadm.TopicDetails) error {
	for _, d := range topics.Sorted() {
		if d.Err != nil && !isUnknown(d.Err) {
			return d.Err
		}
		for _, p := range d.Partitions.Sorted() {
			if p.Err != nil && !kerr.IsRetriable(p.Err) {
				return p.Err
			}
		}
	}
	return nil
}

// mustBe reports topics that there are not.
func (c *config) mustBe(ctx context.Context, adm *kadm.Client, topics kadm.TopicDetails, hint string) error {
	for _, name := range c.topics {
		if d, ok := topics[name]; ok && !isUnknown(d.Err) {
			continue
		}
		e := fault.New(fault.NotFound, c.name, "there is no topic %s", name).WithHint("%s", hint)
		if all, err := adm.ListTopics(ctx); err == nil {
			if near := format.Nearest(name, slices.Values(all.Names())); near != "" {
				return e.WithHint("did you mean %s?", near)
			}
		}
		return e
	}
	return nil
}
