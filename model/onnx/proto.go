package onnx

import (
	"fmt"

	"github.com/glulam/glulam/fault"
)

// The parts of onnx.proto that a model of trees can have. Slices of bytes are parts of the file.

type modelProto struct {
	irVersion         int64
	producer, version string
	graph             []byte
	opsets            map[string]int64
	metadata          map[string]string
}

type graphProto struct {
	nodes           []nodeProto
	constants       map[string]*tensor
	inputs, outputs []valueInfo
}

type nodeProto struct {
	index            int
	name, op, domain string
	inputs, outputs  []string
	attributes       []attribute
	attributeBytes   [][]byte
}

type valueInfo struct {
	name  string
	typ   elemType // 0: no tensor
	shape []int64  // -1: not fixed
	ranks bool     // whether there is a shape
}

type attribute struct {
	name    string
	kind    int64
	f       float32
	i       int64
	s       []byte
	floats  []float32
	ints    []int64
	strings [][]byte
	t       *tensor
	used    bool
}

// The values of AttributeProto.AttributeType that are read.
const (
	kindFloat   = 1
	kindInt     = 2
	kindString  = 3
	kindTensor  = 4
	kindFloats  = 6
	kindInts    = 7
	kindStrings = 8
)

func (p *parser) readModel(data []byte) (*modelProto, error) {
	model := &modelProto{opsets: map[string]int64{}, metadata: map[string]string{}}
	m := message{rest: data}
	for m.next() {
		switch m.num {
		case 1:
			model.irVersion = m.integer()
		case 2:
			model.producer = m.text()
		case 3:
			model.version = m.text()
		case 4, 6: // domain and doc_string
			m.text()
		case 5: // model_version
			m.integer()
		case 7:
			m.once()
			model.graph = m.bytes()
		case 8:
			domain, version, err := readOpset(m.bytes())
			if err != nil {
				return nil, p.wrap(err, "opset_import")
			}
			if domain == "ai.onnx" {
				domain = ""
			}
			// skl2onnx lists a domain twice; ONNX Runtime takes that when the versions agree.
			if v, twice := model.opsets[domain]; twice && v != version {
				return nil, p.corrupt("opset_import", "two versions of the operators %q: %d and %d", domain, v, version)
			}
			model.opsets[domain] = version
		case 14:
			key, value, err := readEntry(m.bytes())
			if err != nil {
				return nil, p.wrap(err, "metadata_props")
			}
			if _, twice := model.metadata[key]; twice {
				return nil, p.corrupt("metadata_props", "%.60q occurs twice", key)
			}
			model.metadata[key] = value
		case 20:
			return nil, p.refuse(fault.Unsupported, "training_info", "the model carries training information").WithHint(exportAgain)
		case 25:
			return nil, p.refuse(fault.Unsupported, "functions", "the model defines functions of its own").WithHint(exportAgain)
		default:
			m.unknown()
		}
	}
	if m.err != nil {
		return nil, p.wrap(m.err, "model")
	}
	return model, nil
}

func readOpset(data []byte) (domain string, version int64, err error) {
	m := message{rest: data}
	for m.next() {
		switch m.num {
		case 1:
			domain = m.text()
		case 2:
			version = m.integer()
		default:
			m.unknown()
		}
	}
	return domain, version, m.err
}

func readEntry(data []byte) (key, value string, err error) {
	m := message{rest: data}
	for m.next() {
		switch m.num {
		case 1:
			key = m.text()
		case 2:
			value = m.text()
		default:
			m.unknown()
		}
	}
	return key, value, m.err
}

