package files

import (
	"sync"
	"sync/atomic"
)

// Progress counts what the DoFns of a run did in this process. Runners whose workers are this process read it live; for
// others the Beam counters of the namespace "glulam" say the same.
type Progress struct {
	Total    atomic.Int64 // stored bytes of all inputs; 0 until planned
	Bytes    atomic.Int64 // of them read
	Rows     atomic.Int64 // rows read, good or bad
	Rejected atomic.Int64 // rows refused while reading
	Planning atomic.Int64 // bytes looked through by the planner
}

var runs sync.Map // run id -> *Progress

// state says how far the end of a run has come in this process: stopping one waits for a commit that is under way.
type state struct {
	mu        sync.Mutex
	stopped   bool
	committed bool
}

var states sync.Map // folder of temporary files -> *state

func stateOf(temp string) *state {
	s, _ := states.LoadOrStore(temp, &state{})
	return s.(*state)
}

// Stop keeps the run with this folder of temporary files from being committed by this process from now on, and says
// whether it was already. A commit that is under way is waited for.
func Stop(temp string) (committed bool) {
	s := stateOf(temp)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	return s.committed
}

// Forget frees what this process remembers of a run.
func Forget(run, temp string) {
	runs.Delete(run)
	states.Delete(temp)
}

// ProgressOf gives the counters of a run of this process; they are made at the first call.
func ProgressOf(run string) *Progress {
	p, _ := runs.LoadOrStore(run, &Progress{})
	return p.(*Progress)
}
