package stream

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/glulam/glulam/fault"
)

// Stats is what a run does in this process, live. Beam's counters of the namespace "glulam" say the same of rows. All of it
// is safe for concurrent use.
type Stats struct {
	Rows     atomic.Int64 // messages read
	Blocks   atomic.Int64 // micro-batches, one a partition and poll
	Scored   atomic.Int64 // rows written as predictions
	Rejected atomic.Int64 // rows written as dead letters
	Commits  atomic.Int64
	Retries  atomic.Int64 // failures of brokers that connectors tried again after
	Lost     atomic.Int64 // offsets passed over because the source had deleted them, where an option allows that
	// Committed is when positions were committed last, in milliseconds since 1970; 0 until then.
	Committed atomic.Int64
	// Batches are the messages of each micro-batch, as they are acknowledged by the sinks; with ExactlyOnce of each transaction.
	Batches Sizes
	// Watermark is the least of the readers', in milliseconds since 1970; 0 until each has one.
	Watermark atomic.Int64
	// EndToEnd is from a micro-batch's oldest message's timestamp to the acknowledgement of its outputs, a value for each
	// micro-batch; Own is from a poll's return to that.
	EndToEnd, Own Histogram
	// Scoring is from a poll's return to the moment at which outputs of it were handed to a sink, a value for each block.
	Scoring Histogram

	mu         sync.Mutex
	codes      map[string]int64
	first      *fault.Letter
	watermarks map[ReaderID]*watermark
	parts      map[Partition]*partitionMark
	readers    map[ReaderID]*readerMark

	ctx      context.Context // ends when the run is to be drained
	drain    context.CancelFunc
	draining atomic.Bool
}

var runs sync.Map // run -> *Stats

// StatsOf gives the statistics of a run in this process; they are made at the first call.
func StatsOf(run string) *Stats {
	if s, ok := runs.Load(run); ok {
		return s.(*Stats)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s, _ := runs.LoadOrStore(run, &Stats{ctx: ctx, drain: cancel, codes: map[string]int64{}, watermarks: map[ReaderID]*watermark{}, parts: map[Partition]*partitionMark{}, readers: map[ReaderID]*readerMark{}})
	return s.(*Stats)
}

// Drain has the readers of a run in this process end what they are at, commit it, and stop as if the source had ended.
func Drain(run string) {
	s := StatsOf(run)
	s.draining.Store(true)
	s.drain()
}

// Draining says whether the run ends early: what is in windows is not all there will be.
func (s *Stats) Draining() bool { return s.draining.Load() }

// End closes what the run holds open in this process, and forgets it. Call it when the job is over.
func End(run string) error {
	err := closeAll(run)
	runs.Delete(run)
	return err
}

func (s *Stats) watermark(id ReaderID, l *Links) *watermark {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.watermarks[id]
	if w == nil {
		w = newWatermark(s, l, id)
		s.watermarks[id] = w
	}
	return w
}

func (s *Stats) partition(p Partition, m *partitionMark) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.parts[p] = m; m == nil {
		delete(s.parts, p)
	}
}

// Lag is how many messages of each partition are still to be read, as far as the source knows.
func (s *Stats) Lag() map[Partition]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[Partition]int64, len(s.parts))
	for p, m := range s.parts {
		if end := m.end.Load(); end >= 0 {
			out[p] = max(0, end-m.next.Load())
		}
	}
	return out
}

// Codes counts the dead letters by code.
func (s *Stats) Codes() map[string]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[string]int64, len(s.codes))
	for c, n := range s.codes {
		out[c] = n
	}
	return out
}

// Beam counters of the namespace "glulam" by which workers tell of a run what Take takes, beside rows_read.
const (
	counterWritten  = "rows_written"
	counterLag      = "lag" // goes up and down
	counterRejected = "rejected_"
)

// Take takes over what the workers of a run that are somewhere else have counted.
func (s *Stats) Take(counters map[string]int64) {
	codes, all := map[string]int64{}, int64(0)
	for name, n := range counters {
		if code, ok := strings.CutPrefix(name, counterRejected); ok {
			codes[code] = n
			all += n
		}
	}
	s.Rows.Store(counters["rows_read"])
	s.Scored.Store(counters[counterWritten])
	s.Rejected.Store(all)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes = codes
}

// FirstRejected is the first dead letter, without its row; nil when there is none.
func (s *Stats) FirstRejected() *fault.Letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.first
}

// rejected counts a dead letter. The first one of each code is logged.
func (s *Stats) rejected(l *fault.Letter) {
	s.Rejected.Add(1)
	s.mu.Lock()
	s.codes[string(l.Code)]++
	n := s.codes[string(l.Code)]
	if s.first == nil {
		s.first = &fault.Letter{Source: l.Source, Row: l.Row, Offset: l.Offset, Stage: l.Stage, Code: l.Code, Field: l.Field, Message: l.Message}
	}
	s.mu.Unlock()
	if n == 1 {
		slog.Info("rows are rejected; this is the first one for this reason", "code", l.Code, "source", l.Source, "offset", l.Offset, "field", l.Field, "message", l.Message)
	}
}

// committed notes that positions are.
func (s *Stats) committed() {
	s.Commits.Add(1)
	s.Committed.Store(time.Now().UnixMilli())
}

// settled notes that a micro-batch is written for good.
func (s *Stats) settled(rows int64, oldest time.Time) {
	s.Batches.Add(rows)
	if rows > 0 {
		s.EndToEnd.Add(time.Since(oldest))
	}
}
