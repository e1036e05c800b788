package csv

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/glulam/glulam/format"
)

// bulkColumns asks for the columns a, b, c and d in all ways there are.
var bulkColumns = []format.Column{
	{Name: "n", Path: "b", Kind: format.Number}, {Name: "t", Path: "c", Kind: format.Text}, {Name: "r", Path: "a", Kind: format.Raw},
	{Name: "e", Path: "a", Kind: format.Number, Exact: true}, {Name: "row", Kind: format.RawRow}, {Name: "m", Path: "d", Kind: format.Number},
	{Name: "u", Path: "d", Kind: format.Text}, {Name: "s", Path: "d", Kind: format.Raw},
}

// shown is all that reading a text gives, the batches it comes in too.
func shown(t testing.TB, f Format, content string, cols []format.Column) string {
	t.Helper()
	ctx := context.Background()
	file := textFile(t, content)
	l, err := f.Describe(ctx, file)
	if err != nil {
		return "describe: " + err.Error()
	}
	r, err := f.Open(ctx, file, l, format.Piece{Start: l.Data, End: file.Size, Rows: -1}, cols)
	if err != nil {
		return "open: " + err.Error()
	}
	defer r.Close()
	var out strings.Builder
	for {
		b, err := r.Next()
		if err != nil {
			fmt.Fprintln(&out, err)
			return out.String()
		}
		fmt.Fprintln(&out, "batch", b.Record.NumRows(), b.Row, b.Offset, b.Blank, b.Bytes)
		for _, c := range b.Record.Columns() {
			if n, ok := c.(*array.Float64); ok {
				for _, v := range n.Float64Values() {
					fmt.Fprintf(&out, "%x ", math.Float64bits(v))
				}
			} else {
				fmt.Fprintf(&out, "%q", c)
			}
			fmt.Fprintln(&out)
		}
		for _, l := range b.Rejected {
			fmt.Fprintf(&out, "%+v\n", l)
		}
	}
}

// checkBulk holds reading in bulk against reading line by line.
func checkBulk(t testing.TB, f Format, content string) {
	t.Helper()
	cols := bulkColumns
	if !strings.HasPrefix(content, "a,b,c,d\n") {
		cols = []format.Column{{Name: "a", Kind: format.Number}, {Name: "t", Path: "a", Kind: format.Text}}
	}
	slow := f
	slow.lines = true
	if got, want := shown(t, f, content, cols), shown(t, slow, content, cols); got != want {
		t.Fatalf("%q in bulk is\n%s\nline by line\n%s", content, got, want)
	}
}

var bulkFormats = []Format{
	{},
	{Options: Options{Nulls: format.Nulls{Number: []string{"-1", "x"}, Text: []string{"", "NA"}}}},
	{Options: Options{Nulls: format.Nulls{Number: []string{}, Text: []string{}}}},
	{sizes: sizes{row: 60, chunk: 200, batch: 7, bytes: 150}},
	{sizes: sizes{chunk: 5000, batch: 1000}},
}

func TestBulk(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	common := []string{"1", "12", "3.5", "-4", "", "1837", "12.658579999999999", "0"}
	odd := []string{"NA", "x", "-1", "nan", "true", " 7 ", "1e5", "1e999", "abc", "\xff", "ü", `"q"`, `"a,b"`, `"`, "9007199254740993", "12345678901234567890", "\r", "a\rb", "1,2", strings.Repeat("9", 70)}
	for range 1500 {
		var b strings.Builder
		b.WriteString("a,b,c,d\n")
		rare := rnd.IntN(400) + 1
		crlf := rnd.IntN(2) == 0
		for range rnd.IntN(1500) / rare * 3 {
			if rnd.IntN(rare) == 0 {
				b.WriteString([]string{"\n", "1,2\n", "1,2,3,4,5\n", "\r\n", "a,\"b\nc\",d,e\n"}[rnd.IntN(5)])
			}
			for c := range 4 {
				if c > 0 {
					b.WriteByte(',')
				}
				if rnd.IntN(4*rare) == 0 {
					b.WriteString(odd[rnd.IntN(len(odd))])
				} else {
					b.WriteString(common[rnd.IntN(len(common))])
				}
			}
			if crlf {
				b.WriteByte('\r')
			}
			b.WriteByte('\n')
		}
		b.WriteString([]string{"", "1,2,3,4", "1,2,3,4\r", "\n"}[rnd.IntN(4)])
		checkBulk(t, bulkFormats[rnd.IntN(len(bulkFormats))], b.String())
	}
}

// TestBulkIsUsed: a plain file is not read line by line, but for what the window ends in.
func TestBulkIsUsed(t *testing.T) {
	content := "a,b,c,d\n" + strings.Repeat("1,2.5,x,\r\n", 10_000)
	f := Format{}
	file := textFile(t, content)
	l, err := f.Describe(context.Background(), file)
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.Open(context.Background(), file, l, format.Piece{Start: l.Data, End: -1, Rows: -1}, bulkColumns)
	if err != nil {
		t.Fatal(err)
	}
	rd := r.(*reader)
	if err := rd.window.more(); err != nil {
		t.Fatal(err)
	}
	if !rd.bulk(1<<20) || rd.n < 1000 || !slices.Equal(rd.rowNumber[:3], []int64{1, 2, 3}) {
		t.Errorf("%d rows", rd.n)
	}
}

func FuzzBulk(f *testing.F) {
	f.Add("a,b,c,d\n1,2,3,4\n5,6,7,8\n", uint8(0))
	f.Add("a,b,c,d\r\n1,2.5,x,-4\r\n,,,\r\n\"1\",2,3,4\n1,2\n\n9,8,7,6", uint8(3))
	f.Add("a\n1\n\n2\nx\n\r\n3", uint8(1))
	f.Fuzz(func(t *testing.T, content string, n uint8) {
		checkBulk(t, bulkFormats[int(n)%len(bulkFormats)], content)
	})
}
