package parquetdir

import "maps"

// recents are rows that an earlier sink of this reader wrote and that may not be committed: they may come again, and are then
// not written again.
type recents struct {
	byBatch map[int64][]rowID // until begin
	floor   int64             // batches before it are committed
	top     int64             // largest number of a batch, 0: none

	rows map[rowID]struct{}
	last map[string]int64 // the largest offset of each source among rows that is not committed
	left int              // micro-batches after which the rest is forgotten
}

// patience is how many micro-batches rows are waited for. Those that do not come were committed, or another reader has their
// partition.
const patience = 1000

// add takes what a frame says. Frames may come in any order.
func (r *recents) add(b *batch) {
	r.top = max(r.top, b.number)
	if b.floor > r.floor {
		r.floor = b.floor
		maps.DeleteFunc(r.byBatch, func(n int64, _ []rowID) bool { return n < r.floor })
	}
	if b.number < r.floor || len(b.ids) == 0 {
		return
	}
	if r.byBatch == nil {
		r.byBatch = map[int64][]rowID{}
	}
	r.byBatch[b.number] = append(r.byBatch[b.number], b.ids...)
}

// begin is called when all frames were added.
func (r *recents) begin() {
	r.rows, r.last, r.left = map[rowID]struct{}{}, map[string]int64{}, patience
	for _, ids := range r.byBatch {
		for _, id := range ids {
			r.rows[id] = struct{}{}
			if last, ok := r.last[id.source]; !ok || id.offset > last {
				r.last[id.source] = id.offset
			}
		}
	}
	r.byBatch = nil
}

// has says whether the row was written before.
func (r *recents) has(id rowID) bool {
	if len(r.rows) == 0 {
		return false
	}
	_, ok := r.rows[id]
	return ok
}

// committed notes that a micro-batch is committed, and the largest offset of each source in it. It says whether no row is
// waited for any more.
func (r *recents) committed(upTo map[string]int64) bool {
	for source, at := range upTo {
		if last, ok := r.last[source]; ok && at >= last {
			delete(r.last, source)
		}
	}
	if r.left--; len(r.last) > 0 && r.left > 0 {
		return false
	}
	r.rows, r.last = nil, nil
	return true
}
