package parquetdir

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

var errKilled = errors.New("killed here")

// TestKilledInEveryStep: a process that dies between any two steps of making a part leaves no row out and gives none twice,
// with or without the part being taken away in between.
func TestKilledInEveryStep(t *testing.T) {
	for step := 1; step <= 4; step++ {
		for _, taken := range []bool{false, true} {
			t.Run(fmt.Sprintf("step %d taken %v", step, taken), func(t *testing.T) {
				dir := t.TempDir()
				to := targetOf(t, dir, nil)
				rows := rowsOf("a/0", 0, 60, day, hour/20)
				s := openSink(t, to, 0, 1)
				s.after = func(at int) error {
					if at == step {
						return errKilled
					}
					return nil
				}
				put(t, s, rows[:30]...)
				put(t, s, rows[30:50]...)
				if err := s.Watermark(context.Background(), day+2*hour); err != nil {
					t.Fatal(err)
				}
				if err := s.worker.wait(); !errors.Is(err, errKilled) {
					t.Fatal(err)
				}
				if err := s.Flush(context.Background()); !errors.Is(err, errKilled) {
					t.Errorf("Flush after the worker failed: %v", err)
				}
				kill(s)
				g := read(t, dir)
				g.complete(t)
				away := 0
				if taken { // by somebody who moves finished files on
					for path, n := range g.file {
						away += n
						os.Remove(path)
					}
				}
				s = openSink(t, to, 0, 1)
				put(t, s, rows[30:]...) // the last micro-batch was not committed
				pass(t, s, day+2*hour)
				end(t, s, false)
				g = read(t, dir)
				if g.all+away != len(rows) {
					t.Errorf("%d rows and %d taken away, want %d", g.all, away, len(rows))
				}
				if away == 0 {
					g.check(t, rows...)
				}
				g.complete(t, "00", "01", "02")
			})
		}
	}
}

// TestKilledBeforeMarks: a window whose rows are parts gets its mark from the next process.
func TestKilledBeforeMarks(t *testing.T) {
	dir := t.TempDir()
	to := targetOf(t, dir, nil)
	s := openSink(t, to, 0, 1)
	rows := rowsOf("a/0", 0, 25, day, hour/20)
	put(t, s, rows...)
	ready := s.take(func(sp *spool) bool { return sp.window.Start == day })
	if err := s.parts(ready); err != nil {
		t.Fatal(err)
	}
	settle(t, s)
	kill(s)
	g := read(t, dir)
	g.complete(t)
	if g.all != 20 {
		t.Errorf("%d rows", g.all)
	}
	s = openSink(t, to, 0, 1)
	pass(t, s, day+hour)
	read(t, dir).complete(t, "00")
}

// lastSpool gives the only spool in a folder.
func lastSpool(t *testing.T, dir string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, hidden+"run", "*", "*"+spoolExt))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	return found[0]
}

// TestTornTail: of a write that was cut off anywhere nothing is left, and everything before it is.
func TestTornTail(t *testing.T) {
	dir := t.TempDir()
	to := targetOf(t, dir, nil)
	rows := rowsOf("a/0", 0, 30, day, 1)
	s := openSink(t, to, 0, 1)
	put(t, s, rows[:10]...)
	path := lastSpool(t, dir)
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	whole := st.Size()
	put(t, s, rows[10:20]...)
	kill(s)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	try := func(content []byte, want int64) {
		t.Helper()
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		sp, err := recoverSpool(path, func(*batch) {})
		if want == 0 && sp == nil && err == nil {
			return
		}
		if err != nil || sp == nil || sp.rows != want {
			t.Fatalf("%d of %d bytes: %+v, %v", len(content), whole, sp, err)
		}
		if st, err := os.Stat(path); err != nil || st.Size() != sp.size {
			t.Fatalf("the file was not cut: %v, %v", st.Size(), err)
		}
	}
	for n := int64(0); n < int64(len(content)); n++ {
		if near := n > whole-5 && n < whole+40; !near && n%17 != 0 && n < int64(len(content))-5 {
			continue
		}
		want := int64(10)
		if n < whole {
			want = 0
		}
		try(content[:n], want)
		if n > whole { // the pages of a write reach the disk in any order
			holes := append([]byte(nil), content...)
			if clear(holes[n-1:]); !bytes.Equal(holes, content) {
				try(holes, 10)
			}
			holes = append([]byte(nil), content...)
			holes[n] ^= 1
			try(holes, 10)
		}
	}
	try(content[:len(content)-1], 10)
	s = openSink(t, to, 0, 1)
	put(t, s, rows[10:]...)
	end(t, s, false)
	read(t, dir).check(t, rows...)
}

// TestDamage: rows that were acknowledged are not left out in silence.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	to := targetOf(t, dir, nil)
	s := openSink(t, to, 0, 1)
	put(t, s, rowsOf("a/0", 0, 5, day, 1)...)
	put(t, s, rowsOf("a/0", 5, 5, day, 1)...)
	kill(s)
	path := lastSpool(t, dir)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f := frames{r: mustOpen(t, path), size: int64(len(content))}
	for range 2 { // head, first micro-batch
		if _, err := f.next(); err != nil {
			t.Fatal(err)
		}
	}
	for at := int64(0); at < f.at; at += 1 + at/40 {
		damaged := append([]byte(nil), content...)
		damaged[at] ^= 0x10
		if err := os.WriteFile(path, damaged, 0o666); err != nil {
			t.Fatal(err)
		}
		if sp, err := recoverSpool(path, func(*batch) {}); fault.CodeOf(err) != fault.Corrupt {
			t.Fatalf("byte %d is wrong: %+v, %v", at, sp, err)
		}
	}
	if _, err := newSink(t.Context(), to, stream.ReaderID{Run: "run", Of: 1}); fault.CodeOf(err) != fault.Corrupt {
		t.Errorf("%v", err)
	}
	// While it runs, a spool that loses rows is no part.
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
	s = openSink(t, to, 0, 1)
	if err := os.Truncate(path, f.at); err != nil {
		t.Fatal(err)
	}
	if err := s.End(context.Background(), true); fault.CodeOf(err) != fault.Mismatch {
		t.Errorf("%v", err)
	}
	if g := read(t, dir); g.all != 0 {
		t.Errorf("%d rows", g.all)
	}
}

