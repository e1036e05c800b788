package jsonl

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// This is the reader once more, slow and plain, on top of encoding/json: one line at a time and nothing remembered.

// outcome is what becomes of a line: nothing (blank), values, or codes of which the letter must have one.
type outcome struct {
	blank  bool
	values string
	codes  []fault.Code
}

const unsure = fault.Code("unsure") // encoding/json knows less than it would take to tell

func expect(line []byte, f Format, cols []format.Column) outcome {
	line = bytes.Trim(line, " \t\r")
	if len(line) == 0 {
		return outcome{blank: true}
	}
	if !utf8.Valid(line) {
		return outcome{codes: []fault.Code{fault.BadText, fault.BadJSON}}
	}
	if bytes.Contains(line, []byte("NaN")) || bytes.Contains(line, []byte("Infinity")) || bytes.Contains(bytes.ToLower(line), []byte(`\ud`)) {
		return outcome{codes: []fault.Code{unsure}}
	}
	if !json.Valid(line) || line[0] != '{' || nesting(line) > maxDepth {
		return outcome{codes: []fault.Code{fault.BadJSON}}
	}
	var codes []fault.Code
	top := members(line)
	if f.Closed {
		for _, m := range top {
			if !contains(f.Known, m.name) {
				codes = append(codes, fault.UnknownColumn)
			}
		}
	}
	var out strings.Builder
	var late []fault.Code // these only count if there is no duplicate
	for _, c := range cols {
		raw, twice, code := resolve(top, c.Source())
		if c.Kind == format.RawRow {
			raw, twice, code = line, false, ""
		}
		if twice {
			codes = append(codes, fault.DuplicateName)
		}
		text := ""
		if code == "" {
			text, code = convert(raw, c.Kind)
		}
		if code != "" {
			late = append(late, code)
		}
		fmt.Fprintf(&out, " %s=%s", c.Name, text)
	}
	if len(codes) == 0 {
		codes = late
	}
	if len(codes) > 0 {
		return outcome{codes: codes}
	}
	return outcome{values: out.String()}
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

type pair struct {
	name string
	raw  json.RawMessage
}

func members(raw []byte) (out []pair) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.Token()
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			panic(err)
		}
		p := pair{name: name.(string)}
		if err := dec.Decode(&p.raw); err != nil {
			panic(err)
		}
		out = append(out, p)
	}
	return out
}

func called(ms []pair, name string) (raw []byte, n int) {
	for _, m := range ms {
		if m.name == name {
			raw = m.raw
			n++
		}
	}
	return raw, n
}

// resolve finds the value of a path, nil if there is none. twice says that a member on any of its ways is there twice.
func resolve(top []pair, path string) (raw []byte, twice bool, code fault.Code) {
	exact, n := called(top, path)
	twice = n > 1
	if strings.Contains(path, ".") {
		at, steps := top, strings.Split(path, ".")
		for i, step := range steps {
			v, k := called(at, step)
			twice = twice || k > 1
			if i == len(steps)-1 {
				raw = v
				break
			}
			if k == 0 || string(v) == "null" {
				break
			}
			if v[0] != '{' {
				code = fault.WrongType
				break
			}
			// All objects of that name are looked into, should there be several.
			var next []pair
			for _, m := range at {
				if m.name == step && m.raw[0] == '{' {
					next = append(next, members(m.raw)...)
				}
			}
			at = next
		}
	}
	if n > 0 {
		return exact, twice, ""
	}
	return raw, twice, code
}

func convert(raw []byte, k format.Kind) (string, fault.Code) {
	switch k {
	case format.Number:
		switch {
		case raw == nil || string(raw) == "null":
			return "NaN", ""
		case string(raw) == "true":
			return "1", ""
		case string(raw) == "false":
			return "0", ""
		case strings.IndexByte(`"[{`, raw[0]) >= 0:
			return "", fault.WrongType
		}
		v, err := strconv.ParseFloat(string(raw), 64)
		if err != nil {
			return "", fault.NumberRange
		}
		return strconv.FormatFloat(v, 'g', -1, 64), ""
	case format.Text, format.Native:
		if raw == nil || string(raw) == "null" {
			return "null", ""
		}
		if raw[0] != '"' {
			return strconv.Quote(string(raw)), ""
		}
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			panic(err)
		}
		return strconv.Quote(s), ""
	}
	if raw == nil {
		return "null", ""
	}
	return "<" + printable(raw) + ">", ""
}

