package jsonl

import (
	"strings"

	"github.com/glulam/glulam/fault"
)

// place is where the value of a column may be.
type place struct {
	exact  *slot   // of the top-level member of that very name
	nested *slot   // of the member at the end of the dotted path, nil if the path has no dot
	way    []*slot // of the objects on the way there
}

// value gives the slot that has the column's value in the record that was parsed last, nil if it is absent. If a value
// that is no object is in the way, that is blocked.
func (p *parser) value(at *place) (s, blocked *slot) {
	if at.exact.row == p.row {
		return at.exact, nil
	}
	if at.nested == nil {
		return nil, nil
	}
	if at.nested.row == p.row {
		return at.nested, nil
	}
	for _, s := range at.way {
		if s.row == p.row && s.kind != object && s.kind != null {
			return nil, s
		}
	}
	return nil, nil
}

// ask makes the parser look for what the path names.
func (p *parser) ask(path string, numeric bool) place {
	m := p.root.member(path)
	at := place{exact: p.slotOf(m, path)}
	m.numeric = m.numeric || numeric
	if !strings.Contains(path, ".") {
		return at
	}
	n := p.root
	for from := 0; ; {
		k := strings.IndexByte(path[from:], '.')
		if k < 0 {
			m = n.member(path[from:])
			at.nested = p.slotOf(m, path)
			m.numeric = m.numeric || numeric
			return at
		}
		m = n.member(path[from : from+k])
		at.way = append(at.way, p.slotOf(m, path[:from+k]))
		if m.child == nil {
			m.child = newNode()
		}
		n = m.child
		from += k + 1
	}
}

func (p *parser) slotOf(m *member, path string) *slot {
	if m.slot == nil {
		m.slot = &slot{path: path, row: noRow}
		p.slots = append(p.slots, m.slot)
	}
	return m.slot
}

// close makes all top-level members foreign that are not known. To be called after all asking.
func (p *parser) close(known []string) {
	listed := make(map[string]bool, len(known))
	for _, name := range known {
		listed[name] = true
		p.root.member(name)
	}
	for _, m := range p.root.members {
		if !listed[m.name] {
			// Whoever asked for it will find it absent.
			m.foreign, m.slot, m.child, m.numeric = fault.UnknownColumn, nil, nil, false
		}
	}
	p.root.other.foreign = fault.UnknownColumn
}

// take makes the top-level members of these names foreign, unless somebody asked for them or knows them.
func (p *parser) take(names []string) {
	for _, name := range names {
		if m := p.root.members[name]; m == nil {
			p.root.member(name).foreign = fault.DuplicateName
		}
	}
}
