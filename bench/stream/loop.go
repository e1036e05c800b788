package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/jsonl"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/transforms/stream"
)

// plainLoop is what somebody writes who needs no windows, no runner and no dead letters: poll, decode, score, encode,
// produce with the headers that glulam writes, wait for it, commit.
func plainLoop(args []string) error {
	if len(args) != 4 {
		return errors.New("loop ADDR IN OUT MODEL")
	}
	addr, in, out := args[0], args[1], args[2]
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	m, err := model.Load(ctx, args[3], model.Options{})
	if err != nil {
		return err
	}
	l, err := newLoop(m)
	if err != nil {
		return err
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.ConsumeTopics(in), kgo.ConsumerGroup("loop-"+in), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DefaultProduceTopic(out), kgo.ProducerLinger(0), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err != nil {
		return err
	}
	defer client.Close()
	digest, version := []byte(m.Digest()), []byte("loop")
	for ctx.Err() == nil {
		fetches := client.PollRecords(ctx, 2000)
		if ctx.Err() != nil {
			break
		}
		records := fetches.Records()
		if len(records) == 0 {
			continue
		}
		values, err := l.score(records)
		if err != nil {
			return err
		}
		var failed error
		now := time.Now()
		for i, r := range records {
			headers := append(r.Headers,
				kgo.RecordHeader{Key: stream.HeaderModel, Value: digest},
				kgo.RecordHeader{Key: stream.HeaderVersion, Value: version},
				kgo.RecordHeader{Key: stream.HeaderLatency, Value: strconv.AppendInt(nil, now.Sub(r.Timestamp).Milliseconds(), 10)},
				kgo.RecordHeader{Key: stream.HeaderOffset, Value: fmt.Appendf(nil, "kafka://%s/%d@%d", r.Topic, r.Partition, r.Offset)})
			client.Produce(ctx, &kgo.Record{Key: r.Key, Value: values[i], Headers: headers, Timestamp: r.Timestamp}, func(_ *kgo.Record, err error) {
				if err != nil {
					failed = err
				}
			})
		}
		if err := client.Flush(context.Background()); err != nil {
			return err
		}
		if failed != nil {
			return failed
		}
		if err := client.CommitRecords(context.Background(), records...); err != nil {
			return err
		}
	}
	return nil
}

// loop holds what is used again for every poll.
type loop struct {
	decoder format.Decoder
	model   *model.Model
	binding *model.Binding
	scores  model.Scores
	raws    [][]byte
	values  [][]byte
}

func newLoop(m *model.Model) (*loop, error) {
	inputs, err := m.Inputs(nil)
	if err != nil {
		return nil, err
	}
	columns := []format.Column{{Name: "id", Kind: format.Raw}}
	for _, in := range inputs {
		kind := format.Number
		if in.Text {
			kind = format.Text
		}
		columns = append(columns, format.Column{Name: in.Column, Kind: kind})
	}
	d, err := jsonl.NewDecoder(jsonl.Options{}, columns)
	if err != nil {
		return nil, err
	}
	return &loop{decoder: d, model: m, scores: model.Scores{Want: model.WantPrediction}}, nil
}

func (l *loop) score(records []*kgo.Record) ([][]byte, error) {
	l.raws = l.raws[:0]
	for _, r := range records {
		l.raws = append(l.raws, r.Value)
	}
	b, err := l.decoder.Decode(l.raws)
	if err != nil {
		return nil, err
	}
	if len(b.Rejected) > 0 {
		return nil, errors.New(b.Rejected[0].Message)
	}
	if l.binding == nil {
		if l.binding, err = l.model.Bind(b.Record.Schema(), nil); err != nil {
			return nil, err
		}
	}
	if err := l.binding.Score(b.Record, &l.scores); err != nil {
		return nil, err
	}
	ids := b.Record.Column(0).(*array.Binary)
	l.values = l.values[:0]
	for i, p := range l.scores.Prediction {
		v := append(append([]byte(`{"id":`), ids.Value(i)...), `,"prediction":`...)
		l.values = append(l.values, append(strconv.AppendFloat(v, p, 'g', -1, 64), '}'))
	}
	return l.values, nil
}
