package sklearn

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/internal/skops"
	"github.com/glulam/glulam/model/prep"
)

// exportInstead is the next step for models that the reader of skops does not take.
const exportInstead = "write the model as JSON, which asks scikit-learn itself: `glulam export-sklearn > export.py`, then export(model, \"model.json\") in Python"

// skopsModel is the state of one ParseSkops: what export.py does, in Go. It gives the parser the members of the document and
// the trees, one after the other; the parser makes the forest of them, as it does of a document.
type skopsModel struct {
	parser
	file      *skops.File
	size      int // of the file
	minor     int // of the version of scikit-learn, 1.minor
	estimator skops.Node
	name      string // of the estimator
	before    []skops.Node
	trees     func(add func() error) error
	isCode    []bool
}

// DetectSkops says whether data looks like a file of skops.io.dump.
func DetectSkops(data []byte) bool { return skops.Detect(data) }

// ParseSkops reads a fitted model as skops.io.dump writes it. It is like [Parse] otherwise; Field is where in the model an
// error is, such as steps[1].estimators_[3].tree_. Nothing is unpickled or run.
func ParseSkops(data []byte, source string) (*forest.Forest, *prep.Graph, error) {
	if len(data) > math.MaxInt32 {
		return nil, nil, fault.New(fault.TooLarge, source, "%d bytes are more than the %d that a model may have", len(data), math.MaxInt32).WithHint(smaller)
	}
	file, err := skops.Open(data, source)
	if err != nil {
		return nil, nil, err
	}
	m := &skopsModel{parser: parser{reader: reader{source: source, skops: true}}, file: file, size: len(data)}
	if err := m.read(); err != nil {
		return nil, nil, err
	}
	f, g := m.forest, m.graph
	return &f, g, nil
}

// kind is the name of an object's class, if it is scikit-learn's own, else the full name: a subclass may do anything.
func kind(n skops.Node) string {
	full := n.Type()
	if strings.HasPrefix(full, "sklearn.") && !n.IsFunction() {
		return full[strings.LastIndexByte(full, '.')+1:]
	}
	return full
}

// step is the second element of a tuple of a Pipeline or ColumnTransformer.
func step(tuple skops.Node) skops.Node {
	items := tuple.Items()
	if len(items) < 2 {
		tuple.Corrupt("a step of %d elements", len(items))
		return skops.Node{}
	}
	return items[1]
}

func (m *skopsModel) read() error {
	m.estimator = m.file.Root()
	for kind(m.estimator) == "Pipeline" && m.file.Err() == nil {
		steps := m.estimator.Attr("steps").Items()
		if len(steps) == 0 {
			m.estimator.Corrupt("a Pipeline without steps")
			break
		}
		for _, s := range steps[:len(steps)-1] {
			if t := step(s); !t.IsNone() && !t.IsText() {
				m.before = append(m.before, t)
			}
		}
		m.estimator = step(steps[len(steps)-1])
	}
	m.name = kind(m.estimator)
	if err := m.file.Err(); err != nil {
		return err
	}
	return m.readEstimator()
}

// estimators are those that are read.
var estimators = map[string]func(*skopsModel){
	"DecisionTreeClassifier": (*skopsModel).forestHead, "DecisionTreeRegressor": (*skopsModel).forestHead,
	"ExtraTreeClassifier": (*skopsModel).forestHead, "ExtraTreeRegressor": (*skopsModel).forestHead,
	"RandomForestClassifier": (*skopsModel).forestHead, "RandomForestRegressor": (*skopsModel).forestHead,
	"ExtraTreesClassifier": (*skopsModel).forestHead, "ExtraTreesRegressor": (*skopsModel).forestHead,
	"GradientBoostingClassifier": (*skopsModel).gradientHead, "GradientBoostingRegressor": (*skopsModel).gradientHead,
	"HistGradientBoostingClassifier": (*skopsModel).histHead, "HistGradientBoostingRegressor": (*skopsModel).histHead,
	"IsolationForest": (*skopsModel).isolationHead,
}

