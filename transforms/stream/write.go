package stream

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/transforms/block"
)

func init() {
	beam.RegisterDoFn(&writeFn{})
	beam.RegisterDoFn(&rejectFn{})
	register.DoFn1x0[int64](&endFn{})
	register.Emitter1[int64]()
}

// WriteOptions say how rows become messages.
type WriteOptions struct {
	Links  Links
	Values Values
	// Version is put into a header of each message.
	Version string
}

// Headers of messages that glulam writes. Those of the message that a row came in go first.
const (
	HeaderModel   = "glulam-model"   // digest of the model that scored the row
	HeaderVersion = "glulam-version" // of the pipeline
	HeaderLatency = "glulam-latency" // milliseconds from the message's timestamp to its being written
	HeaderOffset  = "glulam-source"  // partition and offset that the row came from: "kafka://flights/3@17"
	HeaderCode    = "glulam-code"    // why a row was rejected
	HeaderReplay  = "glulam-replay"  // of a dead letter that was sent again: what HeaderOffset says of its row, whoever scores it
)

// Write writes scored blocks (PCollection<block.Block>) and dead letters (PCollections<block.Rejected>) of Read's readers to
// the links' sinks.
func Write(s beam.Scope, o WriteOptions, scored beam.PCollection, rejected ...beam.PCollection) {
	s = s.Scope("glulam.stream.Write")
	ends := []beam.PCollection{beam.ParDo(s, &writeFn{Options: o}, scored)}
	for _, r := range rejected {
		ends = append(ends, beam.ParDo(s, &rejectFn{Options: o}, r))
	}
	// These outputs are never written to. They are there because prism spins a whole core for as long as a bundle of a stage
	// without outputs runs.
	beam.ParDo0(s, &endFn{}, beam.Reshuffle(s, beam.Flatten(s, ends...)))
}

// endFn ends outputs that nothing comes out of.
type endFn struct{}

// ProcessElement is never called.
func (*endFn) ProcessElement(int64) {}

// writeFn writes blocks.
type writeFn struct {
	Options WriteOptions

	schema   *arrow.Schema
	encoder  format.Encoder
	messages []Message
	ends     []int
	refused  []refusal
	headers  headers
	written  beam.Counter
}

// Setup makes the counter.
func (f *writeFn) Setup() { f.written = beam.NewCounter("glulam", counterWritten) }

// ProcessElement hands a block's rows to the session of its reader.
func (f *writeFn) ProcessElement(ctx context.Context, b block.Block, _ func(int64)) error {
	s, err := find(f.Options.Links.Run, b.Origin.Unit, orDefault(f.Options.Links.Readers, 1))
	if err == nil {
		err = f.write(ctx, s, &b)
	}
	return fault.Wire(err)
}

func (f *writeFn) write(ctx context.Context, s *session, b *block.Block) error {
	if _, first := b.Origin.At(0); s.skip(b.Origin.Source, first, int(b.Record.NumRows())) {
		return nil
	}
	if to, ok := s.to.(BlockSink); ok {
		f.written.Inc(ctx, b.Record.NumRows())
		return s.writeBlock(ctx, to, b)
	}
	if f.encoder == nil || b.Record.Schema() != f.schema {
		if err := f.newEncoder(ctx, s, b.Record.Schema()); err != nil {
			return err
		}
	}
	n := int(b.Record.NumRows())
	limited, _ := s.to.(Limited)
	_, named := s.to.(Named)
	f.messages, f.ends, f.refused = f.messages[:0], f.ends[:0], f.refused[:0]
	from, dst := len(s.arena), s.arena
	for i := range n {
		longer, err := f.encoder.Append(dst, b.Record, i)
		switch {
		case err == nil:
			dst = longer
		case isRow(err):
			f.refused = append(f.refused, refuse(i, fault.CodeOf(err), err))
		default:
			return err
		}
		f.ends = append(f.ends, len(dst))
	}
	s.arena = dst
	unwritten := f.refused
	f.headers.begin(time.Now(), block.Header{Key: HeaderModel, Value: []byte(b.Model)}, block.Header{Key: HeaderVersion, Value: []byte(f.Options.Version)})
	for i := range n {
		if len(unwritten) > 0 && unwritten[0].row == i {
			unwritten = unwritten[1:]
			continue
		}
		m := Message{Value: dst[from:f.ends[i]:f.ends[i]]}
		from = f.ends[i]
		if i < len(b.Envelopes) {
			m.Envelope = b.Envelopes[i]
		}
		_, offset := b.Origin.At(i)
		if named {
			m.ID = idOf(s, &b.Origin, offset, "")
		}
		m.Headers = f.headers.of(m.Headers, m.Time, placeOf(m.Headers, &b.Origin, offset))
		if limited != nil {
			if err := limited.TooLarge(&m); err != nil {
				f.refused = append(f.refused, refuse(i, fault.RowTooLarge, err))
				continue
			}
		}
		f.messages = append(f.messages, m)
	}
	if err := s.write(ctx, s.to, f.messages); err != nil {
		return err
	}
	s.stats.Scored.Add(int64(len(f.messages)))
	f.written.Inc(ctx, int64(len(f.messages)))
	return f.reject(ctx, s, b)
}

