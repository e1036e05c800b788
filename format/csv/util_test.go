package csv

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// textFile is a file in memory.
func textFile(t testing.TB, content string) *format.File {
	t.Helper()
	f, err := format.NewFile("in.csv", strings.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// asked makes a column of each column of the file.
func asked(l *format.Layout, kind format.Kind) []format.Column {
	var cols []format.Column
	for _, c := range l.Columns {
		cols = append(cols, format.Column{Name: c.Name, Kind: kind})
	}
	return cols
}

// readAll reads a whole text as one piece into one record.
func readAll(t testing.TB, f Format, content string, cols []format.Column) (arrow.RecordBatch, []fault.Letter) {
	t.Helper()
	ctx := context.Background()
	file := textFile(t, content)
	l, err := f.Describe(ctx, file)
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.Open(ctx, file, l, format.Piece{Start: l.Data, End: -1, Rows: -1}, cols)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var letters []fault.Letter
	var schema *arrow.Schema
	parts := make([][]arrow.Array, len(cols))
	rows := int64(0)
	for {
		b, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		schema = b.Record.Schema()
		rows += b.Record.NumRows()
		for i, c := range b.Record.Columns() {
			one, err := array.Concatenate([]arrow.Array{c}, memory.DefaultAllocator) // a copy
			if err != nil {
				t.Fatal(err)
			}
			parts[i] = append(parts[i], one)
		}
		letters = append(letters, copyLetters(b.Rejected)...)
	}
	if schema == nil {
		return nil, letters
	}
	columns := make([]arrow.Array, len(cols))
	for i := range parts {
		c, err := array.Concatenate(parts[i], memory.DefaultAllocator)
		if err != nil {
			t.Fatal(err)
		}
		columns[i] = c
	}
	return array.NewRecordBatch(schema, columns, rows), letters
}

func copyLetters(letters []fault.Letter) []fault.Letter {
	out := append([]fault.Letter(nil), letters...)
	for i := range out {
		out[i].Raw = append([]byte(nil), out[i].Raw...)
	}
	return out
}

// row is one record as a test compares it.
type row struct {
	Row, Offset int64
	Cells       string // or the letter
}

// pieceRows reads some pieces with columns of text or binary.
func pieceRows(t testing.TB, f Format, file *format.File, l *format.Layout, pieces []format.Piece, cols []format.Column) (rows []row, blank int64) {
	t.Helper()
	for _, p := range pieces {
		r, err := f.Open(context.Background(), file, l, p, cols)
		if err != nil {
			t.Fatal(err)
		}
		for {
			b, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("piece %+v: %v", p, err)
			}
			if len(b.Row) != int(b.Record.NumRows()) || len(b.Offset) != len(b.Row) {
				t.Fatalf("%d rows, %d row numbers, %d offsets", b.Record.NumRows(), len(b.Row), len(b.Offset))
			}
			blank += b.Blank
			good, letters := 0, b.Rejected
			for good < len(b.Row) || len(letters) > 0 {
				if len(letters) == 0 || good < len(b.Row) && b.Row[good] < letters[0].Row {
					rows = append(rows, row{b.Row[good], b.Offset[good], cells(b.Record, good)})
					good++
					continue
				}
				x := letters[0]
				letters = letters[1:]
				rows = append(rows, row{x.Row, x.Offset, fmt.Sprintf("%s %s %q: %s: %q", x.Stage, x.Code, x.Field, x.Message, x.Raw)})
			}
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return rows, blank
}

// cells shows a row.
func cells(rec arrow.RecordBatch, i int) string {
	var b strings.Builder
	for k, c := range rec.Columns() {
		if k > 0 {
			b.WriteString(" | ")
		}
		switch c := c.(type) {
		case *array.Float64:
			fmt.Fprint(&b, c.Value(i))
		case *array.String:
			if c.IsNull(i) {
				b.WriteString("null")
			} else {
				fmt.Fprintf(&b, "%q", c.Value(i))
			}
		case *array.Binary:
			fmt.Fprintf(&b, "%q", c.Value(i))
		}
	}
	return b.String()
}
