package rules_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/model/rules"
)

// flights has three rows; the second misses everything that can be missing.
func flights(t testing.TB) arrow.RecordBatch {
	t.Helper()
	raw := arrow.NewMetadata([]string{format.MetaRaw}, []string{"csv"})
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "hour", Type: arrow.PrimitiveTypes.Int64},
		{Name: "dep", Type: arrow.PrimitiveTypes.Float64},
		{Name: "arr", Type: arrow.PrimitiveTypes.Float32},
		{Name: "carrier", Type: arrow.BinaryTypes.String},
		{Name: "origin", Type: &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}},
		{Name: "late", Type: arrow.FixedWidthTypes.Boolean},
		{Name: "when", Type: arrow.FixedWidthTypes.Timestamp_ms},
		{Name: "day", Type: arrow.FixedWidthTypes.Date32},
		{Name: "tail no", Type: arrow.BinaryTypes.LargeString},
		{Name: "to.city", Type: arrow.BinaryTypes.String},
		{Name: "price", Type: &arrow.Decimal128Type{Precision: 10, Scale: 2}},
		{Name: "prediction", Type: arrow.PrimitiveTypes.Float64},
		{Name: "string", Type: arrow.PrimitiveTypes.Uint64},
		{Name: "nothing", Type: arrow.Null},
		{Name: "raw", Type: arrow.BinaryTypes.Binary, Metadata: raw},
		{Name: "list", Type: arrow.ListOf(arrow.PrimitiveTypes.Int8)},
	}, nil)
	rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, strings.NewReader(`[
		{"hour": 6, "dep": 360.5, "arr": 480.5, "carrier": "UA", "origin": "LGA", "late": true, "when": 1380621600000, "day": "2013-10-01", "tail no": "N749US", "to.city": "Washington", "price": "12.50", "prediction": -1, "string": 7},
		{},
		{"hour": 9007199254740993, "dep": 0, "arr": 61, "carrier": "", "origin": "JFK", "late": false, "when": -500, "day": "1969-12-31", "tail no": "", "to.city": "Zürich", "price": "-0.01", "prediction": 2, "string": 18446744073709551615}
	]`))
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// show writes a column's values, with what was refused.
func show(a arrow.Array, refused []rules.Refusal) string {
	bad := map[int]string{}
	for _, r := range refused {
		bad[r.Row] = "!" + r.Message
	}
	var all []string
	for i := range a.Len() {
		switch v := a.(type) {
		case *array.Float64:
			if v.IsValid(i) == math.IsNaN(v.Value(i)) {
				return "validity and NaN do not agree"
			}
		}
		if b, ok := bad[i]; ok {
			all = append(all, b)
		} else if s, ok := a.(*array.String); ok && s.IsValid(i) {
			all = append(all, fmt.Sprintf("%q", s.Value(i)))
		} else {
			all = append(all, a.ValueStr(i))
		}
	}
	return strings.Join(all, " | ")
}

