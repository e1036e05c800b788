package demo

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/glulam/glulam/transforms/stream"
)

// watch begins to look at what comes out.
func (d *Demo) watch(ctx context.Context) error {
	c, err := d.js.CreateConsumer(ctx, streamOut, jetstream.ConsumerConfig{
		Durable: "watch", AckPolicy: jetstream.AckAllPolicy, AckWait: 24 * time.Hour, MaxAckPending: 4 * MaxOpen, DeliverPolicy: jetstream.DeliverAllPolicy,
	})
	if err != nil {
		return broken(err)
	}
	it, err := c.Messages(jetstream.PullMaxMessages(5000))
	if err != nil {
		return broken(err)
	}
	ctx, d.end = context.WithCancel(context.Background())
	d.eyes.Go(func() {
		defer it.Stop()
		if err := d.look(ctx, it); ctx.Err() == nil {
			d.ledger.fail(broken(err))
		}
	})
	return nil
}

// ackEach is after how many outputs the server may forget them.
const ackEach = 200

// look notes every output until ctx ends or something else does not let it; it gives why.
func (d *Demo) look(ctx context.Context, it jetstream.MessagesContext) error {
	var last uint64
	for n := 1; ; n++ {
		msg, err := it.Next(jetstream.NextContext(ctx))
		if errors.Is(err, jetstream.ErrNoHeartbeat) { // the machine was asleep
			continue
		}
		if err != nil {
			return err
		}
		seen := time.Now()
		meta, err := msg.Metadata()
		if err != nil {
			return err
		}
		if meta.Sequence.Stream <= last { // sent again by the server, not written again by the pipeline
			continue
		}
		last = meta.Sequence.Stream
		d.ledger.sees(read(msg, seen))
		if n%ackEach == 0 {
			if err := msg.Ack(); err != nil {
				return err
			}
		}
	}
}

// read takes an output apart.
func read(msg jetstream.Msg, seen time.Time) *output {
	h := msg.Headers()
	o := &output{
		key: h.Get("glulam-key"), digest: h.Get(stream.HeaderModel), code: h.Get(stream.HeaderCode),
		rejected: msg.Subject() == subjectBad, prediction: math.NaN(), seen: seen,
	}
	var row struct {
		Prediction *float64 `json:"prediction"`
	}
	if err := json.Unmarshal(msg.Data(), &row); err == nil && row.Prediction != nil {
		o.prediction = *row.Prediction
	}
	return o
}
