package lab

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Main is what the main function of a benchmark does: run with what parse makes of the arguments, until that is done or
// interrupted. It gives the exit code: 2 for a wrong argument, 1 for a failure, of which say is told.
func Main[Options any](args []string, say io.Writer, parse func([]string) (Options, error), run func(context.Context, Options) error) int {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(say, "bench:", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(say, "bench:", err)
		return 1
	}
	return 0
}
