package score

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/transforms/block"
)

// ready is a DoFn after its Setup.
func ready(t testing.TB, o Options) *scoreFn {
	t.Helper()
	f := &scoreFn{Options: o}
	if err := f.Setup(context.Background()); err != nil {
		t.Fatal(err)
	}
	return f
}

// one scores a block: what came out, whose records are copies, and what was rejected.
func (f *scoreFn) one(b block.Block) (out []block.Block, bad []block.Rejected, err error) {
	err = f.ProcessElement(context.Background(), b, func(b block.Block) {
		if b.Record, err = copied(b.Record); err == nil {
			out = append(out, b)
		}
	}, func(r block.Rejected) { bad = append(bad, r) })
	return out, bad, err
}

func path(name string) string { return golden.Path(name + ".txt") }

// predict is what a model predicts for rec, by the library.
func predict(t testing.TB, ref string, rec arrow.RecordBatch) []float64 {
	t.Helper()
	m, err := model.Load(context.Background(), ref, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := m.Bind(rec.Schema(), nil)
	if err != nil {
		t.Fatal(err)
	}
	s := model.Scores{Want: model.WantPrediction}
	if err := b.Score(rec, &s); err != nil {
		t.Fatal(err)
	}
	return s.Prediction
}

// hours has rows of the column hour, and of names; every seventh hour is missing.
func hours(n int) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
		{Name: "name", Type: arrow.BinaryTypes.String},
		{Name: "hour", Type: arrow.PrimitiveTypes.Float64, Nullable: true, Metadata: arrow.NewMetadata([]string{block.MetaFeature}, []string{"1"})},
	}, nil))
	defer b.Release()
	for i := range n {
		b.Field(0).(*array.StringBuilder).Append(fmt.Sprint("row ", i))
		if h := b.Field(1).(*array.Float64Builder); i%7 == 6 {
			h.AppendNull()
		} else {
			h.Append(float64(i % 24))
		}
	}
	return b.NewRecordBatch()
}

// TestRules: a rule makes the feature that the model reads, rules decide of what it gave, and a row that a rule fails for is
// rejected; the others have the bits that the library gives for the rows as they were made.
func TestRules(t *testing.T) {
	rec := hours(100)
	f := ready(t, Options{
		Model: path("one_feature"), Missing: true, Outputs: []string{"class", "model"},
		Derive: []string{"hour = hour + 1", "night = hour > 20 ? optional.of('yes') : optional.none()"},
		Decide: []string{"prediction > 0.3 ? 'call' : 'wait'", "sure = decision == 'call' && night == null", "p = prediction", "m = model.size()", "fails = 100 / int(hour - 5.0)"},
	})
	out, bad, err := f.one(block.Block{Record: rec})
	if err != nil {
		t.Fatal(err)
	}
	shifted := array.NewFloat64Builder(memory.DefaultAllocator)
	for i := range 100 {
		shifted.Append(float64(i%24) + 1)
	}
	want := predict(t, path("one_feature"), array.NewRecordBatch(arrow.NewSchema([]arrow.Field{{Name: "hour", Type: arrow.PrimitiveTypes.Float64}}, nil), []arrow.Array{shifted.NewArray()}, 100))
	seen := map[string]bool{}
	for _, b := range out {
		r := b.Record
		if got := fmt.Sprint(names(r.Schema())); got != "[name hour night class model decision sure p m fails]" {
			t.Fatalf("columns %s", got)
		}
		for i := range int(r.NumRows()) {
			name := r.Column(0).(*array.String).Value(i)
			var row int
			fmt.Sscanf(name, "row %d", &row)
			seen[name] = true
			p := r.Column(7).(*array.Float64).Value(i)
			decision := map[bool]string{true: "call", false: "wait"}[want[row] > 0.3]
			if math.Float64bits(p) != math.Float64bits(want[row]) || r.Column(5).ValueStr(i) != decision || r.Column(1).ValueStr(i) != fmt.Sprint(row%24+1) ||
				r.Column(2).IsNull(i) != (row%24+1 <= 20) || r.Column(6).ValueStr(i) != fmt.Sprint(decision == "call" && row%24 < 20) || r.Column(8).ValueStr(i) != "71" ||
				r.Column(3).ValueStr(i) != map[bool]string{true: "1", false: "0"}[want[row] > 0.5] || b.Missing.Count(0, i, i+1) != 0 || r.Column(9).ValueStr(i) != fmt.Sprint(100/(row%24-4)) {
				t.Fatalf("row %d: %v", row, r)
			}
		}
	}
	for _, r := range bad {
		var row int
		fmt.Sscanf(string(r.Letter.Raw), `{"name":"row %d"`, &row)
		seen[fmt.Sprint("row ", row)] = true
		want := `hour: "hour" is missing in this row`
		if row%7 != 6 {
			want = "fails: division by zero"
			if row%24 != 4 {
				t.Errorf("row %d is rejected: %+v", row, r.Letter)
			}
		}
		if r.Letter.Code != fault.RuleFailed || r.Letter.Field+": "+r.Letter.Message != want || r.Letter.Model == "" || !strings.Contains(string(r.Letter.Raw), `"hour":`) {
			t.Errorf("%+v, want %s", r.Letter, want)
		}
	}
	if len(seen) != 100 || len(bad) != 17 {
		t.Errorf("%d rows came out, %d rejected", len(seen), len(bad))
	}
}

