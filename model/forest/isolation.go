package forest

import "math"

// isolation is the prediction of Isolation for the depth that the trees of a row add up to, in numpy's steps:
// scores = 2 ** -(depth / divisor), decision_function = -scores - offset.
func (l Link) isolation(depth float64) float64 {
	ratio := 1.0
	if l.Param != 0 {
		ratio = depth / l.Param
	}
	return -pow2(-ratio) - l.Offset
}

// pow2 is glibc's pow(2, y) (sysdeps/ieee754/dbl-64/e_pow.c, by Szabolcs Nagy of Arm), which numpy calls on processors
// without AVX-512; the latter have code of their own in numpy, whose last bit may differ. Results beyond 2^±512 are
// math.Exp2's.
func pow2(y float64) float64 {
	const (
		// log(2) = ln2 + ln2Tail, as log_inline leaves it for 2.
		ln2     = 0x1.62e42fefa39efp-1
		ln2Tail = 0x1.62e42fefa3800p-1 - ln2 + 0x1.ef35793c76730p-45
	)
	switch size := math.Abs(y); {
	case size < 0x1p-65:
		return 1 + y
	case !(size < 512):
		return math.Exp2(y)
	}
	x := float64(y * ln2)
	return expTailed(x, math.FMA(y, ln2Tail, math.FMA(y, ln2, -x)))
}

// expTailed is exp(x + tail) for a tail that is small against x, which lies within ±512: exp_inline of glibc's pow. See exp.
func expTailed(x, xtail float64) float64 {
	const (
		invLn2N   = 0x1.71547652b82fep0 * 128
		negLn2hiN = -0x1.62e42fefa0000p-8
		negLn2loN = -0x1.cf79abc9e3b39p-47
		shift     = 0x1.8p52
		c2        = 0x1.ffffffffffdbdp-2
		c3        = 0x1.555555555543cp-3
		c4        = 0x1.55555cf172b91p-5
		c5        = 0x1.1111167a4d017p-7
	)
	if math.Abs(x) < 0x1p-54 {
		return 1 + x
	}
	kd := math.FMA(invLn2N, x, shift)
	ki := math.Float64bits(kd)
	kd -= shift
	r := math.FMA(kd, negLn2loN, math.FMA(kd, negLn2hiN, x))
	r += xtail
	i := 2 * (ki % 128)
	r2 := float64(r * r)
	t := float64(math.Float64frombits(expTable[i]) + r)
	t = math.FMA(r2, math.FMA(r, c3, c2), t)
	t = math.FMA(float64(r2*r2), math.FMA(r, c5, c4), t)
	s := math.Float64frombits(expTable[i+1] + ki<<45)
	return math.FMA(s, t, s)
}
