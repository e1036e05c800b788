package forest

import "math"

// predict32 is Predictions for XGBoost's links, which are computed in float32 step by step as XGBoost does. Margins are
// float32 numbers; predictions are, too. With glibc's expf (2.27 or later, x86 with a fused multiply-add) they have
// XGBoost's bits.
func (f *Forest) predict32(dst, margins []float64) {
	switch f.Link.Kind {
	case Sigmoid32:
		for i, m := range margins {
			dst[i] = float64(sigmoid32(float32(m)))
		}
	case Softmax32:
		for i := 0; i < len(margins); i += f.Outputs {
			softmax32(dst[i:i+f.Outputs], margins[i:i+f.Outputs])
		}
	case Exp32:
		for i, m := range margins {
			dst[i] = float64(expf(float32(m)))
		}
	case Expectiles:
		for i := 0; i < len(margins); i += f.Outputs {
			expectiles(dst[i:i+f.Outputs], margins[i:i+f.Outputs])
		}
	}
}

// sigmoid32 is XGBoost's common::Sigmoid. Its 1e-16, added against a division by 0, is lost in rounding.
func sigmoid32(x float32) float32 {
	const most = 88.7 // expf does not overflow
	z := -x
	if z > most {
		z = most
	}
	return 1 / (expf(z) + 1)
}

// softmax32 is XGBoost's common::Softmax: the sum is a float64, rounded to float32 before the divisions.
func softmax32(dst, margins []float64) {
	top := float32(margins[0])
	for _, m := range margins[1:] {
		if v := float32(m); v > top {
			top = v
		}
	}
	sum := 0.0
	for i, m := range margins {
		e := float64(expf(float32(m) - top))
		dst[i] = e
		sum += e
	}
	for i, e := range dst {
		dst[i] = float64(float32(e) / float32(sum))
	}
}

// expf is the exponential function for float32 of glibc (sysdeps/ieee754/flt-32/e_expf.c, by Szabolcs Nagy of Arm): the same
// steps with the same roundings as its build for processors with a fused multiply-add. It has that build's bits for each of
// the 2^32 arguments.
//
// expf(x) = 2^(k/32) * 2^(r/32) with |r| <= 1/2: the first factor is looked up, the second a polynomial, all in float64.
func expf(x float32) float32 {
	const (
		invLn2N = 0x1.71547652b82fep0 * 32
		shift   = 0x1.8p52 // adding it rounds to an integer
		c0      = 0x1.c6af84b912394p-5 / 32 / 32 / 32
		c1      = 0x1.ebfce50fac4f3p-3 / 32 / 32
		c2      = 0x1.62e42ff0c52d6p-1 / 32
	)
	switch {
	case x != x:
		return x
	case x > 0x1.62e42ep6: // log(2^128)
		return float32(math.Inf(1))
	case x < -0x1.9fe368p6: // log(2^-150)
		return 0
	}
	kd := math.FMA(invLn2N, float64(x), shift)
	ki := math.Float64bits(kd)
	kd -= shift
	r := math.FMA(invLn2N, float64(x), -kd)
	// The heads of the table for exp are 2^(i/128); every fourth is what is needed here.
	s := math.Float64frombits(expTable[2*4*(ki%32)+1] + ki<<47)
	z := math.FMA(c0, r, c1)
	y := math.FMA(c2, r, 1)
	y = math.FMA(z, float64(r*r), y)
	return float32(y * s)
}
