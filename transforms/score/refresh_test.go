package score

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/transforms/block"
)

const often = 5 * time.Millisecond

// changing is a folder with a model that changes.
type changing struct {
	t   *testing.T
	dir string
	ref string
	run string
}

func newChanging(t *testing.T, first string) *changing {
	c := &changing{t: t, dir: t.TempDir(), run: t.Name()}
	c.ref = filepath.Join(c.dir, "model.txt")
	c.put(c.bytes(first))
	t.Cleanup(func() { StopRefresh(c.run) })
	return c
}

func (c *changing) bytes(name string) []byte {
	c.t.Helper()
	data, err := os.ReadFile(path(name))
	if err != nil {
		c.t.Fatal(err)
	}
	return data
}

// put replaces the model at once.
func (c *changing) put(data []byte) {
	c.t.Helper()
	c.write(c.ref+".new", data)
	if err := os.Rename(c.ref+".new", c.ref); err != nil {
		c.t.Fatal(err)
	}
}

func (c *changing) write(path string, data []byte) {
	c.t.Helper()
	// At once: half a file would be refused, and counted.
	part := filepath.Join(c.t.TempDir(), "part")
	if err := os.WriteFile(part, data, 0o666); err != nil {
		c.t.Fatal(err)
	}
	if err := os.Rename(part, path); err != nil {
		c.t.Fatal(err)
	}
}

// options refresh as often as a test can wait for.
func (c *changing) options() Options { return Options{Model: c.ref, Refresh: often, Run: c.run} }

func (c *changing) state() Refreshing {
	c.t.Helper()
	all := RefreshOf(c.run)
	if len(all) != 1 {
		c.t.Fatalf("%d models are refreshed", len(all))
	}
	return all[0]
}

// until waits for a state. Nothing is said of how long that takes, but that it ends.
func (c *changing) until(what string, ok func(Refreshing) bool) Refreshing {
	c.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(often) {
		if s := c.state(); ok(s) {
			return s
		}
	}
	c.t.Fatalf("%s never came: %+v", what, c.state())
	return Refreshing{}
}

// looks waits until the files were looked at n times more, and so long that a change was seen twice.
func (c *changing) looks(n int) {
	c.t.Helper()
	last := c.state().Looked
	for range n {
		last = c.until("a look", func(s Refreshing) bool { return s.Looked.After(last) }).Looked
	}
}

func (c *changing) serves(f *scoreFn, rec arrow.RecordBatch, name string) {
	c.t.Helper()
	out, bad, err := f.one(block.Block{Record: rec})
	if err != nil || len(bad) > 0 || len(out) != 1 {
		c.t.Fatal(err, len(bad), len(out))
	}
	want := predict(c.t, path(name), rec)
	got := out[0].Record.Column(int(out[0].Record.NumCols()) - 1).(*array.Float64).Float64Values()
	for i := range want {
		if math.Float64bits(want[i]) != math.Float64bits(got[i]) {
			c.t.Fatalf("row %d: %v, %s gives %v", i, got[i], name, want[i])
		}
	}
	if d := digest(c.t, path(name)); out[0].Model != d || c.state().Digest != d {
		c.t.Errorf("the block says %s, the state %s, %s is %s", out[0].Model, c.state().Digest, name, d)
	}
}

