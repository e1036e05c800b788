package forest

import "math"

// expectiles is what XGBoost's ExpectileRegression::PredTransform does with a row.
func expectiles(dst, margins []float64) {
	sum := float32(margins[0])
	dst[0] = float64(sum)
	for i := 1; i < len(margins); i++ {
		sum += float32(1e-6) + softplus(float32(margins[i]))
		dst[i] = float64(sum)
	}
}

// softplus is XGBoost's common::SoftPlus: log(1 + exp(x)).
func softplus(x float32) float32 {
	if x > 0 {
		return x + log1pf(expf(-x))
	}
	return log1pf(expf(x))
}

// log1pf is log(1+x) for float32 and 0 <= x <= 1, as glibc has it up to 2.40 (sysdeps/ieee754/flt-32/s_log1pf.c, by Sun
// Microsystems): the same steps with the same roundings. It has its bits for each such argument. Newer versions of glibc
// are more exact: the last bit can differ.
//
// 1+x = 2^k * (1+f) with 1+f between sqrt(1/2) and sqrt(2), and c for what rounding 1+x lost.
func log1pf(x float32) float32 {
	const (
		ln2High = 6.9313812256e-01
		ln2Low  = 9.0580006145e-06
	)
	switch {
	case x < 0x1p-54 || x != x:
		return x
	case x < 0x1p-29:
		return x - float32(float32(x*x)*0.5)
	}
	k, f, c, rest := float32(0), x, float32(0), uint32(1)
	if math.Float32bits(x) >= 0x3ed413d7 { // 0.4142
		u := 1 + x
		k = float32(int32(math.Float32bits(u)>>23) - 127)
		if k > 0 {
			c = 1 - (u - x)
		} else {
			c = x - (u - 1)
		}
		c /= u
		rest = math.Float32bits(u) & 0x007fffff
		if rest < 0x3504f7 {
			u = math.Float32frombits(rest | 0x3f800000)
		} else {
			k++
			u = math.Float32frombits(rest | 0x3f000000)
			rest = (0x00800000 - rest) >> 2
		}
		f = u - 1
	}
	half := float32(float32(0.5*f) * f)
	low := float32(float32(k*ln2Low) + c)
	high := float32(k * ln2High)
	if rest == 0 { // |f| < 2^-20
		if f == 0 {
			return high + low
		}
		r := float32(half * (1 - float32(float32(0.66666666666666666)*f)))
		return high - ((r - low) - f)
	}
	s := f / (2 + f)
	z := float32(s * s)
	r := float32(0)
	for _, a := range [...]float32{1.4798198640e-01, 1.5313838422e-01, 1.8183572590e-01, 2.2222198546e-01, 2.8571429849e-01, 4.0000000596e-01,
		6.6666668653e-01} {
		r = float32(z * (a + r))
	}
	if k == 0 {
		return f - (half - float32(s*(half+r)))
	}
	return high - ((half - (float32(s*(half+r)) + low)) - f)
}
