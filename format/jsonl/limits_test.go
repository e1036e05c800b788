package jsonl

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// Records around the limit, and what comes after them.
func TestLargeRows(t *testing.T) {
	record := func(size int) string { return `{"a":7,"b":"` + strings.Repeat("x", size-14) + `"}` }
	data := []byte(record(format.MaxRow) + "\r\n" + record(format.MaxRow+1) + "\n" + record(3*format.MaxRow) + "\n" + `{"a":1}` + "\n" +
		record(format.MaxRow+1) + "\r\n" + record(format.MaxRow) + "\n" + strings.Repeat("y", format.MaxRow+2))
	file := fileOf(t, data)
	r, err := Format{}.Open(t.Context(), file, &format.Layout{}, whole, []format.Column{{Name: "a"}, {Name: "b", Kind: format.Raw}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var rows []int64
	var letters []string
	var size int64
	for {
		b, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Row {
			rows = append(rows, b.Row[i])
			raw := b.Record.Column(1).(*array.Binary).Value(i)
			if at := data[b.Offset[i]]; at != '{' {
				t.Errorf("row %d begins with %q", b.Row[i], at)
			}
			if want := format.MaxRow - 12; b.Row[i] != 4 && len(raw) != want {
				t.Errorf("row %d has a text of %d bytes, not %d", b.Row[i], len(raw), want)
			}
		}
		for _, l := range b.Rejected {
			letters = append(letters, fmt.Sprintf("%d %s %d", l.Row, l.Code, len(l.Raw)))
			if !bytes.HasPrefix(data[l.Offset:], l.Raw) {
				t.Errorf("row %d is not at %d", l.Row, l.Offset)
			}
		}
		size += b.Bytes
	}
	if fmt.Sprint(rows) != "[1 4 6]" || fmt.Sprint(letters) != "[2 row_too_large 4096 3 row_too_large 4096 5 row_too_large 4096 7 row_too_large 4096]" {
		t.Errorf("rows %v, letters %v", rows, letters)
	}
	if size != int64(len(data)) {
		t.Errorf("%d of %d bytes", size, len(data))
	}
	// The limit does not count a line ending, not even half of one.
	last := fileOf(t, []byte(record(format.MaxRow)+"\r"))
	err = batches(Format{}, last, &format.Layout{}, whole, nil, func(b *format.Batch) error {
		if b.Record.NumRows() != 1 {
			t.Errorf("%s", b.Rejected[0].Message)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if n := len(r.(*reader).lines.buf); n > format.MaxRow+2*chunk {
		t.Errorf("the buffer has %d bytes", n)
	}
}

// A record that is larger than the sample still is one.
func TestDescribeLargeRecord(t *testing.T) {
	data := []byte(`{"a":"` + strings.Repeat("x", 2*sampleBytes) + `"}` + "\n" + `{"b":1}`)
	l, err := Format{}.Describe(t.Context(), fileOf(t, data))
	if err != nil || len(l.Columns) != 1 || l.Columns[0].Name != "a" {
		t.Errorf("%+v, %v", l, err)
	}
	data = []byte("[" + strings.Repeat(`{"a":1},`, format.MaxRow/4) + "{}]")
	if l, err := (Format{}).Describe(t.Context(), fileOf(t, data)); err != nil || fault.CodeOf(l.Problem) != fault.Corrupt || !strings.Contains(l.Problem.Error(), "jq -c '.[]'") {
		t.Error(err)
	}
}

func TestDescribeSample(t *testing.T) {
	data := []byte(strings.Repeat("\n", 2*sampleBytes) + strings.Repeat(`{"a":1}`+"\n", sampleRecords-1) + `{"b":1}` + "\n" + `{"c":1}`)
	l, err := Format{}.Describe(t.Context(), fileOf(t, data))
	if err != nil || len(l.Columns) != 2 {
		t.Errorf("%+v, %v", l, err)
	}
	var wide strings.Builder
	for i := range format.MaxColumns + 1 {
		fmt.Fprintf(&wide, "{\"%d\":1", i)
		for k := range 200 {
			fmt.Fprintf(&wide, ",\"%d.%d\":1", i, k)
		}
		wide.WriteString("}\n")
		if wide.Len() > 3<<20 {
			break
		}
	}
	if l, err := (Format{}).Describe(t.Context(), fileOf(t, []byte(strings.ReplaceAll(wide.String(), "}\n{", ",")))); fault.CodeOf(err) != fault.TooLarge {
		t.Errorf("%v, %v", len(l.Columns), err)
	}
}

// Batches keep the limits, also in a table that is nothing but columns.
func TestBatchLimits(t *testing.T) {
	count := func(data []byte, cols []format.Column) (most int64, size int64) {
		err := batches(Format{}, fileOf(t, data), &format.Layout{}, whole, cols, func(b *format.Batch) error {
			most = max(most, b.Record.NumRows()+int64(len(b.Rejected)))
			size = max(size, b.Bytes)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return most, size
	}
	if most, _ := count(bytes.Repeat([]byte("{}\n"), 10_000), nil); most != format.BatchRows {
		t.Errorf("batches of %d rows", most)
	}
	if most, _ := count(bytes.Repeat([]byte("{\n"), 10_000), nil); most != format.BatchRows {
		t.Errorf("batches of %d letters", most)
	}
	long := []byte(`{"a":"` + strings.Repeat("x", 10_000) + `"}` + "\n")
	if most, _ := count(bytes.Repeat(long, 1000), nil); most != format.BatchBytes/10_009+1 {
		t.Errorf("batches of %d long rows", most)
	}
	wide := make([]format.Column, 50_000)
	for i := range wide {
		wide[i].Name = fmt.Sprint(i)
	}
	if most, _ := count(bytes.Repeat([]byte("{}\n"), 200), wide); most > 2*int64(format.RowsOf(50_000)) {
		t.Errorf("batches of %d wide rows", most)
	}
	if most, _ := count(bytes.Repeat([]byte("\n"), 5<<20), nil); most != 0 {
		t.Errorf("batches of %d blank rows", most)
	}
}

// More names than are remembered.
func TestManyNames(t *testing.T) {
	var b strings.Builder
	for i := range 3 * maxMembers {
		fmt.Fprintf(&b, "{\"a\":%d,\"name %d\":%d,\"z\":{\"x\":%d}}\n", i, i, i, i)
	}
	i := 0
	err := batches(Format{}, fileOf(t, []byte(b.String())), &format.Layout{}, whole, []format.Column{{Name: "a"}, {Name: "z.x"}, {Name: "name 40000"}}, func(b *format.Batch) error {
		if len(b.Rejected) > 0 {
			return errors.New(b.Rejected[0].Message)
		}
		for k := range int(b.Record.NumRows()) {
			for c := range 2 {
				if v := b.Record.Column(c).(*array.Float64).Value(k); v != float64(i) {
					return fmt.Errorf("row %d column %d is %v", i, c, v)
				}
			}
			if v := b.Record.Column(2).(*array.Float64).Value(k); math.IsNaN(v) != (i != 40000) {
				return fmt.Errorf("row %d is %v", i, v)
			}
			i++
		}
		return nil
	})
	if err != nil || i != 3*maxMembers {
		t.Errorf("%d rows, %v", i, err)
	}
	// Closed, every one of them is refused by its name.
	names := 0
	err = batches(Format{Options{Closed: true, Known: []string{"a", "z"}}}, fileOf(t, []byte(b.String())), &format.Layout{}, whole, nil, func(b *format.Batch) error {
		for _, l := range b.Rejected {
			if want := fmt.Sprintf("name %d", l.Row-1); l.Code != fault.UnknownColumn || l.Field != want {
				return fmt.Errorf("%+v", l)
			}
			names++
		}
		return nil
	})
	if err != nil || names != 3*maxMembers {
		t.Errorf("%d rows, %v", names, err)
	}
}

func parseLine(p *parser, line string) bool {
	return p.parse(append([]byte(line+"\n"), make([]byte, slack)...), 0, len(line), 0)
}

// The rows are numbered in 32 bits inside.
func TestParserRowsRunOver(t *testing.T) {
	p := newParser()
	var slots []*slot
	for _, name := range []string{"a", "b", "never", "once"} {
		slots = append(slots, p.slotOf(p.root.member(name), name))
	}
	parseLine(p, `{"once":1}`) // this is row 1
	p.row = noRow - 3
	for i, line := range []string{`{"a":1}`, `{"b":1}`, `{"never":1}`, `{"a":1}`, `{"b":1}`, `{"a":1}`} {
		if !parseLine(p, line) || p.oddCode != "" {
			t.Fatalf("line %d, row %d: %q", i, p.row, p.oddCode)
		}
		for _, s := range slots {
			if (s.row == p.row) != (s.path == line[2:len(line)-4]) {
				t.Fatalf("line %d, row %d: member %s", i, p.row, s.path)
			}
		}
	}
}

// A name that is not remembered is never taken for another one.
func TestNamesBeyondTheLimit(t *testing.T) {
	p := newParser()
	p.close(nil)
	p.left = 1
	for i, name := range []string{"a", "b", "c", "b", "c", "a", "b", "a"} {
		if !parseLine(p, `{"`+name+`":1}`) || p.oddName != name {
			t.Fatalf("line %d: %q, not %q", i, p.oddName, name)
		}
	}
}

// A path may be longer than any record is deep.
func TestDeepPath(t *testing.T) {
	nested := func(depth int) string { return strings.Repeat(`{"x":`, depth) + "1" + strings.Repeat("}", depth) }
	for depth, want := range map[int]fault.Code{64: "", 65: fault.BadJSON} {
		path := strings.Repeat("x.", depth-1) + "x"
		err := batches(Format{}, fileOf(t, []byte(nested(depth))), &format.Layout{}, whole, []format.Column{{Name: path}}, func(b *format.Batch) error {
			var got fault.Code
			if len(b.Rejected) > 0 {
				got = b.Rejected[0].Code
			} else if v := b.Record.Column(0).(*array.Float64).Value(0); v != 1 {
				t.Errorf("depth %d: %v", depth, v)
			}
			if got != want {
				t.Errorf("depth %d: %q", depth, got)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}
