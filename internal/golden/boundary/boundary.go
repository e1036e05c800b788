package boundary

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/model/forest"
)

const (
	baseRows  = 64 // that rows are made from
	tries     = 64 // nodes of a threshold that are tried
	maxEdges  = 32 // values of a node's set
	repeats   = 3  // base rows of each special value
	setColumn = -1 // stands for the threshold of nodes that ask for sets, which have none
)

// Options are what a library cannot take.
type Options struct {
	// Finite leaves out rows with an infinite value, or one that is none of float32.
	Finite bool
}

// Set is rows, and how many thresholds they reach.
type Set struct {
	Rows       int
	Thresholds int // distinct ones of the forest, and its nodes that ask for sets
	Reached    int // those to which a row comes
	Turned     int // those at which rows go both ways

	inputs []*input
	values []float64 // raw, row after row
	turned []bool    // of each question
}

// maker makes a set.
type maker struct {
	Set
	f       *forest.Forest
	paths   *paths
	inputOf []int       // of a feature
	out     [][]float64 // memory for each input's features
	accepts []int       // base rows
	turn    int         // counts the base rows that were used
	row     []float64
}

// Make makes the rows of a model. base are rows as the model takes them, of which those are used that nothing refuses: there
// must be one. It is deterministic.
func Make(m *model.Model, base []golden.Column, o Options) (*Set, error) {
	given, err := m.Inputs(nil)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, in := range given {
		names = append(names, in.Column)
	}
	return build(m.Forest(), newInputs(m.Forest(), m.Prep(), base, names, o.Finite)), nil
}

// MakeCodes makes rows of features, as the trees see them, from rows of features; categories are codes.
func MakeCodes(f *forest.Forest, x []float64, o Options) *Set {
	var ins []*input
	width := len(f.Features)
	for j := range f.Features {
		in := &input{name: fmt.Sprintf("x[%d]", j), finite: o.Finite, features: []int{j}, place: map[int]int{j: 0}, direct: []bool{true},
			category: f.Features[j].Kind == forest.Categorical, known: map[threshold][]float64{}}
		for i := j; i < len(x); i += width {
			in.base = append(in.base, x[i])
		}
		ins = append(ins, in)
	}
	return build(f, ins)
}

func build(f *forest.Forest, ins []*input) *Set {
	m := &maker{f: f, paths: newPaths(f), inputOf: make([]int, len(f.Features)), row: make([]float64, len(ins))}
	m.inputs = ins
	for i, in := range ins {
		for _, feature := range in.features {
			m.inputOf[feature] = i
		}
		m.out = append(m.out, make([]float64, len(in.features)))
	}
	m.bounds()
	m.pools()
	m.choose()
	if len(m.accepts) == 0 {
		return &m.Set
	}
	m.specials()
	m.thresholds()
	return &m.Set
}

// bounds finds where the categories of each column end.
func (m *maker) bounds() {
	for i := range m.f.Nodes {
		nd := &m.f.Nodes[i]
		in := m.inputs[m.inputOf[nd.Feature]]
		switch nd.Op {
		case forest.InSet:
			s := &m.f.Sets[nd.Set]
			in.bound = max(in.bound, int(s.Len)*32)
			if s.Known >= 0 {
				in.bound = max(in.bound, int(m.f.Sets[s.Known].Len)*32)
			}
			in.category = true
		case forest.Equal:
			in.category = true
			if nd.Threshold >= 0 && nd.Threshold < maxCategories {
				in.bound = max(in.bound, int(nd.Threshold)+1)
			}
		}
	}
	for _, in := range m.inputs {
		in.bound = min(in.bound, 1<<16)
	}
}

// pools gives columns of numbers values of their own to try: those of some base rows.
func (m *maker) pools() {
	for _, in := range m.inputs {
		if in.text {
			continue
		}
		own := distinct(slices.Clone(in.base))
		slices.SortStableFunc(own, cmp.Compare)
		for i := range min(len(own), 64) {
			in.pool = append(in.pool, own[i*len(own)/min(len(own), 64)])
		}
		in.pool = distinct(in.pool)
	}
}

// choose picks base rows.
func (m *maker) choose() {
	var good []int
	for r := range len(m.inputs[0].base) {
		ok := true
		for i, in := range m.inputs {
			ok = ok && in.forward(in.base[r], m.out[i])
		}
		if ok {
			good = append(good, r)
		}
	}
	n := min(len(good), baseRows)
	for i := range n {
		m.accepts = append(m.accepts, good[i*len(good)/n])
	}
}

