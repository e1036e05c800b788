package skops

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/glulam/glulam/fault"
)

// Node is a Python object. The zero value, and what is asked of a node that lacks it, is no object: it answers everything
// with zero values. A question that does not fit the object is an error, which the file keeps (see [File.Err]).
type Node struct {
	f    *File
	at   uint32 // its entry, plus 1
	path string
}

// Root is the object that was saved.
func (f *File) Root() Node { return Node{f, 1, ""} }

// protocol refuses the files of protocols that are not known.
func (f *File) protocol() error {
	root := f.Root()
	raw := string(root.raw(root.member("protocol")))
	switch raw {
	case "1", "2":
		return nil
	case "":
		return f.corrupt(schemaName, "it does not say which protocol of skops it has")
	}
	return f.unsupported(schemaName, "protocol %.20s of skops (version %.20s); 1 and 2 are known", raw, root.raw(root.member("_skops_version"))).
		WithHint("save the model with skops 0.6 to 0.16, or use `glulam export-sklearn`")
}

// OK says whether there is an object.
func (n Node) OK() bool { return n.at != 0 }

// Path is where the object is: "steps[1].estimators_[3]"; "the model" for the root.
func (n Node) Path() string {
	if n.path == "" {
		return "the model"
	}
	return n.path
}

// Corrupt keeps an error about the object.
func (n Node) Corrupt(format string, args ...any) {
	if n.f != nil && n.f.err == nil {
		n.f.Fail(n.f.corrupt(n.Path(), format, args...))
	}
}

// Unsupported keeps an error about the object.
func (n Node) Unsupported(hint, format string, args ...any) {
	if n.f != nil && n.f.err == nil {
		n.f.Fail(n.f.unsupported(n.Path(), format, args...).WithHint("%s", hint))
	}
}

// raw is the text of an entry.
func (n Node) raw(at uint32) []byte {
	if at == 0 {
		return nil
	}
	e := n.f.entries[at-1]
	return n.f.text[e.start:e.end]
}

// kind is the first byte of an entry, 0 of none.
func (n Node) kind(at uint32) byte {
	if at == 0 {
		return 0
	}
	return n.f.text[n.f.entries[at-1].start]
}

// each calls do for the members of an object of JSON, until it says false.
func (n Node) each(at uint32, do func(key []byte, value uint32) bool) {
	if n.kind(at) != '{' {
		return
	}
	entries := n.f.entries
	for i := at; i < entries[at-1].next; {
		key, err := unquote(n.f.text[entries[i].start:entries[i].end])
		if err != nil || !do(key, i+2) {
			return
		}
		i = entries[i+1].next
	}
}

// find is the member of an object of JSON.
func (n Node) find(at uint32, name string) (found uint32) {
	n.each(at, func(key []byte, value uint32) bool {
		if string(key) == name {
			found = value
		}
		return found == 0
	})
	return found
}

func (n Node) member(name string) uint32 { return n.find(n.at, name) }

// text is the member of the object's JSON, which is a text.
func (n Node) text(name string) string {
	at := n.member(name)
	if n.kind(at) != '"' {
		if n.OK() {
			n.Corrupt("it has no text %q", name)
		}
		return ""
	}
	s, err := unquote(n.raw(at))
	if err != nil {
		n.Corrupt("%q is no text of JSON", name)
	}
	return string(s)
}

func (n Node) loader() string {
	if !n.OK() {
		return ""
	}
	return n.text("__loader__")
}

// Type is the full Python name of the object's class, or of the function or class that the object is:
// "sklearn.tree._tree.Tree".
func (n Node) Type() string {
	if !n.OK() {
		return ""
	}
	return n.text("__module__") + "." + n.text("__class__")
}

// content is the object's content as a node.
func (n Node) content() Node { return Node{n.f, n.member("content"), n.path} }

// Has says whether an object has this attribute, also if it is None.
func (n Node) Has(name string) bool { return n.attr(name) != 0 }

// Attr is the attribute of an object, of a class or a dict; one that is not there is an error.
func (n Node) Attr(name string) Node {
	at := n.attr(name)
	if at == 0 && n.OK() {
		n.Corrupt("%s has no %s", n.Type(), name)
	}
	return Node{n.f, at, join(n.path, name)}
}

// Maybe is the attribute of an object, or none.
func (n Node) Maybe(name string) Node { return Node{n.f, n.attr(name), join(n.path, name)} }

func join(path, name string) string { return strings.TrimPrefix(path+"."+name, ".") }

func (n Node) attr(name string) uint32 {
	c := n
	switch n.loader() {
	case "ObjectNode", "TreeNode":
		if c = n.content(); c.loader() != "DictNode" {
			return 0
		}
	case "DictNode":
	default:
		return 0
	}
	return c.find(c.member("content"), name)
}

