package engine

import (
	"fmt"
	"math"
	"testing"

	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/internal/forestgen"
)

// synthetic makes a forest as a trainer on histograms would: up to 255 cuts of each of 28 features, a fifth of which miss
// values, and as many rows for it.
func synthetic(tb testing.TB, trees, leaves, rows int) (*forest.Forest, []float64) {
	tb.Helper()
	const features, bins = 28, 255
	r := source(1)
	f := &forest.Forest{Features: make([]forest.Feature, features), Outputs: 1, LeafWidth: 1}
	var cuts [features][bins]float64
	for j := range cuts {
		for i := range cuts[j] {
			cuts[j][i] = math.Erfinv(2*(float64(i)+0.5)/bins - 1)
		}
	}
	for range trees {
		grow(f, forestgen.Sprout(forestgen.Ragged, leaves, r), func(int, int) forest.Node {
			j := int(features * r.Float64() * r.Float64()) // some features more often than others
			return forest.Node{Feature: int32(j), Threshold: cuts[j][r.IntN(bins)], DefaultLeft: r.IntN(2) == 0}
		})
	}
	if err := f.Validate(); err != nil {
		tb.Fatal(err)
	}
	x := make([]float64, rows*features)
	for i := range x {
		if x[i] = r.NormFloat64() / math.Sqrt2; i%features%5 == 0 && r.IntN(5) == 0 {
			x[i] = nan
		}
	}
	return f, x
}

// BenchmarkEngine evaluates batches of rows, one after another: a real model, and one of 500 trees of 63 leaves.
func BenchmarkEngine(b *testing.B) {
	const rows = 16384
	for _, c := range []struct {
		name string
		of   func() (*forest.Forest, []float64)
	}{
		{"flights", func() (*forest.Forest, []float64) {
			f, x := load(b, "lightgbm")
			all := make([]float64, 0, rows*len(f.Features))
			for len(all) < cap(all) {
				all = append(all, x[:min(len(x), cap(all)-len(all))]...)
			}
			return f, all
		}},
		{"500x63", func() (*forest.Forest, []float64) { return synthetic(b, 500, 63, rows) }},
	} {
		f, x := c.of()
		for _, batch := range []int{1, 16, 64, 512, 8192} {
			evaluators := []forest.Evaluator{forest.NewReference(f)}
			for _, name := range Running() {
				e, err := New(f, name)
				if err != nil {
					b.Fatal(err)
				}
				evaluators = append(evaluators, e)
			}
			for _, e := range evaluators {
				b.Run(fmt.Sprintf("%s/%d/%s/rows", c.name, batch, e.Name()), func(b *testing.B) { benchBatches(b, f, x, rows, batch, e.Margins) })
				if by, ok := e.(forest.ColumnEvaluator); ok {
					b.Run(fmt.Sprintf("%s/%d/%s/columns", c.name, batch, e.Name()), func(b *testing.B) {
						columns := make([]float64, 0, len(x))
						for first := 0; first < rows; first += batch {
							columns = append(columns, forestgen.Columns(f, x[first*len(f.Features):(first+batch)*len(f.Features)], batch)...)
						}
						benchBatches(b, f, columns, rows, batch, by.MarginsOfColumns)
					})
				}
			}
		}
	}
}

func benchBatches(b *testing.B, f *forest.Forest, x []float64, rows, batch int, margins func([]float64, int, []float64)) {
	out := make([]float64, batch*f.Outputs)
	width := len(f.Features)
	done := 0
	b.ReportAllocs()
	for b.Loop() {
		first := done % rows
		margins(x[first*width:(first+batch)*width], batch, out)
		done += batch
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(done), "ns/row")
}

