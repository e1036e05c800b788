package parquet

import (
	"encoding/binary"
	"slices"
)

// presence says which rows have a value, as a source has it: by definition levels or by flags.
type presence struct {
	defs    *[]int16
	highest int16
	valid   *[]bool
}

func (p presence) at(i int) bool {
	if p.defs != nil {
		return (*p.defs)[i] == p.highest
	}
	return (*p.valid)[i]
}

// bitmap has a bit for each of n rows, 1 where there is a value, as Arrow has it. It uses buf if that is large enough.
func (p presence) bitmap(buf []byte, n int) []byte {
	buf = slices.Grow(buf[:0], (n+7)/8)[:(n+7)/8]
	if p.defs == nil {
		valid := (*p.valid)[:n]
		for i := range buf {
			buf[i] = 0
			for k, ok := range valid[8*i : min(8*i+8, n)] {
				buf[i] |= bit(ok) << k
			}
		}
		return buf
	}
	defs := (*p.defs)[:n]
	i := 0
	for ; 8*i+8 <= n; i++ {
		d := (*[8]int16)(defs[8*i:])
		buf[i] = bit(d[0] == p.highest) | bit(d[1] == p.highest)<<1 | bit(d[2] == p.highest)<<2 | bit(d[3] == p.highest)<<3 |
			bit(d[4] == p.highest)<<4 | bit(d[5] == p.highest)<<5 | bit(d[6] == p.highest)<<6 | bit(d[7] == p.highest)<<7
	}
	if i < len(buf) {
		buf[i] = 0
		for k, d := range defs[8*i:] {
			buf[i] |= bit(d == p.highest) << k
		}
	}
	return buf
}

// bit is 1 for true; the compiler makes no branch of it.
func bit(b bool) (v uint8) {
	if b {
		v = 1
	}
	return v
}

// spread puts the values in vals, one after another, where bits says that rows have one, and zeros elsewhere. Values are
// width bytes; dst has room for all rows, and bits for at least as many.
func spread(dst, vals []byte, width int, bits []byte) {
	switch width {
	case 8:
		at := 0
		for i := 0; 8*i < len(dst); i++ {
			row := dst[8*i : 8*i+8]
			keep := uint64(bits[i>>3] >> (i & 7) & 1)
			v := uint64(0)
			if at+8 <= len(vals) { // only the last rows may have none left
				v = binary.LittleEndian.Uint64(vals[at:])
			}
			binary.LittleEndian.PutUint64(row, v&-keep)
			at += int(keep << 3)
		}
	case 4:
		at := 0
		for i := 0; 4*i < len(dst); i++ {
			row := dst[4*i : 4*i+4]
			keep := uint32(bits[i>>3] >> (i & 7) & 1)
			v := uint32(0)
			if at+4 <= len(vals) {
				v = binary.LittleEndian.Uint32(vals[at:])
			}
			binary.LittleEndian.PutUint32(row, v&-keep)
			at += int(keep << 2)
		}
	default:
		clear(dst)
		at := 0
		for i := 0; width*i < len(dst); i++ {
			if bits[i>>3]>>(i&7)&1 != 0 {
				at += copy(dst[i*width:(i+1)*width], vals[at:])
			}
		}
	}
}

// validity has a bit for each of n rows, 1 where there is a value.
func validity(n int, present func(int) bool) []byte {
	bits := make([]byte, (n+7)/8)
	for i := range n {
		bits[i>>3] |= bit(present(i)) << (i & 7)
	}
	return bits
}
