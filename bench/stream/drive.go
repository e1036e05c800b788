package main

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/glulam/glulam/transforms/stream"
)

// driver sends messages at a rate and takes the time until their outputs are seen.
type driver struct {
	addr, in, out string
	parts         int
	isolated      bool
	message       func(i int64) []byte
	rate          int
	warm, counted time.Duration
	edge          func() error // called when counting begins and ends
}

// driven is what it saw.
type driven struct {
	latency stream.Snapshot
	parts   []stream.Snapshot // by the partition that a message was sent to
	sent    int64             // within the time that counts
}

// slowest is the p99 of the partition with the largest one.
func (d *driven) slowest() (t time.Duration) {
	for i := range d.parts {
		t = max(t, d.parts[i].Quantile(.99))
	}
	return t
}

// partHeader says which partition a message was sent to.
const partHeader = "bench-partition"

func (d *driver) drive(ctx context.Context) (out driven, err error) {
	consumer, err := consume(d.addr, d.out, d.isolated, time.Now())
	if err != nil {
		return out, err
	}
	defer consumer.Close()
	producer, err := produce(d.addr, d.in)
	if err != nil {
		return out, err
	}
	defer producer.Close()
	start := time.Now()
	from, to := start.Add(d.warm), start.Add(d.warm+d.counted)
	var all stream.Histogram
	parts := make([]stream.Histogram, d.parts)
	var seen atomic.Int64
	cctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var done sync.WaitGroup
	done.Go(func() {
		for cctx.Err() == nil {
			fetches := consumer.PollFetches(cctx)
			now := time.Now()
			fetches.EachRecord(func(r *kgo.Record) {
				seen.Add(1)
				if r.Timestamp.Before(from) || !r.Timestamp.Before(to) {
					return
				}
				all.Add(now.Sub(r.Timestamp))
				if p := partOf(r); p < len(parts) {
					parts[p].Add(now.Sub(r.Timestamp))
				}
			})
		}
	})
	n, err := d.send(ctx, producer, start, from, to, &out)
	if err != nil {
		return out, err
	}
	for wait := time.Now().Add(10 * time.Second); seen.Load() < n && time.Now().Before(wait) && ctx.Err() == nil; {
		time.Sleep(10 * time.Millisecond)
	}
	cancel()
	done.Wait()
	if s := seen.Load(); s < n {
		return out, fmt.Errorf("%d of %d outputs were seen ten seconds after the last message", s, n)
	}
	out.latency = all.Snapshot()
	for i := range parts {
		out.parts = append(out.parts, parts[i].Snapshot())
	}
	return out, nil
}

// send sends until to, however long the answers take.
func (d *driver) send(ctx context.Context, producer *kgo.Client, start, from, to time.Time, out *driven) (n int64, err error) {
	var failed atomic.Pointer[error]
	tick := time.NewTicker(500 * time.Microsecond)
	defer tick.Stop()
	counting := false
	for now := start; now.Before(to) && ctx.Err() == nil; now = <-tick.C {
		if !counting && !now.Before(from) {
			counting = true
			if err := d.edge(); err != nil {
				return n, err
			}
		}
		for due := int64(now.Sub(start).Seconds() * float64(d.rate)); n < due; n++ {
			at := time.Now()
			if !at.Before(from) && at.Before(to) {
				out.sent++
			}
			producer.Produce(ctx, numbered(d.message, n, d.parts, at), func(_ *kgo.Record, err error) {
				if err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			})
		}
	}
	if err := d.edge(); err != nil {
		return n, err
	}
	if err := producer.Flush(ctx); err != nil {
		return n, err
	}
	if e := failed.Load(); e != nil {
		return n, *e
	}
	return n, nil
}

// fill puts n messages into a topic.
func fill(ctx context.Context, addr, in string, parts int, message func(int64) []byte, n int64) error {
	producer, err := produce(addr, in)
	if err != nil {
		return err
	}
	defer producer.Close()
	var failed atomic.Pointer[error]
	for i := range n {
		producer.Produce(ctx, numbered(message, i, parts, time.Now()), func(_ *kgo.Record, err error) {
			if err != nil {
				failed.CompareAndSwap(nil, &err)
			}
		})
	}
	if err := producer.Flush(ctx); err != nil {
		return err
	}
	if e := failed.Load(); e != nil {
		return *e
	}
	return nil
}

// empty waits for n outputs. It counts, and takes the time of, those that come after the first skip.
func empty(ctx context.Context, addr, out string, isolated bool, skip, n int64, edge func() error) (counted int64, took time.Duration, err error) {
	consumer, err := consume(addr, out, isolated, time.UnixMilli(0))
	if err != nil {
		return 0, 0, err
	}
	defer consumer.Close()
	var begin time.Time
	for seen := int64(0); seen < n; {
		pctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		got := int64(consumer.PollFetches(pctx).NumRecords())
		cancel()
		if got == 0 {
			return 0, 0, fmt.Errorf("%d of %d outputs were seen, and no more came for half a minute", seen, n)
		}
		if seen += got; begin.IsZero() && seen >= skip {
			begin, counted = time.Now(), n-seen
			if err := edge(); err != nil {
				return 0, 0, err
			}
		}
	}
	took = time.Since(begin)
	return counted, took, edge()
}

func consume(addr, topic string, isolated bool, since time.Time) (*kgo.Client, error) {
	opts := []kgo.Opt{kgo.SeedBrokers(addr), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AfterMilli(since.UnixMilli())), kgo.FetchMaxWait(500 * time.Millisecond), kgo.FetchMinBytes(1)}
	if isolated {
		opts = append(opts, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	}
	return kgo.NewClient(opts...)
}

func produce(addr, topic string) (*kgo.Client, error) {
	return kgo.NewClient(kgo.SeedBrokers(addr), kgo.DefaultProduceTopic(topic), kgo.ProducerLinger(0), kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MaxBufferedRecords(100_000))
}

// numbered is message i, sent to the partitions in turn, some at a time.
func numbered(message func(int64) []byte, i int64, parts int, at time.Time) *kgo.Record {
	p := int32(i / 8 % int64(parts))
	return &kgo.Record{Value: message(i), Timestamp: at, Partition: p, Headers: []kgo.RecordHeader{{Key: partHeader, Value: strconv.AppendInt(nil, int64(p), 10)}}}
}

func partOf(r *kgo.Record) int {
	for _, h := range r.Headers {
		if h.Key == partHeader {
			if p, err := strconv.Atoi(string(h.Value)); err == nil {
				return p
			}
		}
	}
	return 0
}

// number gives the rows over and over, each with the number of the message as its id.
func number(rows [][]byte) func(i int64) []byte {
	type cut struct{ head, tail []byte }
	cuts := make([]cut, len(rows))
	for i, r := range rows {
		head, rest, _ := bytes.Cut(r, []byte(`"id":`))
		_, tail, _ := bytes.Cut(rest, []byte(","))
		cuts[i] = cut{append(head[:len(head):len(head)], `"id":`...), append([]byte(","), tail...)}
	}
	return func(i int64) []byte {
		c := cuts[i%int64(len(cuts))]
		out := make([]byte, 0, len(c.head)+len(c.tail)+20)
		out = strconv.AppendInt(append(out, c.head...), i, 10)
		return append(out, c.tail...)
	}
}
