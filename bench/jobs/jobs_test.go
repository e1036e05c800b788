package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glulam/glulam/bench/internal/flights"
	"github.com/glulam/glulam/bench/internal/labtest"
	"github.com/glulam/glulam/bench/internal/report"
)

func table(t *testing.T) *flights.Table {
	t.Helper()
	tab, err := flights.Read("../../testdata/flights/rows.csv")
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

func TestAnswers(t *testing.T) {
	tab := table(t)
	want, err := readPredictions("../../testdata/flights/lightgbm.golden.gz")
	if err != nil {
		t.Fatal(err)
	}
	const rows = 7001
	ids := make([]int64, flights.Rows)
	for id, place := range tab.Places {
		ids[place] = id
	}
	var lines []string
	for i := range rows {
		place := i % len(ids)
		lines = append(lines, strconv.FormatInt(ids[place], 10)+","+strconv.FormatFloat(want[place], 'g', -1, 64))
	}
	// As a job in parallel leaves it: two files, any order.
	slices.Reverse(lines)

	tests := []struct {
		name     string
		head     string
		change   func([]string) []string
		failure  string
		furthest float64
	}{
		{name: "right", head: "id,prediction"},
		{name: "quoted header", head: `"id","prediction"`},
		{name: "a row less", head: "id,prediction", change: func(s []string) []string { return s[1:] }, failure: "7,000 rows were written instead of 7,001"},
		{name: "a row for another", head: "id,prediction", change: func(s []string) []string { s[0] = s[1]; return s }, failure: "times instead of"},
		{name: "a stranger", head: "id,prediction", change: func(s []string) []string { s[0] = "5,0.5"; return s }, failure: "id 5 is not of the input"},
		{name: "no prediction", head: "id,prediction", change: func(s []string) []string { s[0], _, _ = strings.Cut(s[0], ","); s[0] += ","; return s }, failure: "is no prediction"},
		{name: "NaN", head: "id,prediction", change: func(s []string) []string { s[0], _, _ = strings.Cut(s[0], ","); s[0] += ",NaN"; return s }, failure: "is no prediction"},
		{name: "more columns", head: "id,month,prediction", failure: "columns"},
		{name: "off", head: "id,prediction", change: func(s []string) []string {
			id, _, _ := strings.Cut(s[0], ",")
			n, _ := strconv.ParseInt(id, 10, 64)
			s[0] = id + "," + strconv.FormatFloat(want[tab.Places[n]]+0.25, 'g', -1, 64)
			return s
		}, furthest: 0.25},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			lines := slices.Clone(lines)
			if test.change != nil {
				lines = test.change(lines)
			}
			dir := t.TempDir()
			for i, part := range [][]string{lines[:3000], lines[3000:]} {
				text := test.head + "\n" + strings.Join(part, "\n") + "\n"
				if err := os.WriteFile(filepath.Join(dir, "part-"+strconv.Itoa(i)+".csv"), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			a, err := readAnswers(dir, tab, []string{"id", "prediction"})
			if err == nil {
				err = a.check(tab, rows)
			}
			if test.failure != "" {
				if err == nil || !strings.Contains(err.Error(), test.failure) {
					t.Fatalf("got %v, want %q", err, test.failure)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := a.furthest(want); math.Abs(got-test.furthest) > 1e-15 {
				t.Errorf("furthest is %v, want %v", got, test.furthest)
			}
		})
	}
}

func TestSizes(t *testing.T) {
	plan := func(args ...string) map[int][]string {
		o, err := parse(args)
		if err != nil {
			t.Fatal(err)
		}
		out := map[int][]string{}
		sizes, at := o.sizes()
		for _, n := range sizes {
			for _, c := range contenders {
				if at(c, n) {
					out[n] = append(out[n], c.name)
				}
			}
		}
		return out
	}
	scripts := []string{"glulam", "pandas", "pandas-chunks", "pyarrow", "pyarrow-stream", "pyarrow-lleaves", "polars", "lightgbm-file"}
	parquets := []string{"glulam-parquet", "pandas-parquet", "pyarrow-parquet", "lleaves-parquet", "polars-parquet"}
	many := slices.Concat(scripts, parquets)
	few := slices.Concat(scripts, []string{"beam-fn", "beam-fn-workers", "beam-prism", "beam-frames"}, parquets, []string{"beam-parquet"})
	for _, test := range []struct {
		args []string
		want map[int][]string
	}{
		{nil, map[int][]string{5000: few, 100_000: few, 2_000_000: many}},
		{[]string{"--keep-rows", "1e6", "--rows", "1e6,1e7"}, map[int][]string{
			5000: few, 100_000: few, 1_000_000: append(slices.Clone(many), "glulam-all", "pandas-all"), 10_000_000: many,
		}},
		{[]string{"--short"}, map[int][]string{20_000: {"glulam", "glulam-parquet", "glulam-all"}}},
		{[]string{"--peers=false", "--rows", "1e5,1e6", "--only", "^glulam$"}, map[int][]string{
			5000: {"glulam"}, 100_000: {"glulam"}, 1_000_000: {"glulam"},
		}},
		{[]string{"--rows", "30000", "--only", "polars-parquet"}, map[int][]string{
			5000: {"glulam", "glulam-parquet", "polars-parquet"}, 30_000: {"glulam", "glulam-parquet", "polars-parquet"},
			100_000: {"glulam", "glulam-parquet", "polars-parquet"},
		}},
		{[]string{"--rows", "30000", "--only", "beam-fn$"}, map[int][]string{
			5000: {"glulam", "beam-fn"}, 30_000: {"glulam", "beam-fn"}, 100_000: {"glulam", "beam-fn"},
		}},
	} {
		if d := cmp.Diff(test.want, plan(test.args...)); d != "" {
			t.Errorf("%q:\n%s", test.args, d)
		}
	}
}

func TestWrongUsage(t *testing.T) {
	for _, args := range [][]string{
		{"--rows", "many"}, {"--rows", "0"}, {"--rows", "1.5"}, {"--beam-rows", "-1"}, {"--rounds", "0"}, {"--only", "("}, {"more"},
	} {
		if _, err := parse(append([]string{}, args...)); err == nil {
			t.Errorf("%q was accepted", args)
		}
	}
}

// The whole report, as one reads it.
func TestReport(t *testing.T) {
	o, err := parse([]string{"--rows", "1e6,1e7", "--models", "lightgbm", "--rounds", "3", "--only", "glulam|pandas$|beam-fn$|pyarrow-parquet"})
	if err != nil {
		t.Fatal(err)
	}
	r := &results{
		About: about{
			Machine: report.Machine{Date: "2026-01-02 03:04 UTC", System: "linux/amd64", CPU: "Some CPU", Cores: 2, Memory: 8 << 30, Go: "1.26.0"},
			Glulam:  "glulam 0.1.0", Python: "Python 3.11.7, pandas 3.1.1",
		},
		Options: o,
	}
	r.Sizes, r.at = o.sizes()
	pace := map[string]struct{ start, row float64 }{
		"glulam": {0.1, 2e-6}, "glulam-all": {0.1, 3e-6}, "glulam-parquet": {0.1, 1e-6}, "pyarrow-parquet": {1, 6e-6}, "pandas": {1, 8e-6}, "beam-fn": {4, 40e-6},
	}
	for round := 1; round <= 3; round++ {
		for _, rows := range r.Sizes {
			for _, c := range contenders {
				p, ok := pace[c.name]
				if !ok || !r.at(c, rows) {
					continue
				}
				e := entry{
					Model: "lightgbm", Rows: rows, Job: c.name, Round: round, Processes: 1,
					Wall: (p.start + p.row*float64(rows)) * (1 + float64(round)/10), Peak: int64(100_000_000 * round), Output: int64(30 * rows),
				}
				e.CPU = 1.5 * e.Wall
				if c.name == "pandas" && rows == 10_000_000 {
					e.Peak *= 50
					if round == 2 {
						e.Failed = "no end after 30m0s\nlast words"
					}
				}
				r.Runs = append(r.Runs, e)
			}
		}
	}
	var out bytes.Buffer
	r.write(&out)
	labtest.Report(t, out.String())
}
