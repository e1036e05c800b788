package sklearn

import (
	"math"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/prep"
)

// mark is the value of a document's first member, "format".
const mark = "glulam-sklearn"

// version is that of the documents which this package reads.
const version = 1

// Detect says whether data looks like a document of the exporter, an object whose first member says so; the first few
// bytes of a file are enough. It is also true of pickles: [Parse] says what to do with one.
func Detect(data []byte) bool {
	return isDocument(data) || isPickle(data)
}

func isDocument(data []byte) bool {
	r := reader{text: string(data[:min(len(data), 200)])}
	if r.expect('{', "") != nil {
		return false
	}
	key, err := r.string("")
	if err != nil || key != "format" || r.expect(':', "") != nil {
		return false
	}
	value, err := r.string("")
	return err == nil && value == mark
}

// Parse reads a document of the exporter. source is the file's name, for errors. The forest has passed
// forest.Forest.Validate and the graph prep.Graph.Validate; the graph is nil for a model whose columns are its features.
// Neither keeps anything of data.
//
// Errors are *fault.Error with Code Corrupt, Unsupported or TooLarge, Source, and nearly always Line and Field. Parse takes
// time and memory in proportion to len(data), whatever data is.
func Parse(data []byte, source string) (*forest.Forest, *prep.Graph, error) {
	if isPickle(data) {
		return nil, nil, refusePickle(source)
	}
	p := &parser{reader: reader{source: source}}
	// Every number of the forest takes two bytes of text or more, so this one limit keeps all of its indices in int32.
	if len(data) > math.MaxInt32 {
		return nil, nil, p.refuse(fault.TooLarge, smaller, "", "%d bytes are more than the %d that a model may have", len(data), math.MaxInt32)
	}
	p.text = string(data) // one copy for plain substrings
	if err := p.parse(); err != nil {
		return nil, nil, err
	}
	f, g := p.forest, p.graph // not &p.forest, which would keep the text alive
	for i := range f.Classes {
		f.Classes[i] = strings.Clone(f.Classes[i])
	}
	return &f, g, nil
}

// parser is the state of one Parse.
type parser struct {
	reader
	head   head
	forest forest.Forest
	graph  *prep.Graph
	known  []int32 // of each feature: its set of known categories in forest.Sets, or -1
	seen   bool    // the trees were there
	t      tree    // scratch memory, used again for each
}

func (p *parser) parse() error {
	err := p.object("", func(key string) error {
		if p.seen {
			return p.corrupt(key, "comes after the trees, which are to be last")
		}
		if key != "trees" {
			return p.readHead(key)
		}
		p.seen = true
		for _, key := range needed {
			if !p.head.seen[key] {
				return p.corrupt(key, "is missing before the trees")
			}
		}
		if err := p.begin(); err != nil {
			return err
		}
		return p.array("trees", p.readTree)
	})
	if err != nil {
		return err
	}
	if p.next() != 0 || p.at < len(p.text) {
		return p.unexpected("", "the end of the file")
	}
	if !p.seen {
		return p.corrupt("trees", "are missing")
	}
	return p.finish()
}

// finish checks what is known only at the end of the file.
func (p *parser) finish() error {
	f := &p.forest
	if perRound := f.Outputs / f.LeafWidth; len(f.Trees) != f.Rounds*perRound {
		return p.corrupt("trees", "%d trees in %d rounds of %d", len(f.Trees), f.Rounds, perRound)
	}
	if err := f.Validate(); err != nil {
		return p.located(err)
	}
	if p.graph != nil {
		return p.located(p.graph.Validate(len(f.Features)))
	}
	return nil
}
