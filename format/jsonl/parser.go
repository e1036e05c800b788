package jsonl

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/glulam/glulam/fault"
)

// A parser finds the values of one record at a time. Not safe for concurrent use.
type parser struct {
	scanner
	root  *node
	slots []*slot
	row   uint32 // numbers the records, so that slots need not be cleared
	out   int    // where in slot.values the record's numbers go
	count int    // how many of them are there
	slow  bool   // a slot has something that is no number, or that needs a closer look

	left int // names that may still be remembered

	start, end int // the object of the record, in the buffer

	// The first member of the record that must not be there.
	oddCode fault.Code
	oddName string
	// The output has a member of that name.
	oddTaken bool
	// The name of the last member that n.other stood for.
	otherName []byte
	scratch   []byte
}

func newParser() *parser { return &parser{root: newNode(), left: maxMembers} }

// parse scans the line b[start:end], b[end] being '\n', which is not blank, and puts numbers into row out of their
// columns. On false the line has no record; code, pos and what say why.
func (p *parser) parse(b []byte, start, end, out int) bool {
	p.out, p.count, p.slow = out, 0, false
	p.row++
	if p.row == noRow {
		p.row = 0
		for _, s := range p.slots {
			s.row = noRow
		}
	}
	p.oddCode, p.oddTaken = "", false
	i := blanks(b, start)
	if b[i] != '{' {
		p.malformed(b, i, notObject(b[i]))
		return false
	}
	p.start = i
	if i = p.object(b, i+1, p.root, 1); i < 0 {
		return false
	}
	p.end = i
	if i = blanks(b, i); i != end {
		p.malformed(b, i, "text after the object")
		return false
	}
	return true
}

// notObject says what is wrong with a record that begins with c.
func notObject(c byte) string {
	what := "a record is an object in braces"
	switch {
	case c == '[':
		what += ", not an array"
	case c == '"':
		what += ", not a string"
	case c-'0' <= 9 || c == '-':
		what += ", not a number"
	}
	return what
}

// object scans the members of in's object from behind its opening brace; depth counts the objects that are open, this one
// included.
func (p *parser) object(b []byte, i int, in *node, depth int) int {
	g := &in.open
	for {
		var m *member
		if e := &g[0]; e.match(b, i) {
			i += e.n
			m = e.to
		} else if e := &g[1]; e.match(b, i) {
			i += e.n
			m = e.to
		} else if m, i = p.member(b, i, in, g); i < 0 {
			return -1
		}
		if m == nil {
			return i
		}
		g = &m.after

		start := i
	value:
		c := b[i]
		var k kind
		var f float64
		switch {
		case c-'0' <= 9:
			// Most numbers have up to eight digits, perhaps a point and up to eight more, and then a comma.
			x := load(b, i)
			y := x - each('0')
			n := bits.TrailingZeros64((x+each(0x46)|y)&highs) >> 3
			if end := i + n; c != '0' || n == 1 {
				if b[end] == ',' {
					i, k = end, num
					if m.numeric {
						f = float64(eight(y << (64 - 8*uint(n))))
					}
					break
				}
				if b[end] == '.' {
					x = load(b, end+1)
					z := x - each('0')
					d := bits.TrailingZeros64((x+each(0x46)|z)&highs) >> 3
					mant := eight(y<<(64-8*uint(n)))*tens[d] + eight(z<<(64-8*uint(d)))
					if b[end+1+d] == ',' && d > 0 && mant < 1<<53 {
						i, k = end+1+d, num
						if m.numeric {
							f = float64(mant) / powers[d]
						}
						break
					}
				}
			}
			fallthrough
		case c == '-':
			var mant uint64
			var exp int
			if i, mant, exp = p.number(b, i); i < 0 {
				return -1
			}
			k = num
			if exp == minusInf {
				k = negInf
			} else if m.numeric {
				f, k = float(b[start:i], mant, exp)
			}
		case c == '"':
			// Many strings are up to eight characters of ASCII.
			x := load(b, i+1)
			quote, slash := x^each('"'), x^each('\\')
			mark := ((quote-ones)&^quote | (slash-ones)&^slash | (x-each(0x20))&^x | x) & highs
			if at := i + 1 + bits.TrailingZeros64(mark)>>3; b[at] == '"' {
				i = at + 1
				k = str
				break
			}
			var escaped bool
			if i, escaped = p.str(b, i+1); i < 0 {
				return -1
			}
			i++
			k = str
			if escaped {
				k = strEscaped
			}
		case c == '{' && m.child != nil:
			if depth == maxDepth {
				return p.fail(fault.BadJSON, i, tooDeep)
			}
			if m.slot.row == p.row {
				p.odd(fault.DuplicateName, m.slot.path)
			}
			if i = p.object(b, i+1, m.child, depth+1); i < 0 {
				return -1
			}
			k = object
		case c == '{' || c == '[':
			if i = p.skip(b, i, depth); i < 0 {
				return -1
			}
			k = list
			if c == '{' {
				k = object
			}
		case c == ' ' || c == '\t' || c == '\r':
			i = blanks(b, i)
			start = i
			goto value
		default:
			if uint32(load(b, i)) == nullWord {
				i += 4
				k = null
				f = math.NaN()
				break
			}
			if i, k = p.word(b, i); i < 0 {
				return -1
			}
		}

		if s := m.slot; s != nil {
			if s.row == p.row {
				p.odd(fault.DuplicateName, s.path)
				continue
			}
			s.row = p.row
			if s.values != nil && (k == num || k == null) {
				s.values[p.out] = f
				s.kind = done
				p.count++
				continue
			}
			s.kind, s.start, s.end, s.value = k, int32(start), int32(i), f
			p.slow = p.slow || s.slow
		} else if m.foreign != "" {
			name := m.name
			if m == &in.other {
				name = string(p.otherName)
			}
			p.oddTaken = p.oddTaken || p.oddCode == "" && m.foreign == fault.DuplicateName
			p.odd(m.foreign, name)
		}
	}
}