// BenchmarkCompile is what loading takes on top of parsing. 5,000 trees of 255 leaves are to take less than a second.
func BenchmarkCompile(b *testing.B) {
	for _, c := range []struct{ trees, leaves int }{{100, 31}, {500, 63}, {1000, 255}, {5000, 255}} {
		b.Run(fmt.Sprintf("%dx%d", c.trees, c.leaves), func(b *testing.B) {
			f, _ := synthetic(b, c.trees, c.leaves, 0)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				if _, err := compile(f); err != nil {
					b.Fatal(err)
				}
				n++
			}
			b.ReportMetric(float64(n*c.trees)/b.Elapsed().Seconds(), "trees/s")
		})
	}
}

// BenchmarkKernel runs each of the innermost loops in memory that a second-level cache holds.
func BenchmarkKernel(b *testing.B) {
	const planeCount = 300
	r := source(1)
	f, x := synthetic(b, 64, 63, blockRows)
	p, err := compile(f)
	if err != nil {
		b.Fatal(err)
	}
	columns := forestgen.Columns(f, x, blockRows)
	planes := randomWords(r, planeCount*wideWords)
	muxes := make([]multiplexer, 1000)
	for i := range muxes {
		at := func() uint32 { return uint32(r.IntN(planeCount)) * wideWords }
		muxes[i] = multiplexer{at(), at(), at(), at()}
	}
	codes := new([together][blockRows]byte)
	for i := range codes {
		for j := range codes[i] {
			codes[i][j] = byte(r.IntN(64))
		}
	}
	var tables64 [together]*float64
	var tables32 [together]*float32
	values32 := make([]float32, len(p.values))
	for i := range tables64 {
		tables64[i], tables32[i] = &p.values[64*i], &values32[64*i]
	}
	column := &p.ordered[0]
	scattered := make([]uint64, (2+column.cuts)*wideWords)
	of := [8]uint32{0, 80, 160, 240, 320, 400, 480, 560}
	blk := newBlock(p, &portable)
	few := new([together][blockRows]byte)
	for i := range few {
		for j := range few[i] {
			few[i][j] = codes[i][j] & (1<<fewBits - 1)
		}
	}
	laner := newLaner(p.lanes)
	var sums64 [blockRows]float64
	var sums32 [blockRows]float32
	rows := table{x: x, feature: 1, row: len(f.Features)}
	for _, k := range kernels {
		if !k.runs {
			continue
		}
		for _, c := range []struct {
			name string
			n    int
			unit string
			run  func()
		}{
			{"multiplex", len(muxes), "mux", func() { k.multiplex(planes, muxes) }},
			{"order", blockRows, "row", func() { k.order(k, scattered, wideWords, column, columns, blockRows) }},
			{"bin", len(p.lanes.columns) * lanesAtOnce, "column", func() { k.bin(&laner.bins, p.lanes, rows, 7) }},
			{"lanes", len(p.lanes.steps), "step", func() { laner.adds = addsNothing; k.lanes(laner) }},
			{"lanes and sums", len(p.lanes.steps), "step", func() { laner.adds = addsDouble; k.lanes(laner) }},
			{"scatter", blockRows, "row", func() { k.scatter(scattered, wideWords, &column.search, columns, blockRows) }},
			{"sweep", planeCount, "plane", func() { k.sweep(planes, planes, wideWords, false) }},
			{"spread", 1, "tree", func() { k.spread(&codes[0], planes, &of) }},
			{"transpose", 4, "matrix", func() { k.transpose(&blk.matrices) }},
			{"add64", together * blockRows, "value", func() { k.add64(&sums64, blockRows, codes, &tables64) }},
			{"addFew64", together * blockRows, "value", func() { k.addFew64(&sums64, blockRows, few, &tables64) }},
			{"add32", together * blockRows, "value", func() { k.add32(&sums32, blockRows, codes, &tables32) }},
			{"answer", len(p.ordered), "column", func() { k.answer(blk.walker.answers, p.ordered, rows, 7) }},
			{"walk", len(f.Trees), "tree", func() { k.walk(blk.walker.last, p.walk, blk.walker.answers) }},
		} {
			b.Run(c.name+"/"+k.name, func(b *testing.B) {
				n := 0
				for b.Loop() {
					c.run()
					n += c.n
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/"+c.unit)
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
