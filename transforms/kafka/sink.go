package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// writer is a stream.Sink of one topic.
type writer struct {
	c      *config
	client *kgo.Client
	outcome
	limit
}

// openWriter makes a sink after it looked whether there is its topic.
func openWriter(ctx context.Context, c *config, id stream.ReaderID) (*writer, error) {
	t := newTroubles(id, c.name)
	admin, err := c.client(t, asking)
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	most, err := c.target(ctx, kadm.NewClient(admin), t)
	if err != nil {
		return nil, err
	}
	client, err := c.client(t, c.producing(map[string]int32{c.topics[0]: most})...)
	if err != nil {
		return nil, err
	}
	return &writer{c: c, client: client, outcome: outcome{t: t}, limit: limit{c.topics[0], int(most)}}, nil
}

// target looks whether there is the topic of a sink, and gives the size of the largest message that it takes.
func (c *config) target(ctx context.Context, adm *kadm.Client, t *troubles) (int32, error) {
	var topics kadm.TopicDetails
	err := c.patient(ctx, t, "looking for the topic", func(ctx context.Context) (err error) {
		topics, err = c.find(ctx, adm)
		return err
	})
	if err != nil {
		return 0, c.explain(fault.Unwritable, "looking for the topic", err)
	}
	if err := c.mustBe(ctx, adm, topics, "create it: none is created by itself"); err != nil {
		return 0, err
	}
	c.id = topics[c.topics[0]].ID
	most := int32(1_000_012)                                                // what brokers took at all times
	if all, err := adm.DescribeTopicConfigs(ctx, c.topics[0]); err == nil { // without the ACL DescribeConfigs we do not know
		if rc, err := all.On(c.topics[0], nil); err == nil {
			for _, kv := range rc.Configs {
				if n, err := strconv.ParseInt(kv.MaybeValue(), 10, 32); kv.Key == "max.message.bytes" && err == nil {
					most = int32(min(max(n, 512), maxLimit))
				}
			}
		}
	}
	if c.maxRequest > 0 {
		most = min(most, c.maxRequest)
	}
	return min(most, c.buffer), nil
}

// producing are the options of a client that produces to topics with limits.
func (c *config) producing(limits map[string]int32) []kgo.Opt {
	largest := int32(0)
	for _, n := range limits {
		largest = max(largest, n)
	}
	opts := []kgo.Opt{
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)), kgo.ProducerLinger(c.linger), kgo.ProducerBatchCompression(c.compression), kgo.RequiredAcks(c.acks),
		kgo.UnknownTopicRetries(10), kgo.MaxBufferedBytes(int(c.buffer)), kgo.MaxBufferedRecords(50_000),
		kgo.ProducerBatchMaxBytesFn(func(topic string) int32 {
			if n, ok := limits[topic]; ok {
				return n
			}
			return largest
		}),
		kgo.BrokerMaxWriteBytes(max(100<<20, largest+1<<20)), kgo.AlwaysRetryEOF(),
	}
	if c.acks != kgo.AllISRAcks() {
		opts = append(opts, kgo.DisableIdempotentWrite())
	}
	return opts
}

// limit knows what a topic takes.
type limit struct {
	topic string
	most  int // bytes of a batch
}

// batchHead is what stands before the records of a batch.
const batchHead = 65

// TooLarge implements stream.Limited: a message has to fit into a batch by itself, before it is compressed.
func (l *limit) TooLarge(m *stream.Message) error {
	n := 3 + lengthSize(len(m.Key)) + len(m.Key) + lengthSize(len(m.Value)) + len(m.Value) + lengthSize(len(m.Headers))
	for i := range m.Headers {
		h := &m.Headers[i]
		n += lengthSize(len(h.Key)) + len(h.Key) + lengthSize(len(h.Value)) + len(h.Value)
	}
	if n += lengthSize(n) + batchHead; n > l.most {
		return fmt.Errorf("it has %d bytes, %s takes %d", n, l.topic, l.most)
	}
	return nil
}

