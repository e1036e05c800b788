package ops

import (
	"fmt"
	"time"

	"github.com/glulam/glulam/transforms/stream"
)

// unready says why a run is not ready; "": it is. of is how many readers there are to be.
func unready(draining bool, readers []stream.ReaderState, of int, now time.Time, limit time.Duration) string {
	if draining {
		return "draining: the run ends when what is under way is committed"
	}
	open := 0
	for _, r := range readers {
		if r.Open || r.Done {
			open++
		}
	}
	if open < of {
		return fmt.Sprintf("%d of %d readers have no source and sinks open", of-open, of)
	}
	for _, r := range readers {
		if away := now.Sub(r.Turned); !r.Done && away > limit {
			return fmt.Sprintf("reader %d of %d has not come back from its source or sinks for %s, longer than %s", r.Index+1, of, away.Round(time.Second), limit)
		}
	}
	return ""
}
