package engine

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/glulam/glulam/model/internal/forestgen"
)

// eachKernel runs a test of every kernel that runs here, the portable one included: each is held to what its documentation
// says, bit by bit, and not to another kernel.
func eachKernel(t *testing.T, test func(t *testing.T, k *kernel, r *rand.Rand)) {
	for i, k := range allKernels() {
		if k.runs {
			t.Run(k.name, func(t *testing.T) { test(t, k, source(uint64(i))) })
		}
	}
}

// allKernels are kernels, and what older processors, and other makers', have of those that run here.
func allKernels() []*kernel { return slices.Concat(kernels, olderKernels) }

// rounds is how often a test tries what is random.
func rounds(n int) int {
	if testing.Short() {
		return n/10 + 1
	}
	return n
}

// memory is a buffer between canaries, as close to them as it can be.
type memory[T comparable] struct {
	all    []T
	canary T
}

const margin = 64 // elements on either side

func newMemory[T comparable](n int, canary T) (*memory[T], []T) {
	m := &memory[T]{slices.Repeat([]T{canary}, n+2*margin), canary}
	return m, m.all[margin : margin+n : margin+n]
}

// hold fails if something around the buffer was written.
func (m *memory[T]) hold(t *testing.T, what string) {
	t.Helper()
	n := len(m.all)
	for i, v := range m.all {
		if (i < margin || i >= n-margin) && v != m.canary {
			t.Fatalf("%s: something was written %d elements from the beginning of a buffer of %d", what, i-margin, n-2*margin)
		}
	}
}

// TestMultiplex: any planes, also those that are written at once or were just now.
func TestMultiplex(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernel, r *rand.Rand) {
		for round := range rounds(300) {
			n := 3 + r.IntN(30)
			around, muxes := newMemory(round%60, multiplexer{on: 1})
			at := func() uint32 { return uint32(r.IntN(n)) * wideWords }
			for i := range muxes {
				m := multiplexer{on: at(), zero: at(), one: at(), to: at()}
				switch r.IntN(8) { // as the compiler makes them: in place, over constants, after one another
				case 0:
					m.to = m.on
				case 1:
					m.to = m.zero
				case 2:
					m.to = m.one
				case 3:
					m.one = m.on
				case 4:
					if i > 0 {
						m.on = muxes[i-1].to
					}
				case 5:
					if i > 0 {
						m.zero, m.one = muxes[i-1].to, muxes[i-1].to
					}
				}
				muxes[i] = m
			}
			testMultiplex(t, k, r, n, muxes)
			around.hold(t, "multiplexers")
		}
	})
}

func testMultiplex(t *testing.T, k *kernel, r *rand.Rand, n int, muxes []multiplexer) {
	t.Helper()
	around, planes := newMemory[uint64](n*wideWords, 0xdead)
	copy(planes, randomWords(r, len(planes)))
	words, first := newMemory[uint64](n, 0xdead)
	for i := range first {
		first[i] = planes[i*wideWords]
	}
	want := slices.Clone(planes)
	for _, m := range muxes {
		for w := range uint32(wideWords) {
			want[m.to+w] = want[m.on+w]&want[m.one+w] | want[m.zero+w]&^want[m.on+w]
		}
	}
	before := slices.Clone(muxes)
	k.multiplex(planes, muxes)
	multiplexWord(first, muxes)
	around.hold(t, "planes")
	words.hold(t, "planes of a word")
	if !slices.Equal(planes, want) || !slices.Equal(muxes, before) {
		t.Fatalf("%d multiplexers %v: got other planes", len(muxes), muxes)
	}
	for i, v := range first {
		if v != want[i*wideWords] {
			t.Fatalf("%d multiplexers %v: got another word for plane %d", len(muxes), muxes, i)
		}
	}
}

