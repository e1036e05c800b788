package cli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/glulam/glulam/fault"
)

// maxSpec is the largest spec file that is read.
const maxSpec = 1 << 20

// specFile is a YAML file of flags. It is walked as a syntax tree, not decoded into a struct: so all that is wrong with it
// is found at once, and every value keeps its place for what is found later.
type specFile struct {
	name    string
	lines   []string
	entries []*ast.MappingValueNode
	anchors map[string]ast.Node
	values  map[string]ast.Node // of keys that are flags
	spoiled map[string]bool     // keys about which an error was given, so that it need not be said again
}

// readSpec reads and parses a file.
func readSpec(name string) (*specFile, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fault.FromOS(fault.Unreadable, name, err).WithHint("-f takes the path of a YAML file")
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSpec+1))
	switch {
	case err != nil:
		return nil, fault.FromOS(fault.Unreadable, name, err)
	case len(data) > maxSpec:
		return nil, fault.New(fault.TooLarge, name, "a spec of more than %s", size(maxSpec))
	case !utf8.Valid(data):
		return nil, fault.New(fault.Usage, name, "the spec is not UTF-8")
	}
	return parseSpec(name, strings.TrimPrefix(string(data), "\ufeff"))
}

// parseSpec parses the text of a spec.
func parseSpec(name, text string) (*specFile, error) {
	s := &specFile{
		name: name, lines: strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n"),
		anchors: map[string]ast.Node{}, values: map[string]ast.Node{}, spoiled: map[string]bool{},
	}
	file, err := parser.ParseBytes([]byte(text), 0, parser.AllowDuplicateMapKey())
	if err != nil {
		if ye := (yaml.Error)(nil); errors.As(err, &ye) {
			return nil, s.at(ye.GetToken(), "", fault.New(fault.Usage, "", "%s", ye.GetMessage()))
		}
		return nil, fault.New(fault.Usage, name, "%w", err)
	}
	var body ast.Node
	for _, d := range file.Docs {
		switch {
		case d.Body == nil || d.Body.Type() == ast.NullType:
		case body != nil:
			return nil, s.at(d.Body.GetToken(), "", fault.New(fault.Usage, "", "a second document; a spec is one"))
		default:
			body = d.Body
		}
	}
	switch body := s.plain(body).(type) {
	case nil:
	case *ast.MappingNode:
		s.entries = body.Values
	case *ast.MappingValueNode:
		s.entries = []*ast.MappingValueNode{body}
	default:
		return nil, s.at(body.GetToken(), "", fault.New(fault.Usage, "", "a spec is lines of `key: value`, not %s", what(body)))
	}
	if body != nil {
		for _, n := range ast.Filter(ast.AnchorType, body) {
			a := n.(*ast.AnchorNode)
			s.anchors[a.Name.GetToken().Value] = a.Value
		}
	}
	return s, nil
}

// decode sets the targets by key and gives everything that is wrong.
func (s *specFile) decode(targets map[string]reflect.Value) []error {
	var errs []error
	first := map[string]*token.Token{}
	for _, entry := range s.entries {
		tk := entry.Key.GetToken()
		key := tk.Value
		if text, err := s.scalar(entry.Key); err == nil {
			key = text
		}
		bad := func(tk *token.Token, hint, format string, args ...any) {
			s.spoiled[key] = true
			errs = append(errs, s.at(tk, "", &fault.Error{Code: fault.Usage, Err: fmt.Errorf(format, args...), Hint: hint}))
		}
		target, known := targets[key]
		switch {
		case !known:
			hint := "keys are the command's flags, without the dashes"
			if near := nearest(key, slices.Sorted(maps.Keys(targets))); near != "" {
				hint = fmt.Sprintf("did you mean %s?", near)
				s.spoiled[near] = true
			}
			bad(tk, hint, "there is no key %q", key)
			continue
		case first[key] != nil:
			bad(tk, "", "the key %s stands on line %d already", key, first[key].Position.Line)
			continue
		}
		first[key] = tk
		s.values[key] = entry.Value
		if err := s.set(target, entry.Value); err != nil {
			s.spoiled[key] = true
			at := tokenOf(entry.Value, tk)
			if pe := (*placed)(nil); errors.As(err, &pe) {
				at = tokenOf(pe.node, tk)
			} else if errors.Is(err, errNoValue) {
				at = tk
			}
			errs = append(errs, s.at(at, key, fault.New(fault.Usage, "", "%w", err)))
		}
	}
	return errs
}

var errNoValue = errors.New("has no value; leave the key out, or write [] for an empty list")

