// Package sklearn reads scikit-learn's tree models, in the JSON that the Python file export.py ([Exporter]) writes of them.
// Files of skops are read as well. A pickle is never read: only Python knows what it means, and loading one runs it.
//
//	f, steps, err := sklearn.Parse(data, "model.json")
//	f, steps, err := sklearn.ParseSkops(data, "model.skops")
//
// [Parse] and [ParseSkops] give a validated forest.Forest with scikit-learn's own margins, bit for bit, and the prep.Graph of what a
// Pipeline does to a row before.
//
// # What is exported
//
// HistGradientBoosting, GradientBoosting, RandomForest, ExtraTrees, DecisionTree, ExtraTree (classifiers and regressors) and
// IsolationForest, alone or at the end of a Pipeline of ColumnTransformer, OrdinalEncoder, OneHotEncoder, SimpleImputer,
// MissingIndicator, StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler, FunctionTransformer without a function, and
// Pipelines and ColumnTransformers of these. Regressors may have several targets. docs/sklearn.md lists what is refused.
//
// Where a thing can be asked of the library, the exporter asks instead of knowing: encoders and imputers are given each of
// their categories, an unknown value and a missing one; estimators a missing and an infinite value, to see whether they
// raise an error; the library's own predict_proba makes probabilities of the nodes' counts. So versions that differ there
// need no code of their own. Goldens are of 1.3.2 and 1.9.1; 1.5.2 was held against glulam once, too.
//
// # Files of skops
//
// [ParseSkops] does in Go what export.py does in Python (skops*.go has the same functions as export.py, with the same names
// where that is possible), and fills in the same members of the document, so that the meaning of all of them is in one place.
// It cannot ask the library, so it knows: which estimators raise an error for a missing value, what encoders and imputers
// make of unknown ones, whether a node holds weights or fractions, and where GradientBoosting starts, for each version from
// 1.3 to 1.9. Tests hold the two ways to the same forest and graph, bit for bit.
//
// What is not in the file and depends on the C library or on scipy is computed to more digits than it needs, and refused if
// these leave the last bit open: the start of GradientBoosting's classifiers, and IsolationForest's average path.
//
// # Numbers
//
//	                       margin                                        prediction
//	HistGradientBoosting   decision_function, _raw_predict               predict_proba ([:, 1] of two classes), predict
//	GradientBoosting       decision_function, predict                    the same
//	trees and forests      predict_proba (all columns), predict          the margin
//	IsolationForest        total depth, over all trees                   decision_function; predict is -1 below 0, else 1
//
// Trees and forests look at float32(x) <= t with t a float64, HistGradientBoosting at float64. Sums are float64 in the order
// of the trees. RandomForest and ExtraTrees add up under a lock, in the order in which the threads of n_jobs come: with
// n_jobs=1, the default, that is the order of the trees, and what glulam gives; with more, scikit-learn itself gives
// different last bits from one call to the next. On arm64 compilers may fuse GradientBoosting's learning_rate * leaf into
// its sum, which amd64 does not; glulam gives amd64's bits.
//
// Predictions are bit-exact too where numpy's exp and power are glibc's, which is so on amd64 without AVX-512 (measured: 0
// ulps), with two exceptions: GradientBoosting of more than seven classes, whose probabilities numpy divides by a sum of
// another order (2 ulps), and of more than two classes up to 1.3, which subtracts a logsumexp that depends on scipy's version
// (5 ulps). With AVX-512 numpy has an exp and a power of its own.
//
// The class of a row is the library's predict, but for a tie: where the probability of two boosted classes is 0.5 to the
// last bit (a margin within 1e-16 of 0), versions differ (HistGradientBoosting from 1.4 on takes the sign of the margin,
// GradientBoosting counts 0 as class 1), and this is class 0.
//
// # Missing values and categories
//
// A missing value goes where the node says (missing_go_to_left); an estimator that raises an error for it refuses the row.
// An empty text is NaN as pandas reads one; None in the training data counts as the same.
//
// HistGradientBoosting encodes its categories first from 1.4 on. Up to 1.3 it casts them to uint8: 300 is category 44. What
// C leaves open there is done as amd64 does it (prep.Byte).
//
// # The document
//
// One JSON object: "format": "glulam-sklearn" first, "trees" last, one tree a line; infinities and NaN are the texts "inf",
// "-inf" and "nan". steps and columns are prep's; tree.go says what a tree looks like. Anything that is unknown, occurs twice
// or contradicts itself is refused.
package sklearn
