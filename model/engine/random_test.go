package engine

import (
	"encoding/binary"
	"math/rand/v2"
)

// source gives the same numbers in every run.
func source(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 3)) }

// randomBytes are the seeds of fuzzing.
func randomBytes(seed uint64, n int) []byte {
	r := source(seed)
	b := make([]byte, 0, n)
	for len(b) < n {
		b = binary.LittleEndian.AppendUint64(b, r.Uint64())
	}
	return b
}

// randomWords are the bits of rows: some words are all zeros or ones.
func randomWords(r *rand.Rand, n int) []uint64 {
	words := make([]uint64, n)
	for i := range words {
		switch r.IntN(8) {
		case 0:
		case 1:
			words[i] = ^uint64(0)
		default:
			words[i] = r.Uint64()
		}
	}
	return words
}
