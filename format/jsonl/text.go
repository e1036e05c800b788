package jsonl

import (
	"unicode/utf16"
	"unicode/utf8"
)

// unescape appends the text of a string, which the scanner passed and whose quotes are taken off. It reports false for a
// surrogate without its other half, which no UTF-8 stands for; what it appended then means nothing.
func unescape(dst, s []byte) ([]byte, bool) {
	for i := 0; i < len(s); {
		c := s[i]
		if c != '\\' {
			dst = append(dst, c)
			i++
			continue
		}
		c = s[i+1]
		i += 2
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r := hex4(s[i:])
			i += 4
			if utf16.IsSurrogate(r) {
				if len(s) < i+6 || s[i] != '\\' || s[i+1] != 'u' {
					return dst, false
				}
				r = utf16.DecodeRune(r, hex4(s[i+2:]))
				if r == utf8.RuneError {
					return dst, false
				}
				i += 6
			}
			dst = utf8.AppendRune(dst, r)
			continue
		}
		dst = append(dst, c)
	}
	return dst, true
}

func hex4(s []byte) rune {
	return rune(unhex[s[0]])<<12 | rune(unhex[s[1]])<<8 | rune(unhex[s[2]])<<4 | rune(unhex[s[3]])
}
