package csv

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/glulam/glulam/format/number"
)

// blockBytes is how much text is indexed at once: little enough that it and its marks stay in the fastest cache while one
// column after the other is read from it.
const blockBytes = 16 << 10

// index is where the cells of a block of text without quotes end.
type index struct {
	marks number.Marks
	n     int      // marks that mean something
	ends  []uint16 // for each line end, how many cells end up to it

	portable bool // in tests: without vectors
}

func newIndex() *index {
	// A word of 64 bytes writes up to 15 marks more than it has.
	return &index{marks: make(number.Marks, blockBytes+64), ends: make([]uint16, 0, blockBytes)}
}

// scan indexes text, at most blockBytes of it.
func (x *index) scan(text []byte, delim byte) {
	text = text[:min(len(text), blockBytes)]
	x.marks[0] = math.MaxUint16
	x.n, x.ends = 1, x.ends[:0]
	commas := lowBits * uint64(delim)
	at := 0
	if words := len(text) / 64; vectors && !x.portable && words > 0 {
		var lines int
		x.n, lines = scanWords(&text[0], words, delim, &x.marks[0], &x.ends[:1][0])
		x.ends = x.ends[:lines]
		at = 64 * words
	}
	for ; at+64 <= len(text); at += 64 {
		word := (*[64]byte)(text[at:])
		a0, e0 := cellEnds(binary.LittleEndian.Uint64(word[0:]), commas)
		a1, e1 := cellEnds(binary.LittleEndian.Uint64(word[8:]), commas)
		a2, e2 := cellEnds(binary.LittleEndian.Uint64(word[16:]), commas)
		a3, e3 := cellEnds(binary.LittleEndian.Uint64(word[24:]), commas)
		a4, e4 := cellEnds(binary.LittleEndian.Uint64(word[32:]), commas)
		a5, e5 := cellEnds(binary.LittleEndian.Uint64(word[40:]), commas)
		a6, e6 := cellEnds(binary.LittleEndian.Uint64(word[48:]), commas)
		a7, e7 := cellEnds(binary.LittleEndian.Uint64(word[56:]), commas)
		// Bit 7 of each byte says it. Moved to another bit for each word, then the bytes of the words are bits of one byte:
		// a transposed matrix of bits.
		all := transposed(a0>>7 | a1>>6 | a2>>5 | a3>>4 | a4>>3 | a5>>2 | a6>>1 | a7)
		ends := e0 | e1 | e2 | e3 | e4 | e5 | e6 | e7
		if ends != 0 {
			ends = transposed(e0>>7 | e1>>6 | e2>>5 | e3>>4 | e4>>3 | e5>>2 | e6>>1 | e7)
		}
		x.add(at, all, ends)
	}
	if at < len(text) {
		var ends, all uint64
		for i, c := range text[at:] {
			if c == '\n' {
				ends |= 1 << i
				all |= 1 << i
			} else if c == delim {
				all |= 1 << i
			}
		}
		x.add(at, all, ends)
	}
}

// cellEnds has the highest bit of each byte of w at which a cell ends (all) or a line does (ends), and no other.
func cellEnds(w, commas uint64) (all, ends uint64) {
	x, y := w^commas, w^lowBits*'\n'
	x = x&sevens + sevens | x
	y = y&sevens + sevens | y
	return ^(x & y) & (lowBits << 7), ^y & (lowBits << 7)
}

// transposed swaps the rows and columns of a matrix of 8 times 8 bits: bit i of byte k becomes bit k of byte i. (Warren,
// Hacker's Delight, 7-3.)
func transposed(x uint64) uint64 {
	t := (x ^ x>>7) & 0x00aa00aa00aa00aa
	x ^= t ^ t<<7
	t = (x ^ x>>14) & 0x0000cccc0000cccc
	x ^= t ^ t<<14
	t = (x ^ x>>28) & 0x00000000f0f0f0f0
	return x ^ t ^ t<<28
}

// add takes in 64 bytes: a bit is set in all where a cell ends, and in ends where a line does.
func (x *index) add(at int, all, ends uint64) {
	for e := ends; e != 0; e &= e - 1 {
		x.ends = append(x.ends, uint16(x.n+bits.OnesCount64(all&(e&-e-1))))
	}
	next := x.n + bits.OnesCount64(all)
	// Sixteen at once, whether there are as many or not: no branch that depends on the text.
	out := (*[16]uint16)(x.marks[x.n:])
	for i := range out {
		out[i] = uint16(at + bits.TrailingZeros64(all))
		all &= all - 1
	}
	for n := x.n + len(out); all != 0; n++ {
		x.marks[n] = uint16(at + bits.TrailingZeros64(all))
		all &= all - 1
	}
	x.n = next
}
