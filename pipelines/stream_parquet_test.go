package pipelines_test

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

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/pipelines"
	_ "github.com/glulam/glulam/transforms/parquetdir"
)

// byID reads columns of Parquet files as text, row by row; a number as its bits.
func byID(t *testing.T, files []string, columns ...string) map[string]string {
	t.Helper()
	rows := map[string]string{}
	for _, path := range files {
		table, err := readParquet(path)
		if err != nil {
			t.Fatal(path, err)
		}
		r := array.NewTableReader(table, 0)
		for r.Next() {
			rec := r.RecordBatch()
			cells := make([]string, len(columns))
			for i := range int(rec.NumRows()) {
				for c, name := range columns {
					at := rec.Schema().FieldIndices(name)
					if len(at) != 1 {
						t.Fatalf("%s has %d columns %s", path, len(at), name)
					}
					col := rec.Column(at[0])
					cells[c] = fmt.Sprint(col.DataType(), " ", col.ValueStr(i))
					if f, ok := col.(*array.Float64); ok && f.IsValid(i) {
						cells[c] = fmt.Sprintf("float64 %016x", math.Float64bits(f.Value(i)))
					}
				}
				if _, twice := rows[cells[0]]; twice {
					t.Fatalf("%s: row %s is there twice", path, cells[0])
				}
				rows[cells[0]] = strings.Join(cells, ", ")
			}
		}
		r.Release()
		table.Release()
	}
	return rows
}

func glob(t *testing.T, pattern ...string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(pattern...))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func sameRows(t *testing.T, got, want map[string]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d rows, want %d", len(got), len(want))
	}
	wrong := 0
	for id, row := range want {
		if got[id] != row {
			if wrong++; wrong <= 3 {
				t.Errorf("got\n%s\nwant\n%s", got[id], row)
			}
		}
	}
}

// TestStreamFilesByWindow: a stream's Parquet files hold the rows and columns of a batch run, bit for bit, each in its window,
// every window is complete at the source's end, and a batch run reads them.
func TestStreamFilesByWindow(t *testing.T) {
	dir := t.TempDir()
	in, model := golden.Path("rows.jsonl"), golden.Path("lightgbm.txt")
	columns := strings.Fields("id time_hour month day sched_dep_time hour minute sched_arr_time distance flight temp dewp humid wind_dir wind_speed wind_gust precip pressure visib plane_year seats engines speed dow carrier origin dest manufacturer engine weekend tailnum")
	outputs := []string{"prediction", "margin", "leaf"}
	m, _ := run(t, pipelines.Batch{Model: model, Input: []string{in}, Output: dir + "/batch", OutputFormat: "parquet", Columns: columns, Outputs: outputs, Shards: 2})
	j := runStream(t, pipelines.Stream{
		Model: model, From: "jsonl:" + in, To: "parquet:" + dir + "/scored/", Rejected: "jsonl:" + dir + "/rejected.jsonl",
		Columns: columns, Outputs: outputs, EventTime: "time_hour", MaxDisorder: 100 * 24 * time.Hour, Window: 72 * time.Hour,
	})
	if err := j.Cleanup(); err != nil {
		t.Error(err)
	}
	parts := glob(t, dir, "scored/window=*/part-*.parquet")
	batch := glob(t, dir, "batch/part-*.parquet")
	table, err := readParquet(batch[0])
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range table.Schema().Fields() {
		names = append(names, f.Name)
	}
	want := byID(t, batch, names...)
	sameRows(t, byID(t, parts, names...), want)
	if int64(len(want)) != m.Rows.Scored {
		t.Fatalf("%d rows", len(want))
	}
	for _, p := range parts {
		start := strings.TrimPrefix(filepath.Base(filepath.Dir(p)), "window=")
		first, err := time.Parse(time.RFC3339, start)
		if err != nil || first.Unix()%(72*3600) != 0 {
			t.Errorf("window %s: %v", start, err)
		}
		for _, row := range byID(t, []string{p}, "id", "time_hour", "event_time") {
			cells := strings.Split(row, ", ")
			said := strings.TrimPrefix(cells[1], "utf8 ")
			at, err := time.Parse(time.RFC3339, said)
			if err != nil || at.Before(first) || !at.Before(first.Add(72*time.Hour)) || !strings.Contains(row, "timestamp[ms, tz=UTC] "+at.Format("2006-01-02T15:04:05Z")) && !strings.Contains(row, at.Format("2006-01-02 15:04:05")) {
				t.Fatalf("window %s has %s", start, row)
			}
		}
	}
	windows, complete := glob(t, dir, "scored/window=*"), glob(t, dir, "scored/window=*/_SUCCESS")
	if len(windows) < 30 || len(complete) != len(windows) {
		t.Errorf("%d windows, %d complete", len(windows), len(complete))
	}

	// A batch run over the parts gives the same numbers.
	run(t, pipelines.Batch{Model: model, Input: []string{dir + "/scored/window=*/part-*.parquet"}, Output: dir + "/again", OutputFormat: "parquet", Columns: []string{"id", "event_time"}, Outputs: outputs})
	some := []string{"id", "prediction", "margin"}
	sameRows(t, byID(t, glob(t, dir, "again/part-*.parquet"), some...), byID(t, batch, some...))
}

