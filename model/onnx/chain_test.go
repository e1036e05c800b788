package onnx

import (
	"fmt"
	"testing"
	"time"
)

// TestLongChain: many features at the end of many steps take time in proportion to their sum, not to their product, which
// here would be minutes.
func TestLongChain(t *testing.T) {
	const steps, doublings = 100_000, 16
	nodes, last := make([][]byte, 0, steps+doublings+1), "X"
	for i := range steps {
		next := fmt.Sprint("m", i)
		nodes = append(nodes, nodeBytes("Mul", "", []string{last, "c"}, []string{next}, nil))
		last = next
	}
	for i := range doublings {
		next := fmt.Sprint("d", i)
		nodes = append(nodes, nodeBytes("Concat", "", []string{last, last}, []string{next}, pairs{"axis": 1}))
		last = next
	}
	nodes = append(nodes, nodeBytes("TreeEnsembleRegressor", ml, []string{last}, []string{"Y"}, stump))
	data := spec{nodes: nodes, inputs: [][]byte{infoBytes("X", typeFloat, -1, 1)}, graph: field(5, tensorBytes("c", typeFloat, []int64{1}, single(4, 1.5)))}.bytes()
	start := time.Now()
	f, g, err := Parse(data, "m.onnx")
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("%d bytes took %v", len(data), took)
	}
	if len(f.Features) != 1<<doublings || len(g.Steps) != steps+1 || f.Features[7].Name != "X" {
		t.Errorf("%d features, %d steps, %q", len(f.Features), len(g.Steps), f.Features[7].Name)
	}
}
