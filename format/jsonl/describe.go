package jsonl

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// How much of a file Describe looks at, whichever comes first. At least one record is read whole.
const (
	sampleRecords = 1000
	sampleBytes   = 1 << 20
)

var (
	bom   = []byte("\xef\xbb\xbf")
	bom16 = [][]byte{{0xff, 0xfe}, {0xfe, 0xff}} // of UTF-16
)

// Describe gives the top-level members of the first 1,000 records, or of those in the first MiB, or of all with
// [Options.Whole], in the order in which they first occur. Lines that are no records do not count here; reading rejects them. Members of members are not listed,
// but may be asked for in [Format.Open], and so may members that come later.
//
// Errors: fault.Empty for a file without any record, fault.TooLarge above format.MaxColumns members. If none of the lines
// is a JSON object, that is the layout's Problem (fault.Corrupt).
func (f Format) Describe(ctx context.Context, file *format.File) (*format.Layout, error) {
	src, err := file.Stream(ctx, 0)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	d := describer{layout: &format.Layout{}, seen: map[string]bool{}}
	lines := newLines(file.Name, src, 0, -1)
	var size int64
	for records := 0; f.Whole || records < sampleRecords && size < sampleBytes; {
		ln, err := lines.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		b := lines.buf
		if ln.offset == 0 && bytes.HasPrefix(b[:ln.end], bom) {
			d.layout.Data = int64(len(bom))
			ln.start += len(bom)
		}
		if !ln.long {
			ln.start = blanks(b, ln.start)
			if ln.start == ln.end {
				continue
			}
		}
		if records == 0 {
			d.first = append([]byte(nil), b[ln.start:min(ln.end, ln.start+64)]...)
		}
		records++
		size += ln.size
		if !ln.long {
			d.record(b, ln)
		}
	}
	switch {
	case d.first == nil:
		return nil, fault.New(fault.Empty, file.Name, "there is no record in the file")
	case d.good == 0:
		d.layout.Problem = d.notJSONLines(file.Name)
	case len(d.layout.Columns) > format.MaxColumns:
		return nil, fault.New(fault.TooLarge, file.Name, "the records have more than %d different members", format.MaxColumns)
	}
	return d.layout, nil
}

// describer collects the members of records.
type describer struct {
	scanner
	layout *format.Layout
	seen   map[string]bool
	good   int    // records
	first  []byte // the beginning of the first line that is not blank
	name   []byte
	why    string // what is wrong with the first line that is no record
}

// record collects the members of a line, which is not blank, if it is a record.
func (d *describer) record(b []byte, ln line) {
	i := ln.start
	if b[i] != '{' {
		return
	}
	if i = d.skip(b, i, 0); i < 0 || blanks(b, i) != ln.end {
		if i >= 0 {
			d.what = "there is text after the object"
		}
		d.why = cmp.Or(d.why, d.what)
		return
	}
	d.good++
	for i = blanks(b, ln.start+1); b[i] != '}'; {
		if b[i] == ',' {
			i = blanks(b, i+1)
		}
		end, escaped := d.str(b, i+1)
		d.member(b[i+1:end], escaped)
		i = blanks(b, end+1) // at the colon
		i = d.skip(b, blanks(b, i+1), 1)
		i = blanks(b, i)
	}
}

func (d *describer) member(text []byte, escaped bool) {
	if escaped {
		name, ok := unescape(d.name[:0], text)
		d.name = name
		if !ok {
			return // nobody could ask for it
		}
		text = name
	}
	if !d.seen[string(text)] && len(d.layout.Columns) <= format.MaxColumns {
		d.seen[string(text)] = true
		d.layout.Columns = append(d.layout.Columns, format.ColumnInfo{Name: string(text)})
	}
}

// notJSONLines explains a file that has no record.
func (d *describer) notJSONLines(source string) error {
	err := fault.New(fault.Corrupt, source, "no line is a JSON object")
	const format = "JSON lines are needed, one object a line"
	switch first := d.first; {
	case bytes.HasPrefix(first, bom16[0]), bytes.HasPrefix(first, bom16[1]), bytes.IndexByte(first, 0) >= 0:
		err.Hint = format + ", in UTF-8: this looks like UTF-16"
	case first[0] == '[':
		err.Hint = format + ": jq -c '.[]' makes them from a JSON array"
	case first[0] == '{':
		err.Err = fmt.Errorf("%w: %s", err.Err, d.why)
		err.Hint = format + ": jq -c . makes them from objects that go over several lines"
	default:
		err.Hint = format
	}
	return err
}
