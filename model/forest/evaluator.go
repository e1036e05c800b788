package forest

// Evaluator scores dense rows. Implementations are immutable and safe for concurrent use, and give the same bits as
// [Reference] or refuse a forest when they are made.
type Evaluator interface {
	// Name is the engine's name as the command line has it: "reference", "leaves".
	Name() string
	// Margins writes Forest.Outputs margins a row to out, row after row. x holds len(Forest.Features) values a row, row
	// after row, and is not changed. len(out) must be rows*Outputs and len(x) rows*len(Features).
	Margins(x []float64, rows int, out []float64)
	// LeafIndices writes one leaf index a tree and row to out, row after row, in tree order: what the training library's
	// own leaf prediction says. len(out) must be rows*len(Trees).
	LeafIndices(x []float64, rows int, out []int32)
}

// ColumnEvaluator is an Evaluator that would rather have columns: x then holds rows values a feature, feature after feature.
// Only the values of features that are Used are looked at.
type ColumnEvaluator interface {
	Evaluator
	// MarginsOfColumns is Margins for columns.
	MarginsOfColumns(x []float64, rows int, out []float64)
	// LeafIndicesOfColumns is LeafIndices for columns.
	LeafIndicesOfColumns(x []float64, rows int, out []int32)
}
