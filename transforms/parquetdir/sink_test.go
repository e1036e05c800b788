package parquetdir

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/stream"
)

var (
	_ stream.BlockSink   = (*sink)(nil)
	_ stream.Recalling   = (*sink)(nil)
	_ stream.Watermarked = (*sink)(nil)
)

// TestWindows: rows out of order come into their windows; a window is complete when the watermark passes its end, and what is
// late is added in files of its own.
func TestWindows(t *testing.T) {
	dir := t.TempDir()
	s := openSink(t, targetOf(t, dir, nil), 0, 1)
	clock := time.UnixMilli(day)
	s.now = func() time.Time { return clock }
	var all []row
	add := func(rows ...row) {
		put(t, s, rows...)
		all = append(all, rows...)
	}
	mixed := rowsOf("a/0", 0, 100, day+6*hour, hour/20)
	slices.Reverse(mixed[10:70]) // over three windows
	for i := range mixed {
		mixed[i].offset = int64(i)
	}
	add(mixed...)
	add(rowsOf("a/1", 1000, 3, day+6*hour-1, 1)...)
	if g := read(t, dir); g.all != 0 {
		t.Errorf("%d rows before any watermark", g.all)
	}
	pass(t, s, day+7*hour-1)
	g := read(t, dir)
	g.complete(t, "05")
	if g.all != 1 {
		t.Errorf("%d rows, want that before 6", g.all)
	}
	pass(t, s, day+7*hour)
	g = read(t, dir)
	g.complete(t, "05", "06")
	before := maps.Clone(g.file)

	add(rowsOf("a/0", 2000, 5, day+6*hour+10, 1)...) // late
	add(rowsOf("a/0", 2005, 5, day+6*hour+20, 1)...)
	pass(t, s, day+7*hour+1)
	if n := read(t, dir).all; n != g.all {
		t.Errorf("%d rows: late ones became a part at once", n)
	}
	clock = clock.Add(time.Minute)
	pass(t, s, day+7*hour+1)
	g = read(t, dir)
	for path, n := range before {
		if g.file[path] != n {
			t.Errorf("%s has %d rows, had %d", path, g.file[path], n)
		}
	}
	if len(g.file) != len(before)+1 {
		t.Errorf("%d parts, want one more than %d", len(g.file), len(before))
	}
	end(t, s, false)
	g = read(t, dir)
	g.check(t, all...)
	g.complete(t, "05", "06", "07", "08", "09", "10")
	if l := left(t, dir); l[spoolExt]+l[tempExt] > 0 {
		t.Errorf("%v are left", l)
	}
}

