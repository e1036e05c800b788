package lightgbm

import (
	"math"

	"github.com/glulam/glulam/model/forest"
)

// Bits of decision_type.
const (
	bitCategorical = 1
	bitDefaultLeft = 2
	missingShift   = 2 // two bits
)

// missings are the rules of decision_type's missing bits; the fourth pattern has no meaning.
var missings = [...]forest.Missing{forest.MissingNone, forest.MissingZero, forest.MissingNaN}

// addDecisions fills in the questions of a tree's nodes.
func (p *parser) addDecisions(nodes []forest.Node, sets setRange, line int64) error {
	v, err := p.need(p.body, "threshold", line)
	if err != nil {
		return err
	}
	// Infinite thresholds are normal: a split of NaN against everything else is x <= inf.
	thresholds, err := p.floats(v, len(nodes))
	if err != nil {
		return err
	}
	types, err := p.need(p.body, "decision_type", line)
	if err != nil {
		return err
	}
	decisions, err := p.ints(types, len(nodes), math.MinInt8, math.MaxInt8)
	if err != nil {
		return err
	}
	for i, d := range decisions {
		missing := int(d >> missingShift)
		if missing < 0 || missing >= len(missings) {
			return p.unsupported(types, "use a newer glulam", "value %d is %d, which has unknown bits", i, d)
		}
		n, x := &nodes[i], thresholds[i]
		if d&bitCategorical != 0 {
			if x != math.Trunc(x) || !(x >= 0 && x < float64(sets.n)) {
				return p.corrupt(v, "value %d is %v, not one of the %d categorical sets of the tree", i, x, sets.n)
			}
			// LightGBM sends NaN to the right at every categorical split, whatever the other bits say.
			n.Op, n.Set, n.Missing = forest.InSet, int32(sets.first+int(x)), forest.MissingNaN
			continue
		}
		if math.IsNaN(x) {
			return p.corrupt(v, "value %d is not a number", i)
		}
		n.Op, n.Threshold = forest.LessEqual, x
		n.Missing, n.DefaultLeft = missings[missing], d&bitDefaultLeft != 0
	}
	return nil
}

// perNode and perLeaf are the arrays that are not read. LightGBM leaves them empty for trees of one leaf and for models
// that come from older files.
var (
	perNode = []string{"split_gain", "internal_value", "internal_weight", "internal_count"}
	perLeaf = []string{"leaf_weight", "leaf_count"}
	// ofNodes are empty for trees of one leaf, which have no nodes.
	ofNodes = []string{"split_feature", "threshold", "decision_type", "left_child", "right_child"}
)

// checkUnread counts the values of arrays that are not read: a wrong number is a sign of damage.
func (p *parser) checkUnread(leaves int) error {
	check := func(keys []string, want int) error {
		for _, key := range keys {
			v := p.body[key]
			if n := countWords(v.text); n != 0 && n != want {
				return p.corrupt(v, "has %d values; %d belong there", n, want)
			}
		}
		return nil
	}
	if err := check(perNode, leaves-1); err != nil {
		return err
	}
	if leaves == 1 {
		if err := check(ofNodes, 0); err != nil {
			return err
		}
	}
	return check(perLeaf, leaves)
}
