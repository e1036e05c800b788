package parquetdir

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/glulam/glulam/transforms/stream"
)

// world is a run of some readers over a log of partitions, whose processes are killed at any moment.
type world struct {
	t       *testing.T
	rng     *rand.Rand
	to      target
	logs    [][]row // by partition
	next    []int   // committed
	readers []*reader
	clock   time.Time
	marks   map[string]bool
	// sure are the rows of windows that were acknowledged before the reader's watermark passed their end.
	sure  map[int64][]int64
	kills int
}

// reader has the partitions whose number is its own, modulo how many there are.
type reader struct {
	*sink
	index   int
	at      []int   // next to be read, by partition
	largest []int64 // event time, by partition
	mark    int64
	dead    bool
	ended   bool
}

func (w *world) open(i, of int) *reader {
	r := &reader{index: i, at: slices.Clone(w.next), largest: slices.Repeat([]int64{math.MinInt64}, len(w.logs)), mark: math.MinInt64}
	step := 1 + w.rng.IntN(16)
	s, err := newSinkWith(context.Background(), w.to, stream.ReaderID{Run: "run", Index: i, Of: of}, func() time.Time { return w.clock }, func(at int) error {
		if at == step {
			return errKilled
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	r.sink = s
	return r
}

// alive gives back err, or notes that the reader's process is dead.
func (w *world) alive(r *reader, err error) bool {
	switch {
	case errors.Is(err, errKilled):
		r.dead = true
	case err != nil:
		w.t.Fatal(err)
	}
	return !r.dead
}

// turn is one turn of a reader: it polls, writes, flushes, commits, and says its watermark. It may be killed in between.
func (w *world) turn(r *reader) {
	die := w.rng.IntN(60)
	of := len(w.readers)
	var batch []row
	at := slices.Clone(r.at)
	left := false
	for p := r.index; p < len(w.logs); p += of {
		n := min(w.rng.IntN(30), len(w.logs[p])-at[p])
		for _, m := range w.logs[p][at[p] : at[p]+n] {
			batch = append(batch, m)
			r.largest[p] = max(r.largest[p], m.time)
		}
		at[p] += n
		left = left || at[p] < len(w.logs[p])
	}
	for len(batch) > 0 {
		n := slices.IndexFunc(batch, func(m row) bool { return m.source != batch[0].source })
		if n < 0 {
			n = len(batch)
		}
		if !w.alive(r, r.WriteBlock(context.Background(), blockOf(testSchema, batch[:n]...))) {
			return
		}
		batch = batch[n:]
	}
	if r.dead = die == 0; r.dead {
		return
	}
	if !w.alive(r, r.Flush(context.Background())) {
		return
	}
	for p := range at {
		for _, m := range w.logs[p][r.at[p]:at[p]] {
			if start := w.to.windowOf(m.time); start+hour > r.sink.mark {
				w.sure[start] = append(w.sure[start], m.id)
			}
		}
	}
	if r.dead = die == 1; r.dead { // flushed, not committed
		return
	}
	r.at = at
	for p := r.index; p < len(w.logs); p += of {
		w.next[p] = at[p]
	}
	if r.dead = die == 2; r.dead {
		return
	}
	least := int64(math.MaxInt64)
	for p := r.index; p < len(w.logs); p += of {
		least = min(least, r.largest[p])
	}
	if r.mark = max(r.mark, least); !w.alive(r, r.Watermark(context.Background(), r.mark)) {
		return
	}
	if die > 30 {
		w.alive(r, r.worker.wait())
	}
	if !left && !r.dead {
		r.ended = w.alive(r, r.End(context.Background(), false))
	}
}

// truthful looks at the windows that have become complete: all that was sure is in them.
func (w *world) truthful() {
	g := read(w.t, w.to.dir)
	for _, name := range g.done {
		if w.marks[name] {
			continue
		}
		w.marks[name] = true
		start, err := time.Parse(time.RFC3339, name)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, id := range w.sure[start.UnixMilli()] {
			if g.rows[name][id] == 0 {
				w.t.Fatalf("%s is complete without row %d", name, id)
			}
		}
	}
}

// TestRandomKills: whenever processes die, each row is in its window once at the end, and no window was complete before.
func TestRandomKills(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	for seed := range uint64(rounds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 5))
			w := &world{t: t, rng: rng, to: targetOf(t, t.TempDir(), map[string]string{"sync": "false", "late-every": "3s"}), clock: time.UnixMilli(day), marks: map[string]bool{}, sure: map[int64][]int64{}}
			var all []row
			for p := range 1 + rng.IntN(4) {
				at := day
				var log []row
				for i := range 200 + rng.IntN(400) {
					at += rng.Int64N(hour / 30)
					log = append(log, row{fmt.Sprint("t/", p), int64(i), at - rng.Int64N(hour/2), at, int64(p*1000 + i)})
				}
				w.logs, all = append(w.logs, log), append(all, log...)
			}
			w.next = make([]int, len(w.logs))
			w.readers = make([]*reader, 1+rng.IntN(3))
			for i := range w.readers {
				w.readers[i] = w.open(i, len(w.readers))
			}
			for running := true; running; {
				w.clock = w.clock.Add(time.Second)
				running = false
				for i, r := range w.readers {
					if !r.ended {
						w.turn(r)
						running = true
					}
					if r.dead {
						w.kills++
						kill(r.sink)
						w.readers[i] = w.open(i, len(w.readers))
					}
				}
				if w.rng.IntN(10) == 0 {
					w.truthful()
				}
			}
			w.truthful()
			g := read(t, w.to.dir)
			g.check(t, all...)
			if len(g.done) != len(g.rows) {
				t.Errorf("%d windows, %d are complete", len(g.rows), len(g.done))
			}
			t.Logf("%d rows, %d partitions, %d readers, %d windows, %d parts, %d kills", len(all), len(w.logs), len(w.readers), len(g.rows), len(g.file), w.kills)
			for _, r := range w.readers {
				if err := r.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
