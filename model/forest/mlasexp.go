package forest

import "math"

// mlasExp is the exponential function of ONNX Runtime's Exp operator: MlasComputeExpF32Kernel of
// onnxruntime/core/mlas/lib/compute.cpp, with the fused multiply-adds of its builds for AVX2 and AVX-512. It is another one
// than the expf of the tree operators, and off by up to an ulp.
func mlasExp(x float32) float32 {
	const (
		lower      = -103.9720840454
		upper      = 88.7762626647950
		bias       = 12582912.0 // adding it rounds to an integer
		log2e      = 1.44269504088896341
		negLn2high = -6.93145752e-1
		negLn2low  = -1.42860677e-6
		least      = math.MinInt32 + 0x41000000 // 0xC1000000
		most       = 0x3F800000
	)
	if x != x {
		return x
	}
	x = min(max(x, lower), upper)
	biased := fma32(x, log2e, bias)
	m := biased - bias
	x = fma32(m, negLn2high, x)
	x = fma32(m, negLn2low, x)
	overflow := int32(math.Float32bits(biased) << 23)
	normal := max(min(overflow, most), int32(least))
	overflow -= normal
	scale := math.Float32frombits(uint32(overflow) + most)
	last := math.Float32frombits(uint32(normal) + most)
	p := float32(0x1.694000p-10)
	for _, c := range [...]float32{0x1.125edcp-7, 0x1.555b5ap-5, 0x1.555450p-3, 0x1.fffff6p-2, 1} {
		p = fma32(p, x, c)
	}
	x *= scale
	return float32(fma32(p, x, scale) * last)
}

// fma32 is x*y + z, rounded once.
func fma32(x, y, z float32) float32 {
	p, c := float64(float64(x)*float64(y)), float64(z) // the product of two float32s is exact
	s := p + c
	// What rounding s lost goes into its last bit, where it decides ties, and nothing else, of the second rounding.
	t := s - p
	if lost := (p - (s - t)) + (c - t); lost != 0 && math.Float64bits(s)&1 == 0 {
		s = math.Nextafter(s, math.Copysign(math.Inf(1), lost))
	}
	return float32(s)
}
