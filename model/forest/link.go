package forest

// Link turns margins into predictions.
type Link struct {
	Kind LinkKind
	// Param is the sigmoid's scale for Sigmoid (LightGBM's sigmoid parameter), and what Isolation says; unused otherwise.
	Param float64
	// Offset is that of Isolation; unused otherwise.
	Offset float64
}

// LinkKind names a transform of a row's margins x.
type LinkKind uint8

const (
	Identity     LinkKind = iota
	Sigmoid               // 1 / (1 + exp(-Param*x)), each output for itself
	Softmax               // exp(x-max) / sum over the row's outputs
	Exp                   // exp(x)
	SignedSquare          // sign(x) * x * x
	Log1pExp              // log1p(exp(x))

	// XGBoost's, in float32 with glibc's expf.
	Sigmoid32 // 1 / (expf(min(-x, 88.7)) + 1), each output for itself
	Softmax32 // expf(x-max) / sum over the row's outputs, the sum in float64
	Exp32     // expf(x)

	Step   // 1 if x > 0, else 0
	ArgMax // the place of the first largest of the row's outputs: one prediction a row

	// CatBoost's, with the exponential function that it uses there.
	FastExp      // exp(x)
	FastSoftmax  // exp(x-max) / sum over the row's outputs
	MeanVariance // x0 and exp(2*x1) of a row's two outputs

	// Isolation is scikit-learn's IsolationForest.decision_function of the total depth x: -(2^(-x/Param)) - Offset, and with
	// Param 0, which stands for trees of one row, -(2^-1) - Offset.
	Isolation

	// ONNX Runtime's, in float32 with expf, whatever Sum is. The last three have two predictions, those of the two classes,
	// for the one margin x.
	OnnxRound        // x as a float32
	OnnxLogistic     // 1 / (1 + expf(-|x|)), or 1 less that for x < 0; each output for itself
	OnnxSoftmax      // expf(x-max) / sum over the row's outputs, the sum in float32
	OnnxSoftmaxZero  // the same, but outputs of at most 1e-7 add nothing to the sum and become x*expf(-max) / sum
	OnnxProbit       // sqrt(2) * an approximation of erf^-1(2x-1)
	OnnxExp          // expf(x) * Param
	OnnxComplement   // 1-x and x
	OnnxOpposite     // -x and x
	OnnxLogisticPair // OnnxLogistic of -x and of x

	Sorted     // the row's outputs in ascending order (XGBoost's quantiles since 3.4)
	Expectiles // x0, then each the one before + 1e-6f + log1pf(expf(x)): XGBoost's expectiles, in float32

	// LinkUnknown is that of an objective which glulam does not know: there are margins, but no predictions.
	LinkUnknown
)
