// Package bundle reads what people save around a model file: glulam bundles and MLflow model folders, each as a folder or
// as a .tar.gz of one.
//
//	b, err := bundle.Open(ctx, "flights.bundle")   // or "flights.tar.gz", or an MLflow folder
//
// A [Bundle] holds the bytes of the model file and what was noted beside it: feature names, renames, a threshold, a
// calibration, golden rows with the training library's own outputs. Package model makes a model of it.
//
// # glulam bundles
//
// The file glulam.yaml says what is in a bundle. It wins where there is an MLmodel beside it.
//
//	glulam: 1                    # the version of this layout; required
//	model: flights.txt           # the model file; required
//	name: flights                # default: the name of the folder or archive
//	version: "7"
//	features: [hour, temp]       # of a model file that carries no names
//	trees: best                  # boosting rounds that count: all, best or a:b
//	rename: {temp: temperature}  # feature: column
//	outputs: [prediction, class] # what a run adds if nobody says; default: prediction
//	threshold: 0.3               # class 1 iff the prediction is above; of binary models
//	calibration: {method: platt, a: -1.1, b: 0.2}
//	golden: {rows: rows.csv, expected: expected.csv, ulps: 3}
//	provenance: {trained_at: 2024-05-01, author: somebody}
//
// Every other key, a key that stands twice, anchors, aliases and tags are refused, each with file, line and column.
// [Calibration] has the formulas.
//
// # MLflow
//
// The file MLmodel names the flavors. lightgbm, xgboost, catboost and onnx say which file holds the model; it is taken from
// the flavor's own keys, never guessed. A pickle is refused, and so is a folder that only a python_function can load. The
// signature becomes the columns: see [Signature]. An input example in split form becomes golden rows.
//
// # Digest
//
// A bundle's digest is that of its content, so a folder and an archive of it have the same: the SHA-256 of the lines that
// `sha256sum` prints for the files which the bundle names, glulam.yaml or MLmodel among them, sorted by name as bytes.
// Other files in the folder do not count.
//
// # What it does not do
//
// It evaluates nothing and knows no model format. Nothing is written to disk when an archive is read. Links in archives are
// refused; in a folder they may lead to files within the folder only. Sizes, the number of files, how much larger an archive
// is unpacked, and the size (1 MiB) and depth of the YAML are limited.
package bundle
