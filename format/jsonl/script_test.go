package jsonl

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/cockroachdb/datadriven"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// The scripts in testdata:
//
//	describe                          the layout of the input
//	split target=N                    its pieces
//	read cols=(a:number, b=path:text) [closed=(a,b)] [null-text=(x)] [null-number=(x)]
//	write cols=(...)                  what the writer makes of what the reader read
//
// In the input <cr>, <bom>, <nul> and <xHH> stand for bytes that an editor would not show, <more> joins two lines, and
// <eof> ends the file without a line ending.
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			file := fileOf(t, input(d.Input))
			f, cols := scriptFormat(t, d)
			switch d.Cmd {
			case "describe":
				l, err := f.Describe(t.Context(), file)
				if err != nil {
					return errorText(err)
				}
				if l.Problem != nil {
					return errorText(l.Problem)
				}
				var b strings.Builder
				fmt.Fprintf(&b, "data from byte %d\n", l.Data)
				for _, c := range l.Columns {
					fmt.Fprintf(&b, "%q\n", c.Name)
				}
				return b.String()
			case "split":
				var target int
				d.ScanArgs(t, "target", &target)
				l, err := f.Describe(t.Context(), file)
				if err != nil {
					return errorText(err)
				}
				pieces, err := f.Split(t.Context(), file, l, int64(target))
				if err != nil {
					return errorText(err)
				}
				var b strings.Builder
				for _, p := range pieces {
					fmt.Fprintf(&b, "bytes %d to %d, %d rows after %d\n", p.Start, p.End, p.Rows, p.FirstRow)
				}
				return b.String()
			case "read":
				return read(t, f, file, cols)
			case "write":
				return rewrite(t, f, file, cols)
			}
			d.Fatalf(t, "no such command")
			return ""
		})
	})
}

func input(s string) []byte {
	s = strings.NewReplacer("<cr>", "\r", "<bom>", "\ufeff", "<nul>", "\x00", "<more>\n", "").Replace(s)
	for {
		i := strings.Index(s, "<x")
		if i < 0 {
			break
		}
		v, err := strconv.ParseUint(s[i+2:i+4], 16, 8)
		if err != nil {
			panic(err)
		}
		s = s[:i] + string([]byte{byte(v)}) + s[i+5:]
	}
	if before, ok := strings.CutSuffix(s, "<eof>"); ok {
		return []byte(before)
	}
	if s == "" {
		return nil
	}
	return []byte(s + "\n")
}

func scriptFormat(t *testing.T, d *datadriven.TestData) (Format, []format.Column) {
	var f Format
	var cols []format.Column
	for _, arg := range d.CmdArgs {
		switch arg.Key {
		case "cols":
			for _, v := range arg.Vals {
				cols = append(cols, columnOf(t, v))
			}
		case "closed":
			f.Closed, f.Known = true, arg.Vals
		case "null-text":
			f.Nulls.Text = arg.Vals
		case "null-number":
			f.Nulls.Number = arg.Vals
		}
	}
	return f, cols
}

// columnOf reads name[=path]:kind.
func columnOf(t *testing.T, s string) format.Column {
	spec, kind, ok := strings.Cut(s, ":")
	if !ok {
		t.Fatalf("column %q has no kind", s)
	}
	kinds := map[string]format.Kind{"number": format.Number, "text": format.Text, "raw": format.Raw, "row": format.RawRow, "native": format.Native}
	c := format.Column{Name: spec, Kind: kinds[kind]}
	if name, path, ok := strings.Cut(spec, "="); ok {
		c.Name, c.Path = name, path
	}
	return c
}

func errorText(err error) string {
	var fe *fault.Error
	if !errors.As(err, &fe) {
		return "not a fault: " + err.Error() + "\n"
	}
	return fmt.Sprintf("%s: %s\n", fe.Code, err)
}

// batches reads a piece to its end.
func batches(f Format, file *format.File, l *format.Layout, p format.Piece, cols []format.Column, each func(*format.Batch) error) error {
	r, err := f.Open(context.Background(), file, l, p, cols)
	if err != nil {
		return err
	}
	defer r.Close()
	for {
		b, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := each(b); err != nil {
			return err
		}
	}
}

func read(t testing.TB, f Format, file *format.File, cols []format.Column) string {
	var out strings.Builder
	l, err := f.Describe(t.Context(), file)
	if err != nil {
		l = &format.Layout{}
	}
	err = batches(f, file, l, format.Piece{Start: l.Data, End: -1, Rows: -1}, cols, func(b *format.Batch) error {
		for _, c := range b.Record.Columns() {
			if c.Len() != int(b.Record.NumRows()) {
				t.Errorf("%d values in a column of %d rows", c.Len(), b.Record.NumRows())
			}
		}
		for i := range b.Row {
			fmt.Fprintf(&out, "%d @%d:", b.Row[i], b.Offset[i])
			for k, c := range b.Record.Columns() {
				fmt.Fprintf(&out, " %s=%s", b.Record.ColumnName(k), show(c, i))
			}
			out.WriteByte('\n')
		}
		for _, l := range b.Rejected {
			fmt.Fprintf(&out, "%d @%d: %s", l.Row, l.Offset, l.Code)
			if l.Field != "" {
				fmt.Fprintf(&out, " [%s]", l.Field)
			}
			fmt.Fprintf(&out, " %s | %s\n", l.Message, printable(l.Raw))
			if l.Source != file.Name || l.Stage != "read" || l.Model != "" {
				t.Errorf("a letter without its origin: %+v", l)
			}
		}
		if b.Blank > 0 {
			fmt.Fprintf(&out, "blank: %d\n", b.Blank)
		}
		return nil
	})
	if err != nil {
		out.WriteString(errorText(err))
	}
	return out.String()
}

func printable(b []byte) string {
	s := strconv.Quote(string(b))
	return strings.ReplaceAll(s[1:len(s)-1], `\"`, `"`)
}

func show(c arrow.Array, i int) string {
	if c.IsNull(i) {
		return "null"
	}
	switch a := c.(type) {
	case *array.Float64:
		return strconv.FormatFloat(a.Value(i), 'g', -1, 64)
	case *array.String:
		return strconv.Quote(a.Value(i))
	case *array.Binary:
		return "<" + printable(a.Value(i)) + ">"
	}
	panic(c.DataType())
}

func rewrite(t testing.TB, f Format, file *format.File, cols []format.Column) string {
	var out bytes.Buffer
	var w format.Writer
	err := batches(f, file, &format.Layout{}, format.Piece{End: -1, Rows: -1}, cols, func(b *format.Batch) (err error) {
		if w == nil {
			if w, err = f.NewWriter(&out, b.Record.Schema()); err != nil {
				return err
			}
		}
		for _, l := range b.Rejected {
			t.Errorf("rejected: %+v", l)
		}
		return w.Write(b.Record)
	})
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return errorText(err)
	}
	for line := range bytes.Lines(out.Bytes()) {
		if !json.Valid(line) {
			t.Errorf("not JSON: %s", line)
		}
	}
	return out.String()
}
