// Command emulate runs the tests of a package on a CPU that this machine does not have:
//
//	go run ./internal/scripts/emulate ./model/engine -- -test.run 'Kernel|Engine' -test.v
//	go run ./internal/scripts/emulate -cpu arm64 ./model/engine -- -test.short
//	go run ./internal/scripts/emulate -data testdata/flights -env GLULAM_ENGINE=avx512 ./model -- -test.v
//
// It builds the test binary (static, without cgo, for GOAMD64=v1), prints what it prints and exits with its code; with 1 if anything
// around it fails, and 2 if the command line is wrong. It needs Debian on amd64, and no rights.
//
// arm64 is qemu's user emulation: tests run in their folder, on this machine's files, at perhaps a tenth of its speed.
//
// The others are Bochs, a PC in software that does AVX-512 and computes floating point by integers, so that nothing depends on the
// machine that it runs on. It boots a Linux of Debian's with the test binary and what -data names in memory. That takes about
// 10 CPU seconds; then it does 50 to 150 million instructions a second, on one CPU. Its clock counts instructions, as if there were 2.2
// billion a second: -time counts seconds of this machine, -test.timeout and what tests measure are the PC's.
//
// What it needs is installed at the first use, in the user's cache folder: packages of Debian's, by apt and without installing them, and Bochs
// built from its source package, which takes some four CPU minutes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options are what the command line says.
type options struct {
	cpu     string
	data    texts // folders and files that the PC gets
	env     texts // KEY=VALUE
	memory  int   // MiB
	time    time.Duration
	console bool
	pkg     string
	args    []string
}

// texts is a flag that can be given more than once.
type texts []string

func (t *texts) String() string     { return strings.Join(*t, ",") }
func (t *texts) Set(s string) error { *t = append(*t, s); return nil }

func main() {
	o, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "emulate:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	code, err := run(ctx, o, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "emulate:", err)
		code = 1
	}
	os.Exit(code)
}

// parse reads the command line and checks it.
func parse(args []string) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("emulate", flag.ContinueOnError)
	f.StringVar(&o.cpu, "cpu", "avx512", "which CPU: "+strings.Join(cpus(), ", "))
	f.Var(&o.data, "data", "a folder or file of the module that the tests read, beside the package's testdata; can be repeated; arm64 sees all files")
	f.Var(&o.env, "env", "KEY=VALUE of the tests' environment; can be repeated")
	f.IntVar(&o.memory, "memory", 1024, "the PC's memory in MiB, 128 to 3072")
	f.DurationVar(&o.time, "time", 10*time.Minute, "how long tests may run, with the boot")
	f.BoolVar(&o.console, "console", false, "print what the PC's Linux says")
	f.SetOutput(io.Discard) // an error is printed once, by main
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			f.SetOutput(os.Stdout)
			f.PrintDefaults()
		}
		return nil, err
	}
	rest := f.Args()
	switch {
	case len(rest) == 0 || strings.HasPrefix(rest[0], "-"):
		return nil, errors.New("no package is named: emulate [flags] ./package -- -test.v")
	case len(rest) > 1 && rest[1] != "--":
		return nil, fmt.Errorf("%q is not understood: what the test binary is to get follows --", rest[1])
	case !slices.Contains(cpus(), o.cpu):
		return nil, fmt.Errorf("there is no CPU %q: there are %s", o.cpu, strings.Join(cpus(), ", "))
	case o.memory < 128 || o.memory > 3072:
		return nil, fmt.Errorf("-memory %d is not from 128 to 3072", o.memory)
	case o.time <= 0:
		return nil, fmt.Errorf("-time %v is no time to run tests in", o.time)
	}
	for _, e := range o.env {
		if !strings.Contains(e, "=") {
			return nil, fmt.Errorf("-env %s is not KEY=VALUE", e)
		}
	}
	o.pkg = rest[0]
	if len(rest) > 2 {
		o.args = rest[2:]
	}
	return o, nil
}

func cpus() []string {
	return append(slices.Sorted(maps.Keys(models)), "arm64")
}

// run runs the tests; they print to out. The code is the test binary's, if there is no error.
func run(ctx context.Context, o *options, out io.Writer) (code int, err error) {
	temp, err := os.MkdirTemp("", "emulate-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(temp)
	if o.cpu == "arm64" {
		return runARM(ctx, o, temp, out)
	}
	return runPC(ctx, o, temp, out)
}

// limited gives tests their time. The error of what it gives says why it ended.
func limited(ctx context.Context, o *options) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, o.time, fmt.Errorf("the tests had not ended after %v; -time gives them more", o.time))
}
