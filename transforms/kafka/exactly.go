package kafka

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// transaction is a stream.Transaction. Two producers take turns: the brokers are still ending the transaction of one when the
// next one begins.
type transaction struct {
	c      *config // of the sink
	reader *reader
	turns  [2]producer
	limits map[string]int32 // by topic, what a message may have
	turn   int
	open   bool
	outcome
	// implicit: the brokers add positions to a transaction by themselves (transaction.version 2).
	implicit bool
}

type producer struct {
	id     string
	client *kgo.Client
	topics []string // that it has written to
}

// layout is how the readers of a run are named in transactional ids. It is written beside the positions, so that a process
// with another number of readers finds whom to stop.
type layout struct {
	name string // of the ids, before the reader's number
	of   int
}

const layoutMark = "glulam-transactions:"

func (l layout) String() string { return fmt.Sprintf("%s%d:%s", layoutMark, l.of, l.name) }

func parseLayout(s string) (l layout, ok bool) {
	of, name, ok := strings.Cut(strings.TrimPrefix(s, layoutMark), ":")
	n, err := strconv.Atoi(of)
	return layout{name, n}, ok && strings.HasPrefix(s, layoutMark) && err == nil && n > 0 && n <= 1000
}

func (l layout) id(reader, turn int) string {
	return fmt.Sprintf("%s-%d-of-%d-%d", l.name, reader, l.of, turn)
}

// openExactly opens a source and its sinks for transactions.
func openExactly(ctx context.Context, from, to, rejected *config, id stream.ReaderID) (x stream.Exactly, err error) {
	if err := to.fits(rejected); err != nil {
		return x, err
	}
	r, err := openReader(from, id)
	if err != nil {
		return x, err
	}
	tx := &transaction{c: to, reader: r, outcome: outcome{t: newTroubles(id, to.name)}}
	defer func() {
		if err != nil {
			tx.Close()
		}
	}()
	if tx.limits, err = tx.targets(ctx, rejected); err != nil {
		return x, err
	}
	l := layout{r.group.name + "-" + strings.Join(from.topics, ","), id.Of}
	r.group.by = l.String()
	r.fence = func(ctx context.Context, at marks) error { return tx.fence(ctx, l, at) }
	for i := range tx.turns {
		p, err := tx.producer(ctx, l.id(id.Index, i), tx.limits)
		if err != nil {
			return x, err
		}
		tx.turns[i] = p
	}
	out := func(topic string) stream.Sink {
		return &transacted{limit{topic, int(tx.limits[topic])}, tx}
	}
	return stream.Exactly{Source: r, To: out(to.topics[0]), Rejected: out(rejected.topics[0]), Transaction: tx}, nil
}

// fits holds that one client can write to both sinks.
func (c *config) fits(rejected *config) error {
	for _, o := range options {
		if a, b := c.given[o.Name], rejected.given[o.Name]; o.Side&stream.OfSink != 0 && a != b {
			return rejected.usage("%s is not as that of %s: one producer writes to both in a transaction", o.Name, c.name)
		}
	}
	if c.acks != kgo.AllISRAcks() {
		return c.usage("a transaction needs acks=all")
	}
	return nil
}

// targets looks at the topics of the sinks, and that all three are of one cluster.
func (tx *transaction) targets(ctx context.Context, rejected *config) (limits map[string]int32, err error) {
	limits = map[string]int32{}
	clusters := make([]string, 0, 3)
	for _, c := range []*config{tx.reader.c, tx.c, rejected} {
		client := tx.reader.admin
		if c != tx.reader.c {
			if client, err = c.client(tx.t, asking); err != nil {
				return nil, err
			}
			defer client.Close()
		}
		adm := kadm.NewClient(client)
		var m kadm.Metadata
		if err := c.patient(ctx, tx.t, "looking for the cluster", func(ctx context.Context) error {
			m, err = adm.BrokerMetadata(ctx)
			return err
		}); err != nil {
			return nil, c.explain(fault.Unreadable, "looking for the cluster", err)
		}
		if clusters = append(clusters, m.Cluster); m.Cluster != clusters[0] {
			return nil, c.usage("it is on the cluster %s, and the source is on %s: a transaction is within one", m.Cluster, clusters[0]).WithHint("take at-least-once")
		}
		if c == tx.reader.c {
			continue
		}
		if tx.reader.c.reads(c.topics[0]) {
			return nil, c.usage("it is written to and read from")
		}
		if limits[c.topics[0]], err = c.target(ctx, adm, tx.t); err != nil {
			return nil, err
		}
	}
	tx.implicit, err = tx.version2(ctx)
	return limits, err
}

// reads says whether a source reads a topic.
func (c *config) reads(topic string) bool {
	if c.pattern {
		return c.matching.MatchString(topic)
	}
	return slices.Contains(c.topics, topic)
}

// version2 asks whether the cluster's transactions are of version 2 (KIP-890).
func (tx *transaction) version2(ctx context.Context) (is bool, err error) {
	err = tx.c.patient(ctx, tx.t, "asking for the version of transactions", func(ctx context.Context) error {
		resp, err := kmsg.NewPtrApiVersionsRequest().RequestWith(ctx, tx.reader.admin)
		if err != nil {
			return err
		}
		for _, f := range resp.FinalizedFeatures {
			is = is || f.Name == "transaction.version" && f.MaxVersionLevel >= 2
		}
		return nil
	})
	return is, tx.c.explain(fault.Unreadable, "asking for the version of transactions", err)
}

// producer opens a transactional producer. That stops the process that used its id before, and aborts what that left open.
func (tx *transaction) producer(ctx context.Context, id string, limits map[string]int32) (producer, error) {
	opts := append(tx.c.producing(limits), kgo.TransactionalID(id), kgo.TransactionTimeout(tx.c.transaction), kgo.ConcurrentTransactionsBackoff(2*time.Millisecond),
		kgo.RequestRetries(10_000), kgo.RetryTimeout(tx.c.transaction))
	if !tx.implicit {
		opts = append(opts, kgo.MaxVersions(kversion.V3_7_0())) // later versions of the requests mean version 2 of transactions
	}
	client, err := tx.c.client(tx.t, opts...)
	if err != nil {
		return producer{}, err
	}
	err = tx.c.patient(ctx, tx.t, "opening a transactional producer", func(ctx context.Context) error {
		_, _, err := client.ProducerID(ctx)
		return err
	})
	if err != nil {
		client.Close()
		return producer{}, tx.c.explain(fault.Unwritable, "opening the transactional producer "+id, err)
	}
	return producer{id: id, client: client}, nil
}

// fence stops the readers of other layouts that committed positions of this reader's partitions.
func (tx *transaction) fence(ctx context.Context, mine layout, at marks) error {
	done := map[layout]bool{mine: true}
	for _, m := range at {
		l, ok := parseLayout(m.by)
		if !ok || done[l] {
			continue
		}
		done[l] = true
		slog.Info("kafka: stopping readers of an earlier layout", "transactional_ids", l.name, "readers", l.of)
		for reader := range l.of {
			for turn := range tx.turns {
				p, err := tx.producer(ctx, l.id(reader, turn), map[string]int32{"": 1_000_012})
				if err != nil {
					return err
				}
				p.client.Close()
			}
		}
	}
	return nil
}