// newEncoder makes the encoder of a schema. While what it needs cannot be had it waits, as decode does.
func (f *writeFn) newEncoder(ctx context.Context, s *session, schema *arrow.Schema) error {
	e, err := f.Options.Values.encoder(schema)
	if err != nil && f.Options.Values.Output != nil {
		tries := NewRetries(s.id, f.Options.Values.Output.Format, s.links.To.Redacted())
		err = s.again(ctx, tries, "preparing outputs", err, func() (err error) {
			e, err = f.Options.Values.encoder(schema)
			return err
		})
	}
	if err != nil {
		return err
	}
	f.schema, f.encoder = schema, e
	return nil
}

// headers makes the headers of messages. They share memory with those of the same batch, and stay as they are.
type headers struct {
	common []block.Header // that all of the batch have
	now    int64
	list   []block.Header
	text   []byte
}

// begin begins a batch that is written now.
func (h *headers) begin(now time.Time, common ...block.Header) {
	h.common, h.now, h.list, h.text = common, now.UnixMilli(), nil, nil
}

// of gives a message's own headers, without ours of an earlier pipeline, then ours. sent is the message's timestamp.
func (h *headers) of(own []block.Header, sent int64, at place) []block.Header {
	h.list = room(h.list, len(own)+len(h.common)+2)
	from := len(h.list)
	for _, one := range own {
		switch one.Key {
		case HeaderModel, HeaderVersion, HeaderLatency, HeaderOffset, HeaderCode, HeaderReplay:
		default:
			h.list = append(h.list, one)
		}
	}
	h.list = append(h.list, h.common...)
	h.text = room(h.text, len(at.source)+2*maxDigits)
	latency := len(h.text)
	h.text = strconv.AppendInt(h.text, h.now-sent, 10)
	source := len(h.text)
	h.text = at.append(h.text)
	h.list = append(h.list, block.Header{Key: HeaderLatency, Value: h.text[latency:source:source]}, block.Header{Key: HeaderOffset, Value: h.text[source:len(h.text):len(h.text)]})
	return h.list[from:len(h.list):len(h.list)]
}

// maxDigits is how long an int64 and an @ are at the most.
const maxDigits = 21

// room gives a slice that n more fit into without moving those of before: s, or a new one that is larger than the last.
func room[T any](s []T, n int) []T {
	if cap(s)-len(s) >= n {
		return s
	}
	return make([]T, 0, max(n, min(2*cap(s), 1<<16), 8))
}

// idOf names an output by where its message stands: the same whenever it is written again. That is not where a message that
// was sent again came from first: a sink would drop the outputs of all that say that they came from one place.
func idOf(s *session, o *block.Origin, offset int64, kind string) string {
	return fmt.Sprintf("%s%s:%s@%d", kind, s.id.Run, o.Source, offset)
}

// rejectFn writes dead letters.
type rejectFn struct{ Options WriteOptions }

// ProcessElement hands a letter to the session of its reader.
func (f *rejectFn) ProcessElement(ctx context.Context, r block.Rejected, _ func(int64)) error {
	s, err := find(f.Options.Links.Run, r.Unit, orDefault(f.Options.Links.Readers, 1))
	if err == nil {
		err = f.write(ctx, s, &r)
	}
	return fault.Wire(err)
}

func (f *rejectFn) write(ctx context.Context, s *session, r *block.Rejected) error {
	if s.skip(r.Letter.Source, r.Letter.Offset, 1) {
		return nil
	}
	o := block.Origin{Source: r.Letter.Source, Unit: r.Unit, Part: r.Part}
	return s.reject(ctx, f.Options.Version, &o, r.Letter, r.Envelope)
}
