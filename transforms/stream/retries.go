package stream

import (
	"log/slog"
	"sync"
	"time"
)

// Retries counts (Stats.Retries) and logs failures that are tried again after, without logging the same again and again. Safe
// for concurrent use.
type Retries struct {
	Stats        *Stats // of the run
	scheme, name string

	mu     sync.Mutex
	last   time.Time
	silent int // since then
}

// NewRetries makes the one of an endpoint, whose name is as log lines may show it.
func NewRetries(id ReaderID, scheme, name string) *Retries {
	return &Retries{Stats: StatsOf(id.Run), scheme: scheme, name: name}
}

// retryLogEvery is how often failures are logged.
const retryLogEvery = 10 * time.Second

// Saw notes that something failed and is tried again.
func (r *Retries) Saw(doing string, err error) {
	r.Stats.Retries.Add(1)
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.last) < retryLogEvery {
		r.silent++
		return
	}
	slog.Warn(r.scheme+": trying again", "endpoint", r.name, "doing", doing, "error", err, "since_last_line", r.silent)
	r.last, r.silent = time.Now(), 0
}
