package model

import "github.com/glulam/glulam/model/forest"

// Evaluator is the model's engine itself, for those whose rows are a matrix already, in the order of Forest().Features: what
// Prep does, if it is not nil, has to be done to them first, and texts have to be their codes. Bind does all that by name.
func (m *Model) Evaluator() forest.Evaluator { return m.engine }
