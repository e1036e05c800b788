// Package catboost reads CatBoost's models: the JSON of save_model(format="json") and the binary .cbm that save_model
// writes by default ("CBM1", then FlatBuffers).
//
//	f, err := catboost.Parse(data, "late.cbm")
//
// [Parse] gives a validated forest.Forest whose margins are CatBoost's RawFormulaVal, bit for bit: oblivious and
// non-symmetric trees, numeric features, and categorical features that are split on one value against the others
// (one_hot_max_size).
//
// # What the numbers mean
//
// A split on a number asks float32(x) > border. NaN is below every border, but for a feature whose has_nans and
// nan_value_treatment AsTrue say that it is above. An oblivious tree asks all its splits: the answer to split i is bit i of
// the leaf's number. Leaves are float64 and added in the trees' order, from 0; the sum is multiplied by the scale, then the
// bias is added (Forest.Scale, Forest.Bias). With --trees a:b the bias counts only if a is 0, as with CatBoost's ntree_start.
//
// The JSON carries the exact numbers of the trained model. CatBoost's own reader of that JSON rounds some of them wrongly, in
// the last bit, so that its predictions differ in the last bits from those of the model that was saved; this package's
// margins are those of the model that was saved (and of its .cbm).
//
// Predictions have CatBoost's bits, too: those of one output with glibc's exp, and softmax, Poisson, Tweedie and
// RMSEWithUncertainty with the faster exponential function that CatBoost uses for them.
//
// # Categories
//
// CatBoost hashes the text of a category, and the model has the hashes only. An integer's text is its decimal form, a
// boolean's is 0 or 1. Numbers with a fraction, float columns and missing values are refused by CatBoost, and so by glulam.
// Features have forest.Categories.Hash, [forest.CategoryHash] is the function.
//
// # What is refused
//
// Target statistics (CTR features, which CatBoost makes of every categorical feature with more values than
// one_hot_max_size), text features and embeddings: fault.Unsupported, and the error names the features. So are models whose
// number of classes is larger than that of the classes that occurred in training (CatBoost gives such classes a margin of
// -inf), and keys that this package does not know. Files that break their format, that were cut off, or that have a key twice
// are fault.Corrupt. A model without a loss function, or with one that is not known, has margins only.
//
// A model with a probability threshold of its own (set_probability_threshold) has probabilities, but no class: NoClass says so.
//
// Sources: catboost/libs/model of CatBoost's repository (flatbuffers/*.fbs, model.cpp, cpu/evaluator_impl.cpp,
// cpu/quantization.h, model_export/json_model_helpers.cpp), and what releases 1.2 and 1.2.10 do.
package catboost
