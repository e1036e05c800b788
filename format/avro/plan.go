package avro

import (
	"slices"
	"strings"

	"github.com/glulam/glulam/format"
)

// want is what is asked for of a value: columns that it goes into, and members of it.
type want struct {
	path    string
	columns []int
	members map[string]*want
}

func (w *want) member(name string) *want {
	m := w.members[name]
	if m == nil {
		m = &want{path: strings.TrimPrefix(w.path+"."+name, ".")}
		if w.members == nil {
			w.members = map[string]*want{}
		}
		w.members[name] = m
	}
	return m
}

// wants says what columns ask for. whole are those that the whole message goes into.
func wants(cols []format.Column) (root *want, whole []int) {
	root = &want{}
	for i, c := range cols {
		switch c.Kind {
		case format.RawRow:
			whole = append(whole, i)
			continue
		case format.Head:
			continue
		}
		w := root
		for _, name := range strings.Split(c.Source(), ".") {
			w = w.member(name)
		}
		w.columns = append(w.columns, i)
	}
	return root, whole
}

// step is what to do with the values of a type at a place of the message. nil: pass it over.
type step struct {
	*node
	want *want
	// children are the steps of a record's fields or of a union's branches.
	children []*step
	// byKey are the steps of a map's values.
	byKey map[string]*step
}

// plan is how the messages of a schema are read.
type plan struct {
	root *step
	node *node
	// taken is a field that messages must not have; "": none.
	taken string
	// head begins what rows become; nil: nobody asks for that.
	head *head
}

// planOf compiles a schema for what is asked for.
func planOf(root *node, w *want, taken []string) *plan {
	p := &plan{root: stepOf(root, w), node: root}
	for _, f := range root.fields {
		if p.taken == "" && w.members[f.name] == nil && slices.Contains(taken, f.name) {
			p.taken = f.name
		}
	}
	return p
}

// stepOf compiles a type. What is asked for is finite, also of a type that refers to itself.
func stepOf(n *node, w *want) *step {
	if w == nil {
		return nil
	}
	s := &step{node: n, want: w}
	switch {
	case n.kind == unionKind:
		for _, b := range n.branches {
			s.children = append(s.children, stepOf(b, w))
		}
	case w.members == nil:
	case n.kind == recordKind:
		for _, f := range n.fields {
			s.children = append(s.children, stepOf(f.node, w.members[f.name]))
		}
	case n.kind == mapKind:
		s.byKey = map[string]*step{}
		for name, m := range w.members {
			s.byKey[name] = stepOf(n.item, m)
		}
	}
	return s
}

// absent gives the columns that no message of the schema can have.
func absent(s *step, w *want, to []int) []int {
	switch {
	case s == nil:
		return w.all(to)
	case s.kind == unionKind:
		// One branch that has it will do.
		var all []int
		for i, b := range s.children {
			some := absent(b, w, nil)
			if i == 0 {
				all = some
				continue
			}
			all = slices.DeleteFunc(all, func(c int) bool { return !slices.Contains(some, c) })
		}
		return append(to, all...)
	case w.members == nil || s.kind == mapKind:
		return to
	case s.kind == recordKind:
		for name, m := range w.members {
			var child *step
			for i, f := range s.fields {
				if f.name == name {
					child = s.children[i]
				}
			}
			to = absent(child, m, to)
		}
		return to
	}
	for _, m := range w.members {
		to = m.all(to)
	}
	return to
}

// all gives the columns of a value and its members.
func (w *want) all(to []int) []int {
	to = append(to, w.columns...)
	for _, m := range w.members {
		to = m.all(to)
	}
	return to
}
