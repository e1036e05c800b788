package onnx

import (
	"slices"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/prep"
)

// parser is the state of one Parse.
type parser struct {
	source string
	opset  map[string]int64
	values map[string]*value // what each name of the graph stands for

	inputs []prep.Input
	types  []elemType           // of each input
	texts  []map[string]float64 // the codes of each input's texts
	steps  []prep.Step
	whole  map[int32]int32 // inputs that were brought to their type, and the columns that hold them then
	budget int             // columns of all values together

	ensemble *ensemble
	features []int32 // the columns that the ensemble sees
	output   *value  // the scores that the graph gives out
}

// value is what a name of the graph stands for while the graph is read.
type value struct {
	kind valueKind
	typ  elemType
	dims []int   // of columns: the dimensions after that of the rows
	cols []int32 // of columns: where each of their values comes from, the last dimension first
	t    *tensor // of a constant
	link forest.Link
	post bool // of scores: link stands for more than the ensemble's own transform
}

type valueKind uint8

const (
	columns valueKind = iota
	constant
	scores // what the ensemble gives for each target or class
	labels // which class it takes
	maps   // scores with labels, which ZipMap makes
)

// Limits of what stands before the trees.
const (
	maxColumns = 1 << 22 // of all values of the graph together
	maxSteps   = 1 << 17
	maxInputs  = 1 << 16 // columns; a file claims them with a number
)

// operators are the operators that are understood. Each sets the values of its outputs.
var operators map[string]func(*parser, *nodeProto, *attrs) error

func init() {
	operators = map[string]func(*parser, *nodeProto, *attrs) error{
		"Identity": (*parser).identity, "Cast": (*parser).cast, "Constant": (*parser).constant,
		"Concat": (*parser).concat, "Gather": (*parser).gather, "Reshape": (*parser).reshape, "Flatten": (*parser).flatten,
		"Squeeze": (*parser).squeeze, "Unsqueeze": (*parser).squeeze,
		"Add": (*parser).arithmetic, "Sub": (*parser).arithmetic, "Mul": (*parser).arithmetic, "Div": (*parser).arithmetic,
		"Exp":                               (*parser).exp,
		"ai.onnx.ml.ArrayFeatureExtractor":  (*parser).extract,
		"ai.onnx.ml.FeatureVectorizer":      (*parser).vectorize,
		"ai.onnx.ml.Scaler":                 (*parser).scaler,
		"ai.onnx.ml.Imputer":                (*parser).imputer,
		"ai.onnx.ml.OneHotEncoder":          (*parser).oneHot,
		"ai.onnx.ml.LabelEncoder":           (*parser).labelEncoder,
		"ai.onnx.ml.ZipMap":                 (*parser).zipMap,
		"ai.onnx.ml.TreeEnsemble":           (*parser).trees,
		"ai.onnx.ml.TreeEnsembleRegressor":  (*parser).trees,
		"ai.onnx.ml.TreeEnsembleClassifier": (*parser).trees,
	}
}

// run goes through the graph's nodes, which the format has in the order of their computation.
func (p *parser) run(g *graphProto) error {
	for name, t := range g.constants {
		p.values[name] = &value{kind: constant, typ: t.typ, t: t}
	}
	if err := p.setInputs(g); err != nil {
		return err
	}
	if !slices.ContainsFunc(g.nodes, func(n nodeProto) bool { return strings.HasPrefix(n.operator(), "ai.onnx.ml.TreeEnsemble") }) {
		return p.unsupported("graph", "there are no trees in it: none of its %d operators is a TreeEnsemble", len(g.nodes)).WithHint(noTrees)
	}
	for i := range g.nodes {
		n := &g.nodes[i]
		op := operators[n.operator()]
		if op == nil {
			return p.unsupported(n.place(), "the operator %.60q is none of those that surround trees", n.operator())
		}
		if p.opset[n.domain] == 0 && n.domain != "" {
			return p.corrupt(n.place(), "the version of %s is not given", n.domain)
		}
		if err := n.readAttributes(); err != nil {
			return p.wrap(err, n.place())
		}
		if err := op(p, n, &attrs{node: n}); err != nil {
			return p.wrap(err, n.place())
		}
		n.attributes = nil // the largest part of the memory
	}
	return p.setOutput(g)
}

// set names a value. Every name may be set once.
func (p *parser) set(n *nodeProto, i int, v *value) error {
	if i >= len(n.outputs) || n.outputs[i] == "" {
		return nil
	}
	name := n.outputs[i]
	if p.values[name] != nil {
		return p.corrupt(n.place(), "%.60q is made twice", name)
	}
	if v.kind == columns {
		if len(v.cols) > prep.MaxColumns {
			return p.refuse(fault.TooLarge, n.place(), "%d columns", len(v.cols)).WithHint(smaller)
		}
		if p.budget += len(v.cols); p.budget > maxColumns {
			return p.refuse(fault.TooLarge, n.place(), "more than %d columns before the trees", maxColumns).WithHint(smaller)
		}
	}
	p.values[name] = v
	return nil
}

