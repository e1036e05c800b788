package sklearn

import (
	"fmt"
	"math"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/prep"
)

// head is what stands before the trees.
type head struct {
	seen     map[string]bool
	task     string
	outputs  int
	rounds   int
	vector   bool
	average  bool
	base     []float64
	link     forest.Link
	input    forest.Precision
	columns  []prep.Input
	steps    []prep.Step
	features []int32
	known    []int32 // of each feature: where its set starts in words, or -1
	words    []uint32
	missing  bool // refused
	infinite bool // refused
}

// needed are the members that every document has.
var needed = []string{"format", "version", "sklearn", "estimator", "objective", "task", "outputs", "rounds", "link", "input", "columns", "steps", "features"}

// readHead reads the value of a member other than the trees.
func (p *parser) readHead(key string) (err error) {
	h, f := &p.head, &p.forest
	if h.seen == nil {
		h.seen = map[string]bool{}
	}
	h.seen[key] = true
	switch key {
	case "format":
		return p.word(key, func(s string) bool { return s == mark })
	case "version":
		var n int64
		if n, err = p.integer(key, 0, math.MaxInt32); err == nil && n != version {
			return p.unsupported(key, "a document of version %d; this glulam reads version %d", n, version)
		}
	case "sklearn":
		f.Version, err = p.clone(key)
	case "estimator":
		f.Booster, err = p.clone(key)
	case "objective":
		f.Objective, err = p.clone(key)
	case "task":
		return p.word(key, func(s string) bool {
			h.task = s
			task, ok := map[string]forest.Task{"regression": forest.TaskRegression, "binary": forest.TaskBinary, "multiclass": forest.TaskMulticlass}[s]
			f.Task = task
			return ok
		})
	case "input":
		return p.word(key, func(s string) bool {
			precision, ok := map[string]forest.Precision{"float32": forest.Float32, "float64": forest.Float64}[s]
			h.input = precision
			return ok
		})
	case "outputs":
		h.outputs, err = p.count(key, forest.MaxOutputs)
	case "rounds":
		h.rounds, err = p.count(key, forest.MaxTrees)
	case "vector":
		h.vector, err = p.bool(key)
	case "average":
		h.average, err = p.bool(key)
	case "base":
		h.base, err = p.floats(key, nil)
	case "link":
		return p.readLink()
	case "classes":
		f.Classes, err = p.texts(key)
	case "known":
		return p.readKnown()
	case "refuses":
		return p.readRefuses()
	case "columns":
		return p.readColumns()
	case "steps":
		return p.readSteps()
	case "features":
		h.features, err = p.ints(key, nil, 0, prep.MaxColumns)
	default:
		return p.unsupported(key, "is not known")
	}
	return err
}

// word reads a text that has to be one of those which ok knows.
func (p *parser) word(field string, ok func(string) bool) error {
	s, err := p.string(field)
	if err != nil {
		return err
	}
	if !ok(s) {
		return p.unsupported(field, "%s is not known", fault.Quote(s))
	}
	return nil
}

// clone reads a text that is kept.
func (p *parser) clone(field string) (string, error) {
	const most = 1000
	s, err := p.string(field)
	if err == nil && len(s) > most {
		return "", p.corrupt(field, "a text of %d bytes", len(s))
	}
	return strings.Clone(s), err
}

func (p *parser) count(field string, most int64) (int, error) {
	n, err := p.integer(field, 1, most)
	return int(n), err
}

