package forest

// Forest is a tree ensemble over a row of float64 features. Fill it, call Validate, then treat it as immutable: it is
// safe for concurrent use only because nobody writes to it.
//
// The score of a row x (one float64 a feature; NaN is missing; a category is its code):
//
//	x[f] = 0 where |x[f]| <= ZeroBand;  x[f] = float64(float32(x[f])) if Input is Float32
//	sum[k] = Base[k], then the linear Terms if there are any
//	for t in Trees, in order:  sum[t.Output] += leaf(t, x)      (vector leaves: sum[k] += leaf(t, x)[k] for every k)
//	margin = sum, divided by Rounds if Average is AverageMargin; then times Scale, if that is not 0; then + Bias[k]
//	prediction = Link(margin, divided by Rounds if Average is AveragePrediction)
//
// Every addition is one rounded operation in the precision Sum; a multiply and an add are never fused.
type Forest struct {
	Format    string // "lightgbm", "xgboost", ...
	Version   string // of the format or of the library that wrote it, as the file says it: "v4"
	Objective string // as the file says it: "binary sigmoid:1"
	Booster   string // "gbdt", "dart", "rf", ...; "" when the file does not say

	Features []Feature
	Outputs  int // K >= 1: margins a row

	Trees  []Tree
	Nodes  []Node    // of all trees
	Leaves []float64 // values of all leaves: leaf l of tree t, output k at (t.FirstLeaf+l)*LeafWidth + k
	// LeafWidth is 1, or Outputs for vector leaves.
	LeafWidth int
	// LeafIDs holds what the library's own leaf-index prediction says for each leaf (XGBoost: node numbers), indexed
	// like Leaves/LeafWidth. nil: the position within the tree.
	LeafIDs []int32
	// Linear holds the linear models of the leaves; nil when no leaf has one.
	Linear *Linear

	Sets  []Set    // categorical sets that InSet nodes refer to
	Words []uint32 // their bits

	ZeroBand float64   // |x| <= ZeroBand counts as 0 (LightGBM's C API: 1e-35f); 0: off (0 and -0 compare equal anyway)
	Input    Precision // Float32: features are rounded to float32 first (XGBoost, scikit-learn's forests)
	Sum      Precision // precision of each addition to a sum
	Base     []float64 // start of each sum, len Outputs; nil: zeros
	Scale    float64   // of each sum, after all trees (CatBoost); 0 is 1
	Bias     []float64 // added to each scaled sum, len Outputs; nil: zeros. It belongs to the first round: see Keep
	Average  Average
	Rounds   int // boosting rounds (iterations); what Average divides by
	// RoundStart has the first tree of each round and, as its last element, len(Trees). nil: every round has as many.
	RoundStart []int32
	// BestRounds is how many rounds early stopping found best, as the file says it; 0: it says nothing.
	BestRounds int
	// Terms are the linear terms of a model that is a sum of them (XGBoost's gblinear); nil: none.
	Terms *Terms

	Link Link
	Task Task
	// NoClass says why no class can be made of the predictions of a classifier: "the model has ..."; "": one can.
	NoClass string
	// Classes are the labels of the classes in the order of their numbers; nil: the numbers themselves, or no classes.
	Classes []string
}

// Terms add, to each sum and before the trees, Coeff[j*Outputs+k] * x[j] for every feature j in order; a feature that is
// NaN, or that has no coefficient but 0, adds nothing. Product and sum are each rounded to the precision Sum.
type Terms struct {
	Coeff []float64 // len(Features)*Outputs
}

// Precision of an arithmetic step.
type Precision uint8

const (
	Float64 Precision = iota
	Float32
)

// Average says whether and where the sum is divided by Rounds.
type Average uint8

const (
	AverageNone       Average = iota // boosting
	AveragePrediction                // LightGBM's rf: the raw score is the plain sum, the prediction divides
	AverageMargin                    // scikit-learn's forests: there is no undivided score
)

// Task says what the class of a row is.
type Task uint8

const (
	TaskRegression Task = iota // no class
	TaskBinary                 // class 1 iff prediction > 0.5
	TaskMulticlass             // the first arg-max
	TaskRanking                // no class
)

