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
	mu        sync.RWMutex // writers of temporary files hold it for reading while they make one
	stopped   bool
	replacing bool // the earlier output is no longer whole, the new one not yet
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

// Final says whether a commit of a run came to its end, in whatever process: its last step takes the temporary files away.
func Final(dir, temp string) bool {
	fsys, err := fsOf(dir)
	if err != nil {
		return false
	}
	if _, err := fsys.Stat(temp); !missing(err) {
		return false
	}
	_, err = fsys.Stat(join(dir, ManifestName))
	return err == nil
}

// RemoveTemp removes the temporary files of a run that was stopped, so that no worker of this process makes new ones. Those
// of a run that failed while its output was put into place stay: the next run with overwrite knows from them what is
// glulam's.
func RemoveTemp(temp string) error {
	s := stateOf(temp)
	s.mu.RLock()
	defer s.mu.RUnlock()
	fsys, err := fsOf(temp)
	if err != nil {
		return err
	}
	if _, err := fsys.Stat(join(temp, cleared)); s.replacing || err == nil { // here, or in a worker elsewhere
		return nil
	}
	if err := fsys.RemoveAll(temp); err != nil {
		return unwritable(temp, err)
	}
	return nil
}

// Forget frees the counters of a run. That it was stopped stays known, for workers that come late.
func Forget(run string) { runs.Delete(run) }

// ProgressOf gives the counters of a run of this process; they are made at the first call.
func ProgressOf(run string) *Progress {
	p, _ := runs.LoadOrStore(run, &Progress{})
	return p.(*Progress)
}
