package forestgen

import (
	"math"
	"math/rand/v2"

	"pgregory.net/rapid"

	"github.com/glulam/glulam/model/forest"
)

// Large draws a forest of up to 24 trees, of up to 300 leaves each and of many shapes, that asks for up to 1,000 different
// cuts of a feature and for sets of up to 512 categories. It is validated.
func Large(t *rapid.T) *forest.Forest {
	outputs := rapid.SampledFrom([]int{1, 1, 1, 2, 3, 19}).Draw(t, "outputs")
	f := head(t, rapid.SampledFrom([]int{1, 2, 5, 30}).Draw(t, "features"), outputs)
	leaves := rapid.SampledFrom([]int{1, 2, 3, 8, 9, 16, 17, 31, 63, 64, 65, 127, 128, 129, 255, 256, 257, 300}).Draw(t, "leaves")
	shapes := rapid.SampledFrom([][]Shape{{Ragged}, {Balanced}, {Oblivious}, {Chain}, {Lopsided}, Shapes}).Draw(t, "shapes")
	trees := rapid.IntRange(1, 24).Draw(t, "trees")
	g := &grower{
		f: f,
		r: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)),
		ops: rapid.SampledFrom([][]forest.Op{
			{forest.LessEqual}, {forest.Less}, {forest.LessEqual, forest.Less}, {forest.LessEqual, forest.Equal}, {forest.InSet},
			{forest.LessEqual, forest.Less, forest.Equal, forest.InSet},
		}).Draw(t, "ops"),
		missing: rapid.SampledFrom([][]forest.Missing{
			{forest.MissingNaN}, {forest.MissingZero}, {forest.MissingNone}, {forest.MissingNaN, forest.MissingZero, forest.MissingNone},
		}).Draw(t, "missing"),
		left: rapid.SampledFrom([]float64{0, 1, 0.5}).Draw(t, "default left"),
	}
	most := rapid.SampledFrom([]int{1, 3, 20, 255, 256, 1000}).Draw(t, "cuts")
	for range f.Features {
		g.cuts = append(g.cuts, Cuts(g.r, most))
	}
	g.sets(rapid.SampledFrom([]int{1, 3, 40}).Draw(t, "sets"), rapid.SampledFrom([]int{1, 3, 16}).Draw(t, "words"))
	for range trees {
		n := leaves
		if g.r.IntN(4) == 0 {
			n = 1 + g.r.IntN(leaves)
		}
		g.tree(n, shapes[g.r.IntN(len(shapes))])
	}
	if rapid.Bool().Draw(t, "has leaf ids") {
		for range len(f.Leaves) / f.LeafWidth {
			f.LeafIDs = append(f.LeafIDs, g.r.Int32())
		}
	}
	if f.LeafWidth == 1 && rapid.IntRange(0, 3).Draw(t, "linear") == 3 {
		g.linear()
	}
	if rapid.IntRange(0, 4).Draw(t, "linear terms") == 4 {
		g.terms()
	}
	if err := f.Validate(); err != nil {
		t.Fatalf("the generator made an invalid forest: %v", err)
	}
	return f
}

// grower makes the bulk of a forest.
type grower struct {
	f       *forest.Forest
	r       *rand.Rand
	ops     []forest.Op
	missing []forest.Missing
	left    float64     // how likely the default side is left
	cuts    [][]float64 // by feature
}

// Cuts makes up to most numbers that lie together in one of many ways. They are in no order, and some may be alike.
func Cuts(r *rand.Rand, most int) []float64 {
	cuts := make([]float64, 1+r.IntN(most))
	way := r.IntN(8)
	at := r.NormFloat64()
	for i := range cuts {
		switch way {
		case 0:
			cuts[i] = r.NormFloat64()
		case 1:
			cuts[i] = float64(i - len(cuts)/2)
		case 2: // neighbours
			cuts[i], at = at, math.Nextafter(at, inf)
		case 3: // neighbours after rounding
			cuts[i], at = at, float64(math.Nextafter32(float32(at), math.MaxFloat32))
		case 4: // of all sizes
			cuts[i] = math.Ldexp(r.NormFloat64(), r.IntN(2100)-1075)
		case 5: // far outliers, and few others
			cuts[i] = math.Pow(r.NormFloat64(), 21)
		case 6:
			cuts[i] = edges[r.IntN(len(edges))]
		case 7: // clusters
			cuts[i] = float64(r.IntN(4)) + r.NormFloat64()*1e-9
		}
	}
	if r.IntN(4) == 0 {
		cuts[r.IntN(len(cuts))] = []float64{inf, -inf, math.Copysign(0, -1), 0}[r.IntN(4)]
	}
	return cuts
}