// TestScatter: every number of rows, rows side by side and apart, values at the cuts.
func TestScatter(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernel, r *rand.Rand) {
		for round := range rounds(1200) {
			words, rows := wideWords, 1+round%blockRows
			if round%3 == 0 {
				words, rows = 1, 1+round/3%64
			}
			cuts := sortedCuts(r, []int{1, 2, 7, 8, 9, 300, 1500}[r.IntN(7)])
			s := newSearch(cuts)
			s.none = uint32([]int{0, 1 + r.IntN(len(cuts)+1)}[r.IntN(2)])
			x := make([]float64, rows)
			for i := range x {
				x[i] = valueAbout(r, cuts)
			}
			want := make([]uint64, (2+len(cuts))*words)
			for i := range rows {
				want[int(classOf(cuts, s.none, x[i]))*words+i/64] |= 1 << (i % 64)
			}
			around, planes := newMemory(len(want), uint64(0xdead))
			clear(planes)
			k.scatter(planes, words, &s, x, rows)
			what := fmt.Sprintf("%d rows, %d cuts, %d words", rows, len(cuts), words)
			around.hold(t, what)
			if !slices.Equal(planes, want) {
				t.Fatalf("%s: got other planes", what)
			}
		}
	})
}

// TestSweep: any number of planes, of one word and of eight.
func TestSweep(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernel, r *rand.Rand) {
		for round := range rounds(400) {
			words, n, right := []int{1, wideWords}[round%2], round/4, round&2 == 0
			if n > 70 {
				n = r.IntN(2000)
			}
			around, planes := newMemory(n*words, uint64(0xdead))
			copy(planes, randomWords(r, len(planes)))
			aroundMissing, missing := newMemory(words, uint64(0xdead))
			copy(missing, randomWords(r, words))
			bits, want := make([]uint64, words), slices.Clone(planes)
			if right {
				copy(bits, missing)
			}
			before := slices.Clone(missing)
			for i := n - 1; i >= 0; i-- {
				for w := range bits {
					bits[w] |= want[i*words+w]
					want[i*words+w] = bits[w]
				}
			}
			k.sweep(planes, missing, words, right)
			around.hold(t, "planes")
			aroundMissing.hold(t, "missing")
			if !slices.Equal(planes, want) || !slices.Equal(missing, before) {
				t.Fatalf("%d planes of %d words, missing to the right: %t: got other planes", n, words, right)
			}
		}
	})
}

// TestSpread: planes in any order, and the same one several times.
func TestSpread(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernel, r *rand.Rand) {
		for range rounds(300) {
			n := 1 + r.IntN(20)
			aroundPlanes, planes := newMemory(n*wideWords, uint64(0xdead))
			copy(planes, randomWords(r, len(planes)))
			var of [8]uint32
			for i := range of {
				of[i] = uint32(r.IntN(n)) * wideWords
			}
			around, codes := newMemory(blockRows, byte(0xa5))
			k.spread((*[blockRows]byte)(codes), planes, &of)
			aroundPlanes.hold(t, "planes")
			around.hold(t, "codes")
			for row, got := range codes {
				want := byte(0)
				for i, plane := range of {
					want |= byte(planes[int(plane)+row/64]>>(row%64)&1) << i
				}
				if got != want {
					t.Fatalf("planes at %v: row %d has code %08b, want %08b", of, row, got, want)
				}
			}
			first := make([]uint64, n)
			for i := range first {
				first[i] = planes[i*wideWords]
			}
			aroundWord, word := newMemory(64, byte(0xa5))
			spreadWord(word, first, &of)
			aroundWord.hold(t, "codes of a word")
			if !slices.Equal(word, codes[:64]) {
				t.Fatalf("planes at %v of one word: codes %v, want %v", of, word, codes[:64])
			}
		}
	})
}

// TestAdd: one addition a tree, in order, in the sums' precision; rows beyond the last eight stay as they are.
func TestAdd(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernel, r *rand.Rand) {
		for rows := 1; rows <= blockRows; rows++ {
			if testing.Short() && rows > 20 && rows%17 > 0 {
				continue
			}
			testAdd(t, r, rows, 256, k.add64)
			testAdd(t, r, rows, 1<<fewBits, k.addFew64)
			testAdd(t, r, rows, 256, k.add32)
			testAdd(t, r, rows, 1<<12, k.addWide64)
			testAdd(t, r, rows, 1<<12, k.addWide32)
		}
	})
}

