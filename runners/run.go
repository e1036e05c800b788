package runners

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/runners/flink"
)

// Options say where and under what name a pipeline runs.
type Options struct {
	Runner string // of Names; "" is prism
	Job    string // name of the job; "" is Beam's flag --job_name, or "glulam"
	// Version is that of the program, which workers of another version are refused by; "" is not compared.
	Version string
	// Streaming says that rows are scored as they come, Ends that their source ends some time all the same.
	Streaming, Ends bool
	// Flink says how the runner flink runs the pipeline.
	Flink flink.Options
	// Stop, when it is closed, ends a job on Flink with a savepoint (Result.Savepoint). Runners whose workers are in this process
	// leave that to the pipeline. Nil: never.
	Stop <-chan struct{}
	// Follow, if it is not nil, is told of a job whose workers are somewhere else, about once a second, by one goroutine.
	Follow func(Status)
}

// Status is how a job on a cluster stands.
type Status struct {
	Job         string // the cluster's id of it
	State       string // as the cluster says it: RUNNING, RESTARTING, ...
	Counters    map[string]int64
	Checkpoints flink.Checkpoints
	Restarts    int64 // of the whole job
}

// runner is how a pipeline is run.
type runner struct {
	names []string
	// lanes is how many stages must stand side by side to use all cores.
	lanes func() int
	// flags are those of Beam's own flags that it heeds.
	flags []string
	// stay is how long a DoFn that reads a stream keeps a bundle open; 0 is its own default.
	stay time.Duration
	// slots is Options.Slots; nil: the runner does not go by what elements are.
	slots func(o *flink.Options) (n int, slot func(element string) int)
	run   func(ctx context.Context, p *beam.Pipeline, o *Options) (*Result, error)
}

// Flink is the name of the runner that takes Options.Flink.
const Flink = "flink"

var runnerTable = []runner{
	// Prism gives all elements of a stage to one bundle, so parallelism takes several stages. It runs 8 at a time.
	{
		names: []string{"prism", "direct"}, lanes: func() int { return min(8, runtime.GOMAXPROCS(0)) },
		flags: []string{"experiments", "job_name", "resource_hints"}, run: runPrism,
	},
	// Flink fuses all it can: elements that are to meet several slots have to be shuffled. A checkpoint waits for the bundle.
	{
		names: []string{Flink}, lanes: func() int { return 0 }, stay: 100 * time.Millisecond, slots: (*flink.Options).Slots,
		flags: []string{"experiments", "job_name", "resource_hints"}, run: runFlink,
	},
}

// Names lists the runners.
func Names() []string {
	var names []string
	for _, r := range runnerTable {
		names = append(names, r.names...)
	}
	return names
}

func find(name string) (*runner, error) {
	if name == "" {
		return &runnerTable[0], nil
	}
	for i := range runnerTable {
		if slices.Contains(runnerTable[i].names, name) {
			return &runnerTable[i], nil
		}
	}
	return nil, fault.New(fault.Usage, "--runner", "no runner is called %q", name).WithHint("this version has %s", strings.Join(Names(), ", "))
}

// Check says whether there is a runner of this name.
func Check(name string) error {
	_, err := find(name)
	return err
}

// CheckFlag says whether a runner heeds one of Beam's own flags, name without dashes: one that changes nothing is refused
// rather than passed over.
func CheckFlag(runner, name string) error {
	r, err := find(runner)
	if err != nil || slices.Contains(r.flags, name) {
		return err
	}
	return fault.New(fault.Usage, "--"+name, "the runner %s does not heed this flag of Beam", r.names[0]).WithHint("it heeds --%s", strings.Join(r.flags, ", --"))
}

// Stay is how long a DoFn that reads a stream should keep a bundle open, 0 if it may choose: a checkpoint waits for that.
func Stay(name string) time.Duration {
	r, err := find(name)
	if err != nil {
		return 0
	}
	return r.stay
}

// Slots is how many slots the runner has for the elements of a splittable DoFn, and to which of them a text comes; nil: the
// runner does not go by what elements are.
func (o *Options) Slots() (n int, slot func(element string) int) {
	r, err := find(o.Runner)
	if err != nil || r.slots == nil {
		return 1, nil
	}
	return r.slots(&o.Flink)
}

// Lanes is how many copies of a pipeline's main stage a runner needs to keep all cores busy: 0 where the runner
// parallelizes by itself what comes out of a shuffle.
func Lanes(name string) int {
	r, err := find(name)
	if err != nil {
		return 1
	}
	return r.lanes()
}

// Run runs p to its end. beam.Init must have been called.
//
// A failure of a DoFn comes back as the *fault.Error that the DoFn gave to fault.Wire, if it did. If ctx ends first, the
// job is cancelled and the error has code Interrupted.
func Run(ctx context.Context, p *beam.Pipeline, o Options) (*Result, error) {
	r, err := find(o.Runner)
	if err != nil {
		return nil, err
	}
	o.Job = cmp.Or(o.Job, *jobopts.JobName, "glulam")
	return r.run(ctx, p, &o)
}
