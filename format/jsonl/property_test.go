package jsonl

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow/array"
	"pgregory.net/rapid"

	"github.com/glulam/glulam/format"
)

// plans are columns that take different ways through the reader.
var plans = []struct {
	format Format
	cols   []format.Column
}{
	{Format{}, []format.Column{{Name: "a"}, {Name: "b"}, {Name: "c.a"}, {Name: "a long name, 0123456789"}}},
	{Format{}, []format.Column{{Name: "a"}, {Name: "b", Kind: format.Text}, {Name: "x", Path: "c.a", Kind: format.Text}, {Name: "y", Path: "c.a"},
		{Name: "z", Path: "c.b.a", Kind: format.Raw}, {Name: "c", Kind: format.Raw}, {Name: "row", Kind: format.RawRow}}},
	{Format{Options{Closed: true, Known: []string{"a", "b", "c"}}}, []format.Column{{Name: "a", Kind: format.Raw}, {Name: "c.b"}, {Name: "c.b.a"}, {Name: "d"}}},
	{Format{}, nil},
}

// drawObject draws JSON text: any white space, any spelling of strings, few names.
func drawObject(t *rapid.T, depth int) string {
	var b strings.Builder
	blank := rapid.SampledFrom([]string{"", "", "", "", " ", "\t", "\r ", "  "})
	b.WriteString("{" + blank.Draw(t, "blank"))
	for i := range rapid.IntRange(0, 5).Draw(t, "members") {
		if i > 0 {
			b.WriteString("," + blank.Draw(t, "blank"))
		}
		name := rapid.SampledFrom([]string{"a", "b", "c", "d", "c.a", "", "a long name, 0123456789", "a long name, 0123456788", "é"}).Draw(t, "name")
		b.WriteString(spell(t, name) + blank.Draw(t, "blank") + ":" + blank.Draw(t, "blank") + drawValue(t, depth) + blank.Draw(t, "blank"))
	}
	b.WriteString("}")
	return b.String()
}

func drawValue(t *rapid.T, depth int) string {
	kinds := 8
	if depth > 3 {
		kinds = 6
	}
	switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
	case 0:
		return rapid.SampledFrom([]string{"null", "true", "false"}).Draw(t, "word")
	case 1:
		return strconv.Itoa(rapid.IntRange(-1000, 100000).Draw(t, "int"))
	case 2:
		return rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,22})?([eE][+-]?[0-9]{1,3})?`).Draw(t, "number")
	case 3:
		return spell(t, rapid.StringN(0, 5, -1).Draw(t, "short"))
	case 4:
		return spell(t, rapid.String().Draw(t, "text"))
	case 5:
		return strconv.FormatFloat(rapid.Float64Range(-1e300, 1e300).Draw(t, "float"), 'g', -1, 64)
	case 6:
		return drawObject(t, depth+1)
	default:
		var b strings.Builder
		b.WriteString("[")
		for i := range rapid.IntRange(0, 3).Draw(t, "elements") {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(drawValue(t, depth+1))
		}
		return b.String() + "]"
	}
}

// spell writes a string with or without needless escapes.
func spell(t *rapid.T, s string) string {
	if rapid.IntRange(0, 3).Draw(t, "spelling") > 0 {
		b, err := json.Marshal(strings.ToValidUTF8(s, "x"))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range strings.ToValidUTF8(s, "x") {
		if r < 0x10000 {
			b.WriteString(`\u` + strconv.FormatInt(int64(r)|0x10000, 16)[1:])
		} else {
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}

// drawFile draws lines: records of few shapes, broken ones, blank ones.
func drawFile(t *rapid.T) []byte {
	var b bytes.Buffer
	var kept []string
	for range rapid.IntRange(0, 12).Draw(t, "lines") {
		line := ""
		switch rapid.IntRange(0, 9).Draw(t, "line") {
		case 0:
			line = rapid.SampledFrom([]string{"", " ", "\t\r", "\r"}).Draw(t, "blank")
		case 1:
			line = strings.ReplaceAll(drawValue(t, 0), "\n", "")
		case 2, 3:
			line = drawObject(t, 0)
			if len(kept) > 0 && rapid.Bool().Draw(t, "damage") {
				line = rapid.SampledFrom(kept).Draw(t, "again")
			}
			at := rapid.IntRange(0, len(line)).Draw(t, "at")
			if rapid.Bool().Draw(t, "cut") {
				line = line[:at]
			} else {
				line = line[:at] + rapid.SampledFrom([]string{"\xff", "\x00", ",", "}", `"`, "1", "\\", "é", " "}).Draw(t, "dirt") + line[at:]
			}
		case 4, 5, 6:
			if len(kept) > 0 {
				line = rapid.SampledFrom(kept).Draw(t, "again")
				break
			}
			fallthrough
		default:
			line = drawObject(t, 0)
			kept = append(kept, line)
		}
		b.WriteString(line + rapid.SampledFrom([]string{"\n", "\n", "\n", "\r\n"}).Draw(t, "end"))
	}
	return b.Bytes()[:max(0, b.Len()-rapid.IntRange(0, 1).Draw(t, "open"))]
}

func TestReadsAsEncodingJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := drawFile(t)
		for i, p := range plans {
			if err := compare(data, p.format, p.cols, 0); err != nil {
				t.Fatalf("plan %d: %v", i, err)
			}
		}
	})
}

func TestPiecesAreTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := drawFile(t)
		target := rapid.Int64Range(1, 200).Draw(t, "target")
		if err := compare(data, plans[1].format, plans[1].cols, target); err != nil {
			t.Fatal(err)
		}
		file, err := format.NewFile("x", bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		pieces, err := Format{}.Split(context.Background(), file, &format.Layout{}, target)
		if err != nil {
			t.Fatal(err)
		}
		var at, rows int64
		for i, p := range pieces {
			if p.Start != at || p.FirstRow != rows || p.End <= p.Start || p.Rows < 1 {
				t.Fatalf("piece %d is %+v", i, p)
			}
			if i < len(pieces)-1 && (data[p.End-1] != '\n' || p.End-p.Start < target) {
				t.Fatalf("piece %d ends amid a line or too early: %+v", i, p)
			}
			at, rows = p.End, rows+p.Rows
		}
		if at != int64(len(data)) {
			t.Fatalf("the pieces end at %d of %d", at, len(data))
		}
	})
}

// The grammar is that of encoding/json, for any bytes.
func TestAcceptsAsEncodingJSON(t *testing.T) {
	check := func(t *rapid.T, line string) {
		if strings.Contains(line, "\n") || strings.Contains(line, "NaN") || strings.Contains(line, "Infinity") || !utf8.ValidString(line) {
			return
		}
		line = strings.Trim(line, " \t\r")
		var s scanner
		b := append([]byte(line+"\n"), make([]byte, slack)...)
		end := -1
		if line != "" {
			end = s.skip(b, 0, 0)
		}
		if got, want := end == len(line), json.Valid([]byte(line)); got != want {
			t.Fatalf("%q: %v, encoding/json %v (%s at %d)", line, got, want, s.what, s.pos)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		check(t, rapid.StringMatching(`[-+0-9.eE,:"\\u{}\[\] tfnabd]{0,20}`).Draw(t, "soup"))
		check(t, rapid.StringMatching(`[-+0-9.eE]{0,20}`).Draw(t, "number"))
		check(t, rapid.StringMatching(`"[ab\\u"0-9é]{0,20}"`).Draw(t, "string"))
	})
}

// Numbers of all lengths, before a comma and before a brace, have the bits that strconv gives them.
func TestNumbersAsStrconv(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	digits := func(b []byte, n int) []byte {
		for range n {
			b = append(b, byte('0'+rng.IntN(10)))
		}
		return b
	}
	var data []byte
	var want []float64
	for range 200_000 {
		var n []byte
		if rng.IntN(4) == 0 {
			n = append(n, '-')
		}
		if n = append(n, byte('0'+rng.IntN(10))); n[len(n)-1] != '0' {
			n = digits(n, rng.IntN(10))
		}
		if rng.IntN(4) > 0 {
			n = digits(append(n, '.'), 1+rng.IntN(10))
		}
		if rng.IntN(20) == 0 {
			n = fmt.Appendf(n, "e%d", rng.IntN(40)-20)
		}
		v, err := strconv.ParseFloat(string(n), 64)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, v)
		data = fmt.Appendf(data, "{\"a\":%s,\"b\":%s}\n", n, n)
	}
	at := 0
	err := batches(Format{}, fileOf(t, data), &format.Layout{}, whole, []format.Column{{Name: "a"}, {Name: "b"}}, func(b *format.Batch) error {
		for i := range int(b.Record.NumRows()) {
			for c := range 2 {
				if got := b.Record.Column(c).(*array.Float64).Value(i); math.Float64bits(got) != math.Float64bits(want[at]) {
					t.Fatalf("row %d, column %d: %v, not %v", at, c, got, want[at])
				}
			}
			at++
		}
		return nil
	})
	if err != nil || at != len(want) {
		t.Fatalf("%d rows, %v", at, err)
	}
}
