package parquetdir

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/stream"
)

// sink is the stream.BlockSink of one reader.
type sink struct {
	t      target
	place  *place
	worker *worker
	now    func() time.Time
	after  steps
	most   int // mostOpen

	progress *progress // the worker's
	dones    []done    // likewise

	mark    int64 // watermark
	shape   shape
	encoder *encoder
	open    map[int64]*spool // by the start of their windows
	touched []*spool         // with rows that are not flushed
	retired []*spool         // of another schema than rows have now; to be parts when they are flushed
	late    int              // how many of open are late
	due     int64            // the first end of a window of open that is not late
	looked  time.Time        // when other readers were looked at last

	recent  recents
	resting bool             // nothing more to expect of recent
	number  int64            // of the micro-batch
	begun   bool             // it has rows
	seen    map[string]int64 // the largest offset of each source in it
	shares  map[int64]*share // of a block, by the start of windows
	err     error
}

// mostOpen is how many windows may have rows that are in no part yet. With more the ones that got rows longest ago become parts.
const mostOpen = 1000

func newSink(ctx context.Context, t target, id stream.ReaderID) (*sink, error) {
	return newSinkWith(ctx, t, id, time.Now, func(int) error { return nil })
}

func newSinkWith(ctx context.Context, t target, id stream.ReaderID, now func() time.Time, after steps) (*sink, error) {
	s := &sink{
		t: t, now: now, after: after, most: mostOpen, mark: math.MinInt64, due: math.MaxInt64,
		open: map[int64]*spool{}, seen: map[string]int64{}, shares: map[int64]*share{},
	}
	var err error
	if s.place, err = newPlace(&t, id); err != nil {
		return nil, err
	}
	s.progress = &progress{p: s.place, launch: t.launch}
	if err := s.mend(ctx); err != nil {
		s.place.free()
		return nil, err
	}
	s.worker = newWorker()
	ready := append(s.retired, s.take(func(sp *spool) bool { return sp.late })...)
	s.retired = nil
	if err := s.parts(ready); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Write implements stream.Sink.
func (s *sink) Write(_ context.Context, messages []stream.Message) error {
	if len(messages) == 0 {
		return nil
	}
	return errLetters(s.t.dir)
}

// RecallsLast implements stream.Recalling: see batch.
func (s *sink) RecallsLast() {}

// WriteBlock implements stream.BlockSink.
func (s *sink) WriteBlock(_ context.Context, b *block.Block) error {
	if err := s.failed(); err != nil || b.Record.NumRows() == 0 {
		return err
	}
	if !s.begun {
		s.begin()
	}
	rec, err := s.shape.record(b)
	if err != nil {
		return err
	}
	defer rec.Release()
	if s.encoder == nil || s.encoder.schema != rec.Schema() {
		if s.encoder, err = newEncoder(rec.Schema()); err != nil {
			return err
		}
	}
	s.sort(b)
	for start, share := range s.shares {
		part, err := pick(rec, share.runs)
		if err != nil {
			return err
		}
		sp := s.spoolOf(start)
		sp.pending.payload, err = s.encoder.append(sp.pending.payload, part)
		sp.pending.rows += part.NumRows()
		sp.pending.ids = append(sp.pending.ids, share.ids...)
		part.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

// begin begins a micro-batch. The one before is committed by now.
func (s *sink) begin() {
	s.begun = true
	s.number++
	if !s.resting {
		s.resting = s.recent.committed(s.seen)
	}
	clear(s.seen)
}

// floor is the least micro-batch that may not be committed.
func (s *sink) floor() int64 {
	if s.resting {
		return s.number
	}
	return s.recent.floor
}

// share is what a block has of a window.
type share struct {
	runs []run
	ids  []rowID
}

// sort finds the rows of each window, without those that were written before.
func (s *sink) sort(b *block.Block) {
	clear(s.shares)
	n, offsets := len(b.Times), b.Origin.Offset
	known := len(offsets) == n
	if known {
		last, ok := s.seen[b.Origin.Source]
		if most := slices.Max(offsets); !ok || most > last {
			s.seen[b.Origin.Source] = most
		}
	}
	var to *share
	before := int64(math.MinInt64)
	for i, at := range b.Times {
		id := rowID{source: b.Origin.Source, time: at}
		if known {
			id.offset = offsets[i]
			if i < len(b.Envelopes) {
				id.sent = b.Envelopes[i].Time
			}
			if s.recent.has(id) {
				continue
			}
		}
		if start := s.t.windowOf(at); to == nil || start != before {
			if before, to = start, s.shares[start]; to == nil {
				to = &share{}
				s.shares[start] = to
			}
		}
		if known {
			to.ids = append(to.ids, id)
		}
		if k := len(to.runs); k > 0 && to.runs[k-1].to == int64(i) {
			to.runs[k-1].to++
		} else {
			to.runs = append(to.runs, run{int64(i), int64(i) + 1})
		}
	}
}

// spoolOf gives the spool that a window's rows go to.
func (s *sink) spoolOf(start int64) *spool {
	sp := s.open[start]
	if sp != nil && !bytes.Equal(sp.head, s.encoder.head) {
		s.leave(sp)
		s.retired = append(s.retired, sp)
		sp = nil
	}
	if sp == nil {
		now := s.now()
		sp = &spool{
			id: newID(s.place.id.Index, now), window: window{start, start + s.t.window}, born: now,
			schema: s.encoder.schema, head: s.encoder.head,
		}
		s.enter(sp)
	}
	if sp.pending.rows == 0 {
		s.touched = append(s.touched, sp)
	}
	return sp
}

// enter puts a spool among those that are open.
func (s *sink) enter(sp *spool) {
	s.open[sp.window.Start] = sp
	if sp.late = sp.window.End <= s.mark; sp.late {
		s.late++
	} else {
		s.due = min(s.due, sp.window.End)
	}
}

// leave takes it out again.
func (s *sink) leave(sp *spool) {
	delete(s.open, sp.window.Start)
	if sp.late {
		s.late--
	}
}

// Flush implements stream.Sink: everything written is on disk when it returns.
func (s *sink) Flush(context.Context) error {
	if err := s.failed(); err != nil {
		return err
	}
	s.begun = false
	if len(s.touched) == 0 {
		return nil
	}
	made := slices.ContainsFunc(s.touched, func(sp *spool) bool { return sp.size == 0 })
	floor := s.floor()
	s.err = each(s.touched, func(sp *spool) error { return sp.flush(s.place.own, s.number, floor, s.t.sync) })
	if s.err == nil && made && s.t.sync {
		s.err = syncFolder(s.place.own)
	}
	if s.err != nil {
		return s.err
	}
	ready := s.retired
	s.retired = nil
	for _, sp := range s.touched {
		if sp.size >= s.t.partSize && s.open[sp.window.Start] == sp {
			s.leave(sp)
			ready = append(ready, sp)
		}
	}
	s.touched = s.touched[:0]
	return s.parts(append(ready, s.tooMany()...))
}

func (s *sink) failed() error {
	if s.err == nil && s.worker != nil {
		s.err = s.worker.failed()
	}
	return s.err
}

// Close implements stream.Sink. What was not flushed is not written; what was becomes parts later.
func (s *sink) Close() error {
	if s.place == nil {
		return nil
	}
	s.worker.close()
	s.place.free()
	s.place = nil
	told := s.err != nil
	if err := s.worker.failed(); err != nil && !told {
		return err
	}
	s.err = fault.New(fault.Internal, "", "the sink is closed")
	return nil
}
