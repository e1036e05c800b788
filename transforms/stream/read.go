package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/sdf"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/go-json-experiment/json"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/transforms/block"
)

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

func init() {
	beam.RegisterDoFn(&readersFn{})
	beam.RegisterDoFn(&readFn{})
	register.Emitter1[string]()
	register.Emitter2[beam.EventTime, block.Block]()
	register.Emitter2[beam.EventTime, block.Rejected]()
}

// ReadOptions say what becomes of messages.
type ReadOptions struct {
	Links   Links
	Values  Values
	Columns []block.Column
	// EventTime is where the rows' event times come from; its zero value: the messages' own timestamps.
	EventTime EventTime
}

// Messages is what Read gives.
type Messages struct {
	Blocks   beam.PCollection // PCollection<block.Block>, at the least event time of its rows
	Rejected beam.PCollection // PCollection<block.Rejected>: messages that do not parse
}

// Read reads the source until the run is drained or the source ends.
func Read(s beam.Scope, o ReadOptions) Messages {
	s = s.Scope("glulam.stream.Read")
	readers := beam.ParDo(s, &readersFn{Keys: o.Links.keys()}, beam.Impulse(s))
	blocks, rejected := beam.ParDo2(s, &readFn{Options: o}, readers)
	return Messages{Blocks: blocks, Rejected: rejected}
}

// Reader is one client that serves its share of the partitions. As JSON it is an element of the reading DoFn.
type Reader struct {
	Index int `json:"i"`
	Of    int `json:"of"`
	Salt  int `json:"salt"` // see Links.Spread
}

// key is the reader as an element.
func (r Reader) key() string { return fmt.Sprintf(`{"i":%d,"of":%d,"salt":%d}`, r.Index, r.Of, r.Salt) }

// reader is that of an element.
func reader(key string) (r Reader, err error) {
	if err := json.Unmarshal([]byte(key), &r); err != nil {
		return r, fault.Wire(fault.New(fault.Internal, "", "the element %q is no reader: %w", key, err))
	}
	return r, nil
}

// keys are the run's readers.
func (l *Links) keys() (keys []string) {
	of := orDefault(l.Readers, 1)
	for i := range of {
		r := Reader{Index: i, Of: of}
		if l.Salts != nil {
			r.Salt = l.Salts[i]
		}
		keys = append(keys, r.key())
	}
	return keys
}

// Spread sees to it that the readers come to different slots of a runner that goes by what elements are: slot says to which one an
// element comes. There are n slots.
func (l *Links) Spread(n int, slot func(element string) int) {
	of := orDefault(l.Readers, 1)
	l.Salts = make([]int, of)
	for i := range l.Salts {
		r := Reader{Index: i, Of: of}
		for slot(r.key()) != i%n {
			r.Salt++
		}
		l.Salts[i] = r.Salt
	}
}

type readersFn struct{ Keys []string }

// ProcessElement gives the readers.
func (f *readersFn) ProcessElement(_ []byte, emit func(string)) {
	for _, k := range f.Keys {
		emit(k)
	}
}

// readFn is the splittable DoFn of all sources.
type readFn struct {
	Options ReadOptions

	decoder format.Decoder
	marker  block.Marker
	times   timeReader
	values  [][]byte
	calls   beam.Counter // says that the reader lives, though nothing comes
	lag     beam.Counter
	behind  int64 // that lag stands at
	rows    beam.Counter
	bad     beam.Counter
}

// CreateInitialRestriction begins where the source's options and what is committed say.
func (f *readFn) CreateInitialRestriction(string) Range { return Range{} }

// SplitRestriction splits nothing: readers are the split.
func (f *readFn) SplitRestriction(_ string, r Range) []Range { return []Range{r} }

// RestrictionSize is the same for all readers.
func (f *readFn) RestrictionSize(string, Range) float64 { return 1 }

// CreateTracker makes a tracker that grants checkpoints only.
func (f *readFn) CreateTracker(r Range) *sdf.LockRTracker { return newTracker(r) }

// noWatermark is before everything.
const noWatermark = math.MinInt64 / 1000

// InitialWatermarkEstimatorState is a watermark in milliseconds before everything.
func (f *readFn) InitialWatermarkEstimatorState(beam.EventTime, Range, string) int64 {
	return noWatermark
}

// CreateWatermarkEstimator makes an estimator that stands where the last call left it.
func (f *readFn) CreateWatermarkEstimator(at int64) *estimator {
	e := &estimator{}
	e.at.Store(at)
	return e
}

// WatermarkEstimatorState gives the watermark in milliseconds.
func (f *readFn) WatermarkEstimatorState(e *estimator) int64 { return e.at.Load() }

// estimator is the watermark in milliseconds. Unlike sdf.ManualWatermarkEstimator it is safe for concurrent use: runners ask for
// it, and split, while rows are read.
type estimator struct{ at atomic.Int64 }

