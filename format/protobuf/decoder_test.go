package protobuf

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/jsonl"
)

// file is a descriptor as text: what protoc makes of
//
//	message Other {}
//	message Flight {
//	  int64 id = 1; optional double distance = 2; float temp = 3; Carrier carrier = 4; string dest = 5;
//	  google.protobuf.DoubleValue wind = 6; google.protobuf.Timestamp at = 7; bytes raw = 8; Plane plane = 9;
//	  repeated int32 legs = 10; map<string, Plane> by = 11; oneof o { string x = 12; uint64 y = 13; } bool late = 14; int32 sched_dep = 15;
//	  message Plane { optional int32 seats = 1; Flight last = 2; uint32 engines = 3; }
//	  enum Carrier { UA = 0; DL = 1; }
//	}
const file = `name: "f.proto" package: "air" syntax: "proto3" dependency: "google/protobuf/wrappers.proto" dependency: "google/protobuf/timestamp.proto"
message_type { name: "Other" }
message_type { name: "Flight"
  field { name: "id" number: 1 type: TYPE_INT64 label: LABEL_OPTIONAL json_name: "id" }
  field { name: "distance" number: 2 type: TYPE_DOUBLE label: LABEL_OPTIONAL proto3_optional: true oneof_index: 1 json_name: "distance" }
  field { name: "temp" number: 3 type: TYPE_FLOAT label: LABEL_OPTIONAL json_name: "temp" }
  field { name: "carrier" number: 4 type: TYPE_ENUM type_name: ".air.Flight.Carrier" label: LABEL_OPTIONAL json_name: "carrier" }
  field { name: "dest" number: 5 type: TYPE_STRING label: LABEL_OPTIONAL json_name: "dest" }
  field { name: "wind" number: 6 type: TYPE_MESSAGE type_name: ".google.protobuf.DoubleValue" label: LABEL_OPTIONAL json_name: "wind" }
  field { name: "at" number: 7 type: TYPE_MESSAGE type_name: ".google.protobuf.Timestamp" label: LABEL_OPTIONAL json_name: "at" }
  field { name: "raw" number: 8 type: TYPE_BYTES label: LABEL_OPTIONAL json_name: "raw" }
  field { name: "plane" number: 9 type: TYPE_MESSAGE type_name: ".air.Flight.Plane" label: LABEL_OPTIONAL json_name: "plane" }
  field { name: "legs" number: 10 type: TYPE_INT32 label: LABEL_REPEATED json_name: "legs" }
  field { name: "by" number: 11 type: TYPE_MESSAGE type_name: ".air.Flight.ByEntry" label: LABEL_REPEATED json_name: "by" }
  field { name: "x" number: 12 type: TYPE_STRING label: LABEL_OPTIONAL oneof_index: 0 json_name: "x" }
  field { name: "y" number: 13 type: TYPE_UINT64 label: LABEL_OPTIONAL oneof_index: 0 json_name: "y" }
  field { name: "late" number: 14 type: TYPE_BOOL label: LABEL_OPTIONAL json_name: "late" }
  field { name: "sched_dep" number: 15 type: TYPE_INT32 label: LABEL_OPTIONAL json_name: "schedDep" }
  nested_type { name: "Plane"
    field { name: "seats" number: 1 type: TYPE_INT32 label: LABEL_OPTIONAL proto3_optional: true oneof_index: 0 json_name: "seats" }
    field { name: "last" number: 2 type: TYPE_MESSAGE type_name: ".air.Flight" label: LABEL_OPTIONAL json_name: "last" }
    field { name: "engines" number: 3 type: TYPE_UINT32 label: LABEL_OPTIONAL json_name: "engines" }
    oneof_decl { name: "_seats" } }
  nested_type { name: "ByEntry" options { map_entry: true }
    field { name: "key" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL json_name: "key" }
    field { name: "value" number: 2 type: TYPE_MESSAGE type_name: ".air.Flight.Plane" label: LABEL_OPTIONAL json_name: "value" } }
  enum_type { name: "Carrier" value { name: "UA" number: 0 } value { name: "DL" number: 1 } }
  oneof_decl { name: "o" } oneof_decl { name: "_distance" }
}`

// set is the descriptor set, with or without what the file imports.
func set(tb testing.TB, whole bool) []byte {
	tb.Helper()
	var f descriptorpb.FileDescriptorProto
	if err := prototext.Unmarshal([]byte(file), &f); err != nil {
		tb.Fatal(err)
	}
	s := &descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{&f}}
	if whole {
		s.File = append(s.File, protodesc.ToFileDescriptorProto(wrapperspb.File_google_protobuf_wrappers_proto), protodesc.ToFileDescriptorProto(timestamppb.File_google_protobuf_timestamp_proto))
	}
	b, err := proto.Marshal(s)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// message encodes a flight that is given as text.
