package parquetdir

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	pq "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/stream"
)

// row is a message that was scored.
type row struct {
	source string
	offset int64
	time   int64 // event time
	sent   int64
	id     int64
}

const hour = int64(time.Hour / time.Millisecond)

// day is where the tests' times begin: 2013-10-01T00:00:00Z.
const day = int64(1380585600000)

var testSchema = arrow.NewSchema([]arrow.Field{
	{Name: "message", Type: arrow.BinaryTypes.Binary, Nullable: true, Metadata: arrow.NewMetadata([]string{format.MetaRawRow}, []string{"jsonl"})},
	{Name: "id", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "prediction", Type: arrow.PrimitiveTypes.Float64},
}, nil)

// predicted is the prediction of a row.
func predicted(id int64) float64 { return 1 / (float64(id) + 0.1) }

// blockOf makes a block of rows of one source. Every seventh has no id.
func blockOf(schema *arrow.Schema, rows ...row) *block.Block {
	rb := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer rb.Release()
	b := &block.Block{Origin: block.Origin{Source: rows[0].source}, Model: "sha256:0"}
	for _, r := range rows {
		rb.Field(0).(*array.BinaryBuilder).Append(fmt.Appendf(nil, `{"id": %d, "name": "ä"}`, r.id))
		if r.id%7 == 0 {
			rb.Field(1).AppendNull()
		} else {
			rb.Field(1).(*array.Int64Builder).Append(r.id)
		}
		rb.Field(2).(*array.Float64Builder).Append(predicted(r.id))
		b.Origin.Offset = append(b.Origin.Offset, r.offset)
		b.Times = append(b.Times, r.time)
		b.Envelopes = append(b.Envelopes, block.Envelope{Time: r.sent})
	}
	b.Record = rb.NewRecordBatch()
	return b
}

// rowsOf are n rows of a source from an offset on, every step milliseconds.
func rowsOf(source string, from int64, n int, at, step int64) []row {
	rows := make([]row, n)
	for i := range rows {
		k := from + int64(i)
		rows[i] = row{source: source, offset: k, time: at + int64(i)*step, sent: day + k, id: k}
	}
	return rows
}