// CurrentWatermark implements sdf.WatermarkEstimator.
func (e *estimator) CurrentWatermark() time.Time { return time.UnixMilli(e.at.Load()) }

// Setup makes the decoder.
func (f *readFn) Setup() error {
	o := &f.Options
	columns := slices.Clone(o.Columns)
	f.times = newTimeReader(o.EventTime, len(columns))
	if f.times.column >= 0 {
		columns = append(columns, o.EventTime.readAs())
	}
	f.marker = block.Marker{Columns: columns}
	var err error
	if f.decoder, err = o.Values.decoder(f.marker.Read()); err != nil {
		return fault.Wire(err)
	}
	f.calls = beam.NewCounter("glulam", "reads")
	f.lag = beam.NewCounter("glulam", counterLag)
	f.rows = beam.NewCounter("glulam", "rows_read")
	f.bad = beam.NewCounter("glulam", "rows_rejected_by_read")
	return nil
}

// emitters are where a call's elements go.
type emitters struct {
	blocks   func(beam.EventTime, block.Block)
	rejected func(beam.EventTime, block.Rejected)
}

// ProcessElement reads for Links.Stay, micro-batch after micro-batch.
func (f *readFn) ProcessElement(ctx context.Context, we *estimator, rt *sdf.LockRTracker, key string,
	blocks func(beam.EventTime, block.Block), rejected func(beam.EventTime, block.Rejected)) (sdf.ProcessContinuation, error) {
	r, err := reader(key)
	if err != nil {
		return sdf.StopProcessing(), err
	}
	f.calls.Inc(ctx, 1)
	s := sessionOf(&f.Options.Links, ReaderID{f.Options.Links.Run, r.Index, r.Of})
	s.mu.Lock()
	defer s.mu.Unlock()
	more, err := f.read(ctx, s, we, rt, emitters{blocks, rejected})
	behind := s.behind()
	f.lag.Inc(ctx, behind-f.behind)
	f.behind = behind
	if err != nil {
		s.close() // what is written and not committed must not become visible by a later commit
		s.stats.watermark(s.id, &s.links).forget()
		return sdf.StopProcessing(), fault.Wire(err)
	}
	if !more {
		return sdf.StopProcessing(), nil
	}
	return sdf.ResumeProcessingIn(0), nil
}

func (f *readFn) read(ctx context.Context, s *session, we *estimator, rt *sdf.LockRTracker, to emitters) (more bool, err error) {
	opening, cancel := context.WithCancel(ctx)
	release := context.AfterFunc(s.stats.ctx, cancel) // somebody who stops the run does not wait for a broker that is away
	err = s.start(opening, rt.GetRestriction().(Range).At)
	release()
	cancel() // else the process keeps it, with what Beam counted in the bundle
	if err != nil && s.stats.Draining() {
		rt.TryClaim(claim{end: true})
		return false, nil
	}
	if err != nil {
		return false, err
	}
	mark, seen := s.stats.watermark(s.id, &s.links), s.stats.reader(s.id)
	for deadline := time.Now().Add(s.links.stay()); ; {
		wait := time.Until(deadline)
		if wait <= 0 || ctx.Err() != nil || s.stats.Draining() {
			break
		}
		if !s.began.IsZero() {
			wait = min(wait, max(0, s.links.commitEvery()-time.Since(s.began)))
		}
		pctx, cancel := context.WithTimeout(s.stats.ctx, wait)
		fetches, err := s.source.Poll(pctx, s.links.maxInFlight()-int(s.uncommitted))
		cancel()
		polled := time.Now()
		s.polled = polled
		seen.turned.Store(polled.UnixMilli())
		end := errors.Is(err, io.EOF)
		if err != nil && !end {
			return false, err
		}
		for i := range fetches {
			if ok, err := f.fetch(ctx, s, mark, &fetches[i], rt, to); err != nil {
				return false, err
			} else if !ok { // the runner took away the rest: not what was claimed before
				err := s.settle(ctx, true)
				s.close()
				return false, err
			}
		}
		before := s.taken
		if err := s.settle(ctx, end); err != nil {
			return false, err
		}
		if before > 0 && s.taken == 0 {
			s.stats.Own.Add(time.Since(polled))
		}
		at, ok := mark.advance(polled)
		if err := s.passed(ctx, at); err != nil {
			return false, err
		}
		if ok {
			we.at.Store(at)
		}
		if end {
			if err := s.through(ctx, false); err != nil {
				return false, err
			}
			seen.done.Store(true)
			rt.TryClaim(claim{end: true})
			return false, nil
		}
	}
	if err := s.settle(ctx, true); err != nil {
		return false, err
	}
	if s.stats.Draining() {
		if err := s.through(ctx, true); err != nil {
			return false, err
		}
		rt.TryClaim(claim{end: true})
		return false, nil
	}
	return true, nil
}

