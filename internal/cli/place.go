package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// tokenOf gives where a node starts; otherwise for one that is nowhere.
func tokenOf(node ast.Node, otherwise *token.Token) *token.Token {
	switch n := node.(type) {
	case nil:
		return otherwise
	case *ast.MappingNode:
		if len(n.Values) > 0 && !n.IsFlowStyle {
			return tokenOf(n.Values[0], otherwise)
		}
	case *ast.MappingValueNode:
		return tokenOf(n.Key, otherwise)
	}
	if tk := node.GetToken(); tk != nil {
		return tk
	}
	return otherwise
}

// place finds what a message about a key is about: where it starts with the quoted element of a list, that element (the
// last one, when it stands there twice), and else the whole value.
func (s *specFile) place(key, message string) *token.Token {
	node := s.values[key]
	if seq, ok := s.plain(node).(*ast.SequenceNode); ok {
		for i := len(seq.Values) - 1; i >= 0; i-- {
			if text, err := s.scalar(seq.Values[i]); err == nil && strings.HasPrefix(message, strconv.Quote(text)) {
				return tokenOf(seq.Values[i], nil)
			}
		}
	}
	return tokenOf(node, nil)
}

// at puts an error at a token of the file, with the line it stands in. key may be "".
func (s *specFile) at(tk *token.Token, key string, e *fault.Error) error {
	e.Source, e.Field = s.name, key
	if tk == nil || tk.Position == nil || tk.Position.Line < 1 || tk.Position.Line > len(s.lines) {
		return e
	}
	line := s.lines[tk.Position.Line-1]
	column := min(max(tk.Position.Column, 1), utf8.RuneCountInString(line)+1)
	runes := []rune(line)
	e.Line, e.Column = int64(tk.Position.Line), int64(len(string(runes[:column-1])))+1
	return &excerpted{err: e, lines: excerpt(e.Line, runes, column, utf8.RuneCountInString(strings.TrimSpace(tk.Origin)))}
}

// maxExcerpt is how much of a line is shown.
const maxExcerpt = 100

// excerpt shows a line with a mark under n characters at a column.
func excerpt(number int64, line []rune, column, n int) string {
	cut := ""
	if len(line) > maxExcerpt && column <= maxExcerpt {
		line, cut = line[:maxExcerpt], "..."
	}
	pad := make([]rune, 0, column)
	for _, r := range line[:min(column-1, len(line))] {
		if r != '\t' {
			r = ' '
		}
		pad = append(pad, r)
	}
	if len(line) > maxExcerpt+3 { // the mark is far to the right
		return ""
	}
	n = max(1, min(n, len(line)-column+1))
	margin := fmt.Sprintf("%8d | ", number)
	return margin + string(line) + cut + "\n" + strings.Repeat(" ", len(margin)-2) + "| " + string(pad) + strings.Repeat("^", n) + "\n"
}

// nearest gives the name that somebody may have meant, "" if none is near.
func nearest(name string, names []string) string {
	flat := strings.NewReplacer("_", "-", " ", "-").Replace(strings.ToLower(name))
	return format.Nearest(flat, slices.Values(names))
}
