package monitor

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/stream"
)

func init() { beam.RegisterDoFn(&publishFn{}) }

// Publish writes summaries (PCollection<Summary>) to a sink of package stream, each as a message: a JSON object, its key the
// window's end and the model's digest, its timestamp the window's end. What a bundle wrote is acknowledged when the bundle
// ends; one that fails may write again what it wrote before, under the same message ids.
func Publish(s beam.Scope, run string, to stream.Endpoint, summaries beam.PCollection) {
	beam.ParDo0(s.Scope("glulam.PublishSummaries"), &publishFn{Run: run, To: to}, summaries)
}

type publishFn struct {
	Run string
	To  stream.Endpoint

	sink stream.Sink
}

// ProcessElement writes a summary.
func (f *publishFn) ProcessElement(ctx context.Context, s Summary) error {
	return fault.Wire(f.publish(ctx, s))
}

func (f *publishFn) publish(ctx context.Context, s Summary) error {
	value, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if f.sink == nil {
		if f.sink, err = stream.OpenSink(ctx, f.To, stream.ReaderID{Run: f.Run, Of: 1}, "summary"); err != nil {
			return err
		}
	}
	key := fmt.Sprintf("%s %s", s.End.Format("2006-01-02T15:04:05.999Z07:00"), s.Model)
	return f.sink.Write(ctx, []stream.Message{{
		Value: value, ID: fmt.Sprintf("summary:%s:%s %d", f.Run, key, s.Index),
		Envelope: block.Envelope{Key: []byte(key), Time: s.End.UnixMilli()},
	}})
}

// FinishBundle waits for the sink, and gives it back: there is no end of a DoFn that could be relied on.
func (f *publishFn) FinishBundle(ctx context.Context) error {
	if f.sink == nil {
		return nil
	}
	err := f.sink.Flush(ctx)
	if cerr := f.sink.Close(); err == nil {
		err = cerr
	}
	f.sink = nil
	return fault.Wire(err)
}
