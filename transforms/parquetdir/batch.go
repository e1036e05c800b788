package parquetdir

import (
	"encoding/binary"
	"errors"
)

// rowID tells a message from all others, also from one that stands at its offset after its topic was made anew.
type rowID struct {
	source string
	offset int64
	time   int64 // event time
	sent   int64 // the message's own timestamp
}

// batch is what a frame holds of a micro-batch.
type batch struct {
	// number counts the micro-batches of a reader. Those before floor are committed for good.
	number, floor int64
	ids           []rowID // of the rows, as far as their offsets are known
	rows          int64
	payload       []byte // messages of Arrow's IPC format, without the schema
}

// appendHead appends the batch without its payload.
func (b *batch) appendHead(dst []byte) []byte {
	dst = binary.AppendVarint(dst, b.number)
	dst = binary.AppendVarint(dst, b.floor)
	dst = binary.AppendVarint(dst, b.rows)
	dst = binary.AppendUvarint(dst, uint64(len(b.ids)))
	var last rowID
	for i, id := range b.ids {
		if i == 0 || id.source != last.source {
			dst = binary.AppendUvarint(dst, uint64(len(id.source))+1)
			dst = append(dst, id.source...)
		} else {
			dst = append(dst, 0) // the same
		}
		dst = binary.AppendVarint(dst, id.offset-last.offset)
		dst = binary.AppendVarint(dst, id.time-last.time)
		dst = binary.AppendVarint(dst, id.sent-last.sent)
		last = id
	}
	return dst
}

// parseBatch reads a batch. payload refers to data.
func parseBatch(data []byte) (b batch, err error) {
	r := varints{data: data}
	b.number, b.floor, b.rows = r.signed(), r.signed(), r.signed()
	n := r.unsigned()
	if n > uint64(len(r.data)) { // an id has more than a byte
		return b, errBatch
	}
	b.ids = make([]rowID, 0, n)
	var last rowID
	for range n {
		if k := r.unsigned(); k > 0 {
			last.source = string(r.take(k - 1))
		}
		last.offset += r.signed()
		last.time += r.signed()
		last.sent += r.signed()
		b.ids = append(b.ids, last)
	}
	if r.bad || b.rows < 0 {
		return b, errBatch
	}
	b.payload = r.data
	return b, nil
}

var errBatch = errors.New("a frame that holds no micro-batch")

// varints reads numbers from the beginning of data. After an error it gives zeros.
type varints struct {
	data []byte
	bad  bool
}

func (r *varints) signed() int64 {
	v, n := binary.Varint(r.data)
	return advance(r, v, n)
}

func (r *varints) unsigned() uint64 {
	v, n := binary.Uvarint(r.data)
	return advance(r, v, n)
}

func advance[T int64 | uint64](r *varints, v T, n int) T {
	if n <= 0 {
		r.bad, r.data = true, nil
		return 0
	}
	r.data = r.data[n:]
	return v
}

func (r *varints) take(n uint64) []byte {
	if n > uint64(len(r.data)) {
		r.bad, r.data = true, nil
		return nil
	}
	out := r.data[:n]
	r.data = r.data[n:]
	return out
}