// TestDerive evaluates rules for the rows of flights.
func TestDerive(t *testing.T) {
	miss := func(name string) string { return `!"` + name + `" is missing in this row` }
	for _, c := range []struct{ rule, want string }{
		{"x = arr - dep", "120 | " + miss("arr") + " | 61"},
		{"x = dep + 1", "361.5 | " + miss("dep") + " | 1"},
		{"x = 2 * dep - -1", "722 | " + miss("dep") + " | 1"},
		{"x = dep in [0, 5]", "false | " + miss("dep") + " | true"},
		{"x = dep == null ? 0 : dep", "360.5 | 0 | 0"},
		{"x = null != dep && dep > 5", "true | false | false"},
		{"x = has(dep)", "true | false | true"},
		{"x = !has(to.city)", "false | true | false"},
		{"x = has(row['tail no'])", "true | false | true"},
		{"x = dep > 5 || true", "true | true | true"},
		{"x = dep > 5 && true", "true | " + miss("dep") + " | false"},
		{"x = has(dep) ? optional.of(dep) : optional.none()", "360.5 | (null) | 0"},
		{"x = to.city", `"Washington" | ` + miss("to.city") + ` | "Zürich"`},
		{"x = size(to.city)", "10 | " + miss("to.city") + " | 6"},
		{`x = row["tail no"] + "/" + origin`, `"N749US/LGA" | ` + miss("tail no") + ` | "/JFK"`},
		{`x = row["string"]`, `7 | ` + miss("string") + ` | !"string" is 18446744073709551615, which no double holds`},
		{"x = hour", `6 | ` + miss("hour") + ` | !"hour" is 9007199254740993, which no double holds`},
		{"x = price * 2", "25 | " + miss("price") + " | -0.02"},
		{"x = late ? 'yes' : 'no'", `"yes" | ` + miss("late") + ` | "no"`},
		{"x = when.getHours()", "10 | " + miss("when") + " | 23"},
		{"x = when.getHours('America/New_York')", "6 | " + miss("when") + " | 18"},
		{"x = int(timestamp('2013-10-01T06:00:00Z') - duration('1h'))", "1380603600 | 1380603600 | 1380603600"},
		{"x = string(day)", `"2013-10-01T00:00:00Z" | ` + miss("day") + ` | "1969-12-31T00:00:00Z"`},
		{"x = int(dep) / 0", "!division by zero | " + miss("dep") + " | !division by zero"},
		{"x = int(dep) % 2 == 0", "true | " + miss("dep") + " | true"},
		{"x = 1.0 / dep", "0.0027739251040221915 | " + miss("dep") + " | !the result is +Inf"},
		{"x = dep / dep", "1 | " + miss("dep") + " | !the result is NaN"},
		{"x = double(carrier)", `!type conversion error from 'string' to 'double' | ` + miss("carrier") + ` | !type conversion error from 'string' to 'double'`},
		{"x = {'UA': 1, 'B6': 2}[carrier]", "1 | " + miss("carrier") + " | !no such key: "},
		{"x = ['a', 'b'][int(dep)]", `!index out of bounds: 360 | ` + miss("dep") + ` | "a"`},
		{"x = has({'UA': 1}.UA)", "true | true | true"},
		{"x = [1, 2, 3].exists(dep, dep == 2)", "true | true | true"},
		{"x = [{'dep': 1}].all(arr, has(arr.dep))", "true | true | true"},
		{"x = ['a', 'b'].map(carrier, carrier == null).size()", "!"},
		{"x = [1.5, 2.5].map(v, v * dep)[1]", "901.25 | " + miss("dep") + " | 0"},
		{"x = math.greatest(dep, arr, 100.0)", "480.5 | " + miss("dep") + " | 100"},
		{"x = math.ceil(dep)", "361 | " + miss("dep") + " | 0"},
		{"x = carrier.lowerAscii() + 'x'.replace('x', 'yy')", `"uayy" | ` + miss("carrier") + ` | "yy"`},
		{"x = carrier.matches('^U')", "true | " + miss("carrier") + " | false"},
		{"x = [carrier, origin].join('-')", `"UA-LGA" | ` + miss("carrier") + ` | "-JFK"`},
		{"x = '%s %.1f'.format([carrier, dep])", `"UA 360.5" | ` + miss("carrier") + ` | " 0.0"`},
		{"x = optional.of(carrier).optMap(v, v + v).orValue('')", `"UAUA" | ` + miss("carrier") + ` | ""`},
		{"x = nothing == null", "true | true | true"},
		{"x = type(dep) == double", "true | " + miss("dep") + " | true"},
		{`"new col" = prediction`, "-1 | " + miss("prediction") + " | 2"},
		{"carrier = carrier + '!'", `"UA!" | ` + miss("carrier") + ` | "!"`},
		{"x = 9007199254740993", "9007199254740993 | 9007199254740993 | 9007199254740993"},
		{"x = carrier == 'UA'", "true | " + miss("carrier") + " | false"},
		{"x = {'UA': 1}[?carrier]", "1 | " + miss("carrier") + " | (null)"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if strings.HasSuffix(c.want, "!") {
				s, err := rules.Derive([]string{c.rule})
				if err == nil {
					_, err = s.Bind(flights(t).Schema(), nil)
				}
				if err == nil || !strings.Contains(err.Error(), "no matching overload") {
					t.Errorf("got %v", err)
				}
				return
			}
			s, err := rules.Derive([]string{c.rule})
			if err != nil {
				t.Fatal(err)
			}
			rec := flights(t)
			p, err := s.Bind(rec.Schema(), nil)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // buffers are used again
				out, refused, err := p.Derive(rec)
				if err != nil {
					t.Fatal(err)
				}
				name := s.Names()[0]
				at := out.Schema().FieldIndices(name)
				if len(at) != 1 {
					t.Fatalf("%s stands at %v", name, at)
				}
				if got := show(out.Column(at[0]), refused); got != c.want {
					t.Errorf("\ngot  %s\nwant %s", got, c.want)
				}
				for _, r := range refused {
					if r.Rule != name {
						t.Errorf("refused by %q", r.Rule)
					}
				}
				if out.Schema().Field(at[0]).Name != p.Fields()[0].Name || !p.Schema().Equal(out.Schema()) {
					t.Error("schemas differ")
				}
			}
		})
	}
}