// TestStreamWholeMessages: without --columns the files hold the messages as they came; rejected ones go where they went, and
// an option gives windows to a run that summarizes others.
func TestStreamWholeMessages(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "rows.jsonl")
	lines := []string{`{"hour": 6, "prediction": "member", "at": 1380585600000}`, `{"hour": null,"at":1380589200000, "x": "ä"}`, `{"hour":"six","at":1380589200000}`, `{"hour": 7}`, `{"hour":7.5,"at":"2013-10-01T01:59:59.999Z"}`}
	if err := os.WriteFile(in, []byte(strings.Join(lines, "\n")+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	s := pipelines.Stream{
		Model: golden.Path("one_feature.txt"), From: "jsonl:" + in, To: "parquet:" + dir + "/scored?window=1h", Rejected: "jsonl:" + dir + "/rejected.jsonl",
		EventTime: "at", Window: time.Minute, Period: time.Second, Decide: []string{"prediction > 0.0"},
	}
	for range 2 { // again: the lines come again, and are added
		if err := runStream(t, s).Cleanup(); err != nil {
			t.Fatal(err)
		}
	}
	got := map[string]int{}
	for _, p := range glob(t, dir, "scored/window=*/part-*.parquet") {
		table, err := readParquet(p)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, f := range table.Schema().Fields() {
			names = append(names, f.Name)
		}
		if want := []string{"message", "prediction", "decision", "event_time"}; !slices.Equal(names, want) || table.Schema().Field(0).Type != arrow.BinaryTypes.String {
			t.Errorf("%s", table.Schema())
		}
		r := array.NewTableReader(table, 0)
		for r.Next() {
			messages := r.RecordBatch().Column(0).(*array.String)
			for i := range messages.Len() {
				got[filepath.Base(filepath.Dir(p))+" "+messages.Value(i)]++
			}
		}
	}
	want := map[string]int{"window=2013-10-01T00:00:00Z " + lines[0]: 2, "window=2013-10-01T01:00:00Z " + lines[1]: 2, "window=2013-10-01T01:00:00Z " + lines[4]: 2}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	rejected, _ := os.ReadFile(dir + "/rejected.jsonl")
	if n := strings.Count(string(rejected), "\n"); n != 4 || !strings.Contains(string(rejected), `"code":"bad_time"`) {
		t.Errorf("rejected:\n%s", rejected)
	}
	if n := len(glob(t, dir, "scored/window=*/_SUCCESS")); n != 2 {
		t.Errorf("%d windows are complete", n)
	}
}

// TestStreamParquetRefused: what files by window cannot be is said before anything runs, with what to do.
func TestStreamParquetRefused(t *testing.T) {
	good := pipelines.Stream{Model: golden.Path("one_feature.txt"), From: "jsonl:-", To: "parquet:out/", Rejected: "jsonl:rejected.jsonl", Window: time.Hour}
	for _, c := range []struct {
		change      func(*pipelines.Stream)
		field, says string
	}{
		{func(s *pipelines.Stream) { s.Window = 0 }, "window", "--window 1h"},
		{func(s *pipelines.Stream) { s.Period = time.Minute }, "window", "--option window=1h"},
		{func(s *pipelines.Stream) { s.Window = time.Millisecond }, "window", "1s to"},
		{func(s *pipelines.Stream) { s.Rejected = "parquet:rejected/" }, "rejected", "jsonl:rejected/"},
		{func(s *pipelines.Stream) { s.Summary = "parquet:s/" }, "summary", "jsonl:summary/"},
		{func(s *pipelines.Stream) { s.Delivery = "exactly-once" }, "delivery", "at-least-once"},
		{func(s *pipelines.Stream) { s.From = "parquet:in/" }, "from", "glulam batch"},
		{func(s *pipelines.Stream) { s.Options = map[string]string{"sync": "x"} }, "sync", "true or false"},
		{func(s *pipelines.Stream) { s.Options = map[string]string{"acks": "all"} }, "option", "acks"},
		{func(s *pipelines.Stream) { s.Columns = []string{"event_time"} }, "", "event_time"},
		{func(s *pipelines.Stream) { s.Decide = []string{"message = prediction > 0.0"} }, "", "message"},
		{func(s *pipelines.Stream) { s.Columns = []string{"prediction"} }, "", "prediction"},
	} {
		s := good
		c.change(&s)
		_, err := s.Prepare(context.Background())
		if err == nil {
			t.Errorf("%q: taken", c.says)
			continue
		}
		if !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v, want something of %q", err, c.says)
		}
		if code := fault.CodeOf(err); code != fault.Usage && code != fault.Schema {
			t.Errorf("%v is %s", err, code)
		}
		if c.field != "" && !strings.Contains(err.Error(), c.field+": ") {
			t.Errorf("%v does not name %s", err, c.field)
		}
	}
	if _, err := good.Prepare(context.Background()); err != nil {
		t.Error(err)
	}
	good.Period = good.Window
	if _, err := good.Prepare(context.Background()); err != nil {
		t.Error(err)
	}
}
