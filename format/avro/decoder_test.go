package avro

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/twmb/avro"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/jsonl"
)

// oneField is the schema of a record with a field a.
func oneField(typ string) *Schema {
	return &Schema{Text: `{"type":"record","name":"R","fields":[{"name":"a","type":` + typ + `}]}`}
}

// kinds asks for the field a in every way.
var kinds = []format.Column{{Name: "number", Path: "a"}, {Name: "exact", Path: "a", Exact: true}, {Name: "text", Path: "a", Kind: format.Text},
	{Name: "raw", Path: "a", Kind: format.Raw}, {Name: "message", Kind: format.RawRow}}

// one decodes a message for one column, and gives what came of it as text.
func one(t *testing.T, d format.Decoder, v []byte) string {
	t.Helper()
	b, err := d.Decode([][]byte{v})
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Rejected) > 0 {
		l := b.Rejected[0]
		return fmt.Sprintf("%s %s: %s", l.Code, l.Field, l.Message)
	}
	col := b.Record.Column(0)
	switch col := col.(type) {
	case *array.Float64:
		return fmt.Sprintf("%016x %v", math.Float64bits(col.Value(0)), col.Value(0))
	case *array.Binary:
		if col.IsNull(0) {
			return "null"
		}
		return string(col.Value(0))
	}
	if col.IsNull(0) {
		return "null"
	}
	return "text " + col.ValueStr(0)
}

