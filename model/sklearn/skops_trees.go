package sklearn

import (
	"math"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/internal/skops"
)

// forestHead is that of a tree alone, RandomForest and ExtraTrees.
func (m *skopsModel) forestHead() {
	e, h, f := m.estimator, &m.head, &m.forest
	members := []skops.Node{e}
	h.average = e.Has("estimators_")
	if h.average {
		members = e.Attr("estimators_").Items()
	}
	f.Objective = e.Attr("criterion").Text()
	classifier := strings.HasSuffix(m.name, "Classifier")
	outputs := m.countOf(e.Attr("n_outputs_"), forest.MaxOutputs)
	if classifier {
		if outputs != 1 {
			e.Unsupported("train a model for each output", "a classifier of more than one output")
			return
		}
		outputs = m.countOf(e.Attr("n_classes_"), forest.MaxOutputs)
	}
	h.outputs, h.rounds, h.vector = outputs, len(members), outputs > 1
	h.link = forest.Link{Kind: forest.Identity}
	h.input = forest.Float32
	m.setTask(classifier, false)
	if len(members) == 0 {
		e.Corrupt("a forest without trees")
		return
	}
	h.missing, h.infinite = !m.takesMissing(members[0], h.average), true
	m.trees = func(add func() error) error {
		for _, member := range members {
			want := strings.Replace(strings.TrimSuffix(strings.TrimSuffix(m.name, "Classifier"), "Regressor"), "ExtraTrees", "ExtraTree", 1)
			if got := kind(member); !strings.HasPrefix(got, strings.Replace(want, "RandomForest", "DecisionTree", 1)) {
				member.Corrupt("a %s as a tree of %s", fault.Quote(got), m.name)
			}
			tree := member.Attr("tree_")
			m.plainTree(tree, nil, func(a *skops.Array, shape []int) []float64 {
				width := shape[1] * shape[2]
				if width != outputs || !classifier && shape[2] != 1 {
					tree.Corrupt("values of %d outputs and %d classes for %d", shape[1], shape[2], outputs)
					return nil
				}
				v := a.Floats(nil)
				if classifier && m.minor == 3 {
					normalize(v, width) // from 1.4 on they are fractions
				}
				return v
			})
			if err := add(); err != nil {
				return err
			}
		}
		return nil
	}
}

// normalize makes fractions of rows of weights, as predict_proba does.
func normalize(v []float64, width int) {
	for ; len(v) > 0; v = v[width:] {
		total := numpySum(v[:width])
		if total == 0 {
			total = 1
		}
		for i := range v[:width] {
			v[i] /= total
		}
	}
}

// numpySum adds up as numpy does along the last axis (pairwise_sum of loops_utils.h.src).
func numpySum(v []float64) float64 {
	switch n := len(v); {
	case n < 8:
		sum := 0.0
		for _, x := range v {
			sum += x
		}
		return sum
	case n <= 128:
		r := [8]float64(v)
		i := 8
		for ; i < n-n%8; i += 8 {
			for k := range r {
				r[k] += v[i+k]
			}
		}
		sum := ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]))
		for ; i < n; i++ {
			sum += v[i]
		}
		return sum
	default:
		half := n / 2
		half -= half % 8
		return numpySum(v[:half]) + numpySum(v[half:])
	}
}

// takesMissing says whether a tree estimator, or the forest that it is a tree of, takes missing values. Measured for each
// version from 1.3 to 1.9.
func (m *skopsModel) takesMissing(tree skops.Node, inForest bool) bool {
	if m.minor == 3 && inForest {
		return false
	}
	random := tree.Attr("splitter").Text() == "random"
	name, criterion := kind(tree), tree.Attr("criterion").Text()
	extra := strings.HasPrefix(name, "ExtraTree")
	if m.minor >= 9 {
		return !extra || random
	}
	switch criterion {
	case "gini", "entropy", "log_loss", "squared_error", "friedman_mse", "poisson":
	default:
		return false
	}
	if !tree.Maybe("monotonic_cst").IsNone() {
		return false
	}
	switch {
	case m.minor <= 5:
		return !random
	case m.minor == 6 && name == "ExtraTreeRegressor":
		return true
	}
	return !extra || random
}

