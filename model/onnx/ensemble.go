package onnx

import (
	"math"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
)

// ensemble is what the three tree operators have in common. Node and leaf numbers are those of the lists below; a child
// that is negative is leaf ^child.
type ensemble struct {
	place      string
	operator   string
	double     bool // the features, thresholds, weights and sums are float64
	wide       bool // so are the predictions
	classifier bool
	nodes      []node
	roots      []int32
	trees      []span // the nodes and leaves that each tree owns; nil: every tree owns those that it reaches

	// The weights of leaf l are those from firstWeight[l] to firstWeight[l+1]-1.
	firstWeight []int32
	target      []int32
	weight      []float64

	targets   int
	bias      []float64 // base_values, as the file has them
	aggregate string
	post      string
	members   [][]float64 // of nodes that ask for membership

	// Of classifiers.
	labels           []string
	labelsAreNumbers bool
	labelsAre01      bool // they are the numbers 0 and 1
	ids              [2]bool
	positive         bool // no weight is negative
}

type node struct {
	threshold  float64
	yes, no    int32
	feature    int32
	members    int32 // index into ensemble.members
	mode       mode
	missingYes bool
}

type span struct{ nodes, leaves int32 }

// mode is a node's question. The numbers are those of TreeEnsemble's nodes_modes.
type mode uint8

const (
	modeLEQ mode = iota
	modeLT
	modeGTE
	modeGT
	modeEQ
	modeNEQ
	modeMember
	modeLeaf // not in TreeEnsemble
)

var modeNames = map[string]mode{"BRANCH_LEQ": modeLEQ, "BRANCH_LT": modeLT, "BRANCH_GTE": modeGTE, "BRANCH_GT": modeGT, "BRANCH_EQ": modeEQ, "BRANCH_NEQ": modeNEQ, "LEAF": modeLeaf}

// The names of post transforms and aggregates, in the order of TreeEnsemble's numbers. (ONNX Runtime 1.32 takes 1 for LOGISTIC
// and 2 for SOFTMAX; the specification has them the other way round.)
var (
	postNames      = []string{"NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT"}
	aggregateNames = []string{"AVERAGE", "SUM", "MIN", "MAX"}
)

func (p *parser) readEnsemble(n *nodeProto, v *value) (*ensemble, error) {
	e := &ensemble{place: n.place(), operator: n.op, classifier: n.op == "TreeEnsembleClassifier", positive: true}
	switch v.typ {
	case typeFloat:
	case typeDouble:
		e.double = true
	default:
		return nil, p.unsupported(e.place, "it takes features of type %v, only float and double can be read", v.typ).
			WithHint("convert the model again with FloatTensorType inputs")
	}
	a := &attrs{node: n}
	var err error
	if n.op == "TreeEnsemble" {
		err = p.readV5(e, a)
	} else {
		err = p.readV3(e, a)
	}
	if a.err != nil { // it is why other things are wrong
		err = p.wrap(a.err, e.place)
	}
	if err != nil {
		return nil, err
	}
	for i := range e.nodes {
		if f := e.nodes[i].feature; f < 0 || int(f) >= len(v.cols) {
			return nil, p.corrupt(e.place, "a node asks for feature %d of %d", f, len(v.cols))
		}
	}
	for _, t := range e.target {
		if t < 0 || int(t) >= e.targets {
			return nil, p.corrupt(e.place, "a leaf adds to output %d of %d", t, e.targets)
		}
	}
	return e, nil
}

// numbers is a list of floats, or the same of float64s under name_as_tensor.
func (p *parser) numbers(e *ensemble, a *attrs, name string) ([]float64, error) {
	floats, t := a.floats(name), a.tensor(name+"_as_tensor")
	if t == nil {
		out := make([]float64, len(floats))
		for i, v := range floats {
			out[i] = float64(v)
		}
		return out, nil
	}
	if len(floats) > 0 {
		return nil, p.corrupt(e.place, "both %s and %s_as_tensor", name, name)
	}
	return p.tensorNumbers(e, t, name+"_as_tensor")
}

// tensorNumbers gives the values of an attribute that must be a list of the ensemble's own type.
func (p *parser) tensorNumbers(e *ensemble, t *tensor, name string) ([]float64, error) {
	want := typeFloat
	if e.double {
		want = typeDouble
	}
	if t.typ != want || len(t.dims) > 1 {
		return nil, p.unsupported(e.place, "%s holds %v in %d dimensions, the features are %v", name, t.typ, len(t.dims), want)
	}
	return t.numbers, nil
}

// setNode fills in what a question is about.
func (p *parser) setNode(e *ensemble, nd *node, m mode, feature int64, missing int64) error {
	if feature < 0 || feature >= forest.MaxFeatures {
		return p.corrupt(e.place, "a node asks for feature %d", feature)
	}
	if missing != 0 && missing != 1 {
		return p.corrupt(e.place, "nodes_missing_value_tracks_true has a %d", missing)
	}
	nd.mode, nd.feature, nd.missingYes = m, int32(feature), missing == 1
	return nil
}

func (p *parser) checkSize(e *ensemble, nodes, weights int) error {
	if nodes > math.MaxInt32/4 || weights > math.MaxInt32/4 {
		return p.refuse(fault.TooLarge, e.place, "%d nodes and %d weights", nodes, weights).WithHint(smaller)
	}
	return nil
}
