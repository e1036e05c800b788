package avro

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/twmb/avro"

	"github.com/glulam/glulam/fault"
)

// head is what messages of a schema begin their outputs with: a prefix, and the fields that are kept as they were encoded.
// Immutable but for register.
type head struct {
	schema  string   // of the outputs
	missing []string // paths to keep that the messages' schema lacks
	ready   bool
	prefix  []byte

	all  bool // the whole datum is kept
	kept []keptField
	root *keepStep
}

// keptField is a field that is kept.
type keptField struct {
	path string
	how  how
	null int64 // the branch of null, for ownNull
}

// how a value becomes one of the output's type.
type how uint8

const (
	asIs    how = iota // it is always there
	ownNull            // one that is not there is the null that its type has
	wrapped            // its type became a union with null
	shifted            // its type, a union, got null as its first branch
)

// keepStep is what to do with the values of a type: note where they are, and look into them. nil: pass them over. One that is
// strange should have members, and cannot.
type keepStep struct {
	*node
	kept     int // index of the field that it is, or -1
	children []*keepStep
	byKey    map[string]*keepStep
	last     int // of a record: the last child that is not nil
	some     int // the index of a field in it that is kept
	strange  bool
	path     string
}

// head plans what becomes of messages of a schema. root is nil where there is none.
func (o *Output) head(root *node, names map[string]*node) (*head, *fault.Error) {
	h := &head{all: root != nil && o.Keep == nil}
	m := maker{seen: map[string]string{}}
	switch {
	case h.all:
		for i := range root.tree.Fields {
			f := root.tree.Fields[i]
			m.add(f.Name, f)
		}
	case root != nil:
		for _, path := range o.Keep {
			k, f, err := keep(root, path)
			if err != nil {
				return nil, err
			}
			if f == nil {
				h.missing = append(h.missing, path)
				continue
			}
			m.add(path, *f)
			h.kept = append(h.kept, k)
		}
		h.root = keepSteps(root, h.kept)
	}
	m.columns(o.Fields)
	var err *fault.Error
	h.schema, err = m.record(o.name(root), names)
	return h, err
}

// register sees to the prefix. It may be called again after an error.
func (h *head) register(r Registrar) error {
	if r != nil {
		id, err := r.Register(h.schema)
		if err != nil {
			return err
		}
		h.prefix = binary.BigEndian.AppendUint32([]byte{0}, id)
	}
	h.ready = true
	return nil
}

// found is what a path leads to.
type found struct {
	node     *node
	optional bool // values may lack it
}

// follow follows a path through a type. node is nil if nothing is there.
func follow(n *node, names []string) (f found, ok bool) {
	if len(names) == 0 {
		return found{node: n}, true
	}
	switch n.kind {
	case recordKind:
		for i := range n.fields {
			if n.fields[i].name == names[0] {
				return follow(n.fields[i].node, names[1:])
			}
		}
	case mapKind:
		f, ok = follow(n.item, names[1:])
		f.optional = true
		return f, ok
	case unionKind:
		for _, b := range n.branches {
			one, ok := follow(b, names)
			switch {
			case !ok:
				return f, false
			case one.node == nil:
				f.optional = true
			case f.node == nil:
				f.node, f.optional = one.node, f.optional || one.optional
			case !sameType(f.node, one.node):
				return f, false
			default:
				f.optional = f.optional || one.optional
			}
		}
		return f, true
	}
	return found{optional: true}, true
}

// sameType says whether values of two types are of one.
func sameType(a, b *node) bool {
	return a == b || a.kind == b.kind && a.kind <= stringKind && a.logical == b.logical && a.scale == b.scale && a.digits == b.digits
}

// keep plans a field, and gives it as the output has it; nil if the schema has none.
func keep(root *node, path string) (k keptField, _ *avro.SchemaField, _ *fault.Error) {
	k = keptField{path: path}
	names := strings.Split(path, ".")
	f, ok := follow(root, names)
	switch {
	case !ok:
		return k, nil, fault.New(fault.Schema, "", "the field has another type in each branch of a union").OnField(path).WithHint("keep the field that the union is in")
	case f.node == nil:
		return k, nil, nil
	}
	if len(names) == 1 {
		i := slices.IndexFunc(root.fields, func(f field) bool { return f.name == path })
		own := root.tree.Fields[i]
		return k, &own, nil
	}
	t := *f.node.tree
	if null := slices.IndexFunc(f.node.branches, func(b *node) bool { return b.kind == nullKind }); null >= 0 {
		k.how, k.null = ownNull, int64(null)
		return k, &avro.SchemaField{Type: t}, nil
	}
	switch {
	case !f.optional || f.node.kind == nullKind:
		return k, &avro.SchemaField{Type: t}, nil
	case f.node.kind == unionKind:
		k.how = shifted
	default:
		k.how = wrapped
	}
	own := nullable(t)
	return k, &own, nil
}