func mustOpen(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// TestRepeats: what was written and not committed comes again in other portions, and is there once; another message at an
// offset that was seen, because its topic was made anew, is not taken for it.
func TestRepeats(t *testing.T) {
	dir := t.TempDir()
	to := targetOf(t, dir, nil)
	rows := rowsOf("a/0", 0, 100, day, hour/10)
	s := openSink(t, to, 0, 1)
	put(t, s, rows[:20]...)
	put(t, s, rows[20:60]...)
	pass(t, s, day+5*hour) // some windows become parts at once
	kill(s)

	s = openSink(t, to, 0, 1)
	put(t, s, rows[20:25]...)
	kill(s) // again, before the rest came; what came is committed
	s = openSink(t, to, 0, 1)
	put(t, s, rows[25:40]...)
	put(t, s, rows[40:70]...)
	kill(s)
	s = openSink(t, to, 0, 1)
	anew := rows[65]
	anew.id, anew.sent = 1000, anew.sent+1
	put(t, s, append(append([]row(nil), rows[40:]...), anew)...)
	end(t, s, false)
	read(t, dir).check(t, append(rows, anew)...)

	// Two micro-batches on, everything is committed, and nothing is held against old ones.
	put(t, s, row{"a/0", 200, day, 1, 1002})
	put(t, s, row{"b/0", 2, day, 1, 1003})
	if !s.resting || s.recent.rows != nil {
		t.Errorf("%d rows are still waited for", len(s.recent.rows))
	}
	end(t, s, false)
	if l := left(t, dir); l[spoolExt]+l[tempExt] > 0 || l[doneExt] > 2 {
		t.Errorf("%v are left", l)
	}
}

// TestGone: rows that never come again are forgotten.
func TestGone(t *testing.T) {
	dir := t.TempDir()
	to := targetOf(t, dir, map[string]string{"sync": "false"})
	s := openSink(t, to, 0, 1)
	put(t, s, rowsOf("a/0", 0, 10, day, 1)...)
	kill(s)
	s = openSink(t, to, 0, 1)
	for i := range int64(patience) {
		put(t, s, row{"b/0", i, day, 0, i})
	}
	if !s.resting {
		t.Error("they are waited for")
	}
}

// TestClosedInBetween: what was not flushed is not written, as a bundle that fails needs it.
func TestClosedInBetween(t *testing.T) {
	dir := t.TempDir()
	to := targetOf(t, dir, nil)
	rows := rowsOf("a/0", 0, 20, day, 1)
	s := openSink(t, to, 0, 1)
	put(t, s, rows[:10]...)
	write(t, s, rows[10:15]...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(context.Background()); err == nil {
		t.Error("flushed after Close")
	}
	s = openSink(t, to, 0, 1)
	put(t, s, rows[10:]...)
	end(t, s, false)
	read(t, dir).check(t, rows...)
}

// TestFailedWrite: a spool that cannot be written to fails the sink, and the next one goes on.
func TestFailedWrite(t *testing.T) {
	dir := t.TempDir()
	to := targetOf(t, dir, nil)
	rows := rowsOf("a/0", 0, 30, day, 1)
	s := openSink(t, to, 0, 1)
	put(t, s, rows[:10]...)
	own := s.place.own
	if err := os.Rename(own, own+"x"); err != nil {
		t.Fatal(err)
	}
	write(t, s, rows[10:20]...)
	err := s.Flush(context.Background())
	if fault.CodeOf(err) != fault.Unwritable {
		t.Error(err)
	}
	if err := s.WriteBlock(context.Background(), blockOf(testSchema, rows[20])); err == nil {
		t.Error("goes on after an error")
	}
	s.Close()
	if err := os.Rename(own+"x", own); err != nil {
		t.Fatal(err)
	}
	s = openSink(t, to, 0, 1)
	put(t, s, rows[10:]...)
	end(t, s, false)
	read(t, dir).check(t, rows...)
}

// FuzzSpool: whatever stands in a spool, reading it ends without a panic, and gives no more rows than were written.
func FuzzSpool(f *testing.F) {
	dir := f.TempDir()
	s := openSink(f, targetOf(f, dir, nil), 0, 1)
	put(f, s, rowsOf("a/0", 0, 3, day, 1)...)
	put(f, s, rowsOf("a/1", 3, 3, day, 1)...)
	kill(s)
	found, _ := filepath.Glob(filepath.Join(dir, hidden+"run", "*", "*"+spoolExt))
	content, err := os.ReadFile(found[0])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Add(content[:len(content)/2])
	f.Add([]byte(frameMagic))
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "part-x"+spoolExt)
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		seen := map[int64]int{}
		sp, err := recoverSpool(path, func(b *batch) { seen[b.number] += len(b.ids) })
		if err == nil && sp != nil && sp.size > int64(len(content)) {
			t.Errorf("%d bytes became %d", len(content), sp.size)
		}
		parseBatch(content)
	})
}
