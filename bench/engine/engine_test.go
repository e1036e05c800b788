package main

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glulam/glulam/bench/internal/labtest"
	"github.com/glulam/glulam/bench/internal/report"
)

// TestCrew: all rows of a batch are scored once, whatever the number of threads.
func TestCrew(t *testing.T) {
	for _, threads := range []int{1, 2, 3, 7} {
		for _, batch := range []int{1, 2, 5, 6, 256} {
			var mu sync.Mutex
			got := map[int]int{} // row -> place in the batch
			c := newCrew(threads, func(_, from, to, at int) {
				mu.Lock()
				defer mu.Unlock()
				for i := from; i < to; i++ {
					if _, twice := got[i]; twice {
						t.Errorf("%d threads, %d rows: row %d is scored twice", threads, batch, i)
					}
					got[i] = at + i - from
				}
			})
			c.score(100, batch)
			c.end()
			if len(got) != batch {
				t.Errorf("%d threads: %d rows of %d are scored", threads, len(got), batch)
			}
			for row, at := range got {
				if row-100 != at {
					t.Errorf("%d threads, %d rows: row %d is taken for %d", threads, batch, row-100, at)
				}
			}
		}
	}
}

func TestTimed(t *testing.T) {
	at, calls := 0, 0
	var firsts []int
	ns := timed(10, 4, 0, &at, func(first int) { calls++; firsts = append(firsts, first); time.Sleep(time.Millisecond) })
	if calls != 1 || ns < float64(time.Millisecond)/4 {
		t.Errorf("%d calls, %v ns a row", calls, ns)
	}
	for range 3 {
		timed(10, 4, 0, &at, func(first int) { firsts = append(firsts, first) })
	}
	if want := []int{0, 4, 0, 4}; !slices.Equal(firsts, want) {
		t.Errorf("batches begin at %v, want %v: every one whole", firsts, want)
	}
}

func TestFurthest(t *testing.T) {
	nan := math.NaN()
	many := make([]float64, leastChecked)
	for _, test := range []struct {
		got, want []float64
		far       float64
		failure   string
	}{
		{got: []float64{1, nan}, want: []float64{1, nan}},
		{got: []float64{1, 2}, want: []float64{1, 2.5}, far: 0.5},
		{got: []float64{nan}, want: []float64{1}, far: math.Inf(1)},
		{got: []float64{1}, want: []float64{nan}, far: math.Inf(1)},
		{got: []float64{0}, want: []float64{math.Copysign(0, -1)}, far: math.SmallestNonzeroFloat64},
		{got: []float64{math.Inf(1)}, want: []float64{1}, far: math.Inf(1)},
		{got: []float64{1}, want: []float64{1, 2}, failure: "1 numbers instead of 2"},
		{got: []float64{1, 2}, want: []float64{1}, failure: "2 numbers instead of 1"},
		{got: many, want: append(slices.Clone(many), 1)},
		{got: many[1:], want: append(slices.Clone(many), 1), failure: "instead of"},
	} {
		far, err := furthest(test.got, test.want)
		if test.failure != "" {
			if err == nil || !strings.Contains(err.Error(), test.failure) {
				t.Errorf("got %v, want %q", err, test.failure)
			}
			continue
		}
		if err != nil || far != test.far {
			t.Errorf("%.4v and %.4v: got %v, %v, want %v", test.got, test.want, far, err, test.far)
		}
	}
}

func TestReadMatrix(t *testing.T) {
	const rows, width = 2 * largestBatch, 2
	good := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, rows), width)
	for i := range rows * width {
		good = binary.LittleEndian.AppendUint64(good, math.Float64bits(float64(i)))
	}
	path := filepath.Join(t.TempDir(), "rows.f64")
	read := func(data []byte) (*matrix, error) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return readMatrix(path)
	}
	m, err := read(good)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.span(3, 4); got[0] != 6 || got[1] != 7 {
		t.Errorf("row 3 is %v", got)
	}
	huge := slices.Clone(good)
	binary.LittleEndian.PutUint64(huge[8:], 1<<61)
	for _, bad := range [][]byte{nil, good[:15], good[:len(good)-1], append(slices.Clone(good), 0), huge} {
		if _, err := read(bad); err == nil {
			t.Errorf("%d bytes were taken for a matrix", len(bad))
		}
	}
}

