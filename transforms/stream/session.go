package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/glulam/glulam/fault"
)

// Delivery says what becomes of messages when a worker dies.
type Delivery string

const (
	AtLeastOnce Delivery = "at-least-once" // none is lost; what was not committed yet may be written again
	ExactlyOnce Delivery = "exactly-once"  // outputs, dead letters and positions are one transaction
)

// Deliveries lists them.
var Deliveries = []Delivery{AtLeastOnce, ExactlyOnce}

// Links say what a stream connects, and how. They travel to the workers as JSON.
type Links struct {
	// Run names the job: a new process of the same job goes on where the last one stopped, and two jobs of one name are in each
	// other's way.
	Run      string
	From     Endpoint
	To       Endpoint
	Rejected Endpoint
	Delivery Delivery // "" is AtLeastOnce
	// Readers is how many readers share the source's partitions; 0 is 1.
	Readers int
	// Salts are the readers' by Spread; nil: they come where the runner puts them.
	Salts []int
	// MaxInFlight is how many messages a reader takes at once at the most; 0 is DefaultInFlight.
	MaxInFlight int
	// CommitEvery is how often positions are committed, with ExactlyOnce outputs with them; 0 is DefaultCommit. They are also
	// once MaxInFlight messages are written and not committed.
	CommitEvery time.Duration
	// Rewind is for runners that keep windows over a failure, in which the windows go back to a checkpoint and what is committed does
	// not: messages between the two are read and counted again, and not written again, by sources that can go back.
	Rewind bool
	// Stay is how long a call of the reading DoFn lasts; 0 is DefaultStay. Runners see checkpoints and timers in between.
	Stay time.Duration
	// Idle and Disorder are for the watermark: see the package's documentation. Idle 0 is DefaultIdle.
	Idle     time.Duration
	Disorder time.Duration
}

// Defaults of Links.
const (
	DefaultInFlight = 10_000
	DefaultCommit   = 10 * time.Millisecond
	DefaultStay     = 500 * time.Millisecond
	DefaultIdle     = 10 * time.Second
)

func (l *Links) maxInFlight() int           { return orDefault(l.MaxInFlight, DefaultInFlight) }
func (l *Links) commitEvery() time.Duration { return orDefault(l.CommitEvery, DefaultCommit) }
func (l *Links) stay() time.Duration        { return orDefault(l.Stay, DefaultStay) }
func (l *Links) idle() time.Duration        { return orDefault(l.Idle, DefaultIdle) }

func orDefault[T int | time.Duration](v, d T) T {
	if v == 0 {
		return d
	}
	return v
}

// session is what a reader of this process holds open.
type session struct {
	mu    sync.Mutex // held by the reading DoFn for a call
	links Links
	id    ReaderID
	stats *Stats

	source   Source
	to       Sink
	rejected Sink
	tx       Transaction // nil: AtLeastOnce
	strict   bool        // a sink recalls the last micro-batch only

	at    positions        // next to be read
	done  positions        // with Links.Rewind: messages before them are written
	past  map[string]int64 // likewise, by the sources that fetches name
	began time.Time        // since when there is something to commit; zero: there is not
	// polled is when the source gave what is under way.
	polled time.Time
	// taken and put count the rows of the micro-batch that came in and that were written. Equal: nothing was lost on the way.
	taken, put int64
	arena      []byte // holds the bytes of messages until they are flushed
	oldest     time.Time
	// uncommitted and committing count, with AtLeastOnce, the rows that are written and not given to Commit, and those that
	// were given to the last Commit, which may be under way. A process that dies has them written again.
	uncommitted, committing int64
	moved                   bool // positions are to be committed, though no row may be
}

var sessions struct {
	mu    sync.Mutex
	byKey map[ReaderID]*session
}

// sessionOf gives the session of a reader, without opening it.
func sessionOf(l *Links, id ReaderID) *session {
	sessions.mu.Lock()
	defer sessions.mu.Unlock()
	if sessions.byKey == nil {
		sessions.byKey = map[ReaderID]*session{}
	}
	s := sessions.byKey[id]
	if s == nil {
		s = &session{links: *l, id: id, stats: StatsOf(id.Run)}
		sessions.byKey[id] = s
	}
	return s
}