// nesting is how deeply a valid JSON text is nested.
func nesting(raw []byte) int {
	dec := json.NewDecoder(bytes.NewReader(raw))
	depth, most := 0, 0
	for {
		t, err := dec.Token()
		if err != nil {
			return most
		}
		if d, ok := t.(json.Delim); ok {
			if d == '{' || d == '[' {
				depth++
			} else {
				depth--
			}
		}
		most = max(most, depth)
	}
}

// compare reads data as one piece, or in pieces of about target bytes, and reports the first line that is not as expect
// has it.
func compare(data []byte, f Format, cols []format.Column, target int64) error {
	file, err := format.NewFile("rows.jsonl", bytes.NewReader(data), int64(len(data)))
	if err != nil || file.Codec != format.Plain {
		return nil // it looks compressed
	}
	pieces := []format.Piece{{End: -1, Rows: -1}}
	if target > 0 {
		if pieces, err = f.Split(context.Background(), file, &format.Layout{}, target); err != nil {
			return err
		}
	}
	type got struct {
		values string
		code   fault.Code
		offset int64
		raw    string
	}
	rows := map[int64]got{}
	var blank, size int64
	for _, p := range pieces {
		err := batches(f, file, &format.Layout{}, p, cols, func(b *format.Batch) error {
			last := int64(0)
			for i, row := range b.Row {
				var out strings.Builder
				for k, c := range b.Record.Columns() {
					fmt.Fprintf(&out, " %s=%s", b.Record.ColumnName(k), show(c, i))
				}
				if _, again := rows[row]; again || row <= last {
					return fmt.Errorf("row %d again or out of order", row)
				}
				last = row
				rows[row] = got{values: out.String(), offset: b.Offset[i]}
			}
			for _, l := range b.Rejected {
				if _, again := rows[l.Row]; again {
					return fmt.Errorf("row %d again", l.Row)
				}
				rows[l.Row] = got{code: l.Code, offset: l.Offset, raw: string(l.Raw)}
			}
			blank += b.Blank
			size += b.Bytes
			return nil
		})
		if err != nil {
			return err
		}
	}
	if size != int64(len(data)) {
		return fmt.Errorf("%d of %d bytes", size, len(data))
	}
	var row, offset int64
	for line := range bytes.Lines(data) {
		row++
		want := expect(bytes.TrimSuffix(line, newline), f, cols)
		g, ok := rows[row]
		if want.blank {
			blank--
			if ok {
				return fmt.Errorf("row %d %q is blank, but came", row, line)
			}
			offset += int64(len(line))
			continue
		}
		if !ok {
			return fmt.Errorf("row %d %q is lost", row, line)
		}
		if g.offset != offset {
			return fmt.Errorf("row %d %q at %d, not %d", row, line, offset, g.offset)
		}
		offset += int64(len(line))
		delete(rows, row)
		if len(want.codes) == 0 && g.values != want.values {
			return fmt.Errorf("row %d %q is\n%s (%s), not\n%s", row, line, g.values, g.code, want.values)
		}
		fits := len(want.codes) == 0
		for _, c := range want.codes {
			fits = fits || c == g.code || c == unsure
		}
		if !fits {
			return fmt.Errorf("row %d %q is %q %s, not one of %q", row, line, g.code, g.values, want.codes)
		}
		if raw := strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r"); g.code != "" && g.raw != raw {
			return fmt.Errorf("row %d %q rejected as %q", row, line, g.raw)
		}
	}
	if len(rows) > 0 || blank != 0 {
		return fmt.Errorf("%d rows and %d blank ones too many", len(rows), blank)
	}
	return nil
}
