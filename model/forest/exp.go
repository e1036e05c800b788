package forest

import "math"

// exp is the exponential function of glibc (sysdeps/ieee754/dbl-64/e_exp.c, by Szabolcs Nagy of Arm), which is what the
// training libraries call: the same steps with the same roundings as its build for processors with a fused multiply-add.
// math.Exp differs from it in the last bit for every seventh argument, and from one processor to another.
//
// exp(x) = 2^(k/128) * exp(r) with |r| <= ln2/256: the first factor is looked up, the second a polynomial.
func exp(x float64) float64 {
	const (
		invLn2N   = 0x1.71547652b82fep0 * 128
		negLn2hiN = -0x1.62e42fefa0000p-8
		negLn2loN = -0x1.cf79abc9e3b39p-47
		shift     = 0x1.8p52 // adding it rounds to an integer
		c2        = 0x1.ffffffffffdbdp-2
		c3        = 0x1.555555555543cp-3
		c4        = 0x1.55555cf172b91p-5
		c5        = 0x1.1111167a4d017p-7
	)
	const tiny, large, over = 0x3c9, 0x408, 0x409 // top 12 bits, without the sign, of 2^-54, 512 and 1024
	top := math.Float64bits(x) >> 52 & 0x7ff
	special := false
	switch {
	case top < tiny:
		return 1 + x
	case top >= over:
		switch {
		case math.IsInf(x, -1):
			return 0
		case top == 0x7ff:
			return 1 + x
		case x < 0:
			return 0
		}
		return math.Inf(1)
	case top >= large:
		special = true
	}
	kd := math.FMA(invLn2N, x, shift)
	ki := math.Float64bits(kd)
	kd -= shift
	r := math.FMA(kd, negLn2loN, math.FMA(kd, negLn2hiN, x))
	i := 2 * (ki % 128)
	tail := math.Float64frombits(expTable[i])
	scale := expTable[i+1] + ki<<45
	r2 := float64(r * r)
	t := float64(tail + r)
	t = math.FMA(r2, math.FMA(r, c3, c2), t)
	t = math.FMA(float64(r2*r2), math.FMA(r, c5, c4), t)
	if special {
		return expSpecial(t, scale, ki)
	}
	s := math.Float64frombits(scale)
	return math.FMA(s, t, s)
}

// expSpecial is the last step for results so large or small that the scale alone is out of range.
func expSpecial(t float64, scale, ki uint64) float64 {
	if ki&0x80000000 == 0 {
		// k > 0: the exponent of the scale may have overflowed by up to 460.
		s := math.Float64frombits(scale - 1009<<52)
		return 0x1p1009 * math.FMA(s, t, s)
	}
	// k < 0: the result may be subnormal, and is to be rounded once only.
	// The product is used twice, so it is rounded by itself here.
	s := math.Float64frombits(scale + 1022<<52)
	p := float64(s * t)
	y := s + p
	if y < 1 {
		lo := s - y + p
		hi := 1 + y
		lo = 1 - hi + y + lo
		y = hi + lo - 1
	}
	return 0x1p-1022 * y
}
