package fault

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxQuote is how many characters Quote shows at the most.
const maxQuote = 60

// Quote shows in a message what stands in somebody's file: in quotes, escaped as in Go where it cannot be printed, and
// after 60 characters, escapes counted as they are written, cut off: "..." behind the quotes tells that.
func Quote[T ~string | ~[]byte](text T) string {
	out, shown := []byte{'"'}, 0
	for i := 0; i < len(text); {
		var buf [utf8.UTFMax]byte
		char := buf[:copy(buf[:], text[i:])]
		_, size := utf8.DecodeRune(char)
		quoted := strconv.Quote(string(char[:size]))
		quoted = quoted[1 : len(quoted)-1]
		if shown += utf8.RuneCountInString(quoted); shown > maxQuote {
			return string(out) + `"...`
		}
		out = append(out, quoted...)
		i += size
	}
	return string(append(out, '"'))
}

// Printable escapes, as in Go, what would disturb a terminal or a line of a log: all that cannot be printed. Line breaks stay.
func Printable(text string) string {
	clean := true
	for _, r := range text {
		clean = clean && r != utf8.RuneError && (r == '\n' || unicode.IsPrint(r))
	}
	if clean {
		return text
	}
	var out []byte
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == '\n' || unicode.IsPrint(r) && (r != utf8.RuneError || size > 1) {
			out = append(out, text[i:i+size]...)
		} else {
			quoted := strconv.Quote(text[i : i+size])
			out = append(out, quoted[1:len(quoted)-1]...)
		}
		i += size
	}
	return string(out)
}

// Short is a text that names a place in somebody else's data, or its first 200 bytes and "..." if it is longer.
func Short(text string) string {
	const most = 200
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "..."
}
