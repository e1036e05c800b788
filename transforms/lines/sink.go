package lines

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// sink appends lines to a file.
type sink struct {
	name string
	w    io.Writer
	file *os.File // nil: standard output
	sync bool
	buf  []byte
	once sync.Once // of Close
}

func newSink(t target, id stream.ReaderID) (*sink, error) {
	if t.standard() {
		return &sink{name: "-", w: Standard.Out}, nil
	}
	name := t.path
	if t.folder() {
		if err := os.MkdirAll(t.path, 0o777); err != nil {
			return nil, fault.FromOS(fault.Unwritable, t.path, err)
		}
		name = filepath.Join(t.path, partName(id.Index))
	} else if id.Of > 1 {
		return nil, fault.New(fault.Usage, scheme+":"+t.path, "%d readers cannot write to one file", id.Of).WithHint("end the path with a slash: a folder has a file for each")
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return nil, fault.FromOS(fault.Unwritable, name, err)
	}
	s := &sink{name: name, w: f, file: f, sync: t.sync}
	opened.mu.Lock()
	defer opened.mu.Unlock()
	if opened.sinks[name] == 0 { // or a line without an end is being written
		if err := s.mend(); err != nil {
			f.Close()
			return nil, fault.FromOS(fault.Unwritable, name, err)
		}
	}
	opened.sinks[name]++
	return s, nil
}

// opened counts this process' sinks of each file.
var opened = struct {
	mu    sync.Mutex
	sinks map[string]int
}{sinks: map[string]int{}}

// mend cuts off a last line that has no end.
func (s *sink) mend() error {
	end, err := s.file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	const step = 64 << 10
	buf, at := make([]byte, step), end
	for at > 0 {
		n := min(at, step)
		if _, err := s.file.ReadAt(buf[:n], at-n); err != nil && err != io.EOF {
			return err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			at += int64(i) + 1 - n
			break
		}
		at -= n
	}
	if at < end {
		return s.file.Truncate(at)
	}
	return nil
}

// Write implements stream.Sink.
func (s *sink) Write(_ context.Context, messages []stream.Message) error {
	for i := range messages {
		s.buf = append(append(s.buf, messages[i].Value...), '\n')
	}
	return nil
}

// Flush implements stream.Sink.
func (s *sink) Flush(context.Context) error {
	if len(s.buf) == 0 {
		return nil
	}
	_, err := s.w.Write(s.buf)
	s.buf = s.buf[:0]
	if err == nil && s.sync && s.file != nil {
		err = s.file.Sync()
	}
	if err != nil {
		return fault.FromOS(fault.Unwritable, s.name, err)
	}
	return nil
}

// Close implements stream.Sink. What was not flushed is not written.
func (s *sink) Close() error {
	if s.file == nil {
		return nil
	}
	s.once.Do(func() {
		opened.mu.Lock()
		defer opened.mu.Unlock()
		if opened.sinks[s.name]--; opened.sinks[s.name] == 0 {
			delete(opened.sinks, s.name)
		}
	})
	if err := s.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fault.FromOS(fault.Unwritable, s.name, err)
	}
	return nil
}
