package bundle

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/glulam/glulam/fault"
)

// document is a YAML file that is being read.
type document struct {
	label string // for messages
	lines []string
}

// node is a value in a document. The zero node is an absent one.
type node struct {
	doc *document
	ast ast.Node
	key string // "calibration.a"
}

// pair is an entry of a map.
type pair struct {
	name  string
	at    node // of the key
	value node
}

// parseYAML gives the value of a file that is one document.
func parseYAML(label string, data []byte) (node, error) {
	d := &document{label: label}
	if err := checkBytes(label, data); err != nil {
		return node{}, err
	}
	if !utf8.Valid(data) {
		return node{}, fault.New(fault.Corrupt, label, "the file is not UTF-8")
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	d.lines = strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	tokens := lexer.Tokenize(text)
	if err := d.checkTokens(tokens); err != nil {
		return node{}, err
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		if ye := (yaml.Error)(nil); errors.As(err, &ye) {
			return node{}, d.fault(ye.GetToken(), fault.Corrupt, "%s", said(ye.GetMessage()))
		}
		return node{}, fault.New(fault.Corrupt, label, "%s", said(err.Error()))
	}
	var body ast.Node
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil || doc.Body.Type() == ast.NullType:
		case body != nil:
			return node{}, d.fault(doc.Body.GetToken(), fault.Corrupt, "a second document")
		default:
			body = doc.Body
		}
	}
	if body == nil {
		return node{}, fault.New(fault.Empty, label, "the file is empty")
	}
	return node{doc: d, ast: body}, nil
}

// checkTokens refuses what the parser would take too long for, and what makes one value stand for another.
func (d *document) checkTokens(tokens token.Tokens) error {
	keys, items, depth, line, deep := 0, 0, 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, deep = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType:
			items++
			deep++
		case token.CollectEntryType:
			items++
		case token.MappingValueType:
			keys++
		case token.AnchorType, token.AliasType, token.TagType, token.MappingKeyType, token.MergeKeyType, token.DirectiveType:
			return d.fault(t, fault.Unsupported, "anchors, aliases, tags, merge keys, complex keys and directives of YAML are not read here").
				WithHint("write the value in quotes if it is a text")
		case token.InvalidType:
			return d.fault(t, fault.Corrupt, "no YAML: %s", said(t.Error))
		}
		switch {
		case depth > maxDepth || deep > maxDepth || t.Position.IndentNum > 8*maxDepth:
			return d.fault(t, fault.TooLarge, "lists and maps are nested too deep")
		case keys > maxKeys || items > maxItems:
			return d.fault(t, fault.TooLarge, "more than %d keys, or %d elements of lists", maxKeys, maxItems)
		}
	}
	return nil
}

// fault makes an error at a token.
func (d *document) fault(t *token.Token, code fault.Code, format string, args ...any) *fault.Error {
	e := fault.New(code, d.label, format, args...)
	if t == nil || t.Position == nil || t.Position.Line < 1 || t.Position.Line > len(d.lines) {
		return e
	}
	runes := []rune(d.lines[t.Position.Line-1])
	column := min(max(t.Position.Column, 1), len(runes)+1)
	e.Line, e.Column = int64(t.Position.Line), int64(len(string(runes[:column-1])))+1
	return e
}

// fault makes an error about the value.
func (n node) fault(code fault.Code, format string, args ...any) *fault.Error {
	if n.doc == nil {
		return fault.New(code, "", format, args...)
	}
	return n.doc.fault(start(n.ast), code, format, args...).OnField(n.key)
}

// start is the token that a node begins with.
func start(n ast.Node) *token.Token {
	switch n := n.(type) {
	case nil:
		return nil
	case *ast.MappingNode:
		if len(n.Values) > 0 && !n.IsFlowStyle {
			return start(n.Values[0])
		}
	case *ast.MappingValueNode:
		return n.Key.GetToken()
	case *ast.SequenceNode:
		if n.Start != nil {
			return n.Start
		}
	}
	return n.GetToken()
}

// pairs gives the entries of a map whose keys are single values, each once.
func (n node) pairs() ([]pair, error) {
	var values []*ast.MappingValueNode
	switch m := n.ast.(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	default:
		return nil, n.fault(fault.Corrupt, "%s, not lines of `key: value`", n.what())
	}
	out := make([]pair, 0, len(values))
	seen := map[string]*token.Token{}
	for _, v := range values {
		at := node{n.doc, v.Key, n.key}
		name, err := at.text()
		if err != nil {
			return nil, err
		}
		if first := seen[name]; first != nil {
			return nil, at.fault(fault.Corrupt, "the key %s stands on line %d already", fault.Quote(name), first.Position.Line)
		}
		seen[name] = v.Key.GetToken()
		key := place(name)
		if n.key != "" {
			key = n.key + "." + key
		}
		at.key = key
		out = append(out, pair{name, at, node{n.doc, v.Value, key}})
	}
	return out, nil
}

// items gives the elements of a list.
func (n node) items() ([]node, error) {
	seq, ok := n.ast.(*ast.SequenceNode)
	if !ok {
		return nil, n.fault(fault.Corrupt, "%s, not a list", n.what())
	}
	out := make([]node, len(seq.Values))
	for i, v := range seq.Values {
		out[i] = node{n.doc, v, n.key}
	}
	return out, nil
}

// text gives a single value as it stands in the file, whatever type YAML takes it for.
func (n node) text() (string, error) {
	switch v := n.ast.(type) {
	case *ast.StringNode:
		return v.Value, nil
	case *ast.LiteralNode:
		return v.Value.Value, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return v.GetToken().Value, nil
	}
	return "", n.fault(fault.Corrupt, "%s, not a single value", n.what())
}

// texts gives a list of single values, each once.
func (n node) texts() ([]string, error) {
	items, err := n.items()
	if err != nil {
		return nil, err
	}
	out := make([]string, len(items))
	seen := make(map[string]bool, len(items))
	for i, item := range items {
		if out[i], err = item.text(); err != nil {
			return nil, err
		}
		if seen[out[i]] {
			return nil, item.fault(fault.Corrupt, "%s stands twice", fault.Quote(out[i]))
		}
		seen[out[i]] = true
	}
	return out, nil
}

// number gives a finite number.
func (n node) number() (float64, error) {
	text, err := n.text()
	if err != nil {
		return 0, err
	}
	if _, quoted := n.ast.(*ast.StringNode); quoted && n.ast.GetToken().Type != token.StringType {
		return 0, n.fault(fault.Corrupt, "%s is a text, not a number", fault.Quote(text))
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || v-v != 0 {
		return 0, n.fault(fault.Corrupt, "%s is not a finite number", fault.Quote(text))
	}
	return v, nil
}

// count gives a whole number from 0 to most.
func (n node) count(most uint64) (uint64, error) {
	text, err := n.text()
	if err != nil {
		return 0, err
	}
	v, err := strconv.ParseUint(text, 10, 64)
	if err != nil || v > most {
		return 0, n.fault(fault.Corrupt, "%s is not a whole number from 0 to %d", fault.Quote(text), most)
	}
	return v, nil
}

// empty says whether nothing stands behind a key.
func (n node) empty() bool { return n.ast == nil || n.ast.Type() == ast.NullType }

// what names the kind of a value.
func (n node) what() string {
	switch n.ast.(type) {
	case nil, *ast.NullNode:
		return "nothing"
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a map"
	}
	return "a single value"
}
