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

// ProgressOf gives the counters of a run of this process; they are made at the first call.
func ProgressOf(run string) *Progress {
	p, _ := runs.LoadOrStore(run, &Progress{})
	return p.(*Progress)
}
