// Package boundary makes the rows on which a model is easiest to get wrong: for every distinct threshold of a forest, rows
// that reach a node which asks about it, with a value that is the threshold or next to it; and, for every column, the values
// that are special to floats and to categories.
//
//	set, err := boundary.Make(m, c.Columns(t), boundary.Options{})
//	set.Columns()      // the rows, as those of a case
//	set.Digest()       // of the rows: the same model and base rows give the same ones, here and in the scripts of testdata/gen
//	boundary.Digests(margins, set.Rows)
//
// Nobody stores these rows, nor what the libraries say of them: there are millions of numbers. The scripts of testdata/gen get
// them from the command boundaryrows, ask the library, and keep a digest for each [Block] of rows. model's TestThresholds makes
// the rows again, asks the engines, and compares digests.
//
// The rule:
//   - threshold t of a feature: t, the next float64 and the next float32 both ways, the two raw values between which the answer
//     of t's question turns (what rounds to t, and what does not, if there is a rounding on the way), and NaN. Where steps
//     stand before the trees, raw values are found by bisection over the bits of float64, or are categories with the nearest codes.
//   - the row they are put into is a base row, changed in as few columns as it takes to come to a node with t.
//   - a node that asks for a set: categories at which it begins and ends, up to 32 of them.
//   - each column: see specials.go; each value in three base rows.
//
// Rows that the steps before the trees refuse are left out, as a library raises an error for them; so are infinite values and
// those beyond float32, with Options.Finite. A threshold is not reached if no row can come to its nodes, as below contrary
// questions about one feature, which CatBoost's trees ask.
package boundary
