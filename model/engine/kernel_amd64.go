package engine

import (
	"github.com/klauspost/cpuid/v2"
	"golang.org/x/sys/cpu"
)

var kernels = []*kernel{&avx512, &avx2, &portable}

var avx512 = newAVX512(cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512VBMI && cpu.X86.HasAVX512GFNI, gathersFast())

// newAVX512 is avx2 where wider registers are no faster. newer is for processors since 2019, whose instructions turn bytes around;
// gathers, which needs newer, is for those that gather fast.
func newAVX512(newer, gathers bool) kernel {
	k := avx2
	k.name, k.runs = "avx512", cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && avx2.runs
	k.multiplex = multiplexBy(multiplexAVX512)
	k.sweep = sweepBy(sweepAVX512)
	k.spread = func(codes *[blockRows]byte, planes []uint64, of *[8]uint32) { spreadAVX512(codes, &planes[0], of) }
	if newer {
		byLanes(&k)
		byTurning(&k)
		if gathers {
			byGathers(&k)
		}
	}
	return k
}

// byTurning takes the loops that turn words, bytes and bits around in registers.
func byTurning(k *kernel) {
	k.spread = func(codes *[blockRows]byte, planes []uint64, of *[8]uint32) { spreadGFNI(codes, &planes[0], of) }
	k.addFew64 = func(sums *[blockRows]float64, rows int, codes *[together][blockRows]byte, values *[together]*float64) {
		addFew64AVX512(&sums[0], &codes[0][0], values, (rows+7)/8)
	}
	k.turn = func(columns []float64, to *[8]int32, x []float64, stride, rows int) {
		turnAVX512(&columns[0], to, &x[0], 8*stride, rows)
	}
	k.lookUp = func(planes, answers []uint64, words int, class *[blockRows]uint32, asked int, buffer *[blockRows]uint64) {
		lookUpGFNI(&planes[0], &answers[0], words, class, asked, buffer)
	}
}

// gathersFast says whether a gather takes less time than as many loads. It does on Intel's processors, unless they wait in it
// for the sake of what others must not see; AMD's take it for many small operations.
func gathersFast() bool { return cpuid.CPU.IsVendor(cpuid.Intel) }

// byGathers takes the loops that gather.
func byGathers(k *kernel) {
	k.order = func(k *kernel, planes []uint64, words int, c *ordered, x []float64, rows int) {
		if words < wideWords || c.cuts > compared {
			orderPlanes(k, planes, words, c, x, rows)
			return
		}
		var class [blockRows]byte
		locateAVX512(&class[0], &c.search, &x[0], rows)
		planesGFNI(&planes[0], &class, c.cuts, int(one(c.right)))
	}
	k.add64 = func(sums *[blockRows]float64, rows int, codes *[together][blockRows]byte, values *[together]*float64) {
		addEight64AVX512(&sums[0], &codes[0][0], values, (rows+7)/8)
	}
	k.add32 = func(sums *[blockRows]float32, rows int, codes *[together][blockRows]byte, values *[together]*float32) {
		addEight32AVX512(&sums[0], &codes[0][0], values, (rows+7)/8)
	}
	k.addWide64 = func(sums *[blockRows]float64, rows int, codes *[together][blockRows]uint16, values *[together]*float64) {
		addEightWide64AVX512(&sums[0], &codes[0][0], values, (rows+7)/8)
	}
	k.addWide32 = func(sums *[blockRows]float32, rows int, codes *[together][blockRows]uint16, values *[together]*float32) {
		addEightWide32AVX512(&sums[0], &codes[0][0], values, (rows+7)/8)
	}
}

// byLanes takes the loops of lanes, which want more of AVX-512 than the others.
func byLanes(k *kernel) {
	k.laned = 80
	k.bin = func(bins *[maxLaneBins]byte, l *lanes, t table, row int) {
		binAVX512(bins, &l.columns[0], len(l.columns), &l.starts[0], &l.cuts[0], &t.x[row*t.row], t.feature)
	}
	k.or = func(to, words []uint64, vectors []int32) {
		orAVX512(&to[0], len(to)/8, &words[0], &vectors[0], len(vectors))
	}
	k.lanes = func(r *laner) { lanesAVX512(r) }
}

var avx2 = kernel{
	name: "avx2", masks: true, walked: 20, fewer: 64,
	runs: cpu.X86.HasAVX2 && cpu.X86.HasBMI2,
	bin:  binLanes, or: orWords, lanes: walkLanes,
	answer: func(answers []byte, columns []ordered, t table, row int) {
		if len(columns) > 0 {
			answerAVX2(&answers[0], &columns[0], len(columns), &t.x[row*t.row], t.feature)
		}
	},
	places: func(to []uint32, columns []ordered, t table, row int) {
		if len(columns) > 0 {
			placesAVX2(&to[0], &columns[0], len(columns), &t.x[row*t.row], t.feature)
		}
	},
	and: func(to, words []uint32, vectors []int32) {
		andAVX2(&to[0], len(to)/32, &words[0], &vectors[0], len(vectors))
	},
	walk: func(last []uint32, w *walk, answers []byte) {
		for i := range w.groups {
			g := &w.groups[i]
			walkAVX2(&last[g.slot], &g.nodes[0], &g.lanes, g.shift, &answers[0])
		}
	},
	multiplex: multiplexBy(multiplexAVX2),
	order:     orderPlanes,
	scatter: func(planes []uint64, words int, s *search, x []float64, rows int) {
		shift := 3
		if words == wideWords {
			shift = 6
		}
		scatterAVX2(&planes[0], shift, s, &x[0], rows)
	},
	sweep:     sweepBy(sweepAVX2),
	spread:    func(codes *[blockRows]byte, planes []uint64, of *[8]uint32) { spreadAVX2(codes, &planes[0], of) },
	transpose: func(m *[256]uint64) { transposeAVX2(m) },
	widen:     func(to *[blockRows]uint16, low, high *[blockRows]byte) { widenAVX2(to, low, high) },
	addWide64: func(sums *[blockRows]float64, rows int, codes *[together][blockRows]uint16, values *[together]*float64) {
		addEightWide64AVX2(&sums[0], &codes[0][0], values, (rows+3)/4)
	},
	addWide32: func(sums *[blockRows]float32, rows int, codes *[together][blockRows]uint16, values *[together]*float32) {
		addEightWide32AVX2(&sums[0], &codes[0][0], values, (rows+3)/4)
	},
	add64: addEight64, addFew64: addEight64,
	add32: func(sums *[blockRows]float32, rows int, codes *[together][blockRows]byte, values *[together]*float32) {
		addEight32AVX2(&sums[0], &codes[0][0], values, (rows+7)/8)
	},
}

