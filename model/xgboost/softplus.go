package xgboost

import "math"

// softplusInverse is XGBoost's common::SoftPlusInv: the x with log(1 + exp(x)) = y.
func softplusInverse(y float32) float32 {
	y = max(y, 1e-6)
	return y + logf(-expm1f(-y))
}

// expm1f is exp(x)-1 for float32 and x < 0, as glibc has it up to 2.40 (sysdeps/ieee754/flt-32/s_expm1f.c, by Sun
// Microsystems): the same steps with the same roundings. It has its bits for each such argument. Newer versions of glibc
// are more exact: the last bit can differ.
//
// x = k*ln2 + r with |r| <= ln2/2, and c for what rounding r lost.
func expm1f(x float32) float32 {
	const (
		ln2High = 6.9313812256e-01
		ln2Low  = 9.0580006145e-06
		invLn2  = 1.4426950216e+00
	)
	size := math.Float32bits(x) & 0x7fffffff
	if size >= 0x4195b844 { // 27*ln2
		return -1
	}
	k, c := int32(0), float32(0)
	switch {
	case size > 0x3eb17218: // ln2/2
		high, low := x+ln2High, float32(-ln2Low)
		k = -1
		if size >= 0x3f851592 { // 3*ln2/2
			k = int32(float32(invLn2*x) - 0.5)
			high, low = x-float32(float32(k)*ln2High), float32(float32(k)*ln2Low)
		}
		x = high - low
		c = (high - x) - low
	case size < 0x33000000: // 2^-25
		return x
	}
	half := float32(0.5 * x)
	square := float32(x * half)
	r := float32(0)
	for _, q := range [...]float32{-2.0109921195e-07, 4.0082177293e-06, -7.9365076090e-05, 1.5873016091e-03, -3.3333335072e-02} {
		r = float32(square * (q + r))
	}
	r++
	t := 3 - float32(r*half)
	e := float32(square * ((r - t) / (6 - float32(x*t))))
	if k == 0 {
		return x - (float32(x*e) - square)
	}
	e = float32(x*(e-c)) - c - square
	switch {
	case k == -1:
		return float32(0.5*(x-e)) - 0.5
	default:
		return math.Float32frombits(math.Float32bits(1-(e-x))+uint32(k<<23)) - 1
	}
}
