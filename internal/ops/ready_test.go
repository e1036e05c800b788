package ops

import (
	"testing"
	"time"

	"github.com/glulam/glulam/transforms/stream"
)

func TestUnready(t *testing.T) {
	at := func(index int, open, done bool, ago time.Duration) stream.ReaderState {
		return stream.ReaderState{Index: index, Open: open, Done: done, Turned: noon.Add(-ago)}
	}
	for _, c := range []struct {
		name     string
		draining bool
		readers  []stream.ReaderState
		of       int
		want     string
	}{
		{"nothing yet", false, nil, 2, "2 of 2 readers have no source and sinks open"},
		{"one of two", false, []stream.ReaderState{at(0, true, false, 0)}, 2, "1 of 2 readers have no source and sinks open"},
		{"both", false, []stream.ReaderState{at(0, true, false, 0), at(1, true, false, 30*time.Second)}, 2, ""},
		{"one was closed by a failure", false, []stream.ReaderState{at(0, false, false, 0), at(1, true, false, 0)}, 2, "1 of 2 readers have no source and sinks open"},
		{"one is stuck", false, []stream.ReaderState{at(0, true, false, 0), at(1, true, false, 31*time.Second)}, 2,
			"reader 2 of 2 has not come back from its source or sinks for 31s, longer than 30s"},
		{"one has read everything", false, []stream.ReaderState{at(0, true, false, 0), at(1, false, true, time.Hour)}, 2, ""},
		{"draining", true, []stream.ReaderState{at(0, true, false, 0)}, 1, "draining: the run ends when what is under way is committed"},
	} {
		if got := unready(c.draining, c.readers, c.of, noon, DefaultStale); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