func TestWiden(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernel, r *rand.Rand) {
		var low, high [blockRows]byte
		for i := range low {
			low[i], high[i] = byte(r.Uint32()), byte(r.Uint32())
		}
		around, to := newMemory(blockRows, uint16(0xbeef))
		k.widen((*[blockRows]uint16)(to), &low, &high)
		around.hold(t, "codes")
		for i, code := range to {
			if want := uint16(low[i]) | uint16(high[i])<<8; code != want {
				t.Fatalf("row %d: %#x, want %#x", i, code, want)
			}
		}
	})
}

func testAdd[T float32 | float64, C byte | uint16](t *testing.T, r *rand.Rand, rows, size int, add func(*[blockRows]T, int, *[together][blockRows]C, *[together]*T)) {
	t.Helper()
	values := make([]T, 700+size)
	for i := range values {
		values[i] = T(leafValue(r))
	}
	var tables [together]*T
	var first [together]int
	for i := range tables {
		first[i] = r.IntN(701)
		tables[i] = &values[first[i]]
	}
	codes := new([together][blockRows]C)
	for i := range codes {
		for j := range codes[i] {
			codes[i][j] = C(r.IntN(size))
		}
	}
	around, sums := newMemory(blockRows, T(-77))
	for i := range sums {
		sums[i] = T(leafValue(r))
	}
	before, wanted := slices.Clone(sums), slices.Clone(sums)
	for i := range wanted {
		for tree, at := range first {
			wanted[i] += values[at+int(codes[tree][i])]
		}
	}
	add((*[blockRows]T)(sums), rows, codes, &tables)
	around.hold(t, "sums")
	for i, got := range sums {
		done := same(got, wanted[i])
		if i < rows && !done || i >= rows && !done && !same(got, before[i]) || i >= (rows+7)/8*8 && !same(got, before[i]) {
			t.Fatalf("%d rows: the sum of row %d is %v, want %v, before %v", rows, i, got, wanted[i], before[i])
		}
	}
}

func same[T float32 | float64](a, b T) bool { return forestgen.SameBits(float64(a), float64(b)) }

// leafValue is of a size that shows the order of additions, or one that overflows, vanishes, or is no number.
func leafValue(r *rand.Rand) float64 {
	switch r.IntN(50) {
	case 0:
		return []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), 1e-310, 1e-42, 3e38, 1.7e308}[r.IntN(9)]
	case 1:
		return math.Ldexp(r.NormFloat64(), r.IntN(200)-100)
	}
	return r.NormFloat64()
}

// TestTranspose: bit by bit.
func TestTranspose(t *testing.T) {
	r := source(1)
	for range rounds(200) {
		words := randomWords(r, 64)
		m := [64]uint64(words)
		transpose64(&m)
		holdTransposed(t, "transpose64", m[:], words, 1)
		x, y := words[0], transpose8(words[0])
		for i := range 64 {
			if y>>i&1 != x>>(i%8*8+i/8)&1 {
				t.Fatalf("transpose8(%016x) is %016x", x, y)
			}
		}
		around, codes := newMemory(64, byte(0xa5))
		spread64((*[64]byte)(codes), [8]uint64(words))
		around.hold(t, "codes")
		for i, code := range codes {
			for j := range 8 {
				if code>>j&1 != byte(words[j]>>i&1) {
					t.Fatalf("spread64: bit %d of code %d", j, i)
				}
			}
		}
	}
	eachKernel(t, func(t *testing.T, k *kernel, r *rand.Rand) {
		for range rounds(200) {
			around, m := newMemory(256, uint64(0xdead))
			copy(m, randomWords(r, 256))
			before := slices.Clone(m)
			k.transpose((*[256]uint64)(m))
			around.hold(t, "matrices")
			for i := range 4 {
				holdTransposed(t, "matrix", m[i:], before[i:], 4)
			}
		}
	})
}

// holdTransposed looks at 64 words of each, apart words from one to the next.
func holdTransposed(t *testing.T, what string, got, before []uint64, apart int) {
	t.Helper()
	for i := range 64 {
		for j := range 64 {
			if got[i*apart]>>j&1 != before[j*apart]>>i&1 {
				t.Fatalf("%s: bit %d of word %d", what, j, i)
			}
		}
	}
}

