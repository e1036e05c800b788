package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"github.com/glulam/glulam/bench/internal/labtest"
	"github.com/glulam/glulam/bench/internal/report"
	"github.com/glulam/glulam/model"
)

func written(write func(w *bufio.Writer)) []byte {
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	write(w)
	w.Flush()
	return out.Bytes()
}

// TestMadeModel: glulam reads what is made up, all trees use their leaves, and features are used in turn.
func TestMadeModel(t *testing.T) {
	for _, test := range []struct{ features, trees, used int }{{1, 1, 1}, {28, 10, 28}, {2000, 3, 90}, {2000, 100, 2000}} {
		text := written(func(w *bufio.Writer) { writeModel(w, test.features, test.trees) })
		m, err := model.Parse(text, "made.txt", model.Options{})
		if err != nil {
			t.Fatal(err)
		}
		f := m.Forest()
		used := 0
		for _, feature := range f.Features {
			if feature.Used {
				used++
			}
		}
		if len(f.Trees) != test.trees || len(f.Features) != test.features || used != test.used || len(f.Leaves) != test.trees*leavesOfTree {
			t.Errorf("%+v: %d trees, %d features of which %d are used, %d leaves", test, len(f.Trees), len(f.Features), used, len(f.Leaves))
		}
		if again := written(func(w *bufio.Writer) { writeModel(w, test.features, test.trees) }); !bytes.Equal(text, again) {
			t.Errorf("%+v: another model the next time", test)
		}
	}
}

func TestMadeNumbers(t *testing.T) {
	rows, err := csv.NewReader(bytes.NewReader(written(func(w *bufio.Writer) { writeNumbers(w, 50, 7) }))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 51 || strings.Join(rows[0], " ") != "id f0 f1 f2 f3 f4 f5 f6" || rows[50][0] != "49" {
		t.Errorf("%d rows, from %v to %v", len(rows), rows[0], rows[len(rows)-1])
	}
}

func TestWrongUsage(t *testing.T) {
	for _, args := range [][]string{{"--rounds", "0"}, {"--only", "("}, {"--short", "--full"}, {"more"}} {
		if _, err := parse(args); err == nil {
			t.Errorf("%q was accepted", args)
		}
	}
}

// TestAxes: sizes grow, and what is divided can be.
func TestAxes(t *testing.T) {
	for _, args := range [][]string{nil, {"--short"}, {"--full"}} {
		o, err := parse(args)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range o.axes() {
			for i := 1; i < len(a.at); i++ {
				if a.at[i] <= a.at[i-1] {
					t.Errorf("%q: %s: %v", args, a.name, a.at)
				}
			}
		}
	}
}

// The whole report, as one reads it.
func TestReport(t *testing.T) {
	o, err := parse([]string{"--rounds", "3"})
	if err != nil {
		t.Fatal(err)
	}
	s := &series{Axis: "rows", Unit: "row", About: "flights"}
	for _, n := range []int{100_000, 1_000_000, 10_000_000} {
		v := 0.1 + 1e-6*float64(n)
		s.Points = append(s.Points, &point{At: n, Rows: n, Wall: []float64{v, v * 1.1, v * 0.9}, CPU: []float64{2 * v, 2.1 * v, 1.9 * v}, Peak: []float64{9e7, 9.5e7, 9.1e7}})
	}
	s.Points = append(s.Points, &point{At: 100_000_000, Rows: 100_000_000, Failed: "exit status 1: no space | left\nlast words"})
	r := &results{
		About: about{
			Machine: report.Machine{Date: "2026-01-02 03:04 UTC", System: "linux/amd64", CPU: "Some CPU", Cores: 2, Memory: 8 << 30, Go: "1.26.0"},
			Glulam:  "glulam 0.1.0", Commit: "commit 1a2b3c4",
		},
		Engine: "avx2", Options: o, Series: []*series{s},
	}
	var out strings.Builder
	r.write(&out)
	labtest.Report(t, out.String())
}