// TestValues holds the columns of a value against those of the JSON that the message is, and against what is expected. want is
// what number, exact, text and raw give; "": what JSON does.
func TestValues(t *testing.T) {
	enum := `{"type":"enum","name":"E","symbols":["UA","DL"]}`
	for _, x := range []struct {
		typ   string
		value any
		json  string // of the value
		text  string // of a Text column, where that is not what JSON does
		bad   string // why a number column refuses it, where JSON has other words for that
	}{
		{`"null"`, nil, `null`, "", ""},
		{`["null","long"]`, nil, `null`, "", ""},
		{`["null","long"]`, int64(5), `5`, "", ""},
		{`"int"`, int32(math.MinInt32), `-2147483648`, "", ""},
		{`"long"`, int64(1) << 53, `9007199254740992`, "", ""},
		{`"long"`, int64(1)<<53 + 1, `9007199254740993`, "", ""},
		{`"long"`, int64(math.MaxInt64), `9223372036854775807`, "", ""},
		{`"long"`, int64(math.MinInt64), `-9223372036854775808`, "", ""},
		{`"long"`, int64(1234567890123456789), `1234567890123456789`, "", ""},
		{`"double"`, 0.1, `0.1`, "", ""},
		{`"double"`, math.Copysign(0, -1), `-0`, "", ""},
		{`"double"`, 1e300, `1e+300`, "", ""},
		{`"double"`, 5e-324, `5e-324`, "", ""},
		{`"double"`, math.NaN(), `"NaN"`, "", ""},
		{`"double"`, math.Inf(-1), `"-Infinity"`, "", ""},
		{`"float"`, float32(0.1), `0.10000000149011612`, "", ""},
		{`"float"`, float32(math.Inf(1)), `"Infinity"`, "", ""},
		{`"boolean"`, true, `true`, "", ""},
		{`"boolean"`, false, `false`, "", ""},
		{`"string"`, "", `""`, "", ""},
		{`"string"`, "Zürich \"x\"\n", `"Zürich \"x\"\n"`, "", "x"},
		{`"string"`, "NaN", `"NaN"`, "", ""},
		{`"string"`, "12", `"12"`, "", ""},
		{enum, "DL", `"DL"`, "", ""},
		{`["null","string",` + enum + `]`, "UA", `"UA"`, "", ""},
		{`"bytes"`, []byte("abc\x01\""), `"abc\u0001\""`, "", "x"},
		{`"bytes"`, []byte("\xff\x80"), `"\u00ff\u0080"`, "bad_text", "x"},
		{`{"type":"fixed","name":"F","size":2}`, []byte("ok"), `"ok"`, "", "x"},
		{`{"type":"fixed","name":"F","size":16,"logicalType":"uuid"}`, []byte("\x6b\xa7\xb8\x10\x9d\xad\x11\xd1\x80\xb4\x00\xc0\x4f\xd4\x30\xc8"), `"6ba7b810-9dad-11d1-80b4-00c04fd430c8"`, "", ""},
		{`{"type":"string","logicalType":"uuid"}`, "6ba7b810-9dad-11d1-80b4-00c04fd430c8", `"6ba7b810-9dad-11d1-80b4-00c04fd430c8"`, "", ""},
		{`{"type":"bytes","logicalType":"decimal","precision":6,"scale":2}`, big.NewRat(-1234, 100), `-12.34`, "", ""},
		{`{"type":"bytes","logicalType":"decimal","precision":6,"scale":2}`, big.NewRat(-5, 100), `-0.05`, "", ""},
		{`{"type":"bytes","logicalType":"decimal","precision":6,"scale":6}`, big.NewRat(1, 1000000), `0.000001`, "", ""},
		{`{"type":"bytes","logicalType":"decimal","precision":30}`, big.NewRat(9007199254740993, 1), `9007199254740993`, "", ""},
		{`{"type":"fixed","name":"F","size":20,"logicalType":"decimal","precision":40,"scale":1}`, new(big.Rat).SetFrac(new(big.Int).Exp(big.NewInt(-7), big.NewInt(41), nil), big.NewInt(10)), `-4456764032636319590019004597456800.7`, "", ""},
		{`{"type":"long","logicalType":"timestamp-millis"}`, time.UnixMilli(1380600000123), `1380600000123`, "text 2013-10-01T04:00:00.123Z", ""},
		{`{"type":"long","logicalType":"timestamp-micros"}`, time.UnixMicro(-1), `-1`, "text 1969-12-31T23:59:59.999999Z", ""},
		{`{"type":"long","logicalType":"timestamp-nanos"}`, time.Unix(0, 1380600000123456789), `1380600000123456789`, "text 2013-10-01T04:00:00.123456789Z", ""},
		{`{"type":"long","logicalType":"local-timestamp-millis"}`, time.UnixMilli(1380600000123).UTC(), `1380600000123`, "text 2013-10-01T04:00:00.123", ""},
		{`{"type":"int","logicalType":"date"}`, time.Date(2013, 10, 1, 0, 0, 0, 0, time.UTC), `15979`, "text 2013-10-01", ""},
		{`{"type":"array","items":"int"}`, []int32{1, 2, 3}, `[1,2,3]`, "", ""},
		{`{"type":"array","items":["null",{"type":"map","values":"boolean"}]}`, []any{nil, map[string]any{"x": true}}, `[null,{"x":true}]`, "", ""},
		{`{"type":"map","values":"string"}`, map[string]string{}, `{}`, "", ""},
		{`{"type":"record","name":"S","fields":[{"name":"x","type":"int"},{"name":"y","type":["null","S"]}]}`,
			map[string]any{"x": int32(1), "y": map[string]any{"x": int32(2), "y": nil}}, `{"x":1,"y":{"x":2,"y":null}}`, "", ""},
	} {
		schema := oneField(x.typ)
		datum, err := avro.MustParse(schema.Text).Encode(map[string]any{"a": x.value})
		if err != nil {
			t.Fatal(x.typ, err)
		}
		datum = append([]byte{}, datum...) // a null has no bytes
		json := `{"a":` + x.json + `}`
		for _, c := range kinds {
			cols := []format.Column{c}
			a, err := NewDecoder(Options{Schema: schema}, cols)
			if err != nil {
				t.Fatal(err)
			}
			j, _ := jsonl.NewDecoder(jsonl.Options{}, cols)
			got, want := one(t, a, datum), one(t, j, []byte(json))
			if c.Kind == format.RawRow && want != json || c.Kind == format.Raw && want != x.json {
				t.Fatalf("%s: %s", json, want)
			}
			isText := c.Kind == format.Text
			switch {
			case isText && x.text == "bad_text":
				if !strings.HasPrefix(got, x.text) {
					t.Errorf("%s of %s %s: %s", c.Name, x.typ, json, got)
				}
			case isText && x.text != "":
				if got != x.text {
					t.Errorf("%s of %s %s: %s, want %s", c.Name, x.typ, json, got, x.text)
				}
			case c.Kind == format.Number && x.bad != "":
				if !strings.HasPrefix(got, "wrong_type a: a number is needed") {
					t.Errorf("%s of %s %s: %s", c.Name, x.typ, json, got)
				}
			case got != want:
				t.Errorf("%s of %s %s: %s, want %s", c.Name, x.typ, json, got, want)
			}
		}
	}
}

