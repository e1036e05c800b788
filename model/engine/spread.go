package engine

import "encoding/binary"

// spread64 writes a byte for each of 64 rows, whose bit i is the row's bit of p[i]: a transposition of 8 words of 64 bits to
// 64 words of 8. First the words' bytes change places, so that each word has the eight rows of one byte; then the bits of each
// word do (Hacker's Delight, 2nd edition, section 7-3).
func spread64(codes *[64]byte, p [8]uint64) {
	const (
		m8  = 0x00ff00ff00ff00ff
		m16 = 0x0000ffff0000ffff
		m32 = 0x00000000ffffffff
	)
	a0, a1 := p[0]&m8|p[1]&m8<<8, p[0]>>8&m8|p[1]&^m8
	a2, a3 := p[2]&m8|p[3]&m8<<8, p[2]>>8&m8|p[3]&^m8
	a4, a5 := p[4]&m8|p[5]&m8<<8, p[4]>>8&m8|p[5]&^m8
	a6, a7 := p[6]&m8|p[7]&m8<<8, p[6]>>8&m8|p[7]&^m8

	b0, b2 := a0&m16|a2&m16<<16, a0>>16&m16|a2&^m16
	b1, b3 := a1&m16|a3&m16<<16, a1>>16&m16|a3&^m16
	b4, b6 := a4&m16|a6&m16<<16, a4>>16&m16|a6&^m16
	b5, b7 := a5&m16|a7&m16<<16, a5>>16&m16|a7&^m16

	put := binary.LittleEndian.PutUint64
	put(codes[0:], transpose8(b0&m32|b4<<32))
	put(codes[8:], transpose8(b1&m32|b5<<32))
	put(codes[16:], transpose8(b2&m32|b6<<32))
	put(codes[24:], transpose8(b3&m32|b7<<32))
	put(codes[32:], transpose8(b0>>32|b4&^m32))
	put(codes[40:], transpose8(b1>>32|b5&^m32))
	put(codes[48:], transpose8(b2>>32|b6&^m32))
	put(codes[56:], transpose8(b3>>32|b7&^m32))
}

// transpose8 transposes the 8 by 8 bits of a word, whose bytes are the rows.
func transpose8(x uint64) uint64 {
	t := (x ^ x>>7) & 0x00aa00aa00aa00aa
	x ^= t ^ t<<7
	t = (x ^ x>>14) & 0x0000cccc0000cccc
	x ^= t ^ t<<14
	t = (x ^ x>>28) & 0x00000000f0f0f0f0
	return x ^ t ^ t<<28
}

// transpose transposes four matrices; m has their first rows, then their second ones, and so on.
func transpose(m *[256]uint64) {
	for i := range 4 {
		var one [64]uint64
		for j := range one {
			one[j] = m[4*j+i]
		}
		transpose64(&one)
		for j, w := range one {
			m[4*j+i] = w
		}
	}
}

// transpose64 transposes 64 words of 64 bits: in two passes, each over eight words at a time, of which pairs exchange bits
// that are 4, 2 and 1 words apart, and as many bits, and 8 times as much in the other pass.
func transpose64(m *[64]uint64) {
	for i := range 8 {
		var w [8]uint64
		for j := range w {
			w[j] = m[i+8*j]
		}
		exchange(&w, 32, 16, 8, 0x00000000ffffffff, 0x0000ffff0000ffff, 0x00ff00ff00ff00ff)
		for j := range w {
			m[i+8*j] = w[j]
		}
	}
	for i := 0; i < 64; i += 8 {
		exchange((*[8]uint64)(m[i:]), 4, 2, 1, 0x0f0f0f0f0f0f0f0f, 0x3333333333333333, 0x5555555555555555)
	}
}

func exchange(w *[8]uint64, s4, s2, s1 uint, m4, m2, m1 uint64) {
	w0, w1, w2, w3, w4, w5, w6, w7 := w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7]
	w0, w4 = exchangeBits(w0, w4, s4, m4)
	w1, w5 = exchangeBits(w1, w5, s4, m4)
	w2, w6 = exchangeBits(w2, w6, s4, m4)
	w3, w7 = exchangeBits(w3, w7, s4, m4)
	w0, w2 = exchangeBits(w0, w2, s2, m2)
	w1, w3 = exchangeBits(w1, w3, s2, m2)
	w4, w6 = exchangeBits(w4, w6, s2, m2)
	w5, w7 = exchangeBits(w5, w7, s2, m2)
	w[0], w[1] = exchangeBits(w0, w1, s1, m1)
	w[2], w[3] = exchangeBits(w2, w3, s1, m1)
	w[4], w[5] = exchangeBits(w4, w5, s1, m1)
	w[6], w[7] = exchangeBits(w6, w7, s1, m1)
}

// exchangeBits exchanges the high bits of a, of those that are s apart, with the low ones of b; low has the low ones.
func exchangeBits(a, b uint64, s uint, low uint64) (uint64, uint64) {
	t := (a>>(s&63) ^ b) & low
	return a ^ t<<(s&63), b ^ t
}