// fetch sends one partition's messages on their way. ok says that the runner has let us.
func (f *readFn) fetch(ctx context.Context, s *session, mark *watermark, in *Fetch, rt *sdf.LockRTracker, to emitters) (ok bool, err error) {
	n := len(in.Messages)
	if in.Gone {
		mark.drop(in.Partition)
		return true, nil
	}
	if n == 0 {
		mark.lag(in, 0)
		at, begun := s.at[in.Partition]
		// The first message's place is one to come back to; the end of a transaction is one to be committed.
		if !begun && s.links.Rewind && in.Next > 0 || begun && in.Next > at {
			if !rt.TryClaim(claim{Position: Position{in.Partition, in.Next}}) {
				return false, nil
			}
			s.at[in.Partition] = in.Next
			if begun && s.tx == nil {
				s.dirty()
				s.moved = true
			}
		}
		return true, nil
	}
	done := s.done[in.Partition]
	if done > 0 {
		s.past[in.Source] = done
	}
	last := &in.Messages[n-1]
	next := max(last.Next, last.Offset+1)
	if !rt.TryClaim(claim{Position: Position{in.Partition, next}}) {
		return false, nil
	}
	s.at[in.Partition] = next
	most := format.RowsOf(len(f.marker.Columns))
	for i := 0; i < n; {
		end := min(n, i+most)
		if in.Messages[i].Offset < done { // what is done with and what is not are in different blocks
			if k := slices.IndexFunc(in.Messages[i:end], func(m Message) bool { return m.Offset >= done }); k > 0 {
				end = i + k
			}
		}
		if err := f.batch(ctx, s, mark, in, in.Messages[i:end], to); err != nil {
			return false, err
		}
		i = end
	}
	if done > 0 && next >= done {
		delete(s.done, in.Partition)
		delete(s.past, in.Source)
	}
	mark.lag(in, next)
	return true, nil
}

// batch decodes some messages and emits them.
func (f *readFn) batch(ctx context.Context, s *session, mark *watermark, in *Fetch, messages []Message, to emitters) error {
	s.taken += int64(len(messages))
	f.values = f.values[:0]
	for i := range messages {
		f.values = append(f.values, messages[i].Value)
		if t := messages[i].Time; s.oldest.IsZero() || t < s.oldest.UnixMilli() {
			s.oldest = time.UnixMilli(t)
		}
	}
	b, err := f.decode(ctx, s)
	if err != nil {
		return err
	}
	origin := block.Origin{Source: in.Source, Unit: int32(s.id.Index), Part: in.Partition.ID}
	letter := func(m *Message, l fault.Letter) {
		l.Source, l.Offset, l.Row, l.Stage = in.Source, m.Offset, 0, "read"
		to.rejected(beamTime(m.Time), block.Rejected{Unit: origin.Unit, Part: origin.Part, Letter: l, Envelope: m.Envelope, EventTime: m.Time})
	}
	for _, l := range b.Rejected {
		letter(&messages[l.Row-1], l)
	}
	rejected := len(b.Rejected)
	if b.Record.NumRows() > 0 {
		out := block.Block{Record: f.marker.Mark(b.Record), Origin: origin}
		defer out.Record.Release()
		out.Origin.Offset = make([]int64, len(b.Row))
		out.Envelopes = make([]block.Envelope, len(b.Row))
		for i, row := range b.Row {
			m := &messages[row-1]
			out.Origin.Offset[i], out.Envelopes[i] = m.Offset, m.Envelope
		}
		bad, err := f.times.read(&out)
		if err != nil {
			return err
		}
		rejected += len(bad)
		for _, p := range bad {
			m := &messages[b.Row[p.row]-1]
			letter(m, fault.Letter{Raw: slices.Clone(m.Value), Code: fault.BadTime, Field: f.Options.EventTime.Column, Message: p.message})
		}
		emitGood(&out, bad, mark.of(in), to.blocks)
	}
	f.rows.Inc(ctx, int64(len(messages)))
	f.bad.Inc(ctx, int64(rejected))
	s.stats.Rows.Add(int64(len(messages)))
	s.stats.Blocks.Add(1)
	return nil
}

// emitGood emits the runs of rows between those without a time.
func emitGood(b *block.Block, bad []badTime, mark *partitionMark, emit func(beam.EventTime, block.Block)) {
	send := func(out block.Block) {
		least := int64(math.MaxInt64)
		for _, t := range out.Times {
			least = min(least, t)
			mark.saw(t)
		}
		emit(beamTime(least), out)
	}
	if len(bad) == 0 {
		send(*b)
		return
	}
	from := int64(0)
	for i := 0; i <= len(bad); i++ {
		to := b.Record.NumRows()
		if i < len(bad) {
			to = int64(bad[i].row)
		}
		if from < to {
			part := b.Slice(from, to)
			send(part)
			part.Record.Release()
		}
		from = to + 1
	}
}

// beamTime is a time in milliseconds as Beam has it, held to what Beam can tell.
func beamTime(ms int64) beam.EventTime {
	const edge = math.MaxInt64 / 1_000_000 / 2
	return beam.EventTime(min(max(ms, -edge), edge))
}
