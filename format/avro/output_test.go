package avro

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/twmb/avro"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

var (
	headColumns = []format.Column{{Name: "(message)", Kind: format.RawRow}, {Name: "(head)", Kind: format.Head}}
	prediction  = []arrow.Field{{Name: "prediction", Type: arrow.PrimitiveTypes.Float64}, {Name: "decision", Type: arrow.BinaryTypes.String, Nullable: true}}
)

// scored adds the columns of outputs to what a decoder gave.
func scored(rec arrow.RecordBatch, fields []arrow.Field, values ...string) arrow.RecordBatch {
	all := append(rec.Schema().Fields(), fields...)
	cols := rec.Columns()
	for i, f := range fields {
		b := array.NewBuilder(memory.DefaultAllocator, f.Type)
		for range rec.NumRows() {
			if values[i] == "null" {
				b.AppendNull()
			} else if err := b.AppendValueFromString(values[i]); err != nil {
				panic(err)
			}
		}
		cols = append(cols, b.NewArray())
	}
	return array.NewRecordBatch(arrow.NewSchema(all, nil), cols, rec.NumRows())
}

// pass decodes a message, and encodes what becomes of it.
func pass(t *testing.T, o Output, in *Schema, datum []byte, values ...string) (schema string, out []byte) {
	t.Helper()
	schema, err := o.Schema(in)
	if err != nil {
		t.Fatal(err)
	}
	d, err := NewDecoder(Options{Schema: in, Output: &o}, headColumns)
	if err != nil {
		t.Fatal(err)
	}
	b, err := d.Decode([][]byte{datum})
	if err != nil || len(b.Rejected) > 0 {
		t.Fatal(err, b.Rejected)
	}
	rec := scored(b.Record, o.Fields, values...)
	if came := rec.Column(0).(*array.Binary).Value(0); !bytes.Equal(came, datum) {
		t.Errorf("the message is %x", came)
	}
	e, err := NewEncoder(o, rec.Schema())
	if err != nil {
		t.Fatal(err)
	}
	if out, err = e.Append(nil, rec, 0); err != nil {
		t.Fatal(err)
	}
	return schema, out
}

// read decodes a record with the library.
func read(t *testing.T, schema string, datum []byte) map[string]any {
	t.Helper()
	var row map[string]any
	s, err := avro.Parse(schema)
	if err != nil {
		t.Fatal(err)
	}
	if rest, err := s.Decode(datum, &row); err != nil || len(rest) > 0 {
		t.Fatalf("%d bytes left, %v", len(rest), err)
	}
	return row
}

const trip = `{"type":"record","name":"Trip","namespace":"air","doc":"a trip","aliases":["T"],"fields":[
	{"name":"id","type":"long","default":-1,"doc":"of the trip","aliases":["key"]},
	{"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}},
	{"name":"price","type":["null",{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}],"default":null},
	{"name":"plane","type":["null",{"type":"record","name":"Plane","fields":[{"name":"seats","type":"int"},{"name":"kind","type":["string","int"]},{"name":"built","type":["int","null"]}]}]},
	{"name":"next","type":["null","Trip"]},
	{"name":"tags","type":{"type":"map","values":"string"}},
	{"name":"stops","type":{"type":"array","items":{"type":"enum","name":"Stop","symbols":["ORD","LGA"]}}},
	{"name":"last","type":"Stop"}]}`

func tripRow(plane, next any) map[string]any {
	return map[string]any{"id": int64(1)<<60 + 1, "at": int64(1380600000123456), "price": "12.34", "plane": plane, "next": next,
		"tags": map[string]any{"a": "x"}, "stops": []string{"LGA", "ORD"}, "last": "LGA"}
}

