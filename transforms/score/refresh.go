package score

import (
	"context"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/glulam/glulam/model"
)

// settle is how long files have to stay as they are before they are read, where Options.Refresh is longer.
const settle = 2 * time.Second

// slots holds the models of this process that are refreshed, by Options: like the cache, they outlive DoFn instances.
var slots struct {
	mu    sync.Mutex
	byKey map[string]*slot
}

// Refreshing says how the refreshing of a model goes, in this process.
type Refreshing struct {
	Model     string    `json:"model"`                // the reference
	Digest    string    `json:"digest"`               // of the model that serves
	Name      string    `json:"name"`                 // its name
	Format    string    `json:"format"`               // its format and the version of that: "lightgbm v4"
	Engine    string    `json:"engine"`               // what evaluates it
	Since     time.Time `json:"since"`                // when it began to
	Swaps     int64     `json:"swaps"`                // how often a new model took the place of one
	Refused   int64     `json:"refused"`              // how many new models were not taken
	LastError string    `json:"last_error,omitempty"` // why the last was not; "" if what is there now serves
	Looked    time.Time `json:"looked"`               // when the files were looked at last
}

// slot is a model that is refreshed: which one serves, and the goroutine that looks for a new one.
type slot struct {
	options Options // with Outputs filled in
	rules   ruleSets
	first   *cached
	current atomic.Pointer[model.Model]
	schema  atomic.Pointer[arrow.Schema] // the last that was bound

	wanted atomic.Bool // a sample of rows
	rows   atomic.Pointer[arrow.RecordBatch]

	loads, swaps, refused atomic.Int64 // not counted yet

	mu    sync.Mutex
	state Refreshing

	cancel context.CancelFunc
	ended  chan struct{}
}

func (o *Options) slotKey() string {
	if o.Refresh <= 0 {
		return ""
	}
	text, err := json.Marshal(o)
	if err != nil { // there is nothing in Options that JSON has no form for, but a MaxSlowdown that Check refuses
		return o.Model
	}
	return string(text)
}

func slotOf(key string) *slot {
	slots.mu.Lock()
	defer slots.mu.Unlock()
	return slots.byKey[key]
}

// newSlot gives the slot of these options, and starts its refresher if it is new.
func newSlot(key string, o *Options, rules ruleSets, first *cached) *slot {
	slots.mu.Lock()
	defer slots.mu.Unlock()
	if s := slots.byKey[key]; s != nil {
		return s
	}
	s := &slot{options: *o, rules: rules, first: first, ended: make(chan struct{})}
	s.current.Store(first.model)
	s.wanted.Store(true)
	now := time.Now()
	s.state = Refreshing{Model: o.Model, Looked: now}
	s.state.serves(first.model, now)
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	if slots.byKey == nil {
		slots.byKey = map[string]*slot{}
	}
	slots.byKey[key] = s
	go s.refresh(ctx)
	return s
}

// StopRefresh ends the refreshing of the models of a run (Options.Run) in this process, and waits for that. The models that
// serve then go on to. Nothing else ends it: a run's process calls this when the run is over.
func StopRefresh(run string) {
	slots.mu.Lock()
	var ending []*slot
	for key, s := range slots.byKey {
		if s.options.Run == run {
			ending = append(ending, s)
			delete(slots.byKey, key)
		}
	}
	slots.mu.Unlock()
	for _, s := range ending {
		s.cancel()
	}
	for _, s := range ending {
		<-s.ended
	}
}

// RefreshOf says how the refreshing of the models of a run goes, in this process: one entry for each Score with options of its
// own, in no order.
func RefreshOf(run string) []Refreshing {
	slots.mu.Lock()
	defer slots.mu.Unlock()
	var all []Refreshing
	for _, s := range slots.byKey {
		if s.options.Run == run {
			all = append(all, s.report())
		}
	}
	return all
}

func (s *slot) report() Refreshing {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// serving is the model to score the next block with.
func (s *slot) serving() *model.Model { return s.current.Load() }

// count adds what happened since the last call to Beam's counters.
func (s *slot) count(ctx context.Context, loads, swaps, refused beam.Counter) {
	for _, c := range []struct {
		n  *atomic.Int64
		to beam.Counter
	}{{&s.loads, loads}, {&s.swaps, swaps}, {&s.refused, refused}} {
		if c.n.Load() > 0 {
			c.to.Inc(ctx, c.n.Swap(0))
		}
	}
}

// refresh looks for new models until its context ends.
func (s *slot) refresh(ctx context.Context) {
	defer close(s.ended)
	l := looker{slot: s, known: s.first.stamp}
	wait := jitter(s.options.Refresh)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = jitter(s.options.Refresh)
		if l.look(ctx) && wait > settle {
			wait = settle
		}
	}
}

// jitter is d, give or take a tenth, so that many processes do not look at once.
func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.9 + 0.2*rand.Float64()))
}

// swap lets m serve.
func (s *slot) swap(m *model.Model) {
	old := s.current.Swap(m)
	s.swaps.Add(1)
	s.mu.Lock()
	s.state.serves(m, time.Now())
	s.state.LastError = ""
	s.state.Swaps++
	s.mu.Unlock()
	slog.Info("model swapped", "model", s.options.Model, "name", m.Name(), "digest", m.Digest(), "was", old.Digest())
}

// serves notes which model serves.
func (r *Refreshing) serves(m *model.Model, since time.Time) {
	f := m.Forest()
	r.Digest, r.Name, r.Format, r.Engine, r.Since = m.Digest(), m.Name(), f.Format+" "+f.Version, m.Engine(), since
}

// refuse notes that a new model is not taken.
func (s *slot) refuse(err error) {
	s.refused.Add(1)
	s.mu.Lock()
	s.state.Refused++
	s.state.LastError = err.Error()
	s.mu.Unlock()
	slog.Warn("new model refused, the old one serves on", "model", s.options.Model, "serving", s.serving().Digest(), "error", err)
}

// misfits notes that a model which serves does not fit a schema that it was not checked with.
func (s *slot) misfits(m *model.Model, err error) {
	s.mu.Lock()
	s.state.LastError = err.Error()
	s.mu.Unlock()
	slog.Warn("new model does not fit some of the rows, which the old one scores on", "model", s.options.Model, "digest", m.Digest(), "error", err)
}

// settled notes that what is there is what serves.
func (s *slot) settled() {
	s.mu.Lock()
	s.state.LastError = ""
	s.mu.Unlock()
}