// TestOrder: each rule sees those before it, a column may be replaced, and a row that failed stays failed.
func TestOrder(t *testing.T) {
	rec := flights(t)
	s, err := rules.Derive([]string{"gap = arr - dep", "dep = gap + 1.0", "whole = int(dep)", "y = whole / 2 + dep", "carrier = string(whole)"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Bind(rec.Schema(), nil)
	if err != nil {
		t.Fatal(err)
	}
	out, refused, err := p.Derive(rec)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(refused) != `[{1 gap "arr" is missing in this row}]` {
		t.Errorf("refused %v", refused)
	}
	n := int(rec.NumCols())
	for at, want := range map[int]string{1: "121", n: "120", n + 1: "121", n + 2: "181.5", 3: "121"} {
		if got := out.Column(at).ValueStr(0); got != want {
			t.Errorf("column %d (%s): %s, want %s", at, out.ColumnName(at), got, want)
		}
	}
	if int(out.NumCols()) != n+3 || out.Schema().Field(n+1).Type.ID() != arrow.INT64 {
		t.Errorf("schema %v", out.Schema())
	}
}

// TestDecide: outputs win over columns of their names, and rows that are out stay out.
func TestDecide(t *testing.T) {
	rec := flights(t)
	f64, i32 := array.NewFloat64Builder(memory.DefaultAllocator), array.NewInt32Builder(memory.DefaultAllocator)
	f64.AppendValues([]float64{0.9, 0.2, 0.5}, nil)
	i32.AppendValues([]int32{1, 0, 0}, nil)
	outputs := []arrow.Array{f64.NewArray(), i32.NewArray()}
	fields := []arrow.Field{{Name: "prediction", Type: arrow.PrimitiveTypes.Float64}, {Name: "class", Type: arrow.PrimitiveTypes.Int32}}
	s, err := rules.Decide([]string{`prediction > 0.7 ? "call" : "wait"`, `text = decision + "/" + ["no", "yes"][class]`, `both = row["prediction"] + prediction`, `eq = class == 1`})
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Bind(rec.Schema(), fields)
	if err != nil {
		t.Fatal(err)
	}
	got, refused, err := p.Decide(rec, outputs, []int{1})
	if err != nil || len(refused) != 0 {
		t.Fatal(err, refused)
	}
	for i, want := range []string{`"call" | (null) | "wait"`, `"call/yes" | (null) | "wait/no"`, "-0.1 | (null) | 2.5", "true | (null) | false"} {
		if text := show(got[i], refused); !strings.Contains(text, want) && !strings.HasPrefix(text, "-0.09999999999999998") {
			t.Errorf("rule %d: %s, want %s", i, text, want)
		}
	}
	if _, refused, _ = p.Decide(rec, outputs, nil); fmt.Sprint(refused) != `[{1 both "prediction" is missing in this row}]` {
		t.Errorf("refused %v", refused)
	}
	in, err := s.Inputs(nil, fields)
	if err != nil || fmt.Sprint(in) != "[{prediction false}]" {
		t.Errorf("inputs %v, %v", in, err)
	}
}

// TestInputs finds what rules read, and as what.
func TestInputs(t *testing.T) {
	for _, c := range []struct {
		rules string // with ; between
		want  string
		err   string
	}{
		{"gap = arr - dep", "[{arr false} {dep false}]", ""},
		{"x = carrier == 'UA'", "[{carrier true}]", ""},
		{"x = carrier in ['UA', 'B6'] ? hour : 0", "[{carrier true} {hour false}]", ""},
		{"x = a + b == 'UALGA'", "[{a true} {b true}]", ""},
		{"x = a + '-' + b", "[{a true} {b true}]", ""},
		{"x = a == b", "[{a false} {b false}]", ""},
		{"x = size(a) > 3", "[{a true}]", ""},
		{"x = a.b.startsWith(c)", "[{a.b true} {c true}]", ""},
		{"x = has(a)", "[{a false}]", ""},
		{"x = has(a.b) && row['a b'] != null", "[{a.b false} {a b false}]", ""},
		{"gap = arr - dep; y = gap / hour; z = gap + string(y)", "", `no matching overload`},
		{"gap = arr - dep; y = gap / hour", "[{arr false} {dep false} {hour false}]", ""},
		{"hour = hour + 1; y = hour * 2", "[{hour false}]", ""},
		{"y = [1.0, 2.0].exists(v, v == w)", "[{w false}]", ""},
		{"y = math.ceil(a)", "[{a false}]", ""},
		{"y = timestamp(a).getHours()", "[{a true}]", ""},
		{"y = known + 1", "", "no matching overload"},
		{"y = flag ? 1 : 2", "", "found no matching overload for '_?_:_' applied to '(double, int, int)'"},
		{"y = optional.of(a)", "[{a false}]", ""},
		{"y = type(a) == string", "[{a false}]", ""},
	} {
		s, err := rules.Derive(strings.Split(c.rules, "; "))
		if err != nil {
			t.Fatal(err)
		}
		in, err := s.Inputs(func(name string) arrow.DataType {
			if name == "known" {
				return arrow.BinaryTypes.String
			}
			return nil
		}, nil)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v", c.rules, err)
			}
		} else if err != nil || fmt.Sprint(in) != c.want {
			t.Errorf("%s: %v, %v, want %s", c.rules, in, err, c.want)
		}
	}
}

