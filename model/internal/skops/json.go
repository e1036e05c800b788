package skops

import (
	"encoding/json"
	"hash/maphash"
	"strconv"
	"unicode/utf8"
)

// MaxDepth is how deep the values of schema.json may nest. A Pipeline in a Pipeline takes ten levels.
const MaxDepth = 500

// entry is a value of schema.json, or a key before its value: text[start:end]. The values in it follow; next is the first
// entry behind them.
type entry struct{ start, end, next uint32 }

// scanner is the state of parse.
type scanner struct {
	*File
	at    int
	depth int
}

// parse makes the entries of the schema, which is one JSON value. A key that occurs twice in an object is refused, and so is
// an __id__ that two different objects have.
func (f *File) parse() error {
	s := scanner{File: f}
	if _, err := s.value(); err != nil {
		return err
	}
	f.ids = nil
	if s.next() != 0 || s.at < len(f.text) {
		return s.broken("something follows its end")
	}
	return nil
}

func (s *scanner) broken(format string, args ...any) error {
	return s.corrupt(schemaName, format+" (at byte %d)", append(args, s.at)...)
}

// next skips white space and gives the byte that follows, 0 at the end.
func (s *scanner) next() byte {
	for s.at < len(s.text) {
		switch c := s.text[s.at]; c {
		case ' ', '\n', '\t', '\r':
			s.at++
		default:
			return c
		}
	}
	return 0
}

// add makes an entry that starts here.
func (s *scanner) add() (int, error) {
	// skops takes ten bytes for a value at the least. This holds memory to the size of the text.
	if len(s.entries) > len(s.text)/4+16 {
		return 0, s.tooLarge(schemaName, "more than %d values in %d bytes", len(s.entries)-1, len(s.text))
	}
	s.entries = append(s.entries, entry{start: uint32(s.at)})
	return len(s.entries) - 1, nil
}

func (s *scanner) end(i int) {
	s.entries[i].end, s.entries[i].next = uint32(s.at), uint32(len(s.entries))
}

// value reads a value and gives its hash, in which __id__ does not count and an array is what is in it.
func (s *scanner) value() (uint64, error) {
	c := s.next()
	i, err := s.add()
	if err != nil {
		return 0, err
	}
	if s.depth++; s.depth > MaxDepth {
		return 0, s.tooLarge(schemaName, "values nest deeper than %d (at byte %d)", MaxDepth, s.at)
	}
	var hash uint64
	switch c {
	case '{':
		hash, err = s.object()
	case '[':
		hash, err = s.array()
	default:
		start := s.at
		if c == '"' {
			err = s.string()
		} else {
			err = s.word()
		}
		hash = maphash.Bytes(s.seed, s.text[start:s.at])
	}
	s.depth--
	s.end(i)
	return hash, err
}

func mix(hash, more uint64) uint64 {
	hash = (hash ^ more) * 0x9e3779b97f4a7c15
	return hash ^ hash>>29
}

func (s *scanner) array() (uint64, error) {
	hash := uint64(1)
	s.at++
	if s.next() == ']' {
		s.at++
		return hash, nil
	}
	for {
		h, err := s.value()
		if err != nil {
			return 0, err
		}
		hash = mix(hash, h)
		switch s.next() {
		case ',':
			s.at++
		case ']':
			s.at++
			return hash, nil
		default:
			return 0, s.broken("neither a comma nor the end of an array")
		}
	}
}

func (s *scanner) object() (uint64, error) {
	hash := uint64(2)
	id, hasID := uint64(0), false
	var seen keys
	s.at++
	if s.next() == '}' {
		s.at++
		return hash, nil
	}
	for {
		key, err := s.key(&seen)
		if err != nil {
			return 0, err
		}
		value := len(s.entries)
		h, err := s.value()
		if err != nil {
			return 0, err
		}
		raw := s.text[s.entries[value].start:s.entries[value].end]
		switch {
		case string(key) == "__id__":
			if id, err = strconv.ParseUint(string(raw), 10, 64); err != nil {
				return 0, s.broken("an __id__ that is no number")
			}
			h, hasID = 0, true
		case string(key) == "file" && len(raw) > 2:
			if m := s.members[string(raw[1:len(raw)-1])]; m != nil {
				h = uint64(m.CRC32)<<32 + m.UncompressedSize64
			}
		}
		hash = mix(mix(hash, maphash.Bytes(s.seed, key)), h)
		switch s.next() {
		case ',':
			s.at++
			s.next()
			continue
		case '}':
			s.at++
		default:
			return 0, s.broken("neither a comma nor the end of an object")
		}
		break
	}
	if hasID {
		if h, ok := s.ids[id]; ok && h != hash {
			return 0, s.broken("two different objects have the __id__ %d", id)
		}
		s.ids[id] = hash
	}
	return hash, nil
}

// keys are those of an object so far.
type keys struct {
	few  [16][]byte
	n    int
	many map[string]struct{}
}

// twice adds a key and says whether it was there.
func (k *keys) twice(key []byte) bool {
	for _, old := range k.few[:min(k.n, len(k.few))] {
		if string(old) == string(key) {
			return true
		}
	}
	if k.n++; k.n <= len(k.few) {
		k.few[k.n-1] = key
		return false
	}
	if k.many == nil {
		k.many = map[string]struct{}{}
	}
	_, old := k.many[string(key)]
	k.many[string(key)] = struct{}{}
	return old
}

// key reads a key and the colon behind it.
func (s *scanner) key(seen *keys) ([]byte, error) {
	i, err := s.add()
	if err != nil {
		return nil, err
	}
	if s.next() != '"' {
		return nil, s.broken("no key where one belongs")
	}
	start := s.at
	if err := s.string(); err != nil {
		return nil, err
	}
	s.end(i)
	key, err := unquote(s.text[start:s.at])
	if err != nil {
		return nil, s.broken("a key that is no text of JSON")
	}
	if seen.twice(key) {
		return nil, s.broken("the key %.60q is there twice in an object", key)
	}
	if s.next() != ':' {
		return nil, s.broken("no colon behind a key")
	}
	s.at++
	s.next()
	return key, nil
}

// string reads a text, without a look at its escapes.
func (s *scanner) string() error {
	start := s.at
	for s.at++; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '\\':
			s.at++
		case c < ' ':
			return s.broken("a control character in a text")
		case c == '"':
			if s.at++; !utf8.Valid(s.text[start:s.at]) {
				return s.broken("a text that is not UTF-8")
			}
			return nil
		}
	}
	s.at = len(s.text)
	return s.broken("the end of the file within a text")
}

// word reads a number, true, false or null.
func (s *scanner) word() error {
	start := s.at
	for s.at < len(s.text) {
		c := s.text[s.at]
		if c-'0' > 9 && c-'a' > 25 && c != '-' && c != '+' && c != '.' && c != 'E' {
			break
		}
		s.at++
	}
	if !json.Valid(s.text[start:s.at]) {
		s.at = start
		return s.broken("not a value of JSON")
	}
	return nil
}

// unquote gives what a text in quotes stands for. The result may be a part of quoted.
func unquote(quoted []byte) ([]byte, error) {
	for _, c := range quoted {
		if c == '\\' {
			var s string
			err := json.Unmarshal(quoted, &s)
			return []byte(s), err
		}
	}
	return quoted[1 : len(quoted)-1], nil
}
