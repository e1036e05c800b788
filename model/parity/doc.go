// Package parity holds what a model gives against what it should give: outputs against those that the training library
// wrote to a file, engines against each other, one model against another.
//
//	rows, err := parity.Memory("rows.csv", data)
//	report, err := parity.Check(ctx, rows, expected, parity.DefaultTolerance, scorers)
//	if !report.Equal() { ... }
//
// It reads tables with the packages of format, so that golden rows come the way that all rows come. What scores them is
// behind [Scorer]: this package knows no model. [Check] and [Diff] read both sides piece by piece: memory does not grow with
// the files, but for 8 bytes a row in Diff.
//
// # Tables of expected outputs
//
// A column is called as glulam calls the output: margin, prediction, class, leaf, and margin_0, margin_1, ... where a row
// has several. Columns of other names are not looked at, but a table with one single column has the predictions, whatever
// its name is, as long as that is not itself a number. Rows are matched by their order.
//
// # What is equal
//
// Values are equal if they have the same bits; one NaN is as good as another, and an empty cell is one. Where the training
// library computes in float32, what it wrote is rounded to float32 first, since it is often written in the digits that a
// float32 needs. ULPs, units in the last place, are how many other values of that precision lie between two, plus one.
// Predictions, and nothing else, may be as many off as the Tolerance says; [Report.MaxULPs] says how far they were.
//
// A row that the model refuses has no outputs, so that nothing of it is compared; it is a difference if something but NaN is
// expected of it. NaN against a number is a difference that has no size.
//
// # What it does not do
//
// It does not say which side is right, and it makes no charts.
package parity
