package parquet

import (
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

// Rows with a text that is not UTF-8 are rejected; the others are as they would be without them.
func TestBadText(t *testing.T) {
	const n = 10_000
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
		{Name: "x", Type: arrow.PrimitiveTypes.Float64},
		{Name: "s", Type: arrow.BinaryTypes.Binary, Nullable: true},
		{Name: "u", Type: arrow.BinaryTypes.String},
		{Name: "l", Type: arrow.ListOf(arrow.PrimitiveTypes.Int64)},
		{Name: "d", Type: &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}},
	}, nil))
	bad := map[int]string{0: "s", 1: "s", 7: "u", 4095: "s", 4096: "s", 5000: "s", n - 1: "u"}
	for i := range n {
		b.Field(0).(*array.Float64Builder).Append(float64(i))
		s, u := fmt.Sprintf("ä%d", i), "é"
		switch bad[i] {
		case "s":
			s = "\xff" + s
		case "u": // half a character, which the next row's text would complete
			u = "\xc3"
		}
		if i%5 == 2 {
			b.Field(1).AppendNull()
		} else {
			b.Field(1).(*array.BinaryBuilder).Append([]byte(s))
		}
		if i == 8 {
			u = "\xa9"
		}
		b.Field(2).(*array.StringBuilder).Append(u)
		b.Field(3).(*array.ListBuilder).Append(true)
		b.Field(3).(*array.ListBuilder).ValueBuilder().(*array.Int64Builder).Append(int64(i))
		_ = b.Field(4).(*array.BinaryDictionaryBuilder).AppendString(fmt.Sprint(i % 3))
	}
	bad[8] = "u"
	rec := b.NewRecordBatch()
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	g, err := read(Format{Options{Allocator: mem}}, memFile(t, write(t, rec.Schema(), rec)), []format.Column{
		{Name: "x", Kind: format.Number}, {Name: "text", Path: "s", Kind: format.Text}, {Name: "u", Kind: format.Text},
		{Name: "l", Kind: format.Native}, {Name: "raw", Path: "s", Kind: format.Native}, {Name: "d", Kind: format.Native},
	}, 1<<40)
	if err != nil {
		t.Fatal(err)
	}
	mem.AssertSize(t, 0)
	if len(g.letters) != len(bad) || len(g.rows) != n-len(bad) {
		t.Fatalf("%d letters, %d rows", len(g.letters), len(g.rows))
	}
	for _, l := range g.letters {
		if bad[int(l.Row)-1] != l.Field || l.Code != fault.BadText || l.Source != "mem.parquet" || l.Stage != "read" || l.Raw != nil {
			t.Errorf("%+v", l)
		}
	}
	for k, row := range g.rows {
		i := int(row) - 1
		if bad[i] != "" || g.columns[0].(*array.Float64).Value(k) != float64(i) ||
			g.columns[3].(*array.List).ListValues().(*array.Int64).Value(k) != int64(i) ||
			g.columns[1].IsNull(k) != (i%5 == 2) || g.columns[1].IsValid(k) && g.columns[1].(*array.String).Value(k) != fmt.Sprintf("ä%d", i) {
			t.Fatalf("row %d is wrong", row)
		}
	}
}

// Long texts make short batches.
func TestLongTexts(t *testing.T) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
		{Name: "s", Type: arrow.BinaryTypes.String, Nullable: true}, {Name: "t", Type: arrow.BinaryTypes.String}, {Name: "x", Type: arrow.PrimitiveTypes.Float64},
	}, nil))
	const n = 3000
	for i := range n {
		size := i % 10
		if i/100 == 7 { // a hundred of 50 KiB
			size = 50 << 10
		}
		if i%3 == 0 {
			b.Field(0).AppendNull()
		} else {
			b.Field(0).(*array.StringBuilder).Append(strings.Repeat("ä", size/2))
		}
		b.Field(1).(*array.StringBuilder).Append(strings.Repeat("b", size%4000))
		b.Field(2).(*array.Float64Builder).Append(float64(i))
	}
	rec := b.NewRecordBatch()
	data := write(t, rec.Schema(), rec)
	cols := append(ask(format.Text, "s", "t"), format.Column{Name: "x", Kind: format.Number}, format.Column{Name: "l", Path: "s", Kind: format.Native})
	g := mustRead(t, data, cols, 1<<40)
	for i := range 3 {
		if !sameValues(g.columns[i], rec.Column(i)) {
			t.Errorf("column %d differs", i)
		}
	}
	if g.batches < 4 || g.batches > 100 {
		t.Errorf("%d batches", g.batches)
	}
	// No batch has much more than BatchBytes of text.
	f := memFile(t, data)
	pieces, _ := Format{}.Split(t.Context(), f, nil, 1<<40)
	r, err := Format{}.Open(t.Context(), f, nil, pieces[0], ask(format.Text, "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		batch, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if size := len(batch.Record.Column(0).(*array.String).ValueBytes()); size > format.BatchBytes+50<<10 {
			t.Errorf("a batch of %d bytes", size)
		}
	}
}
