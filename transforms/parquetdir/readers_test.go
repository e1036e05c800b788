package parquetdir

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// TestReaders: a window is complete when all readers have passed it, and whoever comes last says so for all.
func TestReaders(t *testing.T) {
	dir := t.TempDir()
	to := targetOf(t, dir, nil)
	a, b := openSink(t, to, 0, 2), openSink(t, to, 1, 2)
	rows := append(rowsOf("a/0", 0, 60, day, hour/20), rowsOf("a/1", 100, 20, day+hour, hour/20)...)
	put(t, a, rows[:60]...)
	pass(t, a, day+hour)
	g := read(t, dir)
	g.complete(t) // the other has not said anything yet
	if g.all != 20 {
		t.Errorf("%d rows are parts", g.all)
	}
	pass(t, b, day+hour-1)
	read(t, dir).complete(t)
	pass(t, b, day+hour)
	read(t, dir).complete(t, "00")

	put(t, b, rows[60:]...)
	pass(t, b, day+2*hour)
	pass(t, a, day+2*hour-1)
	read(t, dir).complete(t, "00")
	end(t, b, false) // counts as passed whatever comes
	read(t, dir).complete(t, "00")
	pass(t, a, day+2*hour)
	read(t, dir).complete(t, "00", "01")
	end(t, a, false)
	g = read(t, dir)
	g.complete(t, "00", "01", "02")
	g.check(t, rows...)
}

// TestReaderThatWaits: a reader whose windows others hold up looks again, also when nothing comes any more.
func TestReaderThatWaits(t *testing.T) {
	dir := t.TempDir()
	to := targetOf(t, dir, nil)
	a, b := openSink(t, to, 0, 2), openSink(t, to, 1, 2)
	clock := time.UnixMilli(day)
	a.now = func() time.Time { return clock }
	put(t, a, rowsOf("a/0", 0, 20, day, hour/20)...)
	pass(t, a, day+hour)
	pass(t, a, day+hour)
	at := day + hour
	content, err := json.Marshal(state{Watermark: &at}) // written without a look at the other's
	if err == nil {
		err = os.WriteFile(filepath.Join(b.place.own, stateName), content, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
	pass(t, a, day+hour)
	read(t, dir).complete(t) // not every time
	clock = clock.Add(time.Second)
	pass(t, a, day+hour)
	read(t, dir).complete(t, "00")
}

// TestLaunches: that a reader has ended counts in the launch in which it did, a watermark always.
func TestLaunches(t *testing.T) {
	dir := t.TempDir()
	to := targetOf(t, dir, nil)
	a, b := openSink(t, to, 0, 2), openSink(t, to, 1, 2)
	put(t, a, rowsOf("a/0", 0, 20, day, hour/20)...)
	pass(t, b, day+2*hour)
	end(t, a, false)
	end(t, b, false)
	read(t, dir).complete(t, "00")
	a.Close()
	b.Close()

	to.launch = "two"
	a = openSink(t, to, 0, 2)
	put(t, a, rowsOf("a/0", 20, 40, day+hour, hour/20)...)
	pass(t, a, day+3*hour)
	read(t, dir).complete(t, "00", "01") // the other had passed 2 o'clock; more it will have to say again
	b = openSink(t, to, 1, 2)
	pass(t, b, day+2*hour+1)
	read(t, dir).complete(t, "00", "01")
	b.Close()
	b = openSink(t, to, 1, 2)
	end(t, b, false)
	read(t, dir).complete(t, "00", "01", "02")
}

// TestOtherNumberOfReaders: what readers left that are no more is neither lost nor waited for.
func TestOtherNumberOfReaders(t *testing.T) {
	dir := t.TempDir()
	to := targetOf(t, dir, nil)
	var all []row
	sinks := map[int]*sink{}
	open := func(of int) {
		for i := range of {
			sinks[i] = openSink(t, to, i, of)
		}
	}
	stop := func() {
		for i, s := range sinks {
			kill(s)
			delete(sinks, i)
		}
	}
	add := func(at int64) {
		for i, s := range sinks {
			n := int64(len(all))
			rows := rowsOf(fmt.Sprint("a/", i), n, 20, at, hour/20)
			put(t, s, rows...)
			all = append(all, rows...)
		}
	}
	open(5)
	add(day)
	pass(t, sinks[4], day+hour) // has parts already
	_, err := newSink(context.Background(), to, stream.ReaderID{Run: "run", Index: 0, Of: 2})
	if fault.CodeOf(err) != fault.Conflict {
		t.Errorf("the old readers still run: %v", err)
	}
	stop()
	open(2)
	g := read(t, dir)
	g.complete(t)
	g.check(t, all...)
	add(day + hour)
	pass(t, sinks[0], day+hour)
	read(t, dir).complete(t)
	pass(t, sinks[1], day+hour)
	read(t, dir).complete(t, "00")
	stop()
	open(3)
	add(day + hour/2)
	stop()
	open(1)
	end(t, sinks[0], false)
	g = read(t, dir)
	g.complete(t, "00", "01")
	g.check(t, all...)
	if found, _ := filepath.Glob(filepath.Join(dir, hidden+"run", "*-of-*")); len(found) != 1 {
		t.Errorf("left: %v", found)
	}
}
