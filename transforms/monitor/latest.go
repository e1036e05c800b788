package monitor

import (
	"cmp"
	"slices"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

func init() { beam.RegisterDoFn(&recentFn{}) }

// MaxLatest is how many windows of models a run's Latest has at the most.
const MaxLatest = 256

var latest struct {
	mu    sync.Mutex
	byRun map[string][]Summary // in the order of Latest
}

// Keep has a run's summaries (PCollection<Summary>) at hand for Latest of the process that this step runs in: with prism,
// the one that runs the pipeline.
func Keep(s beam.Scope, run string, summaries beam.PCollection) {
	beam.ParDo0(s.Scope("glulam.KeepSummaries"), &recentFn{Run: run}, summaries)
}

type recentFn struct{ Run string }

// ProcessElement keeps a summary.
func (f *recentFn) ProcessElement(s Summary) { keep(f.Run, s) }

func keep(run string, s Summary) {
	latest.mu.Lock()
	defer latest.mu.Unlock()
	if latest.byRun == nil {
		latest.byRun = map[string][]Summary{}
	}
	all := latest.byRun[run]
	at, found := slices.BinarySearchFunc(all, s, byWindow)
	switch {
	case !found:
		all = slices.Insert(all, at, s)
	case all[at].Index <= s.Index:
		all[at] = s
	}
	if len(all) > MaxLatest {
		all = slices.Delete(all, 0, len(all)-MaxLatest)
	}
	latest.byRun[run] = all
}

func byWindow(a, b Summary) int {
	return cmp.Or(a.End.Compare(b.End), cmp.Compare(a.Model, b.Model))
}

// Latest gives the last summary of each window and model that Keep had in this process, the latest windows last, MaxLatest at
// the most. The maps in them must not be changed. Safe for concurrent use.
func Latest(run string) []Summary {
	latest.mu.Lock()
	defer latest.mu.Unlock()
	return slices.Clone(latest.byRun[run])
}

// Forget empties a run's Latest.
func Forget(run string) {
	latest.mu.Lock()
	defer latest.mu.Unlock()
	delete(latest.byRun, run)
}
