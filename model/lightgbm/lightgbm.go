package lightgbm

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
)

// Detect says whether data looks like a LightGBM text model: its first line is "tree". A UTF-8 byte order mark and CRLF
// line ends do not matter. The first few bytes of a file are enough.
func Detect(data []byte) bool {
	first, _, found := bytes.Cut(bytes.TrimPrefix(data, byteOrderMark), []byte("\n"))
	return found && string(bytes.TrimSuffix(first, []byte("\r"))) == firstLine
}

const firstLine = "tree"

var byteOrderMark = []byte("\xef\xbb\xbf")

// Parse reads the text of a LightGBM model. source is the file's name, for errors. The forest has passed
// forest.Forest.Validate and keeps nothing of data.
//
// Errors are *fault.Error with Code Corrupt, Unsupported or TooLarge (see the package's documentation), Source, and
// nearly always Line and Field. Parse takes time and memory in proportion to len(data), whatever data is.
func Parse(data []byte, source string) (*forest.Forest, error) {
	p := &parser{source: source, tree: outside}
	// Every number of the forest takes two bytes of text or more, so this one limit keeps all of its indices in int32.
	if len(data) > math.MaxInt32 {
		return nil, p.refuse(fault.TooLarge, field{}, "%d bytes are more than the %d that a model may have", len(data), math.MaxInt32).
			WithHint(smaller)
	}
	// The copy buys plain substrings instead of byte slices that the caller may change; it is a few percent of the time.
	p.lines = newLines(string(bytes.TrimPrefix(data, byteOrderMark)))
	if err := p.parse(); err != nil {
		return nil, err
	}
	f := p.forest // not &p.forest, which would keep the text alive
	return &f, nil
}

// parser is the state of one Parse. Its methods read on from the current line and leave the first line that they do not
// own as the current one.
type parser struct {
	source string
	lines  lines
	forest forest.Forest

	head block
	tail tail

	tree      int     // the tree that is being read, or outside: for errors
	treeLines []int64 // line of each tree

	// Scratch memory, used again for each tree.
	body     block
	intBuf   []int64
	floatBuf []float64
}

// outside is parser.tree where no tree is being read.
const outside = -1

func (p *parser) parse() error {
	if err := p.readHeader(); err != nil {
		return err
	}
	if err := p.readTrees(); err != nil {
		return err
	}
	if err := p.readTail(); err != nil {
		return err
	}
	if err := p.finishForest(); err != nil {
		return err
	}
	if err := p.finishFeatures(); err != nil {
		return err
	}
	return p.validate()
}

// finishForest sets what is known only at the end of the file.
func (p *parser) finishForest() error {
	f := &p.forest
	if len(f.Trees)%f.Outputs != 0 {
		return p.corrupt(p.head["num_tree_per_iteration"], "%d trees are no whole number of rounds of %d", len(f.Trees), f.Outputs)
	}
	f.Rounds = len(f.Trees) / f.Outputs
	if sizes, ok := p.head["tree_sizes"]; ok && countWords(sizes.text) != len(f.Trees) {
		return p.corrupt(sizes, "lists %d trees, but the file has %d", countWords(sizes.text), len(f.Trees))
	}
	if f.Linear != nil && len(f.Linear.Coeff) == 0 {
		f.Linear = nil // each model was a constant, which is now the leaf's value
	}
	f.Booster = p.tail.boosting
	if f.Booster == "" && f.Average != forest.AverageNone {
		f.Booster = "rf"
	}
	return nil
}

// validate has the forest check itself and adds to its error where in the file that is.
func (p *parser) validate() error {
	err := p.forest.Validate()
	if err == nil {
		return nil
	}
	var cause *fault.Error
	if !errors.As(err, &cause) {
		return err
	}
	e := *cause
	e.Source, e.Hint = p.source, damaged
	if e.Code == fault.TooLarge {
		e.Hint = smaller
	}
	var t int
	if _, err := fmt.Sscanf(e.Field, "tree %d", &t); err == nil && t >= 0 && t < len(p.treeLines) {
		e.Line = p.treeLines[t]
	}
	return &e
}
