package block

import (
	"math"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"github.com/glulam/glulam/fault"
)

func record(t *testing.T, rows int) arrow.RecordBatch {
	t.Helper()
	meta := arrow.NewMetadata([]string{MetaFeature}, []string{"1"})
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
		{Name: "x", Type: arrow.PrimitiveTypes.Float64, Metadata: meta},
		{Name: "s", Type: arrow.BinaryTypes.String, Nullable: true},
	}, nil))
	defer b.Release()
	for i := range rows {
		b.Field(0).(*array.Float64Builder).Append(float64(i) / 3)
		if i%2 == 0 {
			b.Field(1).AppendNull()
		} else {
			b.Field(1).(*array.StringBuilder).Append("é,\n")
		}
	}
	return b.NewRecordBatch()
}

// TestCoder holds that a block survives a stage boundary whole: rows, nulls, field metadata, positions and times.
func TestCoder(t *testing.T) {
	for _, rows := range []int{0, 1, 5} {
		in := Block{Record: record(t, rows), Origin: Origin{Source: "a.csv", Unit: 3, Part: 7, Row: make([]int64, rows), Offset: make([]int64, rows)}, Times: make([]int64, rows)}
		for i := range rows {
			in.Origin.Row[i], in.Origin.Offset[i], in.Times[i] = int64(i+1), int64(i*100), int64(i)-5
		}
		data, err := encode(in)
		if err != nil {
			t.Fatal(err)
		}
		out, err := decode(data)
		if err != nil {
			t.Fatal(err)
		}
		if !out.Record.Schema().Equal(in.Record.Schema()) || !out.Record.Schema().Field(0).Metadata.Equal(in.Record.Schema().Field(0).Metadata) {
			t.Errorf("schema %v, want %v", out.Record.Schema(), in.Record.Schema())
		}
		if !array.RecordEqual(in.Record, out.Record) {
			t.Errorf("record %v, want %v", out.Record, in.Record)
		}
		if rows > 0 {
			if d := cmp.Diff(in.Origin, out.Origin); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(in.Times, out.Times); d != "" {
				t.Error(d)
			}
		}
		for cut := range data {
			if _, err := decode(data[:cut]); err == nil && cut < 8 {
				t.Errorf("a block cut to %d of %d bytes was decoded", cut, len(data))
			}
		}
	}
}

func TestRejectedCoder(t *testing.T) {
	in := Rejected{Unit: 1, Part: 2, Letter: fault.Letter{Source: "a.csv", Row: 3, Offset: 4, Raw: []byte("a\xff,b"), Stage: "read", Code: fault.BadNumber, Field: "x", Message: "m", Model: "d"}}
	data, err := encodeRejected(in)
	if err != nil {
		t.Fatal(err)
	}
	out, err := decodeRejected(data)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(in, out); d != "" {
		t.Error(d)
	}
}

// TestLists: positions that do not ascend, and cut-off ones.
func TestLists(t *testing.T) {
	for _, list := range [][]int64{nil, {}, {5}, {1, 2, 3}, {math.MaxInt64, math.MinInt64, 0, -1}} {
		data := appendList(nil, list)
		got, rest, err := readList(append(data, 'x'))
		if err != nil || string(rest) != "x" || !slices.Equal(got, list) || (got == nil) != (list == nil) {
			t.Errorf("%v: %v, rest %q, %v", list, got, rest, err)
		}
		for cut := range data {
			if _, _, err := readList(data[:cut]); err == nil {
				t.Errorf("%v cut to %d bytes was read", list, cut)
			}
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	t := &testing.T{}
	in := Block{Record: record(t, 4096), Origin: Origin{Source: "a.csv", Row: make([]int64, 4096), Offset: make([]int64, 4096)}}
	for i := range 4096 {
		in.Origin.Row[i], in.Origin.Offset[i] = int64(1_000_000+i), int64(100_000_000+i*100)
	}
	b.ReportAllocs()
	for b.Loop() {
		data, err := encode(in)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(data)))
	}
}