func addEight64(sums *[blockRows]float64, rows int, codes *[together][blockRows]byte, values *[together]*float64) {
	addEight64AVX2(&sums[0], &codes[0][0], values, (rows+7)/8)
}

func multiplexBy(wide func(planes *uint64, muxes *multiplexer, n int)) func([]uint64, []multiplexer) {
	return func(planes []uint64, muxes []multiplexer) {
		if len(muxes) > 0 {
			wide(&planes[0], &muxes[0], len(muxes))
		}
	}
}

// sweepBy leaves planes of one word to sweep.
func sweepBy(wide func(planes *uint64, n int, missing *uint64)) func(planes, missing []uint64, words int, right bool) {
	return func(planes, missing []uint64, words int, right bool) {
		if words == 1 || len(planes) == 0 {
			sweep(planes, missing, words, right)
			return
		}
		if !right {
			missing = none[:]
		}
		wide(&planes[0], len(planes)/wideWords, &missing[0])
	}
}

// none are the bits of no row.
var none [wideWords]uint64

//go:noescape
func multiplexAVX2(planes *uint64, muxes *multiplexer, n int)

//go:noescape
func scatterAVX2(planes *uint64, shift int, s *search, x *float64, rows int)

//go:noescape
func sweepAVX2(planes *uint64, n int, missing *uint64)

//go:noescape
func spreadAVX2(codes *[blockRows]byte, planes *uint64, of *[8]uint32)

//go:noescape
func transposeAVX2(m *[256]uint64)

//go:noescape
func widenAVX2(to *[blockRows]uint16, low, high *[blockRows]byte)

//go:noescape
func addEightWide64AVX2(sums *float64, codes *uint16, values *[together]*float64, turns int)

//go:noescape
func addEightWide32AVX2(sums *float32, codes *uint16, values *[together]*float32, turns int)

//go:noescape
func addEight64AVX2(sums *float64, codes *byte, values *[together]*float64, turns int)

//go:noescape
func addEight32AVX2(sums *float32, codes *byte, values *[together]*float32, turns int)

// onesAndZeros has maxPlain bytes of 1 and as many of 0, and spare ones: a window of it is any number of 1s followed by 0s.
//
//lint:ignore U1000 row_amd64.s reads it
var onesAndZeros = func() (b [2*maxPlain + spare]byte) {
	for i := range maxPlain {
		b[i] = 1
	}
	return b
}()

//go:noescape
func answerAVX2(answers *byte, columns *ordered, n int, x *float64, stride int)

//go:noescape
func walkAVX2(last, nodes *uint32, lanes *[abreast]lane, shift uint64, answers *byte)

//go:noescape
func multiplexAVX512(planes *uint64, muxes *multiplexer, n int)

//go:noescape
func sweepAVX512(planes *uint64, n int, missing *uint64)

//go:noescape
func spreadAVX512(codes *[blockRows]byte, planes *uint64, of *[8]uint32)

//go:noescape
func addEight64AVX512(sums *float64, codes *byte, values *[together]*float64, turns int)

//go:noescape
func addEight32AVX512(sums *float32, codes *byte, values *[together]*float32, turns int)

//go:noescape
func addEightWide64AVX512(sums *float64, codes *uint16, values *[together]*float64, turns int)

//go:noescape
func addEightWide32AVX512(sums *float32, codes *uint16, values *[together]*float32, turns int)

//go:noescape
func locateAVX512(class *byte, s *search, x *float64, rows int)

//go:noescape
func planesGFNI(planes *uint64, class *[blockRows]byte, cuts, right int)

//go:noescape
func lookUpGFNI(planes, answers *uint64, words int, class *[blockRows]uint32, asked int, buffer *[blockRows]uint64)

//go:noescape
func addFew64AVX512(sums *float64, codes *byte, values *[together]*float64, turns int)

//go:noescape
func spreadGFNI(codes *[blockRows]byte, planes *uint64, of *[8]uint32)

//go:noescape
func turnAVX512(columns *float64, to *[8]int32, x *float64, stride, rows int)

//go:noescape
func binAVX512(bins *[maxLaneBins]byte, columns *laneColumns, n int, starts *uint32, cuts, x *float64, stride int)

//go:noescape
func orAVX512(to *uint64, n int, words *uint64, vectors *int32, count int)

//go:noescape
func lanesAVX512(r *laner)

//go:noescape
func placesAVX2(to *uint32, columns *ordered, n int, x *float64, stride int)

//go:noescape
func andAVX2(to *uint32, n int, words *uint32, vectors *int32, count int)
