// Package lightgbm reads LightGBM's text models: the files of Booster.save_model, the command line's output_model and R's
// lgb.save, in the versions v2 (LightGBM 2.1), v3 (2.3) and v4 (4.0 to today). [ParseDump] reads the JSON of
// Booster.dump_model, which has the same numbers.
//
//	f, err := lightgbm.Parse(data, "late.txt")
//
// [Parse] gives a validated forest.Forest whose margins are LightGBM's own, bit for bit: numbers are read as LightGBM
// reads them, children, missing values, categorical sets and linear leaves keep their meaning, and rf and sqrt models are
// averaged and transformed where LightGBM does it.
//
// # What is refused
//
// A file that LightGBM would load by guessing is an error here. Keys, objectives, objective parameters and decision bits
// that this package does not know are refused (fault.Unsupported), because they may change what the numbers mean; so are
// numbers that are missing, left over or out of range, keys that occur twice, and trees that are out of order
// (fault.Corrupt). The error names line, key and tree.
//
// A file that was cut off is refused, too. LightGBM ends every file with its parameters, and its Python package with the
// line "pandas_categorical:"; a file that has neither is incomplete. What no reader can notice is a cut exactly between
// these two, which is what a complete file of LightGBM's C API looks like. Files of LightGBM 2.1 have no parameters and
// can be cut between two lines of their feature importances.
//
// Random forests of version v2 with a transform (a binary rf, say) are refused: LightGBM 2.2.2 and 2.2.3 wrote the same
// file for different predictions.
//
// # Categories
//
// A model that was trained on pandas columns of dtype category carries their values (pandas_categorical), one list a
// column in column order, but not which columns those are. Without categorical_feature= the Python package declares
// exactly the unordered category columns categorical, and leaves ordered ones numeric. So every categorical feature gets a
// list, and what is left over belongs to numeric features whose range in feature_infos is exactly that of the list's
// codes. With categorical_feature= any feature can have a list. Where that leaves more than one way, the model is refused
// (fault.Unsupported), but for one case:
//
// If every categorical feature can have a list, but one of them could as well have been given codes of its own by
// categorical_feature= while a numeric feature has the list, the list goes to the categorical feature, provided that it is
// one of texts and that the feature has had all of its codes. A model that is understood wrongly there cannot be bound to
// the data that it was made for, as the columns' types do not fit.
//
// # What it does not do
//
// It does not write models or evaluate them. It keeps no split gains, counts and importances. It has no way to use the first n rounds only: Python's save_model has already cut the file to best_iteration.
package lightgbm
