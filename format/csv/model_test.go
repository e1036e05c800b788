package csv

import (
	"bytes"
	"context"
	stdcsv "encoding/csv"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/glulam/glulam/format"
)

// A field as RFC 4180 has it. The first two groups of a record are its last field and the line ending.
const field = `(?:"(?:[^"]|"")*"|[^",\n]*)`

var wellFormed = regexp.MustCompile(`^(?s)((?:` + field + `,)*` + field + `?)(\r?\n|\r?\z)`)

// record is what the model of this package, written down without a thought of speed, makes of a text.
type record struct {
	offset int
	text   string // without the line ending
	rest   int    // offset of what follows
	ok     bool   // well-formed, and not too long
}

// records is the recovery rule: the well-formed record if there is one within the limit, and with as many fields as the
// header if it has several lines; the first line otherwise.
func records(text string, data, limit, want int) (all []record) {
	for at := data; at < len(text); {
		rest := text[at:]
		r := record{offset: at}
		if m := wellFormed.FindStringSubmatch(rest); m != nil && len(strings.TrimSuffix(m[1], "\r")) <= limit &&
			(!strings.Contains(m[1], "\n") || len(wellFormedFields(m[1])) == want) {
			// The expression leaves the CR of a line ending in an unquoted field.
			r.text, r.rest, r.ok = m[1], at+len(m[0]), true
			if !strings.HasPrefix(m[2], "\r") {
				r.text = strings.TrimSuffix(r.text, "\r")
			}
		} else {
			line, _, found := strings.Cut(rest, "\n")
			r.rest = at + len(line)
			if found {
				r.rest++
			}
			r.text = strings.TrimSuffix(line, "\r")
		}
		all = append(all, r)
		at = r.rest
	}
	return all
}

// text is CSV text, mostly well-formed.
func text() *rapid.Generator[string] {
	cell := rapid.OneOf(
		rapid.SampledFrom([]string{"", "1", "ab", "ü", " x ", `""`, `"x"`, `"x,y"`, "\"x\ny\"", "\"x\r\ny\"", `"a""b"`, `""""`}),
		rapid.StringOfN(rapid.SampledFrom([]rune("ab1\" ,\n\r")), 0, 6, -1),
	)
	return rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		for range rapid.IntRange(0, 12).Draw(t, "rows") {
			for i := range rapid.SampledFrom([]int{2, 2, 2, 2, 1, 3, 0}).Draw(t, "fields") {
				if i > 0 {
					b.WriteByte(',')
				}
				b.WriteString(cell.Draw(t, "cell"))
			}
			b.WriteString(rapid.SampledFrom([]string{"\n", "\n", "\r\n", "\r", ""}).Draw(t, "end"))
		}
		return b.String()
	})
}

func drawFormat(t *rapid.T) Format {
	return Format{sizes: sizes{
		row:   rapid.SampledFrom([]int{4, 9, 20, 1000}).Draw(t, "limit"),
		chunk: rapid.SampledFrom([]int{1, 2, 3, 7, 16, 1000}).Draw(t, "chunk"),
		batch: rapid.SampledFrom([]int{1, 2, 5, 1000}).Draw(t, "batch"),
		bytes: rapid.SampledFrom([]int{1, 4, 20, 1000}).Draw(t, "bytes"),
	}}
}

// TestModel reads random text whole and in pieces, and compares that with the model and with encoding/csv.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		header := rapid.SampledFrom([]string{"a,b\n", "a\n", "a,b\r\n", "\xef\xbb\xbfa,b\n", "\n\"a\",b\n"}).Draw(t, "header")
		checkModel(t, drawFormat(t), header, text().Draw(t, "text"), rapid.Int64Range(1, 40).Draw(t, "target"))
	})
}

// fataler is what testing.T and rapid.T have in common.
type fataler interface {
	Helper()
	Fatalf(string, ...any)
}

