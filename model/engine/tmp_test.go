package engine

import (
	"fmt"
	"testing"
)

func TestTmp(t *testing.T) {
	f, _ := load(t, "lightgbm")
	p, _ := compile(f)
	for _, c := range p.classes {
		s := 0
		for _, a := range c.asked {
			s += len(a.of)
		}
		fmt.Println(f.Features[c.feature].Name, c.count, len(c.asked), s, len(c.of.category))
	}
	for _, c := range p.ordered {
		fmt.Println(f.Features[c.feature].Name, c.cuts, len(c.copies), len(c.start), c.half)
	}
	h := map[int]int{}
	for _, t := range p.trees {
		h[t.bits]++
	}
	fmt.Println(h, p.planes)
}
