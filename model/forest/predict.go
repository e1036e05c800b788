package forest

import (
	"fmt"
	"math"
	"slices"
)

// Predictions writes the prediction of every margin to dst: what the training library's predict gives. margins and dst
// hold rows of Outputs values and may be the same slice. The arithmetic is float64, step for step the libraries', with
// glibc's exp, so predictions have LightGBM's bits too, where it runs on glibc and a processor with a fused multiply-add;
// only cross_entropy_lambda, which needs log1p, may be off by 1 ulp. Other C libraries' exp differs in the last bit.
//
// dst holds rows of PredictionWidth values. A forest of LinkUnknown has no predictions: what dst then holds means nothing.
func (f *Forest) Predictions(dst, margins []float64) {
	if f.Average == AveragePrediction {
		for i, m := range margins {
			dst[i] = m / float64(f.Rounds)
		}
		margins = dst
	}
	if f.onnx(dst, margins) {
		return
	}
	switch l := f.Link; l.Kind {
	case Identity:
		copy(dst, margins)
	case Sigmoid:
		for i, m := range margins {
			dst[i] = 1 / (1 + exp(-l.Param*m))
		}
	case Softmax:
		for i := 0; i < len(margins); i += f.Outputs {
			softmax(dst[i:i+f.Outputs], margins[i:i+f.Outputs])
		}
	case Exp:
		for i, m := range margins {
			dst[i] = exp(m)
		}
	case SignedSquare:
		for i, m := range margins {
			dst[i] = sign(m) * m * m
		}
	case Log1pExp:
		for i, m := range margins {
			dst[i] = math.Log1p(exp(m))
		}
	case FastExp, FastSoftmax, MeanVariance:
		f.fastPredict(dst, margins)
	case Isolation:
		for i, m := range margins {
			dst[i] = l.isolation(m)
		}
	case Sigmoid32, Softmax32, Exp32, Expectiles:
		f.predict32(dst, margins)
	case Step:
		for i, m := range margins {
			dst[i] = 0
			if m > 0 {
				dst[i] = 1
			}
		}
	case Sorted:
		copy(dst, margins)
		for i := 0; i < len(dst); i += f.Outputs {
			slices.Sort(dst[i : i+f.Outputs])
		}
	case ArgMax:
		for i := range len(margins) / f.Outputs {
			dst[i] = float64(first(margins[i*f.Outputs : (i+1)*f.Outputs]))
		}
	}
}

// PredictionWidth is how many predictions a row has: Outputs, but for ArgMax, where it is 1, and for links that make two
// of one margin.
func (f *Forest) PredictionWidth() int {
	if f.Link.Kind == ArgMax {
		return 1
	}
	if f.Link.Kind.pair() {
		return 2 * f.Outputs
	}
	return f.Outputs
}

// first is the place of the first largest value.
func first(values []float64) int {
	best := 0
	for i, v := range values {
		if v > values[best] {
			best = i
		}
	}
	return best
}

// softmax is LightGBM's Common::Softmax: subtract the largest, exponentiate, divide by the sum in order.
func softmax(dst, margins []float64) {
	top := margins[0]
	for _, m := range margins[1:] {
		top = max(top, m)
	}
	sum := 0.0
	for i, m := range margins {
		dst[i] = exp(m - top)
		sum += dst[i]
	}
	for i := range dst {
		dst[i] /= sum
	}
}

// sign is LightGBM's Common::Sign.
func sign(v float64) float64 {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return 0
}

// Class is the class that a row's predictions stand for: 1 iff the probability is above 0.5 for TaskBinary (or, of
// two predictions, iff the second one is larger), the first largest output for TaskMulticlass. Other tasks have none: HasClass.
func (f *Forest) Class(predictions []float64) int32 {
	if f.Task == TaskBinary {
		if f.Link.Kind.pair() {
			return int32(first(predictions))
		}
		if predictions[0] > 0.5 {
			return 1
		}
		return 0
	}
	if f.Link.Kind == ArgMax {
		return int32(predictions[0])
	}
	return int32(first(predictions))
}

// HasClass says whether a class can be made of this forest's predictions.
func (f *Forest) HasClass() bool { return f.WhyNoClass() == "" }

// WhyNoClass says why no class can be made of this forest's predictions, as the end of a sentence; "" if HasClass.
func (f *Forest) WhyNoClass() string {
	switch {
	case f.Link.Kind == LinkUnknown:
		return fmt.Sprintf("how the objective %q makes predictions of margins is not known", f.Objective)
	case f.Task == TaskRegression && f.Link.Kind == Sigmoid && f.Outputs > 1:
		return fmt.Sprintf("the objective %q gives a probability for each of %d labels", f.Objective, f.Outputs)
	case f.Task == TaskRegression:
		return fmt.Sprintf("the objective %q predicts numbers", f.Objective)
	case f.Task == TaskRanking:
		return fmt.Sprintf("the objective %q ranks rows", f.Objective)
	}
	return f.NoClass
}