func checkModel(t fataler, f Format, header, body string, target int64) {
	t.Helper()
	ctx := context.Background()
	content := header + body
	once := &onceReader{content: content}
	file, err := format.NewFile("in.csv", once, int64(len(content)))
	if err != nil {
		t.Fatalf("%v", err)
	}
	l, err := f.Describe(ctx, file)
	if err != nil {
		if strings.Trim(body, "\r\n") != "" && f.sizes.row >= len(header) {
			t.Fatalf("Describe: %v", err)
		}
		return
	}
	if l.Data != int64(len(header)) {
		t.Fatalf("data at %d, want %d", l.Data, len(header))
	}

	// Split
	once.reads = []int{}
	pieces, err := f.Split(ctx, file, l, target)
	if err != nil {
		t.Fatalf("Split: %v", err)
	}
	if at := slices.IndexFunc(once.reads, func(n int) bool { return n != 0 }); at >= 0 || once.next != len(content) {
		t.Fatalf("Split did not read each byte once and in order: %d of %d", once.next, len(content))
	}
	once.reads = nil
	model := records(content, int(l.Data), f.sizes.row, len(l.Columns))
	checkPieces(t, pieces, model, l.Data, int64(len(content)), target)

	// Read
	tt := &fatalTB{fataler: t}
	cols := append([]format.Column{{Name: "row", Kind: format.RawRow}}, asked(l, format.Text)...)
	whole, blank := pieceRows(tt, f, file, l, []format.Piece{{Start: l.Data, End: -1, Rows: int64(len(model))}}, cols)
	parts, _ := pieceRows(tt, f, file, l, pieces, cols)
	if !slices.Equal(whole, parts) {
		t.Fatalf("%q: whole %v\npieces %v: %v", content, whole, pieces, parts)
	}
	for i, m := range model {
		if m.text == "" {
			blank--
			continue
		}
		if len(whole) == 0 {
			t.Fatalf("%q: record %d is missing", content, i+1)
		}
		r := whole[0]
		whole = whole[1:]
		fields := wellFormedFields(m.text)
		var want string
		switch {
		case len(m.text) > f.sizes.row:
			want = fmt.Sprintf("read row_too_large \"\": longer than %d bytes: %q", f.sizes.row, m.text[:f.sizes.row])
		case !m.ok:
			if want = "read bad_quote "; strings.HasPrefix(r.Cells, want) && strings.HasSuffix(r.Cells, fmt.Sprintf(": %q", m.text)) {
				want = r.Cells // which says which quote is wrong
			}
		case len(fields) != len(l.Columns):
			want = fmt.Sprintf("read field_count \"\": %d fields, the header has %d: %q", len(fields), len(l.Columns), m.text)
		default:
			want = fmt.Sprintf("%q", m.text)
			for _, f := range fields {
				want += " | " + f
			}
		}
		if w := (row{int64(i + 1), int64(m.offset), want}); r != w {
			t.Fatalf("%q: record %d is %v, want %v", content, i+1, r, w)
		}
	}
	if len(whole) > 0 || blank != 0 {
		t.Fatalf("%q: %v left over, and %d blank lines", content, whole, blank)
	}

	// encoding/csv
	if f.sizes.row < len(content) {
		return
	}
	std, err := stdcsv.NewReader(strings.NewReader(strings.TrimPrefix(content, byteOrderMark))).ReadAll()
	if err != nil {
		return
	}
	whole, _ = pieceRows(tt, f, file, l, pieces, asked(l, format.Text))
	if len(whole) != len(std)-1 {
		t.Fatalf("%q: %v, but encoding/csv has %q", content, whole, std)
	}
	for i, r := range whole {
		want := make([]string, len(std[i+1]))
		for k, c := range std[i+1] {
			want[k] = fmt.Sprintf("%q", c)
		}
		got := strings.ReplaceAll(strings.ReplaceAll(r.Cells, "null", `""`), `\r\n`, `\n`)
		if got != strings.Join(want, " | ") {
			t.Fatalf("%q: %s, but encoding/csv has %s", content, got, want)
		}
	}
}

var oneField = regexp.MustCompile(`^(?s)` + field)

// wellFormedFields are the cells of a well-formed record, as the test shows them.
func wellFormedFields(text string) (all []string) {
	for {
		cell := oneField.FindString(text)
		switch {
		case cell == "":
			all = append(all, "null")
		case cell[0] == '"':
			all = append(all, fmt.Sprintf("%q", strings.ReplaceAll(cell[1:len(cell)-1], `""`, `"`)))
		default:
			all = append(all, fmt.Sprintf("%q", cell))
		}
		text = text[len(cell):]
		if text == "" {
			return all
		}
		text = text[1:]
	}
}