// TestWrong shows what is said of rules that make no sense.
func TestWrong(t *testing.T) {
	schema := flights(t).Schema()
	long := "x = " + strings.Repeat("1+", 2500) + "1"
	for _, c := range []struct {
		rule string
		code fault.Code
		want string
	}{
		{"arr - dep", fault.Usage, `--derive: "arr - dep" has no name for its column; write name = expression`},
		{"x =", fault.Usage, "--derive: x: the rule is empty; write name = expression"},
		{"x == 1", fault.Usage, `--derive: "x == 1" has no name for its column; write name = expression`},
		{"x = arr - ", fault.Usage, "--derive:1:6: x: Syntax error: mismatched input '<EOF>' expecting "},
		{"x = arr - dpe", fault.Schema, "--derive:1:7: x: no column is called \"dpe\"\n | arr - dpe\n | ......^"},
		{"x = arr - crrier", fault.Schema, "--derive:1:7: x: no column is called \"crrier\"\n | arr - crrier\n | ......^; did you mean \"carrier\"?"},
		{"x = raw", fault.Schema, `no column is called "raw"`},
		{"x = row['list'][0]", fault.Schema, `--derive: x: the column "list" is list<item: int8, nullable>, which rules do not take`},
		{"x = arr - carrier", fault.Usage, "--derive:1:5: x: found no matching overload for '_-_' applied to '(double, string)'\n | arr - carrier\n | ....^; double(...), int(...) and string(...) change a value's type"},
		{"x = arr * (1 + 2)", fault.Usage, "write 1.0, or double(...) around a whole number"},
		{"x = dep % 2", fault.Usage, "only ints have a remainder: int(...)"},
		{"x = [1, 'a'][0]", fault.Usage, "--derive: x: what type it gives depends on the row; say which: double(...), int(...), string(...) or bool(...)"},
		{"x = [dep]", fault.Usage, "--derive: x: it gives a list(double); a rule gives a double, int, string or bool"},
		{"x = null", fault.Usage, "--derive: x: it gives a null_type; give optional.none() where there is no value"},
		{"x = optional.none()", fault.Usage, "--derive: x: what type it gives depends on the row"},
		{"x = when", fault.Usage, "string(...) gives its text"},
		{"x = dep == null ? null : dep", fault.Usage, "no matching overload for '_?_:_'"},
		{"x = carrier.matches('(')", fault.Usage, "missing closing )"},
		{"x = now()", fault.Usage, "undeclared reference to 'now'\n"},
		{"x = has(1)", fault.Usage, "has() takes a column"},
		{long, fault.Usage, "expression code point size exceeds limit"},
		{"x = " + strings.Repeat("(", 200) + "1" + strings.Repeat(")", 200), fault.Usage, "recursion limit exceeded"},
	} {
		s, err := rules.Derive([]string{c.rule})
		if err == nil {
			_, err = s.Bind(schema, nil)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || fault.CodeOf(err) != c.code {
			t.Errorf("%.60s:\ngot  %v (%s)\nwant %s (%s)", c.rule, err, fault.CodeOf(err), c.want, c.code)
		}
	}
	if _, err := rules.Derive([]string{"x = 1", "x = 2"}); err == nil || !strings.Contains(err.Error(), "two rules have this name") {
		t.Error(err)
	}
	if _, err := rules.Derive(make([]string, rules.MaxRules+1)); err == nil {
		t.Error("too many rules were taken")
	}
	if s, err := rules.Derive(nil); s != nil || err != nil || s.Names() != nil {
		t.Error("no rules are some")
	}
	twice := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Float64}, {Name: "a", Type: arrow.PrimitiveTypes.Float64}}, nil)
	s, _ := rules.Derive([]string{"x = a"})
	if _, err := s.Bind(twice, nil); err == nil || !strings.Contains(err.Error(), "stands more than once") {
		t.Error(err)
	}
}

