package onnx

import (
	"errors"
	"fmt"
)

var (
	errSubgraph = errors.New("an attribute holds a graph of its own")
	errExternal = errors.New("its data are in another file")
)

// readAttributes reads a node's attributes. No name may stand twice.
func (n *nodeProto) readAttributes() error {
	seen := make(map[string]bool, len(n.attributeBytes))
	for _, data := range n.attributeBytes {
		a, err := readAttribute(data)
		if err != nil {
			return fmt.Errorf("attribute %.60q: %w", a.name, err)
		}
		if seen[a.name] {
			return fmt.Errorf("attribute %.60q occurs twice", a.name)
		}
		seen[a.name] = true
		n.attributes = append(n.attributes, a)
	}
	n.attributeBytes = nil
	return nil
}

func readAttribute(data []byte) (a attribute, err error) {
	m := message{rest: data}
	var filled int64 // which list or value the attribute has
	fill := func(kind int64) {
		if filled != 0 && filled != kind {
			m.fail(errors.New("it has values of two kinds"))
		}
		filled = kind
	}
	for m.next() {
		switch m.num {
		case 1:
			a.name = m.text()
		case 2:
			a.f = m.float()
			fill(kindFloat)
		case 3:
			a.i = m.integer()
			fill(kindInt)
		case 4:
			m.once()
			a.s = m.bytes()
			fill(kindString)
		case 5:
			m.once()
			fill(kindTensor)
			if a.t, err = readTensor(m.bytes()); err != nil {
				return a, err
			}
		case 6, 11:
			return a, errSubgraph
		case 7:
			a.floats = m.floats(a.floats)
			fill(kindFloats)
		case 8:
			a.ints = m.integers(a.ints)
			fill(kindInts)
		case 9:
			a.strings = append(a.strings, m.bytes())
			fill(kindStrings)
		case 13: // doc_string
			m.text()
		case 20:
			a.kind = m.integer()
		default:
			m.unknown()
		}
	}
	if m.err != nil {
		return a, m.err
	}
	// The first files had no type, and an empty list or a zero may leave nothing but the type.
	if a.kind == 0 {
		a.kind = filled
	}
	if a.kind < kindFloat || a.kind > kindStrings || a.kind == 5 || filled != 0 && filled != a.kind || a.kind == kindTensor && a.t == nil {
		return a, fmt.Errorf("it is of type %d, but has values of type %d", a.kind, filled)
	}
	return a, nil
}

// attrs gives out a node's attributes by name. What was not asked for is refused by done.
type attrs struct {
	node *nodeProto
	err  error
}

func (a *attrs) get(name string, kind int64) *attribute {
	for i := range a.node.attributes {
		if at := &a.node.attributes[i]; at.name == name {
			at.used = true
			if at.kind != kind && a.err == nil {
				a.err = fmt.Errorf("attribute %q is of type %d, not %d", name, at.kind, kind)
			}
			return at
		}
	}
	return nil
}

func (a *attrs) ints(name string) []int64 {
	if at := a.get(name, kindInts); at != nil {
		return at.ints
	}
	return nil
}

func (a *attrs) floats(name string) []float32 {
	if at := a.get(name, kindFloats); at != nil {
		return at.floats
	}
	return nil
}

func (a *attrs) strings(name string) [][]byte {
	if at := a.get(name, kindStrings); at != nil {
		return at.strings
	}
	return nil
}

func (a *attrs) text(name, otherwise string) string {
	if at := a.get(name, kindString); at != nil {
		return string(at.s)
	}
	return otherwise
}

func (a *attrs) integer(name string, otherwise int64) int64 {
	if at := a.get(name, kindInt); at != nil {
		return at.i
	}
	return otherwise
}

func (a *attrs) float(name string, otherwise float32) float32 {
	if at := a.get(name, kindFloat); at != nil {
		return at.f
	}
	return otherwise
}

// tensor gives a tensor of one dimension; nil: there is none.
func (a *attrs) tensor(name string) *tensor {
	if at := a.get(name, kindTensor); at != nil && at.t != nil {
		return at.t
	}
	return nil
}

// ignore marks an attribute that changes nothing.
func (a *attrs) ignore(names ...string) {
	for _, name := range names {
		for i := range a.node.attributes {
			if at := &a.node.attributes[i]; at.name == name {
				at.used = true
			}
		}
	}
}

// unknownAttribute is an attribute that nobody asked for.
type unknownAttribute string

func (u unknownAttribute) Error() string {
	return fmt.Sprintf("attribute %.60q is not known", string(u))
}

// done gives the first thing that is wrong.
func (a *attrs) done() error {
	if a.err != nil {
		return a.err
	}
	for i := range a.node.attributes {
		if at := &a.node.attributes[i]; !at.used {
			return unknownAttribute(at.name)
		}
	}
	return nil
}
