package process

import (
	"context"
	"os/exec"
	"sync"
	"time"
)

// Usage is what a program took, all its processes together.
type Usage struct {
	Wall      time.Duration
	CPU       time.Duration // user and system
	Peak      int64         // bytes of resident memory; 0 if this system does not say
	Processes int           // the most that ran at once, as far as seen
}

// sampleEvery is how often the processes of a program are looked at. One process needs no looking: the kernel keeps its peak.
const sampleEvery = 100 * time.Millisecond

// Run runs cmd, which must come from exec.CommandContext, and waits until its last descendant has ended. Adopt must have been
// called, and no other child of this process may be running. An error is the program's own, or what ended ctx.
//
// CPU time is what the kernel accounted to the process, to the descendants it waited for, and to those it left behind,
// which become children of this process (see Adopt). Peak memory is the larger of two: the kernel's peak of the largest
// process, and the largest sum over all processes that a sample saw, in which pages of files, which processes share, count
// once. Since exec happens in a process that shares this one's memory, the peak is never below what this program holds when it calls
// Run.
func Run(ctx context.Context, cmd *exec.Cmd) (Usage, error) {
	var u Usage
	cmd.Cancel = func() error { killTree(cmd.Process.Pid); return nil }
	forget()
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return u, err
	}
	stop := make(chan struct{})
	var sampler sync.WaitGroup
	sampler.Go(func() {
		tick := time.NewTicker(sampleEvery)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				tree := descendants(cmd.Process.Pid)
				u.Processes = max(u.Processes, len(tree))
				if len(tree) > 1 {
					u.Peak = max(u.Peak, resident(tree))
				}
			}
		}
	})
	err := cmd.Wait()
	u.Wall = time.Since(start)
	close(stop)
	sampler.Wait()

	cpu, peak := reapOrphans()
	u.Processes = max(u.Processes, 1)
	u.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime() + cpu
	u.Peak = max(u.Peak, peakOf(cmd.ProcessState), peak)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return u, err
}
