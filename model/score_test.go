package model

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/model/forest"
)

// rec makes a record of a schema of fields and a JSON list a column.
func rec(t *testing.T, schema *arrow.Schema, columns ...string) arrow.RecordBatch {
	t.Helper()
	arrays := make([]arrow.Array, len(columns))
	for i, c := range columns {
		arrays[i] = fromJSON(t, schema.Field(i).Type, c)
	}
	return array.NewRecordBatch(schema, arrays, int64(arrays[0].Len()))
}

// TestRefusedRows: a row is refused once, for its first bad feature, and rows come in order.
func TestRefusedRows(t *testing.T) {
	a, b := letters, letters
	a.Name, b.Name = "a", "b"
	m := echo(t, a, b)
	text := func(values ...string) arrow.Array {
		c := array.NewStringBuilder(memory.DefaultAllocator)
		c.AppendValues(values, nil)
		return c.NewArray()
	}
	schema := fields("a text", "b text")
	r := array.NewRecordBatch(schema, []arrow.Array{text("a", "b", "\xff", "a", "\xff"), text("\xfe", "b", "\xfe", "a", "b")}, 5)
	bind, err := m.Bind(schema, nil)
	if err != nil {
		t.Fatal(err)
	}
	var s Scores
	for range 2 { // the second time on used memory
		if err := bind.Score(r, &s); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, x := range s.Refused {
			got = append(got, fmt.Sprint(x.Row, x.Field))
		}
		if want := []string{"0b", "2a", "4a"}; !slices.Equal(got, want) {
			t.Errorf("refused %v, want %v", got, want)
		}
	}
	if err := bind.Score(r.NewSlice(1, 2), &s); err != nil || len(s.Refused) > 0 {
		t.Errorf("a good row after bad ones: %v, %v", err, s.Refused)
	}
}

// TestRefusedBeyondChunk: rows are counted in the record, not in the part that is evaluated together.
func TestRefusedBeyondChunk(t *testing.T) {
	a := letters
	a.Name = "a"
	values := slices.Repeat([]string{"a"}, 3*chunkRows)
	values[chunkRows], values[3*chunkRows-1] = "\xff", "\xff"
	c := array.NewStringBuilder(memory.DefaultAllocator)
	c.AppendValues(values, nil)
	s := echoColumn(t, a, c.NewArray())
	if len(s.Refused) != 2 || s.Refused[0].Row != chunkRows || s.Refused[1].Row != 3*chunkRows-1 {
		t.Errorf("refused %v", s.Refused)
	}
}

// TestWant: only what was wanted is computed, margins always, and slices of another record do not show through.
func TestWant(t *testing.T) {
	m := echo(t, forest.Feature{Name: "a"}, forest.Feature{Name: "b"})
	m.forest.Link, m.forest.Task = forest.Link{Kind: forest.Softmax}, forest.TaskMulticlass
	schema := fields("a float", "b int")
	b, err := m.Bind(schema, nil)
	if err != nil {
		t.Fatal(err)
	}
	var s Scores
	for _, c := range []struct {
		want                              Want
		a, b                              string
		margins, predictions, class, leaf int
	}{
		{WantMargin, `[1, 2, 3]`, `[1, 1, 4]`, 6, 0, 0, 0},
		{WantPrediction | WantClass | WantLeaf, `[1, 2, 3]`, `[1, 1, 4]`, 6, 6, 3, 6},
		{WantClass | WantLeaf, `[1]`, `[2]`, 2, 2, 1, 2},
		{WantClass | WantLeaf, `[]`, `[]`, 0, 0, 0, 0},
	} {
		s.Want = c.want
		if err := b.Score(rec(t, schema, c.a, c.b), &s); err != nil {
			t.Fatal(err)
		}
		if s.Rows*2 != c.margins || len(s.Margin) != c.margins || len(s.Prediction) != c.predictions || len(s.Class) != c.class || len(s.Leaf) != c.leaf {
			t.Errorf("want %d: %d rows, %d margins, %d predictions, %d classes, %d leaves", c.want, s.Rows, len(s.Margin), len(s.Prediction), len(s.Class), len(s.Leaf))
		}
		if c.want&WantClass != 0 && s.Rows == 3 && !slices.Equal(s.Class, []int32{0, 0, 1}) {
			t.Errorf("classes %v", s.Class)
		}
	}
}

func TestScoreRefuses(t *testing.T) {
	m := shop(t)
	schema := fields("price float", "kind text", "size int")
	b, err := m.Bind(schema, nil)
	if err != nil {
		t.Fatal(err)
	}
	good := rec(t, schema, `[1]`, `["a"]`, `[2]`)
	for _, c := range []struct {
		name string
		s    Scores
		rec  arrow.RecordBatch
		code fault.Code
		want string
	}{
		{"a class of a regression", Scores{Want: WantClass}, good, fault.Usage, `shop: the model has no class: the objective "" predicts numbers; ask for prediction or margin`},
		{"too few columns", Scores{}, rec(t, fields("price float"), `[1]`), fault.Internal, "the record has 1 columns; the bound schema had more"},
		{"text in a column of numbers", Scores{}, rec(t, fields("price text", "kind text", "size int"), `["1"]`, `["a"]`, `[2]`), fault.Internal, "price: text in a column that was bound as numbers"},
		{"numbers in a column of text", Scores{}, rec(t, fields("price float", "kind int", "size int"), `[1]`, `[1]`, `[2]`), fault.Internal, "kind: text categories in a column of int8"},
		{"a type that cannot be bound", Scores{}, rec(t, fields("price time", "kind text", "size int"), `[null]`, `["a"]`, `[2]`), fault.Internal, "price: column of type timestamp[s, tz=UTC]"},
		{"a dictionary of text for numbers", Scores{}, rec(t, fields("price dict", "kind text", "size int"), `["x"]`, `["a"]`, `[2]`), fault.Internal, "price: text in a column that was bound as numbers"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := b.Score(c.rec, &c.s); err == nil || err.Error() != c.want || fault.CodeOf(err) != c.code {
				t.Errorf("got  %v (%s)\nwant %s (%s)", err, fault.CodeOf(err), c.want, c.code)
			}
		})
	}
	if err := b.Score(good, &Scores{}); err != nil {
		t.Error(err)
	}
}

// TestScoreConcurrently: one Binding, many goroutines with a Scores each.
func TestScoreConcurrently(t *testing.T) {
	for _, engine := range []string{"reference", "leaves", "auto"} {
		g := golden.Find(t, "lightgbm")
		m, err := Parse(g.Bytes(t), g.File, Options{Engine: engine})
		if err != nil {
			t.Fatal(err)
		}
		rows := golden.Rows(t)
		b, err := m.Bind(rows.Schema(), nil)
		if err != nil {
			t.Fatal(err)
		}
		want := g.Golden(t)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				s := Scores{Want: WantMargin | WantLeaf}
				for j := range 10 {
					first, n := (i*571+j*97)%4000, 1+(i*37+j*211)%700
					if err := b.Score(rows.NewSlice(int64(first), int64(first+n)), &s); err != nil {
						t.Error(err)
					}
					if !slices.Equal(s.Margin, want.Margins[first:first+n]) || !slices.Equal(s.Leaf, want.Leaves[first*want.Trees:(first+n)*want.Trees]) {
						t.Errorf("%s: rows %d to %d differ", engine, first, first+n)
					}
				}
			})
		}
		wg.Wait()
	}
}
