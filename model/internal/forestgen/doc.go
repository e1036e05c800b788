// Package forestgen draws random forests, and rows that are hard for them, for the tests of whatever evaluates a forest.
//
// [Small] and [Rows] draw every number, so that rapid makes a failure small. [Large] draws shapes and sizes, and makes the bulk of
// a seed: many leaves, cuts, categories, trees and rows, at little cost.
package forestgen
