package parquetdir

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/glulam/glulam/fault"
)

// state is how far a reader has come, as others see it: reader.json.
type state struct {
	// Watermark is in milliseconds since 1970: of windows that end by then the reader has made parts of all it had. Absent: it
	// has none yet.
	Watermark *int64 `json:"watermark,omitempty"`
	// Ended says that the source had an end, in the launch that Launch names: another launch of the run has more to come.
	Ended  bool   `json:"ended,omitempty"`
	Launch string `json:"launch,omitempty"`
	// Windows are those that the reader has rows in and that it does not know to be complete.
	Windows []window `json:"windows,omitempty"`
}

// passed is the reader's watermark as it counts in a launch.
func (s *state) passed(launch string) int64 {
	switch {
	case s.Ended && s.Launch == launch:
		return math.MaxInt64
	case s.Watermark != nil:
		return *s.Watermark
	}
	return math.MinInt64
}

// progress is a reader's state and the place where it stands. Only the worker has it.
type progress struct {
	p      *place
	launch string
	now    state
	stored []byte
}

// load reads the state that an earlier process of the reader left.
func (r *progress) load() error {
	path := filepath.Join(r.p.own, stateName)
	content, err := os.ReadFile(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fault.FromOS(fault.Unreadable, path, err)
	}
	if err := json.Unmarshal(content, &r.now); err != nil {
		return fault.New(fault.Corrupt, path, "%w", err).WithHint("remove it: windows that were not complete then get no %s", successName)
	}
	r.stored = content
	return nil
}

// save writes the state if it is another one than that which is stored.
func (r *progress) save() error {
	r.now.Launch = r.launch
	content, err := json.Marshal(r.now)
	if err != nil {
		return err
	}
	content = append(content, '\n')
	if bytes.Equal(content, r.stored) {
		return nil
	}
	path := filepath.Join(r.p.own, stateName)
	if err := writeFile(path, path+newExt, content); err != nil {
		return err
	}
	if err := syncFolder(r.p.own); err != nil {
		return err
	}
	r.stored = content
	return nil
}

// expect notes windows that have rows, but for those that are complete: late rows change nothing about that.
func (r *progress) expect(w window) {
	if !slices.Contains(r.now.Windows, w) && !r.p.complete(w) {
		r.now.Windows = append(r.now.Windows, w)
	}
}

// complete says whether a window has its mark.
func (p *place) complete(w window) bool {
	return exists(filepath.Join(p.dir, folderOf(w.Start), successName))
}

// succeed marks the windows that all readers have passed. Readers that write their state first and then look at those of the
// others cannot all miss that.
func (r *progress) succeed() error {
	windows := slices.Clone(r.now.Windows)
	least := r.now.passed(r.launch)
	for i := range r.p.id.Of {
		if i == r.p.id.Index {
			continue
		}
		other, err := r.p.other(i)
		if err != nil {
			return err
		}
		if other == nil {
			return nil // has not begun
		}
		least = min(least, other.passed(r.launch))
		windows = append(windows, other.Windows...)
	}
	windows = slices.DeleteFunc(windows, func(w window) bool { return w.End > least })
	if err := each(windows, r.p.mark); err != nil {
		return err
	}
	r.now.Windows = slices.DeleteFunc(r.now.Windows, func(w window) bool { return w.End <= least })
	return nil
}

// other reads the state of another reader; nil: there is none.
func (p *place) other(i int) (*state, error) {
	path := filepath.Join(p.run, readerFolder(i, p.id.Of), stateName)
	s := &state{}
	switch err := readJSON(path, s); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fault.FromOS(fault.Unreadable, path, err)
	}
	return s, nil
}

// mark marks a window as complete. One whose folder somebody took away stays without.
func (p *place) mark(w window) error {
	dir := filepath.Join(p.dir, folderOf(w.Start))
	path := filepath.Join(dir, successName)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	switch {
	case errors.Is(err, fs.ErrExist), errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil:
		err = f.Close()
	}
	if err != nil {
		return fault.FromOS(fault.Unwritable, path, err)
	}
	return syncFolder(dir)
}
