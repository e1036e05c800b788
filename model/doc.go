// Package model loads, describes and evaluates trained tree ensembles. Pure Go: no Beam, no network.
//
//	m, err := model.Load(ctx, "flights.txt", model.Options{})
//	b, err := m.Bind(rec.Schema(), nil)          // features to columns, by name, once a schema
//	s := model.Scores{Want: model.WantPrediction}
//	err = b.Score(rec, &s)                       // s.Prediction: one value a row and output
//
// [Load] finds out the format from the bytes; glulam bundles and MLflow models are read as folders and as archives, and their
// golden rows are scored when they are loaded. A [Model] is immutable and safe for concurrent use, and so is a [Binding];
// a [Scores] belongs to one goroutine and is used again and again, so that scoring allocates nothing a row.
//
// Numbers are the training library's, bit for bit (see forest.Forest.Predictions for the one exception). What
// cannot be read exactly is refused when the model is loaded or bound, never replaced.
package model
