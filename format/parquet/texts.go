package parquet

import (
	"errors"
	"math"

	pq "github.com/apache/arrow-go/v18/parquet"

	"github.com/glulam/glulam/format"
)

// texts is a flat column of byte arrays, strings for the most part. Their lengths differ, so how many rows fit a batch
// shows only as they are read; rows that were read too far wait for the next batch.
type texts struct {
	leaf
	r batcher[pq.ByteArray]

	// Values that are decoded, but not copied yet: they point into the page, and stay good until the next step.
	slots   []pq.ByteArray
	slotDef []int16
	pending []pq.ByteArray
	pendDef []int16
	left    int // rows pending

	data    []byte  // the rows' bytes
	offsets []int32 // rows()+1 of them
	valid   []bool
	taken   int // rows at the front that the last batch had
}

var errTextTooLong = errors.New("texts of more than 2 GiB in one batch")

// textStep is how many values are decoded at a time.
const textStep = 256

func (t *texts) open(ft *footer, group int) (err error) {
	t.r, err = openColumn[pq.ByteArray](&t.pages, ft, group, t.column)
	t.data, t.valid, t.taken = t.data[:0], t.valid[:0], 0
	t.offsets = append(t.offsets[:0], 0)
	t.left = 0
	if t.slots == nil {
		t.slots = make([]pq.ByteArray, textStep)
		t.slotDef = make([]int16, textStep)
	}
	return err
}

// fill makes rows available beyond those of the last batch: want of them, or fewer if limit bytes are reached before, but
// at least one. It says how many.
func (t *texts) fill(want, limit int) (int, error) {
	t.drop()
	for len(t.valid) < want && (len(t.data) < limit || len(t.valid) == 0) {
		if t.left == 0 {
			if err := t.step(want - len(t.valid)); err != nil {
				return 0, err
			}
		}
		for t.left > 0 && len(t.valid) < want && (len(t.data) < limit || len(t.valid) == 0) {
			t.left--
			ok := t.maxDef == 0
			if !ok {
				ok = t.pendDef[0] == t.maxDef
				t.pendDef = t.pendDef[1:]
			}
			if ok {
				if len(t.pending[0]) > math.MaxInt32-len(t.data) {
					return 0, errTextTooLong
				}
				t.data = append(t.data, t.pending[0]...)
				t.pending = t.pending[1:]
			}
			t.valid = append(t.valid, ok)
			t.offsets = append(t.offsets, int32(len(t.data)))
		}
	}
	return min(want, len(t.valid)), nil
}

// step decodes some more values.
func (t *texts) step(want int) error {
	n := min(want, textStep)
	if t.page != nil {
		// A delta-encoded value can be as long as its page: keep all of a step together in bounds.
		n = max(1, min(n, 64<<20/max(1, len(t.page.Data()))))
	}
	var defs []int16
	if t.maxDef > 0 {
		defs = t.slotDef[:n]
	}
	levels, got, err := step(t.r, t.slots[:n], defs, nil, n, t.maxDef)
	if err != nil {
		return err
	}
	t.left, t.pending = levels, t.slots[:got]
	if t.maxDef > 0 {
		t.pendDef = defs[:levels]
	}
	return nil
}

// take says that the batch has n rows: those at the front.
func (t *texts) take(n int) { t.taken = n }

// drop forgets the rows of the last batch.
func (t *texts) drop() {
	if t.taken == 0 {
		return
	}
	from := t.offsets[t.taken]
	t.data = t.data[:copy(t.data, t.data[from:])]
	t.valid = t.valid[:copy(t.valid, t.valid[t.taken:])]
	t.offsets = t.offsets[:copy(t.offsets, t.offsets[t.taken:])]
	for i := range t.offsets {
		t.offsets[i] -= from
	}
	t.taken = 0
	if cap(t.data) > 16*format.BatchBytes && len(t.data) < format.BatchBytes { // one huge value is no reason to stay huge
		t.data = append(make([]byte, 0, format.BatchBytes), t.data...)
	}
}

// value is row i's bytes.
func (t *texts) value(i int) []byte { return t.data[t.offsets[i]:t.offsets[i+1]] }

// present says which of the rows have a value.
func (t *texts) present() presence { return presence{valid: &t.valid} }

// nulls counts the nulls of the first n rows.
func (t *texts) nulls(n int) int {
	if t.maxDef == 0 {
		return 0
	}
	count := 0
	for _, ok := range t.valid[:n] {
		if !ok {
			count++
		}
	}
	return count
}