// lengthSize is the size of a length as Kafka writes it: zigzag, seven bits a byte.
func lengthSize(n int) int { return (bits.Len64(uint64(n)<<1|1) + 6) / 7 }

// recordsOf makes the records of messages. Their bytes are shared.
func recordsOf(topic string, messages []stream.Message) []kgo.Record {
	records, all := make([]kgo.Record, len(messages)), 0
	for i := range messages {
		all += len(messages[i].Headers)
	}
	headers := make([]kgo.RecordHeader, 0, all)
	for i := range messages {
		m, r := &messages[i], &records[i]
		r.Topic, r.Key, r.Value = topic, m.Key, m.Value
		if m.Time > 0 { // else it gets the time of now
			r.Timestamp = time.UnixMilli(m.Time)
		}
		if len(m.Headers) > 0 {
			from := len(headers)
			for _, h := range m.Headers {
				headers = append(headers, kgo.RecordHeader(h))
			}
			r.Headers = headers[from:len(headers):len(headers)]
		}
	}
	return records
}

// outcome is what became of the messages that were produced: the first error. Safe for concurrent use.
type outcome struct {
	t      *troubles
	failed atomic.Pointer[error]
}

func (o *outcome) promise(_ *kgo.Record, err error) {
	if err != nil {
		o.failed.CompareAndSwap(nil, &err)
	}
}

func (o *outcome) err() error {
	if e := o.failed.Load(); e != nil {
		return *e
	}
	return nil
}

// errUndelivered says that delivery.timeout.ms is over. The client's own limit counts from a record's timestamp, which is the
// input's: it would give up outputs of old messages at once.
var errUndelivered = errors.New("no broker acknowledged messages within delivery.timeout.ms")

// produce hands messages to a client. It waits while the client holds more than buffer.memory. The end of ctx ends that; once it
// has returned, messages are on their way, whatever becomes of ctx.
func (o *outcome) produce(ctx context.Context, c *config, client *kgo.Client, topic string, messages []stream.Message) error {
	records := recordsOf(topic, messages)
	waiting, cancel := context.WithCancelCause(context.Background())
	stop := context.AfterFunc(ctx, func() { cancel(ctx.Err()) })
	defer stop()
	late := time.AfterFunc(c.delivery, func() { cancel(errUndelivered) })
	defer late.Stop()
	defer context.AfterFunc(o.t.refused, func() { cancel(context.Cause(o.t.refused)) })()
	for i := range records {
		client.Produce(waiting, &records[i], o.promise)
	}
	if err := context.Cause(waiting); err != nil {
		return c.unwritten(err)
	}
	return c.unwritten(o.err())
}

// flush waits until everything that was produced is acknowledged.
func (o *outcome) flush(ctx context.Context, c *config, client *kgo.Client) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	late := time.AfterFunc(c.delivery, func() { cancel(errUndelivered) })
	defer late.Stop()
	defer context.AfterFunc(o.t.refused, func() { cancel(context.Cause(o.t.refused)) })()
	if err := client.Flush(ctx); err != nil {
		return c.unwritten(cmp.Or(context.Cause(ctx), err))
	}
	return c.unwritten(o.err())
}

// Write implements stream.Sink.
func (w *writer) Write(ctx context.Context, messages []stream.Message) error {
	return w.produce(ctx, w.c, w.client, w.topic, messages)
}

// Flush implements stream.Sink.
func (w *writer) Flush(ctx context.Context) error { return w.flush(ctx, w.c, w.client) }

// unwritten is the error of a message that was not written.
func (c *config) unwritten(err error) error {
	if isUnknown(err) {
		return fault.New(fault.NotFound, c.name, "the topic was deleted: %w", err)
	}
	return c.explain(fault.Unwritable, "writing messages", err)
}

// Close implements stream.Sink.
func (w *writer) Close() error {
	w.client.Close()
	return nil
}
