package csv

import (
	"bytes"
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

const byteOrderMark = "\xef\xbb\xbf"

// Describe reads the header: the first line that is not blank, after a byte order mark if there is one. Names are taken
// as they stand, blanks included; they may be empty, and they may occur twice as long as nobody asks for them.
// Layout.Header has no byte order mark.
//
// Errors are *fault.Error: Empty for a file without a header or without one record after it, Corrupt for a header that
// breaks the rules of quoting or is not UTF-8, Unsupported for UTF-16, TooLarge for a header over [format.MaxRow] or
// [format.MaxColumns], Usage for options that make no sense, and what the file gives.
func (f Format) Describe(ctx context.Context, file *format.File) (*format.Layout, error) {
	if err := f.Validate(); err != nil {
		return nil, err
	}
	src, err := file.Stream(ctx, 0)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	sizes := f.limits(64 << 10)
	w := newWindow(src, file.Name, 0, -1, sizes)
	if err := w.more(); err != nil {
		return nil, err
	}
	switch b := w.rest(); {
	case bytes.HasPrefix(b, []byte(byteOrderMark)):
		w.pos += len(byteOrderMark)
	case bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")):
		return nil, fault.New(fault.Unsupported, file.Name, "the text is UTF-16").WithHint("save it as UTF-8")
	}

	s := scanner{delim: f.delimiter(), limit: sizes.row, spans: make([]span, 0, 1024)}
	if found, err := skipBlank(w); err != nil {
		return nil, err
	} else if !found {
		return nil, fault.New(fault.Empty, file.Name, "there is no header")
	}
	for {
		end, next, st := s.take(w.rest(), w.eof)
		if st == more {
			if err := w.more(); err != nil {
				return nil, err
			}
			continue
		}
		line := w.rest()[:end]
		switch st {
		case bad:
			field, why := s.explain(line)
			return nil, fault.New(fault.Corrupt, file.Name, "the header has %s, in column %d", why, field+1).AtLine(1)
		case long:
			return nil, fault.New(fault.TooLarge, file.Name, "the header is longer than %d bytes", sizes.row).AtLine(1)
		}
		if s.fields > cap(s.spans) {
			s.spans = make([]span, 0, min(s.fields, format.MaxColumns))
			s.take(w.rest(), w.eof)
		}
		l, err := s.layout(line, file.Name)
		if err != nil {
			return nil, err
		}
		w.pos += next
		l.Data = w.offset()
		if found, err := skipBlank(w); err != nil {
			return nil, err
		} else if !found {
			return nil, fault.New(fault.Empty, file.Name, "there is a header but no record")
		}
		return l, nil
	}
}

// layout reads the names of the header that take just found.
func (s *scanner) layout(line []byte, source string) (*format.Layout, error) {
	if s.fields > format.MaxColumns {
		return nil, fault.New(fault.TooLarge, source, "the header has %d columns, at most %d are read", s.fields, format.MaxColumns).AtLine(1)
	}
	l := &format.Layout{Header: bytes.Clone(line), Columns: make([]format.ColumnInfo, len(s.spans))}
	for i, f := range s.spans {
		cell := line[f.start:f.end]
		if f.escaped {
			cell = unescape(nil, cell)
		}
		if !utf8.Valid(cell) {
			return nil, &fault.Error{
				Code: fault.Corrupt, Source: source, Line: 1, Err: fmt.Errorf("the name of column %d, %s, is not UTF-8", i+1, quote(cell)),
				Hint: "save the file as UTF-8",
			}
		}
		l.Columns[i].Name = string(cell)
	}
	return l, nil
}

// skipBlank uses up blank lines and reports whether anything follows.
func skipBlank(w *window) (found bool, err error) {
	for {
		b := w.rest()
		switch {
		case len(b) > 0 && b[0] == '\n':
			w.pos++
		case len(b) > 1 && b[0] == '\r' && b[1] == '\n':
			w.pos += 2
		case len(b) == 0 || len(b) == 1 && b[0] == '\r':
			if w.eof {
				return false, nil
			}
			if err := w.more(); err != nil {
				return false, err
			}
		default:
			return true, nil
		}
	}
}
