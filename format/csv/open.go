package csv

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/number"
)

// Open reads one piece. Only the columns asked for are parsed, each into the array that it will be; a column may be asked
// for more than once. The reader belongs to one goroutine.
//
// Errors are *fault.Error: Schema for columns that the header does not have (all of them, with what they might be) or has
// twice, Usage for options that make no sense, and what the file gives. The reader's own errors are Changed for a file
// that does not have the bytes or records that Split saw, and what the stream gives: Corrupt for compressed data that is
// broken or cut off.
func (f Format) Open(ctx context.Context, file *format.File, l *format.Layout, p format.Piece, cols []format.Column) (format.Reader, error) {
	if err := f.Validate(); err != nil {
		return nil, err
	}
	sources, err := resolve(file.Name, l, cols, f.delimiter())
	if err != nil {
		return nil, err
	}
	src, err := file.Stream(ctx, p.Start)
	if err != nil {
		return nil, err
	}
	left := int64(-1)
	if p.End >= 0 {
		left = max(p.End-p.Start, 0)
	}
	sizes := f.limits(256 << 10)
	nulls := f.nulls()
	r := &reader{
		file: file.Name, names: l.Columns, src: src, sizes: sizes, delim: f.delimiter(), piece: p, row: p.FirstRow,
		window:   newWindow(src, file.Name, p.Start, left, sizes),
		scanner:  scanner{delim: f.delimiter(), limit: sizes.row, want: len(l.Columns), spans: make([]span, 0, len(l.Columns))},
		index:    newIndex(),
		numbers:  number.NewRule(nulls.Number),
		noNumber: slices.Contains(nulls.Number, ""),
		texts:    notEmpty(nulls.Text),
		noText:   slices.Contains(nulls.Text, ""),
		out:      make([]*column, len(cols)),
	}

	// No more rows fit into a batch than these: a record has at least a byte for each column.
	rows := min(sizes.batch, sizes.bytes/max(len(l.Columns), 1)+1)
	r.rowNumber, r.offset = make([]int64, rows), make([]int64, rows)
	fields := make([]arrow.Field, len(cols))
	var wants []want
	for i, c := range cols {
		r.out[i] = newColumn(c.Kind, rows)
		r.out[i].exact = c.Exact
		fields[i] = f.field(c, l)
		if c.Kind == format.RawRow {
			r.rawRows = append(r.rawRows, r.out[i])
			continue
		}
		wants = append(wants, want{field: sources[i], column: r.out[i]})
	}
	r.groups = grouped(wants)
	if f.lines {
		r.oneByOne = math.MaxInt64
	}
	r.schema = arrow.NewSchema(fields, nil)
	return r, nil
}

// notEmpty is nil if all texts are empty.
func notEmpty(texts []string) (all []string) {
	for _, t := range texts {
		if t != "" {
			all = append(all, t)
		}
	}
	return all
}

// want is a column together with the field of the file that it is read from.
type want struct {
	field  int
	column *column
}

// grouped brings the columns into the order of the file, those of the same field together.
func grouped(wants []want) []group {
	slices.SortStableFunc(wants, func(a, b want) int { return a.field - b.field })
	var groups []group
	for _, w := range wants {
		if n := len(groups); n == 0 || groups[n-1].field != w.field {
			groups = append(groups, group{field: w.field})
		}
		g := &groups[len(groups)-1]
		g.out = append(g.out, w.column)
		g.number, g.text = nil, nil
		if len(g.out) == 1 && !w.column.exact {
			switch w.column.kind {
			case format.Number:
				g.number = w.column
			case format.Text, format.Native:
				g.text = w.column
			}
		}
	}
	return groups
}

func (f Format) field(c format.Column, l *format.Layout) arrow.Field {
	field := arrow.Field{Name: c.Name}
	meta := map[string]string{metaDelimiter: string(f.delimiter())}
	switch c.Kind {
	case format.Number:
		field.Type = arrow.PrimitiveTypes.Float64
	case format.Text, format.Native:
		field.Type, field.Nullable = arrow.BinaryTypes.String, true
	case format.Raw:
		meta[format.MetaRaw] = name
		field.Type, field.Metadata = arrow.BinaryTypes.Binary, arrow.MetadataFrom(meta)
	case format.RawRow:
		meta[format.MetaRawRow] = name
		meta[format.MetaHeader] = string(l.Header)
		field.Type, field.Metadata = arrow.BinaryTypes.Binary, arrow.MetadataFrom(meta)
	}
	return field
}

// resolve finds the columns in the header: -1 for RawRow.
func resolve(source string, l *format.Layout, cols []format.Column, delim byte) ([]int, error) {
	index := make(map[string]int, len(l.Columns))
	twice := map[string]bool{}
	for i, c := range l.Columns {
		if _, ok := index[c.Name]; ok {
			twice[c.Name] = true
			continue
		}
		index[c.Name] = i
	}
	sources := make([]int, len(cols))
	var missing, ambiguous []string
	seen := map[string]bool{}
	for i, c := range cols {
		if c.Kind > format.Native {
			return nil, fault.New(fault.Internal, source, "csv: unknown kind %d of column %q", c.Kind, c.Name)
		}
		if c.Kind == format.RawRow {
			sources[i] = -1
			continue
		}
		at, ok := index[c.Source()]
		sources[i] = at
		if ok && !twice[c.Source()] || seen[c.Source()] {
			continue
		}
		seen[c.Source()] = true
		if ok {
			ambiguous = append(ambiguous, c.Source())
		} else {
			missing = append(missing, c.Source())
		}
	}
	if missing == nil && ambiguous == nil {
		return sources, nil
	}
	var wrong []string
	if missing != nil {
		wrong = append(wrong, "the header has no "+list(missing))
	}
	if ambiguous != nil {
		wrong = append(wrong, "the header has twice: "+list(ambiguous))
	}
	err := &fault.Error{Code: fault.Schema, Source: source, Err: errors.New(strings.Join(wrong, ", ")), Hint: MissingHint(missing, l, delim)}
	if len(missing)+len(ambiguous) == 1 {
		err.Field = append(missing, ambiguous...)[0]
	}
	return nil, err
}

// MissingHint says why columns may be missing in a header: because another delimiter than delim would make more than one
// column of it, or because they are called a little differently. "" if nothing comes to mind.
func MissingHint(missing []string, l *format.Layout, delim byte) string {
	if len(missing) == 0 {
		return "give each column its own name"
	}
	if len(l.Columns) == 1 {
		for _, d := range Delimiters[1:] {
			if d != string(delim) && strings.Contains(l.Columns[0].Name, d) {
				return fmt.Sprintf("the whole header is one column: is its delimiter %q (--delimiter)?", d)
			}
		}
	}
	return format.DidYouMean(missing, l.Columns)
}