// TestOrder: scatter, sweep and missing rows in one, for any number of cuts. What is said of rows beyond the last does not matter.
func TestOrder(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernel, r *rand.Rand) {
		for round := range rounds(1200) {
			words, rows := wideWords, 1+round%blockRows
			if round%3 == 0 {
				words, rows = 1, 1+round/3%64
			}
			c := &ordered{right: round%2 == 0}
			cuts := sortedCuts(r, []int{1, 2, 3, 4, 7, 8, 9, 126, 127, 128, 253, 254, 255, 256, 1500}[r.IntN(15)])
			c.cuts, c.search = len(cuts), newSearch(cuts)
			if !c.right {
				c.none = uint32([]int{0, 1 + r.IntN(len(cuts)+1)}[r.IntN(2)])
			}
			aroundX, x := newMemory(rows, 123.25)
			for i := range x {
				x[i] = valueAbout(r, cuts)
			}
			around, planes := newMemory((2+len(cuts))*words, uint64(0xdead))
			k.order(k, planes, words, c, x, rows)
			what := fmt.Sprintf("%d rows, %d cuts, %d words, missing to the right: %t", rows, len(cuts), words, c.right)
			around.hold(t, what)
			aroundX.hold(t, what)
			for i := range rows {
				class := classOf(cuts, c.none, x[i])
				bit := func(plane int) bool { return planes[plane*words+i/64]>>(i%64)&1 == 1 }
				if bit(0) != (class == 0) {
					t.Fatalf("%s: row %d of %v is missing: %t", what, i, x[i], bit(0))
				}
				for cut := range cuts {
					if want := class > uint32(cut)+1 || class == 0 && c.right; bit(2+cut) != want {
						t.Fatalf("%s: row %d of %v goes right at cut %d, %v: %t", what, i, x[i], cut, cuts[cut], bit(2+cut))
					}
				}
			}
		}
	})
}

// TestTurn: each value comes to its column, and nothing around it is touched.
func TestTurn(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernel, r *rand.Rand) {
		if k.turn == nil {
			t.Skip("turns value by value")
		}
		for range rounds(200) {
			rows, stride := 8*(1+r.IntN(64)), 8+r.IntN(20)
			aroundX, x := newMemory((rows-1)*stride+8, -5.0)
			for i := range x {
				x[i] = r.NormFloat64()
			}
			around, columns := newMemory(9*columnApart-blockRows+rows, -7.0)
			var to [8]int32
			for i, place := range r.Perm(9)[:8] {
				to[i] = int32(place * columnApart * 8)
			}
			want := slices.Clone(columns)
			for i := range rows {
				for j, at := range to {
					want[int(at)/8+i] = x[i*stride+j]
				}
			}
			k.turn(columns, &to, x, stride, rows)
			around.hold(t, "columns")
			aroundX.hold(t, "rows")
			if !slices.Equal(columns, want) {
				t.Fatalf("%d rows of %d: got other columns", rows, stride)
			}
		}
	})
}

// TestLookUp: the bits of all classes' words, and no plane more than is asked for.
func TestLookUp(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernel, r *rand.Rand) {
		if k.lookUp == nil {
			t.Skip("transposes")
		}
		for round := range rounds(200) {
			asked, words, classes := 1+round%64, 1+r.IntN(4), 1+r.IntN(300)
			answers := randomWords(r, (classes-1)*words+1)
			class, buffer := new([blockRows]uint32), new([blockRows]uint64)
			for i := range class {
				class[i] = uint32(r.IntN(classes))
			}
			around, planes := newMemory(asked*wideWords, uint64(0xdead))
			k.lookUp(planes, answers, words, class, asked, buffer)
			around.hold(t, "planes")
			for i, c := range class {
				for n := range asked {
					if planes[n*wideWords+i/64]>>(i%64)&1 != answers[int(c)*words]>>n&1 {
						t.Fatalf("%d of 64: row %d, question %d", asked, i, n)
					}
				}
			}
		}
	})
}
