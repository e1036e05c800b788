package monitor

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/runners"
	"github.com/glulam/glulam/transforms/block"
)

// exploded gives the partials of blocks, by key.
func exploded(t *testing.T, o Options, blocks ...block.Block) (map[key]*partial, error) {
	t.Helper()
	f := &scoredFn{Options: o}
	f.Setup()
	out := map[key]*partial{}
	emit := func(at beam.EventTime, text string, data []byte) {
		k, err := parseKey(text)
		if err != nil || k.time() != at {
			t.Fatalf("%s at %d: %v", text, at, err)
		}
		p, err := decodePartial(&o, data)
		if err != nil {
			t.Fatal(err)
		}
		if out[k] != nil {
			p.merge(out[k])
		}
		out[k] = p
	}
	f.StartBundle(nil)
	for i := range blocks {
		if err := f.explode(&blocks[i], time.UnixMilli(1000), emit); err != nil {
			return nil, err
		}
	}
	f.FinishBundle(context.Background(), emit)
	return out, nil
}

// TestExplode: each row of a block goes to its own window.
func TestExplode(t *testing.T) {
	o := Options{Window: time.Minute, Outputs: []string{"prediction"}, Classes: []string{"class"}, Features: []string{"x"}}
	b := testBlock([]row{
		{Time: -1, Model: "m", Value: 1, Class: 1, Lacking: true},
		{Time: 60_000, Model: "m", Value: 2, Lacking: true},
		{Time: 0, Model: "m", Value: math.NaN()},
		{Time: 59_999, Model: "m", Value: 4, Lacking: true},
		{Time: 60_001, Model: "m", Value: 5},
	})
	got, err := exploded(t, o, b, b.Slice(1, 4))
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range map[key]string{
		{0, "m"}:       "1 rows, 1 and 0 numbers, 1 missing, classes map[1:1]",
		{60_000, "m"}:  "4 rows, 2 and 2 numbers, 2 missing, classes map[0:4]",
		{120_000, "m"}: "3 rows, 3 and 0 numbers, 2 missing, classes map[0:3]",
	} {
		p := got[k]
		if p == nil {
			t.Errorf("no partial of %v", k)
			continue
		}
		d := p.outputs[0].summary()
		if is := fmt.Sprintf("%d rows, %d and %d numbers, %d missing, classes %v", p.rows, d.Count, d.NotFinite, p.missing[0], p.classes[0].counts()); is != want {
			t.Errorf("%v: %s, want %s", k, is, want)
		}
	}
	if len(got) != 3 {
		t.Errorf("%d partials", len(got))
	}
}

// TestExplodeManyTimes: blocks of all times do not gather in memory, and no row is lost.
func TestExplodeManyTimes(t *testing.T) {
	o := Options{Window: time.Minute}
	var rows []row
	for i := range int64(3*mostParts + 7) {
		rows = append(rows, row{Time: i * 60_000, Model: "m"}, row{Time: i % 3 * 60_000, Model: "m"})
	}
	got, err := exploded(t, o, testBlock(rows))
	if err != nil {
		t.Fatal(err)
	}
	var n int64
	for _, p := range got {
		n += p.rows
	}
	if n != int64(len(rows)) || len(got) != len(rows)/2 {
		t.Errorf("%d rows in %d windows, want %d in %d", n, len(got), len(rows), len(rows)/2)
	}
}

// TestColumns: columns of other types, with nulls.
func TestColumns(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "f32", Type: arrow.PrimitiveTypes.Float32, Nullable: true}, {Name: "i64", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "i32", Type: arrow.PrimitiveTypes.Int32, Nullable: true}, {Name: "decision", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "flag", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
	}, nil)
	rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, strings.NewReader(`[
		{"f32":0.5,"i64":-7,"i32":3,"decision":"call","flag":true},
		{"f32":null,"i64":null,"i32":null,"decision":null,"flag":null},
		{"f32":1.5,"i64":5000,"i32":-1,"decision":"wait","flag":true}]`))
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Window: time.Minute, Outputs: []string{"f32", "i64", "i32"}, Classes: []string{"i64", "i32", "decision", "flag"}}
	got, err := exploded(t, o, block.Block{Record: rec, Times: []int64{1, 2, 3}})
	if err != nil {
		t.Fatal(err)
	}
	p := got[key{60_000, ""}]
	for i, want := range []float64{1, 2496.5, 1} {
		if d := p.outputs[i].summary(); d.Count != 2 || d.Mean != want {
			t.Errorf("%s: %+v, want the mean %g of 2", o.Outputs[i], d, want)
		}
	}
	for i, want := range []string{"map[-7:1 5000:1]", "map[-1:1 3:1]", "map[call:1 wait:1]", "map[true:2]"} {
		if is := fmt.Sprint(p.classes[i].counts()); is != want {
			t.Errorf("%s: %s, want %s", o.Classes[i], is, want)
		}
	}
	if p.latency.count != 0 {
		t.Errorf("latencies of rows without timestamps: %+v", p.latency.summary())
	}
}