// TestCheckFindsWrongNumbers: a contender that gives other numbers has failed, and is not measured.
func TestCheckFindsWrongNumbers(t *testing.T) {
	l, err := load(subject{name: "numeric", file: "numeric.txt"}, "../../testdata/flights/numeric.txt", flightsOf(t))
	if err != nil {
		t.Fatal(err)
	}
	passes := 0
	make1 := func(name string, off, bound float64) contender {
		return contender{
			name: name, bound: bound,
			pass: func(int, time.Duration) (float64, error) { passes++; return 1, nil },
			scores: func() ([]float64, error) {
				out := slices.Clone(l.margins)
				out[77] += off
				return out, nil
			},
		}
	}
	all := []contender{make1("right", 0, exact), make1("near", 1e-13, reordered), make1("off", 1e-9, reordered), make1("inexact", 1e-13, exact)}
	tab := &table{}
	b := &bench{options: options{rounds: 2, pass: time.Millisecond}}
	b.check(l, all, tab)
	b.inTurns(all, tab, 1)
	var failed []string
	for _, ln := range tab.Lines {
		if ln.Failed != "" {
			failed = append(failed, ln.Contender)
		}
	}
	if want := []string{"off", "inexact"}; !slices.Equal(failed, want) {
		t.Errorf("%q failed, want %q", failed, want)
	}
	if passes != 2*3 { // two contenders, once to warm up and two rounds
		t.Errorf("%d passes", passes)
	}
}

// flightsOf is a small matrix of zeros, as wide as the flights' numbers.
func flightsOf(t *testing.T) *matrix {
	t.Helper()
	return &matrix{rows: 100, width: 22, x: make([]float64, 2200)}
}

func TestSubjects(t *testing.T) {
	names := map[string]bool{}
	for _, s := range subjects(true) {
		if names[s.name] || s.file == "" || len(s.train) == 0 || len(s.peers) == 0 || !slices.Contains(s.train, "rows-"+s.rows) {
			t.Errorf("%+v", s)
		}
		names[s.name] = true
	}
}

func TestWrongUsage(t *testing.T) {
	for _, args := range [][]string{
		{"--batches", "0"}, {"--batches", "8193"}, {"--threads", "100000"}, {"--rounds", "0"}, {"--pass", "0s"}, {"--models", "("}, {"--only", "("}, {"more"},
	} {
		if _, err := parse(args); err == nil {
			t.Errorf("%q was accepted", args)
		}
	}
}

// The whole report, as one reads it.
func TestReport(t *testing.T) {
	o, err := parse([]string{"--threads", "1", "--batches", "1,8192", "--rounds", "3"})
	if err != nil {
		t.Fatal(err)
	}
	ns := func(one, many float64) map[int][]float64 {
		return map[int][]float64{1: {one, one * 1.1, one * 0.9}, 8192: {many, many * 1.2, many * 0.8}}
	}
	r := &results{
		About: about{
			Machine: report.Machine{Date: "2026-01-02 03:04 UTC", System: "linux/amd64", CPU: "Some CPU", Flags: "avx2 fma", Cores: 2, Memory: 8 << 30, Go: "1.26.0"},
			Commit:  "commit 1a2b3c4", Python: "Python 3.11.7, lightgbm 4.7.0",
		},
		Options: o, Notes: []string{"Something is not there."}, Stolen: "Of the cores' time, the host gave 1% to others while this was measured.",
		Tables: []*table{{
			Model: "numeric-100x31", About: "LightGBM, some rows", Threads: 1, Auto: "avx2", Batches: []int{1, 8192}, Notes: []string{"lleaves: not compiled"},
			Lines: []*line{
				{Contender: "glulam avx2", Ours: true, NS: ns(400, 60)},
				{Contender: "leaves", NS: ns(3000, 2800)},
				{Contender: "LightGBM", NS: ns(24_000, 2500)},
				{Contender: "LightGBM from C, row by row", NS: map[int][]float64{1: {2400, 2500, 2300}}},
				{Contender: "ONNX Runtime", Bound: single, Furthest: 2e-7, NS: ns(8300, 1700)},
				{Contender: "treelite", Failed: "a number is 1 away | far\nlast words", NS: map[int][]float64{}},
			},
		}},
	}
	var out strings.Builder
	r.write(&out)
	labtest.Report(t, out.String())
}
