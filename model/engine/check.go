package engine

import (
	"math"
	"math/bits"
	"slices"

	"github.com/glulam/glulam/fault"
)

// check looks at every index that kernels rely on. A mistake of this package's would come out here, and not as bytes of
// somebody else's.
func (p *program) check() error {
	if what := p.wrong(); what != "" {
		return fault.New(fault.Internal, "", "the compiled forest has %s", what)
	}
	return nil
}

// wrong says what is; "": nothing.
func (p *program) wrong() string {
	planes := uint32(p.planes) * wideWords
	bad := func(at uint32) bool { return at >= planes || at%wideWords != 0 }
	for _, m := range p.muxes {
		if bad(m.on) || bad(m.zero) || bad(m.one) || bad(m.to) || m.to < 2*wideWords {
			return "a multiplexer of a plane that is none"
		}
	}
	if slices.ContainsFunc(p.codes, bad) {
		return "a code of a plane that is none"
	}
	for i := range p.trees {
		if !p.soundTree(&p.trees[i]) {
			return "a tree that goes beyond its tables"
		}
	}
	if p.walk != nil && !p.walk.sound(p.f) {
		return "a walk that goes astray"
	}
	for i := range p.ordered {
		c := &p.ordered[i]
		if !p.features(c.feature) || !p.isPlanes(c.first, 2+c.cuts) || slices.ContainsFunc(c.copies, func(d derived) bool {
			return !p.isPlanes(d.from, 1) || !p.isPlanes(d.to, 1)
		}) {
			return "a column of planes that are none"
		}
		if !c.sound() {
			return "a column that goes beyond its cuts"
		}
	}
	for _, c := range p.classes {
		if !p.features(c.feature) || !p.isPlanes(c.first, c.count+len(c.asked)) || !c.sound() {
			return "a column that goes beyond its classes"
		}
	}
	if p.masks != nil && !p.masks.sound(p) {
		return "masks that go beyond their vectors"
	}
	if p.lanes != nil && !p.lanes.sound(p) {
		return "lanes that go beyond their tables"
	}
	return ""
}

func (p *program) features(j int) bool { return j >= 0 && j < len(p.f.Features) }

// isPlanes says whether the block has those n planes, for columns to write.
func (p *program) isPlanes(first int32, n int) bool {
	return first >= 2 && within(int(first), n, p.planes)
}

// within says whether a table of that length has n elements from first on.
func within(first, n, length int) bool { return first >= 0 && n >= 0 && first <= length-n }

func (p *program) soundTree(t *tree) bool {
	if t.number < 0 || t.number >= len(p.f.Trees) || t.output != int(p.f.Trees[t.number].Output) || t.bits < 0 || t.bits > maxCode {
		return false
	}
	if t.leaves != 1<<t.bits || !within(t.firstLeaf, t.leaves, len(p.leaf)) ||
		!within(t.firstCode, max(8, (t.bits+7)/8*8), len(p.codes)) || !within(t.firstMux, t.muxes, len(p.muxes)) {
		return false
	}
	src := &p.f.Trees[t.number]
	return !slices.ContainsFunc(p.leaf[t.firstLeaf:t.firstLeaf+t.leaves], func(leaf int32) bool {
		return leaf < src.FirstLeaf || leaf-src.FirstLeaf >= src.NumLeaves
	})
}

func (c *ordered) sound() bool {
	for b, at := range c.start {
		if int(at) > c.cuts || b > 0 && at < c.start[b-1] {
			return false
		}
	}
	if int(c.none) > c.cuts+1 || c.half < 1 || bits.OnesCount(uint(c.half)) > 1 || len(c.sorted) != c.cuts+c.half || len(c.start) == 0 || len(c.ranks) != c.cuts+2 {
		return false
	}
	for i, v := range c.sorted {
		if i < c.cuts && i > 0 && !(v > c.sorted[i-1]) || i >= c.cuts && v != math.Inf(1) {
			return false
		}
	}
	return !slices.ContainsFunc(c.ranks, func(r rank) bool { return int(r.cuts) > c.cuts || int(r.copies) > len(c.copies) })
}

func (c *classes) sound() bool {
	o := &c.of
	bad := func(class int32) bool { return class < 0 || int(class) >= c.count }
	if bad(o.missing) || bad(o.other) || bad(o.none) || bad(o.fraction) || bad(o.zero) ||
		slices.ContainsFunc(o.category, bad) || slices.ContainsFunc(o.classOf, bad) {
		return false
	}
	for i, a := range c.asked {
		if int(a.plane) != int(c.first)+c.count+i || slices.ContainsFunc(a.of, func(plane int32) bool { return bad(plane - c.first) }) {
			return false
		}
	}
	return len(o.value) == len(o.classOf) && len(c.asked) <= 64*c.words && len(c.answers) == c.count*c.words
}
