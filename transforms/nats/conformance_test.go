package nats

import (
	"fmt"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/glulam/glulam/transforms/nats/natstest"
	"github.com/glulam/glulam/transforms/stream"
	"github.com/glulam/glulam/transforms/stream/streamtest"
)

func TestSource(t *testing.T) {
	h := serve(t, natstest.Options{})
	conforms := func(t *testing.T, filters string, partitions int32, retention jetstream.RetentionPolicy) {
		streamtest.Source(t, streamtest.SourceSetup{Partitions: partitions, Envelopes: true, Tombstones: true, Resumes: true, Named: true, New: func(t *testing.T) streamtest.Topic {
			in, id := h.stream(t, name("in"), func(c *jetstream.StreamConfig) { c.Retention = retention }), run()
			e := h.url(in)
			if filters != "" {
				e.Options["subjects"] = fmt.Sprintf(filters, in, in, in)
			}
			return streamtest.Topic{
				Put: func(t *testing.T, partition int32, messages ...stream.Message) {
					h.put(t, fmt.Sprintf("%s.p%d.x", in, partition), messages...)
				},
				Open: func(t *testing.T) stream.Source {
					r, err := openSource(t.Context(), e, id)
					if err != nil {
						t.Fatal(err)
					}
					return r
				},
			}
		}})
	}
	t.Run("whole stream", func(t *testing.T) { conforms(t, "", 1, jetstream.LimitsPolicy) })
	t.Run("three subjects", func(t *testing.T) { conforms(t, "%s.p0.>,%s.p1.*,%s.p2.x", 3, jetstream.LimitsPolicy) })
	t.Run("work queue", func(t *testing.T) { conforms(t, "", 1, jetstream.WorkQueuePolicy) })
}

func TestSink(t *testing.T) {
	h := serve(t, natstest.Options{})
	streamtest.Sink(t, streamtest.SinkSetup{Envelopes: true, Tombstones: true, New: func(t *testing.T) streamtest.Output {
		out := h.stream(t, name("out"))
		return streamtest.Output{
			Open: func(t *testing.T) stream.Sink {
				w, err := openSink(t.Context(), h.url(out+".scored", "max-pending", "500"), run(), "to")
				if err != nil {
					t.Fatal(err)
				}
				return w
			},
			Read: func(t *testing.T, n int) []stream.Message { return h.read(t, out, n) },
		}
	}})
}
