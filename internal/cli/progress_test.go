package cli

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The line of a run of 3.4 GB at several moments, on terminals of several widths.
func TestProgressLine(t *testing.T) {
	const total = 3_400_000_000
	run := []reading{
		{at: 200 * time.Millisecond},
		{at: 400 * time.Millisecond, total: total},
		{at: 1 * time.Second, total: total, planning: 1_224_000_000},
		{at: 3 * time.Second, total: total, planning: total},
		{at: 3200 * time.Millisecond, total: total, planning: total, rows: 4096, bytes: 700_000},
		{at: 4200 * time.Millisecond, total: total, planning: total, rows: 416_441, bytes: 71_000_000},
		{at: 14200 * time.Millisecond, total: total, planning: total, rows: 4_540_000, bytes: 774_000_000},
		{at: 24200 * time.Millisecond, total: total, planning: total, rows: 6_000_000, bytes: 1_023_000_000},
		{at: 52 * time.Second, total: total, planning: total, rows: 19_942_000, bytes: total - 1},
		{at: 53 * time.Second, total: total, planning: total, rows: 19_943_001, bytes: total},
	}
	var got strings.Builder
	for _, width := range []int{119, 59, 24, 8} {
		fmt.Fprintf(&got, "%d columns\n", width)
		var m meter
		for _, r := range run {
			m.add(r)
			line := m.line(width)
			if wide(line) > width {
				t.Errorf("%q is wider than %d", line, width)
			}
			fmt.Fprintf(&got, "%s|\n", line)
		}
	}
	const want = `119 columns
starting|
looking through the input   0.00 of 3.40 GB   0%|
looking through the input   1.22 of 3.40 GB   36%|
loading the model|
scoring  0%   4,096 rows   0.00 of 3.40 GB|
scoring  2%   416,441 rows   347,034 rows/s   56 s left   0.07 of 3.40 GB|
scoring 22%   4,540,000 rows   412,355 rows/s   37 s left   0.77 of 3.40 GB|
scoring 30%   6,000,000 rows   146,000 rows/s   1 min 35 s left   1.02 of 3.40 GB|
scoring 99%   19,942,000 rows   501,510 rows/s   1 s left   3.40 of 3.40 GB|
finishing   19,943,001 rows|
59 columns
starting|
looking through the input   0.00 of 3.40 GB   0%|
looking through the input   1.22 of 3.40 GB   36%|
loading the model|
scoring  0%   4,096 rows   0.00 of 3.40 GB|
scoring  2%   416,441 rows   347,034 rows/s   56 s left|
scoring 22%   4,540,000 rows   412,355 rows/s   37 s left|
scoring 30%   6,000,000 rows   146,000 rows/s|
scoring 99%   19,942,000 rows   501,510 rows/s   1 s left|
finishing   19,943,001 rows|
24 columns
starting|
looking through the inpu|
looking through the inpu|
loading the model|
scoring  0%   4,096 rows|
scoring  2%|
scoring 22%|
scoring 30%|
scoring 99%|
finishing|
8 columns
starting|
looking |
looking |
loading |
scoring |
scoring |
scoring |
scoring |
scoring |
finishin|
`
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("-want +got:\n%s\n%s", diff, got.String())
	}
}
