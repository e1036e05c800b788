package csv

import (
	"bytes"
	"context"
	stdcsv "encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

func compressed(t *testing.T, name, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	var z io.WriteCloser
	if strings.HasSuffix(name, ".gz") {
		z = gzip.NewWriter(&b)
	} else {
		z, _ = zstd.NewWriter(&b)
	}
	if _, err := io.WriteString(z, content); err != nil {
		t.Fatal(err)
	}
	z.Close()
	return b.Bytes()
}

func TestCompressed(t *testing.T) {
	ctx := t.Context()
	content := "a,b\n" + strings.Repeat("1,\"x\ny\"\n2,3\n", 20_000)
	want, _ := pieceRows(t, Format{}, textFile(t, content), &format.Layout{Columns: []format.ColumnInfo{{Name: "a"}, {Name: "b"}}},
		[]format.Piece{{Start: 4, End: -1, Rows: 40_000}}, []format.Column{{Name: "a"}, {Name: "b", Kind: format.Text}})
	for _, name := range []string{"in.csv.gz", "in.csv.zst"} {
		data := compressed(t, name, content)
		file, err := format.NewFile(name, bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		l, err := Format{}.Describe(ctx, file)
		if err != nil {
			t.Fatal(err)
		}
		pieces, err := Format{}.Split(ctx, file, l, 100)
		if err != nil || len(pieces) != 1 || pieces[0] != (format.Piece{Start: 4, End: -1, Rows: -1}) {
			t.Fatalf("%s: %+v, %v", name, pieces, err)
		}
		cols := []format.Column{{Name: "a"}, {Name: "b", Kind: format.Text}}
		got, _ := pieceRows(t, Format{}, file, l, pieces, cols)
		if len(got) != len(want) || got[len(got)-1] != want[len(want)-1] {
			t.Errorf("%s: %d rows to %v, want %d to %v", name, len(got), got[len(got)-1], len(want), want[len(want)-1])
		}

		// All bytes are accounted for.
		r, err := Format{}.Open(ctx, file, l, pieces[0], cols)
		if err != nil {
			t.Fatal(err)
		}
		taken := int64(0)
		for {
			b, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			taken += b.Bytes
		}
		if taken != file.Size {
			t.Errorf("%s: batches took %d bytes of %d", name, taken, file.Size)
		}

		// Cut off
		file, err = format.NewFile(name, bytes.NewReader(data[:len(data)-20]), int64(len(data)-20))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := drain(t, file, l, pieces[0], cols); fault.CodeOf(err) != fault.Corrupt {
			t.Errorf("%s cut off: %v", name, err)
		}
	}
}

// drain reads a piece and counts its good rows.
func drain(t *testing.T, file *format.File, l *format.Layout, p format.Piece, cols []format.Column) (rows int64, err error) {
	t.Helper()
	r, err := Format{}.Open(t.Context(), file, l, p, cols)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	for {
		b, err := r.Next()
		if err != nil {
			if _, again := r.Next(); again != err {
				t.Errorf("after %v: %v", err, again)
			}
			if err == io.EOF {
				err = nil
			}
			return rows, err
		}
		rows += b.Record.NumRows()
	}
}

// TestChanged reads files that are not any more what Split saw.
func TestChanged(t *testing.T) {
	ctx := t.Context()
	content := "a,b\n1,2\n3,4\n5,6\n"
	file := textFile(t, content)
	l, err := Format{}.Describe(ctx, file)
	if err != nil {
		t.Fatal(err)
	}
	cols := asked(l, format.Number)
	pieces, err := Format{}.Split(ctx, file, l, 8)
	if err != nil || len(pieces) != 2 {
		t.Fatal(pieces, err)
	}
	for _, c := range []struct {
		content string
		piece   format.Piece
	}{
		{"a,b\n1,2\n3,\n\n\n5,6\n", pieces[0]},
		{"a,b\n1,2\n3,4\n5", pieces[1]},
		{"a,b\n", pieces[1]},
	} {
		if _, err := drain(t, textFile(t, c.content), l, c.piece, cols); fault.CodeOf(err) != fault.Changed {
			t.Errorf("%q: %v", c.content, err)
		}
	}
	cut, _ := format.NewFile("in.csv", strings.NewReader(content[:10]), int64(len(content)))
	if _, err := (Format{}).Split(ctx, cut, l, 8); fault.CodeOf(err) != fault.Changed {
		t.Errorf("Split of a file that became shorter: %v", err)
	}
	cut, _ = format.NewFile("in.csv", strings.NewReader(content[:2]), 2)
	if _, err := (Format{}).Split(ctx, cut, l, 8); fault.CodeOf(err) != fault.Changed {
		t.Errorf("Split of a file without its header: %v", err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	file := textFile(t, "a\n"+strings.Repeat("1\n", 1<<20))
	l, err := Format{}.Describe(ctx, file)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Format{}.Open(ctx, file, l, format.Piece{Start: 2, End: -1, Rows: -1}, asked(l, format.Number))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	stop := errors.New("enough")
	cancel(stop)
	for err == nil {
		_, err = r.Next()
	}
	if err != stop {
		t.Errorf("Next: %v", err)
	}
	if _, err := (Format{}).Split(ctx, file, l, 1); err != stop {
		t.Errorf("Split: %v", err)
	}
}

func TestClosed(t *testing.T) {
	file := textFile(t, "a\n1\n")
	l, _ := Format{}.Describe(t.Context(), file)
	r, err := Format{}.Open(t.Context(), file, l, format.Piece{Start: 2, End: -1, Rows: -1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("Next after Close: %v", err)
	}
}

// TestLongRows has records far over the limit, of the real size, between good ones.
func TestLongRows(t *testing.T) {
	if testing.Short() {
		t.Skip("half a gigabyte of rows")
	}
	huge := strings.Repeat("0123456789abcdef", 5*format.MaxRow/4/16)
	const after = format.MaxRow/4 + 1<<18 // rows, that have a MiB more than the limit
	for name, c := range map[string]struct {
		row  string
		code fault.Code
	}{
		"unquoted":             {"2," + huge, fault.RowTooLarge},
		"quoted":               {`2,"` + huge + `"`, fault.RowTooLarge},
		"quoted, many quotes":  {`2,"` + strings.Repeat(`""`, format.MaxRow/2) + `"`, fault.RowTooLarge},
		"one byte":             {"2," + huge[:format.MaxRow-1], fault.RowTooLarge},
		"never closed":         {`2,"` + huge[:100], fault.BadQuote},
		"just small enough":    {"2," + huge[:format.MaxRow-2], ""},
		"quoted, small enough": {`2,"` + huge[:format.MaxRow-4] + `"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			content := "a,b\n1,2\n" + c.row + "\r\n" + strings.Repeat("3,4\n", after)
			file := textFile(t, content)
			f := Format{}
			l, err := f.Describe(t.Context(), file)
			if err != nil {
				t.Fatal(err)
			}
			pieces, err := f.Split(t.Context(), file, l, 1<<40)
			if err != nil || len(pieces) != 1 || pieces[0].Rows != 2+after {
				t.Fatalf("%+v, %v", pieces, err)
			}
			r, err := f.Open(t.Context(), file, l, pieces[0], asked(l, format.Text))
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			rows, letters := int64(0), 0
			for {
				b, err := r.Next()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				rows += b.Record.NumRows()
				letters += len(b.Rejected)
				for _, x := range b.Rejected {
					want := c.row
					if x.Code == fault.RowTooLarge {
						want = want[:4<<10]
					}
					if x.Code != c.code || x.Row != 2 || x.Offset != 8 || string(x.Raw) != want {
						t.Errorf("row %d at %d: %s with %d bytes", x.Row, x.Offset, x.Code, len(x.Raw))
					}
				}
				if size := len(r.(*reader).window.buf); size > format.MaxRow+(256<<10)+2 {
					t.Fatalf("the buffer has %d bytes", size)
				}
			}
			want := 1
			if c.code == "" {
				want = 0
			}
			if letters != want || rows+int64(letters) != pieces[0].Rows {
				t.Errorf("%d rows and %d letters of %d", rows, letters, pieces[0].Rows)
			}
			if size := len(r.(*reader).window.buf); size > 256<<10 {
				t.Errorf("the buffer still has %d bytes", size)
			}
		})
	}
}

// TestManyStrayQuotes is about time: each line has a quote that is never closed properly.
func TestManyStrayQuotes(t *testing.T) {
	for _, line := range []string{"1,\"x\n", "1,\"\n", "\"\"\"\n", "1,\"\"\"\"\"\n", "\"\",\"\n"} {
		content := "a,b\n" + strings.Repeat(line, 1<<18) + "1,\"x\"\n"
		file := textFile(t, content)
		l, err := Format{}.Describe(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		pieces, err := Format{}.Split(t.Context(), file, l, 1<<16)
		if err != nil {
			t.Fatal(err)
		}
		rows, blank := pieceRows(t, Format{}, file, l, pieces, asked(l, format.Text))
		last := pieces[len(pieces)-1]
		if int64(len(rows))+blank != last.FirstRow+last.Rows {
			t.Errorf("%q: %d rows of %d", line, len(rows), last.FirstRow+last.Rows)
		}
	}
}

// TestReadAllocates: nothing for a row, and for a batch what Arrow's arrays are made of.
func TestReadAllocates(t *testing.T) {
	for _, kind := range []string{"mixed", "quoted"} {
		data, cols := benchFile(kind)
		file := textFile(t, string(data))
		l, err := Format{}.Describe(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		for _, rows := range []int{8, 1024} {
			r, err := Format{sizes: sizes{batch: rows}}.Open(t.Context(), file, l, format.Piece{Start: l.Data, End: -1, Rows: -1}, cols)
			if err != nil {
				t.Fatal(err)
			}
			for range 5 { // until the buffers of texts have their size
				r.Next()
			}
			n := testing.AllocsPerRun(10, func() {
				if b, err := r.Next(); err != nil || b.Record.NumRows() != int64(rows) {
					t.Fatal(b, err)
				}
			})
			if most := float64(10 + 7*len(cols)); n > most {
				t.Errorf("%s, %d rows: %v allocations a batch, want at most %v", kind, rows, n, most)
			}
			r.Close()
		}
	}
}

// TestMemory: a long file needs no more than a short one.
func TestMemory(t *testing.T) {
	content := "a,b\n" + strings.Repeat("1,some text\n", 1<<20)
	file := textFile(t, content)
	l, _ := Format{}.Describe(t.Context(), file)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if rows, err := drain(t, file, l, format.Piece{Start: 4, End: -1, Rows: 1 << 20}, asked(l, format.Text)); err != nil || rows != 1<<20 {
		t.Fatal(rows, err)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 2<<20 {
		t.Errorf("%d bytes allocated in all for %d bytes of file", n, len(content))
	}
}

// TestFlights reads real rows and compares them with encoding/csv and strconv.
func TestFlights(t *testing.T) {
	path := filepath.Join("..", "..", "testdata", "flights", "rows.csv")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := stdcsv.NewReader(bytes.NewReader(content)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	numeric := make([]bool, len(want[0]))
	for i := range numeric {
		numeric[i] = true
		for _, r := range want[1:] {
			if _, err := strconv.ParseFloat(r[i], 64); err != nil && r[i] != "" {
				numeric[i] = r[i] == "true" || r[i] == "false"
			}
			if !numeric[i] {
				break
			}
		}
	}
	file, err := format.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	l, err := Format{}.Describe(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	cols := asked(l, format.Text)
	for i := range cols {
		if numeric[i] {
			cols[i].Kind = format.Number
		}
	}
	cols = append(cols, format.Column{Name: "row", Kind: format.RawRow})
	pieces, err := Format{}.Split(t.Context(), file, l, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	n := 1
	var out bytes.Buffer
	out.Write(l.Header)
	out.WriteByte('\n')
	for _, p := range pieces {
		r, err := Format{}.Open(t.Context(), file, l, p, cols)
		if err != nil {
			t.Fatal(err)
		}
		for {
			b, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil || len(b.Rejected) > 0 {
				t.Fatal(err, b.Rejected)
			}
			for i := range int(b.Record.NumRows()) {
				for k := range l.Columns {
					cell := want[n][k]
					switch c := b.Record.Column(k).(type) {
					case *array.Float64:
						f, err := strconv.ParseFloat(cell, 64)
						switch {
						case cell == "":
							f = math.NaN()
						case err != nil:
							f = map[string]float64{"true": 1, "false": 0}[cell]
						}
						if math.Float64bits(c.Value(i)) != math.Float64bits(f) && !(math.IsNaN(f) && math.IsNaN(c.Value(i))) {
							t.Fatalf("row %d, %s: %v, want %v", n, l.Columns[k].Name, c.Value(i), f)
						}
					case *array.String:
						if c.IsNull(i) != (cell == "") || !c.IsNull(i) && c.Value(i) != cell {
							t.Fatalf("row %d, %s: %q, want %q", n, l.Columns[k].Name, c.Value(i), cell)
						}
					}
				}
				out.Write(b.Record.Column(len(cols) - 1).(*array.Binary).Value(i))
				out.WriteByte('\n')
				if b.Row[i] != int64(n) || !bytes.HasPrefix(content[b.Offset[i]:], []byte(want[n][0])) {
					t.Fatalf("row %d is number %d at %d", n, b.Row[i], b.Offset[i])
				}
				n++
			}
		}
		r.Close()
	}
	if n != len(want) || !bytes.Equal(out.Bytes(), bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n"))) {
		t.Errorf("%d rows, want %d, or not the same bytes", n-1, len(want)-1)
	}
}

// TestWide has more columns than a batch has bytes for.
func TestWide(t *testing.T) {
	const columns = format.MaxColumns
	var b strings.Builder
	for i := range columns {
		fmt.Fprintf(&b, ",c%d", i)
	}
	header := b.String()[1:]
	row := strings.Repeat(",1", columns)[1:]
	content := header + "\n" + strings.Repeat(row+"\n", 30)
	rec, letters := readAll(t, Format{}, content, []format.Column{{Name: "c0"}, {Name: "c99999"}})
	if rec.NumRows() != 30 || len(letters) != 0 {
		t.Errorf("%d rows, %d letters", rec.NumRows(), len(letters))
	}
	_, err := Format{}.Describe(t.Context(), textFile(t, header+",x\n"+row+",1\n"))
	if fault.CodeOf(err) != fault.TooLarge {
		t.Errorf("%d columns: %v", columns+1, err)
	}
}
