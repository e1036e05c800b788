package lines

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/files"
	"github.com/glulam/glulam/transforms/stream"
	"golang.org/x/sync/semaphore"
)

// Standard is where "-" reads from and writes to. Programs that have others set it before a pipeline runs.
var Standard = struct {
	In  io.Reader
	Out io.Writer
}{os.Stdin, os.Stdout}

// ahead is how many lines are read ahead of what was asked for, and aheadBytes how many bytes they may have.
const (
	ahead      = 4096
	aheadBytes = 64 << 20
)

// source reads files, one after another.
type source struct {
	names []string // of the files; none for readers that get nothing
	std   bool
	ctx   context.Context
	stop  context.CancelFunc
	lines chan line
	room  *semaphore.Weighted // bytes of lines
	done  sync.WaitGroup
	begun bool
	first bool // the next Poll is the first
	batch stream.Fetch
	held  *line // of another file than the batch
	err   error // what ended the source
}

// line is a line, or the error that came instead.
type line struct {
	file   int
	value  []byte
	offset int64
	next   int64 // the offset behind it
	err    error
}

func newSource(t target, id stream.ReaderID) (*source, error) {
	s := &source{std: t.standard()}
	s.ctx, s.stop = context.WithCancel(context.Background())
	switch {
	case id.Index > 0:
		return s, nil
	case s.std:
		s.names = []string{"-"}
		return s, nil
	}
	var err error
	s.names, err = files.Expand([]string{t.path})
	return s, err
}

// Start implements stream.Source.
func (s *source) Start(_ context.Context, from []stream.Position) error {
	if s.std && (s.begun || len(from) > 0) {
		return fault.New(fault.Unreadable, "-", "standard input cannot be read again").WithHint("put it into a file, or into a broker")
	}
	if s.begun {
		return fault.New(fault.Internal, "", "a source of lines was started twice")
	}
	s.begun, s.first = true, true
	s.lines, s.room = make(chan line, ahead), semaphore.NewWeighted(aheadBytes)
	at := map[string]int64{}
	for _, p := range from {
		at[p.Topic] = p.Next
	}
	s.done.Add(1)
	go func() {
		defer s.done.Done()
		s.produce(at)
	}()
	return nil
}

// produce sends every line, then io.EOF.
func (s *source) produce(at map[string]int64) {
	for i, name := range s.names {
		if err := s.file(i, name, at[name]); err != nil {
			s.send(line{file: i, err: err})
			return
		}
	}
	s.send(line{err: io.EOF})
}

func (s *source) send(l line) bool {
	if s.room.Acquire(s.ctx, int64(len(l.value))) != nil {
		return false
	}
	select {
	case s.lines <- l:
		return true
	case <-s.ctx.Done():
		return false
	}
}

func (s *source) file(i int, name string, from int64) error {
	r := Standard.In
	if !s.std {
		f, err := format.OpenFile(name)
		if err != nil {
			return err
		}
		defer f.Close()
		content, err := f.Stream(s.ctx, from)
		if err != nil {
			return err
		}
		r = content
	}
	return s.split(i, from, bufio.NewReaderSize(r, 256<<10))
}

// split sends the lines of r, which is at an offset.
func (s *source) split(file int, offset int64, r *bufio.Reader) error {
	for {
		l := line{file: file, offset: offset}
		var err error
		for {
			var part []byte
			part, err = r.ReadSlice('\n')
			offset += int64(len(part))
			if room := format.MaxRow + 1 - len(l.value); room > 0 {
				l.value = append(l.value, part[:min(room, len(part))]...)
			}
			if !errors.Is(err, bufio.ErrBufferFull) {
				break
			}
		}
		if err != nil && err != io.EOF {
			return fault.FromOS(fault.Unreadable, s.names[file], err)
		}
		l.next = offset
		if l.value = bytes.TrimRight(l.value, "\r\n"); len(bytes.TrimSpace(l.value)) > 0 && !s.send(l) {
			return nil
		}
		if err == io.EOF {
			return nil
		}
	}
}

// Poll implements stream.Source. It waits for one line and takes what is there beside it.
func (s *source) Poll(ctx context.Context, most int) ([]stream.Fetch, error) {
	if s.err != nil {
		return nil, s.err
	}
	if s.first { // names what there is to come
		s.first = false
		if len(s.names) > 0 {
			return []stream.Fetch{{Source: s.names[0], Partition: stream.Partition{Topic: s.names[0]}, End: -1}}, nil
		}
	}
	s.batch = stream.Fetch{Messages: s.batch.Messages[:0], End: -1}
	if s.held != nil {
		s.add(s.held)
		s.held = nil
	} else {
		select {
		case l := <-s.lines:
			if l.err != nil {
				return nil, s.fail(l.err)
			}
			s.add(&l)
		case <-ctx.Done():
			return nil, nil
		}
	}
	for len(s.batch.Messages) < most {
		select {
		case l := <-s.lines:
			if l.err != nil {
				s.fail(l.err)
				return []stream.Fetch{s.batch}, nil
			}
			if s.names[l.file] != s.batch.Partition.Topic {
				s.held = &l
				return []stream.Fetch{s.batch}, nil
			}
			s.add(&l)
			continue
		default:
		}
		break
	}
	return []stream.Fetch{s.batch}, nil
}

func (s *source) fail(err error) error {
	s.err = err
	return err
}

func (s *source) add(l *line) {
	s.room.Release(int64(len(l.value)))
	name := s.names[l.file]
	s.batch.Source, s.batch.Partition = name, stream.Partition{Topic: name}
	s.batch.Messages = append(s.batch.Messages, stream.Message{
		Value: l.value, Offset: l.offset, Next: l.next, Envelope: block.Envelope{Time: time.Now().UnixMilli()},
	})
}

// Commit implements stream.Source: there is no place to commit to.
func (s *source) Commit(context.Context, []stream.Position) error { return nil }

// Settled implements stream.Source.
func (s *source) Settled(context.Context) error { return nil }

// Close implements stream.Source. A read from standard input that nothing ends is left alone.
func (s *source) Close() error {
	s.stop()
	if !s.std {
		s.done.Wait()
	}
	return nil
}