// targetOf is a target of hours in a folder.
func targetOf(t testing.TB, dir string, options map[string]string) target {
	t.Helper()
	to, err := parse(stream.Endpoint{URL: "parquet:" + dir, Window: time.Hour, Options: options, Launch: "one"})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// openSink opens a sink that ends with the test.
func openSink(t testing.TB, to target, index, of int) *sink {
	t.Helper()
	s, err := newSink(t.Context(), to, stream.ReaderID{Run: "run", Index: index, Of: of})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// put writes rows as one micro-batch, block by block, and flushes them.
func put(t testing.TB, s *sink, rows ...row) {
	t.Helper()
	write(t, s, rows...)
	if err := s.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, s *sink, rows ...row) {
	t.Helper()
	for len(rows) > 0 {
		n := slices.IndexFunc(rows, func(r row) bool { return r.source != rows[0].source })
		if n < 0 {
			n = len(rows)
		}
		b := blockOf(testSchema, rows[:n]...)
		if err := s.WriteBlock(context.Background(), b); err != nil {
			t.Fatal(err)
		}
		b.Record.Release()
		rows = rows[n:]
	}
}

// pass tells the sink a watermark and waits for what comes of it.
func pass(t testing.TB, s *sink, at int64) {
	t.Helper()
	if err := s.Watermark(context.Background(), at); err != nil {
		t.Fatal(err)
	}
	settle(t, s)
}

func settle(t testing.TB, s *sink) {
	t.Helper()
	if err := s.worker.wait(); err != nil {
		t.Fatal(err)
	}
}

func end(t testing.TB, s *sink, drained bool) {
	t.Helper()
	if err := s.End(context.Background(), drained); err != nil {
		t.Fatal(err)
	}
}

// kill leaves everything as a killed process does.
func kill(s *sink) {
	if s.place != nil {
		s.worker.close()
		s.place.free()
		s.place = nil
	}
}

// got is what stands in the parts of a folder, as the library reads them.
type got struct {
	rows map[string]map[int64]int // window's folder -> id -> how often
	done []string                 // windows with _SUCCESS
	all  int
	file map[string]int // rows of each part
}

func read(t testing.TB, dir string) got {
	t.Helper()
	g := got{rows: map[string]map[int64]int{}, file: map[string]int{}}
	folders, err := filepath.Glob(filepath.Join(dir, "window=*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		name := strings.TrimPrefix(filepath.Base(folder), "window=")
		start, err := time.Parse(time.RFC3339, name)
		if err != nil {
			t.Fatal(err)
		}
		files, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		g.rows[name] = map[int64]int{}
		for _, f := range files {
			if f.Name() == successName {
				g.done = append(g.done, name)
				continue
			}
			path := filepath.Join(folder, f.Name())
			if ok, _ := filepath.Match("part-*.parquet", f.Name()); !ok {
				t.Errorf("%s is there", path)
				continue
			}
			n := readPart(t, path, start.UnixMilli(), g.rows[name])
			g.file[path] = n
			g.all += n
		}
	}
	return g
}

// readPart counts the rows of a part by id, and looks at their values.
func readPart(t testing.TB, path string, start int64, count map[int64]int) int {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	table, err := pqarrow.ReadTable(context.Background(), f, pq.NewReaderProperties(memory.DefaultAllocator), pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(path, err)
	}
	defer table.Release()
	r := array.NewTableReader(table, 0)
	defer r.Release()
	for r.Next() {
		rec := r.RecordBatch()
		for i := range int(rec.NumRows()) {
			var id int64
			text := rec.Column(0).(*array.String).Value(i)
			if _, err := fmt.Sscanf(text, `{"id": %d, "name": "ä"}`, &id); err != nil {
				t.Fatalf("%s: %q: %v", path, text, err)
			}
			count[id]++
			ids := rec.Column(1).(*array.Int64)
			if ids.IsNull(i) != (id%7 == 0) || !ids.IsNull(i) && ids.Value(i) != id {
				t.Errorf("%s: id %d reads %v", path, id, ids.ValueStr(i))
			}
			if p := rec.Column(2).(*array.Float64).Value(i); math.Float64bits(p) != math.Float64bits(predicted(id)) {
				t.Errorf("%s: the prediction of %d is %v", path, id, p)
			}
			times := rec.Column(3).(*array.Timestamp)
			if at := int64(times.Value(i)); at < start || at >= start+hour {
				t.Errorf("%s: event time %s", path, times.ValueStr(i))
			}
			if rec.ColumnName(3) != TimeColumn || rec.Column(3).DataType().String() != "timestamp[ms, tz=UTC]" {
				t.Fatalf("%s: %s", path, rec.Schema())
			}
		}
	}
	return int(table.NumRows())
}

// rowsIn counts the rows of a part by id, whatever its other columns are.
func rowsIn(t testing.TB, path string, count map[int64]int) int {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	table, err := pqarrow.ReadTable(context.Background(), f, pq.NewReaderProperties(memory.DefaultAllocator), pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(path, err)
	}
	defer table.Release()
	r := array.NewTableReader(table, 0)
	defer r.Release()
	for r.Next() {
		messages := r.RecordBatch().Column(0).(*array.String)
		for i := range messages.Len() {
			var id int64
			if _, err := fmt.Sscanf(messages.Value(i), `{"id": %d,`, &id); err != nil {
				t.Fatal(err)
			}
			count[id]++
		}
	}
	return int(table.NumRows())
}

// check compares the parts with what was written: each row in its window, as often as it should be there.
func (g got) check(t testing.TB, rows ...row) {
	t.Helper()
	want := map[string]map[int64]int{}
	for _, r := range rows {
		name := time.UnixMilli(r.time - ((r.time%hour)+hour)%hour).UTC().Format(time.RFC3339)
		if want[name] == nil {
			want[name] = map[int64]int{}
		}
		want[name][r.id]++
	}
	for name, ids := range want {
		for id, n := range ids {
			if g.rows[name][id] != n {
				t.Errorf("window %s has row %d %d times, want %d", name, id, g.rows[name][id], n)
			}
		}
	}
	if g.all != len(rows) {
		t.Errorf("%d rows, want %d", g.all, len(rows))
	}
}

func (g got) complete(t testing.TB, hours ...string) {
	t.Helper()
	for i, h := range hours {
		hours[i] = "2013-10-01T" + h + ":00:00Z"
	}
	if !slices.Equal(g.done, hours) {
		t.Errorf("complete are %v, want %v", g.done, hours)
	}
}

// left are the files that a reader keeps beside the parts, by their ending.
func left(t testing.TB, dir string) map[string]int {
	t.Helper()
	n := map[string]int{}
	files, err := filepath.Glob(filepath.Join(dir, hidden+"*", "*", "part-*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		n[filepath.Ext(f)]++
	}
	return n
}
