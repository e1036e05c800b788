package block

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// head is what stands before the Arrow stream of an encoded block, but for the numbers that each row has.
type head struct {
	Origin    Origin     `json:"o"`
	Envelopes []Envelope `json:"e,omitempty"`
	Model     string     `json:"m,omitempty"`
	Missing   Missing    `json:"x,omitzero"`
}

// encode has to be fast even where no block leaves its process: Beam encodes some of them to learn how large they are.
func encode(b Block) ([]byte, error) {
	if b.Record == nil {
		return nil, errors.New("block: no record")
	}
	h := head{Origin: b.Origin, Envelopes: b.Envelopes, Model: b.Model, Missing: b.Missing}
	h.Origin.Row, h.Origin.Offset = nil, nil
	text, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	size := sizeOf(b.Record) + len(text)
	lists := [][]int64{b.Origin.Row, b.Origin.Offset, b.Times}
	for _, list := range lists {
		size += 4 * len(list)
	}
	out := binary.AppendUvarint(make([]byte, 0, size), uint64(len(text)))
	out = append(out, text...)
	for _, list := range lists {
		out = appendList(out, list)
	}
	buf := bytes.NewBuffer(out)
	w := ipc.NewWriter(buf, ipc.WithSchema(b.Record.Schema()))
	if err := w.Write(b.Record); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// sizeOf is about how many bytes a record takes as an Arrow stream: the room to make for it.
func sizeOf(rec arrow.RecordBatch) int {
	const message, column = 1 << 10, 256
	n := int(rec.NumRows())
	size := message + n/8
	for _, c := range rec.Columns() {
		size += column + n/8
		switch a := c.(type) {
		case array.BinaryLike:
			size += 4 * (n + 1)
			if n > 0 {
				size += int(a.ValueOffset64(n-1)-a.ValueOffset64(0)) * n / max(1, n-1)
			}
		default:
			if t, ok := a.DataType().(arrow.FixedWidthDataType); ok {
				size += t.BitWidth() * n / 8
			}
		}
	}
	return size
}

// appendList appends how many elements a list has, and one, or 0 for nil; then each less the one before it.
func appendList(out []byte, list []int64) []byte {
	if list == nil {
		return append(out, 0)
	}
	out = binary.AppendUvarint(out, uint64(len(list))+1)
	last := int64(0)
	for _, v := range list {
		out = binary.AppendVarint(out, v-last)
		last = v
	}
	return out
}

// readList reads what appendList appended, and gives what follows.
func readList(data []byte) (list []int64, rest []byte, err error) {
	n, size := binary.Uvarint(data)
	if size <= 0 || n > uint64(len(data)) { // an element takes a byte at least
		return nil, nil, errors.New("block: bad positions")
	}
	data = data[size:]
	if n == 0 {
		return nil, data, nil
	}
	list = make([]int64, n-1)
	last := int64(0)
	for i := range list {
		d, size := binary.Varint(data)
		if size <= 0 {
			return nil, nil, errors.New("block: bad positions")
		}
		last += d
		list[i], data = last, data[size:]
	}
	return list, data, nil
}

func decode(data []byte) (Block, error) {
	n, size := binary.Uvarint(data)
	if size <= 0 || n > uint64(len(data)-size) {
		return Block{}, errors.New("block: bad head")
	}
	var h head
	if err := json.Unmarshal(data[size:size+int(n)], &h); err != nil {
		return Block{}, fmt.Errorf("block: bad head: %w", err)
	}
	b := Block{Origin: h.Origin, Envelopes: h.Envelopes, Model: h.Model, Missing: h.Missing}
	data = data[size+int(n):]
	var err error
	for _, list := range []*[]int64{&b.Origin.Row, &b.Origin.Offset, &b.Times} {
		if *list, data, err = readList(data); err != nil {
			return Block{}, err
		}
	}
	r, err := ipc.NewReader(bytes.NewReader(data))
	if err != nil {
		return Block{}, fmt.Errorf("block: %w", err)
	}
	defer r.Release()
	if !r.Next() {
		if r.Err() != nil {
			return Block{}, fmt.Errorf("block: %w", r.Err())
		}
		// The IPC writer leaves out a batch without rows.
		b.Record = empty(r.Schema())
		return b, nil
	}
	b.Record = r.RecordBatch()
	b.Record.Retain()
	return b, nil
}

func empty(s *arrow.Schema) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, s)
	defer b.Release()
	return b.NewRecordBatch()
}