func message(tb testing.TB, text string) []byte {
	tb.Helper()
	md, err := find(set(tb, true), "air.Flight")
	if err != nil {
		tb.Fatal(err)
	}
	m := dynamicpb.NewMessage(md)
	if err := prototext.Unmarshal([]byte(text), m); err != nil {
		tb.Fatal(err)
	}
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		tb.Fatal(err)
	}
	return append([]byte{}, b...)
}

func decoderOf(tb testing.TB, cols ...format.Column) format.Decoder {
	tb.Helper()
	d, err := NewDecoder(Options{Descriptors: set(tb, true), Message: "air.Flight"}, cols)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// show gives a row's columns, or why it is a letter.
func show(b *format.Batch) string {
	if len(b.Rejected) > 0 {
		return fmt.Sprintf("%s %s: %s", b.Rejected[0].Code, b.Rejected[0].Field, b.Rejected[0].Message)
	}
	var vs []string
	for _, c := range b.Record.Columns() {
		if c, ok := c.(*array.Binary); ok && c.IsValid(0) {
			vs = append(vs, string(c.Value(0)))
			continue
		}
		vs = append(vs, c.ValueStr(0))
	}
	return strings.Join(vs, " ")
}

var columns = []format.Column{{Name: "id"}, {Name: "distance"}, {Name: "temp"}, {Name: "carrier", Kind: format.Text}, {Name: "dest", Kind: format.Text}, {Name: "wind"},
	{Name: "at", Kind: format.Text}, {Name: "raw", Kind: format.Text}, {Name: "seats", Path: "plane.seats"}, {Name: "engines", Path: "plane.engines"}, {Name: "deep", Path: "plane.last.plane.last.schedDep"},
	{Name: "legs", Kind: format.Raw}, {Name: "by", Kind: format.Text}, {Name: "y"}, {Name: "late"}, {Name: "schedDep"}}

// TestColumns: values go where they are wanted; what is not set is missing or its default, as the field's presence has it.
func TestColumns(t *testing.T) {
	for text, want := range map[string]string{
		``: `0 NaN 0 UA  NaN (null)  NaN NaN NaN [] {} NaN 0 0`,
		`id: -9007199254740993 distance: 0 temp: 0.1 carrier: DL dest: "ORD" wind {value: 2.5} at {seconds: 1380600000 nanos: 123000000} raw: "ab" plane {seats: 0 engines: 2} legs: [1, 2] y: 18446744073709551615 late: true sched_dep: 600`: `-9.007199254740992e+15 0 0.10000000149011612 DL ORD 2.5 2013-10-01T04:00:00.123Z ab 0 2 NaN [1,2] {} 1.8446744073709552e+19 1 600`,
		`wind {} plane {last {plane {last {sched_dep: 7}}}} x: "is set"`: `0 NaN 0 UA  0 (null)  NaN 0 7 [] {} NaN 0 0`,
		`by {key: "b" value {seats: 1}} by {key: "a" value {last {}}}`:   `0 NaN 0 UA  NaN (null)  NaN NaN NaN [] {"a":{"last":{"id":0,"temp":0,"carrier":"UA","dest":"","raw":"","legs":[],"by":{},"late":false,"sched_dep":0},"engines":0},"b":{"seats":1,"engines":0}} NaN 0 0`,
		`carrier: 7 distance: nan temp: -inf`:                            `0 NaN -Inf 7  NaN (null)  NaN NaN NaN [] {} NaN 0 0`,
		`at {seconds: 253402300800}`:                                     `wrong_type at: a timestamp of 253402300800 s and 0 ns is not within the years 1 to 9999`,
		`raw: "\xff"`:                                                    `bad_text raw: 1 bytes that are not ASCII, and nothing says which text they are`,
	} {
		b, err := decoderOf(t, columns...).Decode([][]byte{message(t, text)})
		if err != nil {
			t.Fatal(err)
		}
		if got := show(b); got != want {
			t.Errorf("%s\n%s, want\n%s", text, got, want)
		}
	}
}

// TestSameAsJSON: the JSON that goes on gives the same columns, bit for bit, and a whole number keeps all its digits.
func TestSameAsJSON(t *testing.T) {
	numbers := []format.Column{{Name: "id"}, {Name: "distance"}, {Name: "temp"}, {Name: "wind"}, {Name: "seats", Path: "plane.seats"}, {Name: "late"}, {Name: "y"},
		{Name: "carrier", Kind: format.Text}, {Name: "dest", Kind: format.Text}, {Name: "at", Kind: format.Text}, {Name: "raw", Kind: format.Raw}, {Name: "exact", Path: "y", Exact: true}}
	d := decoderOf(t, append(numbers[:len(numbers):len(numbers)], format.Column{Name: "m", Kind: format.RawRow})...)
	j, _ := jsonl.NewDecoder(jsonl.Options{}, numbers)
	for text, want := range map[string]string{
		`id: 9007199254740993 distance: 1e-300 temp: 0.3 wind {value: nan} dest: "a\"\n\302\251" raw: "\377" at {seconds: -1 nanos: 5}`: `"id":9007199254740993,`,
		`id: -9223372036854775808 plane {seats: 3} late: true y: 9007199254740992 distance: -0.0`:                                       `"distance":-0,`,
	} {
		b, err := d.Decode([][]byte{message(t, text)})
		if err != nil || len(b.Rejected) > 0 {
			t.Fatal(err, b.Rejected)
		}
		json := b.Record.Column(len(numbers)).(*array.Binary).Value(0)
		if !strings.Contains(string(json), want) {
			t.Errorf("%s", json)
		}
		again, err := j.Decode([][]byte{json})
		if err != nil || len(again.Rejected) > 0 {
			t.Fatal(err, again.Rejected)
		}
		for i, c := range again.Record.Columns() {
			got := b.Record.Column(i)
			if f, ok := c.(*array.Float64); ok {
				if math.Float64bits(f.Value(0)) != math.Float64bits(got.(*array.Float64).Value(0)) {
					t.Errorf("%s: %v, %v as JSON", numbers[i].Name, got, c)
				}
			} else if !array.Equal(c, got) {
				t.Errorf("%s: %v, %v as JSON", numbers[i].Name, got, c)
			}
		}
	}
	b, err := d.Decode([][]byte{message(t, `y: 18446744073709551615`)})
	if err != nil || len(b.Rejected) != 1 || b.Rejected[0].Code != fault.NumberRange {
		t.Error(err, b.Rejected)
	}
}

// TestRefused: what the type cannot give is said when the decoder is made.
func TestRefused(t *testing.T) {
	for _, x := range []struct {
		message string
		column  format.Column
		code    fault.Code
		want    string
	}{
		{"air.Flight", format.Column{Name: "distnace"}, fault.Schema, `did you mean "distance"?`},
		{"air.Flight", format.Column{Name: "plane.seat"}, fault.Schema, "air.Flight.Plane has no field seat"},
		{"air.Flight", format.Column{Name: "legs"}, fault.Schema, "legs is a list"},
		{"air.Flight", format.Column{Name: "by"}, fault.Schema, "by is a map"},
		{"air.Flight", format.Column{Name: "plane"}, fault.Schema, "plane is of type air.Flight.Plane"},
		{"air.Flight", format.Column{Name: "carrier"}, fault.Schema, "carrier is an enum"},
		{"air.Flight", format.Column{Name: "raw"}, fault.Schema, "raw is of type bytes"},
		{"air.Flight", format.Column{Name: "at"}, fault.Schema, "at is of type google.protobuf.Timestamp"},
		{"air.Flight", format.Column{Name: "by.a.seats"}, fault.Schema, "by is a map, not a message"},
		{"air.Flight", format.Column{Name: "id.x"}, fault.Schema, "id is of type int64, not a message"},
		{"air.Flight", format.Column{Name: "m", Kind: format.RawRow}, fault.Schema, "id: the output adds a member"},
		{"air.Fligth", format.Column{Name: "id"}, fault.NotFound, "it has air.Flight, air.Other"},
		{"air.Flight.Carrier", format.Column{Name: "id"}, fault.NotFound, "no message type"},
	} {
		_, err := NewDecoder(Options{Descriptors: set(t, true), Message: x.message, Taken: []string{"id", "nothing"}}, []format.Column{x.column})
		if fault.CodeOf(err) != x.code || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s %s: %v", x.message, x.column.Name, err)
		}
	}
	for _, b := range [][]byte{set(t, false), nil, []byte("syntax"), {0xff}} {
		if _, err := NewDecoder(Options{Descriptors: b, Message: "air.Flight"}, nil); fault.CodeOf(err) != fault.Corrupt || !strings.Contains(err.Error(), "--include_imports") {
			t.Errorf("%.20q: %v", b, err)
		}
	}
}

