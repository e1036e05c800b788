// Command services runs the services that glulam's tests use, for trying things out:
//
//	go run ./internal/scripts/services kafka -port 9092 -topics flights,flights-scored,flights-rejected
//	go run ./internal/scripts/services flink -port 8081 -slots 2
//
// It runs until Ctrl-C; the data is gone afterwards.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// service is one that can be run.
type service struct {
	usage string
	// flags adds its flags, and gives what starts it once they are read: with its files in dir. What that gives stops the service,
	// and is there even if it gives an error too, unless nothing was started.
	flags func(f *flag.FlagSet) start
}

type start func(ctx context.Context, dir string) (stop func() error, err error)

var all = map[string]service{
	"kafka": {"[-port N] [-topics A,B] [-partitions N]", kafkaFlags},
	"flink": {"[-port N] [-slots N]", flinkFlags},
}

func main() {
	var name string
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	s, ok := all[name]
	if !ok {
		fmt.Fprint(os.Stderr, usage())
		os.Exit(2)
	}
	flags := flag.NewFlagSet(name, flag.ExitOnError)
	begin := s.flags(flags)
	flags.Parse(os.Args[2:])
	if flags.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "services: %q is no flag\n%s", flags.Arg(0), usage())
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, name, begin); err != nil {
		fmt.Fprintln(os.Stderr, "services:", err)
		os.Exit(1)
	}
}

// usage has a line for each service.
func usage() string {
	var text strings.Builder
	for _, name := range []string{"kafka", "flink"} {
		fmt.Fprintf(&text, "usage: services %s %s\n", name, all[name].usage)
	}
	return text.String()
}

// run starts a service and stops it when ctx ends.
func run(ctx context.Context, name string, begin start) (err error) {
	dir, err := os.MkdirTemp("", "glulam-"+name+"-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	stop, err := begin(ctx, dir)
	if stop != nil {
		defer func() { err = errors.Join(err, stop()) }()
	}
	if err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}