// take gives a node's inputs and checks how many inputs and outputs it has. most < 0: any number.
func (p *parser) take(n *nodeProto, least, most, outputs int) ([]*value, error) {
	if len(n.inputs) < least || most >= 0 && len(n.inputs) > most || len(n.outputs) < 1 || len(n.outputs) > outputs {
		return nil, p.corrupt(n.place(), "%d inputs and %d outputs", len(n.inputs), len(n.outputs))
	}
	list := make([]*value, len(n.inputs))
	for i, name := range n.inputs {
		if list[i] = p.values[name]; list[i] == nil {
			return nil, p.corrupt(n.place(), "takes %.60q, which nothing before it makes", name)
		}
	}
	return list, nil
}

// takeColumns is take for operators that make one value of the columns before the trees.
func (p *parser) takeColumns(n *nodeProto) (*value, error) {
	in, err := p.take(n, 1, 1, 1)
	if err != nil {
		return nil, err
	}
	if in[0].kind != columns {
		return nil, p.misplaced(n)
	}
	return in[0], nil
}

func (p *parser) misplaced(n *nodeProto) error {
	return p.unsupported(n.place(), "the operator %.60q is not known where it stands", n.operator())
}

func (p *parser) setInputs(g *graphProto) error {
	var given []*valueInfo
	for i := range g.inputs {
		if in := &g.inputs[i]; p.values[in.name] == nil { // before version 4 of the format, constants are listed with the inputs
			given = append(given, in)
		} else if p.values[in.name].kind != constant {
			return p.corrupt("graph", "two inputs are called %.60q", in.name)
		}
	}
	if len(given) == 0 {
		return p.corrupt("graph", "it takes nothing")
	}
	for _, in := range given {
		place := "input " + in.name
		if len(place) > 60 {
			place = place[:60]
		}
		if in.typ != typeFloat && in.typ != typeDouble && in.typ != typeInt64 && in.typ != typeInt32 && in.typ != typeString {
			return p.unsupported(place, "it takes %v", in.typ)
		}
		if len(in.shape) != 2 || in.shape[1] < 0 {
			return p.unsupported(place, "how many columns it has is not fixed").WithHint("convert the model again with the number of columns, as in FloatTensorType([None, 4])")
		}
		if in.shape[1] > 1 && len(in.name) > 200 {
			return p.corrupt(place, "a name of %d bytes", len(in.name))
		}
		if in.shape[1] > forest.MaxFeatures || len(p.inputs)+int(in.shape[1]) > maxInputs {
			return p.refuse(fault.TooLarge, place, "%d columns", in.shape[1]).WithHint(smaller)
		}
		if p.values[in.name] != nil {
			return p.corrupt("graph", "two inputs are called %.60q", in.name)
		}
		width := int(in.shape[1])
		v := &value{typ: in.typ, dims: []int{width}}
		for i := range width {
			v.cols = append(v.cols, int32(len(p.inputs)))
			p.inputs = append(p.inputs, prep.Input{Name: inputName(in.name, i, width, len(given))})
			p.types = append(p.types, in.typ)
			p.texts = append(p.texts, nil)
		}
		p.values[in.name] = v
	}
	for i, t := range p.types {
		if t == typeString {
			p.texts[i] = map[string]float64{}
			p.inputs[i].Texts = []string{}
		}
	}
	return nil
}

// setOutput finds the scores that the graph gives out.
func (p *parser) setOutput(g *graphProto) error {
	for _, o := range g.outputs {
		v := p.values[o.name]
		switch {
		case v == nil:
			return p.corrupt("graph", "nothing makes its output %.60q", o.name)
		case v.kind == labels:
		case v.kind != scores && v.kind != maps:
			return p.unsupported("output "+firstLine(o.name), "it does not come from the trees")
		case v.kind == scores && o.typ != v.typ && o.typ != 0:
			return p.unsupported("output "+firstLine(o.name), "it is said to be of type %v, but is %v: ONNX Runtime does not load that either", o.typ, v.typ)
		case p.output != nil && (p.output.link != v.link || p.output.post != v.post):
			return p.unsupported("output "+firstLine(o.name), "another output gives the same scores, transformed in another way")
		default:
			p.output = v
		}
	}
	if p.output == nil {
		return p.unsupported("graph", "it gives no scores out, only a class or nothing")
	}
	return nil
}
