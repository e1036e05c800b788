// Package leaves evaluates a forest with github.com/dmitryikh/leaves: a second opinion on every other engine, from code
// that glulam's authors did not write, and an engine for people who trust that library already.
//
// # How
//
// The library never sees a user's bytes, because hostile files make it panic, run out of memory or loop. [New] writes the
// validated forest as canonical LightGBM v3 text in memory (text.go) and the library loads that. For each row and tree
// the library decides which leaf the row falls into, and nothing else: its sums, averages and transforms differ from the
// training libraries' in several cases (float64 sums for XGBoost, random forests averaged in another order). glulam adds
// up its own leaves, in the forest's order and precision. So decisions are the library's and arithmetic is ours, and the
// result has the bits of [forest.Reference].
//
// What the library cannot say is said in its own terms:
//
//   - It only knows x <= t. Another question is asked with another threshold: the largest float64 that goes left, which
//     takes in x < t, inputs rounded to float32 and Forest.ZeroBand at once (threshold.go).
//   - Its zero differs from LightGBM's by a rounding error, and what it does with NaN or 1e300 as a category depends on
//     the processor. It sees such features through derived columns that hold no such values (columns.go).
//   - Vector and linear leaves, base scores and the leaf numbers of other libraries need only the leaf's index.
//   - A model of one feature gets a second column of zeros: the library counts the features of such a model as none.
//
// # What it does not do
//
// Nodes that ask x == t, and categorical sets beyond about 130 million categories over all nodes, are refused when the
// engine is made, with a *fault.Error that names the node. Probabilities are made from margins by [forest.Forest], for
// all engines alike. leaves is not fast: see the benchmarks, and model/engine for what is.
//
// # Allocations
//
// [Engine.Margins] and [Engine.LeafIndices] allocate nothing in steady state: one row's leaf indices and derived columns
// come from a pool, and the library's Predict allocates nothing in leaf-index mode. (Its PredictDense allocates 8 bytes a
// call, whatever the number of threads.)
package leaves
