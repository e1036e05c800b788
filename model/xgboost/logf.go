package xgboost

import "math"

// logf is the logarithm for float32 of glibc (sysdeps/ieee754/flt-32/e_logf.c, by Szabolcs Nagy of Arm), which XGBoost calls
// to make a margin of a base score: the same steps with the same roundings as its build for processors with a fused
// multiply-add. It has that build's bits for each of the 2^32 arguments. float32(math.Log(x)) is off by one in the last
// place for some.
//
// logf(x) = log(z/c) + log(c) + k*ln2 with x = 2^k * z and c near z, looked up; all in float64.
func logf(x float32) float32 {
	const (
		ln2    = 0x1.62e42fefa39efp-1
		offset = 0x3f330000
		a0     = -0x1.00ea348b88334p-2
		a1     = 0x1.5575b0be00b6ap-2
		a2     = -0x1.ffffef20a4123p-2
	)
	bits := math.Float32bits(x)
	switch {
	case x == 1:
		return 0
	case x == 0:
		return float32(math.Inf(-1))
	case !(x > 0):
		return float32(math.NaN())
	case math.IsInf(float64(x), 1):
		return x
	case bits < 0x00800000: // subnormal
		bits = math.Float32bits(x*0x1p23) - 23<<23
	}
	// 2^k * z, with z from 0x3f330000 to twice that, and c near the middle of the 16th of that range that z is in.
	t := bits - offset
	k := float64(int32(t) >> 23)
	c := &logTable[t>>19&15]
	z := float64(math.Float32frombits(bits - t&0xff800000))
	r := math.FMA(z, c[0], -1)
	y0 := math.FMA(k, ln2, c[1])
	r2 := float64(r * r)
	y := math.FMA(a1, r, a2)
	y = math.FMA(a0, r2, y)
	return float32(math.FMA(y, r2, float64(y0+r)))
}

// logTable holds 1/c and log(c).
var logTable = [16][2]float64{
	{0x1.661ec79f8f3bep+0, -0x1.57bf7808caadep-2},
	{0x1.571ed4aaf883dp+0, -0x1.2bef0a7c06ddbp-2},
	{0x1.49539f0f010bp+0, -0x1.01eae7f513a67p-2},
	{0x1.3c995b0b80385p+0, -0x1.b31d8a68224e9p-3},
	{0x1.30d190c8864a5p+0, -0x1.6574f0ac07758p-3},
	{0x1.25e227b0b8eap+0, -0x1.1aa2bc79c81p-3},
	{0x1.1bb4a4a1a343fp+0, -0x1.a4e76ce8c0e5ep-4},
	{0x1.12358f08ae5bap+0, -0x1.1973c5a611cccp-4},
	{0x1.0953f419900a7p+0, -0x1.252f438e10c1ep-5},
	{0x1p+0, 0x0p+0},
	{0x1.e608cfd9a47acp-1, 0x1.aa5aa5df25984p-5},
	{0x1.ca4b31f026aap-1, 0x1.c5e53aa362eb4p-4},
	{0x1.b2036576afce6p-1, 0x1.526e57720db08p-3},
	{0x1.9c2d163a1aa2dp-1, 0x1.bc2860d22477p-3},
	{0x1.886e6037841edp-1, 0x1.1058bc8a07ee1p-2},
	{0x1.767dcf5534862p-1, 0x1.4043057b6ee09p-2},
}