func names(s *arrow.Schema) (all []string) {
	for _, f := range s.Fields() {
		all = append(all, f.Name)
	}
	return all
}

// TestRuleMissing: an optional that has none is a missing value to the model, and counted as one.
func TestRuleMissing(t *testing.T) {
	f := ready(t, Options{Model: path("one_feature"), Missing: true, Keep: []string{}, Derive: []string{"hour = has(hour) && hour < 3 ? optional.of(hour) : optional.none()"}})
	out, bad, err := f.one(block.Block{Record: hours(14)})
	if err != nil || len(bad) > 0 || len(out) != 1 {
		t.Fatal(err, bad)
	}
	if n := out[0].Missing.Count(0, 0, 14); n != 11 {
		t.Errorf("%d rows miss the hour, not 11", n)
	}
	if got := fmt.Sprint(names(out[0].Record.Schema())); got != "[prediction]" {
		t.Errorf("columns %s", got)
	}
}

// TestRuleOptions: what is said before a run of columns and rules.
func TestRuleOptions(t *testing.T) {
	ctx := context.Background()
	load := func(name string) *model.Model {
		m, err := model.Load(ctx, path(name), model.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	one, multi := load("one_feature"), load("multiclass")
	o := Options{Derive: []string{"hour = floor + 1", "tag = carrier + '!'"}, Decide: []string{"prediction > 0.5", "why = row['free text']", "margin_and = margin + gate.number"}}
	in, err := o.Inputs(one, nil)
	if want := []model.Input{{Feature: "floor", Column: "floor"}, {Feature: "carrier", Column: "carrier", Text: true}, {Feature: "free text", Column: "free text"}, {Feature: "gate.number", Column: "gate.number"}}; err != nil || !reflect.DeepEqual(in, want) {
		t.Errorf("inputs %v, %v", in, err)
	}
	in, err = o.Inputs(one, func(c string) arrow.DataType {
		return map[string]arrow.DataType{"free text": arrow.BinaryTypes.String, "floor": arrow.PrimitiveTypes.Int8}[c]
	})
	if err != nil || !in[2].Text || in[0].Text {
		t.Errorf("inputs %v, %v", in, err)
	}
	if err := o.Check(one); err != nil {
		t.Error(err)
	}
	fields := func(o Options, m *model.Model) string {
		var all []string
		for _, f := range o.Fields(m) {
			all = append(all, f.Name+" "+f.Type.String())
		}
		return strings.Join(all, ", ")
	}
	if got, want := fields(o, one), "hour float64, tag utf8, prediction float64, decision bool, why float64, margin_and float64"; got != want {
		t.Errorf("fields %s\nwant   %s", got, want)
	}
	o.Keep = []string{"tag"}
	if got, want := fields(o, one), "tag utf8, prediction float64, decision bool, why float64, margin_and float64"; got != want {
		t.Errorf("fields %s\nwant   %s", got, want)
	}
	if in, err := (&Options{Decide: []string{"prediction_3 > hour ? 'a' : carrier"}}).Inputs(multi, nil); err != nil || len(in) != 18 || in[17].Column != "carrier" || !in[17].Text {
		t.Errorf("inputs %v, %v", in, err)
	}
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Derive: []string{"prediction = 1.0"}}, `--derive: "prediction" is what an output is called`},
		{Options{Decide: []string{"margin = 1.0"}}, `--decide: "margin" is what an output or another rule is called`},
		{Options{Derive: []string{"x = 1.0"}, Decide: []string{"x = 1.0"}}, `--decide: "x" is what an output or another rule is called`},
		{Options{Decide: []string{"1 +"}}, `--decide:1:4: decision: Syntax error`},
		{Options{Refresh: 1}, "--refresh: 1ns: at least 1ms, or 0 for never"},
		{Options{MaxSlowdown: 0.5}, "--max-slowdown: 0.5: from 1 on"},
		{Options{MaxSlowdown: math.NaN()}, "--max-slowdown: NaN: from 1 on"},
		{Options{MaxLoad: -1}, "--max-load"},
	} {
		if err := c.o.Check(one); err == nil || !strings.HasPrefix(err.Error(), c.want) || fault.CodeOf(err) != fault.Usage {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	if err := (&Options{Derive: []string{"prediction = 1.0"}, Keep: []string{}}).Check(one); err != nil {
		t.Errorf("a column that is not put out: %v", err)
	}
	if _, err := (&Options{Derive: []string{"x = carrier - 1"}}).Inputs(one, func(string) arrow.DataType { return arrow.BinaryTypes.String }); err == nil {
		t.Error("text minus a number")
	}
}

// TestRuleFits: what does not fit is said before the first block.
func TestRuleFits(t *testing.T) {
	m, err := model.Load(context.Background(), path("one_feature"), model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	number := arrow.PrimitiveTypes.Float64
	raw := arrow.NewMetadata([]string{format.MetaRaw}, []string{"csv"})
	mark := arrow.NewMetadata([]string{block.MetaFeature}, []string{"1"})
	for _, c := range []struct {
		o      Options
		fields []arrow.Field
		want   string
	}{
		{Options{Derive: []string{"hour = h * 1.0"}}, []arrow.Field{{Name: "h", Type: number}}, ""},
		{Options{Derive: []string{"hour = string(h)"}}, []arrow.Field{{Name: "h", Type: number}}, "hour is utf8, the model wants numbers"},
		{Options{Derive: []string{"hour = g * 1.0"}}, []arrow.Field{{Name: "h", Type: number}}, `no column is called "g"`},
		{Options{Decide: []string{"class == 1"}}, []arrow.Field{{Name: "hour", Type: number}}, ""},
		{Options{Decide: []string{"prediction_1 > 0.5"}}, []arrow.Field{{Name: "hour", Type: number}}, `no column or output is called "prediction_1"`},
		{Options{Decide: []string{"x = 1"}}, []arrow.Field{{Name: "hour", Type: number}, {Name: "x", Type: number}}, "the input has columns of the outputs' names: x"},
		{Options{Derive: []string{"hour = hour + 1"}}, []arrow.Field{{Name: "hour", Type: arrow.BinaryTypes.Binary, Metadata: raw}, {Name: "hour", Type: number, Metadata: mark}}, "the input has columns of the outputs' names: hour"},
	} {
		err := c.o.Fits(m, arrow.NewSchema(c.fields, nil))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: %v, want %s", c.o.Derive, err, c.want)
		}
	}
}
