package engine

import "golang.org/x/sys/cpu"

var avx2 = kernel{
	name: "avx2", fewer: 128,
	runs: cpu.X86.HasAVX2,
	multiplex: func(planes []uint64, muxes []multiplexer) {
		if len(muxes) > 0 {
			multiplexAVX2(&planes[0], &muxes[0], len(muxes))
		}
	},
	sweep: func(planes, missing []uint64, words int, right bool) {
		if words == 1 || len(planes) == 0 {
			sweep(planes, missing, words, right)
			return
		}
		if !right {
			missing = none[:]
		}
		sweepAVX2(&planes[0], len(planes)/wideWords, &missing[0])
	},
	spread: func(codes *[blockRows]byte, planes []uint64, of *[8]uint32) { spreadAVX2(codes, &planes[0], of) },
}

// none are the bits of no row.
var none [wideWords]uint64

//go:noescape
func multiplexAVX2(planes *uint64, muxes *multiplexer, n int)

//go:noescape
func sweepAVX2(planes *uint64, n int, missing *uint64)

//go:noescape
func spreadAVX2(codes *[blockRows]byte, planes *uint64, of *[8]uint32)
