package engine

import "unsafe"

// A kernel is the innermost loops of an engine, over planes of wideWords words. All of them must give the bits of the
// portable one's.
type kernel struct {
	name string
	runs bool // here
	// multiplex runs multiplexers, one after another.
	multiplex func(planes []uint64, muxes []multiplexer)
	// order makes all planes of a column but the copies: by scatter and sweep of k, or in one go.
	order func(k *kernel, planes []uint64, words int, c *ordered, x []float64, rows int)
	// scatter sets, for each row, the row's bit in the plane of its class: see search. Planes have words words, all zeros.
	scatter func(planes []uint64, words int, s *search, x []float64, rows int)
	// sweep makes the planes of cuts of those of classes, from the last one down: each takes over the bits of the one above
	// it, the last one those of missing if right. Planes have words words.
	sweep func(planes, missing []uint64, words int, right bool)
	// turn turns eight features of rows rows, a multiple of eight, into columns: the value of feature i of the row at x begins the column
	// to[i] bytes from columns on, and the next row is stride values on. nil: no faster than value by value.
	turn func(columns []float64, to *[8]int32, x []float64, stride, rows int)
	// spread writes a code for each row: bit i is that of the plane at of[i].
	spread func(codes *[blockRows]byte, planes []uint64, of *[8]uint32)
	// transpose transposes four matrices of 64 by 64 bits; m has their first rows, then their second ones, and so on.
	transpose func(m *[256]uint64)
	// lookUp writes a plane for each of the 0 < asked <= 64 lowest bits of the words that the rows' classes have: class n has its word at
	// answers[n*words]. nil: transpose does it, and putting planes of classes together may take less time.
	lookUp func(planes, answers []uint64, words int, class *[blockRows]uint32, asked int, buffer *[blockRows]uint64)
	// add64 and add32 add the values of eight trees' codes to the sums of rows rows, tree after tree; values has the first of
	// each tree's padded table. They may do the same to rows after these, up to a multiple of eight.
	add64 func(sums *[blockRows]float64, rows int, codes *[together][blockRows]byte, values *[together]*float64)
	add32 func(sums *[blockRows]float32, rows int, codes *[together][blockRows]byte, values *[together]*float32)
	// addFew64 is add64 for codes of up to fewBits bits.
	addFew64 func(sums *[blockRows]float64, rows int, codes *[together][blockRows]byte, values *[together]*float64)
	// widen puts codes of two bytes together.
	widen func(to *[blockRows]uint16, low, high *[blockRows]byte)
	// addWide64 and addWide32 are add64 and add32 for codes of two bytes.
	addWide64 func(sums *[blockRows]float64, rows int, codes *[together][blockRows]uint16, values *[together]*float64)
	addWide32 func(sums *[blockRows]float32, rows int, codes *[together][blockRows]uint16, values *[together]*float32)
	// answer answers the ordered questions about a row of t, of a plain program: see walker.
	answer func(answers []byte, columns []ordered, t table, row int)
	// places and and are what mask is made of. places is for plain programs; and has at least one vector, and words of to in
	// multiples of 32.
	places func(to []uint32, columns []ordered, t table, row int)
	and    func(to, words []uint32, vectors []int32)
	// walk walks through all trees by the answers; last gets, by slot, the question that was met last.
	walk func(last []uint32, w *walk, answers []byte)
	// bin finds the bins of a row of t; or goes through the words of vectors as and does with its own, for at least one vector and
	// words of to in multiples of 8; lanes goes through all lanes, of at least one group: see lanes.go.
	bin   func(bins *[maxLaneBins]byte, l *lanes, t table, row int)
	or    func(to, words []uint64, vectors []int32)
	lanes func(r *laner)
	// masks says that they are faster than walks.
	masks bool
	// laned is up to how many rows lanes are faster than all other ways; 0: they never are.
	laned int
	// walked is up to how many rows walking them is faster.
	walked int
	// fewer is up to how many rows blocks of 64 rows are faster.
	fewer int
}

var portable = kernel{name: "portable", runs: true, multiplex: multiplexWide, order: orderPlanes, scatter: scatter, sweep: sweep, spread: spreadWide, transpose: transpose, add64: addEight[float64], addFew64: addEight[float64], add32: addEight[float32],
	widen: widen, addWide64: addEightWide[float64], addWide32: addEightWide[float32],
	answer: answerOrdered, places: places, and: and, walk: walkTrees, walked: 12, fewer: 256,
	bin: binLanes, or: orWords, lanes: walkLanes}

// fewBits are those of codes for addFew64.
const fewBits = 5

