package jsonl

import (
	"math"

	"github.com/glulam/glulam/fault"
)

// kind is what a value is.
type kind uint8

const (
	num        kind = iota
	huge            // a number that float64 cannot hold; only told where a number is asked for
	str             // without escapes
	strEscaped      // with escapes
	null
	yes
	no
	nan // this and the next two as Python's json module writes them: NaN, Infinity, -Infinity
	inf
	negInf
	object
	list
	done // a number or null that is in its column already
)

var kindNames = [...]string{num: "a number", huge: "a number", str: "a string", strEscaped: "a string", null: "null", yes: "a boolean",
	no: "a boolean", nan: "a number", inf: "a number", negInf: "a number", object: "an object", list: "an array"}

// slot is where the parser leaves the value of a member that somebody asked for.
type slot struct {
	path       string
	row        uint32 // the parser's row when it was set: any other value means that the member is absent
	kind       kind
	slow       bool    // makes the record one that columns.add has to look at closely
	start, end int32   // in the buffer; strings with their quotes
	value      float64 // of a number whose member is numeric
	// values is a Number column that nothing but this slot fills. Numbers and nulls go there at once and leave their kind
	// as done.
	values []float64
}

// A node is an object that members are looked for in: the record itself, or a value on the way of a dotted path.
type node struct {
	members map[string]*member
	open    guess  // what follows its opening brace
	other   member // stands for all members that there is no place for in members
}

// A member is a name that occurred in a node's object or that somebody asked for.
type member struct {
	name    string
	slot    *slot      // nil: nobody asked for it
	foreign fault.Code // not "": it must not occur, and this is what it is if it does; slot and child are nil
	numeric bool       // its value goes into a Number column
	child   *node      // not nil: members of its value are asked for; there is a slot then
	after   guess      // what follows its value
}

// A guess is what followed at some place of earlier records. The members of a record mostly come in the same order and
// spelling again, so that `, "month": ` can be compared as a whole instead of scanned, unescaped and looked up. Two
// guesses make it survive members that are left out now and then.
//
// A guess is right wherever its bytes stand: they were scanned from the same place in the same object before, and the
// grammar from there on does not depend on anything else.
type guess [2]edge

// edge is some text between two values and where it leads.
type edge struct {
	head, headMask uint64 // the first eight bytes of the text
	next, nextMask uint64 // the next eight
	n              int    // its length
	tail           []byte // what comes after 16 bytes
	to             *member
}

// maxEdge is the longest text that is remembered.
const maxEdge = 256

// forget makes an edge match nothing: no buffer is that long.
func (e *edge) forget() { e.n = math.MaxInt32 }

func (g *guess) forget() { g[0].forget(); g[1].forget() }

// put makes b[from:to] lead to m (nil: the end of the object) and drops the older guess.
func (g *guess) put(b []byte, from, to int, m *member) {
	n := to - from
	if n > maxEdge {
		return
	}
	tail := g[1].tail
	g[1] = g[0]
	e := &g[0]
	e.n, e.to = n, m
	e.headMask, e.nextMask = lowBytes(n), lowBytes(n-8)
	e.head, e.next = load(b, from)&e.headMask, load(b, from+8)&e.nextMask
	e.tail = append(tail[:0], b[min(from+16, to):to]...)
}

// lowBytes has ones in the lowest n bytes, those that come first in a text.
func lowBytes(n int) uint64 {
	return 1<<(8*min(8, max(0, n))) - 1
}

// match reports whether e's text stands at b[i].
func (e *edge) match(b []byte, i int) bool {
	return (load(b, i)^e.head)&e.headMask|(load(b, i+8)^e.next)&e.nextMask == 0 && (e.n <= 16 || e.matchTail(b, i))
}

func (e *edge) matchTail(b []byte, i int) bool {
	return i+e.n <= len(b) && string(b[i+16:i+e.n]) == string(e.tail)
}

func newNode() *node {
	n := &node{members: map[string]*member{}}
	n.open.forget()
	n.other.after.forget()
	return n
}

// member finds or makes the member with this name.
func (n *node) member(name string) *member {
	m := n.members[name]
	if m == nil {
		m = &member{name: name}
		m.after.forget()
		n.members[name] = m
	}
	return m
}

// maxMembers is how many names of members that nobody asked for are remembered in all. Records of any shape come true
// beyond that, only slower.
const maxMembers = 1 << 14

// noRow is a slot's row before any.
const noRow = math.MaxUint32