// TestNulls: the strings that mean missing are those of JSON.
func TestNulls(t *testing.T) {
	schema := oneField(`["string",{"type":"enum","name":"E","symbols":["NA","x"]}]`)
	nulls := format.Nulls{Number: []string{"NA", "-"}, Text: []string{"", "NA"}}
	for _, s := range []string{"", "NA", "-", "x"} {
		datum, err := avro.MustParse(schema.Text).Encode(map[string]any{"a": s})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range kinds {
			cols := []format.Column{c}
			a, err := NewDecoder(Options{Schema: schema, Nulls: nulls}, cols)
			if err != nil {
				t.Fatal(err)
			}
			j, _ := jsonl.NewDecoder(jsonl.Options{Nulls: nulls}, cols)
			if got, want := one(t, a, datum), one(t, j, []byte(`{"a":"`+s+`"}`)); got != want {
				t.Errorf("%s of %q: %s, want %s", c.Name, s, got, want)
			}
		}
	}
}

// TestPaths: members of records and maps are found through unions; what is not there is missing.
func TestPaths(t *testing.T) {
	schema := &Schema{Text: `{"type":"record","name":"R","namespace":"n","fields":[
		{"name":"skip","type":{"type":"array","items":{"type":"map","values":{"type":"record","name":"S","fields":[{"name":"v","type":["null","double"]}]}}}},
		{"name":"a","type":["null","string",{"type":"record","name":"A","fields":[{"name":"b","type":["null","S"]},{"name":"c","type":"int"},{"name":"next","type":["null","A"]}]}]},
		{"name":"m","type":{"type":"map","values":["long","A"]}}]}`}
	s := avro.MustParse(schema.Text)
	skip := []any{map[string]any{"k": map[string]any{"v": 1.5}}, map[string]any{}}
	inner := map[string]any{"b": map[string]any{"v": 2.5}, "c": int32(7), "next": nil}
	outer := map[string]any{"b": nil, "c": int32(8), "next": inner}
	cols := []format.Column{{Name: "v", Path: "a.next.b.v"}, {Name: "v1", Path: "a.b.v"}, {Name: "a", Kind: format.Raw}, {Name: "mx", Path: "m.x"}, {Name: "myc", Path: "m.y.c"}}
	for _, x := range []struct {
		row  map[string]any
		want string
	}{
		{map[string]any{"skip": skip, "a": outer, "m": map[string]any{}}, `[2.5 NaN {"b":null,"c":8,"next":{"b":{"v":2.5},"c":7,"next":null}} NaN NaN]`},
		{map[string]any{"skip": skip, "a": inner, "m": map[string]any{"x": int64(3)}}, `[NaN 2.5 {"b":{"v":2.5},"c":7,"next":null} 3 NaN]`},
		{map[string]any{"skip": []any{}, "a": nil, "m": map[string]any{"x": int64(3), "y": inner, "z": outer}}, `[NaN NaN null 3 7]`},
		{map[string]any{"skip": []any{}, "a": "text", "m": map[string]any{}}, `wrong_type a.b.v: a is a string, not an object`},
		{map[string]any{"skip": []any{}, "a": nil, "m": map[string]any{"y": int64(3)}}, `wrong_type m.y.c: m.y is a number, not an object`},
		{map[string]any{"skip": []any{}, "a": nil, "m": map[string]any{"x": inner}}, `wrong_type m.x: a number is needed, not an object: {"b":{"v":2.5},"c":7,"next":null}`},
	} {
		datum, err := s.Encode(x.row)
		if err != nil {
			t.Fatal(err)
		}
		d, err := NewDecoder(Options{Schema: schema}, cols)
		if err != nil {
			t.Fatal(err)
		}
		b, err := d.Decode([][]byte{datum})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if len(b.Rejected) > 0 {
			l := b.Rejected[0]
			got = fmt.Sprintf("%s %s: %s", l.Code, l.Field, l.Message)
		} else {
			var vs []string
			for _, c := range b.Record.Columns() {
				if c, ok := c.(*array.Binary); ok {
					vs = append(vs, string(c.Value(0)))
					continue
				}
				vs = append(vs, c.ValueStr(0))
			}
			got = fmt.Sprint(vs)
		}
		if got != x.want {
			t.Errorf("%v:\n%s\nwant %s", x.row, got, x.want)
		}
	}
}

