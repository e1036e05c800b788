// Package report is what the reports of the benchmarks have in common: medians and ratios, numbers as people read them, and the
// machine with the versions that ran on it.
package report
