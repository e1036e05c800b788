package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/glulam/glulam/runners/flink"
)

// checkpoints are the durations of a job's checkpoints on Flink, in milliseconds.
type checkpoints []float64

// watchCheckpoints collects those of the job that runs, until ctx ends. Those before the time that counts are left out.
func watchCheckpoints(ctx context.Context, address string, from time.Time) (out checkpoints) {
	client, err := flink.NewClient(address)
	if err != nil {
		return nil
	}
	last := int64(0)
	for tick := time.NewTicker(200 * time.Millisecond); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return out
		case <-tick.C:
		}
		jobs, err := client.Jobs(ctx)
		i := slices.IndexFunc(jobs, func(j flink.Job) bool { return j.State == flink.Running })
		if err != nil || i < 0 {
			continue
		}
		k, err := client.Checkpoints(ctx, jobs[i].ID)
		if err != nil || k.Last == nil || k.Last.ID <= last {
			continue
		}
		if last = k.Last.ID; k.Last.At >= from.UnixMilli() {
			out = append(out, float64(k.Last.Duration))
		}
	}
}

// printCheckpoints prints those of all rounds of each contender that has some.
func printCheckpoints(w io.Writer, contenders []contender, results [][]measured) {
	for i, rs := range results {
		var all checkpoints
		for _, m := range rs {
			all = append(all, m.checkpoints...)
		}
		if len(all) == 0 {
			continue
		}
		slices.Sort(all)
		fmt.Fprintf(w, "\nCheckpoints of %s, once a second, of which the cluster tells every third: %d, median %.0f ms, the longest %.0f ms.\n", contenders[i].name, len(all), median(all), all[len(all)-1])
	}
}
