package skops

import (
	"strconv"
	"strings"
)

// literal reads the head of an .npy file: a dict as Python writes it, with the keys descr, fortran_order and shape.
type literal struct {
	text string
	at   int
	bad  bool
}

// head sets the type and shape of an array from its head. fortran tells the order; why says what is wrong.
func (a *Array) head(text string) (fortran bool, why string) {
	l := &literal{text: text}
	seen := map[string]bool{}
	l.expect('{')
	for !l.bad && l.next() != '}' {
		key := l.string()
		if seen[key] {
			return false, "its head has a key twice"
		}
		seen[key] = true
		l.expect(':')
		switch key {
		case "descr":
			if why := a.describe(l); why != "" {
				return false, why
			}
		case "fortran_order":
			fortran = l.word() == "True"
		case "shape":
			a.Shape = l.shape()
		default:
			return false, "its head has a key that is not known"
		}
		if l.next() == ',' {
			l.at++
		}
	}
	l.expect('}')
	if l.bad || len(seen) != 3 || l.next() != 0 {
		return false, "its head is not what numpy writes"
	}
	return fortran, ""
}

// describe reads a type, or the types of a record's fields.
func (a *Array) describe(l *literal) (why string) {
	if l.next() != '[' {
		a.Type, a.size, why = element(l.string())
		return why
	}
	l.at++
	const most = 64 // fields
	for !l.bad && l.next() != ']' {
		l.expect('(')
		f := Field{Name: l.string(), offset: a.size}
		l.expect(',')
		name := l.string()
		if l.next() == ',' {
			l.at++
		}
		l.expect(')')
		if l.next() == ',' {
			l.at++
		}
		var size int
		if f.Type, size, why = element(name); why != "" {
			return why
		}
		a.size += size
		if f.Type == "V" {
			continue // between fields
		}
		if f.Name == "" || a.HasField(f.Name) || len(a.Fields) == most || a.size > 1<<12 {
			return "fields without a name, twice, or too many"
		}
		a.Fields = append(a.Fields, f)
	}
	l.expect(']')
	return ""
}

// element takes a type apart: "<f8" is f8, of 8 bytes.
func element(name string) (kind string, size int, why string) {
	if len(name) < 3 || strings.IndexByte("<|>", name[0]) < 0 {
		return "", 0, "the type " + strconv.Quote(name) + " is not known"
	}
	n, err := strconv.Atoi(name[2:])
	switch kind = name[1:]; {
	case err != nil || n < 0 || n > 1<<20 || name[2] == '+':
	case name[0] == '>':
		return "", 0, "the type " + strconv.Quote(name) + " has the byte order of another machine"
	case name[1] == 'U':
		return kind, 4 * n, ""
	case name[1] == 'V':
		return "V", n, ""
	case strings.Contains(" b1 i1 u1 i2 u2 i4 u4 i8 u8 f4 f8 ", " "+kind+" "):
		return kind, n, ""
	}
	return "", 0, "the type " + strconv.Quote(name) + " is not known"
}

// next skips spaces and gives the byte that follows, 0 at the end.
func (l *literal) next() byte {
	for l.at < len(l.text) {
		if c := l.text[l.at]; c != ' ' && c != '\n' {
			return c
		}
		l.at++
	}
	return 0
}

func (l *literal) expect(c byte) {
	if l.next() != c {
		l.bad = true
		return
	}
	l.at++
}

// string reads a text without escapes.
func (l *literal) string() string {
	quote := l.next()
	if quote != '\'' && quote != '"' {
		l.bad = true
		return ""
	}
	n := strings.IndexByte(l.text[l.at+1:], quote)
	if n < 0 || strings.Contains(l.text[l.at+1:l.at+1+n], `\`) {
		l.bad = true
		return ""
	}
	s := l.text[l.at+1 : l.at+1+n]
	l.at += n + 2
	return s
}

// word reads letters or digits.
func (l *literal) word() string {
	l.next()
	start := l.at
	for l.at < len(l.text) && (l.text[l.at]|0x20-'a' <= 25 || l.text[l.at]-'0' <= 9) {
		l.at++
	}
	if l.at == start {
		l.bad = true
	}
	return l.text[start:l.at]
}

// shape reads a tuple of sizes.
func (l *literal) shape() []int {
	shape := []int{}
	l.expect('(')
	for !l.bad && l.next() != ')' {
		n, err := strconv.ParseUint(l.word(), 10, 31)
		if err != nil || len(shape) == 32 {
			l.bad = true
			return nil
		}
		shape = append(shape, int(n))
		if l.next() == ',' {
			l.at++
		}
	}
	l.expect(')')
	return shape
}
