// Package golden gives tests the data of testdata: rows, models trained on them, and what the training library itself
// answers. testdata/README.md says where all of it comes from.
//
//	for _, m := range golden.Models(t) {
//		data := m.Bytes(t)                      // the model file
//		want := m.Golden(t)                     // margins, predictions and leaves of every row
//		rec := golden.Rows(t)                   // the rows, as Arrow
//		...
//	}
//
// Rows are read here with encoding/csv, not with glulam's formats, so that a mistake of a format cannot hide; [Load] reads
// them with a format, to compare. The package imports neither model nor a format's implementation: their tests can use it
// from inside.
//
// It is for tests only. What it returns is shared between callers and must not be changed or released.
package golden

// TB is what the package needs of a test: *testing.T, *testing.B, *testing.F and *rapid.T have it.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
}