// TestHostile: what is none of protobuf, or would take too much memory, is a letter.
func TestHostile(t *testing.T) {
	deep := []byte{}
	for range 200 {
		deep = protowire.AppendBytes(protowire.AppendTag(nil, 9, protowire.BytesType), protowire.AppendBytes(protowire.AppendTag(nil, 2, protowire.BytesType), deep))
	}
	many := []byte(strings.Repeat("\x5a\x00", 1_000_000)) // members of the map
	for name, x := range map[string]struct {
		value []byte
		code  fault.Code
	}{
		"tombstone": {nil, fault.Tombstone}, "json": {[]byte(`{"id":1}`), fault.BadMessage}, "truncated": {[]byte{0x11, 1, 2}, fault.BadMessage}, "huge length": {[]byte{0x2a, 0xff, 0xff, 0xff, 0xff, 0x0f}, fault.BadMessage},
		"field 0": {[]byte{0, 1}, fault.BadMessage}, "not UTF-8": {[]byte{0x2a, 1, 0xff}, fault.BadMessage}, "end of no group": {[]byte{0x0c}, fault.BadMessage},
		"too deep": {deep, fault.BadMessage}, "too many": {many, fault.RowTooLarge}, "too large": {make([]byte, format.MaxRow+1), fault.RowTooLarge},
	} {
		b, err := decoderOf(t, append(columns, format.Column{Name: "m", Kind: format.RawRow})...).Decode([][]byte{x.value, {}})
		if err != nil || len(b.Rejected) != 1 || b.Rejected[0].Code != x.code || b.Record.NumRows() != 1 || b.Rejected[0].Row != 1 {
			t.Errorf("%s: %v %+v", name, err, b.Rejected)
		}
	}
}

