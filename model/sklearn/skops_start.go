package sklearn

import (
	"math"
	"math/big"
	"slices"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/internal/skops"
)

// start is where the sums of GradientBoosting begin: its init estimator's prediction, through the link. It is not in the file,
// and scikit-learn computes it anew with logarithms, of the C library or numpy, whose last bit is open in rare cases; scipy's
// logit changed with scipy 1.15, and the file does not say which one that was. Where that makes a difference the model is refused.
func (m *skopsModel) start(classifier bool) []float64 {
	h, init := &m.head, m.estimator.Attr("init_")
	base := make([]float64, h.outputs)
	switch name := kind(init); {
	case init.IsText() && init.Text() == "zero":
		return base
	case !classifier && name == "DummyRegressor":
		constant := init.Attr("constant_").Array()
		if constant.Len() != 1 || !constant.Is("fiu") || h.outputs != 1 {
			init.Corrupt("a constant_ of type %q and %d values", constant.Type, constant.Len())
			return base
		}
		return constant.Floats(nil)
	case classifier && name == "DummyClassifier":
		return m.startOdds(init)
	default:
		init.Unsupported("use init=None or \"zero\"", "GradientBoosting that starts from init=%s, which is a model of its own", fault.Quote(name))
	}
	return base
}

// startOdds is the start of a classifier.
func (m *skopsModel) startOdds(init skops.Node) []float64 {
	h := &m.head
	prior := init.Attr("class_prior_").Array().Floats(nil)
	if len(prior) < 2 || h.outputs > 1 && len(prior) != h.outputs {
		init.Corrupt("%d class_prior_ for %d outputs", len(prior), h.outputs)
		return make([]float64, h.outputs)
	}
	for _, p := range prior {
		if !(p >= 0 && p <= 1) {
			init.Corrupt("a class_prior_ of %v", p)
			return make([]float64, h.outputs)
		}
	}
	switch strategy := init.Attr("strategy").Text(); strategy {
	case "prior":
	case "most_frequent":
		at := slices.Index(prior, slices.Max(prior))
		prior = make([]float64, len(prior))
		prior[at] = 1
	default:
		init.Unsupported(exportInstead, "GradientBoosting that starts from a DummyClassifier with strategy=%s", fault.Quote(strategy))
	}
	eps := float64(float32(0x1p-23))
	high := float64(float32(1) - float32(0x1p-23))
	if m.minor >= 8 {
		eps, high = 0x1p-52, 1-0x1p-52
	} else if m.minor >= 4 {
		high = 1 - eps
	}
	for i, p := range prior {
		prior[i] = min(max(p, eps), high)
	}
	base, ok := m.link(prior)
	if !ok {
		init.Unsupported(exportInstead, "the start of the sums, of the class_prior_ %v, is not in the file, and its last bit depends on the versions of scipy and the C library", prior[:min(len(prior), 4)])
	}
	return base
}

// link is the link of the loss, of probabilities. It says whether its bits are certain.
func (m *skopsModel) link(p []float64) ([]float64, bool) {
	switch {
	case m.head.outputs == 1:
		x, ok := logit(p[1], m.minor >= 4)
		if m.forest.Objective == "exponential" {
			x *= 0.5
		}
		return []float64{x}, ok
	case m.minor == 3:
		return logs(p)
	}
	// MultinomialLogit: log(p / gm), with gm the geometric mean.
	sum, ok := logs(p)
	exp := forest.Forest{Outputs: 1, Link: forest.Link{Kind: forest.Exp}} // glibc's
	gm := []float64{numpySum(sum) / float64(len(p))}
	exp.Predictions(gm, gm)
	ratio := make([]float64, len(p))
	for i := range p {
		ratio[i] = p[i] / gm[0]
	}
	base, certain := logs(ratio)
	return base, ok && certain
}

