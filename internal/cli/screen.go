package cli

import (
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

// screen is standard error: lines that stay, and on a terminal one line at the end that is drawn again and again. Safe
// for concurrent use.
type screen struct {
	mu    sync.Mutex
	w     io.Writer
	fd    int // of the terminal; -1: not one
	drawn bool
}

func newScreen(w io.Writer) *screen {
	s := &screen{w: w, fd: -1}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		s.fd = int(f.Fd())
	}
	return s
}

// terminal says whether somebody watches.
func (s *screen) terminal() bool { return s.fd >= 0 }

// width is the number of columns; 80 where they are not known.
func (s *screen) width() int {
	return columns(s.fd, 80)
}

// columns asks a terminal for its width.
func columns(fd, otherwise int) int {
	if fd >= 0 {
		if w, _, err := term.GetSize(fd); err == nil && w > 0 {
			return w
		}
	}
	return otherwise
}

// columnsOf is the width of the terminal that w writes to, or otherwise.
func columnsOf(w io.Writer, otherwise int) int {
	switch w := w.(type) {
	case *output:
		return columnsOf(w.w, otherwise)
	case *screen:
		return columns(w.fd, otherwise)
	case *os.File:
		if term.IsTerminal(int(w.Fd())) {
			return columns(int(w.Fd()), otherwise)
		}
	}
	return otherwise
}

// draw replaces the drawn line. It does nothing where there is no terminal.
func (s *screen) draw(line string) {
	if !s.terminal() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	io.WriteString(s.w, "\r"+line+"\x1b[K")
	s.drawn = true
}

// clear removes the drawn line.
func (s *screen) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wipe()
}

func (s *screen) wipe() {
	if s.drawn {
		io.WriteString(s.w, "\r\x1b[K")
		s.drawn = false
	}
}

// Write writes lines that stay, above the drawn one.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wipe()
	return s.w.Write(p)
}