// sets makes n sets of up to words*32 categories.
func (g *grower) sets(n, words int) {
	f, r := g.f, g.r
	for range n {
		s := forest.Set{First: int32(len(f.Words)), Len: int32(r.IntN(words + 1)), Known: -1, Positive: r.IntN(2) == 0}
		if r.IntN(3) == 0 {
			s.Known = int32(r.IntN(n))
		}
		way := r.IntN(4)
		for range s.Len {
			f.Words = append(f.Words, []uint32{r.Uint32(), r.Uint32() & r.Uint32() & r.Uint32() & r.Uint32(), ^uint32(0), 1 << r.IntN(32)}[way])
		}
		f.Sets = append(f.Sets, s)
	}
}

// tree grows a tree of that many leaves, or a few less if the shape has no such tree.
func (g *grower) tree(leaves int, shape Shape) {
	f := g.f
	tr := forest.Tree{FirstNode: int32(len(f.Nodes)), FirstLeaf: int32(len(f.Leaves) / f.LeafWidth)}
	if f.LeafWidth == 1 {
		tr.Output = int32(g.r.IntN(f.Outputs))
	}
	ask := g.node
	if shape == Oblivious {
		level := map[int]forest.Node{}
		ask = func(depth int) forest.Node {
			if _, ok := level[depth]; !ok {
				level[depth] = g.node(depth)
			}
			return level[depth]
		}
	}
	s := Sprout(shape, leaves, g.r)
	nodes := make([]forest.Node, len(s.Left))
	for i := range nodes {
		nodes[i] = ask(s.Depth[i])
		nodes[i].Left, nodes[i].Right = s.Left[i], s.Right[i]
		for _, child := range []*int32{&nodes[i].Left, &nodes[i].Right} {
			if *child >= 0 {
				*child += tr.FirstNode
			}
		}
	}
	tr.NumNodes, tr.NumLeaves = int32(len(nodes)), int32(len(nodes)+1)
	tr.Root = tr.FirstNode
	if len(nodes) == 0 {
		tr.Root = -1
	}
	f.Nodes = append(f.Nodes, nodes...)
	f.Trees = append(f.Trees, tr)
	for range int(tr.NumLeaves) * f.LeafWidth {
		f.Leaves = append(f.Leaves, g.finite())
	}
}

func (g *grower) node(int) forest.Node {
	r := g.r
	nd := forest.Node{
		Feature: int32(r.IntN(len(g.f.Features))), Op: g.ops[r.IntN(len(g.ops))],
		Missing: g.missing[r.IntN(len(g.missing))], DefaultLeft: r.Float64() < g.left,
	}
	cuts := g.cuts[nd.Feature]
	nd.Threshold = cuts[r.IntN(len(cuts))]
	if nd.Op == forest.InSet {
		nd.Set = int32(r.IntN(len(g.f.Sets)))
		if nd.Missing == forest.MissingZero {
			nd.Missing = forest.MissingNaN
		}
	}
	return nd
}

func (g *grower) finite() float64 {
	if g.r.IntN(200) == 0 {
		return []float64{0, 1e-40, 1e300, -1e300, 16777216, math.Copysign(0, -1)}[g.r.IntN(6)]
	}
	return g.r.NormFloat64()
}

func (g *grower) linear() {
	l := &forest.Linear{Start: []int32{0}}
	for range g.f.Leaves {
		l.Const = append(l.Const, g.finite())
		for range g.r.IntN(3) {
			l.Feature = append(l.Feature, int32(g.r.IntN(len(g.f.Features))))
			l.Coeff = append(l.Coeff, g.finite())
		}
		l.Start = append(l.Start, int32(len(l.Coeff)))
	}
	g.f.Linear = l
}

func (g *grower) terms() {
	coeff := make([]float64, len(g.f.Features)*g.f.Outputs)
	for j := range g.f.Features {
		if g.r.IntN(2) == 0 {
			continue // a feature that is not used, maybe
		}
		for k := range g.f.Outputs {
			coeff[j*g.f.Outputs+k] = float64(float32(g.r.NormFloat64()))
		}
	}
	g.f.Terms = &forest.Terms{Coeff: coeff}
}