func logs(p []float64) ([]float64, bool) {
	out, ok := make([]float64, len(p)), true
	for i, x := range p {
		var sure bool
		out[i], sure = logarithm(x)
		ok = ok && sure
	}
	return out, ok
}

// logit is log(p / (1-p)), or what scipy 1.15 and later do around 0.5.
func logit(p float64, scipy bool) (float64, bool) {
	x, ok := logarithm(p / (1 - p))
	if !scipy || p < 0.3 || p > 0.65 {
		return x, ok
	}
	s := 2 * (p - 0.5)
	for _, a := range near(log1pOf(s)) {
		for _, b := range near(log1pOf(-s)) {
			ok = ok && a-b == x
		}
	}
	return x, ok
}

// logarithm is log(x) of x > 0, which is not denormal, as glibc has it on a processor with a fused multiply-add, and numpy
// without AVX-512: that is wrong by half an ulp and 2.5e-19, or near 1 by 0.507 ulp, at the most (the bounds of
// sysdeps/ieee754/dbl-64/e_log.c). Where the exact logarithm lies so near to the middle of two numbers that this leaves both
// open, it is not certain.
func logarithm(x float64) (float64, bool) {
	if x == 1 {
		return 0, true
	}
	exact := logOf(x)
	y, _ := exact.Float64()
	size := math.Abs(y)
	ulp := size - math.Nextafter(size, 0)
	open := 0.008 * ulp
	if size >= 1.0/16 {
		open = 2.6e-19
	}
	off, _ := new(big.Float).Sub(exact, exactly(y)).Float64()
	return y, math.Abs(off) < 0.5*ulp-open
}

// near are the float64 numbers that a function wrong by less than 1 ulp may give.
func near(exact *big.Float) []float64 {
	x, _ := exact.Float64()
	if x == 0 {
		return []float64{0}
	}
	if exact.Cmp(new(big.Float).SetFloat64(x)) >= 0 {
		return []float64{x, math.Nextafter(x, math.Inf(1))}
	}
	return []float64{x, math.Nextafter(x, math.Inf(-1))}
}

// digits is the precision of exact values, in bits.
const digits = 200

func exactly(x float64) *big.Float { return new(big.Float).SetPrec(digits).SetFloat64(x) }

// atanh2 is 2 atanh(z) = log((1+z)/(1-z)) for |z| < 0.4.
func atanh2(z *big.Float) *big.Float {
	sum := exactly(0)
	if z.Sign() == 0 {
		return sum
	}
	power, square := new(big.Float).Copy(z), new(big.Float).Mul(z, z)
	for k := 1.0; power.MantExp(nil) > z.MantExp(nil)-digits; k += 2 {
		sum.Add(sum, new(big.Float).Quo(power, exactly(k)))
		power.Mul(power, square)
	}
	return sum.Mul(sum, exactly(2))
}

var log2 = atanh2(new(big.Float).Quo(exactly(1), exactly(3)))

// logOf is log(x).
func logOf(x float64) *big.Float {
	m, k := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, k = 2*m, k-1
	}
	one := exactly(1)
	sum := atanh2(new(big.Float).Quo(new(big.Float).Sub(exactly(m), one), new(big.Float).Add(exactly(m), one)))
	return sum.Add(sum, new(big.Float).Mul(log2, exactly(float64(k))))
}

// log1pOf is log(1+x) for |x| < 0.5.
func log1pOf(x float64) *big.Float {
	return atanh2(new(big.Float).Quo(exactly(x), new(big.Float).Add(exactly(2), exactly(x))))
}

// averagePath is scikit-learn's _average_path_length of n rows. It says whether its bits are certain.
func averagePath(n float64) (float64, bool) {
	const gamma = 0.57721566490153286060651209008240243
	switch {
	case n <= 1:
		return 0, true
	case n == 2:
		return 1, true
	}
	x, ok := logarithm(n - 1)
	euler := float64(gamma)
	return float64(2*(x+euler)) - float64(2*(n-1))/n, ok
}