func (p *parser) readGraph(data []byte) (*graphProto, error) {
	g := &graphProto{constants: map[string]*tensor{}}
	m := message{rest: data}
	for m.next() {
		switch m.num {
		case 1:
			n, err := readNode(m.bytes())
			n.index = len(g.nodes)
			if err != nil {
				return nil, p.wrap(err, n.place())
			}
			g.nodes = append(g.nodes, n)
		case 2, 10: // name and doc_string
			m.text()
		case 5:
			t, err := readTensor(m.bytes())
			if err != nil {
				return nil, p.wrap(err, fmt.Sprintf("initializer %.60q", t.name))
			}
			if g.constants[t.name] != nil {
				return nil, p.corrupt("graph", "two initializers are called %.60q", t.name)
			}
			g.constants[t.name] = t
		case 11, 12:
			v, err := readValueInfo(m.bytes())
			if err != nil {
				return nil, p.wrap(err, fmt.Sprintf("the graph's input or output %.60q", v.name))
			}
			if m.num == 11 {
				g.inputs = append(g.inputs, v)
			} else {
				g.outputs = append(g.outputs, v)
			}
		case 13, 16: // value_info and metadata_props, which repeat what the nodes say
			m.bytes()
		case 15:
			return nil, p.refuse(fault.Unsupported, "graph", "sparse initializers").WithHint(exportAgain)
		default:
			m.unknown()
		}
	}
	if m.err != nil {
		return nil, p.wrap(m.err, "graph")
	}
	return g, nil
}

// readNode reads all but the attributes, which are left until it is known what they are for.
func readNode(data []byte) (n nodeProto, err error) {
	m := message{rest: data}
	for m.next() {
		switch m.num {
		case 1:
			n.inputs = append(n.inputs, string(m.bytes()))
		case 2:
			n.outputs = append(n.outputs, string(m.bytes()))
		case 3:
			n.name = m.text()
		case 4:
			n.op = m.text()
		case 5:
			n.attributeBytes = append(n.attributeBytes, m.bytes())
		case 6: // doc_string
			m.text()
		case 7:
			n.domain = m.text()
		case 9: // metadata_props
			m.bytes()
		default:
			m.unknown()
		}
	}
	if n.domain == "ai.onnx" {
		n.domain = ""
	}
	return n, m.err
}

// place names a node for errors: `node 3 (ai.onnx.ml.Scaler "scale")`.
func (n *nodeProto) place() string {
	s := fmt.Sprintf("node %d (%.60s", n.index, n.operator())
	if n.name != "" {
		s += fmt.Sprintf(" %.60q", n.name)
	}
	return s + ")"
}

func (n *nodeProto) operator() string {
	if n.domain == "" {
		return n.op
	}
	return n.domain + "." + n.op
}

func readValueInfo(data []byte) (v valueInfo, err error) {
	m := message{rest: data}
	for m.next() {
		switch m.num {
		case 1:
			v.name = m.text()
		case 2:
			m.once()
			if err := v.readType(m.bytes()); err != nil {
				return v, err
			}
		case 3, 4: // doc_string and metadata_props
			m.bytes()
		default:
			m.unknown()
		}
	}
	return v, m.err
}

// readType reads a TypeProto. Sequences and maps, as ZipMap gives them out, are not looked into.
func (v *valueInfo) readType(data []byte) error {
	m := message{rest: data}
	for m.next() {
		switch m.num {
		case 1:
			m.once()
			if err := v.readTensorType(m.bytes()); err != nil {
				return err
			}
		case 4, 5, 6:
			m.bytes()
		default:
			m.unknown()
		}
	}
	return m.err
}

func (v *valueInfo) readTensorType(data []byte) error {
	m := message{rest: data}
	for m.next() {
		switch m.num {
		case 1:
			v.typ = elemType(m.integer())
		case 2:
			m.once()
			v.ranks = true
			shape := message{rest: m.bytes()}
			for shape.next() {
				if shape.num != 1 {
					shape.unknown()
					break
				}
				size, err := readDim(shape.bytes())
				if err != nil {
					return err
				}
				v.shape = append(v.shape, size)
			}
			m.fail(shape.err)
		default:
			m.unknown()
		}
	}
	return m.err
}

func readDim(data []byte) (int64, error) {
	size := int64(-1)
	m := message{rest: data}
	for m.next() {
		switch m.num {
		case 1:
			// Some writers say 0 for a size that is not fixed.
			if size = m.integer(); size <= 0 {
				size = -1
			}
		case 2, 3: // dim_param and denotation
			m.text()
		default:
			m.unknown()
		}
	}
	return size, m.err
}
