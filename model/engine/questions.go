package engine

import (
	"cmp"
	"math"
	"slices"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
)

// A question is what distinct nodes ask alike. Its plane has a 1 for every row that goes right.
type question struct {
	key   key
	node  *forest.Node // one that asks it
	cut   float64      // numeric: the largest value that goes left, of those that are not missing
	plane int32
}

// key tells questions apart.
type key struct {
	feature int32
	op      forest.Op
	missing forest.Missing
	left    bool   // the default side, where it matters
	what    uint64 // the threshold's bits, or the set
}

func keyOf(nd *forest.Node) key {
	k := key{feature: nd.Feature, op: nd.Op, missing: nd.Missing, left: nd.DefaultLeft, what: math.Float64bits(nd.Threshold)}
	if nd.Op == forest.InSet {
		k.what = uint64(nd.Set)
	} else if nd.Missing == forest.MissingNone {
		k.left = false
	}
	return k
}

// ask collects the questions of a forest, and which one each of its nodes asks. It stops when there are more than maxPlanes.
func ask(f *forest.Forest) (all []question, of []int32) {
	seen := make(map[key]int32)
	of = make([]int32, len(f.Nodes))
	for i := range f.Nodes {
		nd := &f.Nodes[i]
		k := keyOf(nd)
		q, ok := seen[k]
		if !ok {
			q = int32(len(all))
			seen[k] = q
			if all = append(all, question{key: k, node: nd}); len(all) > maxPlanes {
				break
			}
		}
		of[i] = q
	}
	return all, of
}

// group puts the questions into columns, and gives each its plane. used planes are taken already.
func (p *program) group(all []question) error {
	columns := map[columnKey][]*question{}
	for i := range all {
		q := &all[i]
		k := columnKey{feature: q.key.feature, missing: q.key.missing, kind: asksSet}
		if q.key.op != forest.InSet {
			k.kind = asksValue
			var ok bool
			if q.key.op == forest.LessEqual || q.key.op == forest.Less {
				if q.cut, ok = cutOf(p.f, q.node); ok {
					k.kind = asksOrder
				}
			}
		}
		columns[k] = append(columns[k], q)
	}
	keys := make([]columnKey, 0, len(columns))
	for k := range columns {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, columnKey.compare)
	for _, k := range keys {
		if n := len(p.used); n == 0 || p.used[n-1] != k.feature {
			p.used = append(p.used, k.feature)
		}
		if k.kind == asksOrder {
			p.ordered = append(p.ordered, p.newOrdered(k, columns[k]))
			continue
		}
		c, err := p.newClasses(k, columns[k])
		if err != nil {
			return err
		}
		p.classes = append(p.classes, c)
	}
	if p.planes > maxPlanes {
		return fault.New(fault.TooLarge, "", "%d different questions; the compiled engines take %d", len(all), maxPlanes)
	}
	return nil
}

// columnKey says which questions are answered together.
type columnKey struct {
	feature int32
	kind    kind
	missing forest.Missing
}

// kind of a column's questions.
type kind uint8

const (
	asksOrder kind = iota // below a cut?
	asksValue             // equal to a value?
	asksSet               // one of a set of categories?
)

func (k columnKey) compare(o columnKey) int {
	return cmp.Or(cmp.Compare(k.feature, o.feature), cmp.Compare(k.kind, o.kind), cmp.Compare(k.missing, o.missing))
}

// cutOf is the largest value, as it comes, that nd sends left for being small enough; ok is false if there is none. What
// happens to a value before it is compared, and the comparison, never let a larger value go left where a smaller one goes
// right, so that "value <= cut" is the same question, for every value but NaN.
func cutOf(f *forest.Forest, nd *forest.Node) (cut float64, ok bool) {
	left := func(v float64) bool {
		v = f.Prepare(v)
		return v < nd.Threshold || v == nd.Threshold && nd.Op == forest.LessEqual
	}
	return largest(left, nd.Threshold)
}

// largest is the largest float64 for which holds is true; ok is false if there is none. holds must be true up to some value
// and false from there on. near is a guess.
func largest(holds func(float64) bool, near float64) (v float64, ok bool) {
	inf := math.Inf(1)
	for _, v := range []float64{near, math.Nextafter(near, -inf)} {
		if holds(v) && (v == inf || !holds(math.Nextafter(v, inf))) {
			return v, true
		}
	}
	if !holds(-inf) {
		return 0, false
	}
	low, high := ordinal(-inf), ordinal(inf) // holds at low; above high it does not matter
	for low < high {
		mid := low + (high-low+1)/2
		if holds(ofOrdinal(mid)) {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return ofOrdinal(low), true
}

// ordinal numbers the floats in their order; -0 and 0 are neighbours.
func ordinal(v float64) uint64 {
	if b := math.Float64bits(v); b>>63 == 1 {
		return ^b
	} else {
		return b | 1<<63
	}
}

func ofOrdinal(n uint64) float64 {
	if n>>63 == 1 {
		return math.Float64frombits(n &^ (1 << 63))
	}
	return math.Float64frombits(^n)
}
