package boundary

import (
	"math"
	"slices"

	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/prep"
)

// input is a column of the rows that a model takes, and what becomes of its values. A raw value is a number, or for a column
// of text the place of a text in texts; NaN is missing.
type input struct {
	name     string
	text     bool
	texts    []string
	codes    []float64           // of texts
	number   map[float64]float64 // codes of numbers; nil: none
	features []int               // that the column feeds, ascending
	place    map[int]int         // of a feature in features
	direct   []bool              // a feature that is the raw value
	category bool                // some feature is a category, or steps look values up
	noNull   bool                // a missing value is refused
	finite   bool
	steps    *prep.Graph // of this column alone; nil: none
	scratch  prep.Scratch
	base     []float64 // raw values of the base rows
	pool     []float64 // raw values to try
	points   []float64 // where steps may jump, ascending: between them they are monotone, but for look-ups
	known    map[threshold][]float64
	bound    int // categories of sets are below it
}

// threshold is a question's number.
type threshold struct {
	feature int
	t       float64
}

// forward gives the features that a raw value becomes, before Forest.Prepare, and whether the row is accepted.
func (in *input) forward(raw float64, out []float64) bool {
	v := raw
	switch {
	case in.finite && math.Abs(v) > math.MaxFloat32 || in.noNull && v != v:
		return false
	case in.text && v == v:
		v = in.codes[int(v)]
	case in.number != nil && v == v:
		code, ok := in.number[v]
		if !ok {
			code = math.NaN()
		}
		v = code
	}
	if in.steps == nil {
		for i := range in.features {
			out[i] = v
		}
		return true
	}
	in.steps.Run([]float64{v}, 1, out[:len(in.features)], &in.scratch)
	return len(in.scratch.Refused) == 0
}

// newInputs makes the inputs of a model: of its steps, or else of its features.
func newInputs(f *forest.Forest, g *prep.Graph, base []golden.Column, names []string, finite bool) []*input {
	var ins []*input
	for i, name := range names {
		in := &input{name: name, finite: finite, known: map[threshold][]float64{}, place: map[int]int{}}
		column := base[slices.IndexFunc(base, func(c golden.Column) bool { return c.Name == name })]
		if g == nil {
			in.features, in.direct = []int{i}, []bool{f.Features[i].Categories == nil}
			in.categories(f.Features[i].Categories, column)
		} else {
			in.ownSteps(g, i)
			if texts := g.Inputs[i].Texts; texts != nil {
				in.setTexts(texts, prep.Unseen, column)
			}
		}
		for k, feature := range in.features {
			in.place[feature] = k
			in.category = in.category || f.Features[feature].Kind == forest.Categorical
		}
		if !in.text {
			in.base = column.Number
		}
		ins = append(ins, in)
	}
	return ins
}

// categories sets the codes of a feature's categories, which may be nil.
func (in *input) categories(c *forest.Categories, column golden.Column) {
	switch {
	case c == nil:
	case c.Hash != nil:
		in.setTexts(golden.Texts(in.name), -1, column) // the model has none; -1 is for those whose hash it does not have
		for i := range in.codes {
			in.codes[i] = -1
		}
		in.noNull = true
		for i, text := range in.texts {
			if at := slices.Index(c.Hash, forest.CategoryHash([]byte(text))); at >= 0 {
				in.codes[i] = float64(at)
			}
		}
	case c.Text != nil:
		in.setTexts(c.Text, math.NaN(), column)
	default:
		in.number = map[float64]float64{}
		for i, v := range c.Number {
			in.number[v] = float64(i)
			in.pool = append(in.pool, v)
		}
		for i, v := range c.Bool {
			n := 0.0
			if v {
				n = 1
			}
			in.number[n] = float64(i)
			in.pool = append(in.pool, n)
		}
	}
}

// strange are texts that no model knows.
var strange = []string{"nobody's", " AA", "aa", "ZZ", "Zürich", "日本", "-1", "1.5", "16777217", "nan", "NA"}

// setTexts makes a column of texts: those of the base rows, those that the model knows, and strange ones.
func (in *input) setTexts(known []string, unseen float64, column golden.Column) {
	in.text, in.category = true, true
	at := map[string]int{}
	add := func(text string, code float64) int {
		i, ok := at[text]
		if !ok {
			i = len(in.texts)
			at[text] = i
			in.texts, in.codes = append(in.texts, text), append(in.codes, code)
			in.pool = append(in.pool, float64(i))
		}
		return i
	}
	for i, text := range known {
		if text != "" { // an empty cell is a missing one
			add(text, float64(i))
		}
	}
	for i, text := range column.Text {
		if column.Null[i] {
			in.base = append(in.base, math.NaN())
			continue
		}
		in.base = append(in.base, float64(add(text, unseen)))
	}
	for _, text := range strange {
		add(text, unseen)
	}
}

// ownSteps takes the steps that column i goes through out of a graph.
func (in *input) ownSteps(g *prep.Graph, i int) {
	place := map[int32]int32{int32(i): 0}
	own := &prep.Graph{Inputs: []prep.Input{g.Inputs[i]}}
	straight := map[int32]bool{0: true} // columns that are the raw value
	for s := range g.Steps {
		st := g.Steps[s]
		from, ok := place[st.From]
		if !ok {
			continue
		}
		to := int32(1 + len(own.Steps))
		place[int32(len(g.Inputs)+s)] = to
		st.From = from
		own.Steps = append(own.Steps, st)
		same := st.Op == prep.Copy || st.Op == prep.RefuseNaN || st.Op == prep.RefuseInf || st.Op == prep.RefuseFraction
		straight[to] = straight[from] && same && !st.Float32
		switch st.Op {
		case prep.Lookup:
			in.category = true
			in.pool = append(in.pool, st.Keys...)
			if st.Keys == nil && g.Inputs[i].Texts == nil {
				for c := range min(len(st.Table), 4096) {
					in.pool = append(in.pool, float64(c))
				}
			}
		case prep.Equals, prep.Replace:
			in.pool = append(in.pool, st.A)
			in.points = append(in.points, math.Nextafter(st.A, math.Inf(-1)), st.A, math.Nextafter(st.A, math.Inf(1)))
			in.category = in.category || st.Op == prep.Equals
		case prep.Byte:
			in.category = true
		}
	}
	if g.Inputs[i].Texts != nil {
		in.pool, in.points = nil, nil
	}
	slices.Sort(in.points)
	for feature, c := range g.Features {
		if to, ok := place[c]; ok {
			in.features, own.Features = append(in.features, feature), append(own.Features, to)
			in.direct = append(in.direct, straight[to] && g.Inputs[i].Texts == nil)
		}
	}
	if len(own.Steps) > 0 {
		in.steps = own
	}
}
