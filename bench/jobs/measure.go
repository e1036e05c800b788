package main

import (
	"context"
	"os/exec"
	"sync"
	"time"
)

// usage is what a job took, all its processes together.
type usage struct {
	wall    time.Duration
	cpu     time.Duration // user and system
	peak    int64         // bytes of resident memory; 0 if this system does not say
	process int           // the most that ran at once, as far as seen
}

// sampleEvery is how often the processes of a job are looked at. One process needs no looking: the kernel keeps its peak.
const sampleEvery = 100 * time.Millisecond

// measure runs cmd, which must come from exec.CommandContext, and waits until its last descendant has ended.
//
// CPU time is what the kernel accounted to the process, to the descendants it waited for, and to those it left behind,
// which become children of this process (see adopt). Peak memory is the larger of two: the kernel's peak of the largest
// process, and the largest sum over all processes that a sample saw, in which pages of files, which processes share, count
// once. Since exec happens in a process that shares this one's memory, the peak is never below this program's own.
func measure(ctx context.Context, cmd *exec.Cmd) (usage, error) {
	var u usage
	cmd.Cancel = func() error { killTree(cmd.Process.Pid); return nil }
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
				u.process = max(u.process, len(tree))
				if len(tree) > 1 {
					u.peak = max(u.peak, resident(tree))
				}
			}
		}
	})
	err := cmd.Wait()
	u.wall = time.Since(start)
	close(stop)
	sampler.Wait()

	cpu, peak := reapOrphans()
	u.process = max(u.process, 1)
	u.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime() + cpu
	u.peak = max(u.peak, peakOf(cmd.ProcessState), peak)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return u, err
}
