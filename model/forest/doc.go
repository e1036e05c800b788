// Package forest holds the one ensemble that every model format becomes, and its plain reference evaluator: the
// definition of right.
//
// A parser (model/lightgbm and its siblings) fills a [Forest] and calls [Forest.Validate]. After Validate returned nil
// the forest is immutable, and no evaluator can go out of bounds or loop on it. Evaluators ([Reference], model/leaves,
// model/engine) implement [Evaluator] and give the same bits.
//
// The forest is as expressive as the formats together: float32 or float64 inputs, < and <=, categorical sets, three
// rules for missing values, sums in float32 or float64 in tree order from a base, averaging, scalar, vector and linear
// leaves. What a format can say in two ways is said in one way here:
//
//   - "x > t goes left" is x <= t with the children swapped;
//   - "in the set goes right" is [InSet] with the children swapped;
//   - tree weights (DART, learning rates) are multiplied into the leaves, in the precision in which the library does it.
//
// forest knows no file format, no column names beyond its features' and no Arrow: see package model for those.
package forest