// gradientHead is that of GradientBoosting.
func (m *skopsModel) gradientHead() {
	e, h, f := m.estimator, &m.head, &m.forest
	rounds := e.Attr("estimators_").Items()
	if len(rounds) == 0 {
		e.Corrupt("no trees")
		return
	}
	h.rounds, h.outputs = len(rounds), len(rounds[0].Items()) // a row of an array of objects is a list
	f.Objective, h.input = e.Attr("loss").Text(), forest.Float32
	classifier := m.name == "GradientBoostingClassifier"
	switch loss := f.Objective; {
	case classifier && loss == "log_loss" && h.outputs == 1:
		h.link = forest.Link{Kind: forest.Sigmoid, Param: 1}
	case classifier && loss == "log_loss":
		h.link = forest.Link{Kind: forest.Softmax}
	case classifier && loss == "exponential" && h.outputs == 1:
		h.link = forest.Link{Kind: forest.Sigmoid, Param: 2}
	case !classifier && (loss == "squared_error" || loss == "absolute_error" || loss == "huber" || loss == "quantile"):
		h.link = forest.Link{Kind: forest.Identity}
	default:
		e.Unsupported(exportInstead, "GradientBoosting with loss=%s", fault.Quote(loss))
		return
	}
	m.setTask(classifier, h.outputs == 1)
	h.missing, h.infinite = true, true
	h.base, h.seen["base"] = m.start(classifier), true
	rate := e.Attr("learning_rate").Float()
	m.trees = func(add func() error) error {
		for _, round := range rounds {
			members := round.Items()
			if len(members) != h.outputs {
				round.Corrupt("%d trees where %d belong", len(members), h.outputs)
			}
			for _, member := range members {
				tree := member.Attr("tree_")
				m.plainTree(tree, nil, func(a *skops.Array, shape []int) []float64 {
					if shape[1] != 1 || shape[2] != 1 {
						tree.Corrupt("values of shape %v where one belongs to each node", shape)
						return nil
					}
					v := a.Floats(nil)
					for i := range v {
						v[i] *= rate
					}
					return v
				})
				if err := add(); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

// isolationHead is that of IsolationForest.
func (m *skopsModel) isolationHead() {
	e, h, f := m.estimator, &m.head, &m.forest
	members := e.Attr("estimators_").Items()
	features := e.Attr("estimators_features_").Items()
	depths, paths := e.Attr("_decision_path_lengths").Items(), e.Attr("_average_path_length_per_tree").Items()
	if n := len(members); n == 0 || len(features) != n || len(depths) != n || len(paths) != n {
		e.Corrupt("%d trees with %d sets of features, %d of depths and %d of path lengths", n, len(features), len(depths), len(paths))
		return
	}
	f.Objective, h.input = "isolation", forest.Float32
	h.outputs, h.rounds = 1, len(members)
	m.setTask(false, false)
	h.missing, h.infinite = m.minor < 6, m.minor < 6
	samples := e.Attr("_max_samples")
	average, ok := averagePath(float64(m.countOf(samples, math.MaxInt32)))
	if !ok {
		samples.Unsupported(exportInstead, "the average path of %d rows, which is not in the file, cannot be computed to the last bit", samples.Int())
	}
	h.link = forest.Link{Kind: forest.Isolation, Param: float64(len(members)) * average, Offset: e.Attr("offset_").Float()}
	if h.link.Offset-h.link.Offset != 0 {
		e.Corrupt("an offset_ of %v", h.link.Offset)
	}
	some := e.Attr("_max_features").Int() != e.Attr("n_features_in_").Int()
	m.trees = func(add func() error) error {
		for i, member := range members {
			var chosen []int32
			if some {
				chosen = features[i].Array().Ints(nil, 0, math.MaxInt32)
			}
			m.plainTree(member.Attr("tree_"), chosen, func(a *skops.Array, shape []int) []float64 {
				v := depths[i].Array().Floats(nil)
				path := paths[i].Array().Floats(nil)
				if len(v) != shape[0] || len(path) != len(v) {
					member.Corrupt("%d depths and %d path lengths for %d nodes", len(v), len(path), shape[0])
					return nil
				}
				for k := range v {
					v[k] = v[k] + path[k] - 1
				}
				return v
			})
			if err := add(); err != nil {
				return err
			}
		}
		return nil
	}
}

// plainTree reads a sklearn.tree Tree into m.t. value gives what each node says, rows of one width, of the array with the
// values, which has a shape of three numbers; chosen maps its features to the model's, nil: they are the same.
func (m *skopsModel) plainTree(tree skops.Node, chosen []int32, value func(*skops.Array, []int) []float64) {
	if got := tree.Type(); tree.OK() && got != "sklearn.tree._tree.Tree" {
		tree.Unsupported(exportInstead, "%s where a sklearn.tree._tree.Tree belongs", fault.Quote(got))
		return
	}
	nodes := tree.Attr("nodes").Array()
	n := nodes.Len()
	held := tree.Attr("values").Array()
	if m.file.Err() != nil {
		return
	}
	if count := tree.Attr("node_count").Int(); count != int64(n) || len(held.Shape) != 3 || held.Shape[0] != n || held.Type != "f8" {
		tree.Corrupt("%d nodes, of %d, with values %s of shape %v", n, count, held.Type, held.Shape)
		return
	}
	left := nodes.FieldInts("left_child", nil, -1, math.MaxInt32)
	right := nodes.FieldInts("right_child", nil, math.MinInt32, math.MaxInt32)
	feature := nodes.FieldInts("feature", nil, math.MinInt32, math.MaxInt32)
	threshold := nodes.FieldFloats("threshold", nil)
	var missing []int32
	if nodes.HasField("missing_go_to_left") {
		missing = nodes.FieldInts("missing_go_to_left", nil, 0, 255)
	}
	v := value(held, held.Shape)
	if m.file.Err() != nil {
		return
	}
	width := len(v) / max(n, 1)
	t := &m.t
	for i, l := range left {
		if l < 0 {
			t.left = append(t.left, 0)
			t.value = append(t.value, v[i*width:(i+1)*width]...)
			continue
		}
		if chosen != nil {
			if feature[i] < 0 || int(feature[i]) >= len(chosen) {
				tree.Corrupt("node %d looks at feature %d of %d", i, feature[i], len(chosen))
				return
			}
			feature[i] = chosen[feature[i]]
		}
		if !m.addNode(tree, i, l, right[i], feature[i]) {
			return
		}
		t.threshold = append(t.threshold, threshold[i])
		if missing != nil {
			t.missing = append(t.missing, min(missing[i], 1))
		}
	}
}

// addNode adds a split to m.t, but for its threshold.
func (m *skopsModel) addNode(tree skops.Node, i int, left, right, feature int32) bool {
	if left < 1 || right < 1 || feature < 0 {
		tree.Corrupt("node %d has the children %d and %d and looks at feature %d", i, left, right, feature)
		return false
	}
	t := &m.t
	t.left, t.right, t.feature = append(t.left, left), append(t.right, right), append(t.feature, feature)
	return true
}
