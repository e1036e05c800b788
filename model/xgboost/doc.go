// Package xgboost reads XGBoost's models: the JSON and UBJSON files of save_model, of the versions 1.0 to 3.x.
//
//	f, steps, err := xgboost.Parse(data, "late.json")
//
// [Parse] gives a validated forest.Forest whose margins are XGBoost's own, bit for bit: those that Booster.predict gives
// with output_margin=True for a DMatrix of the same rows, after it loaded the file. Boosters are gbtree, dart (both
// layouts) and gblinear; splits numerical and categorical (one-hot and by partition); leaves scalar and vector
// (multi_output_tree). Sums are float32, in the order of the trees, from the base score on.
//
// The files differ in little but in how they are written, so there are two small front ends (json.go, ubjson.go) and one
// schema behind them (learner.go, booster.go, tree.go). Arrays of numbers go straight into flat slices. Numbers are rounded
// to float32 once; logf.go makes margins of base scores with glibc's bits.
//
// # Where versions differ
//
// A file is read as the version that wrote it reads it, and that is in the file:
//
//   - base_score of logistic objectives is kept 1e-6 away from 0 and 1 since 3.2, and refused there before;
//   - binary:logitraw takes base_score for a probability up to 1.2, for a margin since 1.3;
//   - 1.6 alone sends unknown categories on the default way; all others, left;
//   - gblinear takes the first base score for every output.
//
// Versions 1.0 to 1.2 (with dart, to 1.3) added the base score to the sum of the trees at the end. Such files are summed as
// later versions sum them when they load them; the last bit can differ.
//
// # What other ways to predict give
//
// Booster.inplace_predict, which the classes of xgboost.sklearn call, adds and subtracts the base score for each tree of a
// dart up to 3.2. Those numbers differ from Booster.predict's in the last bits; here are Booster.predict's.
//
// An infinite value in a row makes DMatrix raise an error; here it is compared, as inplace_predict does it.
//
// # Early stopping
//
// best_iteration becomes Forest.BestRounds. The classes of xgboost.sklearn predict with these rounds, Booster.predict with
// all. XGBoost 1.3 to 1.7 writes best_iteration without early stopping, too: then it is the last round.
//
// # Categories
//
// Since 3.1 a model that was trained on a data frame carries the categories of its columns (cats). Then Parse gives a
// prep.Graph, which turns texts and numbers into codes, and refuses a row with a value that is not among them: XGBoost
// raises an error. Other models take codes.
//
// A code below 0 is no category, from 1.6 on also one between -1 and 0 (forest.Set.Positive). Fractional, unknown and infinite
// codes go XGBoost's way, too.
//
// # What is refused
//
// A file that XGBoost would load by guessing, or that may mean something else than what is known, is an error here: keys,
// boosters and versions that this package does not know (fault.Unsupported); numbers that are missing or left over, keys
// that occur twice, trees out of order or that are none (fault.Corrupt); more than a gigabyte could hold (fault.TooLarge).
//
//   - Binary files (saved without .json or .ubj up to 3.0) and pickles' snapshots: the error says how to convert them.
//   - Unknown objectives, margins and all: how they make a margin of base_score is theirs to know.
//   - reg:expectileerror with several expectiles, whose margins XGBoost makes with softplus.
//   - Right children that do not follow their left ones: XGBoost does not look at right_children when it compares numbers.
//
// reg:quantileerror with several quantiles has, since 3.4, the sorted margins as its predictions.
//
// # What it does not do
//
// It does not write models. It keeps no gains, covers and base weights. It knows no GPU: XGBoost's predictions there can
// differ from its own on a CPU.
//
// Sources: src/common/json.cc, src/learner.cc, src/gbm, src/tree, src/objective and src/predictor/cpu_predictor.cc of XGBoost
// at the tags v1.0.0 to v3.4.1; the UBJSON specification, draft 12.
package xgboost
