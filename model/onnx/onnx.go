package onnx

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/prep"
)

// Detect says whether data looks like an ONNX model. The format has no mark of its own; what every converter writes first
// is the version of its intermediate representation, a small number, and then the producer, the operators' versions or the
// graph. The first few bytes of a file are enough.
func Detect(data []byte) bool {
	const versionTag = 1<<3 | wireVarint
	if len(data) < 4 || data[0] != versionTag || data[1] < 1 || data[1] > 63 {
		return false
	}
	switch tag := data[2]; tag {
	case 2<<3 | wireBytes: // the producer's name
		n, w := binary.Uvarint(data[3:])
		if w <= 0 || n > 1<<12 {
			return false
		}
		name := data[3+w:]
		return utf8.Valid(name[:min(n, uint64(len(name)), 16)])
	case 7<<3 | wireBytes, 8<<3 | wireBytes: // the graph, the operators
		return true
	}
	return false
}

// Parse reads an ONNX model. source is the file's name, for errors. The forest has passed forest.Forest.Validate, the graph,
// which is nil where nothing happens before the trees, prep.Graph.Validate; neither keeps anything of data.
//
// Errors are *fault.Error with Code Corrupt, Unsupported or TooLarge, Source, and nearly always Field and Hint. Parse takes
// time and memory in proportion to len(data), whatever data is.
func Parse(data []byte, source string) (*forest.Forest, *prep.Graph, error) {
	p := &parser{source: source, values: map[string]*value{}, whole: map[int32]int32{}}
	if len(data) > math.MaxInt32 {
		return nil, nil, p.refuse(fault.TooLarge, "", "%d bytes are more than the %d that a model may have", len(data), math.MaxInt32).WithHint(smaller)
	}
	model, err := p.readModel(data)
	if err != nil {
		return nil, nil, err
	}
	if err := p.checkVersions(model); err != nil {
		return nil, nil, err
	}
	graph, err := p.readGraph(model.graph)
	if err != nil {
		return nil, nil, err
	}
	if err := p.run(graph); err != nil {
		return nil, nil, err
	}
	f, g, err := p.build(model)
	if err != nil {
		var fe *fault.Error
		if errors.As(err, &fe) {
			return nil, nil, p.wrap(err, fe.Field)
		}
		return nil, nil, err
	}
	return f, g, nil
}

// The versions of the operators that are known. Later ones may mean something else.
const (
	maxIR    = 13
	maxOpset = 26
	maxML    = 5
)

func (p *parser) checkVersions(m *modelProto) error {
	if m.irVersion < 3 || m.irVersion > maxIR {
		return p.unsupported("ir_version", "version %d of the format; 3 to %d are known", m.irVersion, maxIR)
	}
	for domain, version := range m.opsets {
		limit := int64(math.MaxInt64)
		switch domain {
		case "":
			limit = maxOpset
		case "ai.onnx.ml":
			limit = maxML
		}
		if version < 1 || version > limit {
			return p.unsupported("opset_import", "version %d of the operators %.60q; 1 to %d are known", version, domain, limit)
		}
	}
	p.opset = m.opsets
	if len(m.graph) == 0 {
		return p.corrupt("graph", "there is none")
	}
	return nil
}

// build makes the forest and the steps before it of what run found.
func (p *parser) build(m *modelProto) (*forest.Forest, *prep.Graph, error) {
	e := p.ensemble
	f := &forest.Forest{Format: "onnx", Version: m.producer, Booster: ""}
	if producer := firstLine(m.producer); producer != "" {
		f.Version = producer
		if v := firstLine(m.version); strings.ContainsAny(v, "0123456789") { // CatBoost's begins with "Git info:"

			f.Version += " " + v
		}
	}
	s, err := p.weightShape(e)
	if err != nil {
		return nil, nil, err
	}
	if err := p.finish(e, f, s); err != nil {
		return nil, nil, err
	}
	if err := p.applyOutput(f); err != nil {
		return nil, nil, err
	}
	b := builder{p: p, e: e, f: f}
	if err := b.build(f.Outputs, s); err != nil {
		return nil, nil, err
	}
	features := p.features
	from, codes, err := b.finishSets(len(features))
	if err != nil {
		return nil, nil, err
	}
	g, err := p.finishGraph(f, from, codes)
	if err != nil {
		return nil, nil, err
	}
	if err := f.Validate(); err != nil {
		return nil, nil, err
	}
	if g != nil {
		if err := g.Validate(len(f.Features)); err != nil {
			return nil, nil, err
		}
	}
	return f, g, nil
}

// firstLine cuts what CatBoost writes as the producer, which is half a page.
func firstLine(s string) string {
	const most = 60
	for i, r := range s {
		if r < ' ' || i >= most {
			return s[:i]
		}
	}
	return s
}