// TestOutput: the library reads outputs: kept fields as they were, with their types, and columns behind them.
func TestOutput(t *testing.T) {
	in := &Schema{Text: trip}
	library := avro.MustParse(trip)
	plane := map[string]any{"seats": int32(189), "kind": "737", "built": int32(2001)}
	for _, row := range []map[string]any{tripRow(plane, nil), tripRow(nil, tripRow(nil, nil)), tripRow(map[string]any{"seats": int32(1), "kind": int32(7), "built": nil}, tripRow(plane, tripRow(nil, nil)))} {
		datum, err := library.Encode(row)
		if err != nil {
			t.Fatal(err)
		}
		want := read(t, trip, datum)

		schema, out := pass(t, Output{Fields: prediction}, in, datum, "0.1", "call")
		if !bytes.HasPrefix(out, datum) {
			t.Error("the fields of the message are other bytes")
		}
		got := read(t, schema, out)
		if got["prediction"] != 0.1 || got["decision"] != "call" {
			t.Errorf("%v", got)
		}
		delete(got, "prediction")
		delete(got, "decision")
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%v, not %v", got, want)
		}

		paths := []string{"plane.seats", "stops", "plane.kind", "tags.a", "id", "price", "tags.b", "plane.built", "plane", "last"}
		schema, out = pass(t, Output{Keep: paths, Fields: prediction}, in, datum, "-0", "null")
		got = read(t, schema, out)
		if math.Float64bits(got["prediction"].(float64)) != 1<<63 || got["decision"] != nil || len(got) != len(paths)+2 {
			t.Errorf("%v", got)
		}
		for name, path := range map[string]string{"id": "id", "stops": "stops", "price": "price", "last": "last", "plane": "plane", "plane_seats": "plane.seats", "plane_kind": "plane.kind", "plane_built": "plane.built", "tags_a": "tags.a", "tags_b": "tags.b"} {
			var at any = want
			for _, k := range strings.Split(path, ".") {
				at, _ = at.(map[string]any)[k], 0
				if at == nil {
					break
				}
			}
			if !reflect.DeepEqual(got[name], at) {
				t.Errorf("%s is %v, not %v", name, got[name], at)
			}
		}
	}
}

// TestOutputSchema: kept fields say what they said, and what is new is in no way of what is old.
func TestOutputSchema(t *testing.T) {
	for _, x := range []struct {
		o    Output
		in   string
		want string // the schema, or a part of the error
	}{
		{Output{Keep: []string{"id", "at"}, Fields: prediction[:1]}, trip, `{"fields":[{"aliases":["key"],"default":-1,"doc":"of the trip","name":"id","type":"long"},{"name":"at","type":{"logicalType":"timestamp-micros","type":"long"}},{"name":"prediction","type":"double"}],"name":"air.TripScored","type":"record"}`},
		{Output{Keep: []string{"plane.seats", "plane.kind", "plane.built"}, Name: "S"}, trip, `{"fields":[{"default":null,"name":"plane_seats","type":["null","int"]},{"default":null,"name":"plane_kind","type":["null","string","int"]},{"name":"plane_built","type":["int","null"]}],"name":"S","type":"record"}`},
		{Output{Keep: []string{"last"}}, trip, `{"fields":[{"name":"last","type":{"name":"Stop","symbols":["ORD","LGA"],"type":"enum"}}],"name":"air.TripScored","type":"record"}`},
		{Output{Keep: []string{}, Fields: prediction}, trip, `{"fields":[{"name":"prediction","type":"double"},{"default":null,"name":"decision","type":["null","string"]}],"name":"air.TripScored","type":"record"}`},
		{Output{Fields: []arrow.Field{{Name: "2nd flight, Zürich", Type: arrow.ListOfNonNullable(arrow.PrimitiveTypes.Float64)}}}, "", `{"fields":[{"name":"_2nd_flight__Z_rich","type":{"items":"double","type":"array"}}],"name":"Scored","type":"record"}`},
		{Output{Fields: []arrow.Field{{Name: "id", Type: arrow.PrimitiveTypes.Int64}}}, trip, `id: the output has two fields of this name`},
		{Output{Keep: []string{"plane.seats", "plane_seats"}}, strings.Replace(trip, `"last"`, `"plane_seats"`, 1), `plane_seats: the output has the field plane_seats of "plane.seats" already`},
		{Output{Fields: []arrow.Field{{Name: "x", Type: arrow.FixedWidthTypes.Time32s}}}, "", `x: columns of type time32[s] are not written`},
		{Output{Fields: []arrow.Field{{Name: "", Type: arrow.PrimitiveTypes.Int64}}}, "", `has a name`},
		{Output{Name: "air.Plane"}, trip, `has a type air.Plane already`},
		{Output{Name: "air.Trip"}, trip, `has a type air.Trip already`},
		{Output{Keep: []string{"planes"}}, trip, `the schema has no field planes`},
		{Output{Keep: []string{"a.b"}}, `{"type":"record","name":"R","fields":[{"name":"a","type":[{"type":"record","name":"X","fields":[{"name":"b","type":"int"}]},{"type":"record","name":"Y","fields":[{"name":"b","type":"long"}]}]}]}`, `a.b: the field has another type in each branch`},
		{Output{}, `"long"`, `a row is a record`},
	} {
		var in *Schema
		if x.in != "" {
			in = &Schema{Text: x.in}
		}
		got, err := x.o.Schema(in)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, x.want) || err == nil && got != x.want {
			t.Errorf("%+v:\n%s\n%s", x.o, got, x.want)
		}
	}
}

