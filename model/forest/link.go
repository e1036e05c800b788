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
)
