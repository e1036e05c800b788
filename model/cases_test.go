package model_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"
	"text/tabwriter"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/model"
)

// TestCases holds every engine to what each library says of its own models: margins to the last bit, predictions within
// the case's ulps, leaves, and the rows that the library refuses; all rows together and one at a time.
//
// With -v it prints the table of formats, objectives and differences.
func TestCases(t *testing.T) {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	if testing.Verbose() {
		fmt.Fprintln(table, "folder\tcase\tlibrary\tobjective\tengine\trows\tmargins\tpredictions")
		defer table.Flush()
	}
	for _, library := range golden.Libraries(t) {
		for i, c := range golden.Cases(t, library) {
			if passedOver(i) {
				continue
			}
			for _, engine := range engines {
				t.Run(library+"/"+c.Name+"/"+engine, func(t *testing.T) {
					if line := runCase(t, &c, engine); testing.Verbose() && line != "" {
						fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", library, c.Name, c.Library, line)
					}
				})
			}
		}
	}
}

// passedOver says that the race detector leaves a case out: it is after races, and all numbers are looked at without it.
func passedOver(i int) bool { return testing.Short() && model.RaceEnabled && i%8 > 0 }

func runCase(t *testing.T, c *golden.Case, engine string) string {
	m, err := model.Load(context.Background(), c.Path(), model.Options{Engine: engine, Features: c.Features, Trees: c.Trees, Raw: c.Raw})
	if slices.Contains(c.Without, engine) {
		if code := fault.CodeOf(err); code != fault.Unsupported && code != fault.TooLarge {
			t.Errorf("the engine was to refuse this model, got %v", err)
		}
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	rec := caseRecord(c.Columns(t))
	defer rec.Release()
	n := int(rec.NumRows())
	b, err := m.Bind(rec.Schema(), nil)
	if err != nil {
		t.Fatal(err)
	}
	s := model.Scores{Want: model.WantMargin}
	if c.Prediction != nil {
		s.Want |= model.WantPrediction
	}
	if c.Leaf != nil {
		s.Want |= model.WantLeaf
	}
	if m.Forest().HasClass() {
		s.Want |= model.WantClass
	}
	if err := b.Score(rec, &s); err != nil {
		t.Fatal(err)
	}
	var refused []int
	for _, r := range s.Refused {
		refused = append(refused, r.Row)
	}
	if !slices.Equal(refused, c.Refused) {
		t.Errorf("refused rows %v, want %v", refused, c.Refused)
	}
	margins, predictions := compareCase(t, c, &s, n)
	if engine == "reference" { // the evaluator has another way for few rows
		one := model.Scores{Want: s.Want}
		for i := 0; i < n; i += 1 + n/200 {
			row := rec.NewSlice(int64(i), int64(i)+1)
			if err := b.Score(row, &one); err != nil {
				t.Fatal(err)
			}
			row.Release()
			k := len(one.Margin)
			if !slices.Contains(refused, i) && !slices.EqualFunc(one.Margin, s.Margin[i*k:(i+1)*k], sameBits) {
				t.Fatalf("row %d alone: margin %v, among others %v", i, one.Margin, s.Margin[i*k:(i+1)*k])
			}
		}
	}
	return fmt.Sprintf("%s\t%s\t%d\t%s\t%s", m.Forest().Objective, engine, n, margins, predictions)
}

func compareCase(t *testing.T, c *golden.Case, s *model.Scores, n int) (margins, predictions string) {
	skip := make([]bool, n)
	for _, i := range c.Refused {
		skip[i] = true
	}
	margins, predictions = "-", "-"
	if c.Margin != nil {
		want := c.Floats(t, c.Margin)
		worst := compareFloats(t, "margin", s.Margin, want, n, c.Margin, skip)
		margins = fmt.Sprintf("%d ulp", worst)
	}
	if c.Prediction != nil {
		want := c.Floats(t, c.Prediction)
		worst := compareFloats(t, "prediction", s.Prediction, want, n, c.Prediction, skip)
		predictions = fmt.Sprintf("%d ulp", worst)
	}
	if c.Leaf != nil {
		want := c.Ints(t, c.Leaf)
		if len(s.Leaf) != n*c.Leaf.Width || len(want) != len(s.Leaf) {
			t.Fatalf("%d leaves, want %d", len(s.Leaf), len(want))
		}
		for i := range want {
			if s.Leaf[i] != want[i] && !skip[i/c.Leaf.Width] {
				t.Fatalf("row %d, tree %d: leaf %d, want %d", i/c.Leaf.Width, i%c.Leaf.Width, s.Leaf[i], want[i])
			}
		}
	}
	return margins, predictions
}

// compareFloats gives the largest difference in ulps.
func compareFloats(t *testing.T, what string, got, want []float64, n int, e *golden.Expected, skip []bool) (worst uint64) {
	t.Helper()
	if len(got) != n*e.Width || len(want) != len(got) {
		t.Fatalf("%d values of %s, want %d", len(got), what, len(want))
	}
	for i := range want {
		if skip[i/e.Width] {
			continue
		}
		d := floatsBetween(got[i], want[i], e.Float32)
		if d > uint64(e.ULPs) {
			t.Fatalf("row %d, %s %d: %v, want %v (%d ulps)", i/e.Width, what, i%e.Width, got[i], want[i], d)
		}
		worst = max(worst, d)
	}
	return worst
}

// floatsBetween is how many floats lie between two; 0 for equal bits, and for two NaN.
func floatsBetween(a, b float64, single bool) uint64 {
	if math.Float64bits(a) == math.Float64bits(b) || a != a && b != b {
		return 0
	}
	if a != a || b != b {
		return math.MaxUint64
	}
	order := func(v float64) int64 {
		bits := int64(math.Float64bits(v))
		if single {
			bits = int64(int32(math.Float32bits(float32(v))))
			if bits < 0 {
				bits = math.MinInt32 - bits
			}
			return bits
		}
		if bits < 0 {
			bits = math.MinInt64 - bits
		}
		return bits
	}
	x, y := order(a), order(b)
	if x < y {
		x, y = y, x
	}
	if x == y { // 0 and -0, or float64s that are one float32
		return 1
	}
	return uint64(x) - uint64(y)
}

// caseRecord makes a record of a case's rows.
func caseRecord(columns []golden.Column) arrow.RecordBatch {
	var fields []arrow.Field
	var arrays []arrow.Array
	n := 0
	for _, c := range columns {
		if c.IsText {
			b := array.NewStringBuilder(memory.DefaultAllocator)
			for i, v := range c.Text {
				if c.Null[i] {
					b.AppendNull()
				} else {
					b.Append(v)
				}
			}
			fields = append(fields, arrow.Field{Name: c.Name, Type: arrow.BinaryTypes.String, Nullable: true})
			arrays = append(arrays, b.NewArray())
			n = len(c.Text)
			continue
		}
		b := array.NewFloat64Builder(memory.DefaultAllocator)
		b.AppendValues(c.Number, nil)
		fields = append(fields, arrow.Field{Name: c.Name, Type: arrow.PrimitiveTypes.Float64, Nullable: true})
		arrays = append(arrays, b.NewArray())
		n = len(c.Number)
	}
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), arrays, int64(n))
}

// TestCasesAreKept: the folders' files are those of their cases.
func TestCasesAreKept(t *testing.T) {
	for _, library := range golden.Libraries(t) {
		for _, c := range golden.Cases(t, library) {
			if _, err := os.Stat(c.Path()); errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s/%s: no model", library, c.Name)
			}
			if c.Margin == nil && c.Prediction == nil {
				t.Errorf("%s/%s: nothing is expected of it", library, c.Name)
			}
		}
	}
}
