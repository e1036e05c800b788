package csv

import "bytes"

// status is what is known about the record at the start of some bytes.
type status uint8

const (
	more status = iota // the bytes do not tell yet
	good               // well-formed, and within the limit
	bad                // malformed quoting: the record is its first line
	long               // a first line over the limit
)

// span is a field of a record: where its content is, without the quotes around it.
type span struct {
	start, end uint32
	quoted     bool
	escaped    bool // holds a quote, written as two
}

// scanner finds the ends of records, and of the fields in them. Split and the reader share it, so that they agree.
type scanner struct {
	delim byte
	limit int // the largest record
	want  int // fields that a record of several lines must have; 0: any number

	spans  []span // the fields of the last record, as far as cap(spans) goes
	fields int    // how many there are
	why    string // after bad: what is wrong in field number fields
}

// What can be wrong with quotes.
const (
	strayQuote    = "a quote inside a field that does not start with one"
	textAfter     = "text after the closing quote"
	quoteNotClose = "a quoted field without a proper end"
)

// take finds the extent of the record at the start of b, which must not be empty: b[:end] is the record, b[next:] what
// follows its line ending. eof says that nothing follows b. After more, call again with a longer b; that happens only
// while len(b) < limit+2.
//
// This is the recovery rule of the package documentation: a record with malformed quoting, or one that well-formed
// quoting makes larger than the limit, or of several lines with another number of fields than the header, is its first
// line. For long, end says how much of the line b holds, and next is
// len(b) if its end is not in b.
func (s *scanner) take(b []byte, eof bool) (end, next int, st status) {
	end, next, st = s.record(b, eof)
	switch {
	case st == good && end <= s.limit && !s.swallowed(b[:end]):
		return end, next, good
	case st == more && len(b) < s.limit+2:
		return 0, 0, more
	}
	end = bytes.IndexByte(b, '\n')
	next = end + 1
	if end < 0 {
		if !eof && len(b) < s.limit+2 {
			return 0, 0, more
		}
		end, next = len(b), len(b)
	}
	if next > end || eof {
		end = len(trimCR(b[:end]))
	}
	if end > s.limit {
		return end, next, long
	}
	return end, next, bad
}

// swallowed says that a well-formed record took following ones in: two stray quotes that fit together by chance.
func (s *scanner) swallowed(record []byte) bool {
	return s.want > 0 && s.fields != s.want && bytes.IndexByte(record, '\n') >= 0
}

// record finds the end of the well-formed record at the start of b and its fields. It jumps from quote to quote.
func (s *scanner) record(b []byte, eof bool) (end, next int, st status) {
	s.fields = 0
	s.spans = s.spans[:0]
	i := 0
	for {
		start := i // of the field
		if i < len(b) && b[i] == '"' {
			escaped := false
			i++
			for {
				k := bytes.IndexByte(b[i:], '"')
				if k < 0 {
					if eof {
						s.why = quoteNotClose
						return 0, 0, bad
					}
					return 0, 0, more
				}
				i += k + 1
				if i == len(b) || b[i] != '"' {
					break
				}
				escaped = true
				i++
			}
			f := span{start: uint32(start + 1), end: uint32(i - 1), quoted: true, escaped: escaped}
			switch {
			case i == len(b):
				if !eof {
					return 0, 0, more
				}
				s.add(f)
				return i, i, good
			case b[i] == s.delim:
				s.add(f)
				i++
				continue
			case b[i] == '\n':
				s.add(f)
				return i, i + 1, good
			case b[i] == '\r' && i+1 == len(b):
				if !eof {
					return 0, 0, more
				}
				s.add(f)
				return i, i + 1, good
			case b[i] == '\r' && b[i+1] == '\n':
				s.add(f)
				return i, i + 2, good
			}
			s.why = textAfter
			return 0, 0, bad
		}
		for i < len(b) && b[i] != s.delim && b[i] != '\n' && b[i] != '"' {
			i++
		}
		switch {
		case i == len(b):
			if !eof {
				return 0, 0, more
			}
			end := start + len(trimCR(b[start:]))
			s.add(span{start: uint32(start), end: uint32(end)})
			return end, i, good
		case b[i] == '"':
			s.why = strayQuote
			return 0, 0, bad
		case b[i] == '\n':
			end := start + len(trimCR(b[start:i]))
			s.add(span{start: uint32(start), end: uint32(end)})
			return end, i + 1, good
		}
		s.add(span{start: uint32(start), end: uint32(i)})
		i++
	}
}

func (s *scanner) add(f span) {
	s.fields++
	if len(s.spans) < cap(s.spans) {
		s.spans = append(s.spans, f)
	}
}

// explain says what is wrong with a bad record and in which field, by its first line alone: a reader of a piece sees no
// more of it than that.
func (s *scanner) explain(line []byte) (field int, why string) {
	s.record(line, true)
	return s.fields, s.why
}
