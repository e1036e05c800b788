package sklearn

import (
	"math"
	"sort"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/internal/skops"
	"github.com/glulam/glulam/model/prep"
)

// pyColumn is export.py's Column: a column of numbers, at the place at of the graph, or (at < 0) one of what the input
// source holds, numbers or texts, whichever something looks at first. says is what has become of a text since; nil: nothing.
type pyColumn struct {
	at, source int32
	says       func(pyText) pyText
}

// pyText is a text, or a missing one.
type pyText struct {
	text    string
	missing bool
}

func (c pyColumn) say(t pyText) pyText {
	if c.says == nil {
		return t
	}
	return c.says(t)
}

// pyGraph is export.py's Graph: what happens to a row before the trees, as it is found out.
type pyGraph struct {
	m       *skopsModel
	names   []string // nil: the inputs have none
	inputs  int
	texts   map[int32]*textSet // of inputs that hold texts
	numeric []bool
	steps   []prep.Step
	encode  map[int]func(pyText) (float64, bool) // of steps that look up texts; false: the row is refused
	sparse  bool
}

// textSet is a set of texts that keeps their order.
type textSet struct {
	list []string
	has  map[string]struct{}
}

func (s *textSet) add(texts []string) {
	for _, t := range texts {
		if _, ok := s.has[t]; !ok {
			s.has[t] = struct{}{}
			s.list = append(s.list, t)
		}
	}
}

// step adds a step and gives its place. At the limit it is an error.
func (g *pyGraph) step(n skops.Node, s prep.Step) int32 {
	if g.inputs+len(g.steps) >= prep.MaxColumns {
		g.m.file.Fail(fault.New(fault.TooLarge, g.m.source, "more than %d columns and steps before the trees", prep.MaxColumns).OnField(n.Path()).WithHint(smaller))
		return 0
	}
	g.steps = append(g.steps, s)
	return int32(g.inputs + len(g.steps) - 1)
}

func (g *pyGraph) label(source int32) string {
	if g.names == nil {
		return "number " + pythonText(int64(source))
	}
	return fault.Quote(g.names[source])
}

// number is the place of a column of numbers.
func (g *pyGraph) number(n skops.Node, c pyColumn) int32 {
	if c.at >= 0 {
		return c.at
	}
	if g.texts[c.source] != nil {
		n.Unsupported("give it a column of its own", "column %s is used both as text and as numbers", g.label(c.source))
	}
	g.numeric[c.source] = true
	return c.source
}

// text makes a column one of texts, some of which are these.
func (g *pyGraph) text(n skops.Node, c pyColumn, texts []string) {
	switch {
	case c.at >= 0:
		n.Unsupported("encode it as what it is", "a column of numbers is used as text")
		return
	case g.numeric[c.source]:
		n.Unsupported("give it a column of its own", "column %s is used both as numbers and as text", g.label(c.source))
		return
	}
	if g.texts[c.source] == nil {
		g.texts[c.source] = &textSet{has: map[string]struct{}{}}
	}
	g.texts[c.source].add(texts)
}

// maybe is a number, or a refusal of the row.
type maybe struct {
	x  float64
	ok bool
}

func (v maybe) orNaN() float64 {
	if !v.ok {
		return math.NaN()
	}
	return v.x
}

// table is what an encoder makes of a column's values.
type table struct {
	texts           []string // or:
	numbers         []float64
	values          []float64 // NaN: the row is refused
	unknown, absent maybe
	infinite        bool // an infinite number is refused, though other unknown ones are not
}

// lookup adds a column that a table makes of another. refuse is the end of refusals.
func (g *pyGraph) lookup(n skops.Node, c pyColumn, t table, refuse string) int32 {
	s := prep.Step{Op: prep.Lookup}
	var at int32
	var mayLack, mayRefuse bool
	var encode func(pyText) (float64, bool)
	if len(t.numbers) == 0 && (len(t.texts) > 0 || c.at < 0) {
		g.text(n, c, t.texts)
		at = c.source
		known := make(map[string]float64, len(t.texts))
		for i, text := range t.texts {
			known[text] = t.values[i]
		}
		encode = func(text pyText) (float64, bool) {
			text = c.say(text)
			if text.missing {
				return t.absent.x, t.absent.ok
			}
			if v, ok := known[text.text]; ok {
				return v, v == v
			}
			return t.unknown.x, t.unknown.ok
		}
		_, ok := encode(pyText{missing: true})
		mayLack, mayRefuse = !ok, true
	} else {
		at = g.number(n, c)
		sort.Sort(&t)
		s.Keys, s.Table, s.A, s.B = append([]float64{}, t.numbers...), append([]float64{}, t.values...), t.absent.orNaN(), t.unknown.orNaN()
		mayLack, mayRefuse = !t.absent.ok, !t.unknown.ok
		if t.infinite && !mayRefuse {
			at = g.step(n, prep.Step{Op: prep.RefuseInf, From: at, Refuse: "an infinite number"})
		}
	}
	if mayLack {
		at = g.step(n, prep.Step{Op: prep.RefuseNaN, From: at, Refuse: "a missing value" + refuse})
	}
	if mayRefuse {
		s.Refuse = "not one of the categories" + refuse
	}
	s.From = at
	at = g.step(n, s)
	if encode != nil {
		g.encode[len(g.steps)-1] = encode
	}
	return at
}

// A table of numbers is sorted by them.
func (t *table) Len() int           { return len(t.numbers) }
func (t *table) Less(i, j int) bool { return t.numbers[i] < t.numbers[j] }
func (t *table) Swap(i, j int) {
	t.numbers[i], t.numbers[j] = t.numbers[j], t.numbers[i]
	t.values[i], t.values[j] = t.values[j], t.values[i]
}

