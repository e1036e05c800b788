package forest_test

import (
	"pgregory.net/rapid"

	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/internal/forestgen"
)

// randomForest draws a forest of everything that a Forest can say. It is valid.
func randomForest(t *rapid.T) *forest.Forest { return forestgen.Small(t) }

// randomRows draws rows that sit on and beside the forest's thresholds, and categories of all kinds.
func randomRows(t *rapid.T, f *forest.Forest) (x []float64, rows int) { return forestgen.Rows(t, f) }

// propertyLarge: many leaves, cuts, categories and rows change nothing.
func propertyLarge(t *rapid.T) {
	f := forestgen.Large(t)
	x, rows := forestgen.Many(t, f, []int{1, 14, 15, 16, 17, 40, 100})
	checkRows(t, forest.NewReference(f), f, x, rows)
}
