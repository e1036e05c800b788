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

// drive sends rows at a rate and takes the time until their outputs are seen. The first warm-up does not count.
func drive(ctx context.Context, addr, in, out string, isolated bool, rows [][]byte, rate int, warm, counted time.Duration) (latency stream.Snapshot, sent, seen int64, err error) {
	opts := []kgo.Opt{kgo.SeedBrokers(addr), kgo.ConsumeTopics(out), kgo.FetchMaxWait(500 * time.Millisecond), kgo.FetchMinBytes(1)}
	if isolated {
		opts = append(opts, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	}
	consumer, err := kgo.NewClient(opts...)
	if err != nil {
		return latency, 0, 0, err
	}
	defer consumer.Close()
	producer, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.DefaultProduceTopic(in), kgo.ProducerLinger(0), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err != nil {
		return latency, 0, 0, err
	}
	defer producer.Close()
	messages := number(rows)
	start := time.Now()
	from, to := start.Add(warm), start.Add(warm+counted)
	var h stream.Histogram
	var seenAll atomic.Int64
	cctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var done sync.WaitGroup
	done.Go(func() {
		for cctx.Err() == nil {
			fetches := consumer.PollFetches(cctx)
			now := time.Now()
			fetches.EachRecord(func(r *kgo.Record) {
				seenAll.Add(1)
				if r.Timestamp.Before(from) || !r.Timestamp.Before(to) {
					return
				}
				h.Add(now.Sub(r.Timestamp))
			})
		}
	})
	var all int64
	var failed atomic.Pointer[error]
	tick := time.NewTicker(500 * time.Microsecond)
	defer tick.Stop()
	for now := start; now.Before(to) && ctx.Err() == nil; now = <-tick.C {
		for due := int64(now.Sub(start).Seconds() * float64(rate)); all < due; all++ {
			at := time.Now()
			if at.After(from) && at.Before(to) {
				sent++
			}
			producer.Produce(ctx, &kgo.Record{Value: messages(all), Timestamp: at}, func(_ *kgo.Record, err error) {
				if err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			})
		}
	}
	if err := producer.Flush(ctx); err != nil {
		return latency, 0, 0, err
	}
	for wait := time.Now().Add(10 * time.Second); seenAll.Load() < all && time.Now().Before(wait); {
		time.Sleep(10 * time.Millisecond)
	}
	cancel()
	done.Wait()
	if e := failed.Load(); e != nil {
		return latency, 0, 0, *e
	}
	if n := seenAll.Load(); n < all {
		return latency, 0, 0, fmt.Errorf("%d of %d outputs were seen", n, all)
	}
	return h.Snapshot(), sent, all, nil
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