// TestFewerFeatures: a model that was swapped in may not use a feature. Then nobody knows how often that is missing, and the
// summary does not say that it never was.
func TestFewerFeatures(t *testing.T) {
	o := Options{Window: time.Minute, Features: []string{"gone", "x"}}
	parts, err := exploded(t, o, testBlock([]row{{Time: 1, Model: "m", Lacking: true}, {Time: 2, Model: "m"}}))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range parts {
		s := p.summary(&o, 60_000, "m")
		if len(s.Missing) != 1 || s.Missing["x"] != (Share{1, 0.5}) {
			t.Errorf("missing %+v", s.Missing)
		}
		return
	}
	t.Error("no summary")
}

// TestTextsAreCopied: a block's memory is used again after it was summarized.
func TestTextsAreCopied(t *testing.T) {
	text := []byte("callwait")
	var c tally
	for range 3 {
		c.add(unsafe.String(&text[0], 4), 1)
		c.add(unsafe.String(&text[4], 4), 1)
	}
	copy(text, "--------")
	if is := fmt.Sprint(c.counts()); is != "map[call:3 wait:3]" {
		t.Error(is)
	}
}

// TestRefused: what cannot be summarized is an error that says what to do.
func TestRefused(t *testing.T) {
	b := testBlock([]row{{Time: 1, Model: "m"}})
	timeless, uncounted := b, b
	timeless.Times, uncounted.Missing = nil, block.Missing{}
	for name, c := range map[string]struct {
		o    Options
		b    block.Block
		code fault.Code
	}{
		"no times":   {Options{}, timeless, fault.Usage},
		"no column":  {Options{Outputs: []string{"margin"}}, b, fault.Schema},
		"no number":  {Options{Outputs: []string{"prediction"}, Classes: []string{"prediction"}}, b, fault.Schema},
		"no feature": {Options{Features: []string{"x"}}, uncounted, fault.Schema},
	} {
		c.o.Window = time.Minute
		_, err := exploded(t, c.o, c.b)
		var e *fault.Error
		if !errors.As(err, &e) || e.Code != c.code || e.Hint == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func init() {
	register.Function2x0(timelessBlock)
}

func timelessBlock(_ []byte, emit func(block.Block)) {
	b := testBlock([]row{{Model: "m"}})
	b.Times = nil
	emit(b)
}

// TestRefusedByRun: such an error ends the run, as it was.
func TestRefusedByRun(t *testing.T) {
	if !beam.Initialized() {
		beam.Init()
	}
	p, s := beam.NewPipelineWithRoot()
	Summarize(s, Options{Window: time.Minute}, beam.ParDo(s, timelessBlock, beam.Impulse(s)))
	_, err := runners.Run(context.Background(), p, runners.Options{})
	if fault.CodeOf(err) != fault.Usage {
		t.Errorf("%v", err)
	}
}

// BenchmarkExplode measures a row: a prediction, a class, 8 features of which some are missing, a latency. In ordered, blocks
// are in one window; in mixed, rows of two windows take turns by 4.
func BenchmarkExplode(b *testing.B) {
	const n = 2000
	for _, mixed := range []bool{false, true} {
		b.Run(map[bool]string{false: "ordered", true: "mixed"}[mixed], func(b *testing.B) {
			rows := make([]row, n)
			for i := range rows {
				rows[i] = row{Time: int64(i / 20), Model: "sha256:a", Value: 1 / (1 + math.Exp(math.Sin(float64(i*i))*3)), Class: int32(i % 2)}
				if mixed && i/4%2 == 1 {
					rows[i].Time += 60_000
				}
			}
			in := testBlock(rows)
			o := Options{Window: time.Minute, Outputs: []string{"prediction"}, Classes: []string{"class"}}
			in.Missing = block.Missing{}
			for i := range 8 {
				bits := make([]byte, n/8)
				bits[i] = 3
				in.Missing.Features = append(in.Missing.Features, fmt.Sprint(i))
				in.Missing.Rows = append(in.Missing.Rows, bits)
			}
			o.Features = in.Missing.Features
			f := &scoredFn{Options: o}
			f.Setup()
			now, bytes := time.UnixMilli(5000), 0
			emit := func(_ beam.EventTime, _ string, data []byte) { bytes += len(data) }
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := f.explode(&in, now, emit); err != nil {
					b.Fatal(err)
				}
				if i%4 == 3 { // a bundle of 100 ms at 80,000 rows a second
					f.flush(emit)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
			b.ReportMetric(float64(bytes)/float64(b.N), "B-out/block")
		})
	}
}