// ids gives schemas ids, or says that it cannot.
type ids struct {
	schemas []string
	err     error
}

func (r *ids) Register(schema string) (uint32, error) {
	if r.err != nil {
		return 0, r.err
	}
	r.schemas = append(r.schemas, schema)
	return uint32(100 + len(r.schemas)), nil
}

// TestOutputIDs: each schema of messages is another one of outputs, registered when the first message comes; a schema that outputs
// cannot have makes letters of its messages.
func TestOutputIDs(t *testing.T) {
	other := strings.Replace(trip, `"name":"price"`, `"name":"cost"`, 1)
	clash := strings.Replace(trip, `"name":"price"`, `"name":"prediction"`, 1)
	in := &resolver{asked: map[uint32]int{}, schemas: map[uint32]Schema{1: {Text: trip}, 2: {Text: other}, 3: {Text: clash}}}
	out := &ids{err: fault.New(fault.Unreadable, "registry", "%w", format.ErrAgain)}
	o := Output{Fields: prediction, Registrar: out}
	d, err := NewDecoder(Options{Resolver: in, Output: &o}, headColumns)
	if err != nil {
		t.Fatal(err)
	}
	row := tripRow(nil, nil)
	datum, err := avro.MustParse(trip).Encode(row)
	if err != nil {
		t.Fatal(err)
	}
	message := func(id uint32) []byte { return append(binary.BigEndian.AppendUint32([]byte{0}, id), datum...) }
	values := [][]byte{message(1), message(2), message(3), message(1), {0, 0, 0, 0, 2, 1}}
	if _, err := d.Decode(values); !errors.Is(err, format.ErrAgain) {
		t.Fatal(err)
	}
	out.err = nil
	for range 2 {
		b, err := d.Decode(values)
		if err != nil {
			t.Fatal(err)
		}
		if len(b.Rejected) != 2 || b.Rejected[0].Code != fault.BadSchema || b.Rejected[0].Field != "prediction" || b.Rejected[1].Code != fault.BadMessage {
			t.Errorf("%+v", b.Rejected)
		}
		rec := scored(b.Record, prediction, "0.5", "null")
		e, err := NewEncoder(o, rec.Schema())
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []uint32{101, 102, 101} {
			v, err := e.Append(nil, rec, i)
			if err != nil || v[0] != 0 || binary.BigEndian.Uint32(v[1:]) != want {
				t.Fatalf("%x %v", v, err)
			}
			if got := read(t, out.schemas[want-101], v[5:]); got["prediction"] != 0.5 || got["id"] != row["id"] {
				t.Errorf("%v", got)
			}
		}
	}
	if len(out.schemas) != 2 || in.asked[1] != 1 || in.asked[2] != 1 {
		t.Errorf("%d schemas registered, %v", len(out.schemas), in.asked)
	}
}

// TestEncodeColumns: columns alone are records, all bits of them.
func TestEncodeColumns(t *testing.T) {
	fields := []arrow.Field{
		{Name: "f64", Type: arrow.PrimitiveTypes.Float64}, {Name: "f32", Type: arrow.PrimitiveTypes.Float32}, {Name: "i64", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "i32", Type: arrow.PrimitiveTypes.Int32}, {Name: "u8", Type: arrow.PrimitiveTypes.Uint8}, {Name: "b", Type: arrow.FixedWidthTypes.Boolean}, {Name: "s", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "l", Type: arrow.ListOf(arrow.PrimitiveTypes.Float64)}, {Name: "d", Type: arrow.FixedWidthTypes.Date32}, {Name: "t", Type: arrow.FixedWidthTypes.Timestamp_us},
	}
	rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, arrow.NewSchema(fields, nil), strings.NewReader(`[
		{"f64":0.1,"f32":0.1,"i64":null,"i32":-2147483648,"u8":255,"b":true,"s":"Zürich","l":[1.5,null],"d":"2013-10-01","t":"2013-10-01T04:00:00Z"},
		{"f64":-0.0,"f32":1,"i64":-9223372036854775808,"i32":1,"u8":0,"b":false,"s":null,"l":[],"d":"1969-12-31","t":"1970-01-01T00:00:00Z"}]`))
	if err != nil {
		t.Fatal(err)
	}
	rec.Column(0).(*array.Float64).Float64Values()[1] = math.Float64frombits(0xfff8dead00000001)
	r := &ids{}
	e, err := NewEncoder(Output{Registrar: r}, rec.Schema())
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []map[string]any{
		{"f32": float32(0.1), "i64": nil, "i32": int32(math.MinInt32), "u8": int32(255), "b": true, "s": "Zürich", "l": []any{1.5, nil}},
		{"f32": float32(1), "i64": int64(math.MinInt64), "i32": int32(1), "u8": int32(0), "b": false, "s": nil, "l": []any{}},
	} {
		v, err := e.Append(nil, rec, i)
		if err != nil {
			t.Fatal(err)
		}
		got := read(t, r.schemas[0], v[5:])
		for k, w := range want {
			if !reflect.DeepEqual(got[k], w) {
				t.Errorf("%s is %v, not %v", k, got[k], w)
			}
		}
		if f := got["f64"].(float64); math.Float64bits(f) != math.Float64bits(rec.Column(0).(*array.Float64).Value(i)) {
			t.Errorf("%x", math.Float64bits(f))
		}
	}
	if v, _ := e.Append(nil, rec, 0); !strings.Contains(r.schemas[0], `{"logicalType":"timestamp-micros","type":"long"}`) || len(v) == 0 {
		t.Error(r.schemas[0])
	}
}

