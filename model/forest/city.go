package forest

import (
	"encoding/binary"
	"math/bits"
)

// CategoryHash is the hash of a category's text that Categories.Hash holds: the low 32 bits of CityHash64 as of its version
// 1.0, which later versions of CityHash changed (util/digest/city.cpp of CatBoost's repository, CalcCatFeatureHash). It is
// safe for concurrent use, and does not keep the text.
func CategoryHash(text []byte) uint32 { return uint32(cityHash64(text)) }

// Some primes between 2^63 and 2^64.
const (
	k0 = 0xc3a5c85c97cb3127
	k1 = 0xb492b66fbe98f273
	k2 = 0x9ae16a3b2f90404f
	k3 = 0xc949d7c7509e6557
)

func fetch64(s []byte) uint64 { return binary.LittleEndian.Uint64(s) }

func fetch32(s []byte) uint64 { return uint64(binary.LittleEndian.Uint32(s)) }

func rotate(v uint64, by int) uint64 { return bits.RotateLeft64(v, -by) }

func shiftMix(v uint64) uint64 { return v ^ v>>47 }

// hash16 is Hash128to64 of (u, v).
func hash16(u, v uint64) uint64 {
	const mul = 0x9ddfea08eb382d69
	a := (u ^ v) * mul
	a ^= a >> 47
	b := (v ^ a) * mul
	b ^= b >> 47
	return b * mul
}

func cityHash64(s []byte) uint64 {
	switch n := len(s); {
	case n <= 16:
		return hash0to16(s)
	case n <= 32:
		return hash17to32(s)
	case n <= 64:
		return hash33to64(s)
	}
	return hashLong(s)
}

func hash0to16(s []byte) uint64 {
	n := uint64(len(s))
	switch {
	case n > 8:
		a, b := fetch64(s), fetch64(s[n-8:])
		return hash16(a, rotate(b+n, int(n))) ^ b
	case n >= 4:
		return hash16(n+fetch32(s)<<3, fetch32(s[n-4:]))
	case n > 0:
		y := uint32(s[0]) + uint32(s[n>>1])<<8
		z := uint32(n) + uint32(s[n-1])<<2
		return shiftMix(uint64(y)*k2^uint64(z)*k3) * k2
	}
	return k2
}

func hash17to32(s []byte) uint64 {
	n := uint64(len(s))
	a := fetch64(s) * k1
	b := fetch64(s[8:])
	c := fetch64(s[n-8:]) * k2
	d := fetch64(s[n-16:]) * k0
	return hash16(rotate(a-b, 43)+rotate(c, 30)+d, a+rotate(b^k3, 20)-c+n)
}

func hash33to64(s []byte) uint64 {
	n := uint64(len(s))
	half := func(z, a, second, third uint64) (uint64, uint64) {
		b := rotate(a+z, 52)
		c := rotate(a, 37)
		a += second
		c += rotate(a, 7)
		a += third
		return a + z, b + rotate(a, 31) + c
	}
	vf, vs := half(fetch64(s[24:]), fetch64(s)+(n+fetch64(s[n-16:]))*k0, fetch64(s[8:]), fetch64(s[16:]))
	wf, ws := half(fetch64(s[n-8:]), fetch64(s[16:])+fetch64(s[n-32:]), fetch64(s[n-24:]), fetch64(s[n-16:]))
	r := shiftMix((vf+ws)*k2 + (wf+vs)*k0)
	return shiftMix(r*k0+vs) * k2
}

// weak32 hashes 32 bytes with two seeds.
func weak32(s []byte, a, b uint64) (uint64, uint64) {
	w, x, y, z := fetch64(s), fetch64(s[8:]), fetch64(s[16:]), fetch64(s[24:])
	a += w
	b = rotate(b+a+z, 21)
	c := a
	a += x
	a += y
	b += rotate(a, 44)
	return a + z, b + c
}

func hashLong(s []byte) uint64 {
	n := uint64(len(s))
	x := fetch64(s)
	y := fetch64(s[n-16:]) ^ k1
	z := fetch64(s[n-56:]) ^ k0
	v0, v1 := weak32(s[n-64:], n, y)
	w0, w1 := weak32(s[n-32:], n*k1, k0)
	z += shiftMix(v1) * k1
	x = rotate(z+x, 39) * k1
	y = rotate(y, 33) * k1
	for left := (n - 1) &^ 63; left > 0; left -= 64 {
		x = rotate(x+y+v0+fetch64(s[16:]), 37) * k1
		y = rotate(y+v1+fetch64(s[48:]), 42) * k1
		x ^= w1
		y ^= v0
		z = rotate(z^w0, 33)
		v0, v1 = weak32(s, v1*k1, x+w0)
		w0, w1 = weak32(s[32:], z+w1, y)
		z, x = x, z
		s = s[64:]
	}
	return hash16(hash16(v0, w0)+shiftMix(y)*k1+z, hash16(v1, w1)+x)
}
