package cli

import (
	"bytes"
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"
)

// stage is a terminal that is drawn on as a whole, on its alternate screen. What is written to it meanwhile (the log) is kept
// for the end. Safe for concurrent use.
type stage struct {
	s      *screen
	colour bool
	keys   <-chan byte // nil: there is no keyboard

	mu     sync.Mutex
	tty    int // of the keyboard
	before *term.State
	closed bool
	log    bytes.Buffer
}

// maxLog is how much of a log is kept.
const maxLog = 64 << 10

// newStage takes the terminal over; nil if nobody watches. Without --json standard output has to be a
// terminal, too: with it piped away nobody means to look at a view.
func newStage(e *env, json bool) *stage {
	out, _ := e.stdout.(*output)
	if !e.screen.terminal() || !json && (out == nil || !isTerminal(out.w)) {
		return nil
	}
	t := &stage{s: e.screen, colour: os.Getenv("NO_COLOR") == "", tty: -1}
	if f, ok := e.stdin.(*os.File); ok && isTerminal(f) {
		t.tty = int(f.Fd())
		if before, err := term.MakeRaw(t.tty); err == nil { // else keys come with the next line, and Ctrl-C is a signal
			t.before = before
			keys := make(chan byte, 16)
			t.keys = keys
			go readKeys(f, keys)
		}
	}
	t.put("\x1b[?1049h\x1b[?25l\x1b[2J")
	return t
}

func isTerminal(v any) bool {
	f, ok := v.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// readKeys sends what is typed until nothing more can be. It ends with the process.
func readKeys(r io.Reader, keys chan<- byte) {
	b := make([]byte, 1)
	for {
		if n, err := r.Read(b); err != nil {
			return
		} else if n > 0 {
			keys <- b[0]
		}
	}
}

func (t *stage) put(text string) {
	t.s.mu.Lock()
	defer t.s.mu.Unlock()
	io.WriteString(t.s.w, text)
}

// size is the terminal's, less the last column: some terminals go to the next line when it is written.
func (t *stage) size() (width, height int) {
	w, h, err := term.GetSize(t.s.fd)
	if err != nil || w <= 0 || h <= 0 {
		w, h = 80, 24
	}
	return w - 1, h
}

// draw shows lines in place of those before.
func (t *stage) draw(lines []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	t.put("\x1b[H" + strings.Join(lines, "\x1b[K\r\n") + "\x1b[K\x1b[J")
}

// Write keeps what is to be said after the view is gone.
func (t *stage) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return t.s.Write(p)
	}
	if t.log.Len()+len(p) <= maxLog {
		t.log.Write(p)
	}
	return len(p), nil
}

// close gives the terminal back as it was. It may be called again.
func (t *stage) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	t.closed = true
	t.put("\x1b[0m\x1b[?25h\x1b[?1049l")
	if t.before != nil {
		_ = term.Restore(t.tty, t.before) // there is nobody to tell but the terminal itself
	}
	t.s.Write(t.log.Bytes())
}