// placed is an error about a node within a value.
type placed struct {
	node ast.Node
	err  error
}

func (p *placed) Error() string { return p.err.Error() }

// set gives a value to the field of a flag.
func (s *specFile) set(target reflect.Value, node ast.Node) error {
	node = s.plain(node)
	switch n := node.(type) {
	case nil, *ast.NullNode:
		return errNoValue
	case *ast.AliasNode:
		return noAnchor(n)
	}
	switch v := target.Addr().Interface().(type) {
	case *string:
		text, err := s.scalar(node)
		if err != nil {
			return err
		}
		*v = text
	case *bool:
		b, ok := node.(*ast.BoolNode)
		if !ok {
			return fmt.Errorf("%s, not true or false", what(node))
		}
		*v = b.Value
	case interface{ set(string) error }: // *whole, *interval
		text, err := s.scalar(node)
		if err != nil {
			return err
		}
		return v.set(text)
	case *paths:
		if seq, ok := node.(*ast.SequenceNode); ok {
			items, err := s.strings(seq)
			*v = items
			return err
		}
		text, err := s.scalar(node)
		*v = paths{text}
		return err
	case *rules:
		if seq, ok := node.(*ast.SequenceNode); ok {
			items, err := s.strings(seq)
			*v = items
			return err
		}
		text, err := s.scalar(node)
		*v = rules{text}
		return err
	case *list:
		if seq, ok := node.(*ast.SequenceNode); ok {
			items, err := s.strings(seq)
			*v = items
			return err
		}
		text, err := s.scalar(node)
		*v = splitList(text)
		return err
	case *renames:
		return s.pairs((*map[string]string)(v), node)
	case *settings:
		return s.pairs((*map[string]string)(v), node)
	default:
		return fmt.Errorf("keys of type %T are not read from files", v)
	}
	return nil
}

// strings reads a list.
func (s *specFile) strings(seq *ast.SequenceNode) ([]string, error) {
	out := make([]string, 0, len(seq.Values))
	for _, n := range seq.Values {
		text, err := s.scalar(n)
		if err != nil {
			return out, &placed{n, err}
		}
		out = append(out, text)
	}
	return out, nil
}

// pairs reads name: value.
func (s *specFile) pairs(r *map[string]string, node ast.Node) error {
	var entries []*ast.MappingValueNode
	switch n := node.(type) {
	case *ast.MappingNode:
		entries = n.Values
	case *ast.MappingValueNode:
		entries = []*ast.MappingValueNode{n}
	default:
		return fmt.Errorf("%s, not lines of `name: value`", what(node))
	}
	*r = map[string]string{}
	for _, e := range entries {
		feature, err := s.scalar(e.Key)
		if err != nil {
			return &placed{e.Key, err}
		}
		if _, twice := (*r)[feature]; twice {
			return &placed{e.Key, fmt.Errorf("%q stands there twice", feature)}
		}
		if (*r)[feature], err = s.scalar(e.Value); err != nil {
			return &placed{e.Value, err}
		}
	}
	return nil
}

// scalar gives the text of a single value as it stands in the file, whatever type YAML takes it for: a column may be
// called 1.50 or true.
func (s *specFile) scalar(node ast.Node) (string, error) {
	switch n := s.plain(node).(type) {
	case *ast.StringNode:
		return n.Value, nil
	case *ast.LiteralNode:
		return n.Value.Value, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, nil
	case *ast.AliasNode:
		return "", noAnchor(n)
	case nil, *ast.NullNode:
		return "", errors.New("null, not a text; write it in quotes if it is one")
	default:
		return "", fmt.Errorf("%s, not a single value", what(n))
	}
}

func noAnchor(n *ast.AliasNode) error {
	return fmt.Errorf("there is no anchor &%s", n.Value.GetToken().Value)
}

// plain takes off anchors, tags and aliases; an alias that leads nowhere stays.
func (s *specFile) plain(node ast.Node) ast.Node {
	for range 100 { // an alias may lead to itself
		switch n := node.(type) {
		case *ast.AnchorNode:
			node = n.Value
		case *ast.TagNode:
			node = n.Value
		case *ast.MappingKeyNode:
			node = n.Value
		case *ast.AliasNode:
			to := s.anchors[n.Value.GetToken().Value]
			if to == nil {
				return n
			}
			node = to
		default:
			return node
		}
	}
	return nil
}

// what names the kind of a node.
func what(node ast.Node) string {
	switch node.(type) {
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a map"
	case *ast.NullNode:
		return "nothing"
	case *ast.BoolNode:
		return "a truth value"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	}
	return "a text"
}
