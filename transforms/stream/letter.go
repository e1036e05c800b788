package stream

import (
	"context"
	"fmt"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/transforms/block"
)

// reject makes dead letters of the rows whose predictions are not written.
func (f *writeFn) reject(ctx context.Context, s *session, b *block.Block) error {
	for _, r := range f.refused {
		l := fault.Letter{Source: b.Origin.Source, Stage: "write", Code: r.code, Field: r.field, Message: r.message, Model: b.Model}
		_, l.Offset = b.Origin.At(r.row)
		l.Raw = rawRow(b.Record, r.row)
		var e block.Envelope
		if r.row < len(b.Envelopes) {
			e = b.Envelopes[r.row]
		}
		if err := s.reject(ctx, f.Options.Version, &b.Origin, l, e); err != nil {
			return err
		}
	}
	return nil
}

// rawRow is the row as it came, if the record carries that; else nil.
func rawRow(rec arrow.RecordBatch, i int) []byte {
	for c, field := range rec.Schema().Fields() {
		if a, ok := rec.Column(c).(*array.Binary); ok && field.Metadata.FindKey(format.MetaRawRow) >= 0 {
			return a.Value(i)
		}
	}
	return nil
}

// reject writes a dead letter. One that is larger than the sink of dead letters takes loses the row, then the headers of the
// message that it came in, then the key, and says so: where it came from is what is left.
func (s *session) reject(ctx context.Context, version string, o *block.Origin, l fault.Letter, e block.Envelope) error {
	limited, _ := s.rejected.(Limited)
	at := placeOf(e.Headers, o, l.Offset)
	if at != (place{o.Source, l.Offset}) {
		l.Replay = at.String()
	}
	m, err := s.letterMessage(version, o, at, l, e)
	if err != nil {
		return err
	}
	if limited != nil {
		said := l.Message
		for _, without := range []func(){func() { l.Raw = nil }, func() { e.Headers = nil }, func() { e.Key = nil }, func() { l.Field, said = "", "" }} {
			large := limited.TooLarge(&m)
			if large == nil {
				break
			}
			without()
			l.Message = fmt.Sprintf("%.500s (shortened: %v)", said, large)
			if m, err = s.letterMessage(version, o, at, l, e); err != nil {
				return err
			}
		}
		if large := limited.TooLarge(&m); large != nil {
			return fault.New(fault.Unwritable, s.links.Rejected.Redacted(), "not even a shortened dead letter fits: %w", large)
		}
	}
	if err := s.write(ctx, s.rejected, []Message{m}); err != nil {
		return err
	}
	s.stats.rejected(&l)
	beam.NewCounter("glulam", counterRejected+string(l.Code)).Inc(ctx, 1)
	return nil
}

// letterMessage encodes a dead letter. at is where its row came from first. Its bytes are in the session's arena.
func (s *session) letterMessage(version string, o *block.Origin, at place, l fault.Letter, e block.Envelope) (Message, error) {
	from := len(s.arena)
	l.Key, l.Time = e.Key, e.Time
	line, err := l.AppendJSON(s.arena)
	if err != nil {
		return Message{}, err
	}
	s.arena = line
	ours := []block.Header{{Key: HeaderCode, Value: []byte(l.Code)}, {Key: HeaderVersion, Value: []byte(version)}}
	if l.Model != "" {
		ours = append(ours, block.Header{Key: HeaderModel, Value: []byte(l.Model)})
	}
	m := Message{Value: line[from:len(line):len(line)], Envelope: e, ID: idOf(s, o, l.Offset, "rejected:")}
	var h headers
	h.begin(time.Now(), ours...)
	m.Headers = h.of(m.Headers, m.Time, at)
	return m, nil
}
