package kafka

import (
	"context"
	"testing"

	"github.com/glulam/glulam/transforms/stream"
	"github.com/glulam/glulam/transforms/stream/streamtest"
)

func TestSource(t *testing.T) {
	each(t, func(t *testing.T, k *cluster) {
		streamtest.Source(t, streamtest.SourceSetup{Partitions: 3, Envelopes: true, Tombstones: true, Resumes: true, Named: true, New: func(t *testing.T) streamtest.Topic {
			topic, id := k.topic(t, name("in"), 3), run()
			return streamtest.Topic{
				Put: func(t *testing.T, partition int32, messages ...stream.Message) {
					k.put(t, topic, partition, messages...)
				},
				Open: func(t *testing.T) stream.Source {
					r, err := openSource(t.Context(), k.url(topic, "fetch.max.wait.ms", "50"), id)
					if err != nil {
						t.Fatal(err)
					}
					return r
				},
			}
		}})
	})
}

func TestSink(t *testing.T) {
	each(t, func(t *testing.T, k *cluster) {
		streamtest.Sink(t, streamtest.SinkSetup{Envelopes: true, Tombstones: true, New: func(t *testing.T) streamtest.Output {
			topic := k.topic(t, name("out"), 2)
			return streamtest.Output{
				Open: func(t *testing.T) stream.Sink {
					w, err := openSink(t.Context(), k.url(topic, "buffer.memory", "2000000"), run(), "to")
					if err != nil {
						t.Fatal(err)
					}
					return w
				},
				Read: func(t *testing.T, n int) []stream.Message { return k.read(t, topic, n) },
			}
		}})
	})
}

// TestTransactedSink holds that a sink of a transaction is a sink like any other.
func TestTransactedSink(t *testing.T) {
	each(t, func(t *testing.T, k *cluster) {
		in := k.topic(t, name("in"), 1)
		streamtest.Sink(t, streamtest.SinkSetup{Envelopes: true, Tombstones: true, New: func(t *testing.T) streamtest.Output {
			to, rejected := k.topic(t, name("out"), 2), k.topic(t, name("rejected"), 1)
			return streamtest.Output{
				Open: func(t *testing.T) stream.Sink {
					x, err := exactlyOnce(t.Context(), k.url(in), k.url(to), k.url(rejected), run())
					if err != nil {
						t.Fatal(err)
					}
					return &committing{x.To.(*transacted), x}
				},
				Read: func(t *testing.T, n int) []stream.Message { return k.read(t, to, n) },
			}
		}})
	})
}

// committing is a sink of a transaction that is committed when it is flushed.
type committing struct {
	*transacted
	x stream.Exactly
}

func (c *committing) Flush(ctx context.Context) error {
	if err := c.transacted.Flush(ctx); err != nil {
		return err
	}
	return c.x.Transaction.Commit(ctx, nil)
}

func (c *committing) Close() error { return c.x.Transaction.Close() }
