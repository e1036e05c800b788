package forest

// Link turns margins into predictions.
type Link struct {
	Kind LinkKind
	// Param is the sigmoid's scale for Sigmoid (LightGBM's sigmoid parameter); unused otherwise.
	Param float64
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

	// LinkUnknown is that of an objective which glulam does not know: there are margins, but no predictions.
	LinkUnknown
)
