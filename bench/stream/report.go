package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/glulam/glulam/bench/internal/report"
)

// measured is what came of one run of a contender.
type measured struct {
	driven
	process     spent
	checkpoints checkpoints
	failed      bool
}

// printRate prints a table of one rate: medians of the rounds, and of their ratios.
func printRate(w io.Writer, rate int, contenders []contender, results [][]measured) {
	fmt.Fprintf(w, "\n%d messages a second, latency in ms:\n\n", rate)
	fmt.Fprintln(w, "| | p50 | p95 | p99 | p99.9 | max | p99 of the slowest partition | p50, p95, p99 × the plain loop | own share, p99 | seen | CPU µs/message | × |")
	fmt.Fprintln(w, "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
	over := func(rs []measured, f func(m *measured) float64) float64 {
		var v []float64
		for i := range rs {
			if !rs[i].failed {
				v = append(v, f(&rs[i]))
			}
		}
		return median(v)
	}
	quantile := func(q float64) func(m *measured) float64 {
		return func(m *measured) float64 { return millis(m.latency.Quantile(q)) }
	}
	cpu := func(m *measured) float64 { return 1e6 * m.process.cpu.Seconds() / float64(max(1, m.sent)) }
	// over the plain loop in the same round: the machine is not the same in the next
	paired := func(rs []measured, f func(m *measured) float64) float64 {
		var v []float64
		for i := range rs {
			if loop := &results[0][i]; !rs[i].failed && !loop.failed {
				v = append(v, f(&rs[i])/f(loop))
			}
		}
		return median(v)
	}
	for i, rs := range results {
		if !slices.ContainsFunc(rs, func(m measured) bool { return !m.failed }) {
			fmt.Fprintf(w, "| %s | could not keep up |\n", contenders[i].name)
			continue
		}
		ratio := func(q float64) float64 { return paired(rs, quantile(q)) }
		share := "-"
		if s := over(rs, func(m *measured) float64 { return m.process.scoring }); s > 0 {
			share = fmt.Sprintf("%.2f", s)
		}
		fmt.Fprintf(w, "| %s | %.2f | %.2f | %.2f | %.1f | %.1f | %.2f | %.2f, %.2f, %.2f | %s | %.2f%% | %.1f | %.2f |\n", contenders[i].name,
			over(rs, quantile(.5)), over(rs, quantile(.95)), over(rs, quantile(.99)), over(rs, quantile(.999)),
			over(rs, func(m *measured) float64 { return millis(m.latency.Max) }),
			over(rs, func(m *measured) float64 { return millis(m.slowest()) }),
			ratio(.5), ratio(.95), ratio(.99), share,
			over(rs, func(m *measured) float64 { return 100 * float64(m.latency.Count) / float64(max(1, m.sent)) }),
			over(rs, cpu), paired(rs, cpu))
	}
}

// median of values, 0 of none.
func median(v []float64) float64 { return report.Of(v...).Median }

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
