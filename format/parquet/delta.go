package parquet

import (
	"encoding/binary"
	"errors"

	pq "github.com/apache/arrow-go/v18/parquet"
)

var errDelta = errors.New("its delta encoding is broken")

// checkDelta looks at the values of a delta-encoded page before arrow-go does, which makes room for as many values as
// the first bytes of the encoding ask for.
func checkDelta(enc pq.Encoding, values []byte, n int) error {
	switch enc {
	case pq.Encodings.DeltaBinaryPacked, pq.Encodings.DeltaLengthByteArray:
		_, err := deltaHeader(values, n)
		return err
	case pq.Encodings.DeltaByteArray: // the lengths of prefixes, then DeltaLengthByteArray
		size, err := deltaSize(values, n)
		if err != nil {
			return err
		}
		_, err = deltaHeader(values[size:], n)
		return err
	}
	return nil
}

// delta is the header of DELTA_BINARY_PACKED.
type delta struct {
	perBlock, minis, total uint64
	size                   int // of the header
}

// maxDeltaBlock is how many values a block may have. Writers use 128 to 4096.
const maxDeltaBlock = 1 << 16

func deltaHeader(b []byte, n int) (delta, error) {
	var h delta
	var first uint64
	for _, v := range []*uint64{&h.perBlock, &h.minis, &h.total, &first} {
		x, k := binary.Uvarint(b[h.size:])
		if k <= 0 {
			return h, errDelta
		}
		*v = x
		h.size += k
	}
	if h.perBlock == 0 || h.perBlock > maxDeltaBlock || h.minis == 0 || h.perBlock%h.minis != 0 || h.total > uint64(n) {
		return h, errDelta
	}
	return h, nil
}

// deltaSize is how many bytes DELTA_BINARY_PACKED takes at the beginning of b.
func deltaSize(b []byte, n int) (int, error) {
	h, err := deltaHeader(b, n)
	if err != nil {
		return 0, err
	}
	pos := h.size
	perMini := int(h.perBlock / h.minis)
	for left := int(h.total) - 1; left > 0; {
		_, k := binary.Varint(b[pos:])
		if k <= 0 || len(b)-pos-k < int(h.minis) {
			return 0, errDelta
		}
		pos += k
		widths := b[pos : pos+int(h.minis)]
		pos += int(h.minis)
		for _, w := range widths {
			if left <= 0 { // unneeded miniblocks have a width, but no content
				break
			}
			size := int(w) * perMini / 8
			if w > 64 || size > len(b)-pos {
				return 0, errDelta
			}
			pos += size
			left -= perMini
		}
	}
	return pos, nil
}