// find gives the session that a block's reader has open in this process.
func find(run string, reader int32, of int) (*session, error) {
	sessions.mu.Lock()
	defer sessions.mu.Unlock()
	s := sessions.byKey[ReaderID{run, int(reader), of}]
	if s == nil {
		return nil, fault.New(fault.Internal, "", "a block came to a process that its reader is not in: the runner tore read, score and write apart")
	}
	return s, nil
}

// start makes the session read from a restriction on, or from what is committed if that is further. A session that stands
// there already goes on without asking anybody.
func (s *session) start(ctx context.Context, from []Position) error {
	if s.source != nil && slices.Equal(s.at.list(), from) {
		return nil
	}
	// The runner goes on somewhere else, because a bundle failed, here or elsewhere: what was written since the last commit
	// is not to become visible, so begin anew.
	s.close()
	if err := s.open(ctx); err != nil {
		s.close()
		return err
	}
	if err := s.place(ctx, from); err != nil {
		s.close()
		return err
	}
	if err := s.looped(); err != nil {
		s.close()
		return err
	}
	s.at = positionsOf(from)
	s.stats.reader(s.id).opened()
	return nil
}

// place has the source begin.
func (s *session) place(ctx context.Context, from []Position) error {
	source, ok := s.source.(Rewinder)
	if !ok || !s.links.Rewind || len(from) == 0 {
		return s.source.Start(ctx, from)
	}
	done, err := source.Rewind(ctx, from)
	s.done, s.past = positionsOf(done), map[string]int64{}
	return err
}

// skip says whether a row was written before the runner went back, and counts those that were.
func (s *session) skip(source string, offset int64, rows int) bool {
	if offset >= s.past[source] {
		return false
	}
	s.put += int64(rows)
	return true
}

// looped refuses sinks that the source reads.
func (s *session) looped() error {
	source, ok := s.source.(Looped)
	if !ok {
		return nil
	}
	for _, to := range []struct {
		Sink
		e Endpoint
	}{{s.to, s.links.To}, {s.rejected, s.links.Rejected}} {
		if source.Reads(to.Sink) {
			return fault.New(fault.Usage, to.e.Redacted(), "--from reads what is written there, so that it would never end")
		}
	}
	return nil
}

func (s *session) open(ctx context.Context) error {
	from, err := Find(s.links.From)
	if err != nil {
		return err
	}
	if s.links.Delivery == ExactlyOnce {
		if from.ExactlyOnce == nil {
			return fault.New(fault.Usage, "--delivery", "%s has no transactions", s.links.From.Scheme()).WithHint("take at-least-once: sinks that know messages by their ids, as nats does, drop what is written again")
		}
		x, err := from.ExactlyOnce(ctx, s.links.From, s.links.To, s.links.Rejected, s.id)
		if err != nil {
			return err
		}
		s.source, s.to, s.rejected, s.tx = x.Source, x.To, x.Rejected, x.Transaction
		return nil
	}
	if from.Source == nil {
		return fault.New(fault.Usage, s.links.From.Redacted(), "%s is no source", s.links.From.Scheme())
	}
	source, err := from.Source(ctx, s.links.From, s.id)
	if err != nil { // source may be a nil pointer, which is not nil
		return err
	}
	s.source = source
	if s.to, err = OpenSink(ctx, s.links.To, s.id, "to"); err != nil {
		return err
	}
	_, s.strict = s.to.(Recalling)
	s.rejected, err = OpenSink(ctx, s.links.Rejected, s.id, "rejected")
	return err
}

// OpenSink opens the sink of an endpoint. name tells the sinks of one reader apart.
func OpenSink(ctx context.Context, e Endpoint, id ReaderID, name string) (Sink, error) {
	c, err := Find(e)
	if err != nil {
		return nil, err
	}
	if c.Sink == nil {
		return nil, fault.New(fault.Usage, e.Redacted(), "%s is no sink", e.Scheme())
	}
	sink, err := c.Sink(ctx, e, id, name)
	if err != nil { // sink may be a nil pointer, which is not nil
		return nil, err
	}
	return sink, nil
}

