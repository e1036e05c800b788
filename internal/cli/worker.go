package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/pipelines"
	"github.com/glulam/glulam/runners"
)

// Boot is what a process does that a runner started as a worker's boot program, before anything else looks at its arguments: it
// becomes the worker. Where boots is false it is not one; otherwise it returns only if that failed.
func Boot(args []string, stderr io.Writer) (code int, boots bool) {
	if !runners.Boots(args) {
		return 0, false
	}
	return report(stderr, runners.Boot(args, pipelines.Version)), true
}

// workerCmd is `glulam worker`: the pool of workers that stands beside a TaskManager.
type workerCmd struct {
	Listen   string `placeholder:"HOST:PORT" default:"localhost:50000" help:"where runners ask for workers; :50000 is all interfaces: nothing there asks who they are"`
	LogLevel string `placeholder:"LEVEL" help:"debug, info, warn or error; default: info"`
}

// Run serves until a signal comes.
func (c *workerCmd) Run(e *env) error {
	level, err := logLevel(cmp.Or(c.LogLevel, "info"))
	if err != nil {
		return fault.New(fault.Usage, "--log-level", "%w", err)
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(e.screen, &slog.HandlerOptions{Level: level})))
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fault.New(fault.Usage, "--listen", "%w", err).WithHint("give host:port that is free, such as localhost:50000")
	}
	ctx, stop := interruptible(context.Background(), e.screen)
	defer stop()
	fmt.Fprintf(e.stdout, "workers for runners that ask at %s; submit jobs with --workers %s\n", l.Addr(), strings.Replace(l.Addr().String(), "[::]", "HOST", 1))
	return (&runners.Pool{Output: e.screen}).Serve(ctx, l)
}