// TestEncodeRefuses: a row that cannot be written is an error of its own, and the encoder goes on; other columns than were planned
// are one of the encoder.
func TestEncodeRefuses(t *testing.T) {
	texts := array.NewStringBuilder(memory.DefaultAllocator)
	for _, s := range []string{"\xff", "ok"} {
		texts.Append(s)
	}
	texts.AppendNull()
	schema := arrow.NewSchema([]arrow.Field{{Name: "s", Type: arrow.BinaryTypes.String}}, nil)
	rec := array.NewRecordBatch(schema, []arrow.Array{texts.NewArray()}, 3)
	e, err := NewEncoder(Output{}, schema)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []fault.Code{fault.BadText, "", fault.WrongType} {
		_, err := e.Append(nil, rec, i)
		if fe, _ := err.(*fault.Error); fault.CodeOf(err) != want || want != "" && fe.Field != "s" {
			t.Errorf("row %d: %v", i, err)
		}
	}
	for _, fields := range [][]arrow.Field{prediction, {{Name: "s", Type: arrow.PrimitiveTypes.Float64}}, {{Name: "t", Type: arrow.BinaryTypes.String}}} {
		if _, err := NewEncoder(Output{Fields: fields}, schema); fault.CodeOf(err) != fault.Schema {
			t.Errorf("%v", err)
		}
	}
	if _, err := NewEncoder(Output{Fields: []arrow.Field{{Name: "s", Type: arrow.BinaryTypes.String, Nullable: true}}}, schema); err != nil {
		t.Error(err)
	}
}

// TestKeepStrange: what is kept of what is no object is a letter, as in JSON.
func TestKeepStrange(t *testing.T) {
	in := &Schema{Text: `{"type":"record","name":"R","fields":[{"name":"a","type":["string",{"type":"map","values":"int"}]}]}`}
	d, err := NewDecoder(Options{Schema: in, Output: &Output{Keep: []string{"a.b"}}}, headColumns)
	if err != nil {
		t.Fatal(err)
	}
	twice := append(varints(1, 2, 1), 'b', 2, 2, 'b', 2, 0)
	b, err := d.Decode([][]byte{append(varints(0, 1), 'x'), twice, append(varints(1, 1, 1), 'b', 8, 0)})
	if err != nil || len(b.Rejected) != 2 || b.Rejected[0].Code != fault.WrongType || b.Rejected[1].Code != fault.DuplicateName {
		t.Fatal(err, b.Rejected)
	}
	if got := b.Record.Column(1).(*array.Binary).Value(0); !bytes.Equal(got, []byte{2, 8}) {
		t.Errorf("%x", got)
	}
}

