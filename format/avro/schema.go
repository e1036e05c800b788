package avro

import (
	"slices"
	"strings"

	"github.com/twmb/avro"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format/internal/rows"
)

// Schema is a schema as a registry has it: its text, and those that it refers to.
type Schema struct {
	Text string
	// References are the schemas that define names which Text uses, each before those that use it.
	References []string
}

// Limits on schemas and on what messages make of them.
const (
	maxSchema = 4 << 20 // bytes of a schema with its references
	maxTypes  = 100_000
	maxDepth  = 64 // of objects and arrays, as in JSON
	// maxPrecision is how many digits a decimal may have.
	maxPrecision = 1000
)

type kind uint8

const (
	nullKind kind = iota
	booleanKind
	intKind
	longKind
	floatKind
	doubleKind
	bytesKind
	stringKind
	fixedKind
	enumKind
	arrayKind
	mapKind
	recordKind
	unionKind
)

var kindOf = map[string]kind{
	"null": nullKind, "boolean": booleanKind, "int": intKind, "long": longKind, "float": floatKind, "double": doubleKind, "bytes": bytesKind,
	"string": stringKind, "fixed": fixedKind, "enum": enumKind, "array": arrayKind, "map": mapKind, "record": recordKind, "error": recordKind, "union": unionKind,
}

// kindNames say what a value is, as messages about JSON say it.
var kindNames = [...]string{nullKind: "null", booleanKind: "a boolean", intKind: "a number", longKind: "a number", floatKind: "a number",
	doubleKind: "a number", bytesKind: "bytes", stringKind: "a string", fixedKind: "bytes", enumKind: "a string", arrayKind: "an array",
	mapKind: "an object", recordKind: "an object", unionKind: "a union"}

// node is a type of a schema. Types that refer to themselves make a graph of it. Immutable once built.
type node struct {
	kind     kind
	logical  logical
	size     int      // of fixed
	scale    int      // of decimals
	digits   int      // of decimals, at most
	symbols  [][]byte // of enum
	quoted   [][]byte // the same as JSON
	fields   []field  // of record
	item     *node    // of array and map
	branches []*node  // of union
	tree     *avro.SchemaNode
}

type field struct {
	name string
	key  []byte // `"name":`
	node *node
}

// parse makes the graph of a schema, which must be a record, and gives its types that have a name. Its errors are about the
// schema: fault.BadSchema.
func parse(s Schema) (*node, map[string]*node, *fault.Error) {
	size := len(s.Text)
	for _, r := range s.References {
		size += len(r)
	}
	if size > maxSchema {
		return nil, nil, badSchema("the schema is larger than %d MiB", maxSchema>>20)
	}
	var cache avro.SchemaCache
	for _, r := range s.References {
		if _, err := cache.Parse(r); err != nil {
			return nil, nil, badSchema("a schema that it refers to: %w", err)
		}
	}
	parsed, err := cache.Parse(s.Text)
	if err != nil {
		return nil, nil, badSchema("%w", err)
	}
	g := grapher{named: map[string]*node{}}
	root := g.node(parsed.Root(), "")
	if g.err != nil {
		return nil, nil, g.err
	}
	if root.kind != recordKind {
		return nil, nil, badSchema("a row is a record, and the schema is %s", kindNames[root.kind])
	}
	return root, g.named, nil
}

func badSchema(format string, args ...any) *fault.Error {
	return fault.New(fault.BadSchema, "", format, args...)
}

// grapher makes nodes of what the library parsed, and resolves names, which are defined before they are used.
type grapher struct {
	named map[string]*node
	types int
	err   *fault.Error
}

func (g *grapher) fail(format string, args ...any) *node {
	if g.err == nil {
		g.err = badSchema(format, args...)
	}
	return &node{}
}

// node makes the node of a type that stands in a namespace.
func (g *grapher) node(s *avro.SchemaNode, space string) *node {
	if g.types++; g.types > maxTypes {
		return g.fail("the schema has more than %d types", maxTypes)
	}
	k, ok := kindOf[s.Type]
	if !ok {
		return g.reference(s.Type, space)
	}
	n := &node{kind: k, size: s.Size, tree: s}
	switch k {
	case recordKind, enumKind, fixedKind:
		space = g.define(s, n)
	}
	g.setLogical(n, s)
	switch k {
	case enumKind:
		for _, symbol := range s.Symbols {
			n.symbols = append(n.symbols, []byte(symbol))
			n.quoted = append(n.quoted, quoted(symbol))
		}
	case arrayKind:
		n.item = g.node(s.Items, space)
	case mapKind:
		n.item = g.node(s.Values, space)
	case unionKind:
		for i := range s.Branches {
			n.branches = append(n.branches, g.node(&s.Branches[i], space))
		}
	case recordKind:
		for i := range s.Fields {
			f := &s.Fields[i]
			n.fields = append(n.fields, field{name: f.Name, key: append(quoted(f.Name), ':'), node: g.node(&f.Type, space)})
		}
	}
	return n
}

// define notes what a name stands for, and gives the namespace of what is in it.
func (g *grapher) define(s *avro.SchemaNode, n *node) string {
	full, space := fullName(s)
	g.named[full] = n
	return space
}

// fullName is the name of a type with its namespace, and the namespace.
func fullName(s *avro.SchemaNode) (full, space string) {
	if i := strings.LastIndexByte(s.Name, '.'); i >= 0 {
		return s.Name, s.Name[:i]
	}
	if s.Namespace == "" {
		return s.Name, ""
	}
	return s.Namespace + "." + s.Name, s.Namespace
}

// reference finds what a name stands for.
func (g *grapher) reference(name, space string) *node {
	if !strings.Contains(name, ".") && space != "" {
		if n := g.named[space+"."+name]; n != nil {
			return n
		}
	}
	if n := g.named[name]; n != nil {
		return n
	}
	return g.fail("nothing defines the type %s", fault.Quote(name))
}

func quoted(s string) []byte {
	q, ok := rows.AppendText(nil, []byte(s))
	if !ok {
		return []byte(`"?"`)
	}
	return slices.Clip(q)
}
