package monitor

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/teststream"
	"github.com/google/go-cmp/cmp"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/runners"
	"github.com/glulam/glulam/transforms/block"
)

func init() {
	register.Function3x0(batches)
	register.Function2x0(collect)
	register.Emitter2[beam.EventTime, block.Block]()
	register.Emitter2[beam.EventTime, block.Rejected]()
}

// row is a row of the log that tests summarize.
type row struct {
	Time    int64 // event time
	Model   string
	Code    fault.Code // "": scored
	Value   float64
	Class   int32
	Lacking bool // its feature
}

// moment is a step of a log: rows that come in one batch, or the watermark going on.
type moment struct {
	Rows      []row
	Watermark int64
}

var testSchema = arrow.NewSchema([]arrow.Field{
	{Name: "prediction", Type: arrow.PrimitiveTypes.Float64},
	{Name: "class", Type: arrow.PrimitiveTypes.Int32},
}, nil)

// testBlock makes a block of rows of one model.
func testBlock(rows []row) block.Block {
	b := array.NewRecordBuilder(memory.DefaultAllocator, testSchema)
	defer b.Release()
	out := block.Block{Model: rows[0].Model, Missing: block.Missing{Features: []string{"other", "x"}, Rows: [][]byte{nil, make([]byte, len(rows)/8+1)}}}
	for i, r := range rows {
		b.Field(0).(*array.Float64Builder).Append(r.Value)
		b.Field(1).(*array.Int32Builder).Append(r.Class)
		out.Times = append(out.Times, r.Time)
		out.Envelopes = append(out.Envelopes, block.Envelope{Time: r.Time | 1})
		if r.Lacking {
			out.Missing.Rows[1][i/8] |= 1 << (i % 8)
		}
	}
	out.Record = b.NewRecordBatch()
	return out
}

// batches makes blocks and dead letters of a batch.
func batches(text string, blocks func(beam.EventTime, block.Block), rejected func(beam.EventTime, block.Rejected)) {
	var rows []row
	if err := json.Unmarshal([]byte(text), &rows); err != nil {
		panic(err)
	}
	for len(rows) > 0 {
		r := rows[0]
		if r.Code != "" {
			rejected(beam.EventTime(r.Time), block.Rejected{EventTime: r.Time, Letter: fault.Letter{Code: r.Code, Model: r.Model}})
			rows = rows[1:]
			continue
		}
		n := 1
		for n < len(rows) && rows[n].Code == "" && rows[n].Model == r.Model {
			n++
		}
		b := testBlock(rows[:n])
		blocks(beam.EventTime(slices.Min(b.Times)), b)
		b.Record.Release()
		rows = rows[n:]
	}
}

var collected struct {
	mu    sync.Mutex
	byRun map[string][]Summary
}

// collect notes a summary, as it comes out of its coder.
func collect(run string, s Summary) {
	collected.mu.Lock()
	defer collected.mu.Unlock()
	if collected.byRun == nil {
		collected.byRun = map[string][]Summary{}
	}
	collected.byRun[run] = append(collected.byRun[run], s)
}

var runs int

// summarize runs a log through the pipeline and gives what comes out, in its order.
func summarize(t *testing.T, o Options, log []moment) []Summary {
	t.Helper()
	if !beam.Initialized() {
		beam.Init()
	}
	runs++
	run := fmt.Sprintf("%s/%d", t.Name(), runs)
	p, s := beam.NewPipelineWithRoot()
	config := teststream.NewConfig()
	for _, m := range log {
		var err error
		if m.Rows != nil {
			text, jerr := json.Marshal(m.Rows)
			if jerr != nil {
				t.Fatal(jerr)
			}
			least := int64(math.MaxInt64)
			for _, r := range m.Rows {
				least = min(least, r.Time)
			}
			err = config.AddElements(least, string(text))
		} else {
			err = config.AdvanceWatermark(m.Watermark)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := config.AdvanceWatermarkToInfinity(); err != nil {
		t.Fatal(err)
	}
	blocks, rejected := beam.ParDo2(s, batches, teststream.Create(s, config))
	out := Summarize(s, o, blocks, rejected)
	Keep(s, run, out)
	defer Forget(run)
	beam.ParDo0(s, collect, beam.ParDo(s, &labelFn{Run: run}, out))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := runners.Run(ctx, p, runners.Options{}); err != nil {
		t.Fatal(err)
	}
	collected.mu.Lock()
	defer collected.mu.Unlock()
	got := collected.byRun[run]
	last := map[key]Summary{}
	for _, s := range got {
		if k := (key{s.End.UnixMilli(), s.Model}); last[k].Index <= s.Index {
			last[k] = s
		}
	}
	if n := len(Latest(run)); n != min(len(last), MaxLatest) {
		t.Errorf("the latest are %d summaries, want %d", n, len(last))
	}
	for _, s := range Latest(run) {
		if d := cmp.Diff(last[key{s.End.UnixMilli(), s.Model}], s); d != "" {
			t.Errorf("another is the latest: %s", d)
		}
	}
	return got
}

// labelFn names the run that a summary is of.
type labelFn struct{ Run string }

func init() { beam.RegisterDoFn(&labelFn{}) }

// ProcessElement puts the run's name to a summary.
func (f *labelFn) ProcessElement(s Summary) (string, Summary) { return f.Run, s }