// Tree is one tree of the ensemble.
type Tree struct {
	// Root is an index into Forest.Nodes, or ^0 (-1) for a tree that is a single leaf.
	Root int32
	// The tree owns Forest.Nodes[FirstNode:FirstNode+NumNodes] and NumLeaves = NumNodes+1 leaves from FirstLeaf.
	FirstNode, NumNodes  int32
	FirstLeaf, NumLeaves int32
	Output               int32 // the sum that scalar leaves go to; 0 for vector leaves
}

// Node is a split. A child >= 0 is an index into Forest.Nodes; a child < 0 is leaf ^child of the same tree.
//
// Op decides the side of a value that is present; Missing says which values are missing and so go to DefaultLeft's side.
type Node struct {
	Threshold   float64 // for LessEqual, Less, Equal
	Feature     int32
	Left, Right int32
	Set         int32 // for InSet: index into Forest.Sets
	Op          Op
	Missing     Missing
	DefaultLeft bool
}

// Op is a node's question; true goes left.
type Op uint8

const (
	LessEqual Op = iota // x <= Threshold
	Less                // x < Threshold
	Equal               // x == Threshold
	// InSet: the category trunc(x) is in the set. A value that is no category (x <= -1 or x >= 2^31) is in no set.
	// Unknown categories of the set's Known list are handled as Set says.
	InSet
)

// Missing says what a node takes for missing.
type Missing uint8

const (
	// MissingNaN: NaN goes to the default side.
	MissingNaN Missing = iota
	// MissingZero: NaN, 0 and |x| <= ZeroThreshold go to the default side (LightGBM's zero_as_missing).
	MissingZero
	// MissingNone: NaN is replaced by 0.0 and compared; for InSet, NaN is in no set.
	MissingNone
)

// ZeroThreshold is LightGBM's kZeroThreshold, 1e-35f as a double.
const ZeroThreshold = float64(float32(1e-35))

// Set is a set of categories: bit c of Words[First:First+Len] says whether category c is in it. Categories past the end
// are not.
type Set struct {
	First, Len int32
	// Known, when not -1, is the index of another set holding all categories of the training data: a value that is in
	// neither set counts as missing (scikit-learn's HistGradientBoosting). -1: every category is known. NaN under
	// MissingNone goes right all the same.
	Known int32
	// Positive says that a value below 0 is no category and so in no set (XGBoost since 1.6). Otherwise only those up to -1
	// are none: -0.5 is category 0.
	Positive bool
}

// Linear holds a linear model a leaf, indexed like Leaves (LeafWidth is 1). The value of leaf l is
//
//	Const[l] + Coeff[i]*x[Feature[i]] + ...  for i in Start[l]..Start[l+1], added in order, each product rounded first,
//
// unless one of those features is NaN: then it is Leaves[l]. A leaf without a linear model has Const[l] = Leaves[l] and
// no coefficients.
type Linear struct {
	Const   []float64
	Start   []int32 // len(Const)+1
	Feature []int32
	Coeff   []float64
}

// Feature is a column that the model was trained on.
type Feature struct {
	Name string // "" in formats that carry none
	Kind Kind
	// Categories maps the column's values to codes, for models that carry that list (pandas_categorical): code i is
	// Categories.At(i). nil: the column holds numbers (codes, if Kind is Categorical). An ordered pandas category is a
	// Numeric feature with Categories.
	Categories *Categories
	// Codes says, of a Categorical feature without Categories, that the library may have made the codes itself, of values that
	// the file does not have.
	Codes bool
	Used  bool // some node, linear leaf or linear term looks at it
}

// Kind of a feature.
type Kind uint8

const (
	Numeric     Kind = iota
	Categorical      // nodes ask InSet or Equal about its code
)

// Categories is the ordered list of values behind the codes 0, 1, 2, ... Exactly one of the lists is not nil.
type Categories struct {
	Text   []string
	Number []float64 // integers and floats
	Bool   []bool
	// Hash holds, for texts that the model does not carry, the CategoryHash of each (CatBoost). A value that
	// is not among them has code -1, and a missing one is refused.
	Hash []uint32
}

// Len is the number of categories.
func (c *Categories) Len() int { return len(c.Text) + len(c.Number) + len(c.Bool) + len(c.Hash) }
