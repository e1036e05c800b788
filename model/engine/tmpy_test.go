package engine

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/internal/forestgen"
)

// skew grows with a given fraction
func skew(f *forest.Forest, n int, frac func(n int) int) int32 {
	if n == 1 {
		f.Leaves = append(f.Leaves, 1)
		return ^int32(len(f.Leaves) - 1)
	}
	i := len(f.Nodes)
	f.Nodes = append(f.Nodes, forest.Node{Feature: int32(i % 10), Threshold: float64(i)})
	l := frac(n)
	a := skew(f, l, frac)
	b := skew(f, n-l, frac)
	f.Nodes[i].Left, f.Nodes[i].Right = a, b
	return int32(i)
}

func TestTmpY(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{64, 100, 128, 256, 512, 1000, 2000} {
		worst := 0
		refused := 0
		deadline := time.Now().Add(3 * time.Second)
		reps := 0
		for time.Now().Before(deadline) {
			reps++
			lo, hi := r.Float64()*0.5, r.Float64()
			f := &forest.Forest{Features: make([]forest.Feature, 10), Outputs: 1, LeafWidth: 1}
			skew(f, n, func(n int) int {
				p := lo + r.Float64()*(hi-lo)
				return min(n-1, max(1, int(p*float64(n))))
			})
			f.Trees = []forest.Tree{{NumNodes: int32(n - 1), NumLeaves: int32(n)}}
			if e := f.Validate(); e != nil {
				t.Fatal(e)
			}
			p, e := compile(f)
			if e != nil {
				refused++
				continue
			}
			worst = max(worst, p.trees[0].bits)
		}
		fmt.Println(n, "worst", worst, "refused", refused, "of", reps)
	}
	// a big tree, then small ones
	f := &forest.Forest{Features: make([]forest.Feature, 10), Outputs: 1, LeafWidth: 1}
	add := func(n int, shape forestgen.Shape) {
		s := forestgen.Sprout(shape, n, r)
		first := int32(len(f.Nodes))
		fl := int32(len(f.Leaves))
		for i := range s.Left {
			nd := forest.Node{Feature: int32(i % 10), Threshold: float64(i % 1000), Left: s.Left[i], Right: s.Right[i]}
			if nd.Left >= 0 {
				nd.Left += first
			}
			if nd.Right >= 0 {
				nd.Right += first
			}
			f.Nodes = append(f.Nodes, nd)
		}
		f.Leaves = append(f.Leaves, make([]float64, n)...)
		f.Trees = append(f.Trees, forest.Tree{Root: first, FirstNode: first, FirstLeaf: fl, NumNodes: int32(n - 1), NumLeaves: int32(n)})
	}
	for range 5000 {
		add(3, forestgen.Chain)
	}
	f.Validate()
	s := time.Now()
	compile(f)
	fmt.Println("small", time.Since(s))
	add(16384, forestgen.Chain)
	f.Validate()
	s = time.Now()
	compile(f)
	fmt.Println("small+big", time.Since(s))
	f.Trees, f.Nodes, f.Leaves = nil, nil, nil
	add(16384, forestgen.Chain)
	for range 5000 {
		add(3, forestgen.Chain)
	}
	f.Validate()
	s = time.Now()
	compile(f)
	fmt.Println("big+small", time.Since(s))
}