// TestConfluent: the prefix is passed over, and the type that it names is the one that is meant.
func TestConfluent(t *testing.T) {
	d, err := NewDecoder(Options{Descriptors: set(t, true), Message: "air.Flight", Confluent: true}, []format.Column{{Name: "id"}})
	if err != nil {
		t.Fatal(err)
	}
	for prefix, want := range map[string]string{
		"\x00\x00\x00\x00\x07\x02\x02": "5", // one index, 1
		"\x00\x00\x00\x00\x07\x00":     "bad_message : the message is of type [0] of its schema, and air.Flight is type [1] of its file",
		"\x00\x00\x00\x00\x07\x04\x02": "bad_message : the message is of type [1 4]",
		"\x00\x00\x00\x00\x07\x01":     "bad_message : the index",
		"\x01\x00\x00\x00\x07\x02\x02": "bad_message : a message begins",
	} {
		b, err := d.Decode([][]byte{append([]byte(prefix), message(t, "id: 5")...)})
		if err != nil || !strings.HasPrefix(show(b), want) {
			t.Errorf("%q: %s, %v", prefix, show(b), err)
		}
	}
	if b, err := d.Decode([][]byte{{}, {0, 0, 0, 0, 1}}); err != nil || len(b.Rejected) != 2 {
		t.Error(err)
	}
}

// FuzzDecode: any bytes are a row or refused, and a row's JSON gives its columns once more.
func FuzzDecode(f *testing.F) {
	f.Add(message(f, `id: 5 distance: 0.5 carrier: DL dest: "x" wind {value: 1} at {seconds: 5} raw: "\xff" plane {seats: 1 last {id: 3}} legs: 1 by {key: "a" value {}} y: 1`))
	cols := []format.Column{{Name: "id"}, {Name: "distance"}, {Name: "temp"}, {Name: "wind"}, {Name: "seats", Path: "plane.seats"}, {Name: "late"}, {Name: "y"},
		{Name: "carrier", Kind: format.Text}, {Name: "dest", Kind: format.Text}, {Name: "at", Kind: format.Text}, {Name: "raw", Kind: format.Raw}, {Name: "by", Kind: format.Raw}, {Name: "plane", Kind: format.Raw}}
	d := decoderOf(f, append(cols[:len(cols):len(cols)], format.Column{Name: "m", Kind: format.RawRow})...)
	j, _ := jsonl.NewDecoder(jsonl.Options{}, cols)
	f.Fuzz(func(t *testing.T, v []byte) {
		b, err := d.Decode([][]byte{v})
		if err != nil || int(b.Record.NumRows())+len(b.Rejected) != 1 {
			t.Fatal(err)
		}
		if len(b.Rejected) == 1 {
			return
		}
		json := b.Record.Column(len(cols)).(*array.Binary).Value(0)
		again, err := j.Decode([][]byte{json})
		if err != nil || len(again.Rejected) > 0 {
			t.Fatal(err, again.Rejected)
		}
		for i, c := range again.Record.Columns() {
			if n, ok := c.(*array.Float64); ok && math.Float64bits(n.Value(0)) == math.Float64bits(b.Record.Column(i).(*array.Float64).Value(0)) {
				continue
			}
			// An enum's value that is not known is a number in JSON, and a text either way.
			if !array.Equal(c, b.Record.Column(i)) {
				t.Fatalf("%s: %v, %v as JSON", cols[i].Name, b.Record.Column(i), c)
			}
		}
	})
}
