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
// The numbers are those of the newest XGBoost that reads the file, whichever wrote it: what a script gives today. That is
// 3.4.1, and for a model without trees from before 2.0, which 3.4.1 refuses, the version that wrote it. Since 1.4, versions
// give the same margins to the last bit, with these exceptions; what the old ones gave was measured with each of 1.0.2,
// 1.1.1, 1.2.1, 1.3.3, 1.4.2, 1.5.2 and 1.6.2 (testdata/gen/xgboost_old.py):
//
//   - 1.0 to 1.2 (with dart, to 1.3) summed the trees from 0 and added the base score at the end. The last bits of their own
//     margins differ, by 2e-6 at most in the goldens.
//   - binary:logitraw took base_score for a probability up to 1.2; today it is a margin. A model of then is off by
//     base_score - logit(base_score), 0.5 by default, from what 1.2 gave.
//   - gblinear of files from before 1.5: today base_score is not put through the objective's link, since XGBoost takes these
//     models for untrained ones. One of binary:logistic is off by the same 0.5 from what 1.4 gave.
//   - A model without trees whose base_score was not set by hand: likewise.
//   - 1.6 alone sent unknown categories on the default way; all others, left. 1.5 took codes between -1 and 0 for category 0.
//   - base_score of logistic objectives is kept 1e-6 away from 0 and 1 since 3.2, and 0 and 1 were refused before.
//   - reg:quantileerror with several quantiles has, since 3.4, the sorted margins as its predictions; before, the margins.
//
// gblinear takes the first base score for every output.
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
// raises an error. Other models take codes, 0, 1, 2, ... in the order of the training data's pandas categories, which
// somebody has to know: the file does not have them (forest.Feature.Codes). No code is refused, because XGBoost scores all.
//
// A code below 0 is no category, also one between -1 and 0 (forest.Set.Positive). Fractional, unknown and infinite codes go
// XGBoost's way, too.
//
// # What is refused
//
// A file that XGBoost would load by guessing, or that may mean something else than what is known, is an error here: keys,
// boosters and versions that this package does not know (fault.Unsupported); numbers that are missing or left over, keys
// that occur twice, trees out of order or that are none (fault.Corrupt); more than a gigabyte could hold (fault.TooLarge).
//
//   - Binary files (saved without .json or .ubj up to 3.0) and pickles' snapshots: the error says how to convert them.
//   - Unknown objectives, margins and all: a file has base_score as a prediction, in every version, and how it becomes a
//     margin is theirs to know. No base score is the same margin for all known ones. XGBoost refuses them, too. A model of a
//     custom objective in Python is none of these: its file names the objective of the parameters, reg:squarederror by
//     default, and its predictions are that one's, as with Booster.predict.
//   - A gblinear of no rounds, which has no weights.
//   - Right children that do not follow their left ones: XGBoost does not look at right_children when it compares numbers.
//
// # Expectiles
//
// reg:expectileerror with several expectiles adds the softplus of each margin to the prediction before it, and makes margins
// of base_score by the inverse. That needs log1pf and expm1f of the C library. Here they are those of glibc up to 2.40; since
// 2.41 glibc's are more exact, so that XGBoost's own last bits differ between machines.
//
// # Labels
//
// XGBClassifier.save_model of 1.0 to 1.5 wrote the labels of classes into the attribute scikit_learn; they become
// Forest.Classes. Labels 0, 1, 2, ... do not, and neither does a list that does not fit the classes. Later versions know
// no other labels. Which class 3.4.1's own XGBClassifier says for such a file is its number.
//
// # What it does not do
//
// It does not write models. It keeps no gains, covers and base weights. It knows no GPU: XGBoost's predictions there can
// differ from its own on a CPU.
//
// Sources: src/common/json.cc, src/learner.cc, src/gbm, src/tree, src/objective and src/predictor/cpu_predictor.cc of XGBoost
// at the tags v1.0.0 to v3.4.1; the UBJSON specification, draft 12.
package xgboost
