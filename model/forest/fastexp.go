package forest

import (
	"math"
	"math/big"
	"sync"
)

// fastPredict is Predictions for CatBoost's links, with CatBoost's exponential function.
func (f *Forest) fastPredict(dst, margins []float64) {
	switch f.Link.Kind {
	case FastExp:
		for i, m := range margins {
			dst[i] = fastExp(m)
		}
	case FastSoftmax:
		for i := 0; i < len(margins); i += f.Outputs {
			fastSoftmax(dst[i:i+f.Outputs], margins[i:i+f.Outputs])
		}
	case MeanVariance:
		for i := 0; i < len(margins); i += 2 {
			dst[i], dst[i+1] = margins[i], fastExp(2*margins[i+1])
		}
	}
}

// fastSoftmax is CatBoost's CalcSoftmax. It takes the exponentials of four outputs at a time, which for arguments too small
// gives the smallest number that is not 0, and those of what is left over one by one.
func fastSoftmax(dst, margins []float64) {
	top := margins[0]
	for _, m := range margins[1:] {
		top = max(top, m)
	}
	fours := len(margins) &^ 3
	sum := 0.0
	for i, m := range margins {
		m -= top
		if i < fours {
			m = max(m, fastLeast)
			dst[i] = fastInside(m)
		} else {
			dst[i] = fastExp(m)
		}
		sum += dst[i]
	}
	for i := range dst {
		dst[i] /= sum
	}
}

const (
	fastBits   = 11
	fastSteps  = 1 << fastBits
	fastLeast  = -708.39641853226408 // log of the smallest normal float64
	fastMost   = 709.78271289338397  // log of the largest
	fastPerOne = 2954.639443740597   // fastSteps/log(2), and what is left of a step
	fastStep   = 0.0003384507717577858
)

// fastExp is exp(x) as CatBoost's FastExpInplace has it (fmath's expd by Mitsunari Shigeo, without a fused multiply-add): the
// same steps with the same roundings, so the same bits. It is off by about |x|/2 ulps from the true value.
//
// CatBoost has two results for x below -708.396 when it takes the exponentials of many rows: 0, and for rows that it takes
// four at a time 2.2e-308. This is the former.
//
// exp(x) = 2^(k/2048) * exp(-t) with |t| <= log(2)/4096: the first factor is looked up, the second a polynomial.
func fastExp(x float64) float64 {
	switch {
	case x <= fastLeast:
		return 0
	case x >= fastMost:
		return math.Inf(1)
	}
	return fastInside(x)
}

// fastInside is fastExp for x from fastLeast to fastMost, and for NaN.
func fastInside(x float64) float64 {
	const (
		shift = 3 << 51 // adding it leaves an integer in the low bits
		c2    = 0.16666666685227835064
		c3    = 3.0000000027955394
	)
	// The conversions keep the compiler from fusing products and sums.
	d := float64(x*fastPerOne) + shift
	k := math.Float64bits(d)
	t := float64((d-shift)*fastStep) - x
	y := float64(float64((c3-t)*float64(t*t))*c2) - t + 1
	power := (k + (1023 << fastBits)) >> fastBits << 52
	return y * math.Float64frombits(power|fastTable()[k%fastSteps])
}

// fastTable has the significands of 2^(i/2048), each rounded to the nearest float64.
var fastTable = sync.OnceValue(func() *[fastSteps]uint64 {
	const precision = 200
	step := big.NewFloat(2).SetPrec(precision)
	for range fastBits {
		step.Sqrt(step)
	}
	table := new([fastSteps]uint64)
	power := big.NewFloat(1).SetPrec(precision)
	for i := range table {
		v, _ := power.Float64()
		table[i] = math.Float64bits(v) & (1<<52 - 1)
		power.Mul(power, step)
	}
	return table
})
