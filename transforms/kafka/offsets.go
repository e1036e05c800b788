package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// mark is a committed position with what the committer wrote beside it.
type mark struct {
	next int64
	by   string
}

// marks are those of partitions.
type marks map[stream.Partition]mark

// group reads and commits the positions of a consumer group without being a member of one.
type group struct {
	c      *config
	client *kgo.Client
	name   string
	t      *troubles
	// by is written beside every position; "": nothing.
	by  string
	ids map[string]kadm.TopicID // of the topics
}

// openTransaction is how long a position may be part of a transaction that another process left open: longer than brokers
// usually let one be.
const openTransaction = 90 * time.Second

// committed gives what is committed of partitions. stable waits until transactions with positions of them have ended.
func (g *group) committed(ctx context.Context, parts []stream.Partition, stable bool) (marks, error) {
	var out marks
	if len(parts) == 0 {
		return out, nil
	}
	c := *g.c
	if stable {
		c.patience = max(c.patience, openTransaction)
	}
	err := c.patient(ctx, g.t, "reading committed positions", func(ctx context.Context) (err error) {
		out, err = g.fetch(ctx, parts, stable)
		return err
	})
	return out, g.c.explain(fault.Unreadable, "reading the positions that the group "+g.name+" has committed", err)
}

// fetch asks once, for these partitions alone: those of other readers may be in transactions all the time.
func (g *group) fetch(ctx context.Context, parts []stream.Partition, stable bool) (marks, error) {
	of := kmsg.NewOffsetFetchRequestGroup()
	of.Group = g.name
	for _, topic := range topicsOf(parts) {
		t := kmsg.NewOffsetFetchRequestGroupTopic()
		t.Topic, t.TopicID = topic, g.ids[topic]
		for _, p := range parts {
			if p.Topic == topic {
				t.Partitions = append(t.Partitions, p.ID)
			}
		}
		of.Topics = append(of.Topics, t)
	}
	req := kmsg.NewPtrOffsetFetchRequest()
	req.Groups, req.RequireStable = append(req.Groups, of), stable
	resp, err := req.RequestWith(ctx, g.client)
	if err != nil {
		return nil, err
	}
	out, answered := marks{}, 0
	for _, of := range resp.Groups {
		if err := kerr.ErrorForCode(of.ErrorCode); err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
			return nil, err
		} else if err != nil {
			return out, nil
		}
		for _, t := range of.Topics {
			for _, p := range t.Partitions {
				answered++
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					return nil, fmt.Errorf("partition %d of %s: %w", p.Partition, g.topic(t.Topic, t.TopicID), err)
				}
				if p.Offset < 0 {
					continue
				}
				m := mark{next: p.Offset}
				if p.Metadata != nil {
					m.by = *p.Metadata
				}
				out[stream.Partition{Topic: g.topic(t.Topic, t.TopicID), ID: p.Partition}] = m
			}
		}
	}
	if answered != len(parts) {
		return nil, fmt.Errorf("the broker answered for %d of %d partitions", answered, len(parts))
	}
	return out, nil
}

// topics makes the topics of a request that commits positions.
func (g *group) topics(at []stream.Position) []kmsg.OffsetCommitRequestTopic {
	index := map[string]int{}
	var out []kmsg.OffsetCommitRequestTopic
	for _, p := range at {
		i, ok := index[p.Topic]
		if !ok {
			i = len(out)
			index[p.Topic] = i
			t := kmsg.NewOffsetCommitRequestTopic()
			t.Topic, t.TopicID = p.Topic, g.ids[p.Topic]
			out = append(out, t)
		}
		rp := kmsg.NewOffsetCommitRequestTopicPartition()
		rp.Partition, rp.Offset, rp.LeaderEpoch = p.ID, p.Next, -1
		if g.by != "" {
			rp.Metadata = kmsg.StringPtr(g.by)
		}
		out[i].Partitions = append(out[i].Partitions, rp)
	}
	return out
}

// commit asks once.
func (g *group) commit(ctx context.Context, at []stream.Position) error {
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group, req.Generation, req.Topics = g.name, -1, g.topics(at)
	resp, err := req.RequestWith(ctx, g.client)
	if err != nil {
		return err
	}
	answered := 0
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			answered++
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return fmt.Errorf("partition %d of %s: %w", p.Partition, g.topic(t.Topic, t.TopicID), err)
			}
		}
	}
	if answered != len(at) {
		return fmt.Errorf("the broker answered for %d of %d partitions", answered, len(at))
	}
	return nil
}

// topic is the name that an answer means: later versions have ids only.
func (g *group) topic(name string, id [16]byte) string {
	if name != "" {
		return name
	}
	for n, i := range g.ids {
		if i == id {
			return n
		}
	}
	return "a topic"
}

// bounds are the first and the last offset of a partition's log; last is that of the next message.
type bounds struct{ first, last int64 }

// logs gives the bounds of the topics' partitions.
func (c *config) logs(ctx context.Context, adm *kadm.Client, t *troubles, topics []string) (map[stream.Partition]bounds, error) {
	out := map[stream.Partition]bounds{}
	first, err := c.list(ctx, t, func(ctx context.Context) (kadm.ListedOffsets, error) { return adm.ListStartOffsets(ctx, topics...) })
	if err != nil {
		return nil, err
	}
	last, err := c.list(ctx, t, func(ctx context.Context) (kadm.ListedOffsets, error) { return adm.ListEndOffsets(ctx, topics...) })
	for p, at := range first {
		out[p] = bounds{at, last[p]}
	}
	return out, err
}

// list waits until all partitions have answered.
func (c *config) list(ctx context.Context, t *troubles, ask func(context.Context) (kadm.ListedOffsets, error)) (map[stream.Partition]int64, error) {
	out := map[stream.Partition]int64{}
	err := c.patient(ctx, t, "asking where partitions begin and end", func(ctx context.Context) error {
		all, err := ask(ctx)
		if err == nil {
			err = all.Error()
		}
		all.Each(func(o kadm.ListedOffset) { out[stream.Partition{Topic: o.Topic, ID: o.Partition}] = o.Offset })
		return err
	})
	return out, c.explain(fault.Unreadable, "asking where partitions begin and end", err)
}

// starts gives where partitions without a committed position start, by the option start.
func (c *config) starts(ctx context.Context, adm *kadm.Client, t *troubles, topics []string) (map[stream.Partition]int64, error) {
	return c.list(ctx, t, func(ctx context.Context) (kadm.ListedOffsets, error) {
		switch {
		case c.start.timed:
			return adm.ListOffsetsAfterMilli(ctx, c.start.after, topics...)
		case c.start.latest && c.isolation == "read_committed":
			return adm.ListCommittedOffsets(ctx, topics...)
		case c.start.latest:
			return adm.ListEndOffsets(ctx, topics...)
		}
		return adm.ListStartOffsets(ctx, topics...)
	})
}
