package csv

import (
	"bytes"
	"io"

	"github.com/glulam/glulam/fault"
)

// window is a buffer that moves over a stream: buf[pos:end] was read but is not used up.
type window struct {
	src    io.Reader
	source string // the file's name
	left   int64  // bytes to read before the limit of the piece, -1 without one
	eof    bool   // nothing follows buf[:end]

	buf      []byte
	pos, end int
	base     int64 // offset of buf[0] in the content
	quote    int   // the first quote in buf[:end] from the last pos asked for on, or end

	chunk int
	most  int // largest size of buf
}

func newWindow(src io.Reader, source string, off, left int64, sizes sizes) *window {
	return &window{
		src: src, source: source, left: left, eof: left == 0, base: off,
		chunk: sizes.chunk, most: sizes.row + 2 + sizes.chunk,
	}
}

// rest is what was read and not used up. It is valid until more.
func (w *window) rest() []byte { return w.buf[w.pos:w.end] }

// offset is where rest starts in the content.
func (w *window) offset() int64 { return w.base + int64(w.pos) }

// nextQuote is the index in buf of the first quote of rest, or end.
func (w *window) nextQuote() int {
	if w.quote < w.pos {
		w.quote = w.pos
		w.findQuote()
	}
	return w.quote
}

func (w *window) findQuote() {
	if k := bytes.IndexByte(w.buf[w.quote:w.end], '"'); k >= 0 {
		w.quote += k
	} else {
		w.quote = w.end
	}
}

// more reads on behind rest, as much as there is room for, and makes that room: twice as much whenever rest fills the
// buffer, so that looking at rest from its start again costs no more than what was read. Slices of the buffer are
// invalid afterwards.
func (w *window) more() error {
	rest := w.rest()
	w.nextQuote()
	switch {
	case len(rest) <= w.chunk/2 && len(w.buf) != w.chunk: // at first, and after a huge record
		buf := make([]byte, w.chunk)
		copy(buf, rest)
		w.buf = buf
	case w.pos == 0 && w.end == len(w.buf):
		buf := make([]byte, min(2*len(w.buf), w.most))
		copy(buf, rest)
		w.buf = buf
	default:
		copy(w.buf, rest)
	}
	w.base += int64(w.pos)
	w.quote -= w.pos
	w.pos, w.end = 0, len(rest)

	for w.end < len(w.buf) && !w.eof {
		room := w.buf[w.end:]
		if w.left >= 0 {
			room = room[:min(int64(len(room)), w.left)]
		}
		n, err := w.src.Read(room)
		w.end += n
		if w.left >= 0 {
			w.left -= int64(n)
			w.eof = w.left == 0
		}
		if err == io.EOF {
			if w.left > 0 {
				return fault.New(fault.Changed, w.source, "the file is %d bytes shorter than it was", w.left)
			}
			w.eof = true
		} else if err != nil {
			return err
		}
	}
	if w.quote == len(rest) {
		w.findQuote()
	}
	return nil
}

// skipLine uses up the rest of a line that is too long to hold, and its line ending.
func (w *window) skipLine() error {
	for {
		if k := bytes.IndexByte(w.rest(), '\n'); k >= 0 {
			w.pos += k + 1
			return nil
		}
		w.pos = w.end
		if w.eof {
			return nil
		}
		if err := w.more(); err != nil {
			return err
		}
	}
}
