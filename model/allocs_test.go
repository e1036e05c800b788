package model_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/model/forest"
)

// oldVersion are the names of cases that an old version of the library made: all of them have newer twins.
var oldVersion = regexp.MustCompile(`^(old|v3|v13|v17|v21)_`)

// TestScoreAllocates nothing once its slices have grown: models of every format, every engine, one row and many.
func TestScoreAllocates(t *testing.T) {
	if model.RaceEnabled {
		t.Skip("the race detector empties pools at random")
	}
	for _, g := range models(t) {
		for _, engine := range engines {
			allocates(t, g.Name, load(t, g, engine), golden.Rows(t).NewSlice(0, 1500), rename(g))
		}
	}
	for _, library := range golden.Libraries(t) {
		for _, c := range golden.Cases(t, library) {
			if oldVersion.MatchString(c.Name) {
				continue
			}
			rows := caseRecord(c.Columns(t))
			for _, engine := range engines {
				m, err := model.Load(context.Background(), c.Path(), model.Options{Engine: engine, Features: c.Features, Trees: c.Trees, Raw: c.Raw})
				if err == nil { // TestCases sees to what is refused
					allocates(t, library+"/"+c.Name, m, rows, nil)
				}
			}
		}
	}
}

// TestScoreAllocatesHashed is TestScoreAllocates for categories that are hashed, from columns of every type.
func TestScoreAllocatesHashed(t *testing.T) {
	if model.RaceEnabled {
		t.Skip("the race detector empties pools at random")
	}
	p := arrow.PrimitiveTypes
	const whole, text = `[1, null, 100, 7]`, `["1", null, "UA", "ua"]`
	for _, c := range []struct {
		typ    arrow.DataType
		values string
	}{
		{p.Int8, whole}, {p.Int16, whole}, {p.Int32, whole}, {p.Int64, whole},
		{p.Uint8, whole}, {p.Uint16, whole}, {p.Uint32, whole}, {p.Uint64, whole},
		{arrow.FixedWidthTypes.Boolean, `[true, null, false, true]`},
		{arrow.BinaryTypes.String, text}, {arrow.BinaryTypes.LargeString, text}, {arrow.Null, `[null, null, null, null]`},
		{&arrow.DictionaryType{IndexType: p.Int8, ValueType: arrow.BinaryTypes.String}, text},
		{&arrow.DictionaryType{IndexType: p.Int8, ValueType: p.Int64}, whole},
	} {
		b, _, err := array.FromJSON(memory.DefaultAllocator, c.typ, strings.NewReader(c.values))
		if err != nil {
			t.Fatal(err)
		}
		a, _, err := array.FromJSON(memory.DefaultAllocator, p.Float32, strings.NewReader(`[1, 0, null, 0.5]`))
		if err != nil {
			t.Fatal(err)
		}
		rows := record([]arrow.Field{{Name: "a", Type: p.Float32, Nullable: true}, {Name: "b", Type: c.typ, Nullable: true}}, []arrow.Array{a, b})
		for _, engine := range engines {
			m, err := model.Parse([]byte(hashedModel), "hashed.json", model.Options{Engine: engine})
			if err != nil {
				t.Fatal(err)
			}
			allocates(t, fmt.Sprint(c.typ), m, rows, nil)
		}
	}
}

// allocates fails if a model allocates when it scores a record's first row, or many rows.
func allocates(t *testing.T, name string, m *model.Model, rows arrow.RecordBatch, rename map[string]string) {
	t.Helper()
	b, err := m.Bind(rows.Schema(), rename)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	few := int64(1 + 500_000/(1+len(m.Forest().Trees)))
	for _, n := range []int64{1, min(few, rows.NumRows())} {
		some := rows.NewSlice(0, n)
		s := model.Scores{Want: model.WantMargin | model.WantLeaf}
		if m.Forest().Link.Kind != forest.LinkUnknown {
			s.Want |= model.WantPrediction
		}
		if m.Forest().HasClass() {
			s.Want |= model.WantClass
		}
		// An average is rounded down: now and then a pool that was emptied is filled again.
		if allocs := testing.AllocsPerRun(4, func() {
			if err := b.Score(some, &s); err != nil {
				t.Error(err)
			}
		}); allocs > 0 {
			t.Errorf("%s, %s engine: %v allocations for %d rows", name, m.Engine(), allocs, n)
		}
	}
}
