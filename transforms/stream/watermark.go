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
}

// partitionMark is what is known of a partition.
type partitionMark struct {
	largest int64 // event time
	seen    time.Time
	next    atomic.Int64 // to be read
	end     atomic.Int64 // of the partition, -1: not known
}

func newWatermark(s *Stats, l *Links, id ReaderID) *watermark {
	return &watermark{links: l, stats: s, id: id, parts: map[Partition]*partitionMark{}, at: noWatermark}
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

// advance gives the watermark in milliseconds, and whether it is further than before.
func (w *watermark) advance(now time.Time) (int64, bool) {
	least, any := int64(math.MaxInt64), false
	for _, p := range w.parts {
		if now.Sub(p.seen) < w.links.idle() { // one that brought nothing yet holds everything back that long
			least, any = min(least, p.largest), true
		}
	}
	if !any || least == math.MinInt64 {
		return w.at, false
	}
	least -= w.links.Disorder.Milliseconds()
	if least <= w.at {
		return w.at, false
	}
	w.at = least
	w.stats.Watermark.Store(least)
	return least, true
}