func digest(t testing.TB, ref string) string {
	t.Helper()
	m, err := model.Load(context.Background(), ref, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m.Digest()
}

func someRows(t testing.TB, n int64) arrow.RecordBatch { return golden.Rows(t).NewSlice(0, n) }

// TestSwap: a new model takes over, a bad one does not, and is not tried again until it changes.
func TestSwap(t *testing.T) {
	c := newChanging(t, "numeric")
	rec := someRows(t, 64)
	f := ready(t, c.options())
	c.serves(f, rec, "numeric")
	c.put(c.bytes("lightgbm"))
	first := c.until("the swap", func(s Refreshing) bool { return s.Swaps == 1 })
	if first.LastError != "" || first.Refused != 0 || first.Name != "model" || first.Model != c.ref {
		t.Errorf("%+v", first)
	}
	c.serves(f, rec, "lightgbm")
	c.serves(ready(t, c.options()), rec, "lightgbm") // a DoFn instance that comes later
	if n := f.slot.swaps.Load() + f.slot.loads.Load(); n != 0 {
		t.Errorf("%d swaps and loads were not given to Beam's counters", n)
	}

	c.put([]byte("tree\nversion=v4\nnothing"))
	bad := c.until("the refusal", func(s Refreshing) bool { return s.Refused == 1 })
	if bad.LastError == "" || bad.Swaps != 1 {
		t.Errorf("%+v", bad)
	}
	c.serves(f, rec, "lightgbm")
	if err := os.Chtimes(c.ref, time.Time{}, time.Unix(1e9, 0)); err != nil { // touched: still the same
		t.Fatal(err)
	}
	c.looks(6)
	if s := c.state(); s.Refused != 1 || s.LastError == "" {
		t.Errorf("%+v", s)
	}
	c.put(c.bytes("many_thresholds"))
	c.until("the second swap", func(s Refreshing) bool { return s.Swaps == 2 && s.LastError == "" })
	c.serves(f, rec, "many_thresholds")

	c.put([]byte("tree\nversion=v4\nnothing"))
	c.until("the second refusal", func(s Refreshing) bool { return s.Refused == 2 })
	c.put(c.bytes("many_thresholds")) // what serves is back
	c.until("peace", func(s Refreshing) bool { return s.LastError == "" })
	if err := os.Remove(c.ref); err != nil {
		t.Fatal(err)
	}
	gone := c.until("its absence", func(s Refreshing) bool { return s.Refused == 3 })
	if !strings.Contains(gone.LastError, "no such file") {
		t.Errorf("%+v", gone)
	}
	c.looks(4)
	if s := c.state(); s.Refused != 3 || s.Swaps != 2 {
		t.Errorf("%+v", s)
	}
	c.serves(f, rec, "many_thresholds")
	c.put(c.bytes("numeric"))
	c.until("the third swap", func(s Refreshing) bool { return s.Swaps == 3 && s.LastError == "" })
	c.serves(f, rec, "numeric")
}

// TestSwapTorn: a file that is still being written is waited for.
func TestSwapTorn(t *testing.T) {
	c := newChanging(t, "numeric")
	f := ready(t, c.options())
	rec := someRows(t, 16)
	c.serves(f, rec, "numeric")
	data := c.bytes("lightgbm")
	file, err := os.Create(c.ref)
	if err != nil {
		t.Fatal(err)
	}
	for len(data) > 0 { // it changes between any two looks, as long as we are not kept waiting for long
		n := min(len(data), 20000)
		if _, err := file.Write(data[:n]); err != nil {
			t.Fatal(err)
		}
		data = data[n:]
		time.Sleep(time.Millisecond)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	s := c.until("the swap", func(s Refreshing) bool { return s.Swaps == 1 })
	t.Logf("%d refused while the file was written", s.Refused)
	c.serves(f, rec, "lightgbm")
}

// TestLooker takes looks one by one, so that what happens between two of them is known.
func TestLooker(t *testing.T) {
	c := newChanging(t, "numeric")
	o := c.options()
	o.Refresh = 24 * time.Hour
	f := ready(t, o)
	c.serves(f, someRows(t, 16), "numeric")
	l := looker{slot: f.slot, known: f.slot.first.stamp}
	step := func(again bool, swaps, refused int64) {
		t.Helper()
		if got := l.look(context.Background()); got != again {
			t.Errorf("again: %t", got)
		}
		if s := c.state(); s.Swaps != swaps || s.Refused != refused {
			t.Errorf("%+v, want %d swaps, %d refused", s, swaps, refused)
		}
	}
	step(false, 0, 0)
	data := c.bytes("lightgbm")
	c.write(c.ref, data[:len(data)/3])
	step(true, 0, 0)
	c.write(c.ref, data[:2*len(data)/3])
	step(true, 0, 0)
	c.write(c.ref, data)
	step(true, 0, 0)
	step(false, 1, 0)
	step(false, 1, 0)
	c.write(c.ref, data[:len(data)/2]) // whoever wrote this died
	step(true, 1, 0)
	step(false, 1, 1)
	step(false, 1, 1)
	c.write(c.ref, data)
	step(true, 1, 1)
	step(false, 1, 1)
	if s := c.state(); s.LastError != "" {
		t.Errorf("%+v", s)
	}
	if err := os.Remove(c.ref); err != nil {
		t.Fatal(err)
	}
	step(true, 1, 1)
	c.write(c.ref, data) // it was away for a moment
	step(true, 1, 1)
	step(false, 1, 1)
}

// TestSwapAlias: aliases, links and bundles.
func TestSwapAlias(t *testing.T) {
	c := newChanging(t, "numeric")
	rec := someRows(t, 16)
	alias, link, champion := filepath.Join(c.dir, "alias"), filepath.Join(c.dir, "link"), filepath.Join(c.dir, "champion")
	c.write(filepath.Join(c.dir, "v1.txt"), c.bytes("numeric"))
	c.write(filepath.Join(c.dir, "v2.txt"), c.bytes("lightgbm"))
	flip := func(to string) { // a link, to be renamed onto another
		t.Helper()
		if err := os.Symlink(to, link+".new"); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(link+".new", link); err != nil {
			t.Fatal(err)
		}
	}
	flip("v1.txt")
	c.write(champion, []byte("alias\n"))
	c.write(alias, []byte("link\n"))
	c.ref = champion
	f := ready(t, c.options())
	c.serves(f, rec, "numeric")
	flip("v2.txt")
	c.until("the swap by a link", func(s Refreshing) bool { return s.Swaps == 1 })
	c.serves(f, rec, "lightgbm")
	c.write(alias, []byte("v1.txt\n"))
	if s := c.until("the swap by an alias", func(s Refreshing) bool { return s.Swaps == 2 }); s.Name != "v1" {
		t.Errorf("%+v", s)
	}
	c.serves(f, rec, "numeric")
	c.write(alias, []byte("champion\n"))
	s := c.until("the loop", func(s Refreshing) bool { return s.Refused == 1 })
	if !strings.Contains(s.LastError, "lead to each other") {
		t.Errorf("%+v", s)
	}
	c.write(alias, []byte("v3.txt\n"))
	if s = c.until("nowhere", func(s Refreshing) bool { return s.Refused == 2 }); !strings.Contains(s.LastError, "v3.txt: no such file") {
		t.Errorf("%+v", s)
	}
	c.write(alias, []byte("v2.txt\n"))
	c.until("the third swap", func(s Refreshing) bool { return s.Swaps == 3 })
	c.serves(f, rec, "lightgbm")
}

// TestSwapBundle: a bundle's golden rows are checked.
func TestSwapBundle(t *testing.T) {
	c := newChanging(t, "numeric")
	folder := func(name, from string) string {
		t.Helper()
		dir := filepath.Join(c.dir, name)
		if err := os.CopyFS(dir, os.DirFS("../../testdata/bundle/"+from)); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	one, two, bad := folder("one", "platt"), folder("two", "isotonic"), folder("bad", "isotonic")
	expected, err := os.ReadFile(filepath.Join(bad, "expected.csv"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(expected), "\n")
	lines[1] = strings.Replace(lines[1], "0.", "0.9", 1)
	c.write(filepath.Join(bad, "expected.csv"), []byte(strings.Join(lines, "\n")))
	alias := filepath.Join(c.dir, "alias")
	c.write(alias, []byte("one"))
	c.ref = alias
	o := c.options()
	o.Outputs = []string{"prediction"}
	f := ready(t, o)
	rec := someRows(t, 16)
	check := func(dir string) {
		t.Helper()
		out, _, err := f.one(block.Block{Record: rec})
		if err != nil {
			t.Fatal(err)
		}
		want := predict(t, dir, rec)
		got := out[0].Record.Column(int(out[0].Record.NumCols()) - 1).(*array.Float64).Float64Values()
		if fmt.Sprint(got) != fmt.Sprint(want) || out[0].Model != digest(t, dir) {
			t.Errorf("%v of %s, want %v", got, out[0].Model, want)
		}
	}
	check(one)
	c.write(alias, []byte("two"))
	c.until("the swap", func(s Refreshing) bool { return s.Swaps == 1 })
	check(two)
	c.write(alias, []byte("bad"))
	if s := c.until("the refusal", func(s Refreshing) bool { return s.Refused == 1 }); !strings.Contains(s.LastError, "golden rows do not come out as expected") {
		t.Errorf("%+v", s)
	}
	check(two)
	c.write(filepath.Join(bad, "expected.csv"), expected) // mended in place; it is two's content then
	c.until("peace", func(s Refreshing) bool { return s.LastError == "" })
	check(two)
}

// TestSwapMisfits: models that the running pipeline cannot score with are refused, before the first block and after it.
func TestSwapMisfits(t *testing.T) {
	m, err := model.Load(context.Background(), path("numeric"), model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	inputs, err := m.Inputs(nil)
	if err != nil {
		t.Fatal(err)
	}
	all := someRows(t, 16)
	var fields []arrow.Field
	var cols []arrow.Array
	for _, in := range inputs {
		i := all.Schema().FieldIndices(in.Column)[0]
		fields, cols = append(fields, all.Schema().Field(i)), append(cols, all.Column(i))
	}
	rec := array.NewRecordBatch(arrow.NewSchema(fields, nil), cols, all.NumRows())
	for _, early := range []bool{true, false} {
		t.Run(fmt.Sprint("before the first block: ", early), func(t *testing.T) {
			c := newChanging(t, "numeric")
			f := ready(t, c.options())
			if !early {
				c.serves(f, rec, "numeric")
			}
			for i, bad := range []struct{ model, why string }{
				{"lightgbm", "carrier"}, // wants text columns that are not read
				{"multiclass", "outputs are not those"},
				{"unnamed", "feature"},
			} {
				c.put(c.bytes(bad.model))
				s := c.until(bad.model, func(s Refreshing) bool { return s.Refused == int64(i+1) })
				if s.Swaps != 0 || !strings.Contains(s.LastError, bad.why) && !(bad.model == "unnamed") {
					t.Errorf("%s: %+v", bad.model, s)
				}
			}
			c.serves(f, rec, "numeric")
			c.put(c.bytes("one_tree"))
			c.until("the swap", func(s Refreshing) bool { return s.Swaps == 1 })
			c.serves(f, rec, "one_tree")
		})
	}
}

// TestSwapRules: rules are held against the new model, too.
func TestSwapRules(t *testing.T) {
	c := newChanging(t, "numeric")
	o := c.options()
	o.Derive, o.Decide = []string{"hour = hour + 1"}, []string{"class == 1 ? 'call' : 'wait'"}
	o.Keep = []string{"hour"}
	f := ready(t, o)
	rec := someRows(t, 16)
	if _, _, err := f.one(block.Block{Record: rec}); err != nil {
		t.Fatal(err)
	}
	c.put(c.bytes("regression")) // it has no classes
	s := c.until("the refusal", func(s Refreshing) bool { return s.Refused == 1 })
	if !strings.Contains(s.LastError, `no column or output is called "class"`) {
		t.Errorf("%+v", s)
	}
	c.put(c.bytes("lightgbm"))
	c.until("the swap", func(s Refreshing) bool { return s.Swaps == 1 })
	out, _, err := f.one(block.Block{Record: rec})
	if err != nil || fmt.Sprint(names(out[0].Record.Schema())) != "[hour prediction decision]" || out[0].Model != digest(t, path("lightgbm")) {
		t.Errorf("%v, %v", err, out[0].Record)
	}
}

// TestSwapSlow: a model of 5000 trees takes more than three times as long as one of a single tree, on any machine.
func TestSwapSlow(t *testing.T) {
	c := newChanging(t, "one_tree")
	o := c.options()
	o.MaxSlowdown = 3
	f := ready(t, o)
	rec := someRows(t, 300)
	c.serves(f, rec, "one_tree")
	c.put(c.bytes("many_trees"))
	s := c.until("the refusal", func(s Refreshing) bool { return s.Refused == 1 })
	if !strings.Contains(s.LastError, "times as long for a row as the model that serves") {
		t.Errorf("%+v", s)
	}
	c.serves(f, rec, "one_tree")
	if r := f.slot.rows.Load(); r == nil || (*r).NumRows() != sampleRows {
		t.Error("no sample")
	}

	slow := newChanging(t, "one_tree")
	slow.run += "/load"
	t.Cleanup(func() { StopRefresh(slow.run) })
	o = slow.options()
	o.MaxLoad = 1
	ready(t, o)
	slow.put(slow.bytes("numeric"))
	if s := slow.until("the refusal", func(s Refreshing) bool { return s.Refused == 1 }); !strings.Contains(s.LastError, "more than 1ns") {
		t.Errorf("%+v", s)
	}
}

// TestSwapConcurrent: DoFn instances score while the model changes again and again; the bits of every block are those of the
// model that its digest names, and it is one model's.
func TestSwapConcurrent(t *testing.T) {
	all := []string{"numeric", "lightgbm", "many_thresholds", "goss"}
	rec := someRows(t, 40)
	want := map[string][]float64{}
	for _, name := range all {
		want[digest(t, path(name))] = predict(t, path(name), rec)
	}
	c := newChanging(t, all[0])
	o := c.options()
	o.Outputs = []string{"prediction", "model"}
	var wg sync.WaitGroup
	done := make(chan struct{})
	var mu sync.Mutex
	served := map[string]int{}
	for range 4 {
		f := ready(t, o)
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				out, bad, err := f.one(block.Block{Record: rec})
				if err != nil || len(bad) > 0 || len(out) != 1 || out[0].Record.NumRows() != 40 {
					t.Error(err, len(bad), len(out))
					return
				}
				n := int(out[0].Record.NumCols())
				p, by := out[0].Record.Column(n-2).(*array.Float64), out[0].Record.Column(n-1).(*array.String)
				expected, ok := want[out[0].Model]
				for i := range p.Len() {
					if !ok || math.Float64bits(p.Value(i)) != math.Float64bits(expected[i]) || by.Value(i) != out[0].Model {
						t.Errorf("row %d: %v of %s, the block says %s", i, p.Value(i), by.Value(i), out[0].Model)
						return
					}
				}
				mu.Lock()
				served[out[0].Model]++
				mu.Unlock()
			}
		})
	}
	for i := 1; i <= 8; i++ {
		next := all[i%len(all)]
		c.put(c.bytes(next))
		c.until("swap "+fmt.Sprint(i), func(s Refreshing) bool { return s.Swaps == int64(i) })
		d := digest(t, path(next))
		mu.Lock()
		before := served[d]
		mu.Unlock()
		for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) { // somebody scores with it
			mu.Lock()
			now := served[d]
			mu.Unlock()
			if now > before {
				break
			}
			if t.Failed() || time.Now().After(end) {
				t.Fatalf("nobody scores with %s", next)
			}
		}
	}
	close(done)
	wg.Wait()
}

// TestStopRefresh: the goroutine ends, models serve on, and others' runs are left alone.
func TestStopRefresh(t *testing.T) {
	before := runtime.NumGoroutine()
	c, other := newChanging(t, "numeric"), newChanging(t, "numeric")
	other.run += "/other"
	f := ready(t, c.options())
	ready(t, other.options())
	ready(t, c.options())
	rec := someRows(t, 16)
	c.serves(f, rec, "numeric")
	StopRefresh(c.run)
	StopRefresh(c.run)
	if RefreshOf(c.run) != nil || len(RefreshOf(other.run)) != 1 {
		t.Error("the wrong one was stopped")
	}
	if _, _, err := f.one(block.Block{Record: rec}); err != nil {
		t.Error(err)
	}
	c.put(c.bytes("lightgbm"))
	StopRefresh(other.run)
	for end := time.Now().Add(time.Minute); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, %d at first", runtime.NumGoroutine(), before)
		}
	}
	if out, _, err := f.one(block.Block{Record: rec}); err != nil || out[0].Model != digest(t, path("numeric")) {
		t.Error("the model changed after the end")
	}
}

// TestRefreshDigest: the digest is the one at the start; a worker that comes later takes what it finds, and gives it to nobody
// who does not refresh.
func TestRefreshDigest(t *testing.T) {
	c := newChanging(t, "numeric")
	o := c.options()
	o.Digest = digest(t, c.ref)
	c.put(c.bytes("lightgbm"))
	f := ready(t, o)
	c.serves(f, someRows(t, 16), "lightgbm")
	o.Refresh = 0
	if err := (&scoreFn{Options: o}).Setup(context.Background()); err == nil || !strings.Contains(err.Error(), "the run was started with") {
		t.Error(err)
	}
}

// TestOptionsTravel: options go to workers as JSON.
func TestOptionsTravel(t *testing.T) {
	o := Options{Model: "m", Derive: []string{"a = b"}, Decide: []string{"c"}, Refresh: time.Second, MaxLoad: time.Minute, MaxSlowdown: 1.5, Run: "r"}
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var back Options
	if err := json.Unmarshal(text, &back); err != nil || fmt.Sprint(back) != fmt.Sprint(o) {
		t.Errorf("%v, %v", back, err)
	}
}
