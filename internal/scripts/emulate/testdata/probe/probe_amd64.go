package probe

// compareMax does what the byte-sliced kernels of trees do for each byte: v = max(v, d) where bins > thr.
//
//go:noescape
func compareMax(v, bins, thr, d *[64]byte)

// above gives the bytes that are greater than in thr as bits.
//
//go:noescape
func above(bins, thr *[64]byte) uint64

// lookup replaces each index by the byte that it has, mod 128, in the table of a and b. It is VBMI's.
//
//go:noescape
func lookup(index, a, b *[64]byte)

// leaves does so with numbers, mod 16.
//
//go:noescape
func leaves(index *[8]uint64, a, b *[8]float64)

// bits gives, of each of the 64 numbers in words, the bit that the byte of index says, mod 64. It is BITALG's.
//
//go:noescape
func bits(words *[8]uint64, index *[64]byte) uint64

// sum adds with a rounding of its own at each step.
//
//go:noescape
func sum(acc, x *[8]float64)
