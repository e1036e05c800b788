package number

import "math"

// Half is the value of an IEEE 754 half, exactly. Arrow's own conversion loses the subnormal ones.
func Half(bits uint16) float64 {
	exp, frac := int(bits>>10&0x1f), float64(bits&0x3ff)
	var v float64
	switch exp {
	case 0:
		v = math.Ldexp(frac, -24)
	case 0x1f:
		v = math.Inf(1)
		if frac != 0 {
			v = math.NaN()
		}
	default:
		v = math.Ldexp(1024+frac, exp-25)
	}
	if bits>>15 != 0 {
		v = -v
	}
	return v
}