// start makes the row that of the next base row.
func (m *maker) start() {
	r := m.accepts[m.turn%len(m.accepts)]
	m.turn++
	for i, in := range m.inputs {
		m.row[i] = in.base[r]
	}
}

// emit adds the row, with other values of a column in turn.
func (m *maker) emit(column int, values []float64) {
	old := m.row[column]
	for _, v := range values {
		in := m.inputs[column]
		if !in.forward(v, m.out[column]) {
			continue
		}
		m.row[column] = v
		m.values = append(m.values, m.row...)
		m.Rows++
	}
	m.row[column] = old
}

func (m *maker) specials() {
	for i, in := range m.inputs {
		if len(in.features) == 0 && in.steps == nil && !in.text {
			continue // nothing looks at it
		}
		for _, v := range in.specials() {
			for range repeats {
				m.start()
				m.emit(i, []float64{v})
			}
		}
	}
}

// question is a distinct question of the forest, and nodes that ask it.
type question struct {
	threshold
	set   int32 // or -1
	nodes []int32
}

// questions lists the distinct thresholds in the order of features and numbers, then the nodes that ask for sets. Their
// nodes are those next to the roots, in the order of trees: how a file lays them out does not matter.
func (m *maker) questions() []question {
	at := map[threshold]int{}
	var all []question
	for _, n := range m.paths.order {
		nd := &m.f.Nodes[n]
		if nd.Op == forest.InSet {
			all = append(all, question{threshold{int(nd.Feature), 0}, nd.Set, []int32{n}})
			continue
		}
		th := threshold{int(nd.Feature), nd.Threshold}
		i, ok := at[th]
		if !ok {
			i = len(all)
			at[th] = i
			all = append(all, question{th, setColumn, nil})
		}
		all[i].nodes = append(all[i].nodes, n)
	}
	slices.SortStableFunc(all, func(a, b question) int {
		return cmp.Or(cmp.Compare(min(a.set, 0), min(b.set, 0)), cmp.Compare(a.feature, b.feature), cmp.Compare(a.t, b.t))
	})
	for _, q := range all {
		slices.SortStableFunc(q.nodes, func(a, b int32) int { return cmp.Compare(m.paths.depth[a], m.paths.depth[b]) })
	}
	return all
}

func (m *maker) thresholds() {
	all := m.questions()
	m.Thresholds = len(all)
	for _, q := range all {
		column := m.inputOf[q.feature]
		values := m.candidates(&q)
		best, bestRow := -1, make([]float64, len(m.row))
		for _, node := range q.nodes[:min(len(q.nodes), tries)] {
			m.start()
			if sides := m.reach(node, column, values); sides > best {
				best = sides
				copy(bestRow, m.row)
			}
			if best == 2 {
				break
			}
		}
		copy(m.row, bestRow)
		m.emit(column, values)
		if best >= 1 {
			m.Reached++
		}
		if best == 2 {
			m.Turned++
		}
		m.turned = append(m.turned, best == 2)
	}
}

// candidates are the values of a question.
func (m *maker) candidates(q *question) []float64 {
	in := m.inputs[m.inputOf[q.feature]]
	if q.set >= 0 {
		return in.edges(m.f, &m.f.Nodes[q.nodes[0]], maxEdges)
	}
	values := in.around(m.f, q.threshold)
	if len(values) == 0 {
		return nil
	}
	return append(values[:len(values):len(values)], math.NaN())
}

// reach changes the row so that it comes to a node with one of a column's values, and counts the ways that they go there: 0
// if none of them comes so far.
func (m *maker) reach(node int32, column int, values []float64) int {
	ways := m.paths.to(node, m.inputOf)
	for i, in := range m.inputs {
		if steps, ok := ways[i]; ok && i != column {
			if m.row[i], ok = in.solve(m.f, m.row[i], steps, m.out[i]); !ok {
				return 0
			}
		}
	}
	in, nd := m.inputs[column], &m.f.Nodes[node]
	var went [2]int
	for _, v := range values {
		if !in.passes(m.f, v, ways[column], m.out[column]) {
			continue
		}
		side := 0
		if goesLeft(m.f, nd, m.f.Prepare(m.out[column][in.place[int(nd.Feature)]])) {
			side = 1
		}
		went[side] = 1
	}
	return went[0] + went[1]
}