// keepSteps compiles a schema for the fields that are kept.
func keepSteps(root *node, kept []keptField) *keepStep {
	w := &want{}
	for i, k := range kept {
		at := w
		for _, name := range strings.Split(k.path, ".") {
			at = at.member(name)
		}
		at.columns = append(at.columns, i)
	}
	return keepStepOf(root, w)
}

func keepStepOf(n *node, w *want) *keepStep {
	if w == nil {
		return nil
	}
	s := &keepStep{node: n, kept: -1, last: -1, path: w.path}
	if len(w.columns) > 0 {
		s.kept = w.columns[0]
	}
	if all := w.all(nil); len(all) > 0 {
		s.some = all[0]
	}
	switch {
	case n.kind == unionKind:
		inner := &want{path: w.path, members: w.members} // the value is the union, not what is in it
		for _, b := range n.branches {
			s.children = append(s.children, keepStepOf(b, inner))
		}
	case w.members == nil:
	case n.kind == recordKind:
		for i, f := range n.fields {
			c := keepStepOf(f.node, w.members[f.name])
			if s.children = append(s.children, c); c != nil {
				s.last = i
			}
		}
	case n.kind == mapKind:
		s.byKey = map[string]*keepStep{}
		for name, m := range w.members {
			s.byKey[name] = keepStepOf(n.item, m)
		}
	default:
		s.strange = n.kind != nullKind
	}
	return s
}

// span is where a value stands in a datum; from is -1 if it is not there.
type span struct{ from, to int }

// append appends the prefix and what is kept of the datum that r begins, which fits its schema.
func (h *head) append(dst []byte, r *reader) ([]byte, *fault.Error) {
	dst = append(dst, h.prefix...)
	if h.all {
		return append(dst, r.b...), nil
	}
	if len(h.kept) == 0 {
		return dst, nil
	}
	r.spans = append(r.spans[:0], make([]span, len(h.kept))...)
	for i := range r.spans {
		r.spans[i] = span{-1, -1}
	}
	for i := 0; i <= h.root.last; i++ {
		if err := r.find(h.root.children[i], h.root.fields[i].node); err != nil {
			return dst, err
		}
	}
	for i := range h.kept {
		k, at := &h.kept[i], r.spans[i]
		there := at.from >= 0
		switch {
		case there && k.how == shifted:
			b, n := binary.Varint(r.b[at.from:at.to])
			dst = binary.AppendVarint(dst, b+1)
			at.from += n
		case there && k.how == wrapped:
			dst = binary.AppendVarint(dst, 1)
		case there:
		case k.how == ownNull:
			dst = binary.AppendVarint(dst, k.null)
		case k.how == asIs:
			return dst, fault.New(fault.Internal, "", "a value that is always there is not").OnField(k.path)
		default:
			dst = binary.AppendVarint(dst, 0)
		}
		if there {
			dst = append(dst, r.b[at.from:at.to]...)
		}
	}
	return dst, nil
}

// find notes where the kept fields of a value stand, and goes past it. A step of nil has none.
func (r *reader) find(s *keepStep, n *node) *fault.Error {
	if s == nil {
		return r.skip(n)
	}
	from := r.pos
	err := r.look(s)
	if err == nil && s.kept >= 0 {
		r.spans[s.kept] = span{from, r.pos}
	}
	return err
}

// look goes through a value that has fields which are kept, or is one.
func (r *reader) look(s *keepStep) *fault.Error {
	switch {
	case s.strange:
		return fault.New(fault.WrongType, "", "%s is %s, not an object", s.path, kindNames[s.kind]).OnField(s.path)
	case s.kind == unionKind:
		i, err := r.branch(s.node)
		if err != nil {
			return err
		}
		return r.find(s.children[i], s.branches[i])
	case s.children == nil && s.byKey == nil:
		return r.skip(s.node)
	case s.kind == mapKind:
		return r.blocks(func() *fault.Error {
			key, err := r.text()
			if err != nil {
				return err
			}
			c := s.byKey[string(key)]
			if c != nil && r.spans[c.some].from >= 0 {
				return fault.New(fault.DuplicateName, "", "the member occurs twice").OnField(string(key))
			}
			return r.find(c, s.item)
		})
	}
	if err := r.enter(); err != nil {
		return err
	}
	for i := range s.fields {
		if err := r.find(s.children[i], s.fields[i].node); err != nil {
			return err
		}
	}
	r.depth--
	return nil
}