func (m *skopsModel) readEstimator() error {
	e := m.estimator
	head := estimators[m.name]
	if head == nil {
		hint := "glulam reads scikit-learn's trees, forests, gradient boosting and IsolationForest; `glulam export-sklearn` knows the same"
		if e.Has("best_estimator_") {
			hint = "save its best_estimator_"
		}
		e.Unsupported(hint, "the estimator %s is not among those that glulam knows", fault.Quote(m.name))
		return m.file.Err()
	}
	if !e.Has("tree_") && !e.Has("estimators_") && !e.Has("_predictors") {
		e.Corrupt("the model is not fitted")
	}
	m.readVersion()
	m.forest.Booster = m.name
	m.head.seen = map[string]bool{}
	if m.file.Err() == nil {
		head(m)
	}
	if err := m.file.Err(); err != nil {
		return err
	}
	if err := m.columns(); err != nil {
		return err
	}
	if err := m.begin(); err != nil {
		return err
	}
	if err := m.readTrees(); err != nil {
		return err
	}
	return m.finish()
}

// Versions of scikit-learn, 1.x, whose attributes and ways are known.
const (
	oldest = 3
	newest = 9
)

func (m *skopsModel) readVersion() {
	at := m.estimator.Attr("_sklearn_version")
	version := at.Text()
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(minor)
	if len(version) > 40 || major != "1" || err != nil || n < oldest || n > newest {
		at.Unsupported(exportInstead, "scikit-learn %s; the skops files of 1.%d to 1.%d are known", fault.Quote(version), oldest, newest)
	}
	m.minor, m.forest.Version = n, version
}

// readTrees adds the trees to the forest.
func (m *skopsModel) readTrees() error {
	m.inTree = true
	defer func() { m.inTree = false }()
	m.tree = 0
	return m.trees(func() error {
		if err := m.file.Err(); err != nil {
			return err
		}
		if err := m.addTree(m.tree); err != nil {
			return err
		}
		m.tree++
		m.t.reset()
		return nil
	})
}

// task sets what sort of model it is, and the classes of a classifier.
func (m *skopsModel) setTask(classifier, binary bool) {
	h, f := &m.head, &m.forest
	switch {
	case !classifier:
		f.Task, h.task = forest.TaskRegression, "regression"
		return
	case binary:
		f.Task, h.task = forest.TaskBinary, "binary"
	default:
		f.Task, h.task = forest.TaskMulticlass, "multiclass"
	}
	labels := m.estimator.Attr("classes_")
	for _, v := range values(labels) {
		f.Classes = append(f.Classes, pythonText(v))
	}
	if n := len(f.Classes); n < 2 {
		labels.Unsupported("train it with two classes or more", "a classifier of %d classes", n)
	}
}

// values are the elements of an array of numbers, texts or plain objects, or of a list of the latter.
func values(n skops.Node) []any {
	var out []any
	if n.IsArray() {
		a := n.Array()
		for i := range a.Len() {
			out = append(out, a.Value(i))
		}
		return out
	}
	for _, item := range n.Items() {
		out = append(out, item.Value())
	}
	return out
}

// pythonText is Python's str of a plain value.
func pythonText(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case float64:
		return pythonFloat(v)
	}
	return fmt.Sprint(v)
}

// pythonFloat is Python's repr of a float.
func pythonFloat(x float64) string {
	switch {
	case x != x:
		return "nan"
	case math.IsInf(x, 0):
		return strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(x, 'g', -1, 64), "+"))
	}
	if size := math.Abs(x); size != 0 && (size < 1e-4 || size >= 1e16) {
		return strconv.FormatFloat(x, 'e', -1, 64)
	}
	s := strconv.FormatFloat(x, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// count reads an attribute that is a whole number from 1 to most.
func (m *skopsModel) countOf(n skops.Node, most int) int {
	i := n.Int()
	if n.OK() && m.file.Err() == nil && (i < 1 || i > int64(most)) {
		n.Corrupt("%d is not from 1 to %d", i, most)
		return 0
	}
	return int(i)
}
