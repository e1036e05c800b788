package flink

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// DefaultMaxParallelism is what Flink takes for the greatest parallelism of a job that names none.
func DefaultMaxParallelism(parallelism int) int {
	p := uint(parallelism + parallelism/2)
	return min(max(1<<bits.Len(p-1), 128), 1<<15)
}

// Slot says which of a job's slots an element comes to that a splittable DoFn reads: Beam's runner keys such elements by their
// encoding, and Flink's key groups do the rest. key is a text, as a Go string is encoded. maxParallelism 0 is the default. -1 is a
// key that comes to different slots with different versions of Beam.
//
// It is Flink's KeyGroupRangeAssignment.assignKeyToParallelOperator of Beam's key: its hash is that of a ByteBuffer in older
// versions, and Guava's murmur3_128 in newer ones (2.70).
func Slot(key string, parallelism, maxParallelism int) int {
	if maxParallelism == 0 {
		maxParallelism = DefaultMaxParallelism(parallelism)
	}
	coded := append(binary.AppendUvarint(nil, uint64(len(key))), key...)
	of := func(hash int32) int { return int(spread(hash)) % maxParallelism * parallelism / maxParallelism }
	if slot := of(bufferHash(coded)); slot == of(murmur3(coded)) {
		return slot
	}
	return -1
}

// Slots is how many slots the job takes, and to which of them a text comes: see Slot.
func (o *Options) Slots() (n int, slot func(element string) int) {
	n = max(1, o.Parallelism)
	return n, func(element string) int { return Slot(element, n, o.MaxParallelism) }
}

// bufferHash is Java's ByteBuffer.hashCode.
func bufferHash(b []byte) int32 {
	hash := int32(1)
	for _, c := range slices.Backward(b) {
		hash = 31*hash + int32(int8(c))
	}
	return hash
}

// murmur3 is the first 32 bits of MurmurHash3_x64_128 with seed 0.
func murmur3(b []byte) int32 {
	const c1, c2 = 0x87c37b91114253d5, 0x4cf5ad432745937f
	mix := func(k, c, d uint64, by int) uint64 { return bits.RotateLeft64(k*c, by) * d }
	fmix := func(k uint64) uint64 {
		k = (k ^ k>>33) * 0xff51afd7ed558ccd
		k = (k ^ k>>33) * 0xc4ceb9fe1a85ec53
		return k ^ k>>33
	}
	n := uint64(len(b))
	var h1, h2 uint64
	for ; len(b) >= 16; b = b[16:] {
		h1 ^= mix(binary.LittleEndian.Uint64(b), c1, c2, 31)
		h1 = (bits.RotateLeft64(h1, 27)+h2)*5 + 0x52dce729
		h2 ^= mix(binary.LittleEndian.Uint64(b[8:]), c2, c1, 33)
		h2 = (bits.RotateLeft64(h2, 31)+h1)*5 + 0x38495ab5
	}
	var tail [16]byte
	copy(tail[:], b)
	h2 ^= mix(binary.LittleEndian.Uint64(tail[8:]), c2, c1, 33)
	h1 ^= mix(binary.LittleEndian.Uint64(tail[:]), c1, c2, 31)
	h1, h2 = h1^n, h2^n
	h1 += h2
	h2 += h1
	h1 = fmix(h1) + fmix(h2)
	return int32(uint32(h1))
}

// spread is Flink's MathUtils.murmurHash.
func spread(code int32) int32 {
	h := uint32(code) * 0xcc9e2d51
	h = bits.RotateLeft32(h, 15) * 0x1b873593
	h = bits.RotateLeft32(h, 13)*5 + 0xe6546b64
	h ^= 4
	h = (h ^ h>>16) * 0x85ebca6b
	h = (h ^ h>>13) * 0xc2b2ae35
	n := int32(h ^ h>>16)
	switch {
	case n >= 0:
		return n
	case n != math.MinInt32:
		return -n
	}
	return 0
}
