package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// errStopped is the cause of a context that a signal ended.
var errStopped = errors.New("stopped by a signal")

// interruptible gives a context that ends with the first SIGINT or SIGTERM. The second one ends the process. stop must be
// called; it gives the signals back to the system.
func interruptible(ctx context.Context, s *screen) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	release := onSignal(s, "stopping and cleaning up", func() { cancel(errStopped) })
	return ctx, func() {
		release()
		cancel(nil)
	}
}

// twice is how long a second signal counts as the first one: timeout(1) and shells send one to a process and one to its group.
const twice = 200 * time.Millisecond

// onSignal calls first at the first SIGINT or SIGTERM, and says what it does. The second one ends the process. stop must be
// called; it gives the signals back to the system.
func onSignal(s *screen, doing string, first func()) (stop func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		select {
		case <-signals:
		case <-done:
			return
		}
		first()
		if s.terminal() {
			fmt.Fprintf(s, "glulam: %s; once more to stop at once\n", doing)
		}
		for began := time.Now(); ; {
			select {
			case <-signals:
			case <-done:
				return
			}
			if time.Since(began) > twice {
				s.clear()
				fmt.Fprintln(s, "glulam: stopped at once")
				os.Exit(exitFailed)
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(done)
	}
}

// patient reads from r until ctx ends, also when r blocks (a terminal, a pipe that nobody writes to). It takes nothing from
// r before the first Read: standard input may be somebody else's.
type patient struct {
	ctx    context.Context
	r      io.Reader
	start  sync.Once
	blocks chan gulp
	rest   gulp
}

// gulp is what one read gave.
type gulp struct {
	data []byte
	err  error
}

func newPatient(ctx context.Context, r io.Reader) *patient {
	return &patient{ctx: ctx, r: r, blocks: make(chan gulp)}
}

func (p *patient) drink() {
	for {
		buf := make([]byte, 256<<10)
		n, err := p.r.Read(buf)
		select {
		case p.blocks <- gulp{buf[:n], err}:
		case <-p.ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// Read implements io.Reader.
func (p *patient) Read(b []byte) (int, error) {
	p.start.Do(func() { go p.drink() })
	for len(p.rest.data) == 0 && p.rest.err == nil {
		select {
		case p.rest = <-p.blocks:
		case <-p.ctx.Done():
			return 0, context.Cause(p.ctx)
		}
	}
	if len(p.rest.data) == 0 {
		return 0, p.rest.err
	}
	n := copy(b, p.rest.data)
	p.rest.data = p.rest.data[n:]
	return n, nil
}
