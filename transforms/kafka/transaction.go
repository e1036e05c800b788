package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// transacted is a stream.Sink whose messages are part of the transaction.
type transacted struct {
	limit
	tx *transaction
}

// Write implements stream.Sink. The first one begins the transaction.
func (s *transacted) Write(ctx context.Context, messages []stream.Message) error {
	if len(messages) == 0 {
		return nil
	}
	p := &s.tx.turns[s.tx.turn]
	if !s.tx.open {
		if err := s.tx.begin(p); err != nil {
			return err
		}
	}
	return s.tx.write(ctx, p, s.topic, messages)
}

// Flush implements stream.Sink.
func (s *transacted) Flush(ctx context.Context) error {
	return s.tx.flush(ctx, s.tx.c, s.tx.turns[s.tx.turn].client)
}

// Close implements stream.Sink; the transaction's Close closes.
func (s *transacted) Close() error { return nil }

// Commit implements stream.Transaction. Nothing written is nothing to commit: the brokers know of no transaction then.
func (tx *transaction) Commit(ctx context.Context, at []stream.Position) error {
	if !tx.open {
		return nil
	}
	p := &tx.turns[tx.turn]
	if err := tx.flush(ctx, tx.c, p.client); err != nil {
		return err
	}
	if at = tx.reader.commits.changed(at); len(at) > 0 {
		if err := tx.positions(ctx, p, at); err != nil {
			return tx.c.explain(fault.Unwritable, "adding positions to the transaction", err)
		}
	}
	if err := tx.commit(ctx, p); err != nil {
		return err
	}
	tx.turn = 1 - tx.turn
	return nil
}

// begin begins a transaction.
func (tx *transaction) begin(p *producer) error {
	if err := p.client.BeginTransaction(); err != nil {
		return tx.c.explain(fault.Unwritable, "beginning a transaction", err)
	}
	tx.open = true
	return nil
}

// write writes messages in the open transaction.
func (tx *transaction) write(ctx context.Context, p *producer, topic string, messages []stream.Message) error {
	if !slices.Contains(p.topics, topic) {
		p.topics = append(p.topics, topic)
	}
	return tx.produce(ctx, tx.c, p.client, topic, messages)
}

// commit ends the open transaction, all messages of which are acknowledged.
func (tx *transaction) commit(ctx context.Context, p *producer) error {
	const doing = "committing the transaction"
	if err := p.knows(ctx); err != nil {
		return tx.c.explain(fault.Unwritable, doing, err)
	}
	pid, epoch, err := p.client.ProducerID(ctx)
	if err == nil {
		if err = p.client.EndTransaction(ctx, kgo.TryCommit); err != nil && passes(err) {
			slog.Warn("kafka: nobody says whether a transaction is committed; asking again", "transactional_id", p.id, "error", err)
			err = tx.confirm(ctx, p, pid, epoch)
		}
	}
	if err != nil {
		return tx.c.explain(fault.Unwritable, doing, err)
	}
	tx.open = false
	return nil
}

// knows waits until the client's table of partitions has the topics that were written to.
//
// The client looks there for what is in a transaction, and commits nothing, without an error, where it finds nothing. The first
// messages of a topic are on their way before its partitions are in the table (docs/upstream.md).
func (p *producer) knows(ctx context.Context) error {
	for _, topic := range p.topics {
		for {
			leader, _, err := p.client.PartitionLeader(topic, 0)
			if leader >= 0 || err != nil {
				break
			}
			if pause(ctx, 100*time.Microsecond); ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
	return nil
}

// confirm commits a transaction whose commit got no answer. The brokers take the same request again for the same commit, whether
// or not the first one reached them; the client does not ask again, so it is a new one that goes on.
func (tx *transaction) confirm(ctx context.Context, p *producer, pid int64, epoch int16) error {
	c := *tx.c
	c.patience = c.transaction
	err := c.patient(ctx, tx.t, "committing the transaction", func(ctx context.Context) error {
		req := kmsg.NewPtrEndTxnRequest()
		req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Commit = p.id, pid, epoch, true
		resp, err := req.RequestWith(ctx, p.client)
		if err != nil {
			return err
		}
		return kerr.ErrorForCode(resp.ErrorCode)
	})
	if err != nil {
		return err
	}
	tx.open = false
	p.client.Close()
	*p, err = tx.producer(ctx, p.id, tx.limits)
	return err
}

// positions adds positions to the transaction.
func (tx *transaction) positions(ctx context.Context, p *producer, at []stream.Position) error {
	c := *tx.c
	c.patience = c.transaction
	return c.patient(ctx, tx.t, "adding positions to the transaction", func(ctx context.Context) error {
		pid, epoch, err := p.client.ProducerID(ctx)
		if err != nil {
			return err
		}
		if !tx.implicit {
			req := kmsg.NewPtrAddOffsetsToTxnRequest()
			req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Group = p.id, pid, epoch, tx.reader.group.name
			resp, err := req.RequestWith(ctx, p.client)
			if err == nil {
				err = kerr.ErrorForCode(resp.ErrorCode)
			}
			if err != nil {
				return err
			}
		}
		req := kmsg.NewPtrTxnOffsetCommitRequest()
		req.TransactionalID, req.Group, req.ProducerID, req.ProducerEpoch, req.Generation = p.id, tx.reader.group.name, pid, epoch, -1
		for _, t := range tx.reader.group.topics(at) {
			rt := kmsg.NewTxnOffsetCommitRequestTopic()
			rt.Topic, rt.TopicID = t.Topic, t.TopicID
			for _, tp := range t.Partitions {
				rp := kmsg.NewTxnOffsetCommitRequestTopicPartition()
				rp.Partition, rp.Offset, rp.LeaderEpoch, rp.Metadata = tp.Partition, tp.Offset, -1, tp.Metadata
				rt.Partitions = append(rt.Partitions, rp)
			}
			req.Topics = append(req.Topics, rt)
		}
		resp, err := req.RequestWith(ctx, p.client)
		if err != nil {
			return err
		}
		answered := 0
		for _, t := range resp.Topics {
			for _, rp := range t.Partitions {
				answered++
				if err := kerr.ErrorForCode(rp.ErrorCode); err != nil {
					return fmt.Errorf("partition %d of %s: %w", rp.Partition, tx.reader.group.topic(t.Topic, t.TopicID), err)
				}
			}
		}
		if answered != len(at) {
			return fmt.Errorf("the broker answered for %d of %d partitions", answered, len(at))
		}
		return nil
	})
}

// abortWithin is how long Close tries to abort an open transaction: one that stays open holds its readers up until a process
// of the same run opens its producers, or transaction.timeout.ms is over.
const abortWithin = 2 * time.Second

// Close implements stream.Transaction. What is not committed is aborted.
func (tx *transaction) Close() error {
	if tx.open {
		ctx, cancel := context.WithTimeout(context.Background(), abortWithin)
		client := tx.turns[tx.turn].client
		if err := errors.Join(client.AbortBufferedRecords(ctx), client.EndTransaction(ctx, kgo.TryAbort)); err != nil && !isFenced(err) {
			slog.Warn("kafka: a transaction is left open", "transactional_id", tx.turns[tx.turn].id, "error", err)
		}
		cancel()
		tx.open = false
	}
	for _, p := range tx.turns {
		if p.client != nil {
			p.client.Close()
		}
	}
	return tx.reader.Close()
}