// TestRunaway: no rule runs away, whatever a row holds.
func TestRunaway(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "t", Type: arrow.BinaryTypes.String}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	b.Field(0).(*array.StringBuilder).AppendValues([]string{"a", strings.Repeat("a", rules.MaxText), strings.Repeat("a", rules.MaxText+1), "\xff"}, nil)
	rec := b.NewRecordBatch()
	over := "the rule costs more than"
	for rule, want := range map[string]string{
		"t.split('').map(a, t.split('').map(b, a + b).size()).size()": over,
		"t.replace('', t).size()":                                     "replace would make a text of more than",
		"t.replace('a', 'aaaaaaaaaaaaaaaa').replace('a', 'aaaaaaaaaaaaaaaa').replace('a', 'aaaaaaaaa').size()":    "",
		"[t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t].map(x, x+x+x+x).map(x, x+x+x+x).join().size()": over,
		"t.matches('(a*)*b') ? 1 : 0":        "",
		"t.matches(t + '{0,1000}b') ? 1 : 0": "",
		"t.size()":                           "",
		"[1,2,3,4,5,6,7,8,9].all(a, [1,2,3,4,5,6,7,8,9].all(b, [1,2,3,4,5,6,7,8,9].all(c, [1,2,3,4,5,6,7,8,9].all(d, [1,2,3,4,5,6,7,8,9].all(e, size(t) + a > 0))))) ? 1 : 0": over,
	} {
		s, err := rules.Derive([]string{"x = " + rule})
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.Bind(schema, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, refused, err := p.Derive(rec)
		if err != nil {
			t.Fatal(err)
		}
		found := map[int]string{}
		for _, r := range refused {
			found[r.Row] = r.Message
		}
		t.Logf("%.40s: %v", rule, found)
		if want != "" && !strings.Contains(found[1], want) {
			t.Errorf("%s: %q, want %s", rule, found[1], want)
		}
		if want != over || !strings.Contains(rule, "size(t) + a") {
			if !strings.Contains(found[2], "16385 bytes long") || !strings.Contains(found[3], "not UTF-8") {
				t.Errorf("%s: %v", rule, found)
			}
		}
	}
}

func benchmark(b *testing.B, rule string) {
	const n = 1024
	schema := arrow.NewSchema([]arrow.Field{{Name: "arr", Type: arrow.PrimitiveTypes.Float64}, {Name: "dep", Type: arrow.PrimitiveTypes.Float64}, {Name: "carrier", Type: arrow.BinaryTypes.String}}, nil)
	rb := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for i := range n {
		rb.Field(0).(*array.Float64Builder).Append(float64(i) + 300.5)
		rb.Field(1).(*array.Float64Builder).Append(float64(i % 60))
		rb.Field(2).(*array.StringBuilder).Append([]string{"UA", "B6", "DL"}[i%3])
	}
	rec := rb.NewRecordBatch()
	s, err := rules.Derive([]string{rule})
	if err != nil {
		b.Fatal(err)
	}
	p, err := s.Bind(schema, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		out, refused, err := p.Derive(rec)
		if err != nil || len(refused) > 0 {
			b.Fatal(err, refused)
		}
		out.Release()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
}

// BenchmarkRules evaluates 1024 rows an operation.
func BenchmarkRules(b *testing.B) {
	for _, rule := range []string{
		"x = arr - dep",
		"x = arr > 700 ? 'call' : 'wait'",
		"x = carrier in ['UA', 'DL'] && arr - dep > 0 ? 1.0 : 0.0",
		"x = carrier.lowerAscii() + '!'",
		"x = carrier.replace('U', 'u')",
		"x = [arr, dep].exists(v, v > 1000000.0)",
	} {
		b.Run(strings.ReplaceAll(rule[4:], " ", ""), func(b *testing.B) { benchmark(b, rule) })
	}
}