func (p *parser) readLink() error {
	l := &p.head.link
	kind := ""
	err := p.object("link", func(key string) (err error) {
		switch key {
		case "kind":
			kind, err = p.clone("link.kind")
		case "scale":
			l.Param, err = p.finite("link.scale")
		case "offset":
			l.Offset, err = p.finite("link.offset")
		default:
			return p.unsupported("link."+key, "is not known")
		}
		return err
	})
	if err != nil {
		return err
	}
	scaled := false
	switch kind {
	case "identity":
		l.Kind = forest.Identity
	case "sigmoid":
		l.Kind, scaled = forest.Sigmoid, true
	case "softmax":
		l.Kind = forest.Softmax
	case "exp":
		l.Kind = forest.Exp
	case "isolation":
		l.Kind, scaled = forest.Isolation, true
	default:
		return p.unsupported("link.kind", "%s is not known", fault.Quote(kind))
	}
	if !scaled && l.Param != 0 || l.Kind != forest.Isolation && l.Offset != 0 {
		return p.unsupported("link", "%s with a scale of %v and an offset of %v", kind, l.Param, l.Offset)
	}
	return nil
}

// setWords is how many words a set of categories has: they are uint8.
const setWords = 8

// readSet appends the words of a set to dst.
func (p *parser) readSet(field string, dst []uint32) ([]uint32, error) {
	n := len(dst)
	more, err := p.open(field)
	for more && err == nil {
		var w int64
		if w, err = p.integer(field, 0, math.MaxUint32); err == nil {
			dst = append(dst, uint32(w))
			more, err = p.more(field)
		}
	}
	if n = len(dst) - n; err == nil && n != setWords {
		return dst, p.corrupt(field, "a set of %d words; %d belong there", n, setWords)
	}
	return dst, err
}

func (p *parser) readKnown() error {
	h := &p.head
	return p.array("known", func(int) (err error) {
		if p.next() == '[' && strings.HasPrefix(p.text[p.at:], "[]") {
			p.at += 2 // not a categorical feature
			h.known = append(h.known, -1)
			return nil
		}
		h.known = append(h.known, int32(len(h.words)))
		h.words, err = p.readSet("known", h.words)
		return err
	})
}

func (p *parser) readRefuses() error {
	h := &p.head
	return p.array("refuses", func(i int) error {
		return p.word(fmt.Sprintf("refuses[%d]", i), func(s string) bool {
			h.missing = h.missing || s == "missing"
			h.infinite = h.infinite || s == "infinite"
			return s == "missing" || s == "infinite"
		})
	})
}

// begin makes the forest and the graph of what was said before the trees.
func (p *parser) begin() error {
	h, f := &p.head, &p.forest
	classes := len(f.Classes)
	switch {
	case f.Task == forest.TaskBinary && (h.outputs != 1 || classes != 2), f.Task == forest.TaskMulticlass && (h.outputs < 2 || classes != h.outputs),
		f.Task == forest.TaskRegression && classes != 0:
		return p.corrupt("task", "%s with %d outputs and %d classes", h.task, h.outputs, classes)
	case h.seen["base"] && len(h.base) != h.outputs:
		return p.corrupt("base", "%d values for %d outputs", len(h.base), h.outputs)
	case h.known != nil && len(h.known) != len(h.features):
		return p.corrupt("known", "%d sets for %d features", len(h.known), len(h.features))
	}
	f.Format = "sklearn"
	f.Outputs, f.Rounds, f.LeafWidth = h.outputs, h.rounds, 1
	f.Input, f.Base, f.Link = h.input, h.base, h.link
	if h.vector {
		f.LeafWidth = h.outputs
	}
	if h.average {
		f.Average = forest.AverageMargin
	}
	f.Features = make([]forest.Feature, len(h.features))
	p.known = make([]int32, len(h.features))
	for i := range p.known {
		p.known[i] = -1
		if h.known != nil && h.known[i] >= 0 {
			f.Features[i].Kind = forest.Categorical
			p.known[i] = p.addSet(h.words[h.known[i]:h.known[i]+setWords], -1)
		}
	}
	return p.layOut()
}

// addSet adds a set of categories to the forest.
func (p *parser) addSet(words []uint32, known int32) int32 {
	f := &p.forest
	n := len(words)
	for n > 0 && words[n-1] == 0 {
		n--
	}
	f.Sets = append(f.Sets, forest.Set{First: int32(len(f.Words)), Len: int32(n), Known: known})
	f.Words = append(f.Words, words[:n]...)
	return int32(len(f.Sets) - 1)
}
