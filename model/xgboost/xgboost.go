package xgboost

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/prep"
)

// Parse reads a model that XGBoost saved as JSON or UBJSON; which one it is, the bytes say. source is the file's name, for
// errors. The forest has passed forest.Forest.Validate and keeps nothing of data. The graph is nil unless the model knows
// the categories of its columns (3.1 and later): then it turns them into codes and refuses others, as XGBoost does.
//
// Errors are *fault.Error with Code Corrupt, Unsupported or TooLarge (see the package's documentation), Source, a Hint, and
// nearly always Field ("trees[3].left_children"), for JSON also Line and Column. Parse takes time and memory in proportion
// to len(data), whatever data is, and up to 200 MB besides: for features without names and for sets of large categories.
func Parse(data []byte, source string) (*forest.Forest, *prep.Graph, error) {
	if len(data) > math.MaxInt32 {
		return nil, nil, fault.New(fault.TooLarge, source, "%d bytes are more than the %d that a model may have", len(data), math.MaxInt32).WithHint(smaller)
	}
	if e := foreign(data); e != nil {
		e.Source = source
		return nil, nil, e
	}
	p := &parser{data: data}
	json := !isUBJSON(data)
	if json {
		p.in = &jsonReader{data: data, at: len(data) - len(bytes.TrimPrefix(data, byteOrderMark))}
	} else {
		p.in = &ubjReader{data: data}
	}
	err := p.parse()
	if err == nil {
		f := p.forest // not &p.forest, which would keep the scratch memory alive
		return &f, p.graph, nil
	}
	return nil, nil, p.explain(err, source, json)
}

// parser is the state of one Parse.
type parser struct {
	data   []byte
	in     reader
	path   []step // to the value that is being read; an error leaves it as it is
	forest forest.Forest
	graph  *prep.Graph

	version    [3]int64
	learner    learner
	categories []columnCategories

	// Of the booster.
	booster   string
	numTrees  int64
	parallel  int64 // trees of an output and round; 0: the file does not say
	outputOf  []int32
	start     []int32   // iteration_indptr
	weights   []float32 // of trees: weight_drop
	linear    []float32 // of gblinear
	hasLinear bool
	// linearRounds is how many rounds a gblinear had; 0 in files from before 1.5, which do not say it.
	linearRounds int64
	vector       int // values a leaf has in each tree; 0: no tree yet

	tree tree // scratch memory
}

// step is a key or, with an empty key, an index.
type step struct {
	key   string
	index int
}

func (p *parser) parse() error {
	if err := p.readTop(); err != nil {
		return err
	}
	if err := p.in.end(); err != nil {
		return err
	}
	if err := p.finish(); err != nil {
		return err
	}
	return p.forest.Validate()
}

// at runs read as the value of a key, for errors.
func (p *parser) at(key string, index int, read func() error) error {
	p.path = append(p.path, step{key, index})
	if err := read(); err != nil {
		return err
	}
	p.path = p.path[:len(p.path)-1]
	return nil
}

// object reads an object that may have the keys names, none twice, and calls each with the place of a key in names to read
// its value. seen has a bit for each key that was there.
func (p *parser) object(names []string, each func(k int) error) (seen uint32, err error) {
	err = p.in.object(func(key []byte) error {
		k := find(names, key)
		switch {
		case k < 0:
			return unsupported("use a newer glulam, or save the model with an XGBoost from 1.0 to 3.4", "unknown key %s: it may change what the numbers mean", quote(key))
		case seen>>k&1 == 1:
			return corrupt("the key %s is there twice", quote(key))
		}
		seen |= 1 << k
		p.path = append(p.path, step{names[k], 0})
		if err := each(k); err != nil {
			return err
		}
		p.path = p.path[:len(p.path)-1]
		return nil
	})
	return seen, err
}

func find(names []string, key []byte) int {
	for i, n := range names {
		if n == string(key) {
			return i
		}
	}
	return -1
}

// need makes sure that the keys with these places were there.
func need(names []string, seen uint32, places ...int) error {
	for _, k := range places {
		if seen>>k&1 == 0 {
			return corrupt("the key %s is missing", quote(names[k]))
		}
	}
	return nil
}

// array reads an array whose elements are read by each.
func (p *parser) array(each func(i int) error) error {
	return p.in.array(func(i int) error {
		return p.at("", i, func() error { return each(i) })
	})
}

// texts reads an array of strings.
func (p *parser) texts() ([]string, error) {
	var all []string
	err := p.array(func(int) error {
		s, err := p.in.text()
		all = append(all, s)
		return err
	})
	return all, err
}

// outer are the keys that every path starts with; an error does not repeat them.
var outer = []string{"learner", "gradient_booster", "gbtree", "model"}

// place is the path as people write it: trees[3].left_children.
func (p *parser) place() string {
	var b strings.Builder
	path := p.path
	for len(path) > 1 && path[0].key != "" && find(outer, []byte(path[0].key)) >= 0 {
		path = path[1:]
	}
	for _, s := range path {
		switch {
		case s.key == "":
			fmt.Fprintf(&b, "[%d]", s.index)
		case b.Len() > 0:
			b.WriteString("." + s.key)
		default:
			b.WriteString(s.key)
		}
	}
	return b.String()
}

// explain makes the *fault.Error of what went wrong.
func (p *parser) explain(err error, source string, json bool) error {
	var found *problem
	if errors.As(err, &found) {
		e := fault.New(found.code, source, "%s", found.text).OnField(p.place())
		e.Hint = found.hint
		switch {
		case found.at == nowhere:
		case json:
			before := p.data[:min(found.at, len(p.data))]
			e.Line = int64(1 + bytes.Count(before, []byte("\n")))
			e.Column = int64(len(before) - bytes.LastIndexByte(before, '\n'))
		default:
			e.Err = fmt.Errorf("byte %d: %w", found.at, e.Err)
		}
		return e
	}
	var cause *fault.Error
	if !errors.As(err, &cause) {
		return err
	}
	e := *cause
	e.Source, e.Hint = source, damaged
	if e.Code == fault.TooLarge {
		e.Hint = smaller
	}
	var tree int
	if _, err := fmt.Sscanf(e.Field, "tree %d", &tree); err == nil {
		e.Err = fmt.Errorf("%s: %w", e.Field, e.Err)
		e.Field = fmt.Sprintf("trees[%d]", tree)
	}
	return &e
}