// FuzzOutput: what is accepted the library reads, kept fields and all, and finds the values that the message had.
func FuzzOutput(f *testing.F) {
	library := avro.MustParse(fuzzed)
	row := map[string]any{"i": int32(-5), "l": int64(1) << 60, "f": float32(1.5), "d": 0.1, "s": "text", "e": "B", "o": true, "b": []byte("xy"), "n": map[string]any{"x": 2.5, "n": map[string]any{"x": "deep", "n": nil}},
		"p": map[string]any{"l": int64(3), "k": []any{nil, map[string]any{"x": nil, "n": nil}}}, "dec": "12.345", "t": int64(1380600000123456)}
	v, err := library.Encode(row)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(v)
	in := &Schema{Text: fuzzed}
	paths := []string{"n.n.x", "p.l", "b", "n", "t", "i", "n.x", "e", "p"}
	var outputs [2]Output
	outputs[0], outputs[1] = Output{Fields: prediction}, Output{Keep: paths, Fields: prediction}
	var schemas [2]*avro.Schema
	var decoders [2]format.Decoder
	for i, o := range outputs {
		text, err := o.Schema(in)
		if err != nil {
			f.Fatal(err)
		}
		schemas[i] = avro.MustParse(text)
		if decoders[i], err = NewDecoder(Options{Schema: in, Output: &outputs[i]}, headColumns); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, v []byte) {
		if v == nil {
			v = []byte{}
		}
		for i, d := range decoders {
			b, err := d.Decode([][]byte{v})
			if err != nil || int(b.Record.NumRows())+len(b.Rejected) != 1 {
				t.Fatal(err)
			}
			if len(b.Rejected) == 1 {
				continue
			}
			rec := scored(b.Record, prediction, "0.1", "null")
			e, err := NewEncoder(outputs[i], rec.Schema())
			if err != nil {
				t.Fatal(err)
			}
			out, err := e.Append(nil, rec, 0)
			if err != nil {
				t.Fatal(err)
			}
			var was, is map[string]any
			if _, err := library.Decode(v, &was); err != nil {
				t.Fatal(err)
			}
			if rest, err := schemas[i].Decode(out, &is); err != nil || len(rest) > 0 {
				t.Fatalf("%d bytes left, %v", len(rest), err)
			}
			if is["prediction"] != 0.1 || is["decision"] != nil {
				t.Fatal(is)
			}
			for _, name := range []string{"b", "n", "t", "i", "e", "p"} {
				if fmt.Sprint(was[name]) != fmt.Sprint(is[name]) { // of NaN, too
					t.Fatalf("%s: %v, %v", name, was[name], is[name])
				}
			}
		}
	})
}

// FuzzOutputSchema: of any schema outputs have one that the library takes, or are refused, and what a message becomes is a record of
// it or a letter.
func FuzzOutputSchema(f *testing.F) {
	f.Add(trip, "plane.seats", varints(2, 2, 0))
	f.Add(`{"type":"record","name":"a.b","fields":[{"name":"a","type":{"type":"map","values":["null","int"]}},{"name":"n","type":["a.b","null"],"default":null}]}`, "n.a.x", []byte{0, 2})
	f.Add(`{"type":"record","name":"R","fields":[{"name":"a","type":["null",{"type":"record","name":"S","fields":[{"name":"b","type":["int","string"]}]}]}]}`, "a.b", []byte{2, 0, 2})
	f.Fuzz(func(t *testing.T, text, path string, v []byte) {
		if v == nil {
			v = []byte{}
		}
		in := &Schema{Text: text}
		for _, o := range []Output{{Fields: prediction}, {Keep: []string{path}, Fields: prediction}} {
			out, err := o.Schema(in)
			if err != nil {
				if fault.CodeOf(err) == fault.Internal {
					t.Fatal(err)
				}
				continue
			}
			s, err := avro.Parse(out)
			if err != nil {
				t.Fatal(err)
			}
			d, err := NewDecoder(Options{Schema: in, Output: &o}, headColumns)
			if err != nil {
				t.Fatal(err)
			}
			b, err := d.Decode([][]byte{v})
			if err != nil || int(b.Record.NumRows())+len(b.Rejected) != 1 {
				t.Fatal(err)
			}
			if len(b.Rejected) == 1 {
				if b.Rejected[0].Code == fault.Internal {
					t.Fatal(b.Rejected[0].Message)
				}
				continue
			}
			rec := scored(b.Record, prediction, "0.1", "null")
			e, err := NewEncoder(o, rec.Schema())
			if err != nil {
				t.Fatal(err)
			}
			datum, err := e.Append(nil, rec, 0)
			if err != nil {
				t.Fatal(err)
			}
			if again, _, bad := parse(Schema{Text: out}); bad != nil {
				t.Fatal(bad)
			} else if d, err := NewDecoder(Options{Schema: &Schema{Text: out}}, []format.Column{{Name: "prediction"}}); err != nil || len(again.fields) != len(s.Root().Fields) {
				t.Fatal(err)
			} else if b, err := d.Decode([][]byte{datum}); err != nil || len(b.Rejected) > 0 || b.Record.Column(0).(*array.Float64).Value(0) != 0.1 {
				t.Fatal(err, b.Rejected)
			}
		}
	})
}
