package runners

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"

	"github.com/glulam/glulam/fault"
)

// Options say where and under what name a pipeline runs.
type Options struct {
	Runner string // of Names; "" is prism
	Job    string // name of the job; "" is Beam's flag --job_name, or "glulam"
}

// runner is how a pipeline is run.
type runner struct {
	names []string
	// lanes is how many stages must stand side by side to use all cores.
	lanes func() int
	// flags are those of Beam's own flags that it heeds.
	flags []string
	run   func(ctx context.Context, p *beam.Pipeline, job string) (*Result, error)
}

var runnerTable = []runner{
	// Prism gives all elements of a stage to one bundle, so parallelism takes several stages. It runs 8 at a time.
	{
		names: []string{"prism", "direct"}, lanes: func() int { return min(8, runtime.GOMAXPROCS(0)) },
		flags: []string{"experiments", "job_name", "resource_hints"}, run: runPrism,
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

// Lanes is how many copies of a pipeline's main stage a runner needs to keep all cores busy: 1 where the runner
// parallelizes by itself.
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
	return r.run(ctx, p, o.Job)
}
