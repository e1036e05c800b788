package engine

import (
	"runtime/debug"
	"testing"
)

// TestAllocs: a call takes nothing new, whichever way it goes.
func TestAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector drops what is in pools")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection would empty the pool
	for _, name := range []string{"lightgbm", "multiclass", "linear"} {
		f, x := load(t, name)
		for _, e := range engines(t, f) {
			for _, rows := range []int{1, 40, 100, 600} {
				margins, leaves := make([]float64, rows*f.Outputs), make([]int32, rows*len(f.Trees))
				x := x[:rows*len(f.Features)]
				n := testing.AllocsPerRun(3, func() {
					e.Margins(x, rows, margins)
					e.MarginsOfColumns(x, rows, margins)
					e.LeafIndices(x, rows, leaves)
					e.LeafIndicesOfColumns(x, rows, leaves)
				})
				if n > 0 {
					t.Errorf("%s, %s, %d rows: %v allocations", name, e.Name(), rows, n)
				}
			}
		}
	}
}
