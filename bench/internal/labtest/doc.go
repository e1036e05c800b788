// Package labtest is what the tests of all benchmarks hold: that the short form works, and that a report looks as it did.
package labtest