// addEight adds the values of four trees at a time: there are not enough registers for more.
func addEight[T float32 | float64](sums *[blockRows]T, rows int, codes *[together][blockRows]byte, values *[together]*T) {
	for t := 0; t < together; t += 4 {
		v0, v1, v2, v3 := table256(values[t]), table256(values[t+1]), table256(values[t+2]), table256(values[t+3])
		c0, c1, c2, c3 := &codes[t], &codes[t+1], &codes[t+2], &codes[t+3]
		for i := range rows {
			i &= blockRows - 1
			s := sums[i]
			s += v0[c0[i]]
			s += v1[c1[i]]
			s += v2[c2[i]]
			s += v3[c3[i]]
			sums[i] = s
		}
	}
}

// addEightWide is addEight for codes of two bytes.
func addEightWide[T float32 | float64](sums *[blockRows]T, rows int, codes *[together][blockRows]uint16, values *[together]*T) {
	for t := 0; t < together; t += 4 {
		v0, v1, v2, v3 := values[t], values[t+1], values[t+2], values[t+3]
		c0, c1, c2, c3 := &codes[t], &codes[t+1], &codes[t+2], &codes[t+3]
		for i := range rows {
			i &= blockRows - 1
			s := sums[i]
			s += valueAt(v0, c0[i])
			s += valueAt(v1, c1[i])
			s += valueAt(v2, c2[i])
			s += valueAt(v3, c3[i])
			sums[i] = s
		}
	}
}

func widen(to *[blockRows]uint16, low, high *[blockRows]byte) {
	for i := range to {
		to[i] = uint16(low[i]) | uint16(high[i])<<8
	}
}

// valueAt is a tree's value by its code, which does not go beyond the table that begins at v.
func valueAt[T float32 | float64](v *T, code uint16) T {
	return *(*T)(unsafe.Add(unsafe.Pointer(v), uintptr(code)*unsafe.Sizeof(*v)))
}

// table256 is what begins at v, which is followed by padding.
func table256[T float32 | float64](v *T) *[padding]T { return (*[padding]T)(unsafe.Pointer(v)) }

func multiplexWide(planes []uint64, muxes []multiplexer) {
	for i := range muxes {
		m := &muxes[i]
		on, zero, one := (*[8]uint64)(planes[m.on:]), (*[8]uint64)(planes[m.zero:]), (*[8]uint64)(planes[m.one:])
		to := (*[8]uint64)(planes[m.to:])
		to[0] = zero[0] ^ (zero[0]^one[0])&on[0]
		to[1] = zero[1] ^ (zero[1]^one[1])&on[1]
		to[2] = zero[2] ^ (zero[2]^one[2])&on[2]
		to[3] = zero[3] ^ (zero[3]^one[3])&on[3]
		to[4] = zero[4] ^ (zero[4]^one[4])&on[4]
		to[5] = zero[5] ^ (zero[5]^one[5])&on[5]
		to[6] = zero[6] ^ (zero[6]^one[6])&on[6]
		to[7] = zero[7] ^ (zero[7]^one[7])&on[7]
	}
}

// multiplexWord is multiplexWide for planes of one word.
func multiplexWord(planes []uint64, muxes []multiplexer) {
	for i := range muxes {
		m := &muxes[i]
		zero := planes[m.zero/wideWords]
		planes[m.to/wideWords] = zero ^ (zero^planes[m.one/wideWords])&planes[m.on/wideWords]
	}
}

func sweep(planes, missing []uint64, words int, right bool) {
	if words == 1 {
		bits := uint64(0)
		if right {
			bits = missing[0]
		}
		for i := len(planes) - 1; i >= 0; i-- {
			bits |= planes[i]
			planes[i] = bits
		}
		return
	}
	var bits [wideWords]uint64
	if right {
		bits = [wideWords]uint64(missing)
	}
	for i := len(planes) - wideWords; i >= 0; i -= wideWords {
		p := (*[wideWords]uint64)(planes[i:])
		for w := range p {
			bits[w] |= p[w]
			p[w] = bits[w]
		}
	}
}

func spreadWide(codes *[blockRows]byte, planes []uint64, of *[8]uint32) {
	for w := range uint32(wideWords) {
		spread64((*[64]byte)(codes[64*w:]), [8]uint64{
			planes[of[0]+w], planes[of[1]+w], planes[of[2]+w], planes[of[3]+w],
			planes[of[4]+w], planes[of[5]+w], planes[of[6]+w], planes[of[7]+w],
		})
	}
}

// spreadWord is spreadWide for planes of one word.
func spreadWord(codes []byte, planes []uint64, of *[8]uint32) {
	var p [8]uint64
	for i, n := range of {
		p[i] = planes[n/wideWords]
	}
	spread64((*[64]byte)(codes), p)
}
