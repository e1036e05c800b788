// Command stream measures glulam stream against a plain loop that does the same without Beam: messages come at a fixed rate
// whatever becomes of them, and the time of each is taken from its own timestamp until a consumer sees its output.
//
//	go run ./bench/stream -model testdata/flights/lightgbm.txt -rates 1000,5000,20000 -for 30s
//
// Broker, load, consumer and what is measured share this machine, so that only the ratios mean something elsewhere.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/glulam/glulam/internal/services/kafka"
	"github.com/glulam/glulam/transforms/stream"
)

type options struct {
	model    string
	rows     string
	glulam   string
	duration time.Duration
	parts    int
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "loop" { // what is measured beside glulam, in a process of its own
		if err := plainLoop(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "loop:", err)
			os.Exit(1)
		}
		return
	}
	var o options
	flag.StringVar(&o.model, "model", "testdata/flights/lightgbm.txt", "model to score with")
	flag.StringVar(&o.rows, "rows", "testdata/flights/rows.jsonl", "rows to send, again and again")
	flag.StringVar(&o.glulam, "glulam", "", "binary to measure; default: one that is built now")
	flag.DurationVar(&o.duration, "for", 20*time.Second, "how long each measurement lasts, after 5 s that do not count")
	flag.IntVar(&o.parts, "partitions", 1, "of the topics")
	rates := flag.String("rates", "1000,5000,20000", "messages a second")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, *rates); err != nil {
		fmt.Fprintln(os.Stderr, "stream:", err)
		os.Exit(1)
	}
}

// contender is a program that scores from one topic to another until it is stopped.
type contender struct {
	name     string
	isolated bool // its outputs are read as committed
	command  func(o *options, addr, in, out string) *exec.Cmd
}

var contenders = []contender{
	{"plain loop", false, func(o *options, addr, in, out string) *exec.Cmd {
		self, _ := os.Executable()
		return exec.Command(self, "loop", addr, in, out, o.model)
	}},
	{"glulam, at-least-once", false, func(o *options, addr, in, out string) *exec.Cmd {
		return glulam(o, addr, in, out)
	}},
	{"glulam, exactly-once", true, func(o *options, addr, in, out string) *exec.Cmd {
		return glulam(o, addr, in, out, "--delivery", "exactly-once")
	}},
}

func glulam(o *options, addr, in, out string, more ...string) *exec.Cmd {
	url := "kafka://" + addr + "/"
	return exec.Command(o.glulam, append([]string{"stream", "--model", o.model, "--from", url + in, "--to", url + out, "--rejected", url + "rejected", "--columns", "id", "--json"}, more...)...)
}

func run(ctx context.Context, o options, rates string) error {
	dir, err := os.MkdirTemp("", "glulam-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if o.glulam == "" {
		o.glulam = filepath.Join(dir, "glulam")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", o.glulam, "./cmd/glulam").CombinedOutput(); err != nil {
			return fmt.Errorf("building glulam: %w: %s", err, out)
		}
	}
	lines, err := os.ReadFile(o.rows)
	if err != nil {
		return err
	}
	rows := bytes.Split(bytes.TrimSpace(lines), []byte("\n"))
	b, err := kafka.Start(ctx, kafka.Options{Dir: filepath.Join(dir, "kafka")})
	if err != nil {
		return err
	}
	defer b.Stop()
	if err := kafka.CreateTopics(ctx, b.Addr, int32(o.parts), "rejected"); err != nil {
		return err
	}
	fmt.Println("| messages/s | | p50 | p95 | p99 | p99.9 | max | seen | CPU µs/message |")
	fmt.Println("|--:|---|--:|--:|--:|--:|--:|--:|--:|")
	for i, text := range strings.Split(rates, ",") {
		rate, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		for k, c := range contenders {
			in, out := fmt.Sprintf("in-%d-%d", i, k), fmt.Sprintf("out-%d-%d", i, k)
			if err := kafka.CreateTopics(ctx, b.Addr, int32(o.parts), in, out); err != nil {
				return err
			}
			m, err := measure(ctx, &o, &c, b.Addr, in, out, rows, rate)
			if err != nil {
				return fmt.Errorf("%s at %d: %w", c.name, rate, err)
			}
			q := func(p float64) string { return fmt.Sprintf("%.2f", float64(m.latency.Quantile(p).Microseconds())/1000) }
			fmt.Printf("| %d | %s | %s | %s | %s | %s | %.1f | %.1f%% | %.1f |\n", rate, c.name, q(.5), q(.95), q(.99), q(.999),
				float64(m.latency.Max.Microseconds())/1000, 100*float64(m.latency.Count)/float64(m.sent), 1e6*m.cpu.Seconds()/float64(m.all))
		}
	}
	return nil
}

// measured is what came of one run.
type measured struct {
	latency stream.Snapshot
	sent    int64 // within the time that counts
	all     int64 // messages that the contender saw
	cpu     time.Duration
}

func measure(ctx context.Context, o *options, c *contender, addr, in, out string, rows [][]byte, rate int) (m measured, err error) {
	cmd := c.command(o, addr, in, out)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		return m, err
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	m.latency, m.sent, m.all, err = drive(ctx, addr, in, out, c.isolated, rows, rate, 5*time.Second, o.duration)
	select {
	case werr := <-exited:
		return m, fmt.Errorf("it ended by itself: %v: %s", werr, said.Bytes())
	default:
	}
	cmd.Process.Signal(syscall.SIGTERM)
	select {
	case werr := <-exited:
		if werr != nil {
			err = errors.Join(err, fmt.Errorf("%w: %s", werr, said.Bytes()))
		}
	case <-time.After(20 * time.Second):
		cmd.Process.Kill()
		<-exited
		err = errors.Join(err, fmt.Errorf("it did not stop: %s", said.Bytes()))
	}
	m.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return m, err
}
