package forest

import "math"

// onnx makes predictions of margins as ONNX Runtime does after its tree ensembles: in float32, also where the sums are
// float64. It says whether the link is one of its.
//
// The steps are those of write_scores in onnxruntime/core/providers/cpu/ml/ml_common.h.
func (f *Forest) onnx(dst, margins []float64) bool {
	k := f.Outputs
	switch l := f.Link; l.Kind {
	case OnnxRound:
		for i, m := range margins {
			dst[i] = float64(float32(m))
		}
	case OnnxLogistic:
		for i, m := range margins {
			dst[i] = float64(onnxLogistic(float32(m)))
		}
	case OnnxSoftmax, OnnxSoftmaxZero:
		for i := 0; i < len(margins); i += k {
			onnxSoftmax(dst[i:i+k], margins[i:i+k], l.Kind == OnnxSoftmaxZero)
		}
	case OnnxProbit:
		for i, m := range margins {
			dst[i] = float64(onnxProbit(float32(m)))
		}
	case OnnxExp:
		for i, m := range margins {
			dst[i] = float64(mlasExp(float32(m)) * float32(l.Param))
		}
	case OnnxComplement, OnnxOpposite, OnnxLogisticPair:
		for i := len(margins) - 1; i >= 0; i-- { // dst may begin where margins do
			dst[2*i], dst[2*i+1] = onnxPair(l.Kind, margins[i])
		}
	default:
		return false
	}
	return true
}

// pair says whether a link makes two predictions, for the first and the second class, of one margin.
func (k LinkKind) pair() bool {
	return k == OnnxComplement || k == OnnxOpposite || k == OnnxLogisticPair
}

func onnxPair(kind LinkKind, s float64) (first, second float64) {
	switch kind {
	case OnnxComplement:
		return float64(float32(1 - s)), float64(float32(s))
	case OnnxOpposite:
		return float64(float32(-s)), float64(float32(s))
	}
	return float64(onnxLogistic(float32(-s))), float64(onnxLogistic(float32(s)))
}

// onnxLogistic is ComputeLogistic.
func onnxLogistic(x float32) float32 {
	v := 1 / (1 + expf(-float32(math.Abs(float64(x)))))
	if x < 0 {
		return 1 - v
	}
	return v
}

// onnxSoftmax is ComputeSoftmax, or ComputeSoftmaxZero, which leaves out values close to 0.
func onnxSoftmax(dst, margins []float64, zero bool) {
	top := float32(-math.MaxFloat32)
	for _, m := range margins {
		top = max(top, float32(m))
	}
	least := expf(-top)
	var sum float32
	for i, m := range margins {
		x := float32(m)
		if zero && x <= 0.0000001 && x >= -0.0000001 {
			dst[i] = float64(x * least)
			continue
		}
		e := expf(x - top)
		dst[i] = float64(e)
		sum += e
	}
	for i := range dst {
		dst[i] = float64(float32(dst[i]) / sum)
	}
}

// onnxProbit is ComputeProbit: Winitzki's approximation of the inverse error function.
func onnxProbit(p float32) float32 {
	x := float32(2*p) - 1
	sign := float32(1)
	if x < 0 {
		sign = -1
	}
	x = float32(1-x) * float32(1+x)
	log := float32(math.Log(float64(x)))
	const a float32 = 0.147
	v := float32(2/float32(float32(math.Pi)*a)) + float32(0.5*log)
	v2 := float32(1/a) * log
	v3 := -v + float32(math.Sqrt(float64(float32(v*v)-v2)))
	return math.Sqrt2 * float32(sign*float32(math.Sqrt(float64(v3))))
}
