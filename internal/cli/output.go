package cli

import (
	"errors"
	"io"
	"syscall"

	"github.com/glulam/glulam/fault"
)

// output is standard output. The first error of a write is kept for the end; what is written after it is dropped.
type output struct {
	w   io.Writer
	err error
}

// Write implements io.Writer; it never gives an error.
func (o *output) Write(p []byte) (int, error) {
	if o.err == nil {
		_, o.err = o.w.Write(p)
	}
	return len(p), nil
}

// failure says what went wrong. A reader that has seen enough (`glulam inspect m | head`) is no failure.
func (o *output) failure() error {
	if o.err == nil || errors.Is(o.err, syscall.EPIPE) {
		return nil
	}
	return fault.FromOS(fault.Unwritable, "standard output", o.err).WithHint("the command did its work; only what it had to say is lost")
}
