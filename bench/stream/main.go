// Command stream measures glulam stream against a plain loop that does the same without Beam, and against consumers in
// Python: messages come at a fixed rate whatever becomes of them, and the time of each is taken from its own timestamp until a
// consumer sees its output.
//
//	go run ./bench/stream -model .cache/bench/models/flights-500x63.txt -rates 1000,5000,20000,50000 -drain 400000 > report.md
//	go run ./bench/stream -soak 1h -rates 5000
//	go run ./bench/stream -flink -warm 20s -rates 5000,20000
//
// Broker, load, consumer and what is measured share this machine, so that only the ratios mean something elsewhere. All
// contenders take turns in every round, in any order, after two rounds that do not count; numbers are medians of the rounds.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/glulam/glulam/bench/internal/report"
	"github.com/glulam/glulam/internal/services/flink"
	"github.com/glulam/glulam/internal/services/kafka"
)

// options are the flags.
type options struct {
	model, second string
	rows          string
	glulam        string
	against       string
	python        string
	rates         string
	only          string
	warm, counted time.Duration
	rounds        int
	parts         int
	drain         int64
	swap, flink   bool
	soak          time.Duration
}

// bench is a broker and what is sent through it.
type bench struct {
	options
	dir    string
	addr   string
	rows   [][]byte
	topics int // made so far

	cluster []string // flags for Flink; nil: it is not measured
	rest    string   // where it tells of its jobs
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
	flag.StringVar(&o.second, "second", "testdata/flights/lightgbm.txt", "model that takes turns with it, with -swap")
	flag.StringVar(&o.rows, "rows", "testdata/flights/rows.jsonl", "rows to send, again and again")
	flag.StringVar(&o.glulam, "glulam", "", "binary to measure; default: one that is built now")
	flag.StringVar(&o.against, "against", "", "another binary of glulam to measure beside it, of an earlier commit")
	flag.StringVar(&o.python, "python", "", "Python with bench/requirements.txt, for consumers in Python; default: none of them")
	flag.StringVar(&o.rates, "rates", "1000,5000,20000", "messages a second")
	flag.StringVar(&o.only, "only", "", "contenders whose names contain this, beside the plain loop")
	flag.DurationVar(&o.warm, "warm", 4*time.Second, "how long messages come before they count")
	flag.DurationVar(&o.counted, "for", 10*time.Second, "how long they count")
	flag.IntVar(&o.rounds, "rounds", 3, "how often each is measured")
	flag.IntVar(&o.parts, "partitions", 1, "of the topics")
	flag.Int64Var(&o.drain, "drain", 0, "messages that wait in the topic when a contender begins: how fast are they through? 0: not measured")
	flag.BoolVar(&o.swap, "swap", false, "measure glulam also while its model changes every two seconds")
	flag.BoolVar(&o.flink, "flink", false, "measure glulam on a Flink cluster, too; -warm has to be 20s then. Of its CPU time only the submitter's is seen")
	flag.DurationVar(&o.soak, "soak", 0, "instead of everything else: glulam alone for that long, with its memory")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "stream:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	rates, err := parseRates(o.rates)
	if err != nil {
		return err
	}
	b := &bench{options: o}
	if b.dir, err = os.MkdirTemp("", "glulam-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	if b.glulam == "" {
		b.glulam = filepath.Join(b.dir, "glulam")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", b.glulam, "./cmd/glulam").CombinedOutput(); err != nil {
			return fmt.Errorf("building glulam: %w: %s", err, out)
		}
	}
	lines, err := os.ReadFile(b.options.rows)
	if err != nil {
		return err
	}
	b.rows = bytes.Split(bytes.TrimSpace(lines), []byte("\n"))
	broker, err := kafka.Start(ctx, kafka.Options{Dir: filepath.Join(b.dir, "kafka"), Heap: "1g"})
	if err != nil {
		return err
	}
	defer broker.Stop()
	b.addr = broker.Addr
	if err := kafka.CreateTopics(ctx, b.addr, int32(b.parts), "rejected"); err != nil {
		return err
	}
	if o.flink {
		cluster, err := flink.Start(ctx, flink.Options{Dir: filepath.Join(b.dir, "flink")})
		if err != nil {
			return err
		}
		defer cluster.Stop()
		server, err := cluster.StartJobServer(ctx)
		if err != nil {
			return err
		}
		b.rest = cluster.REST
		b.cluster = []string{"--runner", "flink", "--flink", cluster.REST, "--job-server", server, "--checkpoint-interval", "1s"}
	}
	b.heading(os.Stdout)
	watched := report.Watch()
	switch {
	case b.soak > 0:
		err = b.soaked(ctx, rates[0])
	default:
		if err = b.latencies(ctx, rates); err == nil && b.drain > 0 {
			err = b.drained(ctx)
		}
	}
	footing(os.Stdout, watched())
	return err
}

