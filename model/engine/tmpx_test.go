package engine

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/internal/forestgen"
)

func one1(s *forestgen.Sprouted, n int) *forest.Forest {
	f := &forest.Forest{Features: make([]forest.Feature, 10), Outputs: 1, LeafWidth: 1}
	for i := range s.Left {
		f.Nodes = append(f.Nodes, forest.Node{Feature: int32(i % 10), Threshold: float64(i), Left: s.Left[i], Right: s.Right[i]})
	}
	f.Leaves = make([]float64, len(s.Left)+1)
	f.Trees = []forest.Tree{{NumNodes: int32(len(s.Left)), NumLeaves: int32(len(s.Left) + 1)}}
	if len(s.Left) == 0 {
		f.Trees[0].Root = -1
	}
	return f
}

func TestTmp(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{16, 31, 63, 100, 128, 200, 255, 256, 300, 1000, 4096, 16384} {
		for _, shape := range forestgen.Shapes {
			worst, muxes := 0, 0
			var err error
			start := time.Now()
			reps := 1 + 3000/n
			for range reps {
				f := one1(forestgen.Sprout(shape, n, r), n)
				if e := f.Validate(); e != nil {
					t.Fatal(e)
				}
				p, e := compile(f)
				if e != nil {
					err = e
					continue
				}
				worst = max(worst, p.trees[0].bits)
				muxes = max(muxes, len(p.muxes))
			}
			fmt.Println(n, shape, "bits", worst, "muxes/node", float64(muxes)/float64(n), time.Since(start)/time.Duration(reps), err)
		}
	}
}
