package arrowtext

import "unicode/utf8"

// AppendQuoted appends s as a JSON string with only the escapes that RFC 8259 demands: the quote, the backslash and what
// is below U+0020. It reports false, and gives dst back as it was, if s is not UTF-8.
func AppendQuoted(dst []byte, s string) ([]byte, bool) {
	const hex = "0123456789abcdef"
	before := len(dst)
	dst = append(dst, '"')
	from := 0 // s[from:i] waits to be copied
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				return dst[:before], false
			}
			i += n
			continue
		}
		if c >= 0x20 && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, s[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		case '\b':
			dst = append(dst, `\b`...)
		case '\f':
			dst = append(dst, `\f`...)
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		from = i
	}
	return append(append(dst, s[from:]...), '"'), true
}