// unseen is a text that nobody has seen.
var unseen = pyText{text: "\x00 a text that nobody has seen"}

// finish fills in the tables of texts, all of which are known now.
func (g *pyGraph) finish() {
	entries := 0
	for i := range g.steps {
		value := g.encode[i]
		if value == nil {
			continue
		}
		s := &g.steps[i]
		source := s.From
		for int(source) >= g.inputs {
			source = g.steps[int(source)-g.inputs].From
		}
		texts := g.texts[source].list
		if entries += len(texts); entries > prep.MaxTable {
			g.m.file.Fail(fault.New(fault.TooLarge, g.m.source, "tables of more than %d values before the trees", prep.MaxTable).WithHint(smaller))
			return
		}
		s.Table = make([]float64, len(texts))
		refuses := false
		for j, text := range texts {
			v, ok := value(pyText{text: text})
			s.Table[j] = maybe{v, ok}.orNaN()
			refuses = refuses || !ok
		}
		a, ok := value(pyText{missing: true})
		s.A = maybe{a, ok}.orNaN()
		b, ok := value(unseen)
		s.B = maybe{b, ok}.orNaN()
		if !refuses && ok {
			s.Refuse = ""
		}
	}
}

// columns finds the way of a row to the trees, and fills in the head's columns, steps and features.
func (m *skopsModel) columns() error {
	first := m.estimator
	if len(m.before) > 0 {
		first = m.before[0]
	}
	g := m.newGraph(first)
	if err := m.file.Err(); err != nil {
		return err
	}
	columns := make([]pyColumn, g.inputs)
	for i := range columns {
		columns[i] = pyColumn{at: -1, source: int32(i)}
	}
	for _, t := range m.before {
		columns = g.transform(t, columns)
		if err := m.file.Err(); err != nil {
			return err
		}
	}
	e := m.estimator
	if want := e.Attr("n_features_in_").Int(); want != int64(len(columns)) {
		e.Corrupt("%s takes %d features and gets %d", m.name, want, len(columns))
		return m.file.Err()
	}
	inner := e.Maybe("_preprocessor")
	if !inner.IsNone() {
		columns = g.transform(inner, columns)
	}
	at := make([]int32, len(columns))
	for i, c := range columns {
		at[i] = g.number(e, c)
	}
	if m.isCode != nil && m.file.Err() == nil {
		if len(m.isCode) != len(at) {
			e.Corrupt("%d columns for %d features", len(at), len(m.isCode))
			return m.file.Err()
		}
		for i, code := range m.isCode {
			if code && inner.IsNone() { // up to 1.3 the trees look at a category through a cast to uint8
				at[i] = g.step(e, prep.Step{Op: prep.Byte, From: at[i]})
			}
		}
	} else if g.sparse && (m.name != "IsolationForest" || m.minor < 6) {
		m.head.missing = true
	}
	g.finish()
	g.layOut(e, at)
	return m.file.Err()
}

// newGraph starts with the columns that the first step takes.
func (m *skopsModel) newGraph(first skops.Node) *pyGraph {
	for kind(first) == "Pipeline" && m.file.Err() == nil { // which asks its first step
		steps := first.Attr("steps").Items()
		if len(steps) == 0 {
			break
		}
		first = step(steps[0])
	}
	g := &pyGraph{m: m, texts: map[int32]*textSet{}, encode: map[int]func(pyText) (float64, bool){}}
	if first.IsText() || !first.Has("n_features_in_") {
		first.Unsupported(exportInstead, "%s does not say how many columns it takes", fault.Quote(kind(first)))
		return g
	}
	count := first.Attr("n_features_in_")
	g.inputs = m.countOf(count, min(prep.MaxColumns, max(1<<16, m.size)))
	g.numeric = make([]bool, g.inputs)
	if names := first.Maybe("feature_names_in_"); !names.IsNone() {
		for _, v := range values(names) {
			g.names = append(g.names, pythonText(v))
		}
		if len(g.names) != g.inputs {
			names.Corrupt("%d names for %d columns", len(g.names), g.inputs)
		}
	}
	return g
}

// layOut puts inputs, steps and features into the head. Inputs that nothing looks at are left out, if they have names.
func (g *pyGraph) layOut(n skops.Node, at []int32) {
	if g.m.file.Err() != nil {
		return
	}
	used := make([]bool, g.inputs+len(g.steps))
	for i := range g.steps {
		used[g.steps[i].From] = true
	}
	for _, a := range at {
		used[a] = true
	}
	moved := make([]int32, g.inputs)
	h := &g.m.head
	seen := map[string]bool{}
	for i := range g.inputs {
		if !used[i] && g.names != nil {
			continue
		}
		moved[i] = int32(len(h.columns))
		var in prep.Input
		if g.names != nil {
			in.Name = g.names[i]
			if seen[in.Name] {
				n.Corrupt("two columns have the name %s", fault.Quote(in.Name))
				return
			}
			seen[in.Name] = true
		}
		if texts := g.texts[int32(i)]; texts != nil {
			in.Texts = append([]string{}, texts.list...)
		}
		h.columns = append(h.columns, in)
	}
	if len(h.columns) == 0 {
		n.Unsupported("train it on a column", "no column that comes in is used")
		return
	}
	place := func(c int32) int32 {
		if int(c) < g.inputs {
			return moved[c]
		}
		return c - int32(g.inputs) + int32(len(h.columns))
	}
	for i := range g.steps {
		g.steps[i].From = place(g.steps[i].From)
	}
	for _, a := range at {
		h.features = append(h.features, place(a))
	}
	h.steps = g.steps
}
