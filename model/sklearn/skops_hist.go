package sklearn

import (
	"math"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/internal/skops"
)

// histLinks are the links of HistGradientBoosting's losses.
var histLinks = map[string]forest.Link{
	"IdentityLink": {Kind: forest.Identity}, "LogLink": {Kind: forest.Exp},
	"LogitLink": {Kind: forest.Sigmoid, Param: 1}, "MultinomialLogit": {Kind: forest.Softmax},
}

// histHead is that of HistGradientBoosting.
func (m *skopsModel) histHead() {
	e, h, f := m.estimator, &m.head, &m.forest
	rounds := e.Attr("_predictors").Items()
	if len(rounds) == 0 {
		e.Corrupt("no trees")
		return
	}
	if loss := e.Attr("loss"); !loss.IsText() {
		loss.Unsupported(exportInstead, "a loss of one's own")
		return
	}
	f.Objective, h.input = e.Attr("loss").Text(), forest.Float64
	h.rounds, h.outputs = len(rounds), m.countOf(e.Attr("n_trees_per_iteration_"), forest.MaxOutputs)
	link := kind(e.Attr("_loss").Attr("link"))
	known := false
	if h.link, known = histLinks[link]; !known && e.Attr("_loss").OK() {
		e.Unsupported(exportInstead, "HistGradientBoosting with loss=%s, whose link is %s", fault.Quote(f.Objective), fault.Quote(link))
		return
	}
	base := e.Attr("_baseline_prediction").Array()
	if base.Type != "f8" || base.Len() != h.outputs {
		e.Corrupt("a _baseline_prediction of type %q and %d values for %d outputs", base.Type, base.Len(), h.outputs)
		return
	}
	h.base, h.seen["base"] = base.Floats(nil), true
	m.setTask(strings.HasSuffix(m.name, "Classifier"), h.outputs == 1)
	m.knownCategories(e.Attr("_bin_mapper"))
	m.trees = func(add func() error) error {
		for _, round := range rounds {
			predictors := round.Items()
			if len(predictors) != h.outputs {
				round.Corrupt("%d trees where %d belong", len(predictors), h.outputs)
			}
			for _, p := range predictors {
				m.histTree(p)
				if err := add(); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

// knownCategories are the bits of the categories that were there in training, of each categorical feature.
func (m *skopsModel) knownCategories(mapper skops.Node) {
	h := &m.head
	some := false
	for _, c := range mapper.Attr("is_categorical_").Array().Ints(nil, 0, 255) {
		m.isCode = append(m.isCode, c != 0)
		some = some || c != 0
	}
	if !some {
		return
	}
	thresholds := mapper.Attr("bin_thresholds_").Items()
	if len(thresholds) != len(m.isCode) {
		mapper.Corrupt("%d sets of categories or thresholds for %d features", len(thresholds), len(m.isCode))
		return
	}
	for i, code := range m.isCode {
		if !code {
			h.known = append(h.known, -1)
			continue
		}
		h.known = append(h.known, int32(len(h.words)))
		var words [setWords]uint32
		for _, c := range thresholds[i].Array().Floats(nil) {
			if !(c >= 0 && c < 256) || c != math.Trunc(c) {
				thresholds[i].Corrupt("a category %v", c)
				return
			}
			words[int(c)/32] |= 1 << (int(c) % 32)
		}
		h.words = append(h.words, words[:]...)
	}
}

// histTree reads a TreePredictor into m.t.
func (m *skopsModel) histTree(p skops.Node) {
	if got := kind(p); p.OK() && got != "TreePredictor" {
		p.Unsupported(exportInstead, "%s where a TreePredictor belongs", fault.Quote(got))
		return
	}
	nodes := p.Attr("nodes").Array()
	leaf := nodes.FieldInts("is_leaf", nil, 0, 255)
	left := nodes.FieldInts("left", nil, 0, math.MaxInt32)
	right := nodes.FieldInts("right", nil, 0, math.MaxInt32)
	feature := nodes.FieldInts("feature_idx", nil, math.MinInt32, math.MaxInt32)
	threshold := nodes.FieldFloats("num_threshold", nil)
	missing := nodes.FieldInts("missing_go_to_left", nil, 0, 255)
	categorical := nodes.FieldInts("is_categorical", nil, 0, 255)
	value := nodes.FieldFloats("value", nil)
	if m.file.Err() != nil {
		return
	}
	t := &m.t
	some := false
	for i := range leaf {
		if leaf[i] != 0 {
			t.left = append(t.left, 0)
			t.value = append(t.value, value[i])
			continue
		}
		if !m.addNode(p, i, left[i], right[i], feature[i]) {
			return
		}
		x := threshold[i]
		if categorical[i] != 0 {
			x, some = 0, true
		}
		t.threshold = append(t.threshold, x)
		t.missing = append(t.missing, min(missing[i], 1))
	}
	if some {
		m.histSets(p, nodes, leaf, categorical)
	}
}

// histSets reads the sets of categories of the splits in m.t.
func (m *skopsModel) histSets(p skops.Node, nodes *skops.Array, leaf, categorical []int32) {
	at := p.Attr("raw_left_cat_bitsets")
	sets := at.Array()
	if len(sets.Shape) != 2 || sets.Shape[1] != setWords || sets.Type != "u4" {
		at.Corrupt("sets of categories of type %q and shape %v", sets.Type, sets.Shape)
		return
	}
	t := &m.t
	for _, w := range sets.Floats(nil) {
		t.sets = append(t.sets, uint32(w))
	}
	for i, set := range nodes.FieldInts("bitset_idx", nil, math.MinInt32, math.MaxInt32) {
		switch {
		case leaf[i] != 0:
		case categorical[i] == 0:
			t.set = append(t.set, -1)
		case set < 0:
			p.Corrupt("node %d has the set %d", i, set)
			return
		default:
			t.set = append(t.set, set)
		}
	}
}
