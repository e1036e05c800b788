package onnx

import (
	"math"
	"slices"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
)

// memberSet is a question for membership that is not in the forest's words yet.
type memberSet struct {
	node    int32
	feature int32 // of the ensemble
	values  []float64
	whole   bool // the value is truncated first
}

// fewMembers says whether ONNX Runtime 1.32 compares with each member. For other sets it drops the value's fraction first.
func fewMembers(values []float64) bool {
	return len(values) < 31 && slices.Max(values) <= 30 && slices.Min(values) >= 0
}

// finishSets writes the sets' words. The values that exact sets of a feature ask for become the codes of a new feature, so
// that fractions, negative and large values make no difference. It gives the features that new ones are made from, and
// the values of each.
func (b *builder) finishSets(features int) (from []int32, codes [][]float64, err error) {
	budget := 1 << 12
	place := map[int32]int{}
	for _, s := range b.sets {
		budget += 64 * len(s.values)
		if s.whole {
			continue
		}
		i, ok := place[s.feature]
		if !ok {
			i = len(from)
			place[s.feature] = i
			from, codes = append(from, s.feature), append(codes, nil)
		}
		for _, v := range s.values {
			if v == v {
				codes[i] = append(codes[i], v+0) // -0 is 0
			}
		}
	}
	for i := range codes {
		slices.Sort(codes[i])
		codes[i] = slices.Compact(codes[i])
	}
	for _, s := range b.sets {
		members := s.values
		nd := &b.f.Nodes[s.node]
		if !s.whole {
			i := place[s.feature]
			nd.Feature = int32(features + i)
			members = make([]float64, 0, len(s.values))
			for _, v := range s.values {
				if at, ok := slices.BinarySearch(codes[i], v); ok {
					members = append(members, float64(at))
				}
			}
		}
		if err := b.words(nd, members, &budget); err != nil {
			return nil, nil, err
		}
	}
	return from, codes, nil
}

func (b *builder) words(nd *forest.Node, members []float64, budget *int) error {
	top := -1.0
	for _, v := range members {
		if v < 0 || v >= math.MaxInt32 || v != math.Trunc(v) {
			return b.p.unsupported(b.e.place, "a set of many values, one of which is %v", v)
		}
		top = max(top, v)
	}
	n := int(top)>>5 + 1
	if *budget -= n; *budget < 0 {
		return b.p.refuse(fault.TooLarge, b.e.place, "sets of few members as large as %.0f", top).WithHint(smaller)
	}
	f := b.f
	nd.Set = int32(len(f.Sets))
	nd.Threshold = 0
	f.Sets = append(f.Sets, forest.Set{First: int32(len(f.Words)), Len: int32(n), Known: -1})
	words := make([]uint32, n)
	for _, v := range members {
		words[int(v)>>5] |= 1 << (uint(v) & 31)
	}
	f.Words = append(f.Words, words...)
	return nil
}
