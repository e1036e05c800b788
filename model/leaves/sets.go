package leaves

import (
	"math/bits"
	"slices"

	"github.com/glulam/glulam/model/forest"
)

// topCategories gives the largest category of each set, -1 for an empty one.
func topCategories(f *forest.Forest) []int64 {
	tops := make([]int64, len(f.Sets))
	for i, s := range f.Sets {
		tops[i] = -1
		for w := s.Len - 1; w >= 0 && tops[i] < 0; w-- {
			if word := f.Words[s.First+w]; word != 0 {
				tops[i] = 32*int64(w) + int64(bits.Len32(word)) - 1
			}
		}
	}
	return tops
}

// codes gives the set of codes that go left at node n of the forest, an InSet node: words of 32 codes, never without a
// bit (the library refuses that) and without zero words at the end. The result uses dst's memory if that is large enough.
func (c *columns) codes(dst []uint32, f *forest.Forest, n int32) []uint32 {
	nd, col := &f.Nodes[n], &c.list[c.of[n]]
	s, top := f.Sets[nd.Set], c.tops[nd.Set]
	missingLeft := nd.DefaultLeft && col.kind&(nanMissing|unknownMissing) != 0
	switch {
	case missingLeft:
		top = col.missing()
	case top < 0:
		top = col.unused()
	}
	size := int(top>>5) + 1
	dst = slices.Grow(dst[:0], size)[:size]
	clear(dst)
	copy(dst, f.Words[s.First:s.First+s.Len])
	switch {
	case missingLeft:
		if s.Known >= 0 {
			addUnknown(dst, f, f.Sets[s.Known])
		}
		dst[top>>5] |= 1 << (top & 31)
	case c.tops[nd.Set] < 0:
		dst[top>>5] |= 1 << (top & 31)
	}
	return dst
}

// addUnknown adds the categories that are not in known. It adds bits past the column's largest category as well; the
// only value with such a code is a missing one, which goes left here in any case.
func addUnknown(dst []uint32, f *forest.Forest, known forest.Set) {
	for i := range dst {
		var k uint32
		if i < int(known.Len) {
			k = f.Words[int(known.First)+i]
		}
		dst[i] |= ^k
	}
}
