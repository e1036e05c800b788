// Package prep is what some model files do to a row before their trees see it: scaling, filling gaps, encoding categories
// as numbers or as columns of zeros and ones. scikit-learn's ColumnTransformer and the nodes around a TreeEnsemble in an
// ONNX graph become a [Graph].
//
// A graph is a list of steps over columns of float64. The first columns are the inputs; each step writes one new column
// from one older one; some of the columns, in an order of their own, are the forest's features. That is little, but every
// library's arithmetic can be said in it step for step, so that the features have the library's bits.
//
// Texts are codes: an input with a list of texts holds the place of its text in that list, [Unseen] for any other text,
// and NaN where it is missing.
//
// A step may refuse a row, where the library raises an error for it (an unknown category, an infinite number): the row
// becomes a dead letter instead of the end of everything.
package prep
