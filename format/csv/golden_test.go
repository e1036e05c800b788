package csv

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/glulam/glulam/format"
)

// TestGolden runs the scripts in testdata. Each input is a file, with a newline behind its last line unless the command
// says "open"; \r, \t, \xNN and \uNNNN in it are what they are in Go. Commands:
//
//	describe                     columns, or the error
//	read [cols=(name:kind,...)]  rows and letters; without cols all columns as text
//	split target=N               pieces
//
// Arguments of all of them: delim=C, number-nulls=(...), text-nulls=(...), limit=N for the largest record, open.
func TestGolden(t *testing.T) {
	datadriven.Walk(t, "testdata/golden", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			out, err := golden(t, d)
			if err != nil {
				return out + "error: " + err.Error() + "\n"
			}
			return out
		})
	})
}

func golden(t *testing.T, d *datadriven.TestData) (string, error) {
	f, content := Format{}, d.Input
	if content != "" && !d.HasArg("open") {
		content += "\n"
	}
	content = unquote(t, content)
	for _, a := range d.CmdArgs {
		if len(a.Vals) == 1 && a.Vals[0] == "" { // "()"
			a.Vals = []string{}
		}
		switch a.Key {
		case "delim":
			f.Delimiter = unquote(t, a.Vals[0])[0]
		case "number-nulls":
			f.Nulls.Number = a.Vals
		case "text-nulls":
			f.Nulls.Text = a.Vals
		case "limit":
			f.sizes.row, _ = strconv.Atoi(a.Vals[0])
		}
	}
	ctx := context.Background()
	file, err := format.NewFile("in.csv", bytes.NewReader([]byte(content)), int64(len(content)))
	if err != nil {
		return "", err
	}
	l, err := f.Describe(ctx, file)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	switch d.Cmd {
	case "describe":
		for _, c := range l.Columns {
			fmt.Fprintf(&out, "%q\n", c.Name)
		}
		fmt.Fprintf(&out, "header %q, data at %d\n", l.Header, l.Data)
	case "split":
		var target int64
		d.ScanArgs(t, "target", &target)
		pieces, err := f.Split(ctx, file, l, target)
		if err != nil {
			return "", err
		}
		for _, p := range pieces {
			fmt.Fprintf(&out, "[%d,%d) after %d rows, %d rows: %q\n", p.Start, p.End, p.FirstRow, p.Rows, content[p.Start:p.End])
		}
	case "read":
		cols := asked(l, format.Text)
		if arg, ok := d.Arg("cols"); ok {
			cols = nil
			for _, v := range arg.Vals {
				if v == "" {
					continue
				}
				name, kind, _ := strings.Cut(v, ":")
				cols = append(cols, format.Column{Name: strings.ReplaceAll(name, "_", " "), Kind: map[string]format.Kind{
					"number": format.Number, "text": format.Text, "raw": format.Raw, "row": format.RawRow, "native": format.Native,
				}[kind]})
			}
		}
		pieces := []format.Piece{{Start: l.Data, End: -1, Rows: -1}}
		if _, err := f.Open(ctx, file, l, pieces[0], cols); err != nil {
			return "", err
		}
		rows, blank := pieceRows(t, f, file, l, pieces, cols)
		for _, r := range rows {
			fmt.Fprintf(&out, "%d @%d  %s\n", r.Row, r.Offset, r.Cells)
		}
		if blank > 0 {
			fmt.Fprintf(&out, "%d blank\n", blank)
		}
	default:
		t.Fatalf("unknown command %s", d.Cmd)
	}
	return out.String(), nil
}

// unquote replaces the escapes of a Go string, but for the quotes in it.
func unquote(t *testing.T, s string) string {
	var b strings.Builder
	for len(s) > 0 {
		if s[0] != '\\' {
			b.WriteByte(s[0])
			s = s[1:]
			continue
		}
		r, wide, tail, err := strconv.UnquoteChar(s, 0)
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		if wide {
			b.WriteRune(r)
		} else {
			b.WriteByte(byte(r))
		}
		s = tail
	}
	return b.String()
}
