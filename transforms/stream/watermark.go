package stream

import (
	"math"
	"sync/atomic"
	"time"
)

// watermark is that of one reader. Only its reader changes it; others may read the marks' atomics.
type watermark struct {
	links *Links
	stats *Stats
	id    ReaderID
	parts map[Partition]*partitionMark
	at    int64
	began time.Time
}

// partitionMark is what is known of a partition.
type partitionMark struct {
	largest int64 // event time
	seen    time.Time
	next    atomic.Int64 // to be read
	end     atomic.Int64 // of the partition, -1: not known
}

func newWatermark(s *Stats, l *Links, id ReaderID) *watermark {
	return &watermark{links: l, stats: s, id: id, parts: map[Partition]*partitionMark{}, at: noWatermark, began: time.Now()}
}

func (w *watermark) of(in *Fetch) *partitionMark {
	p := w.parts[in.Partition]
	if p == nil {
		p = &partitionMark{largest: math.MinInt64, seen: time.Now()}
		p.end.Store(-1)
		w.parts[in.Partition] = p
		w.stats.partition(in.Partition, p)
	}
	return p
}

// forget drops what was seen of partitions and may not have been written. The watermark stays where it is.
func (w *watermark) forget() { clear(w.parts) }

// drop forgets a partition that there is no more.
func (w *watermark) drop(p Partition) {
	delete(w.parts, p)
	w.stats.partition(p, nil)
}

func (p *partitionMark) saw(t int64) { p.largest = max(p.largest, t) }

// lag notes how far behind a partition's end we are; next 0 means that nothing came.
func (w *watermark) lag(in *Fetch, next int64) {
	p := w.of(in)
	if next > 0 {
		p.seen = time.Now()
	}
	if next = max(next, in.Next); next > 0 {
		p.next.Store(next)
	}
	p.end.Store(in.End)
}

// advance gives the watermark in milliseconds, and whether it is further than before. With nothing to go by, because its
// partitions are idle or it has none, a reader follows the others of its process, so that it holds no window back.
func (w *watermark) advance(now time.Time) (int64, bool) {
	least, any := int64(math.MaxInt64), false
	for _, p := range w.parts {
		// One that brought nothing yet holds everything back that long, and one that has messages until they are here.
		if now.Sub(p.seen) < w.links.idle() || p.end.Load() > p.next.Load() && p.next.Load() > 0 {
			least, any = min(least, p.largest), true
		}
	}
	me := w.stats.reader(w.id)
	if me.idle.Store(!any && now.Sub(w.began) >= w.links.idle()); me.idle.Load() {
		least, any = w.stats.least(true)
	} else if any = any && least != math.MinInt64; any {
		least -= w.links.Disorder.Milliseconds()
	}
	if !any || least <= w.at {
		return w.at, false
	}
	w.at = least
	me.watermark.Store(least)
	if all, ok := w.stats.least(false); ok {
		w.stats.Watermark.Store(all)
	}
	return least, true
}

// least is the least watermark of the readers in this process that have not ended; busy leaves out those that are idle. ok
// says that there is one, and that each of them has one.
func (s *Stats) least(busy bool) (at int64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at = math.MaxInt64
	for _, m := range s.readers {
		if m.done.Load() || busy && m.idle.Load() {
			continue
		}
		w := m.watermark.Load()
		if w == 0 {
			return 0, false
		}
		at, ok = min(at, w), true
	}
	return at, ok
}