func (p *parser) odd(code fault.Code, name string) {
	if p.oddCode == "" {
		p.oddCode, p.oddName = code, name
	}
}

// member scans the name of the next member of n's object at b[i], behind its opening brace or a value, up to its value.
// At the end of the object the member is nil. What it found is left in g as a guess.
func (p *parser) member(b []byte, i int, n *node, g *guess) (*member, int) {
	from := i
	i = blanks(b, i)
	switch first := g == &n.open; {
	case b[i] == '}':
		i++
		g.put(b, from, i, nil)
		return nil, i
	case first:
	case b[i] == ',':
		i = blanks(b, i+1)
	default:
		return nil, p.malformed(b, i, noComma)
	}
	if b[i] != '"' {
		return nil, p.malformed(b, i, noName)
	}
	start := i + 1
	end, escaped := p.str(b, start)
	if end < 0 {
		return nil, -1
	}
	if i = blanks(b, end+1); b[i] != ':' {
		return nil, p.malformed(b, i, noColon)
	}
	i = blanks(b, i+1)
	m := p.find(n, b[start:end], escaped)
	if m != &n.other {
		g.put(b, from, i, m)
	}
	return m, i
}

// find gives the member of n that is named name in the text. Names that cannot be told, because of a lone surrogate, or
// remembered, because there are too many, are n.other.
func (p *parser) find(n *node, name []byte, escaped bool) *member {
	if escaped {
		var ok bool
		text := name
		if name, ok = unescape(p.scratch[:0], name); !ok {
			p.otherName = append(p.otherName[:0], text...)
			return &n.other
		}
		p.scratch = name[:0]
	}
	if m := n.members[string(name)]; m != nil {
		return m
	}
	if p.left == 0 {
		p.otherName = append(p.otherName[:0], name...)
		return &n.other
	}
	p.left--
	m := n.member(string(name))
	m.foreign = n.other.foreign
	return m
}

// refusal says what p has against the line that starts at start, as a letter's message.
func (p *parser) refusal(start int) string {
	return fmt.Sprintf("byte %d: %s", p.pos-start+1, p.what)
}
