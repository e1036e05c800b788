package lightgbm

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/internal/jsonread"
)

// maxDumpWords is how many words of 32 categories all sets may have that are not paid for by the file's size: a dump lists
// categories, so that a short one could ask for a large set.
const maxDumpWords = 1 << 20

// wordBudget is how many words of categorical sets may still come.
type wordBudget struct{ left int }

// dumpTree collects the arrays of the text from the nodes and leaves of a dump: value i is that of split_index or leaf_index
// i. The literals are those of the file.
type dumpTree struct {
	p      *parser
	r      *jsonread.Reader
	budget *wordBudget

	nodes  []dumpNode
	leaves []dumpLeaf

	bounds []int // cat_boundaries
	words  []uint32
}

type dumpNode struct {
	index       int
	left, right int // a split_index, or ^leaf_index
	feature     []byte
	threshold   string
	categories  string
	decision    int
}

type dumpLeaf struct {
	index           int
	value, constant []byte // constant is nil for leaves without a linear model
	features        [][]byte
	coefficients    [][]byte
}

// readDumpTree reads element i of tree_info and adds the tree.
func (p *parser) readDumpTree(r *jsonread.Reader, i int, budget *wordBudget) error {
	p.tree = i
	t := &dumpTree{p: p, r: r, budget: budget, bounds: []int{0}}
	counted, root := -1, 0
	err := r.Object(func(key string) (err error) {
		switch key {
		case "tree_index", "num_cat", "shrinkage":
			_, err = r.Literal()
		case "num_leaves":
			counted, err = r.Integer(1, math.MaxInt32)
		case "tree_structure":
			root, err = t.node()
		default:
			return t.unknown(key)
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(t.leaves) != counted {
		return r.Corrupt("num_leaves is %d, but there are %d", counted, len(t.leaves))
	}
	if root != 0 && len(t.nodes) > 0 {
		return r.Corrupt("the root is split_index %d", root)
	}
	if err := t.sort(); err != nil {
		return err
	}
	p.body = t.body()
	if err := p.addTree(0); err != nil {
		return err
	}
	p.tree = outside
	return nil
}

func (t *dumpTree) unknown(key string) error {
	return t.p.unsupported(field{key: t.r.Place()}, "use a newer glulam", "unknown key %s", quote(key))
}

// node reads a node or a leaf and what is below it. It gives a split_index or ^leaf_index.
func (t *dumpTree) node() (int, error) {
	r := t.r
	n := dumpNode{index: -1}
	var l dumpLeaf
	var kind, missing string
	left, leftSeen, rightSeen := false, false, false
	err := r.Object(func(key string) (err error) {
		switch key {
		case "split_index":
			n.index, err = r.Index()
		case "split_feature":
			n.feature, err = r.Literal()
		case "threshold":
			if r.Kind() == '"' {
				n.categories, err = r.Text()
				return err
			}
			n.threshold, err = t.threshold()
		case "decision_type":
			kind, err = r.Text()
		case "default_left":
			left, err = r.Bool()
		case "missing_type":
			missing, err = r.Text()
		case "left_child":
			n.left, err = t.node()
			leftSeen = true
		case "right_child":
			n.right, err = t.node()
			rightSeen = true
		case "split_gain", "internal_value", "internal_weight", "internal_count", "leaf_weight", "leaf_count":
			_, err = r.Value()
		case "leaf_index":
			l.index, err = r.Index()
		case "leaf_value":
			l.value, err = r.Literal()
		case "leaf_const":
			l.constant, err = r.Literal()
		case "leaf_features":
			l.features, err = t.literals()
		case "leaf_coeff":
			l.coefficients, err = t.literals()
		default:
			return t.unknown(key)
		}
		return err
	})
	switch {
	case err != nil:
		return 0, err
	case l.value != nil && n.index < 0 && !leftSeen && !rightSeen:
		if len(l.features) != len(l.coefficients) || l.constant == nil && l.features != nil {
			return 0, r.Corrupt("a linear leaf with %d features and %d coefficients", len(l.features), len(l.coefficients))
		}
		t.leaves = append(t.leaves, l)
		return ^l.index, nil
	case l.value != nil || n.index < 0 || n.feature == nil || !leftSeen || !rightSeen:
		return 0, r.Corrupt("neither a leaf nor a split with two children")
	}
	if err := t.decide(&n, kind, missing, left); err != nil {
		return 0, err
	}
	t.nodes = append(t.nodes, n)
	return n.index, nil
}

// decide sets decision_type of a node.
func (t *dumpTree) decide(n *dumpNode, kind, missing string, left bool) error {
	m := slices.Index([]string{"None", "Zero", "NaN"}, missing)
	if m < 0 {
		return t.p.unsupported(field{key: t.r.Place()}, "use a newer glulam", "unknown missing_type %s", quote(missing))
	}
	n.decision = m << missingShift
	if left {
		n.decision |= bitDefaultLeft
	}
	switch {
	case kind == "<=" && n.threshold != "":
		return nil
	case kind == "==" && n.threshold == "":
		n.decision |= bitCategorical
		return nil
	}
	return t.p.unsupported(field{key: t.r.Place()}, "use a newer glulam", "the question %s with the threshold %s", quote(kind), quote(n.threshold+n.categories))
}

// threshold reads a number. A dump has 1e300 in place of infinity.
func (t *dumpTree) threshold() (string, error) {
	literal, err := t.r.Literal()
	if err != nil {
		return "", err
	}
	switch x, _ := parseFloat(string(literal)); {
	case x >= 1e300:
		return "inf", nil
	case x <= -1e300:
		return "-inf", nil
	}
	return string(literal), nil
}

// set reads categories, "1||5||12", into the bits of a set.
func (t *dumpTree) set(categories string) error {
	from := len(t.words)
	for more := categories != ""; more; {
		var code string
		code, categories, more = strings.Cut(categories, "||")
		c, ok := parseInt(code)
		if !ok || c < 0 || c > math.MaxInt32 {
			return t.r.Corrupt("%s is not a category", quote(code))
		}
		word := from + int(c>>5)
		if need := word + 1 - len(t.words); need > 0 {
			if t.budget.left -= need; t.budget.left < 0 {
				return t.p.refuse(fault.TooLarge, field{key: t.r.Place()}, "the categories up to %d make the sets too large", c).
					WithHint("save the model with save_model, or train with categories that count from 0")
			}
			t.words = append(t.words, make([]uint32, need)...)
		}
		t.words[word] |= 1 << (c & 31)
	}
	t.bounds = append(t.bounds, len(t.words))
	return nil
}

func (t *dumpTree) literals() ([][]byte, error) {
	out := [][]byte{}
	err := t.r.Array(func(int) error {
		literal, err := t.r.Literal()
		out = append(out, literal)
		return err
	})
	return out, err
}

// sort puts nodes and leaves in the order of their indices, of which none may be missing, and makes the nodes' sets.
func (t *dumpTree) sort() error {
	slices.SortFunc(t.nodes, func(a, b dumpNode) int { return a.index - b.index })
	slices.SortFunc(t.leaves, func(a, b dumpLeaf) int { return a.index - b.index })
	for i := range t.nodes {
		n := &t.nodes[i]
		if n.index != i {
			return t.r.Corrupt("split_index %d is missing", i)
		}
		if n.decision&bitCategorical != 0 {
			n.threshold = strconv.Itoa(len(t.bounds) - 1)
			if err := t.set(n.categories); err != nil {
				return err
			}
		}
	}
	for i, l := range t.leaves {
		if l.index != i {
			return t.r.Corrupt("leaf_index %d is missing", i)
		}
		if (l.constant == nil) != (t.leaves[0].constant == nil) {
			return t.r.Corrupt("leaf %d or leaf 0 has no linear model", i)
		}
	}
	return nil
}

// body gives the tree as the text has it.
func (t *dumpTree) body() block {
	b := block{}
	array := func(key string, n int, item func(out []byte, i int) []byte) {
		var out []byte
		for i := range n {
			if i > 0 {
				out = append(out, ' ')
			}
			out = item(out, i)
		}
		b[key] = field{key: key, text: string(out)}
	}
	number := func(out []byte, i int) []byte { return strconv.AppendInt(out, int64(i), 10) }
	one := func(key string, value int) { b[key] = field{key: key, text: strconv.Itoa(value)} }

	one("num_leaves", len(t.leaves))
	one("num_cat", len(t.bounds)-1)
	n := len(t.nodes)
	array("split_feature", n, func(out []byte, i int) []byte { return append(out, t.nodes[i].feature...) })
	array("threshold", n, func(out []byte, i int) []byte { return append(out, t.nodes[i].threshold...) })
	array("decision_type", n, func(out []byte, i int) []byte { return number(out, t.nodes[i].decision) })
	array("left_child", n, func(out []byte, i int) []byte { return number(out, t.nodes[i].left) })
	array("right_child", n, func(out []byte, i int) []byte { return number(out, t.nodes[i].right) })
	array("leaf_value", len(t.leaves), func(out []byte, i int) []byte { return append(out, t.leaves[i].value...) })
	if len(t.bounds) > 1 {
		array("cat_boundaries", len(t.bounds), func(out []byte, i int) []byte { return number(out, t.bounds[i]) })
		array("cat_threshold", len(t.words), func(out []byte, i int) []byte { return number(out, int(t.words[i])) })
	}
	if t.leaves[0].constant != nil {
		t.linear(array, one)
	}
	return b
}

// linear adds the arrays of linear leaves.
func (t *dumpTree) linear(array func(string, int, func([]byte, int) []byte), one func(string, int)) {
	var features, coefficients [][]byte
	for i := range t.leaves {
		l := &t.leaves[i]
		features = append(features, l.features...)
		coefficients = append(coefficients, l.coefficients...)
	}
	one("is_linear", 1)
	array("leaf_const", len(t.leaves), func(out []byte, i int) []byte { return append(out, t.leaves[i].constant...) })
	array("num_features", len(t.leaves), func(out []byte, i int) []byte { return strconv.AppendInt(out, int64(len(t.leaves[i].features)), 10) })
	array("leaf_features", len(features), func(out []byte, i int) []byte { return append(out, features[i]...) })
	array("leaf_coeff", len(coefficients), func(out []byte, i int) []byte { return append(out, coefficients[i]...) })
}
