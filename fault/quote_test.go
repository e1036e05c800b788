package fault

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestQuote(t *testing.T) {
	for text, want := range map[string]string{
		"":                         `""`,
		"a b":                      `"a b"`,
		"a\"\x00\n\xff\u00e9":      `"a\"\x00\n\xffé"`,
		strings.Repeat("é", 60):    `"` + strings.Repeat("é", 60) + `"`,
		strings.Repeat("é", 61):    `"` + strings.Repeat("é", 60) + `"...`,
		strings.Repeat("\x01", 99): `"` + strings.Repeat(`\x01`, 15) + `"...`,
		strings.Repeat("\xc3", 16): `"` + strings.Repeat(`\xc3`, 15) + `"...`,
	} {
		if got := Quote(text); got != want || Quote([]byte(text)) != want {
			t.Errorf("%q: %s, not %s", text, got, want)
		}
	}
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "",
		"a \"é\"\nb":            "a \"é\"\nb",
		"\x1b[31m\ta\x00\xff\r": `\x1b[31m\ta\x00\xff\r`,
		"a\u202eb\ufffd":        "a\\u202eb\ufffd",
	} {
		if got := Printable(text); got != want || !utf8.ValidString(got) {
			t.Errorf("%q: %q, not %q", text, got, want)
		}
	}
}