// TestFarTimes: windows before 1970, and times that no calendar has.
func TestFarTimes(t *testing.T) {
	dir := t.TempDir()
	s := openSink(t, targetOf(t, dir, nil), 0, 1)
	put(t, s, row{"a", 0, -1, 0, 1}, row{"a", 1, -hour, 0, 2}, row{"a", 2, -hour - 1, 0, 3}, row{"a", 3, 0, 0, 4})
	for _, at := range []int64{-1 << 63, -1 << 62, firstTime, lastTime, 1<<63 - 1} {
		b := blockOf(testSchema, row{"a", 4, at, 0, 5})
		if err := s.WriteBlock(context.Background(), b); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	end(t, s, false)
	var names []string
	found, _ := filepath.Glob(dir + "/window=*/" + successName)
	for _, f := range found {
		names = append(names, strings.TrimPrefix(filepath.Base(filepath.Dir(f)), "window="))
	}
	want := []string{"0001-01-01T00:00:00Z", "1969-12-31T22:00:00Z", "1969-12-31T23:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:00:00Z"}
	if !slices.Equal(names, want) {
		t.Errorf("windows %v, want %v", names, want)
	}
}

// TestDrained: what a stopped run leaves open are parts of windows that are not complete; the next run adds to them.
func TestDrained(t *testing.T) {
	dir := t.TempDir()
	to := targetOf(t, dir, nil)
	s := openSink(t, to, 0, 1)
	rows := rowsOf("a/0", 0, 40, day, hour/20)
	put(t, s, rows[:30]...)
	pass(t, s, rows[29].time)
	end(t, s, true)
	g := read(t, dir)
	g.complete(t, "00")
	g.check(t, rows[:30]...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	to.launch = "two"
	s = openSink(t, to, 0, 1)
	put(t, s, rows[30:]...)
	pass(t, s, day+2*hour)
	g = read(t, dir)
	g.complete(t, "00", "01")
	g.check(t, rows...)
	if len(g.file) != 3 {
		t.Errorf("%d parts", len(g.file))
	}
}

// TestEarlyParts: a window with more than part-size, and more windows than may be open, become parts before their time.
func TestEarlyParts(t *testing.T) {
	dir := t.TempDir()
	s := openSink(t, targetOf(t, dir, map[string]string{"part-size": "1MiB", "sync": "false"}), 0, 1)
	s.most = 50
	rows := rowsOf("a/0", 0, 60_000, day, 1)
	for i := 0; i < len(rows); i += 2000 {
		put(t, s, rows[i:i+2000]...)
	}
	settle(t, s)
	g := read(t, dir)
	if len(g.file) < 2 {
		t.Errorf("%d parts of %d rows", len(g.file), g.all)
	}
	many := rowsOf("a/0", 60_000, s.most+1, day+hour, hour)
	put(t, s, many...)
	settle(t, s)
	if n := len(s.open); n > s.most {
		t.Errorf("%d windows are open", n)
	}
	g = read(t, dir)
	g.complete(t)
	if n := len(g.rows) + len(s.open); n < s.most+2 {
		t.Errorf("%d windows", n)
	}
	end(t, s, false)
	g = read(t, dir)
	g.check(t, append(rows, many...)...)
	if len(g.done) != s.most+2 {
		t.Errorf("%d windows are complete", len(g.done))
	}
}

// TestOtherColumns: rows that have other columns than those before go to a part of their own.
func TestOtherColumns(t *testing.T) {
	dir := t.TempDir()
	s := openSink(t, targetOf(t, dir, nil), 0, 1)
	rows := rowsOf("a/0", 0, 30, day, 1)
	other := arrow.NewSchema(append(testSchema.Fields(), arrow.Field{Name: "class", Type: arrow.BinaryTypes.String, Nullable: true}), nil)
	more := func(rows []row) *block.Block {
		b := blockOf(testSchema, rows...)
		sb := array.NewStringBuilder(memory.DefaultAllocator)
		for range rows {
			sb.Append("on time")
		}
		b.Record = array.NewRecordBatch(other, append(b.Record.Columns(), sb.NewArray()), b.Record.NumRows())
		return b
	}
	put(t, s, rows[:10]...)
	write(t, s, rows[10:15]...)
	for _, b := range []*block.Block{more(rows[15:20]), more(rows[20:25])} {
		if err := s.WriteBlock(context.Background(), b); err != nil {
			t.Fatal(err)
		}
	}
	put(t, s, rows[25:]...)
	end(t, s, false)
	parts, _ := filepath.Glob(dir + "/window=*/part-*.parquet")
	if len(parts) != 3 {
		t.Errorf("%d parts, want 3", len(parts))
	}
	ids := map[int64]int{}
	n := 0
	for _, p := range parts {
		n += rowsIn(t, p, ids)
	}
	if n != len(rows) || len(ids) != len(rows) {
		t.Errorf("%d rows of %d ids", n, len(ids))
	}
}

func TestRefuses(t *testing.T) {
	is := func(err error, code fault.Code) {
		t.Helper()
		if fault.CodeOf(err) != code {
			t.Errorf("%v, want %s", err, code)
		}
	}
	dir := t.TempDir()
	one := stream.ReaderID{Run: "run", Of: 1}
	s := openSink(t, targetOf(t, dir, nil), 0, 1)
	is(s.Write(context.Background(), []stream.Message{{Value: []byte("x")}}), fault.Usage)
	_, err := newSink(t.Context(), targetOf(t, dir, nil), one)
	is(err, fault.Conflict) // another process of this run

	_, err = newSink(t.Context(), targetOf(t, dir, map[string]string{"window": "30m"}), stream.ReaderID{Run: "another", Of: 1})
	is(err, fault.Conflict) // windows of another length
	if err == nil || !strings.Contains(err.Error(), "1h0m0s") {
		t.Error(err)
	}

	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err = newSink(t.Context(), targetOf(t, file, nil), one)
	is(err, fault.Conflict)
	_, err = newSink(t.Context(), targetOf(t, file+"/below", nil), one)
	is(err, fault.Unwritable)

	schema := arrow.NewSchema([]arrow.Field{{Name: TimeColumn, Type: arrow.PrimitiveTypes.Int64}}, nil)
	_, err = (&shape{}).schema(schema)
	is(err, fault.Schema)
}

// TestForeign: what others put into the folder stays, and what is in the way of a part is an error.
func TestForeign(t *testing.T) {
	dir := t.TempDir()
	foreign := []string{"notes.txt", folderOf(day) + "/part-mine.parquet", hidden + "run/00000-of-00001/notes", "_SUCCESS"}
	for _, name := range foreign {
		os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777)
		if err := os.WriteFile(filepath.Join(dir, name), []byte("mine"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, folderOf(day+hour)), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	s := openSink(t, targetOf(t, dir, nil), 0, 1)
	rows := append(rowsOf("a/0", 0, 10, day, 1), rowsOf("a/0", 10, 10, day+hour, 1)...)
	put(t, s, rows[:10]...)
	pass(t, s, day+hour)
	put(t, s, rows[10:]...)
	err := s.End(context.Background(), false)
	if fault.CodeOf(err) != fault.Unwritable || !strings.Contains(err.Error(), folderOf(day+hour)) {
		t.Errorf("a file where a folder should be: %v", err)
	}
	s.Close()
	for _, name := range foreign {
		if content, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(content) != "mine" {
			t.Errorf("%s: %s, %v", name, content, err)
		}
	}
	// The rows are still there once it is gone.
	os.Remove(filepath.Join(dir, folderOf(day+hour)))
	os.Remove(filepath.Join(dir, foreign[1]))
	end(t, openSink(t, targetOf(t, dir, nil), 0, 1), false)
	read(t, dir).check(t, rows...)
}

// TestTwoRuns: two runs in one folder are not in each other's way.
func TestTwoRuns(t *testing.T) {
	dir := t.TempDir()
	var sinks []*sink
	for _, name := range []string{"a/b c", "a_b_c", strings.Repeat("x", 300), "", ".."} {
		s, err := newSink(t.Context(), targetOf(t, dir, nil), stream.ReaderID{Run: name, Of: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		sinks = append(sinks, s)
	}
	var all []row
	for i, s := range sinks {
		rows := rowsOf(fmt.Sprint("s", i), int64(i)*10, 10, day, 1)
		put(t, s, rows...)
		all = append(all, rows...)
	}
	for _, s := range sinks {
		end(t, s, false)
	}
	g := read(t, dir)
	g.check(t, all...)
	g.complete(t, "00")
	if found, _ := filepath.Glob(dir + "/" + hidden + "*"); len(found) != len(sinks) {
		t.Errorf("folders %v", found)
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		url     string
		options map[string]string
		window  time.Duration
		want    target
	}{
		{"parquet:out/", nil, time.Hour, target{dir: "out", window: hour, partSize: defaultPartSize, lateEvery: defaultLateEvery, sync: true}},
		{"parquet:/a/b?window=15m&part-size=2MiB", nil, time.Hour, target{dir: "/a/b", window: hour / 4, partSize: 2 << 20, lateEvery: defaultLateEvery, sync: true}},
		{"parquet:.", map[string]string{"window": "24h", "late-every": "0s", "sync": "false", "part-size": "1048576"}, 0, target{dir: ".", window: 24 * hour, partSize: 1 << 20}},
	} {
		got, err := parse(stream.Endpoint{URL: c.url, Options: c.options, Window: c.window})
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v", c.url, got, err)
		}
	}
	for url, options := range map[string]map[string]string{
		"parquet:":                      nil,
		"parquet:a?window=x":            nil,
		"parquet:a?window=999ms":        nil,
		"parquet:a?window=1000.5ms":     nil,
		"parquet:a?window=8785h":        nil,
		"parquet:a?part-size=1MB":       nil,
		"parquet:a?part-size=1KiB":      nil,
		"parquet:a?part-size=-5GiB":     nil,
		"parquet:a?late-every=-1s":      nil,
		"parquet:a?sync=maybe":          nil,
		"parquet:a?windows=1h":          nil,
		"parquet:a?%zz":                 nil,
		"parquet:a?window=1h&window=2h": nil,
		"parquet:a?window=1h":           {"window": "1h"},
		"parquet:b":                     {"acks": "all"},
		"parquet:gs://bucket/a":         nil,
	} {
		_, err := parse(stream.Endpoint{URL: url, Options: options, Window: time.Hour})
		if code := fault.CodeOf(err); code != fault.Usage && code != fault.Unsupported {
			t.Errorf("%s %v: %v", url, options, err)
		}
	}
	_, err := parse(stream.Endpoint{URL: "parquet:a/"})
	if err == nil || !strings.Contains(err.Error(), "--window 1h") {
		t.Errorf("without a window: %v", err)
	}
	c, err := stream.Find(stream.Endpoint{URL: "parquet:a/"})
	if err != nil || c.Check(stream.Endpoint{URL: "parquet:a/", Window: time.Hour}, false) == nil {
		t.Error("taken for a source")
	}
	if _, err := c.Sink(t.Context(), stream.Endpoint{URL: "parquet:" + t.TempDir(), Window: time.Hour}, stream.ReaderID{Of: 1}, "rejected"); fault.CodeOf(err) != fault.Usage {
		t.Errorf("taken for dead letters: %v", err)
	}
}