// TestFixedSchema: a schema that cannot fill the columns is refused when the decoder is made.
func TestFixedSchema(t *testing.T) {
	schema := &Schema{Text: `{"type":"record","name":"R","fields":[{"name":"distance","type":["null","int"]},{"name":"m","type":{"type":"map","values":"int"}},
		{"name":"u","type":["null",{"type":"record","name":"A","fields":[{"name":"x","type":"int"}]},{"type":"record","name":"B","fields":[{"name":"y","type":"int"}]}]},{"name":"prediction","type":"int"}]}`}
	for path, want := range map[string]string{
		"distance": "", "m.anything": "", "u.x": "", "u.y": "",
		"distnace": "has no field distnace; did you mean \"distance\"?", "distance.x": "no field distance.x", "u.z": "no field u.z", "prediction": "",
	} {
		_, err := NewDecoder(Options{Schema: schema}, []format.Column{{Name: "c", Path: path}})
		if want == "" && err != nil || want != "" && (fault.CodeOf(err) != fault.Schema || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", path, err)
		}
	}
	for range 20 { // columns are looked for in no order: what one has must not hide what another lacks
		_, err := NewDecoder(Options{Schema: schema}, []format.Column{{Name: "a", Path: "wind"}, {Name: "b", Path: "distance"}, {Name: "c", Path: "u.x"}, {Name: "d", Path: "u.z"}})
		if fault.CodeOf(err) != fault.Schema || !strings.Contains(err.Error(), "no field u.z, wind") {
			t.Fatal(err)
		}
	}
	if _, err := NewDecoder(Options{Schema: schema, Taken: []string{"prediction"}}, []format.Column{{Name: "m", Kind: format.RawRow}}); fault.CodeOf(err) != fault.Schema {
		t.Error(err)
	}
	for text, want := range map[string]string{
		`"long"`: "the schema is a number", `["null","long"]`: "the schema is a union", `{"type":"record"}`: "", `{`: "",
		`{"type":"record","name":"R","fields":[{"name":"d","type":{"type":"bytes","logicalType":"decimal","precision":2000}}]}`: "at most 1000 digits",
	} {
		if _, err := NewDecoder(Options{Schema: &Schema{Text: text}}, nil); fault.CodeOf(err) != fault.BadSchema || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// resolver has some schemas.
type resolver struct {
	schemas map[uint32]Schema
	err     error
	asked   map[uint32]int
}

func (r *resolver) Schema(id uint32) (Schema, error) {
	r.asked[id]++
	if r.err != nil {
		return Schema{}, r.err
	}
	s, ok := r.schemas[id]
	if !ok {
		return s, fault.New(fault.BadSchema, "", "there is no schema %d", id)
	}
	return s, nil
}

// TestIDs: each message is read by its own schema; an id that is not known is asked for again after a pause, not before; one
// that cannot be asked for is an error.
func TestIDs(t *testing.T) {
	r := &resolver{asked: map[uint32]int{}, schemas: map[uint32]Schema{
		1: *oneField(`"int"`), 2: {Text: `{"type":"record","name":"R","fields":[{"name":"b","type":"string"},{"name":"a","type":["null","double"]}]}`},
		3: {Text: `{"type":"record","name":"R","fields":[{"name":"b","type":"string"}]}`}, 4: {Text: `"long"`}, 5: *oneField(`"nonsense"`),
		6: {Text: `{"type":"record","name":"R","fields":[{"name":"score","type":"null"}]}`},
	}}
	d, err := NewDecoder(Options{Resolver: r, Taken: []string{"score"}}, []format.Column{{Name: "a"}})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	d.(*decoder).now = func() time.Time { return now }
	values := [][]byte{
		{0, 0, 0, 0, 1, 14}, {0, 0, 0, 0, 2, 2, 'x', 2, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f}, {0, 0, 0, 0, 3, 2, 'x'}, // rows
		nil, {}, {0, 0, 0}, []byte(`{"a":1}`), {1, 0, 0, 0, 1, 14}, {0, 0, 0, 0, 4, 2}, {0, 0, 0, 0, 5, 2}, {0, 0, 0, 0, 6}, {0, 0xff, 0xff, 0xff, 0xff}, {0, 0, 0, 0, 1},
		{0, 0, 0, 0, 1, 14, 0},
	}
	want := []string{"tombstone ", "bad_message ", "bad_message ", "bad_message ", "bad_message ", "bad_schema schema id", "bad_schema schema id",
		"duplicate_name score", "bad_schema schema id", "bad_message ", "bad_message "}
	for range 3 {
		b, err := d.Decode(values)
		if err != nil {
			t.Fatal(err)
		}
		a := b.Record.Column(0).(*array.Float64).Values()
		if len(a) != 3 || a[0] != 7 || a[1] != 1.5 || a[2] == a[2] {
			t.Fatal(a)
		}
		if len(b.Rejected) != len(want) {
			t.Fatal(b.Rejected)
		}
		for i, l := range b.Rejected {
			if got := string(l.Code) + " " + l.Field; got != want[i] || l.Row != int64(i+4) || string(l.Raw) != string(values[l.Row-1]) || l.Stage != "read" {
				t.Errorf("letter %d: %+v", i, l)
			}
		}
	}
	if r.asked[math.MaxUint32] != 1 || r.asked[4] != 1 || r.asked[1] != 1 {
		t.Errorf("asked %v", r.asked)
	}
	now = now.Add(pause)
	r.schemas[math.MaxUint32] = *oneField(`"null"`)
	if b, err := d.Decode(values[11:12]); err != nil || b.Record.NumRows() != 1 || r.asked[math.MaxUint32] != 2 {
		t.Error(err, b.Rejected, r.asked)
	}
	r.err = fault.New(fault.Unreadable, "registry", "%w", format.ErrAgain)
	if _, err := d.Decode([][]byte{{0, 0, 0, 0, 8}}); !errors.Is(err, format.ErrAgain) {
		t.Error(err)
	}
	if b, err := d.Decode(values[:3]); err != nil || b.Record.NumRows() != 3 { // what is known needs nobody
		t.Error(err)
	}
	for id := range uint32(3 * maxSchemas) {
		r.err, r.schemas[id+10] = nil, *oneField(`"null"`)
		d.Decode([][]byte{{0, 0, 0, byte((id + 10) >> 8), byte(id + 10)}, {0, 9, 0, byte(id >> 8), byte(id)}})
	}
	if c := d.(*decoder); len(c.known) != maxSchemas || len(c.refused) != maxSchemas {
		t.Errorf("%d schemas and %d refusals are kept", len(c.known), len(c.refused))
	}
}