// close forgets everything that is not committed.
func (s *session) close() error {
	s.stats.reader(s.id).open.Store(false)
	var errs []error
	if s.tx != nil {
		errs = append(errs, s.tx.Close())
	} else {
		for _, c := range []interface{ Close() error }{s.source, s.to, s.rejected} {
			if c != nil {
				errs = append(errs, c.Close())
			}
		}
	}
	s.source, s.to, s.rejected, s.tx = nil, nil, nil, nil
	s.done, s.past = nil, nil
	s.at, s.began, s.taken, s.put, s.uncommitted, s.committing, s.moved, s.arena = nil, time.Time{}, 0, 0, 0, 0, false, s.arena[:0]
	return errors.Join(errs...)
}

// write hands messages to a sink.
func (s *session) write(ctx context.Context, to Sink, messages []Message) error {
	return s.hand(ctx, len(messages), func() error { return to.Write(ctx, messages) })
}

// hand hands rows to a sink by way of write, see there.
func (s *session) hand(ctx context.Context, rows int, write func() error) error {
	if s.tx == nil && s.committing > 0 && (s.strict || s.committing+s.uncommitted+int64(rows) > int64(s.links.maxInFlight())) {
		if err := s.source.Settled(ctx); err != nil {
			return err
		}
		s.committing = 0
	}
	s.dirty()
	if err := write(); err != nil {
		return err
	}
	s.put += int64(rows)
	if rows > 0 {
		s.stats.Scoring.Add(time.Since(s.polled))
	}
	return nil
}

// dirty notes that there is something to commit.
func (s *session) dirty() {
	if s.began.IsZero() {
		s.began = time.Now()
	}
}

// settle ends a micro-batch. With AtLeastOnce everything written is acknowledged, and positions are committed when it is time
// to, or now; with ExactlyOnce all of that is done when it is time.
func (s *session) settle(ctx context.Context, now bool) error {
	if s.taken != s.put {
		return fault.New(fault.Mismatch, s.links.From.Redacted(), "%d messages came in, %d went out as predictions or dead letters", s.taken, s.put)
	}
	if s.tx == nil && s.taken > 0 {
		for _, sink := range []Sink{s.to, s.rejected} {
			if err := sink.Flush(ctx); err != nil {
				return err
			}
		}
		s.uncommitted += s.taken
		s.written()
	}
	if s.taken+s.uncommitted == 0 && !s.moved || !now && !s.due() {
		return nil
	}
	if s.tx != nil {
		if err := s.tx.Commit(ctx, s.at.list()); err != nil {
			return err
		}
		s.written()
	} else {
		if err := s.source.Commit(ctx, s.at.list()); err != nil {
			return err
		}
		s.uncommitted, s.committing = 0, s.uncommitted
	}
	s.stats.committed()
	s.began, s.moved = time.Time{}, false
	return nil
}

// due says whether it is time to commit.
func (s *session) due() bool {
	return s.strict || time.Since(s.began) >= s.links.commitEvery() || s.uncommitted >= int64(s.links.maxInFlight())
}

// written notes that a micro-batch is written for good.
func (s *session) written() {
	s.stats.settled(s.taken, s.oldest)
	s.taken, s.put, s.arena, s.oldest = 0, 0, s.arena[:0], time.Time{}
}

// behind is how many messages of the partitions that it has read wait for the reader.
func (s *session) behind() (n int64) {
	lag := s.stats.Lag()
	for p := range s.at {
		n += lag[p]
	}
	return n
}

// closeAll ends the sessions of a run. They are settled already.
func closeAll(run string) error {
	sessions.mu.Lock()
	var mine []*session
	for id, s := range sessions.byKey {
		if id.Run == run {
			mine = append(mine, s)
			delete(sessions.byKey, id)
		}
	}
	sessions.mu.Unlock()
	var errs []error
	for _, s := range mine {
		s.mu.Lock()
		if s.source != nil && s.tx == nil {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			errs = append(errs, s.source.Settled(ctx))
			cancel()
		}
		errs = append(errs, s.close())
		s.mu.Unlock()
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("closing the stream: %w", err)
	}
	return nil
}
