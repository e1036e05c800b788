package engine

import (
	"fmt"
	"math"
	"os"
	"syscall"
	"testing"

	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/lightgbm"
)

func load(tb testing.TB, name string) (*forest.Forest, []float64) {
	tb.Helper()
	m := golden.Find(tb, name)
	data := m.Bytes(tb)
	if p := os.Getenv("BIG"); p != "" {
		data, _ = os.ReadFile(p)
	}
	f, err := lightgbm.Parse(data, m.File)
	if err != nil {
		tb.Fatal(err)
	}
	return f, m.Matrix(tb)
}

func TestSame(t *testing.T) {
	for _, name := range []string{"numeric", "lightgbm", "multiclass", "zero_as_missing", "linear"} {
		f, x := load(t, name)
		p, err := compile(f)
		if err != nil {
			t.Fatal(err)
		}
		rows := len(x) / len(f.Features)
		want := make([]float64, rows*f.Outputs)
		forest.NewReference(f).Margins(x, rows, want)
		for _, k := range kernels {
			got := make([]float64, rows*f.Outputs)
			newEngine(p, k).Margins(x, rows, got)
			bad := 0
			for i := range got {
				if math.Float64bits(got[i]) != math.Float64bits(want[i]) {
					bad++
				}
			}
			fmt.Println(name, k.name, bad, len(p.muxes), len(f.Nodes), p.planes, len(p.leaf), len(f.Leaves), len(p.codes))
			if bad > 0 {
				t.Error(name, bad)
			}
		}
	}
}

func BenchmarkEngine(b *testing.B) {
	for _, name := range []string{"numeric", "lightgbm"} {
		f, x := load(b, name)
		p, err := compile(f)
		if err != nil {
			b.Fatal(err)
		}
		width := len(f.Features)
		rows := len(x) / width
		for _, batch := range []int{1, 16, 64, 256, 4096} {
			all := map[string]forest.Evaluator{"reference": forest.NewReference(f)}
			order := []string{"reference"}
			for _, k := range kernels {
				all[k.name] = newEngine(p, k)
				order = append(order, k.name)
			}
			for _, en := range order {
				if e, ok := all[en].(*Engine); ok && batch >= 256 {
					b.Run(fmt.Sprintf("%s/%d/%s-columns", name, batch, en), func(b *testing.B) {
						cols := make([]float64, batch*width)
						for i := range cols {
							cols[i] = x[i%batch*width+i/batch]
						}
						out := make([]float64, batch*f.Outputs)
						done := 0
						start := cpuTime()
						for b.Loop() {
							e.MarginsOfColumns(cols, batch, out)
							done += batch
						}
						b.ReportMetric((cpuTime()-start)/float64(done), "cpu-ns/row")
					})
				}
				b.Run(fmt.Sprintf("%s/%d/%s", name, batch, en), func(b *testing.B) {
					out := make([]float64, batch*f.Outputs)
					b.ReportAllocs()
					done := 0
					start := cpuTime()
					for b.Loop() {
						first := done % (rows - batch + 1)
						all[en].Margins(x[first*width:(first+batch)*width], batch, out)
						done += batch
					}
					b.ReportMetric((cpuTime()-start)/float64(done), "cpu-ns/row")
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(done), "ns/row")
				})
			}
		}
	}
}

func cpuTime() float64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano() + u.Stime.Nano())
}
