package parquetdir

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// What is in a folder of a sink:
//
//	window=2013-10-01T06:00:00Z/part-*.parquet
//	window=2013-10-01T06:00:00Z/_SUCCESS
//	.spool-RUN/window.json              the windows' length
//	.spool-RUN/00000-of-00002/          of a reader
//	    lock                            held by its process
//	    reader.json                     how far it has come: state
//	    part-*.spool, *.tmp, *.done     see convert
const (
	hidden      = ".spool-"
	stateName   = "reader.json"
	windowName  = "window.json"
	lockName    = "lock"
	successName = "_SUCCESS"

	spoolExt, tempExt, doneExt, partExt, newExt = ".spool", ".tmp", ".done", ".parquet", ".new"
)

// idOf gives the id that a file in a reader's folder is named by.
func idOf(path string) string {
	base := filepath.Base(path)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// place is where a reader of a run writes.
type place struct {
	dir  string // the sink's
	run  string // the run's folder in it
	own  string // the reader's folder in that
	id   stream.ReaderID
	free func() // gives the lock back
}

// runFolder names the folder of a run.
func runFolder(run string) string {
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r) {
			return r
		}
		return '_'
	}, run)
	if safe != run || len(safe) > 100 {
		h := fnv.New64a()
		h.Write([]byte(run))
		safe = fmt.Sprintf("%.100s-%016x", safe, h.Sum64())
	}
	return hidden + safe
}

// readerFolder names the folder of a reader.
func readerFolder(index, of int) string { return fmt.Sprintf("%05d-of-%05d", index, of) }

// newPlace makes the folders, and keeps other processes of the same reader out.
func newPlace(t *target, id stream.ReaderID) (*place, error) {
	if st, err := os.Stat(t.dir); err == nil && !st.IsDir() {
		return nil, fault.New(fault.Conflict, t.dir, "a file, not a folder").WithHint("give a folder, such as parquet:scored/")
	}
	p := &place{dir: t.dir, id: id}
	p.run = filepath.Join(t.dir, runFolder(id.Run))
	p.own = filepath.Join(p.run, readerFolder(id.Index, id.Of))
	if err := os.MkdirAll(p.own, 0o777); err != nil {
		return nil, fault.FromOS(fault.Unwritable, t.dir, err)
	}
	var err error
	if p.free, err = lock(p.own); err != nil {
		return nil, err
	}
	if err := p.checkWindow(t.window); err != nil {
		p.free()
		return nil, err
	}
	return p, nil
}

// checkWindow refuses windows of another length than those that are in the folder, whichever run they are of.
func (p *place) checkWindow(window int64) error {
	var said struct {
		Window int64 `json:"window_ms"`
	}
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return fault.FromOS(fault.Unreadable, p.dir, err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), hidden) {
			continue
		}
		path := filepath.Join(p.dir, e.Name(), windowName)
		if err := readJSON(path, &said); err == nil && said.Window != window {
			is := time.Duration(said.Window) * time.Millisecond
			return fault.New(fault.Conflict, p.dir, "the folder has windows of %s", is).WithHint("choose another folder, or take --window %s", is)
		}
	}
	path := filepath.Join(p.run, windowName)
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	said.Window = window
	return p.writeJSON(path, said)
}

// path names a file of a spool in the reader's folder.
func (p *place) path(id, ext string) string { return filepath.Join(p.own, id+ext) }

func (p *place) writeJSON(path string, v any) error {
	content, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if err := writeFile(path, filepath.Join(p.own, filepath.Base(path)+newExt), append(content, '\n')); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func readJSON(path string, v any) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(content, v)
}