// Args are the arguments of the constructor, of an object that is made by one, or those of a functools.partial.
func (n Node) Args() Node {
	if n.loader() == "PartialNode" {
		return Node{n.f, n.find(n.member("content"), "args"), n.path + ".args"}
	}
	return Node{n.f, n.find(n.member("__reduce__"), "args"), n.path + ".args"}
}

// Partial is a functools.partial's function and keyword arguments.
func (n Node) Partial() (function, keywords Node) {
	content := n.member("content")
	return Node{n.f, n.find(content, "func"), join(n.path, "func")}, Node{n.f, n.find(content, "kwds"), join(n.path, "keywords")}
}

// IsFunction says whether the object is a function or class itself, which Type names.
func (n Node) IsFunction() bool { l := n.loader(); return l == "FunctionNode" || l == "TypeNode" }

// Items are the elements of a list, tuple or set, and those of an array of objects, whose rows are lists.
func (n Node) Items() []Node {
	switch n.loader() {
	case "ListNode", "TupleNode", "SetNode":
	case "NdArrayNode":
		if n.IsArray() {
			n.Corrupt("an array of numbers or texts where objects belong")
			return nil
		}
	default:
		if n.OK() {
			n.Corrupt("%s where a list belongs", n.Type())
		}
		return nil
	}
	at := n.member("content")
	if n.kind(at) != '[' {
		n.Corrupt("its content is no list")
		return nil
	}
	var items []Node
	for i := at; i < n.f.entries[at-1].next; i = n.f.entries[i].next {
		items = append(items, Node{n.f, i + 1, fmt.Sprintf("%s[%d]", n.path, len(items))})
	}
	return items
}

// Each calls do for the items of a dict, in their order.
func (n Node) Each(do func(key string, value Node)) {
	if n.loader() != "DictNode" {
		if n.OK() {
			n.Corrupt("%s where a dict belongs", n.Type())
		}
		return
	}
	n.each(n.member("content"), func(key []byte, value uint32) bool {
		do(string(key), Node{n.f, value, fmt.Sprintf("%s[%.40q]", n.path, key)})
		return true
	})
}

// DType is the numpy type that an object is: "f8", "O" for objects, "U5".
func (n Node) DType() string {
	if n.loader() != "DTypeNode" {
		if n.OK() {
			n.Corrupt("%s where a numpy.dtype belongs", n.Type())
		}
		return ""
	}
	content := n.content()
	if content.IsObjects() {
		return "O"
	}
	return content.Array().Type
}

// Value is what a plain object is in Go: nil (None), bool, int64, float64 or string. Others are nil and an error.
func (n Node) Value() any {
	switch n.loader() {
	case "JsonNode":
		return n.plain(n.text("content"))
	case "NdArrayNode":
		if a := n.Array(); len(a.Shape) == 0 && a.Len() == 1 {
			return a.Value(0)
		}
	}
	if n.OK() {
		n.Corrupt("%s where a number, a text or None belongs", n.Type())
	}
	return nil
}

// plain is a value of Python's JSON.
func (n Node) plain(s string) any {
	switch s {
	case "null":
		return nil
	case "true", "false":
		return s == "true"
	case "NaN":
		return math.NaN()
	case "Infinity":
		return math.Inf(1)
	case "-Infinity":
		return math.Inf(-1)
	}
	var value any
	if len(s) > 0 && s[0] == '"' {
		var text string
		if json.Unmarshal([]byte(s), &text) == nil {
			return text
		}
	} else if json.Valid([]byte(s)) {
		if i, err := strconv.ParseInt(s, 10, 64); err == nil {
			return i
		}
		if x, err := strconv.ParseFloat(s, 64); err == nil {
			return x
		}
	}
	n.Corrupt("%s is no plain value", fault.Quote(s))
	return value
}

// IsNone says whether the object is None, or not there.
func (n Node) IsNone() bool {
	return !n.OK() || n.loader() == "JsonNode" && n.text("content") == "null"
}

// IsText says whether the object is a str.
func (n Node) IsText() bool {
	return n.OK() && n.loader() == "JsonNode" && strings.HasPrefix(n.text("content"), `"`)
}

// Text is that of a str.
func (n Node) Text() string {
	s, ok := n.Value().(string)
	if !ok && n.OK() {
		n.Corrupt("not a text")
	}
	return s
}

// Bool is that of a bool.
func (n Node) Bool() bool {
	b, ok := n.Value().(bool)
	if !ok && n.OK() {
		n.Corrupt("neither True nor False")
	}
	return b
}

// Int is that of a whole number.
func (n Node) Int() int64 {
	i, ok := n.Value().(int64)
	if !ok && n.OK() {
		n.Corrupt("not a whole number")
	}
	return i
}

// Float is that of a number.
func (n Node) Float() float64 {
	switch x := n.Value().(type) {
	case float64:
		return x
	case int64:
		if f := float64(x); int64(f) == x {
			return f
		}
	}
	if n.OK() {
		n.Corrupt("not a number that a float64 can hold")
	}
	return 0
}
