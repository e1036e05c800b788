package model_test

import (
	"math"
	"testing"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/model/forest"
)

// TestTrees: the margins of two halves add up to those of the whole, for every kind of model.
func TestTrees(t *testing.T) {
	for _, name := range []string{"lightgbm", "multiclass", "linear_category", "category_ordered"} {
		g := golden.Find(t, name)
		data := g.Bytes(t)
		margins := func(trees string) (*model.Model, []float64) {
			m, err := model.Parse(data, name, model.Options{Trees: trees})
			if err != nil {
				t.Fatal(err)
			}
			f := m.Forest()
			x := make([]float64, 7*len(f.Features))
			for i := range x {
				x[i] = float64(i%23) - 3
			}
			out := make([]float64, 7*f.Outputs)
			forest.NewReference(f).Margins(x, 7, out)
			return m, out
		}
		m, whole := margins("all")
		rounds := m.Forest().Rounds
		if rounds < 4 {
			t.Fatalf("%s: %d rounds", name, rounds)
		}
		a, first := margins(":3")
		b, second := margins("3:")
		if a.Forest().Rounds != 3 || b.Forest().Rounds != rounds-3 || len(a.Forest().Trees)+len(b.Forest().Trees) != len(m.Forest().Trees) {
			t.Errorf("%s: %d and %d rounds of %d", name, a.Forest().Rounds, b.Forest().Rounds, rounds)
		}
		for i := range whole {
			if sum := first[i] + second[i]; math.Abs(sum-whole[i]) > 1e-12 {
				t.Errorf("%s: %v and %v, the whole is %v", name, first[i], second[i], whole[i])
			}
		}
		for _, bad := range []string{"x", "3", "3:3", "4:3", "-1:2", "0:100000", "best", "1:2:3"} {
			if _, err := model.Parse(data, name, model.Options{Trees: bad}); fault.CodeOf(err) != fault.Usage {
				t.Errorf("%s: --trees %s: %v", name, bad, err)
			}
		}
	}
}
