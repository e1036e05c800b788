package bundle

import (
	"bytes"
	"strings"
	"unicode"

	"github.com/glulam/glulam/fault"
)

// Limits of YAML files: before the lexer sees them, and of what it makes of them. The parser's time grows with the square
// of the depth, and of the number of keys.
const (
	maxYAML  = 1 << 20
	maxMarks = 1 << 18 // characters that can become a token each, of some 350 bytes
	maxSteps = 1 << 26 // of what the lexer does over and over
	maxKeys  = 2000
	maxDepth = 16
	maxItems = 100_000
)

// checkBytes refuses what the lexer would take too long or too much memory for. A file that a program writes for 10,000
// features is far from it.
func checkBytes(label string, data []byte) error {
	if len(data) > maxYAML {
		return fault.New(fault.TooLarge, label, "the file is larger than %d bytes", maxYAML)
	}
	if marks(data) > maxMarks {
		return fault.New(fault.TooLarge, label, "more than %d brackets, commas, line breaks and other marks of YAML", maxMarks)
	}
	if steps(data) > maxSteps {
		return fault.New(fault.TooLarge, label, "too many blank lines, tabs or < one after the other")
	}
	return nil
}

// marks is how many tokens there can be at the most, of texts between them apart: texts end with a mark. Quotes make one
// for two.
func marks(data []byte) int {
	n, quotes := 0, 0
	for _, c := range data {
		switch c {
		case '"', '\'':
			quotes++
		case '[', ']', '{', '}', ',', ':', '-', '?', '#', '&', '*', '!', '|', '>', '%', '@', '`', '<', '.', '\n', '\r', '\t':
			n++
		}
	}
	return n + quotes/2
}

// steps bounds the lexer's work that is not in proportion to the file: it takes blank lines from the end of a text one by
// one and copies the text each time, looks from every tab in a quoted text to the end of the line, and from every < over
// those that follow.
func steps(data []byte) int {
	breaks, most := 0, 0 // line breaks with nothing but space between, and the most of them
	tabs, start := 0, 0  // of the line
	angles, n := 0, 0
	for i, c := range data {
		switch c {
		case '\n', '\r':
			n += tabs * (i - start)
			breaks, tabs, start = breaks+1, 0, i+1
			most = max(most, breaks)
		case '\t':
			tabs++
		case ' ':
		default:
			breaks = 0
		}
		if c == '<' {
			angles++
			n += angles
		} else {
			angles = 0
		}
		if n > maxSteps {
			return n
		}
	}
	return n + tabs*(len(data)-start) + max(0, most-2)*len(data)
}

// place is a key as an error's field shows it.
func place(name string) string {
	const most = 60
	if len(name) <= most && strings.IndexFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 {
		return name
	}
	return fault.Quote(name)
}

// said is what another package's error says about a file, which can have pieces of it in it.
func said(text string) string {
	const most = 200
	if len(text) <= most {
		return text
	}
	return string(bytes.ToValidUTF8([]byte(text[:most]), nil)) + "..."
}