func checkPieces(t fataler, pieces []format.Piece, model []record, start, end, target int64) {
	t.Helper()
	rows := int64(0)
	for i, p := range pieces {
		if p.Start != start || p.FirstRow != rows || p.Rows < 1 {
			t.Fatalf("piece %d is %+v, want one from %d after %d rows", i, p, start, rows)
		}
		last := model[rows+p.Rows-1]
		if p.End != int64(last.rest) {
			t.Fatalf("piece %d is %+v, but its %d records end at %d", i, p, p.Rows, last.rest)
		}
		if i < len(pieces)-1 && p.End-p.Start < target || int64(last.offset)-p.Start >= target {
			t.Fatalf("piece %d is %+v, with a last record at %d; the target is %d", i, p, last.offset, target)
		}
		start, rows = p.End, rows+p.Rows
	}
	if start != end || rows != int64(len(model)) {
		t.Fatalf("the pieces end at %d after %d rows, want %d and %d", start, rows, end, len(model))
	}
}

// onceReader is a file that checks, while reads is not nil, that it is read from its start to its end.
type onceReader struct {
	content string
	next    int
	reads   []int // by how much each read was off
}

func (r *onceReader) ReadAt(p []byte, off int64) (int, error) {
	n := copy(p, r.content[min(int(off), len(r.content)):])
	if r.reads != nil {
		if len(r.reads) == 0 {
			r.next = 0
		}
		r.reads = append(r.reads, int(off)-r.next)
		r.next = int(off) + n
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// fatalTB makes a testing.TB of a rapid.T.
type fatalTB struct {
	testing.TB
	fataler
}

func (t *fatalTB) Helper()                           { t.fataler.Helper() }
func (t *fatalTB) Fatal(args ...any)                 { t.fataler.Fatalf("%s", fmt.Sprint(args...)) }
func (t *fatalTB) Fatalf(format string, args ...any) { t.fataler.Fatalf(format, args...) }

var fuzzSeeds = []string{
	"1,2\n3,4\n", "\"a\nb\",2\r\n\r\n3,4", "1,\"abc\n2,3\n4,\"x\"\n", "1,\"\"\"\"\n\"\",\"\"\r", "x\"y,1\n\"x\"y,2\n",
	"\r\n\r\r\n\"\r\n\"\r", "1,\xff\n\"\xff\",1\n", "1,2,3\n1\n,\n\n",
}

// FuzzSplit holds the reader and Split against the model.
func FuzzSplit(f *testing.F) {
	for i, s := range fuzzSeeds {
		f.Add(s, uint8(i), uint8(i), uint8(10))
	}
	f.Fuzz(func(t *testing.T, body string, limit, chunk, target uint8) {
		f := Format{sizes: sizes{row: int(limit) + 4, chunk: int(chunk) + 1, batch: 3, bytes: 50}}
		if strings.ToValidUTF8(body, "") == body { // the model does not know bad text
			checkModel(t, f, "a,b\n", body, int64(target)+1)
		}
	})
}

// FuzzReader reads anything, header included, with all kinds of columns.
func FuzzReader(f *testing.F) {
	for _, s := range fuzzSeeds {
		f.Add([]byte("a,b\n"+s), uint8(0))
	}
	f.Fuzz(func(t *testing.T, content []byte, delim uint8) {
		f := Format{Options: Options{Delimiter: ",;\t|"[delim%4]}, sizes: sizes{chunk: 16}}
		ctx := context.Background()
		file, err := format.NewFile("in.csv", bytes.NewReader(content), int64(len(content)))
		if err != nil || file.Codec != format.Plain {
			return
		}
		l, err := f.Describe(ctx, file)
		if err != nil {
			return
		}
		pieces, err := f.Split(ctx, file, l, 20)
		if err != nil {
			t.Fatal(err)
		}
		cols := append(asked(l, format.Number), asked(l, format.Text)...)
		cols = append(append(cols, asked(l, format.Raw)...), format.Column{Name: "row", Kind: format.RawRow})
		if _, err := f.Open(ctx, file, l, pieces[0], cols); err != nil {
			return // the same name twice
		}
		rows := int64(0)
		for _, p := range pieces {
			rows += p.Rows
		}
		got, blank := pieceRows(t, f, file, l, pieces, cols)
		if int64(len(got))+blank != rows {
			t.Fatalf("%d records and %d blank lines of %d rows", len(got), blank, rows)
		}
		whole, _ := pieceRows(t, f, file, l, []format.Piece{{Start: l.Data, End: -1, Rows: rows}}, cols)
		if !slices.Equal(got, whole) {
			t.Fatalf("pieces %v\nwhole %v", got, whole)
		}
	})
}