func parseRates(text string) (rates []int, err error) {
	for _, f := range strings.Split(text, ",") {
		rate, err := strconv.Atoi(f)
		if err != nil || rate < 1 {
			return nil, fmt.Errorf("-rates: %q is no number of messages a second", f)
		}
		rates = append(rates, rate)
	}
	return rates, nil
}

// fresh makes a pair of topics that nobody has used.
func (b *bench) fresh(ctx context.Context) (in, out string, err error) {
	b.topics++
	in, out = fmt.Sprintf("in-%d", b.topics), fmt.Sprintf("out-%d", b.topics)
	return in, out, kafka.CreateTopics(ctx, b.addr, int32(b.parts), in, out)
}

// latencies measures each contender at each rate.
func (b *bench) latencies(ctx context.Context, rates []int) error {
	runners := slices.DeleteFunc(b.contenders(), func(c contender) bool { return c.waiting })
	order := rand.New(rand.NewPCG(1, 1)) // another one follows another one in each round
	for _, rate := range rates {
		results := make([][]measured, len(runners))
		first := 0
		if rate == rates[0] {
			first = -2 // two that do not count: the broker's code is compiled
		}
		for round := first; round < b.rounds; round++ {
			for _, k := range order.Perm(len(runners)) {
				m, err := b.measure(ctx, &runners[k], rate)
				if err != nil && round >= 0 {
					fmt.Fprintf(os.Stderr, "%s at %d/s: %v\n", runners[k].name, rate, err)
					m.failed = true
				}
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if round >= 0 {
					results[k] = append(results[k], m)
				}
			}
		}
		printRate(os.Stdout, rate, runners, results)
		printCheckpoints(os.Stdout, runners, results)
	}
	return nil
}

// measure has one contender score messages that come at a rate.
func (b *bench) measure(ctx context.Context, c *contender, rate int) (m measured, err error) {
	in, out, err := b.fresh(ctx)
	if err != nil {
		return m, err
	}
	p, err := b.start(c, in, out)
	if err != nil {
		return m, err
	}
	d := driver{addr: b.addr, in: in, out: out, parts: b.parts, isolated: c.isolated, message: number(b.rows), rate: rate, warm: b.warm, counted: b.counted, edge: p.edge}
	if c.during != nil {
		during, cancel := context.WithCancel(ctx)
		defer cancel()
		go c.during(during)
	}
	watching, unwatch := context.WithCancel(ctx)
	defer unwatch()
	watched := make(chan checkpoints, 1)
	if c.cluster {
		go func() { watched <- watchCheckpoints(watching, b.rest, time.Now().Add(b.warm)) }()
	} else {
		watched <- nil
	}
	m.driven, err = d.drive(ctx)
	unwatch()
	m.checkpoints = <-watched
	m.process, err = p.finish(err)
	return m, err
}

// drained measures how fast messages are through that wait already. The contenders take turns.
func (b *bench) drained(ctx context.Context) error {
	runners := slices.DeleteFunc(b.contenders(), func(c contender) bool { return c.during != nil })
	rates, ratios, costs := make([][]float64, len(runners)), make([][]float64, len(runners)), make([][]float64, len(runners))
	for range b.rounds {
		for i := range runners {
			rate, cost, err := b.drainOnce(ctx, &runners[i])
			if err != nil {
				return fmt.Errorf("%s: %w", runners[i].name, err)
			}
			rates[i], costs[i] = append(rates[i], rate), append(costs[i], cost)
			ratios[i] = append(ratios[i], rate/rates[0][len(rates[0])-1])
		}
	}
	fmt.Printf("\nAs fast as they can, %d messages that wait:\n\n| | messages/s | of the plain loop | CPU µs/message |\n|---|--:|--:|--:|\n", b.drain)
	for i := range runners {
		fmt.Printf("| %s | %.0f | %.3f | %.1f |\n", runners[i].name, median(rates[i]), median(ratios[i]), median(costs[i]))
	}
	return nil
}

func (b *bench) drainOnce(ctx context.Context, c *contender) (rate, cost float64, err error) {
	in, out, err := b.fresh(ctx)
	if err != nil {
		return 0, 0, err
	}
	n := b.drain / c.slower()
	if err := fill(ctx, b.addr, in, b.parts, number(b.rows), n); err != nil {
		return 0, 0, err
	}
	p, err := b.start(c, in, out)
	if err != nil {
		return 0, 0, err
	}
	// The first fifth is left out: start, and compilation where there is one.
	left, took, err := empty(ctx, b.addr, out, c.isolated, n/5, n, p.edge)
	m, err := p.finish(err)
	if err != nil {
		return 0, 0, err
	}
	return float64(left) / took.Seconds(), 1e6 * m.cpu.Seconds() / float64(left), nil
}

// errStopped says that a contender ended before it was told to.
var errStopped = errors.New("it ended by itself")
