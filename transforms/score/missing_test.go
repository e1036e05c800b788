package score

import (
	"context"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"github.com/glulam/glulam/transforms/block"
)

// TestMissing: scored blocks say which rows had no value for a feature, if that was asked for, though its column is gone.
func TestMissing(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "flight", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "h", Type: arrow.PrimitiveTypes.Int64, Nullable: true, Metadata: arrow.NewMetadata([]string{block.MetaFeature}, []string{"1"})},
	}, nil)
	rec := func(text string) arrow.RecordBatch {
		r, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, asked := range []bool{true, false} {
		f := &scoreFn{Options: Options{Model: "../../testdata/flights/one_feature.txt", Rename: map[string]string{"hour": "h"}, Missing: asked}}
		if err := f.Setup(context.Background()); err != nil {
			t.Fatal(err)
		}
		var got [][]int
		scored := func(b block.Block) {
			var rows []int
			for i := range int(b.Record.NumRows()) {
				if !b.Missing.IsZero() && b.Missing.Count(0, i, i+1) == 1 {
					rows = append(rows, i)
				}
			}
			got = append(got, rows)
			if b.Record.Schema().HasField("h") {
				t.Error("the feature's column is still there")
			}
			if asked {
				if d := cmp.Diff([]string{"hour"}, b.Missing.Features); d != "" {
					t.Error(d)
				}
			} else if !b.Missing.IsZero() {
				t.Errorf("%+v, which nobody asked for", b.Missing)
			}
		}
		for _, text := range []string{`[{"h":6},{"h":null},{"h":7},{"h":null}]`, `[{"h":6}]`, `[{"h":null},{"h":1}]`} {
			if err := f.ProcessElement(context.Background(), block.Block{Record: rec(text)}, scored, nil); err != nil {
				t.Fatal(err)
			}
		}
		want := [][]int{{1, 3}, nil, {0}}
		if !asked {
			want = [][]int{nil, nil, nil}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	}
}
