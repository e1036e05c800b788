package lightgbm

import "strings"

// lines goes through a text line by line. It starts before the first line: call next.
type lines struct {
	text  string // the current line, without its end
	no    int64  // its number, from 1
	done  bool   // past the last line; text is ""
	ended bool   // the current line has a line end: only the last one of a text can lack it

	rest string
}

func newLines(text string) lines { return lines{rest: text} }

// next goes to the next line. Lines end with LF or CRLF.
func (l *lines) next() {
	l.no++
	if l.rest == "" {
		l.text, l.done = "", true
		return
	}
	l.text, l.rest, l.ended = strings.Cut(l.rest, "\n")
	if l.ended {
		l.text = strings.TrimSuffix(l.text, "\r")
	}
}

// field is a line "key=text" or, for an array, "key=a b c".
type field struct {
	key, text string
	line      int64
}

// block is the fields of the header or of one tree.
type block map[string]field

// add takes the current line into b. known are the keys that b may have.
func (p *parser) add(b block, known map[string]bool) error {
	key, text, _ := strings.Cut(p.lines.text, "=")
	v := field{key, text, p.lines.no}
	if !p.lines.ended {
		return p.cutOff(v)
	}
	if !known[key] {
		v.key = ""
		return p.unsupported(v, "an unknown key may change what the model predicts; tell us which program wrote the file",
			"unknown key %s", quote(key))
	}
	if first, twice := b[key]; twice {
		return p.corrupt(v, "is there for the second time, after line %d", first.line)
	}
	b[key] = v
	return nil
}

// need gives a field that must be there. Its absence is reported for the block's own line.
func (p *parser) need(b block, key string, line int64) (field, error) {
	v, ok := b[key]
	if !ok {
		return v, p.corrupt(field{key: key, line: line}, "is missing")
	}
	return v, nil
}

// words calls do for each word of a text; words are separated by one or more spaces.
func words(text string, do func(i int, word string) error) error {
	for i := 0; ; i++ {
		text = strings.TrimLeft(text, " ")
		if text == "" {
			return nil
		}
		word, rest, _ := strings.Cut(text, " ")
		if err := do(i, word); err != nil {
			return err
		}
		text = rest
	}
}

// countWords is the number of words of a text.
func countWords(text string) int {
	text = strings.Trim(text, " ")
	if text != "" && !strings.Contains(text, "  ") {
		return strings.Count(text, " ") + 1 // what LightGBM writes, and ten times as fast
	}
	n := 0
	for i := range len(text) {
		if text[i] != ' ' && (i == 0 || text[i-1] == ' ') {
			n++
		}
	}
	return n
}

func set(keys ...string) map[string]bool {
	m := make(map[string]bool, len(keys))
	for _, k := range keys {
		m[k] = true
	}
	return m
}
