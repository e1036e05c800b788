package jsonl

import (
	"bytes"
	"io"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// lines cuts a stream into lines, in one buffer that is as large as the longest of them.
type lines struct {
	name   string // of the file
	src    *format.Stream
	left   int64 // bytes that are still to be read; -1: all there are
	buf    []byte
	pos    int // buf[pos:end] waits to be cut,
	end    int
	seen   int // and buf[pos:seen] has no '\n'
	eof    bool
	offset int64 // of buf[pos] in the content
}

const (
	// chunk is how much is read at once: enough for the disk, little enough for the cache.
	chunk = 256 << 10
	// keep is how much is kept of a line that is too long.
	keep = 4 << 10
)

func newLines(name string, src *format.Stream, offset, left int64) *lines {
	size := int64(chunk)
	if left >= 0 {
		size = min(size, left+1)
	}
	return &lines{name: name, src: src, left: left, offset: offset, buf: make([]byte, size+slack)}
}

// line is where in the buffer a line is: its '\n' is buf[end], also where the content ends without one. The buffer stays
// as it is until the next line is asked for.
type line struct {
	start, end int
	offset     int64 // of its first byte in the content
	size       int64 // with its line ending
	open       bool  // the content ended without a '\n'
	long       bool  // over format.MaxRow, and only the first keep bytes are there
}

// next gives the next line. Errors are io.EOF and what the stream says.
func (l *lines) next() (line, error) {
	for {
		if k := bytes.IndexByte(l.buf[l.seen:l.end], '\n'); k >= 0 {
			return l.cut(l.seen+k, l.seen+k+1), nil
		}
		l.seen = l.end
		if l.eof {
			if l.pos == l.end {
				return line{}, io.EOF
			}
			l.buf[l.end] = '\n'
			return l.cut(l.end, l.end), nil
		}
		if l.end-l.pos > format.MaxRow+1 {
			return l.drop()
		}
		if err := l.fill(); err != nil {
			return line{}, err
		}
	}
}

// cut takes the line that ends at end off the buffer; the next one begins at next.
func (l *lines) cut(end, next int) line {
	ln := line{start: l.pos, end: end, offset: l.offset, size: int64(next - l.pos), open: next == end}
	if length := end - l.pos; length > format.MaxRow {
		ln.long = length > format.MaxRow+1 || l.buf[end-1] != '\r'
		if ln.long {
			ln.end = ln.start + keep
		}
	}
	l.offset += ln.size
	l.pos, l.seen = next, next
	return ln
}

// drop reads over the rest of a line that is too long.
func (l *lines) drop() (line, error) {
	ln := line{start: 0, end: keep, offset: l.offset, long: true}
	copy(l.buf, l.buf[l.pos:l.pos+keep])
	ln.size = int64(l.end - l.pos)
	for {
		l.pos, l.end = keep, keep
		n, err := l.read(l.buf[keep : len(l.buf)-slack])
		if err != nil {
			return line{}, err
		}
		l.end += n
		if k := bytes.IndexByte(l.buf[keep:l.end], '\n'); k >= 0 {
			l.pos += k + 1
			ln.size += int64(k + 1)
			break
		}
		ln.size += int64(n)
		if l.eof {
			l.pos = l.end
			ln.open = true
			break
		}
	}
	l.seen = l.pos
	l.offset += ln.size
	return ln, nil
}

// fill reads on behind what waits to be cut, which moves to the front.
func (l *lines) fill() error {
	if l.pos > 0 {
		copy(l.buf, l.buf[l.pos:l.end])
		l.end -= l.pos
		l.seen -= l.pos
		l.pos = 0
	}
	if len(l.buf)-slack-l.end < chunk/2 && l.end > chunk/2 {
		size := min(2*len(l.buf), format.MaxRow+chunk+slack)
		buf := make([]byte, size)
		copy(buf, l.buf[:l.end])
		l.buf = buf
	}
	n, err := l.read(l.buf[l.end : len(l.buf)-slack])
	l.end += n
	return err
}

// read reads some bytes, or finds the end.
func (l *lines) read(p []byte) (int, error) {
	if l.left == 0 {
		l.eof = true
		return 0, nil
	}
	if l.left > 0 && int64(len(p)) > l.left {
		p = p[:l.left]
	}
	for range 100 {
		n, err := l.src.Read(p)
		if l.left > 0 {
			l.left -= int64(n)
		}
		if err == io.EOF {
			l.eof = true
			return n, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
	return 0, fault.New(fault.Unreadable, l.name, "%w", io.ErrNoProgress)
}
