package cli

import "strings"

// style is how a piece of text looks.
type style string

const (
	plain  style = ""
	strong style = "1"
	faint  style = "2"
	good   style = "32"
	bad    style = "31"
	blue   style = "34"
)

// piece is text in one style.
type piece struct {
	text  string
	style style
}

// drawn is a line of a view.
type drawn []piece

func (l drawn) add(s style, text string) drawn { return append(l, piece{text, s}) }

// render gives the line in at most width columns, with colours or without. Control characters become blanks.
func (l drawn) render(width int, colour bool) string {
	var b strings.Builder
	left := width
	for _, p := range l {
		text := cut(p.text, left)
		if text == "" {
			continue
		}
		left -= wide(text)
		if colour && p.style != plain {
			b.WriteString("\x1b[" + string(p.style) + "m" + text + "\x1b[0m")
		} else {
			b.WriteString(text)
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// cut gives as much of a text as has room in width columns.
func cut(s string, width int) string {
	var b strings.Builder
	for _, r := range s {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			r = ' '
		}
		n := wide(string(r))
		if width < n {
			break
		}
		width -= n
		b.WriteRune(r)
	}
	return b.String()
}
