// Package onnx reads ONNX models of trees: files with one ai.onnx.ml TreeEnsembleRegressor, TreeEnsembleClassifier or
// TreeEnsemble (version 5), as skl2onnx, onnxmltools (LightGBM, XGBoost) and CatBoost write them.
//
//	f, steps, err := onnx.Parse(data, "late.onnx")
//
// [Parse] gives a validated forest.Forest and, where the graph does something to the rows first, a prep.Graph. The numbers
// are those of ONNX Runtime (measured with 1.32.0 on amd64), not those of the library that trained the model: a converter has
// rounded thresholds and leaves to float32, and sometimes left out a transform. Margins are what the trees sum up to, bit
// for bit; predictions are the scores that the graph gives out: the variable of a regressor, the probabilities of a
// classifier, a column a class. They, too, have ONNX Runtime's bits, where it runs with glibc and fused multiply-adds.
//
// # The order of sums
//
// ONNX Runtime adds the leaves of the trees in their order, in float32 (float64 for float64 features), from 0, then divides
// (AVERAGE), then adds base_values. With several threads it does so for up to 50 rows at once (one row with several outputs:
// for up to 80 trees); for more it adds up parts of the trees in parallel and then the parts, and the last bits depend on
// the number of cores. This package's order is that of one thread: intra_op_num_threads=1.
//
// # What is read
//
// Around the trees: Identity, Cast, Constant, Concat, Gather, Reshape, Flatten, Squeeze, Unsqueeze, Add, Sub, Mul and Div
// with constants, ArrayFeatureExtractor, FeatureVectorizer, Scaler, Imputer, OneHotEncoder, LabelEncoder; after them
// Identity, Cast, ZipMap, Mul by one, and Exp, with Mul by a number, of a regressor (Poisson). Every other operator is
// refused by name, and so is one of these where it stands in another way than converters write it.
//
// One input of several columns has no names: the features' names are asked for. Inputs of one column each are named as they
// are called. Inputs are float, double, int64, int32 or string. A row is refused that has no integer where the model takes
// one, or none that fits (Cast to int64 drops fractions, but what it makes of 1e30 depends on the processor), or that ONNX
// Runtime raises an error for (a category that OneHotEncoder with zeros=0 does not know).
//
// Missing texts count as never seen, as Python gives ONNX Runtime "None" or "nan" for them; where a model knows one of these
// texts or the empty one, such rows are refused.
//
// # What ONNX Runtime does that the specification does not say
//
//   - Of a single target it applies PROBIT only: LOGISTIC, SOFTMAX and SOFTMAX_ZERO change nothing.
//   - TreeEnsemble's post_transform 1 is LOGISTIC and 2 is SOFTMAX; the specification has them the other way round.
//   - BRANCH_MEMBER compares exactly if all members are in 0..30 and fewer than 31; otherwise it drops the value's fraction
//     first, so that 2.5 is a member where 2 is one.
//   - A classifier of two classes with weights of the first class only has one sum x: the scores are 1-x and x if no weight is
//     negative, else -x and x, and with LOGISTIC both are transformed. Its label says whether x is above 0.5, or 0. With
//     LOGISTIC and no negative weight that is not the larger probability: there is no class then.
//   - A classifier of two classes with weights of both gives the label of the second class if its score is above 0. Where that
//     is not always the larger score (it is in CatBoost's models, whose scores are -x and x) there is no class.
//   - In a chain of BRANCH_EQ with one child for all, neighbours that ask for integers from 1 to 32 (64 for float64) are one
//     question, and only the first one's nodes_missing_value_tracks_true counts.
//   - Base values are not added to outputs that a row has no weight for, but for classifiers of more than two classes. Where
//     that can happen the model is refused.
//   - Classes that a row has no weight for are never its label. Where that can happen there is no class.
//
// Labels are made of sums and classes of predictions. Two sums so close that their float32 probabilities are equal give the
// first of the two classes.
//
// # What is refused
//
// Whatever may change numbers and is not known: operators, attributes, fields, versions of operators after 5 (ai.onnx.ml) and
// 26, functions, subgraphs, data in other files, sparse tensors. Ensembles whose trees are none (shared nodes, cycles), but
// for chains of BRANCH_EQ with one child for all, LightGBM's categories, which become sets. MIN and MAX of more than one tree.
// PROBIT of one score for two classes, two base values for two classes, and leaves without a weight for the only output,
// where ONNX Runtime's own answer is undefined or not what the specification says. LabelEncoder with a key NaN, or one that
// occurs twice. Models without an ensemble, such as Hummingbird's, which are operators of tensors. Models of several
// ensembles, such as skl2onnx's IsolationForest, AdaBoost and Bagging and onnxmltools' split option, and onnxmltools'
// conversion of a LightGBM rf, which go on computing with what the trees give.
//
// The file is checked more strictly than ONNX Runtime does: everything that it would ignore is an error, but documentation,
// metadata, hit rates, and weights of nodes that are no leaves.
//
// Sources: onnx.proto and the operators' documents of the ONNX project; onnxruntime/core/providers/cpu/ml, in particular
// tree_ensemble_common.h, tree_ensemble_aggregator.h, tree_ensemble_attribute.h and ml_common.h.
package onnx
